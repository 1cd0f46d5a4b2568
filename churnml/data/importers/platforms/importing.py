"""Importing the exports of a platform: found, read, and turned into the contract's tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
from churnml.data.importers.platforms.files import ExportFile, find_files
from churnml.data.importers.platforms.typed import write_typed
from churnml.data.scratch import Scratch
from churnml.errors import InputError


def read_exports(platform: Platform, source: Path, carry: Sequence[str], ids: CustomerIds) -> Imported:
    """Read the exports of a platform.

    Parameters
    ----------
    platform : Platform
        The platform.
    source : Path
        A file, or a folder of files, which are recognised by their columns.
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
    files, passed = find_files(source, platform)
    engine = DuckDBEngine("UTC")
    with Scratch() as folder:
        lines = _lines(platform, files, engine, folder)
        tables, lacking = derive(platform, with_customers(lines, ids), carry)
    left_out: dict[str, int] = {}
    for part in [*(part.left_out for part in lines.values()), lacking]:
        for reason, count in part.items():
            left_out[reason] = left_out.get(reason, 0) + count
    notes = [note for part in lines.values() for note in part.notes]
    if passed:
        notes.append(f"Files that are no such export, passed over: {examples(passed)}.")
    return Imported(tables=tables, left_out=left_out, notes=tuple(notes))


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
