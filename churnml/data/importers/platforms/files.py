"""The files of an export: their rows as text, whatever wrote them, and which export a file is."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from python_calamine import CalamineError, CalamineWorkbook

from churnml.data.engines.as_text import as_text
from churnml.data.importers.imported import examples, existing, listing
from churnml.data.importers.platforms.declared import Platform
from churnml.data.importers.platforms.values import folded
from churnml.errors import InputError

_TEXT = {".csv", ".tsv", ".txt"}
_SHEETS = {".xlsx", ".xls", ".xlsb", ".ods"}
_TITLE_LINES = 20
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, kw_only=True)
class ExportFile:
    """A file that was recognised.

    Attributes
    ----------
    path : Path
        The file.
    export : str
        Name of the export that it is.
    header : int
        Number of lines above its header.
    positions : mapping of str to int
        Place of each field that it has, from 0.
    titles : mapping of str to str
        Title of each field in the file.
    """

    path: Path
    export: str
    header: int
    positions: Mapping[str, int]
    titles: Mapping[str, str]


def find_files(source: Path, platform: Platform) -> tuple[list[ExportFile], list[str]]:
    """Recognise the files of a platform by their columns.

    Parameters
    ----------
    source : Path
        A file, or a folder of files.
    platform : Platform
        Platform whose exports are looked for.

    Returns
    -------
    tuple of list
        Files by name, and names of the files that are no such export.

    Raises
    ------
    InputError
        Where a file lacks columns of what it seems to be, or an export that is needed is missing.
    """
    remedy = f"Give {wanted(platform)}."
    source = existing(source, remedy)
    paths = [source] if source.is_file() else sorted(path for path in source.iterdir() if _is_read(path))
    files, passed, failures = [], [], []
    for path in paths:
        file, lacking = _recognise(path, platform)
        if file is not None:
            files.append(file)
        elif lacking or path == source:
            failures.append(f"{path}: {lacking or 'has none of the columns of an export'}. {remedy}")
        else:
            passed.append(path.name)
    if not failures and not any(file.export in platform.needs for file in files):
        found = ", ".join(file.path.name for file in files) or listing(source)
        failures.append(f"{source}: holds no such export (found: {found}). {remedy}")
    if failures:
        raise InputError(failures)
    return files, passed


def wanted(platform: Platform) -> str:
    """Say which files a platform's import wants."""
    either = " or ".join(platform.exports[name].where for name in platform.needs)
    others = [export.where for name, export in platform.exports.items() if name not in platform.needs]
    return f"{either}{'; with it ' if others else ''}{', '.join(others)}"


def _is_read(path: Path) -> bool:
    # Excel keeps a lock file ~$name.xlsx beside an open workbook.
    return path.is_file() and path.suffix.lower() in _TEXT | _SHEETS and not path.name.startswith((".", "~$"))


def _recognise(path: Path, platform: Platform) -> tuple[ExportFile | None, str]:
    """Return a file with the export whose columns it has most of, else what it lacks of the one that is nearest."""
    best: tuple[int, ExportFile] | None = None
    nearest: tuple[float, str] = (0.0, "")
    for name, export in platform.exports.items():
        for header, row in enumerate(islice(read_rows(path, export.encoding), _TITLE_LINES)):
            places = {folded(title): place for place, title in reversed(list(enumerate(row))) if title}
            positions = {
                field: places[key]
                for field, declared in export.fields.items()
                if (key := next((folded(title) for title in declared.names if folded(title) in places), None))
            }
            required = [field for field, declared in export.fields.items() if declared.required]
            missing = [field for field in required if field not in positions]
            people = [field for field in (export.email, export.phone, export.customer) if field]
            if not missing and people and not any(field in positions for field in people):
                missing = people[:1]
            if not missing:
                titles = {field: row[place] for field, place in positions.items()}
                file = ExportFile(path=path, export=name, header=header, positions=positions, titles=titles)
                if best is None or len(positions) > best[0]:
                    best = (len(positions), file)
                break
            share = 1 - len(missing) / (len(required) + 1)
            if share >= 0.5 and share > nearest[0]:
                lacks = ", ".join(export.fields[field].names[0] for field in missing)
                nearest = (share, f"has no column {lacks} (found: {examples([title for title in row if title], 8)})")
    return (best[1] if best else None), nearest[1]


def read_rows(path: Path, encoding: str) -> Iterator[list[str]]:
    """Read the rows of a CSV file or of a workbook's first sheet as text.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str
        Encoding that it has where it is not UTF-8.

    Raises
    ------
    InputError
        Where it cannot be read.
    """
    try:
        yield from _sheet_rows(path) if path.suffix.lower() in _SHEETS else _text_rows(path, encoding)
    except (OSError, CalamineError, csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Export it again, as CSV or Excel.") from error


def _text_rows(path: Path, encoding: str) -> Iterator[list[str]]:
    encoding = _encoding(path, encoding)
    with path.open(encoding=encoding, newline="") as text:
        head = list(islice(text, _TITLE_LINES))
        delimiter = max(",;\t|", key=lambda sign: max((line.count(sign) for line in head), default=0))
        text.seek(0)
        # Amazon's tab-separated reports have quotes that belong to the text.
        quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        yield from csv.reader(text, delimiter=delimiter, quoting=quoting, strict=True)


def _encoding(path: Path, fallback: str) -> str:
    """Return the encoding that the whole file has."""
    with path.open("rb") as binary:
        begins = binary.read(3)
        for bom, encoding in _BOMS.items():
            if begins.startswith(bom):
                return encoding
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(begins)
            while block := binary.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return fallback
    return "utf-8"


def _sheet_rows(path: Path) -> Iterator[list[str]]:
    for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows():
        yield [_cell_text(cell) for cell in row]


def _cell_text(cell: Any) -> str:
    """Write a cell as text that can be read in one way only: a number with a fraction never has three decimals."""
    text = as_text(cell)
    return f"{text}0" if isinstance(cell, float) and len(text.partition(".")[2]) == 3 else text
