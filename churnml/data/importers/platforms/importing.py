"""Importing the exports of a platform: found, read, and turned into the contract's tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from churnml.data.engines.addresses import without_password
from churnml.data.engines.duckdb import DuckDBEngine
from churnml.data.importers.imported import Imported, examples
from churnml.data.importers.platforms.declared import Platform
from churnml.data.importers.platforms.derive import (
    CustomerIds,
    Lines,
    derive,
    kept_lines,
    marked_utc,
    with_customers,
    without_repeats,
)
from churnml.data.importers.platforms.files import ExportFile, find_files, wanted
from churnml.data.importers.platforms.typed import write_typed
from churnml.data.scratch import Scratch
from churnml.errors import InputError


def read_exports(platform: Platform, source: Path | str, carry: Sequence[str], ids: CustomerIds) -> Imported:
    """Read the exports of a platform.

    Parameters
    ----------
    platform : Platform
        The platform.
    source : Path or str
        A file, or a folder of files, which are recognised by their columns; or the address of the platform's own
        database, ``mysql://user@host/database``.
    carry : sequence of str
        Personal columns that come along, such as ``email``.
    ids : {'email', 'platform'}
        Whether customers are named by the pseudonym of their e-mail address or by the platform's own number.

    Raises
    ------
    InputError
        With every file, column and value that is missing or cannot be read.
    """
    unknown = [name for name in carry if name not in platform.carried]
    if unknown:
        names = ", ".join(platform.carried) or "nothing"
        raise InputError(f"`carry`: {platform.title} has no {', '.join(unknown)}. It has {names}.")
    with Scratch() as folder:
        copies = folder / "tables"
        try:
            files, passed = find_files(
                source if isinstance(source, Path) else _copied(platform, source, copies), platform
            )
            lines = _lines(platform, files, DuckDBEngine("UTC"), folder)
            tables, lacking = derive(platform, with_customers(lines, ids), carry)
        except InputError as error:
            shown = without_password(source)
            raise InputError([failure.replace(str(copies), shown) for failure in error.failures]) from error
    left_out: dict[str, int] = {}
    for part in [*(part.left_out for part in lines.values()), lacking]:
        for reason, count in part.items():
            left_out[reason] = left_out.get(reason, 0) + count
    notes = [note for part in lines.values() for note in part.notes]
    if passed:
        notes.append(f"Files that are no such export, passed over: {examples(passed)}.")
    return Imported(tables=tables, left_out=left_out, notes=tuple(notes))


def _copied(platform: Platform, address: str, folder: Path) -> Path:
    """Write the tables of a platform's database into a folder, which they are read from like exported files."""
    tables = [export.table for export in platform.exports.values() if export.table]
    if not tables:
        raise InputError(f"{platform.title} is imported from files. Give {wanted(platform)}.")
    from churnml.data.engines.mysql import write_csv

    folder.mkdir()
    # WordPress and PrestaShop begin the names of their tables with a prefix of the shop.
    is_own = re.compile(rf"(\w+_)?({'|'.join(tables)})").fullmatch
    write_csv(address, lambda name: is_own(name) is not None, folder)
    return folder


def _lines(platform: Platform, files: Sequence[ExportFile], engine: DuckDBEngine, folder: Path) -> dict[str, Lines]:
    """Read all files, and report all that cannot be read at once."""
    lines, failures = {}, []
    for name, export in platform.exports.items():
        parts = [file for file in files if file.export == name]
        if not parts:
            continue
        path = folder / f"{name}.parquet"
        try:
            utc = write_typed(parts, export, path)
            rows = marked_utc(engine.backend.read_parquet(path), utc)
            rows, repeated = without_repeats(rows, export) if len(parts) > 1 else (rows, 0)
        except InputError as error:
            failures += error.failures
            continue
        has = frozenset(set.intersection(*(set(file.positions) for file in parts)))
        lines[name] = kept_lines(rows, export, has, repeated)
    if failures:
        raise InputError(failures)
    return lines
