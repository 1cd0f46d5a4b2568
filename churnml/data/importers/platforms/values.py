"""How numbers, times and yes or no are written in exports: read exactly, or not at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Literal

from churnml.data.contract import plain_name

DecimalSign = Literal[".", ","]

_GROUPING = re.compile(r"[\s'’]")
_NUMBER = re.compile(r"([-+−]?)[^\d.,+−-]{0,4}([-+−]?)(\d[\d.,\s'’]*|[.,]\d+)[^\d.,+−-]{0,4}")
_TIME = re.compile(
    r"(?:(?P<year>\d{4})[-./](?P<month>\d\d?)[-./](?P<day>\d\d?)"
    r"|(?P<first>\d\d?)[-./](?P<second>\d\d?)[-./](?P<last>\d{4})"
    r"|(?P<named>[^\W\d]{3,9})\.? (?P<named_day>\d\d?),? (?P<named_year>\d{4})"
    r"|(?P<day_named>\d\d?)\.?[ -](?P<then>[^\W\d]{3,9})\.?[ -](?P<then_year>\d{4}))"
    r"(?:(?:T|,? +)(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<seconds>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp][Mm]))?)?"
    r"(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d))?"
)
_MONTHS = {
    name: number
    for language in (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "oca sub mar nis may haz tem agu eyl eki kas ara",
        "jan feb mar apr mai jun jul aug sep okt nov dez",
    )
    for number, name in enumerate(language.split(), 1)
}
_YES = frozenset({"yes", "true", "1", "y", "t", "on", "subscribed", "evet", "ja"})
_NO = frozenset({"no", "false", "0", "n", "f", "off", "unsubscribed", "hayir", "nein"})
_PLAIN = str.maketrans("ığşçöüâîûä", "igscouaiua")


def folded(text: str) -> str:
    """Return a name of a column or a code without capitals, blanks, signs and the marks of Turkish letters.

    Examples
    --------
    >>> folded(" Sipariş Numarası"), folded("purchase-date"), folded("İPTAL EDİLDİ")
    ('siparisnumarasi', 'purchasedate', 'iptaledildi')
    """
    small = text.replace("İ", "i").replace("I", "i").casefold().translate(_PLAIN)
    return plain_name(small).replace("_", "")


def read_number(text: str, decimal: DecimalSign) -> tuple[Decimal, DecimalSign | None]:
    """Read a number with its thousands, its sign and the sign of its currency.

    Which of comma and point is the decimal sign shows where both are there, where one is there twice, or where other
    than three digits follow. Only ``1.234`` can be read in two ways.

    Parameters
    ----------
    text : str
        Text that holds one number.
    decimal : {'.', ','}
        Decimal sign that is taken where the text allows both.

    Returns
    -------
    tuple of Decimal and str or None
        Number, and the decimal sign that its text shows; None where it shows none.

    Raises
    ------
    ValueError
        Where the text is no number.

    Examples
    --------
    >>> read_number("1.664,10 TL", ","), read_number("$1,664.10", ",")
    ((Decimal('1664.10'), ','), (Decimal('1664.10'), '.'))
    >>> read_number("1.664", ","), read_number("1.664", ".")
    ((Decimal('1664'), None), (Decimal('1.664'), None))
    """
    written = text.strip()
    if written.startswith("(") and written.endswith(")"):
        written = f"-{written[1:-1]}"
    parts = _NUMBER.fullmatch(written)
    if parts is None or (parts[1] and parts[2]):
        raise ValueError(text)
    digits = _GROUPING.sub("", parts[3])
    sign = _decimal_sign(digits)
    whole, _, fraction = digits.rpartition(sign or decimal) if (sign or decimal) in digits else (digits, "", "")
    grouping = "," if (sign or decimal) == "." else "."
    groups = whole.split(grouping)
    if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
        raise ValueError(text)
    number = Decimal(f"{''.join(groups) or '0'}.{fraction or '0'}") if fraction else Decimal("".join(groups))
    return (-number if (parts[1] or parts[2]) in {"-", "−"} else number), sign


def _decimal_sign(digits: str) -> DecimalSign | None:
    """Return the decimal sign that digits show; None where there is no sign, or both readings are numbers."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    if points > 1 or commas > 1:
        return "," if points else "."
    if not points and not commas:
        return None
    whole, _, fraction = digits.replace(",", ".").partition(".")
    if len(fraction) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0":
        return None
    return "." if points else ","


def read_time(text: str, day_first: bool | None = None) -> tuple[datetime, bool]:
    """Read a time.

    Parameters
    ----------
    text : str
        Text that holds a day, or a day and a time: with the year first, with points, slashes or dashes, or with the
        name of the month in English, Turkish or German.
    day_first : bool, optional
        Whether 03/04/2025 is a day of April; None refuses what can be read in two ways.

    Returns
    -------
    tuple of datetime and bool
        Time without a zone, and whether it is one of UTC, since the text names its zone.

    Raises
    ------
    ValueError
        Where the text is no time, or may be two.

    Examples
    --------
    >>> read_time("2024-03-01 10:00:00 +0300")
    (datetime.datetime(2024, 3, 1, 7, 0), True)
    >>> read_time("01.03.2024 10:00", day_first=True)
    (datetime.datetime(2024, 3, 1, 10, 0), False)
    """
    parts = _TIME.fullmatch(text.strip())
    if parts is None:
        raise ValueError(text)
    hour, half = int(parts["hour"] or 0), (parts["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if half == "pm" else 0)
    part = (parts["part"] or "").ljust(6, "0")[:6]
    time = datetime(*_day(parts, day_first), hour, int(parts["minute"] or 0), int(parts["seconds"] or 0), int(part))
    zone = parts["zone"]
    if zone is None:
        return time, False
    if zone[0] not in "+-":
        return time, True
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    return time.replace(tzinfo=timezone(offset)).astimezone(UTC).replace(tzinfo=None), True


def _day(parts: re.Match[str], day_first: bool | None) -> tuple[int, int, int]:
    """Return year, month and day.

    Raises
    ------
    ValueError
        Where the month has no such name, or day and month could be exchanged.
    """
    if parts["year"]:
        return int(parts["year"]), int(parts["month"]), int(parts["day"])
    if parts["last"]:
        first, second = int(parts["first"]), int(parts["second"])
        if day_first is None and first != second and max(first, second) <= 12:
            raise ValueError(parts[0])
        is_day_first = first > 12 if day_first is None else day_first
        return int(parts["last"]), *((second, first) if is_day_first else (first, second))
    named = parts["named"] or parts["then"]
    month = _MONTHS.get(folded(named)[:3])
    if month is None:
        raise ValueError(parts[0])
    return int(parts["named_year"] or parts["then_year"]), month, int(parts["named_day"] or parts["day_named"])


def read_flag(text: str) -> bool:
    """Read yes or no, in English, Turkish or German.

    Raises
    ------
    ValueError
        Where the text is neither.

    Examples
    --------
    >>> read_flag("yes"), read_flag("Hayır")
    (True, False)
    """
    word = folded(text)
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(text)
