"""How a text file is written, by its bytes, its first lines and its last: encoding, delimiter, header, footer."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from churnml.data.engines.csv_text import BLANK, DELIMITERS, is_data, likeliest_delimiter
from churnml.data.engines.layout import FileForm
from churnml.data.guessing.names import meanings_of

_PIECE = 1 << 20
# Bytes that are letters of Turkish in cp1254, and letters of Icelandic alone in cp1252, which is the same but for them.
_TURKISH = frozenset(bytes([0xD0, 0xDD, 0xDE, 0xF0, 0xFD, 0xFE]))
_FIRST_LINES, _LAST_BYTES, _FEWEST_COLUMNS = 50, 8_192, 3
LONGEST_FOOTER = 10
"""Largest number of last rows that may be none."""


def encoding_of(files: Sequence[Path]) -> str | None:
    """Find the encoding of text files; None is UTF-8.

    Bytes that are no UTF-8 are taken for cp1254 where they hold letters of Turkish, and else for cp1252.
    """
    letters: set[int] = set()
    is_utf8 = True
    for file in (file for file in files if file.suffix != ".parquet"):
        decoder = codecs.getincrementaldecoder("utf-8")()
        with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as content:
            while piece := content.read(_PIECE):
                if piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    return "utf-16"
                letters |= _TURKISH & set(piece)
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    is_utf8 = False
                    decoder.reset()
    if is_utf8:
        return None
    return "cp1254" if letters else "cp1252"


def form_of(file: Path, encoding: str | None) -> FileForm:
    """Tell by the first and last lines of a text file how it is written.

    White space separates values where lines of as many words each have no other sign. The first line names the columns
    unless it holds values. Lines of half as many values or fewer are a title above the header, or a footer below the
    rows.

    Parameters
    ----------
    file : Path
        Text file.
    encoding : str or None
        Its encoding; None is UTF-8.
    """
    usual = FileForm(encoding=encoding)
    opened = gzip.open if file.name.endswith(".gz") else open
    try:
        with opened(file, "rt", encoding=encoding or "utf-8-sig", newline="") as text:
            lines = list(islice(text, _FIRST_LINES))
    except (OSError, EOFError, zlib.error, UnicodeError):  # whoever reads the file says so
        return usual
    filled = [line for line in lines if line.strip()]
    if not filled or filled[0].lower().startswith(("sep=", '"sep=')):
        return usual
    if _is_between_blanks(filled):
        return FileForm(encoding=encoding, delimiter=BLANK, header=not is_data(filled[0].split()))
    delimiter = likeliest_delimiter("".join(filled))
    counts = [_values_in(line, delimiter) for line in filled]
    width = Counter(counts).most_common(1)[0][0]
    if width < _FEWEST_COLUMNS:
        return usual
    above = next(place for place, count in enumerate(counts) if count == width)
    if any(2 * count > width for count in counts[:above]):
        return usual
    first = next(csv.reader([filled[above]], delimiter=delimiter))
    return FileForm(
        encoding=encoding,
        header=not is_data(first),
        skip=lines.index(filled[above]) if above else 0,
        footer=0 if file.name.endswith(".gz") else _footer(file, encoding, delimiter, width),
    )


def _is_between_blanks(lines: Sequence[str]) -> bool:
    words = [len(line.split()) for line in lines]
    is_plain = not any(sign in line for line in lines for sign in DELIMITERS)
    return is_plain and len(set(words)) == 1 and words[0] >= _FEWEST_COLUMNS


def _values_in(line: str, delimiter: str) -> int:
    """Count the values of a line; a quote that it leaves open makes no more than one of the rest."""
    return len(next(csv.reader([line], delimiter=delimiter), []))


def _footer(file: Path, encoding: str | None, delimiter: str, width: int) -> int:
    """Count the lines at the end of a file that are no rows."""
    with file.open("rb") as content:
        content.seek(-min(file.stat().st_size, _LAST_BYTES), 2)
        text = content.read().decode(encoding or "utf-8", errors="replace")
    lines = re.split("\r\n|\n|\r", text)[1:]
    lines = lines[:-1] if lines and not lines[-1] else lines
    if any(line.count('"') % 2 for line in lines):
        return 0
    return footer_of([next(csv.reader([line], delimiter=delimiter), []) for line in lines], width)


def footer_of(rows: Sequence[Sequence[str]], width: int) -> int:
    """Count the last rows of a table that are none: half as wide or less, of one value, or a sum by their first value.

    Parameters
    ----------
    rows : sequence of sequence of str
        Last rows of the table.
    width : int
        Number of its columns.

    Examples
    --------
    >>> footer_of([["1", "a", "7.50"], ["2", "b", "9.00"], ["Total", "", "16.50"]], 3)
    1
    """
    filled = [[value for value in row if value.strip()] for row in rows]
    firsts = [values[0] if values else "" for values in filled]
    is_row = [
        2 * len(row) > width and len(values) > 1 and not (_is_sum(values[0]) and firsts.count(values[0]) == 1)
        for row, values in zip(rows, filled, strict=True)
    ]
    if not any(is_row) or width < _FEWEST_COLUMNS:
        return 0
    count = is_row[::-1].index(True)
    is_said = any(firsts[len(rows) - count :])
    return count if is_said and count <= LONGEST_FOOTER else 0


def _is_sum(text: str) -> bool:
    """Tell whether a value is a word for a sum."""
    meanings = meanings_of(text)
    return bool(meanings) and all("amount" in of for of in meanings)
