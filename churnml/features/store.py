"""Feature files: a Parquet partition per snapshot, written whole or not at all, so that a broken run resumes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.data.files import whole_file, whole_folder
from churnml.data.fingerprint import Fingerprints
from churnml.data.history import History
from churnml.data.lock import lock
from churnml.data.scratch import Scratch, sweep
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import ChurnmlError
from churnml.features.available import tables_of
from churnml.features.builder import Aggregates, derive, find_constants
from churnml.features.description import COMPUTED
from churnml.features.family import Feature
from churnml.features.family_catalogue import catalogue
from churnml.version import __version__

Progress = Callable[[str, int, int], None]
# Readers of Parquet folders pass over names that begin with an underscore.
_KEY = "_churnml.json"
_LOCK = ".lock"


@dataclass(frozen=True)
class Partition:
    """The features of one snapshot on disk.

    Attributes
    ----------
    snapshot_date : date
        Day of the features.
    path : Path
        Parquet file, or a folder with ``part-*.parquet``: ``customer_id`` and a float64 column per feature, sorted by
        customer within a part.
    built : bool
        Whether this run built the file; otherwise it was on disk already.
    """

    snapshot_date: date
    path: Path
    built: bool

    @property
    def rows(self) -> int:
        """How many customers it holds."""
        return sum(pq.read_metadata(part).num_rows for part in _parts(self.path))

    def read(self) -> pd.DataFrame:
        """Return the rows as ``build_features`` does, indexed and sorted by ``customer_id``."""
        parts = [pq.read_table(part) for part in _parts(self.path)]
        rows: pd.DataFrame = pa.concat_tables(parts).to_pandas()
        return rows.set_index("customer_id").sort_index()


def write_features(
    shop: Shop,
    snapshots: Sequence[date],
    definition: ChurnDefinition,
    features: Sequence[Feature],
    out: str | Path,
    progress: Progress | None = None,
) -> list[Partition]:
    """Write the features of snapshots as ``out/snapshot_date=2025-03-31/part-*.parquet``, one snapshot after another.

    A partition that is there already, made of the same known rows by the same features and definition, is left as it
    is; any other is made anew. Memory does not grow with the number of customers or snapshots.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are described.
    snapshots : sequence of date
        Days whose features are built.
    definition : ChurnDefinition
        Definition of leaving, which says who is eligible.
    features : sequence of Feature
        Features to build.
    out : str or Path
        Folder of the partitions.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.

    Returns
    -------
    list of Partition
        Partitions in the order of the snapshots.

    Raises
    ------
    InputError
        Where a snapshot lies before the data, or the folder cannot be written.
    """
    out = Path(out)
    sweep(out)
    partitions = []
    known = Fingerprints(shop.whole, {"orders", "subscriptions", *tables_of(features)} & set(shop.tables))
    aggregates: Aggregates | None = None
    for done, day in enumerate(snapshots):
        if progress is not None:
            progress("features", done, len(snapshots))
        history = History(shop, day)
        folder = out / f"snapshot_date={day}"
        key = _key(shop, known.on(day), definition, features)
        built = _key_of(folder) != key
        if built:
            aggregates = aggregates or Aggregates(shop, definition, features, len(snapshots) - done)
            write_snapshot(history, definition, features, folder, key, aggregates)
        partitions.append(Partition(day, folder, built))
    if progress is not None:
        progress("features", len(snapshots), len(snapshots))
    return partitions


def write_snapshot(
    history: History,
    definition: ChurnDefinition,
    features: Sequence[Feature],
    folder: Path,
    key: str = "",
    aggregates: Aggregates | None = None,
) -> None:
    """Write the features of one snapshot as Parquet parts into a folder, whole or not at all."""
    columns = [pa.field("customer_id", pa.string()), *(pa.field(feature.name, pa.float64()) for feature in features)]
    schema = pa.schema(columns)
    rows = (aggregates or Aggregates(history.shop, definition, features)).on(history.snapshot_date)
    transform = partial(derive, features=features, constants=find_constants(history, definition, features))
    # The old parts go at the last moment; until the new ones are there, the partition does not count as whole.
    with whole_folder(folder, owned=[part.name for part in _parts(folder)], last=_KEY) as scratch:
        history.shop.engine.write(rows, transform, schema, scratch)
        parts = {part.name: pq.read_metadata(part).num_rows for part in _parts(scratch)}
        (scratch / _KEY).write_text(json.dumps({"key": key, "rows": parts}), encoding="utf-8")


def write_feature_file(
    shop: Shop, day: date, definition: ChurnDefinition, features: Sequence[Feature], file: Path
) -> Partition:
    """Write the features of one snapshot as a Parquet file, on a cluster a folder of parts; whole or not at all."""
    if shop.engine.is_distributed:
        write_snapshot(History(shop, day), definition, features, file)
        return Partition(day, file, built=True)
    with whole_file(file) as scratch:
        parts = scratch.with_name("parts")
        write_snapshot(History(shop, day), definition, features, parts)
        _join(_parts(parts), scratch)
    return Partition(day, file, built=True)


@contextmanager
def own_store(store: Path) -> Iterator[Path]:
    """Open a folder for partitions that goes when the block is done or refused, and stays when it breaks.

    Parameters
    ----------
    store : Path
        Folder for partitions. While another run holds it, which takes it away in the end, a scratch folder beside it is
        given.
    """
    made = [folder for folder in store.parents if not folder.exists()]
    store.mkdir(parents=True, exist_ok=True)
    held = lock(store / _LOCK)
    if held is None:
        with Scratch(store.parent, hidden=True) as apart:
            yield apart
        return
    try:
        yield store
    except ChurnmlError:
        _remove(store, made)
        raise
    else:
        _remove(store, made)
    finally:
        os.close(held)


def _remove(store: Path, made: Sequence[Path]) -> None:
    shutil.rmtree(store, ignore_errors=True)
    for folder in [store.parent, *made]:
        with suppress(OSError):  # kept as soon as it holds something
            folder.rmdir()


def _join(parts: Sequence[Path], file: Path) -> None:
    if len(parts) == 1:
        parts[0].rename(file)
        return
    with pq.ParquetWriter(file, pq.read_schema(parts[0]), compression="zstd", use_dictionary=False) as writer:
        for part in parts:
            writer.write_table(pq.read_table(part))


def _parts(path: Path) -> list[Path]:
    return sorted(path.glob("part-*.parquet")) if path.is_dir() else [path] if path.exists() else []


def _key(shop: Shop, known: str, definition: ChurnDefinition, features: Sequence[Feature]) -> str:
    """Hash all that the numbers of a snapshot depend on; ``known`` is the fingerprint of its rows.

    A family whose code lies in no file may have changed, so nothing of it is taken for known.
    """
    owners = {feature.family for feature in features}
    families = catalogue(shop).families
    content = {
        "version": __version__,
        "known": known,
        "sample": None if shop.sample is None else [shop.sample.share, shop.sample.seed],
        "supplied": {name: shop.supplied[name].fingerprint for name in owners & set(shop.supplied)},
        "definition": definition.model_dump(),
        "features": [{key: getattr(feature, key) for key in COMPUTED} for feature in features],
        "code": {name: families[name].code or uuid4().hex for name in sorted(owners - set(shop.supplied))},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _key_of(folder: Path) -> str | None:
    """Read with which key a partition was written; None where there is none that is whole."""
    try:
        told = json.loads((folder / _KEY).read_text(encoding="utf-8"))
        whole = told["rows"] == {part.name: pq.read_metadata(part).num_rows for part in _parts(folder)}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
    return str(told["key"]) if whole else None
