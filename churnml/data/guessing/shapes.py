"""What the values of a column look like: times and numbers with the formats that fit all of them, flags, ids, texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal

from babel.numbers import list_currencies

from churnml.data.formats import EPOCH, EPOCHS, MACHINE_TIME, currency_in, date_pattern, plain_number

Kind = Literal["time", "clock", "number", "flag", "email", "text", "empty"]
NumberFormat = tuple[str | None, str | None]
"""Decimal sign and sign of thousands; None where the settings need not name them."""

_FLAGS = {
    *["true", "false", "yes", "no", "t", "f", "y", "n", "ja", "nein", "evet", "hayır", "hayir", "1", "0", "1.0", "0.0"]
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ISO = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*(Z|UTC|[+-]\d{2}(:?\d{2})?))?)?\s*"
)
_ZONE = re.compile(r":\d{2}(\.\d+)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)\s*$")
_PLAIN = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?\s*")
_MACHINE = re.compile(date_pattern(MACHINE_TIME).regex)
# Simple ones first: of several with one meaning, the first is named.
_NUMBERS: tuple[NumberFormat, ...] = (
    (None, None), (",", None), (".", None), (",", "."), (None, ","), (",", " "), (None, " "), (None, "'"),
)  # fmt: skip
_DAYS = ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d", "%Y{0}%d{0}%m")
_NAMED_DAYS = (
    *("%d %b %Y", "%b %d, %Y", "%b %d %Y", "%d-%b-%Y", "%b-%d-%Y", "%d-%b-%y", "%b-%d-%y"),
    *("%d. %b %Y", "%A, %d %b %Y", "%Y%m%d"),
)
_CLOCKS = (
    *("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", ", %I:%M %p", ", %I:%M:%S %p"),
    *(" %H:%M:%S.%f", "T%H:%M:%S"),
)
_CLOCKS_ALONE = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")
_ZONES = ("", " %z", "%z")
# 2000 and 2050, in seconds since 1970.
_FIRST_SECOND, _LAST_SECOND = 946_684_800, 2_524_608_000
# Stand-ins such as "-" may be among the values; the check names them.
_MOST = 0.98


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the values of a column look like.

    Attributes
    ----------
    kind : {'time', 'clock', 'number', 'flag', 'email', 'text', 'empty'}
        Kind that fits the values; ids are text or numbers; a clock is a time without a day, of the first of ``dates``;
        numbers with ``dates`` may be times that are counted since 1970.
    dates : tuple of (str or None)
        Date formats that fit; None is ISO, which needs no setting. Several cannot be told apart.
    numbers : tuple of (str or None, str or None)
        Formats of numbers that fit; (None, None) needs no setting. Several cannot be told apart.
    zoned : bool
        Whether the times name a zone.
    whole : bool
        Whether all numbers are whole.
    currencies : tuple of str
        Currencies that stand with the numbers.
    longest : int
        Number of characters of the longest value.
    is_share : bool
        Whether all numbers lie between 0 and 1, and some are neither.
    """

    kind: Kind
    dates: tuple[str | None, ...] = ()
    numbers: tuple[NumberFormat, ...] = ()
    zoned: bool = False
    whole: bool = False
    currencies: tuple[str, ...] = ()
    longest: int = 0
    is_share: bool = False


def shape_of(type_: str, values: Sequence[str], distinct: int) -> Shape:
    """Say what values look like.

    Parameters
    ----------
    type_ : str
        Type in the source, as in ``ColumnEvidence``.
    values : sequence of str
        Sample of different values.
    distinct : int
        Number of different values in all.

    Examples
    --------
    >>> shape_of("text", ["03/04/2025", "05/06/2025"], 2).dates
    ('%d/%m/%Y', '%m/%d/%Y')
    >>> shape_of("text", ["1.664,10 TL", "12,50 TL"], 2).numbers
    ((',', '.'),)
    """
    longest = max(map(len, values), default=0)
    if not values:
        return Shape(kind="empty")
    if type_ in ("time", "zoned"):
        return Shape(kind="time", dates=(None,), zoned=type_ == "zoned", longest=longest)
    if type_ == "flag":
        return Shape(kind="flag", longest=longest)
    if type_ in ("whole", "number"):
        kind: Kind = "flag" if distinct <= 2 and set(values) <= _FLAGS else "number"
        dates = _epochs(values)
        return Shape(
            kind=kind,
            dates=dates,
            numbers=((None, None),),
            whole=type_ == "whole",
            longest=longest,
            is_share=_are_shares(values, (None, None)),
        )
    return _shape_of_text(values, distinct, longest)


def _shape_of_text(values: Sequence[str], distinct: int, longest: int) -> Shape:
    if distinct <= 2 and {value.strip().lower() for value in values} <= _FLAGS:
        is_number = all(map(_PLAIN.fullmatch, values))
        return Shape(kind="flag", numbers=((None, None),) if is_number else (), whole=is_number, longest=longest)
    if (clock := clock_format(values)) is not None:
        return Shape(kind="clock", dates=(clock,), longest=longest)
    if dates := date_formats(values):
        return Shape(kind="time", dates=dates, zoned=any(map(_ZONE.search, values)), longest=longest)
    currencies = sorted({code for value in values if (code := currency_in(value)) is not None})
    if set(currencies) <= _currencies() and (numbers := number_formats(values)):
        whole = all(not re.search(r"\d[.,]\d{1,2}(\D|$)|\d[.,]\d{4}", value) for value in values)
        return Shape(
            kind="number",
            dates=_epochs(values),
            numbers=numbers,
            whole=whole,
            currencies=tuple(currencies),
            longest=longest,
            is_share=not currencies and _are_shares(values, numbers[0]),
        )
    if _most(values, _EMAIL.fullmatch):
        return Shape(kind="email", longest=longest)
    return Shape(kind="text", longest=longest)


