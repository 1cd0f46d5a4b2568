"""Iceberg tables: the metadata say which rows the files hold today, wherever these lay when they were written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from churnml.data.engines.inside import is_inside
from churnml.errors import ChurnmlError, InputError, MissingExtraError

if TYPE_CHECKING:
    from pyiceberg.table import Table

_SUFFIX = ".metadata.json"


def newest_metadata(folder: Path) -> Path | None:
    """Return the file of metadata that says how a table stands; None where a folder is no Iceberg table."""
    files = folder.glob(f"metadata/*{_SUFFIX}")
    return max(files, key=lambda file: (_number(file.name), file.name), default=None)


def data_files(metadata: Path) -> list[Path]:
    """Return the files that hold rows, and those that say which of them were deleted, whether they are there or not."""
    with _reading(metadata):
        table = _open(metadata)
        files = set()
        for task in table.scan().plan_files():
            files |= {task.file.file_path, *(deleted.file_path for deleted in task.delete_files)}
        return sorted(_here(written, table.metadata.location, metadata) for written in files)


def batches_of(metadata: Path) -> Iterator[pa.Table]:
    """Return the rows of the newest version of a table in batches; the first is empty.

    Raises
    ------
    MissingExtraError
        Where the package is not installed.
    InputError
        Where the table cannot be read.
    """
    with _reading(metadata):
        rows = _open(metadata).scan().to_arrow_batch_reader()
        yield rows.schema.empty_table()
        for batch in rows:
            yield pa.Table.from_batches([batch])


@contextmanager
def _reading(metadata: Path) -> Iterator[None]:
    name = metadata.parents[1].name
    try:
        import pyiceberg  # noqa: F401, whether it is there
    except ImportError as missing:
        raise MissingExtraError("Reading an Iceberg table", "iceberg") from missing
    try:
        yield
    except ChurnmlError:
        raise
    except Exception as error:  # of many kinds, by what is wrong
        said = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise InputError(
            f"{name}: the Iceberg table cannot be read. {said.rstrip('.')}. Look at its files, or export it as Parquet."
        ) from error


def _open(metadata: Path) -> Table:
    from pyiceberg.catalog.noop import NoopCatalog
    from pyiceberg.io.pyarrow import PyArrowFileIO
    from pyiceberg.table import Table
    from pyiceberg.table.metadata import TableMetadataUtil

    read = TableMetadataUtil.parse_raw(metadata.read_text(encoding="utf-8"))
    files: Any = PyArrowFileIO()
    open_there = files.new_input
    files.new_input = lambda file: open_there(str(_here(file, read.location, metadata)))
    return Table(
        identifier=(metadata.parents[1].name,),
        metadata=read,
        metadata_location=str(metadata),
        io=files,
        catalog=NoopCatalog("here"),
    )


def _here(file: str, location: str, metadata: Path) -> Path:
    """Return where a file of a table lies now, of which the metadata say where it was written."""
    table, written = (text.partition("://")[2].lstrip("/") or text.lstrip("/") for text in (location, file))
    folder = metadata.parents[1]
    here = folder / unquote(written.removeprefix(table).lstrip("/"))
    if not written.startswith(f"{table.rstrip('/')}/") or not is_inside(folder, here):
        raise InputError(
            f"{folder.name}: the Iceberg table has files outside of its folder ({file}). Export it as Parquet."
        )
    return here


def _number(name: str) -> int:
    """Return the number of a version, as in ``v3.metadata.json`` and ``00003-….metadata.json``."""
    digits = re.match(r"v?(\d+)", name)
    return int(digits[1]) if digits else -1
