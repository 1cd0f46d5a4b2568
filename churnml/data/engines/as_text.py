"""Spreadsheets and text of other forms, written as CSV in UTF-8 with a header beside the engine's own files."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from churnml.data.contract import plain_name
from churnml.data.engines.csv_text import BLANK, likeliest_delimiter, read_header
from churnml.data.engines.layout import FileForm, TableFile
from churnml.data.formats import MACHINE_TIME
from churnml.errors import InputError

_UTF8 = ("utf-8", "utf8", "utf-8-sig", "utf_8", "u8")
# From here on, a spreadsheet has lost digits; the door refuses an id that is written so.
_INEXACT = 1e15
_HEAD = 20
T = TypeVar("T")


def as_plain_text(files: Sequence[TableFile], form: FileForm, table: str, scratch: Path) -> list[TableFile]:
    """Write what is no UTF-8 text with a header as such; other files stay where they are.

    Parameters
    ----------
    files : sequence of TableFile
        Files of one table.
    form : FileForm
        How they are written.
    table : str
        Name of the table in the contract.
    scratch : Path
        Folder that goes with the engine.

    Raises
    ------
    InputError
        Where a spreadsheet cannot be read, or its sheet is not known, or text is not of its encoding.
    """
    return [_as_plain_text(file, form, table, scratch) for file in files]


def from_header_on(files: Sequence[TableFile], scratch: Path) -> list[TableFile]:
    """Write text again without the lines above its header where these end otherwise: the engine would read no row.

    Parameters
    ----------
    files : sequence of TableFile
        Files of one table, none of them a spreadsheet.
    scratch : Path
        Folder that goes with the engine.

    Raises
    ------
    InputError
        Where a file of text has no header.
    """
    return [file if file.is_parquet else _from_header_on(file, scratch) for file in files]


def _from_header_on(file: TableFile, scratch: Path) -> TableFile:
    header = read_header(file.path, file.delimiter)
    if not header.is_ended_otherwise:
        return file
    out = _place(file, scratch)
    opened = gzip.open if file.path.name.endswith(".gz") else open
    with (
        opened(file.path, "rt", encoding="utf-8-sig", newline="") as text,
        out.open("w", encoding="utf-8", newline="") as copy,
    ):
        copy.writelines(islice(text, header.skip, None))
    return replace(file, path=out, delimiter=header.delimiter)


def sheets_of(path: Path, last: int) -> dict[str, list[list[str]]]:
    """Return the header and the ``last`` rows of every visible sheet of a spreadsheet that has rows, as text."""
    with _opened(path) as book:
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        ends = {name: _ends(_rows(book, name), last) for name in names}
        return {name: [[as_text(cell) for cell in row] for row in rows] for name, rows in ends.items() if rows}


def as_text(cell: Any, decimal: str = ".") -> str:
    """Write a cell as text: a number with its decimal sign, a time as only programs do.

    Examples
    --------
    >>> as_text(17850.0), as_text(12.5, ","), as_text(date(2025, 3, 31))
    ('17850', '12,5', '2025-03-31T00:00:00.000000')
    """
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        if cell.is_integer():
            return str(int(cell)) if abs(cell) < _INEXACT else f"{cell:.15E}"
        return format(Decimal(repr(cell)), "f").replace(".", decimal)
    if isinstance(cell, datetime):
        # A spreadsheet counts days in binary fractions: what a person entered is whole in milliseconds.
        rounded = cell + timedelta(microseconds=500)
        return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000).strftime(MACHINE_TIME)
    if isinstance(cell, date):
        return datetime.combine(cell, time()).strftime(MACHINE_TIME)
    return str(cell)


def _as_plain_text(file: TableFile, form: FileForm, table: str, scratch: Path) -> TableFile:
    if file.is_parquet:
        return file
    if file.is_spreadsheet:
        out = _place(file, scratch)
        with _opened(file.path) as book, out.open("w", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows(_whole_rows(book, _chosen(book, form, table, file.name), form, file.name))
        return replace(file, path=out, delimiter=",")
    encoding = None if (form.encoding or _UTF8[0]).lower() in _UTF8 else form.encoding
    is_usual = form.header and form.delimiter != BLANK and not (form.skip or form.footer)
    if encoding is None and is_usual:
        return replace(file, delimiter=form.delimiter)
    out = _place(file, scratch)
    source = gzip.open if file.name.endswith(".gz") else open
    try:
        with (
            source(file.path, "rt", encoding=encoding or "utf-8-sig", newline="") as encoded,
            out.open("w", encoding="utf-8", newline="") as text,
        ):
            delimiter = _copy(encoded, text, form)
    except UnicodeError as error:
        raise InputError(
            f"{file.name} is not text of the encoding {form.encoding or 'UTF-8'} ({error}). Correct "
            f"tables.{table}.encoding in the config."
        ) from error
    except (EOFError, zlib.error, csv.Error) as error:
        raise InputError(f"{file.name} cannot be read to its end ({error}). Export it again.") from error
    return replace(file, path=out, delimiter=delimiter)


def _copy(source: IO[str], out: IO[str], form: FileForm) -> str | None:
    """Write text as CSV with a header, and return the sign between two values; None where it is to be looked for."""
    lines = _without_last(islice(source, form.skip, None), form.footer)
    if form.delimiter == BLANK:
        rows = (line.split() for line in lines)
        table = csv.writer(out)
        first = next((row for row in rows if row), [])
        table.writerows(([] if form.header else [_unnamed(len(first))]) + [first])
        table.writerows(row for row in rows if row)
        return ","
    delimiter = form.delimiter
    if not form.header:
        first_line = next(lines, "")
        delimiter = delimiter or likeliest_delimiter(first_line)
        names = _unnamed(len(next(csv.reader([first_line], delimiter=delimiter), [])))
        # With line ends of two kinds, no row would be read.
        end = first_line[len(first_line.rstrip("\r\n")) :]
        out.write(delimiter.join(names) + end + first_line)
    out.writelines(lines)
    return delimiter


def _without_last(rows: Iterable[T], count: int) -> Iterator[T]:
    """Return all but the last ones."""
    waiting: deque[T] = deque()
    for row in rows:
        waiting.append(row)
        if len(waiting) > count:
            yield waiting.popleft()


def _unnamed(count: int) -> list[str]:
    return [f"column{place}" for place in range(1, count + 1)]


def _place(file: TableFile, scratch: Path) -> Path:
    """Return a path of the file's own name, without what would say that it is compressed."""
    folder = scratch / "text"
    folder.mkdir(exist_ok=True)
    inner = folder / str(sum(1 for _ in folder.iterdir()))
    inner.mkdir()
    return inner / file.path.name.removesuffix(".gz")


