"""Reading the files of Online Retail II: Excel or Parquet in, typed invoice lines out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from churnml.data.importers.imported import examples
from churnml.errors import InputError

REMEDY = "Give the published online_retail_II.xlsx, a Parquet file with its columns, or the folder that holds one."
SHEETS = ("Year 2009-2010", "Year 2010-2011")
# Published name to ours. Description is not used.
COLUMNS = {
    "Invoice": "invoice",
    "StockCode": "product",
    "Quantity": "quantity",
    "InvoiceDate": "time",
    "Price": "price",
    "Customer ID": "customer",
    "Country": "country",
}
_WHOLE_NUMBER = re.compile(r"(\d+)\.0+")
# Quantities and prices from a million up are not this dataset's, and could leave the range of exact 64-bit sums.
_LARGEST = 1e6


def read_lines(path: Path) -> tuple[pd.DataFrame, bool]:
    """Read the invoice lines of a file.

    Parameters
    ----------
    path : Path
        Excel file (``.xlsx``) with the two published sheets, or Parquet file (``.parquet``) with the published columns
        and optionally ``sheet``.

    Returns
    -------
    lines : pandas DataFrame
        Lines of invoices: ``invoice, product, customer, country, sheet`` (text, the last three null where not given),
        ``quantity`` (whole numbers), ``time`` (naive, whole seconds) and ``price`` (whole ten-thousandths of a pound).
    has_sheets : bool
        Whether the file tells the sheet of a line.

    Raises
    ------
    InputError
        Where the file cannot be read, sheets or columns are missing, or values are not of their kind.
    """
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        parts = _read_excel(path)
    elif suffix == ".parquet":
        parts = _read_parquet(path)
    else:
        raise InputError(f"{path}: is neither an Excel (.xlsx) nor a Parquet file. {REMEDY}")
    failures = [failure for _, part_failures in parts for failure in part_failures]
    if failures:
        raise InputError(failures)
    lines = pd.concat([part for part, _ in parts], ignore_index=True)
    if lines.empty:
        raise InputError(f"{path}: holds no lines. {REMEDY}")
    has_sheets = "sheet" in lines
    return lines if has_sheets else lines.assign(sheet=""), has_sheets


Part = tuple[pd.DataFrame, list[str]]


def _read_excel(path: Path) -> list[Part]:
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            found = workbook.sheet_names
            missing = [sheet for sheet in SHEETS if sheet not in found]
            if missing:
                raise InputError(f"{path}: {_named('sheet', missing)} missing (found: {', '.join(found)}). {REMEDY}")
            return [_read_sheet(workbook, sheet, f"{path}, sheet {sheet}") for sheet in SHEETS]
    except (CalamineError, OSError) as error:
        raise InputError(f"{path}: cannot be read as an Excel file ({error}). {REMEDY}") from error


def _read_sheet(workbook: CalamineWorkbook, sheet: str, where: str) -> Part:
    rows = workbook.get_sheet_by_name(sheet).iter_rows()
    header = [str(cell).strip() for cell in next(rows, [])]
    missing = _missing_columns(where, header)
    if missing:
        return pd.DataFrame(), missing
    places = [header.index(column) for column in COLUMNS]
    cells: list[list[object]] = [[] for _ in places]
    for row in rows:
        for column, place in zip(cells, places, strict=True):
            column.append(row[place])
    raw = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in zip(COLUMNS, cells, strict=True)})
    return _typed(raw.assign(sheet=sheet), where)


def _read_parquet(path: Path) -> list[Part]:
    try:
        header = pq.read_schema(path).names
        missing = _missing_columns(str(path), header)
        if missing:
            return [(pd.DataFrame(), missing)]
        raw = pq.read_table(path, columns=[name for name in (*COLUMNS, "sheet") if name in header]).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read as a Parquet file ({error}). {REMEDY}") from error
    return [_typed(raw, str(path))]


def _missing_columns(where: str, header: list[str]) -> list[str]:
    missing = [column for column in COLUMNS if column not in header]
    if not missing:
        return []
    return [f"{where}: {_named('column', missing)} missing (found: {', '.join(header) or 'none'}). {REMEDY}"]


def _named(what: str, names: list[str]) -> str:
    return f"the {what} {names[0]} is" if len(names) == 1 else f"the {what}s {', '.join(names)} are"


def _typed(raw: pd.DataFrame, where: str) -> Part:
    """Convert the published columns; a required value that does not convert becomes part of a failure."""
    blank = np.logical_and.reduce([raw[column].isna() | (raw[column] == "") for column in COLUMNS])
    raw = raw[~blank]
    lines = pd.DataFrame({name: _convert(raw[column], _KINDS[name][0]) for column, name in COLUMNS.items()})
    failures = []
    for column, name in COLUMNS.items():
        kind = _KINDS[name][1]
        bad = lines[name].isna() if kind else pd.Series(False, index=lines.index)
        if bad.any():
            shown = [
                f"invoice {invoice}: {value!r}"
                for invoice, value in zip(lines["invoice"][bad].head(6), raw[column][bad].head(6), strict=True)
            ]
            failures.append(
                f"{where}: {column}: {bad.sum():,} of {len(lines):,} lines hold no {kind} ({examples(shown)}). {REMEDY}"
            )
    if failures:
        return lines, failures
    types = {"quantity": "int64", "price": "int64", "time": "datetime64[us]"}
    lines = lines.astype({name: types.get(name, "str") for name in lines.columns})
    if "sheet" in raw:
        lines["sheet"] = _convert(raw["sheet"], _text).fillna("").astype("str")
    return lines, []


def _convert(column: pd.Series[Any], convert: Callable[[Any], object]) -> pd.Series[Any]:
    """Convert each different value once; null stays null."""
    codes, values = pd.factorize(column)
    converted = np.empty(len(values) + 1, dtype=object)
    converted[:-1] = [convert(value) for value in values]
    return pd.Series(converted[codes], index=column.index, dtype=object)


def _text(value: Any) -> str | None:
    """Write an id as text: 489434, 489434.0 and "489434.0" are all "489434"."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    whole = _WHOLE_NUMBER.fullmatch(text)
    return whole.group(1) if whole else text or None


def _number(value: Any) -> float | None:
    if isinstance(value, (bool, date, timedelta)):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < _LARGEST else None


def _quantity(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


def _price(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else round(number * 10_000)


def _moment(value: Any) -> datetime | None:
    """Read a moment; bare numbers are refused, as nothing says which day they count from."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        return None
    # Excel keeps a moment as a binary fraction of days, which can miss the second by a little.
    return (value.replace(tzinfo=None) + timedelta(milliseconds=500)).replace(microsecond=0)


# How each column is converted, and what to call a value that must be there.
_KINDS: dict[str, tuple[Callable[[Any], object], str | None]] = {
    "invoice": (_text, "invoice number"),
    "product": (_text, "stock code"),
    "quantity": (_quantity, "whole number below a million"),
    "time": (_moment, "date and time"),
    "price": (_price, "number below a million"),
    "customer": (_text, None),
    "country": (_text, None),
}
