"""Published CSV files, plain or gzipped: found, read as text, and their columns turned into times and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from churnml.data.importers.imported import examples, listing, money
from churnml.errors import InputError


def read_files(folder: Path, columns: Mapping[str, Sequence[str]], remedy: str) -> dict[str, pd.DataFrame]:
    """Read CSV files of a folder as text, each plain or with ``.gz`` at its end.

    Parameters
    ----------
    folder : Path
        Folder that holds the files.
    columns : mapping of str to sequence of str
        Names of the columns that are needed, by file name.
    remedy : str
        Text that says what to do where something is missing.

    Returns
    -------
    dict
        Needed columns of each file by its name, empty text as null.

    Raises
    ------
    InputError
        With every file and column that is missing or cannot be read.
    """
    failures, found = [], {}
    for name, needed in columns.items():
        path = next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
        if path is None:
            failures.append(f"{folder}: holds no {name} (found: {listing(folder)}). {remedy}")
            continue
        try:
            table = _read(path)
        except (OSError, ValueError, EOFError) as error:
            failures.append(f"{path}: cannot be read as CSV ({error}). {remedy}")
            continue
        missing = [column for column in needed if column not in table.columns]
        if missing:
            listed = examples([str(column) for column in table])
            failures.append(f"{path}: has no column {', '.join(missing)} (found: {listed}). {remedy}")
            continue
        found[name] = table[list(needed)]
    if failures:
        raise InputError(failures)
    return found


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False, na_values=[""])
    except UnicodeDecodeError:
        return pd.read_csv(path, dtype=str, encoding="latin-1", keep_default_na=False, na_values=[""])


def as_times(text: pd.Series, form: str) -> pd.Series:
    """Turn text into times; null stays null.

    Raises
    ------
    InputError
        Where a text is not of the form.
    """
    times = pd.to_datetime(text, format=form, errors="coerce").astype("datetime64[us]")
    _refuse(text, times.isna() & text.notna(), f"a time of the form {form}")
    return times


def as_ten_thousandths(text: pd.Series) -> pd.Series:
    """Turn text into whole ten-thousandths of the currency, exactly up to the fourth decimal; null becomes 0.

    Raises
    ------
    InputError
        Where a text is no finite number.
    """

    def exact(value: str | float) -> int | None:
        if not isinstance(value, str):
            return 0
        try:
            number = Decimal(value)
        except InvalidOperation:
            return None
        return round(number * 10_000) if number.is_finite() else None

    numbers = {value: exact(value) for value in text.unique()}
    _refuse(text, text.map(lambda value: numbers[value] is None), "a number")
    return text.map(numbers).astype(np.int64)


def as_money(ten_thousandths: pd.Series) -> pa.Array:
    """Turn whole ten-thousandths into DECIMAL(18,4)."""
    return money(ten_thousandths.to_numpy(np.int64))


def _refuse(text: pd.Series, wrong: pd.Series, what: str) -> None:
    if wrong.any():
        shown = examples([repr(value) for value in text[wrong]])
        raise InputError(
            f"{text.name}: {int(wrong.sum()):,} of {len(text):,} rows do not hold {what} ({shown}). Give the file as "
            "published."
        )
