"""Files that cannot be read: what is the matter with them, in a sentence that helps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from churnml.data.engines.csv_text import COLUMNS, Header, no_header, read_header, survey
from churnml.data.engines.engine import said
from churnml.data.engines.frames import refuse_lost_digits
from churnml.data.engines.layout import LISTED, TableFile, named
from churnml.errors import InputError

_PARQUET_MARK = b"PAR1"


def check_readable(files: Sequence[TableFile]) -> None:
    """Refuse files that are empty, and Parquet files that are none or are not whole.

    Raises
    ------
    InputError
        With their names.
    """
    hollow = [file.name for file in files if not file.path.stat().st_size]
    if hollow:
        raise InputError(f"{', '.join(hollow)} is empty, without even a header.")
    for file in files:
        if file.is_parquet:
            with file.path.open("rb") as content:
                begins = content.read(len(_PARQUET_MARK))
                content.seek(-min(len(_PARQUET_MARK), file.path.stat().st_size), 2)
                ends = content.read()
            if begins != _PARQUET_MARK:
                raise InputError(f"{file.name} is no Parquet file, whatever its name says.")
            if ends != _PARQUET_MARK:
                raise InputError(f"{file.name} is cut off: its end is missing.")
            _refuse_float16(file)


def read_headers(files: Sequence[TableFile]) -> list[Header]:
    """Read the headers of the text files of a table.

    Raises
    ------
    InputError
        Where one has none: it is no text, its first line holds values, or shares no column with the other parts.
    """
    headers = [read_header(file.path, file.delimiter) for file in files]
    parts_of = Counter(column for header in headers for column in header.columns)
    alone = {
        file.name: header.columns
        for file, header in zip(files, headers, strict=True)
        if len(files) > 1 and COLUMNS.isdisjoint(header.columns) and all(parts_of[one] == 1 for one in header.columns)
    }
    if len(alone) == len(files) > 1:
        raise InputError(f"{named(files)} have no column in common: the first line of each should name the columns.")
    if alone:
        raise InputError(" ".join(no_header(name, columns) for name, columns in [*alone.items()][:LISTED]))
    return headers


def _refuse_float16(file: TableFile) -> None:
    with suppress(pa.ArrowException, OSError), file.path.open("rb") as content:  # what is broken, the engine names
        halves = [field.name for field in pq.read_schema(content) if pa.types.is_float16(field.type)]
        if halves:
            refuse_lost_digits(pq.read_table(content, columns=halves))


def refuse_repeated_keys(files: Sequence[TableFile], columns: Iterable[str]) -> None:
    """Refuse files that hold a column which stands in the names of their folders too.

    Raises
    ------
    InputError
        With the column.
    """
    lower = {column.lower() for column in columns}
    for file in files:
        repeated = [key for key in file.keys if key.lower() in lower]
        if repeated:
            raise InputError(
                f"{', '.join(repeated)} stands in the folders' names ({file.name}) and is a column of the files too; "
                "which of the two holds is not known. Leave one of them out."
            )


def why_unreadable(table: str, files: Sequence[TableFile], error: Exception) -> str:
    """Explain in a sentence or two why files cannot be read, and what to do.

    Parameters
    ----------
    table : str
        Name of the table in the contract.
    files : sequence of TableFile
        Files of the table.
    error : Exception
        Exception that the engine, or a look at the files, raised.
    """
    if files[0].is_parquet:
        return f"{said(error)} Copy it again, or export it again."
    if not isinstance(error, InputError):
        for file in files:
            try:
                found = survey(file.path, read_header(file.path, file.delimiter))
            except InputError as reason:
                error = reason
                break
            if said_of_quotes := found.misquoted(file.name):
                return said_of_quotes
            if too_long := found.too_long(file.name):
                return too_long
            ends = {end: count for end, count in found.ends.items() if count}
            if len(ends) > 1:
                listed = " and ".join(f"{count:,} with {end}" for end, count in ends.items())
                return f"Lines of {file.name} end in different ways: {listed}. Save it with one kind of line ends."
    if isinstance(error.__cause__, UnicodeDecodeError) or "not utf-8" in str(error):
        return f"{said(error)} Export it as UTF-8, or set tables.{table}.encoding in the config, such as cp1254."
    return f"{said(error)} Export it again."
