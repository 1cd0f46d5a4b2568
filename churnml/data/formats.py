"""How shops write numbers and times in text, turned into how the door reads them: a decimal point, the year first.

Nothing is guessed here either: what is not of the form that the settings say stays what it is, with the form behind
it, so that the door refuses it and the check shows why.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import ibis
import ibis.expr.types as ir

from churnml.config import EPOCH_FORMATS, TableSource
from churnml.data.contract import RECORDED_AT, TABLES, Column

EPOCHS = dict(zip(EPOCH_FORMATS, (1, 10**3, 10**6), strict=True))
"""Parts of a second in which times are counted since 1970, in Greenwich, by the format that says so."""
MACHINE_TIME = "%Y-%m-%dT%H:%M:%S.%f"
"""How the cells of a spreadsheet that are times are written; no person writes six digits of a second."""
EPOCH = r"^(\d{9,17})(?:\.0*)?$"
"""Expression of times that are counted since 1970."""
NOT = "(not "
"""What begins the form that stands behind a text that is not of it."""
_MACHINE = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$"
_WORD = r"[^\s\d.,:/-]"
_GROUPS = {
    "Y": r"(\d{4})",
    "y": r"(\d{2})",
    "m": r"(0?[1-9]|1[0-2])",
    "b": rf"({_WORD}{{3,9}})\.?",
    "B": rf"({_WORD}{{3,9}})\.?",
    "d": r"(0?[1-9]|[12]\d|3[01])",
    "H": r"([01]?\d|2[0-3])",
    "I": r"(0?[1-9]|1[0-2])",
    "M": r"([0-5]\d)",
    "S": r"([0-5]\d)",
    "f": r"(\d{1,9})",
    "p": r"([AaPp])\.?[Mm]\.?",
    "z": r"(Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})",
    "a": rf"{_WORD}+\.?",
    "A": rf"{_WORD}+\.?",
}
_CODE = re.compile(r"%-?(.)|(\s+)|(.)", re.DOTALL)
# The first three letters of the months in English, German and Turkish; ``mae`` and ``sub`` are written without signs.
_MONTHS = (
    ("jan", "jän", "oca"),
    ("feb", "şub", "sub"),
    ("mar", "mär", "mae", "mrz"),
    ("apr", "nis"),
    ("may", "mai"),
    ("jun", "haz"),
    ("jul", "tem"),
    ("aug", "ağu", "agu"),
    ("sep", "eyl"),
    ("oct", "okt", "eki"),
    ("nov", "kas"),
    ("dec", "dez", "ara"),
)
_CENTURY_ENDS = 68  # as POSIX and DuckDB read two digits: 00 to 68 lie in this century
_SIGN = r"[A-Z]{3}|[Tt][Ll]|[Kk]r\.?|[Rr]s\.?|R[pM]|[A-Z]{0,2}[$€£¥₺₽₹₩₫₦฿₪₴₱]|zł|Kč|Ft"
_BLANKS = " \u00a0\u202f"
_GAP = f"[{_BLANKS}\t]*"
_SIGN_BEFORE, _SIGN_BEHIND = rf"^{_GAP}[+(-]?{_GAP}({_SIGN})", rf"\d{_GAP}\)?{_GAP}({_SIGN}){_GAP}[-)]?{_GAP}$"
_CURRENCIES = {
    "TL": "TRY",
    "₺": "TRY",
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "US$": "USD",
    "ZŁ": "PLN",
    "₹": "INR",
    "R$": "BRL",
    "KČ": "CZK",
    "FT": "HUF",
    "RP": "IDR",
    "RM": "MYR",
    "₩": "KRW",
    "₫": "VND",
    "₦": "NGN",
    "฿": "THB",
    "₪": "ILS",
    "₴": "UAH",
    "₱": "PHP",
}
# What accountants write for an amount below 0: (12.50) and 12.50-.
_IN_BRACKETS, _MINUS_LAST = r"^[^()\d-]*\([^()]*\d[^()]*\)[^()\d-]*$", r"^[^-+]*\d[^-+\d]*-[^-+\d]*$"
BELOW_0 = rf"^[A-Z$€£¥₺₽₹]{{0,3}} ?- ?[A-Z$€£¥₺₽₹]{{0,3}} ?[0-9]|{_IN_BRACKETS}|{_MINUS_LAST}"
"""Expression of texts that are numbers below 0, where they are numbers."""


@dataclass(frozen=True)
class DatePattern:
    """A date format as a regular expression.

    Attributes
    ----------
    regex : str
        Expression that fits a whole text without blanks around it.
    groups : mapping of str to int
        Number of the group of each part, by the letter of its code.
    """

    regex: str
    groups: Mapping[str, int]


@cache
def date_pattern(date_format: str) -> DatePattern:
    """Return a date format as a regular expression.

    Examples
    --------
    >>> pattern = date_pattern("%d.%m.%Y")
    >>> re.fullmatch(pattern.regex, "31.3.2025")[pattern.groups["m"]]
    '3'
    """
    parts: list[str] = []
    groups: dict[str, int] = {}
    for code, blank, sign in _CODE.findall(date_format.strip()):
        if blank:
            parts.append(r"\s+")
        elif sign or code == "%":
            parts.append(re.escape(sign or code))
        else:
            parts.append(_GROUPS[code])
            if code not in "aA":
                groups[code] = len(groups) + 1
    return DatePattern(f"^{''.join(parts)}$", groups)


def as_contract_writes(
    raw: ir.Table, table: str, source: TableSource, more: Sequence[Column] = (), written: Collection[str] = ()
) -> ir.Table:
    """Write the texts of a raw table as the contract has them, by the formats of its settings.

    Parameters
    ----------
    raw : Ibis table
        Table as received, with the contract's names.
    table : str
        Name of the table; with ``lines`` the columns of ``order_items`` are read as well.
    source : TableSource
        Settings of the table.
    more : sequence of Column, optional
        Further columns that are written like those of the table.
    written : collection of str, optional
        Names of columns that are written as the contract has them already.

    Returns
    -------
    Ibis table
        Same columns; and ``currency``, where it is missing and amounts have a currency sign.
    """
    known: dict[str, Column] = {**TABLES[table].column, RECORDED_AT.name: RECORDED_AT}
    known |= {column.name: column for column in more}
    if source.lines:
        known = {**TABLES["order_items"].column, **known}
    changed: dict[str, ir.Value] = {}
    for name in (name for name in raw.columns if name in known and name not in written):
        kind, date_format = known[name].type, source.date_format_of(name)
        if kind in ("time", "plan") and date_format in EPOCHS and raw[name].type().is_numeric():
            changed[name] = _since_1970(raw[name].cast("int64"), EPOCHS[date_format])
        elif not raw[name].type().is_string():
            continue
        elif kind in ("time", "plan") and date_format is not None:
            changed[name] = as_iso(raw[name], date_format)
        elif kind in ("money", "number") and (source.decimal or source.thousands):
            changed[name] = as_plain_number(raw[name], source.decimal or ".", source.thousands)
            if kind == "money" and "currency" not in (*raw.columns, *changed):
                changed["currency"] = currency_of(raw[name])
    return raw.mutate(**changed) if changed else raw


def as_iso(text: ir.StringValue, date_format: str) -> ir.StringValue:
    """Write a time of a format with the year first; one that is not of it keeps its text, with the format behind."""
    text = text.strip()
    if date_format in EPOCHS:
        count = text.re_extract(EPOCH, 1).nullif("").cast("int64")
        written = _since_1970(count, EPOCHS[date_format])
        return ibis.cases(
            (text.re_search(EPOCH), written), (text == "", text), else_=text.concat(f" {NOT}{date_format})")
        )
    pattern = date_pattern(date_format)
    part = {code: text.re_extract(pattern.regex, group) for code, group in pattern.groups.items()}
    day = _year(part).concat("-", _month(part), "-", part["d"])
    clock = " " + _hour(part).concat(":", part.get("M", ibis.literal("00")), ":", part.get("S", ibis.literal("00")))
    if "f" in part:
        clock = clock.concat(".", part["f"])
    written = day.concat(clock) if {"H", "I"} & set(part) else day
    if "z" in part:
        written = written.concat(part["z"])
    return ibis.cases(
        (text.re_search(pattern.regex), written),
        ((text == "") | text.re_search(_MACHINE), text),
        else_=text.concat(f" {NOT}{date_format})"),
    )


def _since_1970(count: ir.IntegerValue, parts: int) -> ir.StringValue:
    """Write a time that is counted since 1970 as one of Greenwich, which the door brings to the shop's clock."""
    moment = ibis.timestamp("1970-01-01 00:00:00") + (count // parts).cast("int64").as_interval("s")
    rest = (count % parts).cast("int64").cast("string").lpad(len(str(parts)) - 1, "0") if parts > 1 else None
    clock = moment.strftime("%Y-%m-%d %H:%M:%S")
    return (clock if rest is None else clock.concat(".", rest)).concat("Z")


def _year(part: Mapping[str, ir.StringValue]) -> ir.StringValue:
    if "Y" in part:
        return part["Y"]
    century = ibis.ifelse(part["y"] <= str(_CENTURY_ENDS), "20", "19")  # two digits sort as texts
    return century.concat(part["y"])


def _month(part: Mapping[str, ir.StringValue]) -> ir.StringValue:
    if "m" in part:
        return part["m"]
    name = part["b" if "b" in part else "B"].lower().left(3)
    numbers = [(name.isin(names), f"{number:02}") for number, names in enumerate(_MONTHS, 1)]
    return ibis.cases(*numbers, else_=name)


def _hour(part: Mapping[str, ir.StringValue]) -> ir.StringValue:
    if "I" not in part:
        return part.get("H", ibis.literal("00"))
    late = part["p"].lower() == "p" if "p" in part else ibis.literal(False)
    clock = [(part["I"].isin([str(hour), f"{hour:02}"]), hour % 12) for hour in range(1, 13)]
    return ibis.cases(
        *((is_hour, ibis.ifelse(late, f"{hour + 12:02}", f"{hour:02}")) for is_hour, hour in clock), else_="99"
    )


def number_regex(decimal: str, thousands: str | None) -> str:
    """Return the expression of numbers with these signs; its groups: sign, whole part, and digits after the point."""
    grouped = rf"[1-9]\d{{0,2}}(?:[{re.escape(_signs(thousands))}]\d{{3}})+|" if thousands else ""
    if thousands == ",":  # 12,34,567 is how India groups
        grouped += r"[1-9]\d?(?:,\d{2})+,\d{3}|"
    sign = f"(?:{_SIGN})?{_GAP}"
    digits = rf"({grouped}\d+)(?:{re.escape(decimal)}(\d*))?"
    return f"^{_GAP}{sign}([+-]?){_GAP}{sign}{digits}{_GAP}(?:{_SIGN})?{_GAP}$"


def as_plain_number(text: ir.StringValue, decimal: str, thousands: str | None) -> ir.StringValue:
    """Write a number with a decimal point alone; one that is written otherwise keeps its text, with the form behind."""
    brought, regex = text, number_regex(decimal, thousands)
    text = ibis.cases(
        (text.re_search(_IN_BRACKETS), text.replace("(", "-").replace(")", "")),
        (text.re_search(_MINUS_LAST), ibis.literal("-").concat(text.replace("-", ""))),
        else_=text,
    )
    whole = text.re_extract(regex, 2)
    for sign in _signs(thousands):
        whole = whole.replace(sign, "")
    # What an optional group does not find is null on PostgreSQL, and empty elsewhere.
    digits = text.re_extract(regex, 3).fill_null("")
    fraction = ibis.ifelse(digits == "", "", ibis.literal(".").concat(digits))
    form = f"1{thousands or ''}234{decimal}50"
    return ibis.cases(
        (text.re_search(regex), text.re_extract(regex, 1).fill_null("").concat(whole, fraction)),
        (~text.re_search(r"[^\s\x0b]"), text),
        else_=brought.concat(f" {NOT}{form})"),
    )


def currency_of(text: ir.StringValue) -> ir.StringValue:
    """Return the currency that stands with a number, by its code where the sign says it; null where none does."""
    before, behind = (text.re_extract(regex, 1) for regex in (_SIGN_BEFORE, _SIGN_BEHIND))
    sign = ibis.coalesce(before.nullif(""), behind.nullif("")).upper().replace(".", "")
    return ibis.cases(*((sign == written, code) for written, code in _CURRENCIES.items()), else_=sign)


def plain_number(text: str, decimal: str, thousands: str | None) -> str | None:
    """Write one number as ``as_plain_number`` does; None where it is written otherwise.

    Examples
    --------
    >>> plain_number("1.664,10 TL", ",", ".")
    '1664.10'
    """
    if re.search(_IN_BRACKETS, text):
        text = text.replace("(", "-").replace(")", "")
    elif re.search(_MINUS_LAST, text):
        text = f"-{text.replace('-', '')}"
    parts = re.match(number_regex(decimal, thousands), text)
    if parts is None:
        return None
    whole = re.sub(r"\D", "", parts[2])
    return f"{parts[1]}{whole}{'.' + parts[3] if parts[3] else ''}"


def currency_in(text: str) -> str | None:
    """Return the currency that stands with a number, as ``currency_of`` does."""
    parts = re.search(_SIGN_BEFORE, text) or re.search(_SIGN_BEHIND, text)
    sign = parts[1].upper().replace(".", "") if parts else None
    return None if sign is None else _CURRENCIES.get(sign, sign)


def _signs(thousands: str | None) -> str:
    return {" ": _BLANKS, "'": "'’", None: ""}.get(thousands, thousands or "")
