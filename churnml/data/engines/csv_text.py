"""CSV files as text: their header, and a count of their rows that does not ask the engine."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from churnml.data.contract import TABLES, plain_name
from churnml.errors import InputError

LONGEST_ROW = 2_000_000
"""Bytes of the longest row that DuckDB reads, and so of the longest that is taken from any engine."""
DELIMITERS = ",;\t|"
"""Signs that separate values, the likeliest first."""
BLANK = " "
"""What stands for any white space between two values, in place of a delimiter."""
_CHUNK = 1 << 24
_LF, _CR, _SPACE, _QUOTE = 10, 13, 32, 34
# Excel writes such a line before the header, and reads it.
_DELIMITER_LINE = re.compile(r'"?sep=(.)"?(\1|\s)*', re.IGNORECASE)
# A number or a time is no name of a column, but a year or a month may be.
_DATA = re.compile(r"\s*(?!(19|20)\d\d([-/.]\d\d?)?\s*$)[+-]?\d[\d.,:/\sTZ+-]*")
COLUMNS = {plain_name(name) for table in TABLES.values() for name in table.column}
_LISTED = 6

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Header:
    """How a CSV file begins.

    Attributes
    ----------
    skip : int
        Number of lines before the header.
    delimiter : str
        Character between two values.
    columns : tuple of str
        Names of the columns.
    filled : int
        Number of the lines before the header that are not empty, such as ``sep=;``.
    is_ended_otherwise : bool
        Whether a line before the header ends in another way than the header does.
    """

    skip: int
    delimiter: str
    columns: tuple[str, ...]
    filled: int = 0
    is_ended_otherwise: bool = False


@dataclass
class Survey:
    r"""What was counted in a CSV file.

    Attributes
    ----------
    rows : int
        Number of rows below the header; lines without a value are none.
    longest : int
        Length of the longest row in bytes.
    longest_line : int
        Line in which the longest row begins, from 1.
    most_lines : int
        Number of line ends within the values of the row that has most of them.
    most_lines_line : int
        Line in which the row with most line ends begins, from 1.
    inner_lines : int
        Number of lines between the first and the last of a row.
    like_rows : int
        Number of inner lines that have as many delimiters as the header.
    like_rows_line : int
        First inner line that has as many delimiters as the header, from 1.
    unclosed_line : int
        Line in which the row begins whose quote is open at the end of the file, from 1; 0 where there is none.
    stray_lines : tuple of int
        Lines in which a value opens and is closed by a quote that text follows, of the first such value.
    ends : Counter of str
        Number of lines by the way in which they end: ``\n``, ``\r\n`` or ``\r``.
    """

    rows: int = 0
    longest: int = 0
    longest_line: int = 0
    most_lines: int = 0
    most_lines_line: int = 0
    inner_lines: int = 0
    like_rows: int = 0
    like_rows_line: int = 0
    unclosed_line: int = 0
    stray_lines: tuple[int, int] | None = None
    ends: Counter[str] = field(default_factory=Counter)

    def misquoted(self, name: str) -> str | None:
        """Say which quote of a file has no other; None where all come in pairs."""
        remedy = "Close or remove it, or double it where it belongs to the value, and export the file again."
        if self.unclosed_line:
            return (
                f"A quote opens in the row of {name} that begins in line {self.unclosed_line:,} and is not closed, so "
                f"that all lines after it are one value. {remedy}"
            )
        if self.stray_lines:
            opens, closes = self.stray_lines
            where = f"in line {closes:,}" if closes != opens else "in the same line"
            return (
                f"A quote opens a value of {name} in line {opens:,}, and the next one, {where}, does not end it: text "
                f"follows. One of the two stands alone. {remedy}"
            )
        return None

    def too_long(self, name: str) -> str | None:
        """Say of the longest row of a file that it is too long; None where it is not."""
        if self.longest <= LONGEST_ROW:
            return None
        return (
            f"The row of {name} that begins in line {self.longest_line:,} is {self.longest:,} bytes long, but a row "
            f"may have {LONGEST_ROW:,}. Look for a quote that is not closed, and export it again."
        )


def read_header(file: Path, delimiter: str | None = None) -> Header:
    """Read the header of a CSV file.

    Parameters
    ----------
    file : Path
        CSV file.
    delimiter : str, optional
        Sign between two values; None finds it.

    Raises
    ------
    InputError
        Where there is none, or it is no UTF-8 text.
    """
    try:
        with _opened(file) as binary:
            is_marked = binary.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
            binary.seek(0)
            text = _lines(binary)
            skip, filled, said = 0, 0, None
            ends: set[str] = set()
            for first in text:
                if said is None and (said := _DELIMITER_LINE.fullmatch(first)):
                    if is_marked and first.startswith('"'):
                        raise InputError(
                            f'{file.name} begins with a mark of UTF-8 and then with "sep={said[1]}" in quotes, which '
                            "cannot be passed over together. Remove the first line."
                        )
                elif first.strip():
                    break
                ends.add(_end_of(first))
                skip += 1
                filled += first.strip("\r\n") != ""
            else:
                raise InputError(f"{file.name} has no header.")
            delimiter = delimiter or (said[1] if said else likeliest_delimiter(first))
            names = next(csv.reader(chain([first], text), delimiter=delimiter))
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} is not UTF-8 text.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile, csv.Error) as error:
        raise InputError(f"{file.name}: {error}") from error
    if is_data(names):
        raise InputError(no_header(file.name, names))
    header = tuple(name or f"column{place}" for place, name in enumerate(names, 1))
    refuse_twins(header)
    return Header(skip, delimiter, header, filled, bool(ends - {_end_of(first)}))


def _end_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def likeliest_delimiter(line: str) -> str:
    """Return the sign that stands most often in a line outside of quotes, of those that separate values."""
    return max(DELIMITERS, key=re.sub(r'"[^"]*"', "", line).count)


def no_header(name: str, first: Sequence[str]) -> str:
    """Say of a file that its first line is a row."""
    listed = ", ".join(first[:_LISTED]) + (", ..." if len(first) > _LISTED else "")
    return f"{name} has no header: its first line holds {listed}, but should name the columns."


def is_data(names: Sequence[str]) -> bool:
    """Check whether a first line holds numbers and times instead of names."""
    if any(plain_name(name) in COLUMNS for name in names):
        return False
    given = [name for name in names if name.strip()]
    return bool(given) and 2 * sum(bool(_DATA.fullmatch(name)) for name in given) >= len(given)


def refuse_twins(names: Iterable[str]) -> None:
    """Refuse columns whose names differ in capital and small letters alone.

    Raises
    ------
    InputError
        With their names.
    """
    counts = Counter(name.lower() for name in names)
    twins = [name for name, count in counts.items() if count > 1]
    if twins:
        raise InputError(
            f"several columns are called {', '.join(twins)} (capital and small letters are not told apart)."
        )


def survey(file: Path, header: Header) -> Survey:
    """Count the rows of a CSV file, a few seconds for a gigabyte.

    A quote opens a value where only spaces stand between it and a delimiter or a line end; anywhere else it is a letter
    of the value. A value that is open goes on to the next quote that is not doubled.

    Raises
    ------
    InputError
        Where a compressed file cannot be read to its end.
    """
    found = Survey()
    scan = _Scan(ord(header.delimiter) if header.delimiter.isascii() else _LF, len(header.columns) - 1)
    try:
        with _opened(file) as binary:
            if binary.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
                binary.seek(0)
            while chunk := _whole_chunk(binary):
                scan.add(chunk, found)
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"{file.name} cannot be read to its end ({error}).") from error
    scan.end(found)
    # In a file of one column, a line without a value is a row without a value.
    empty = scan.blank - (header.skip - header.filled) if len(header.columns) == 1 else 0
    found.rows = scan.rows + empty - 1 - header.filled
    return found


class _Scan:
    """Where a scan stands between two chunks of a file."""

    def __init__(self, delimiter: int, delimiters: int) -> None:
        self._delimiter, self._delimiters = delimiter, delimiters
        self._before_value = (delimiter, _LF, _CR)
        self._inside = False
        self._at_value = True  # only spaces since a delimiter or a line end
        self._offset = 0
        self._row_start = 0
        self._row_line = 0  # physical lines that ended before the row began
        self._value_line = 0  # and before a value opened that is still open
        self._lines = 0
        self.rows = 0
        self.blank = 0

    def add(self, chunk: bytes, found: Survey) -> None:
        data = np.frombuffer(chunk, np.uint8)
        toggles = self._toggles(chunk, data)
        ends = np.flatnonzero(data == _LF)
        returns = np.flatnonzero(data == _CR)
        lone = returns[np.append(data, _CR)[returns + 1] != _LF] if returns.size else returns
        if lone.size:
            ends = np.union1d(ends, lone)
        outside = (np.searchsorted(toggles, ends) + self._inside) % 2 == 0
        self._close_rows(data, ends, outside, found)
        self._look_inside(data, ends, outside, found)
        self._look_behind(data, toggles, ends, found)
        self._inside ^= len(toggles) % 2 == 1
        stripped = chunk.rstrip(b" ")
        self._at_value = not self._inside and (stripped[-1] in self._before_value if stripped else self._at_value)
        self._offset += len(chunk)
        self._lines += len(ends)

    def end(self, found: Survey) -> None:
        """Close a last row that has no line end."""
        found.unclosed_line = self._row_line + 1 if self._inside else 0
        if self._offset > self._row_start:
            self._judge(
                np.array([self._offset - self._row_start]), np.array([self._lines - self._row_line]),
                np.array([self._row_line]), found,
            )  # fmt: skip

    def _close_rows(self, data: npt.NDArray[np.uint8], ends: Positions, outside: Any, found: Survey) -> None:
        places = np.flatnonzero(outside)
        if not places.size:
            return
        at = ends[places]
        starts = np.concatenate([[self._row_start - self._offset], at[:-1] + 1])
        with_return = (data[at] == _LF) & (at > 0) & (data[at - 1] == _CR)
        lines = np.concatenate([[self._row_line], self._lines + places[:-1] + 1])
        within = self._lines + places - lines
        self._judge(at - starts - with_return, within, lines, found)
        found.ends += Counter(
            {
                "\\r\\n": int(with_return.sum()),
                "\\r": int((data[at] == _CR).sum()),
                "\\n": int(((data[at] == _LF) & ~with_return).sum()),
            }
        )
        self._row_start = self._offset + int(at[-1]) + 1
        self._row_line = self._lines + int(places[-1]) + 1

    def _look_inside(self, data: npt.NDArray[np.uint8], ends: Positions, outside: Any, found: Survey) -> None:
        """Count the lines within values, and those that look like rows which two stray quotes have swallowed."""
        inner = np.flatnonzero(~outside[1:] & ~outside[:-1]) + 1
        if not inner.size or not self._delimiters:
            return
        delimiters = np.searchsorted(np.flatnonzero(data == self._delimiter), ends)
        like_rows = inner[delimiters[inner] - delimiters[inner - 1] == self._delimiters]
        found.inner_lines += inner.size
        found.like_rows += like_rows.size
        if like_rows.size and not found.like_rows_line:
            found.like_rows_line = self._lines + int(like_rows[0]) + 1

    def _look_behind(self, data: npt.NDArray[np.uint8], toggles: Positions, ends: Positions, found: Survey) -> None:
        """Look for a quote that closes a value though text follows."""
        lines = self._lines + np.searchsorted(ends, toggles)
        closing = toggles[1 - int(self._inside) :: 2]
        opened = np.concatenate([[self._value_line] * int(self._inside), lines[int(self._inside) :: 2]])
        if found.stray_lines is None and closing.size:
            behind = np.append(data, _LF)[closing + 1]
            behind[behind == _SPACE] = [_after_spaces(data, int(place) + 1) for place in closing[behind == _SPACE]]
            stray = np.flatnonzero(~np.isin(behind, (*self._before_value, _QUOTE)))
            if stray.size:
                first = int(stray[0])
                found.stray_lines = (int(opened[first]) + 1, int(lines[1 - int(self._inside) :: 2][first]) + 1)
        if opened.size > closing.size:
            self._value_line = int(opened[-1])

    def _judge(self, sizes: Positions, within: Positions, lines: Positions, found: Survey) -> None:
        filled = sizes > 0
        self.rows += int(filled.sum())
        self.blank += int((~filled).sum())
        longest, most = int(sizes.argmax()), int(within.argmax())
        if sizes[longest] > found.longest:
            found.longest, found.longest_line = int(sizes[longest]), int(lines[longest]) + 1
        if within[most] > found.most_lines:
            found.most_lines, found.most_lines_line = int(within[most]), int(lines[most]) + 1

    def _toggles(self, chunk: bytes, data: npt.NDArray[np.uint8]) -> Positions:
        """Return the quotes that open and close values, in turn; both of a doubled one may be among them."""
        quotes = np.flatnonzero(data == _QUOTE)
        opening = quotes[int(self._inside) :: 2]
        before = data[opening[opening > 0] - 1]
        regular = np.isin(before, (*self._before_value, _QUOTE)).all()
        if regular and (self._at_value or not (len(opening) and opening[0] == 0)):
            return quotes
        toggles: list[int] = []
        inside, skipped = self._inside, -1
        for place in quotes.tolist():
            if place == skipped:
                continue
            if inside and chunk[place + 1 : place + 2] == b'"':
                skipped = place + 1
            elif inside or self._opens(chunk, place):
                toggles.append(place)
                inside = not inside
        return np.array(toggles, np.int64)

    def _opens(self, chunk: bytes, place: int) -> bool:
        place -= 1
        while place >= 0 and chunk[place] == _SPACE:
            place -= 1
        return self._at_value if place < 0 else chunk[place] in self._before_value


def _after_spaces(data: npt.NDArray[np.uint8], place: int) -> int:
    while place < len(data) and data[place] == _SPACE:
        place += 1
    return int(data[place]) if place < len(data) else _LF


def _opened(file: Path) -> IO[bytes]:
    return gzip.open(file) if file.name.endswith(".gz") else file.open("rb")  # type: ignore[return-value]


def _lines(binary: IO[bytes]) -> Iterable[str]:
    return io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")


def _whole_chunk(binary: IO[bytes]) -> bytes:
    """Read a chunk that ends neither between two quotes nor between a return and its line feed."""
    chunk = binary.read(_CHUNK)
    while chunk.endswith((b'"', b"\r")) and (more := binary.read(1)):
        chunk += more
    return chunk