def _opened(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise InputError(
            f"{path.name} cannot be read as a spreadsheet ({error}). Save it anew, without a password, or as CSV."
        ) from error


def _chosen(book: CalamineWorkbook, form: FileForm, table: str, file: str) -> str:
    """Return the sheet that holds a table."""
    names = book.sheet_names
    if form.sheet is not None:
        if form.sheet not in names:
            raise InputError(
                f"{file} has no sheet {form.sheet} (found: {', '.join(names)}). Correct tables.{table}.sheet in the "
                "config."
            )
        return form.sheet
    filled = [name for name in names if next(_rows(book, name), None)]
    alike = [name for name in filled if plain_name(name) == table]
    if len(filled) > 1 and len(alike) != 1:
        raise InputError(
            f"{file} has the sheets {', '.join(filled)}. Say which one holds the table, under tables.{table}.sheet in "
            "the config."
        )
    return (alike or filled or names)[0]


def _rows(book: CalamineWorkbook, sheet: str) -> Iterator[list[Any]]:
    """Return the rows of a sheet from its header on: what stands above, such as a title, is passed over."""
    rows = iter(book.get_sheet_by_name(sheet).to_python(skip_empty_area=True))
    head = list(islice(rows, _HEAD))
    filled = [sum(cell != "" for cell in row) for row in head]
    start = next((place for place, cells in enumerate(filled) if cells and 2 * cells >= max(filled)), len(head))
    yield from head[start:]
    yield from rows


def _ends(rows: Iterator[list[Any]], last: int) -> list[list[Any]]:
    """Return the first of some rows, and the last ones of the others that have a value."""
    return [*islice(rows, 1), *deque((row for row in rows if any(cell != "" for cell in row)), last)]


def _whole_rows(book: CalamineWorkbook, sheet: str, form: FileForm, file: str) -> Iterable[list[str]]:
    rows = ([as_text(cell, form.decimal or ".") for cell in row] for row in _rows(book, sheet))
    header = next(rows, [])
    width = max((place for place, name in enumerate(header, 1) if name.strip()), default=0)
    if not width:
        raise InputError(f"the sheet {sheet} of {file} is empty.")
    yield header[:width]
    for number, row in _without_last(((number, row) for number, row in enumerate(rows, 1) if any(row)), form.footer):
        if any(row[width:]):
            raise InputError(
                f"row {number:,} below the header of the sheet {sheet} of {file} has values beyond the last column "
                "that has a name. Name the column, or clear them."
            )
        yield row[:width]