def date_formats(values: Sequence[str]) -> tuple[str | None, ...]:
    """Return the date formats that fit most values; several where they cannot be told apart, none where none fits."""
    if _most(values, lambda value: _ISO.fullmatch(value) or _MACHINE.fullmatch(value)):
        return (None,)
    texts = [value.strip() for value in values if not _MACHINE.fullmatch(value)]
    few = texts[:20]
    fitting = [form for form, regex in _date_regexes() if sum(map(bool, map(regex.fullmatch, few))) > len(few) / 2]
    shares = {form: sum(map(bool, map(re.compile(date_pattern(form).regex).fullmatch, texts))) for form in fitting}
    best = max(shares.values(), default=0)
    return tuple(form for form, count in shares.items() if count == best) if best >= _MOST * len(texts) else ()


def numbers_in(values: Iterable[str], form: NumberFormat) -> list[float]:
    """Return the numbers that are written in a format; others are left out."""
    return [float(number) for value in values if (number := _number(value, form)) is not None]


def _are_shares(values: Sequence[str], form: NumberFormat) -> bool:
    numbers = numbers_in(values, form)
    return all(0 <= number <= 1 for number in numbers) and any(0 < number < 1 for number in numbers)


def _epochs(values: Sequence[str]) -> tuple[str, ...]:
    """Return the format of times that are counted since 1970, where all of some numbers may be such times."""
    counts = [int(count[1]) if (count := re.fullmatch(EPOCH, value.strip())) else 0 for value in values]
    return tuple(
        form for form, parts in EPOCHS.items() if all(_FIRST_SECOND <= count / parts < _LAST_SECOND for count in counts)
    )


def clock_format(values: Sequence[str]) -> str | None:
    """Return the format of times of the clock without a day; None where most values are none.

    Examples
    --------
    >>> clock_format(["09:05", "17:30"]), clock_format(["9:05 AM"]), clock_format(["2025-03-31 09:05"])
    ('%H:%M', '%I:%M %p', None)
    """
    regexes = {form: re.compile(date_pattern(form).regex) for form in _CLOCKS_ALONE}
    return next((form for form, regex in regexes.items() if _most(values, regex.fullmatch)), None)


def number_formats(values: Sequence[str]) -> tuple[NumberFormat, ...]:
    """Return a format of numbers for each meaning that most values can have; several cannot be told apart."""
    few = values[:20]
    meanings: dict[tuple[str | None, ...], NumberFormat] = {}
    best = _MOST * len(values)
    for form in _NUMBERS:
        if sum(_number(value, form) is not None for value in few) <= len(few) / 2:
            continue
        numbers = tuple(_number(value, form) for value in values)
        fitting = sum(number is not None for number in numbers)
        if fitting > best:
            meanings.clear()
        if fitting >= best:
            best = fitting
            meanings.setdefault(numbers, form)
    return tuple(meanings.values())


def says_format(shape: Shape) -> bool:
    """Check whether numbers are written with signs, so that their format is known."""
    return shape.kind == "number" and not (shape.whole and shape.numbers == ((None, None),))


def common_formats(shapes: Sequence[Shape]) -> tuple[list[NumberFormat], list[int]]:
    """Return the formats that fit the first column and most others, and the places of columns that they do not fit.

    Formats agree where they have one decimal sign, and one sign of thousands or none.

    Examples
    --------
    >>> cents, thousands = shape_of("text", ["12,50"], 1), shape_of("text", ["1.664,10"], 1)
    >>> common_formats([cents, thousands])
    ([(',', '.')], [])
    """
    options: list[NumberFormat] = list(shapes[0].numbers)
    apart = []
    for place, shape in enumerate(shapes):
        merged = [both for one in options for other in shape.numbers if (both := _merged(one, other)) is not None]
        if merged:
            options = list(dict.fromkeys(merged))
        else:
            apart.append(place)
    return options, apart


def _merged(one: NumberFormat, other: NumberFormat) -> NumberFormat | None:
    if (one[0] or ".") != (other[0] or "."):
        return None
    signs = {sign for sign in (one[1], other[1]) if sign is not None}
    return (one[0] or other[0], signs.pop() if signs else None) if len(signs) < 2 else None


def _number(value: str, form: NumberFormat) -> str | None:
    if form == (None, None):
        return value.strip() if _PLAIN.fullmatch(value) else None
    return plain_number(value, form[0] or ".", form[1])


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@cache
def _date_regexes() -> list[tuple[str, re.Pattern[str]]]:
    days = [form.format(sign) for form in _DAYS for sign in "./-"]
    # Between dots the day comes first, wherever people write so.
    days = [form for form in days if not ("." in form and form.startswith(("%m", "%y", "%Y")))]
    forms = ["".join(parts) for parts in product((*days, *_NAMED_DAYS), _CLOCKS, _ZONES)]
    forms = [form for form in forms if not (form.endswith("z") and ":" not in form)]
    return [(form, re.compile(date_pattern(form).regex)) for form in forms]


def _most(values: Sequence[str], fits: Callable[[str], object]) -> bool:
    return sum(bool(fits(value)) for value in values) >= _MOST * len(values)
