"""Shops to learn and to test with: simulated ones, public datasets, and exports of platforms, from files of yours."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from churnml.data.importers import IMPORTERS, ImportReport, import_dataset, importers
from churnml.data.reading import read
from churnml.data.remembered import cache_folder, key_of
from churnml.data.scratch import Scratch
from churnml.data.shop import Shop
from churnml.data.simulator import KINDS, Change, Effects, Fault, Kind, Season, Treatment, simulate
from churnml.errors import InputError

__all__ = [
    "IMPORTERS",
    "KINDS",
    "Change",
    "Effects",
    "Fault",
    "ImportReport",
    "Kind",
    "Season",
    "Treatment",
    "import_dataset",
    "importers",
    "load_imported",
    "load_simulated",
    "simulate",
]


def load_simulated(kind: str = "gift", *, customers: int = 2_000, seed: int = 7) -> Shop:
    """Load a simulated shop, which is simulated the first time and kept in the user's cache.

    `simulate` writes one where you want it, with all its settings and the truth beside it.

    Parameters
    ----------
    kind : str, optional
        Kind of the shop, a key of `KINDS`.
    customers : int, optional
        Number of its customers.
    seed : int, optional
        Seed of everything random.

    Returns
    -------
    Shop
        Shop of all eleven tables.

    Examples
    --------
    >>> sorted(load_simulated(customers=40).tables)[:3]
    ['complaints', 'contacts', 'customers']
    """
    key = key_of({}, f"simulated {kind} {customers} {seed}")
    assert key is not None  # no file has to be read
    return read(_kept(key, lambda folder: simulate(folder, customers, seed, kind=kind)))


def load_imported(name: str, source: str | Path) -> Shop:
    """Load a public dataset that you have downloaded, or exports of a platform; imported once for the same files.

    `import_dataset` writes the tables where you want them, and says what it left out.

    Parameters
    ----------
    name : str
        Name of the dataset or platform, a key of `importers()`.
    source : str or Path
        File, or the folder that holds the files.

    Returns
    -------
    Shop
        Shop of the tables that the files give.

    Raises
    ------
    InputError
        Where the name is not known, or the source is missing or of another shape.
    """
    path = Path(source)
    files = {file.name: file for file in path.iterdir() if file.is_file()} if path.is_dir() else {path.name: path}
    key = key_of(files, f"imported {name}")
    if key is None:
        raise InputError(f"{path}: is not there, or cannot be read. Give the files that {name} is imported from.")
    return read(_kept(key, lambda folder: import_dataset(name, path, folder)))


def _kept(key: str, fill: Callable[[Path], object]) -> Path:
    """Return the folder of a key in the cache, filled the first time; it is there whole or not at all."""
    home = cache_folder() / "datasets"
    folder = home / key
    if not folder.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        with Scratch(home, hidden=True) as scratch:
            fill(scratch / "shop")
            with suppress(OSError):  # another process was faster, with the same files
                os.replace(scratch / "shop", folder)
    return folder
