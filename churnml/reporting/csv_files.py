"""CSV files of lists: one way for machines, one for the Excel of each language, and no cell that becomes a formula.

For machines (``ranking.csv``; ``language=None``): a comma between cells, a point in numbers, UTF-8 without a mark, LF
after each line. For people (``worklist.csv``): what Excel expects when one opens the file by a double click. It takes
the separator from the region of Windows, not from the file: a comma in English, a semicolon in Turkish, where numbers
hold the comma. The mark (BOM) tells it that the letters are UTF-8. A first line ``sep=;`` would name the separator in
the file, but Excel then ignores the mark and spoils ``ş`` and ``ğ``, and all other readers take it for a row, so there
is none. Days are ISO (2025-06-01), which Excel takes for dates in every region. Columns keep their names and codes in
both, since mailing tools go by them; ``worklist.xlsx`` has them in words.

Text that a spreadsheet could take for a formula gets an apostrophe in front (see ``guard``), which ``read_csv`` takes
away again. Numbers are not touched. Excel itself drops the zeros of an id such as 007 when it opens a CSV file, and
keeps 15 digits of a long one; ``worklist.xlsx`` holds them as they are, and so does Data > From Text/CSV.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from babel import Locale
from babel.numbers import get_decimal_symbol

from churnml.reporting.columns import column
from churnml.words import Language

# Cells are guarded at their start, also behind what cannot be seen, and where they would start if a program took
# another separator for the right one.
_UNSEEN = "[\\x00-\\x20\xa0\u200b\ufeff]*"
_FORMULA = "['=+\\-@\t\r\n＝＋－＠]"
_INNER = '[,;\t\r\n]"*'
_LOOKS_SO = f"^{_UNSEEN}{_FORMULA}|{_INNER}{_UNSEEN}{_FORMULA}"
_TO_GUARD = re.compile(f"^(?={_UNSEEN}{_FORMULA})|({_INNER})(?={_UNSEEN}{_FORMULA})")
_GUARDED = re.compile(f"^'|({_INNER})'")
_DECIMALS = {"share": 6, "money": 2}
_DIGITS = 38
_ROWS = 50_000


def write_csv(table: pd.DataFrame | Iterable[pd.DataFrame], path: str | Path, *, language: Language | None) -> None:
    """Write a ranking or a work list.

    Parameters
    ----------
    table : pandas DataFrame or iterable of these
        Ranking or work list, in one or in several pieces. Shares are written with six decimals, money with two, times
        to the second; null is an empty cell.
    path : str or Path
        File to write.
    language : str or None
        Language of the people who open it in Excel; None writes for machines.
    """
    point = "." if language is None else get_decimal_symbol(Locale(language))
    separator = _separator(language)
    with Path(path).open("wb") as file:
        if language is not None:
            file.write(b"\xef\xbb\xbf")
        end = "\n" if language is None else "\r\n"
        for number, rows in enumerate(_short([table] if isinstance(table, pd.DataFrame) else table)):
            if not number:
                file.write((separator.join(map(str, rows.columns)) + end).encode())
            cells = [_cells(rows[name], separator, point) for name in rows.columns]
            lines = pc.binary_join_element_wise(*cells, separator, null_handling="replace", null_replacement="")
            file.write("".join([line + end for line in lines.to_pylist()]).encode())


def _short(pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for piece in pieces:
        for start in range(0, max(len(piece), 1), _ROWS):
            yield piece.iloc[start : start + _ROWS]


def read_csv(path: str | Path, *, language: Language | None) -> pd.DataFrame:
    """Read what ``write_csv`` wrote: every cell as the text that it was, null where it is empty."""
    frame = pd.read_csv(
        path,
        sep=_separator(language),
        dtype="str",
        keep_default_na=False,
        na_values=[""],
        encoding="utf-8-sig",
    )
    return pd.DataFrame({name: frame[name].map(unguard, na_action="ignore") for name in frame})


def read_list_csv(path: str | Path) -> pd.DataFrame:
    """Read a list that was written for people of any language, as ``read_csv`` does."""
    with Path(path).open(encoding="utf-8-sig") as file:
        head = file.readline()
    return read_csv(path, language="tr" if head.count(";") > head.count(",") else None)


def _separator(language: Language | None) -> str:
    """Return what Excel parts cells by: a semicolon where the comma stands for the decimal point."""
    return ";" if language is not None and get_decimal_symbol(Locale(language)) == "," else ","


def guard(text: str) -> str:
    """Put an apostrophe before what a spreadsheet could take for the start of a formula.

    These are ``= + - @``, tab and line ends, the wide forms of the signs, which some programs read as the same, and an
    apostrophe, so that ``unguard`` gives back every text. Inside of a text they are guarded after a separator, since
    a program that takes another separator for the right one would start a cell there.

    Examples
    --------
    >>> guard("=HYPERLINK(0)"), guard("'tis"), guard("a; =1"), guard("no order for 5 days; 2 fewer")
    ("'=HYPERLINK(0)", "''tis", "a;' =1", 'no order for 5 days; 2 fewer')
    """
    return _TO_GUARD.sub(r"\1'", text)


def unguard(text: str) -> str:
    """Return the text as it was before ``guard``.

    Examples
    --------
    >>> unguard(guard("''=1;+2")) == "''=1;+2"
    True
    """
    return _GUARDED.sub(r"\1", text)


def _cells(values: pd.Series, separator: str, point: str) -> pa.Array:
    """Write cells as Arrow text, which is null where they are empty."""
    if pd.api.types.is_integer_dtype(values):
        return pc.cast(pa.array(values, from_pandas=True), pa.string())
    if pd.api.types.is_float_dtype(values):
        return _numbers(values, point)
    if pd.api.types.is_datetime64_any_dtype(values):
        seconds = np.datetime_as_string(values.to_numpy().astype("datetime64[s]"))
        return pc.replace_substring(pa.array(seconds, mask=np.asarray(values.isna())), "T", " ")
    return _texts(values, separator)


def _numbers(values: pd.Series, point: str) -> pa.Array:
    decimals = _DECIMALS.get(column(str(values.name), "en").kind)
    numbers = pa.array(values, from_pandas=True)
    finite = pc.if_else(pc.is_finite(numbers), numbers, None)
    written = finite if decimals is None else pc.cast(pc.round(finite, decimals), pa.decimal128(_DIGITS, decimals))
    return pc.replace_substring(pc.cast(written, pa.string()), ".", point)


def _texts(values: pd.Series, separator: str) -> pa.Array:
    places, different = pd.factorize(values)
    texts = pa.array([str(value) for value in different], pa.string()).take(pa.array(places, mask=places < 0))
    suspects = pc.fill_null(pc.match_substring_regex(texts, _LOOKS_SO), False)
    if pc.any(suspects).as_py():
        guarded = [guard(text) for text in texts.filter(suspects).to_pylist()]
        texts = pc.replace_with_mask(texts, suspects, pa.array(guarded, pa.string()))
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(texts, f'["{separator}\r\n]|^ | $|^$'), quoted, texts)
