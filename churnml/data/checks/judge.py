"""Judging rows that hold something the contract does not take: refused, or noted and left out, with the remedy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import ibis
import ibis.expr.types as ir

from churnml.data.checks.report import EXAMPLES, Verdict, short
from churnml.data.contract import Column, NotBefore, Table
from churnml.data.door import as_type, value_of
from churnml.data.formats import NOT
from churnml.data.impossible import LATEST, other_of

# Placeholders for "never" and "not known" lie before: 0001-01-01, 1900-01-01 and 1970-01-01.
EARLIEST = datetime(1980, 1, 1)
FEW = 0.05
"""Share of the values up to which those that cannot be are noise and are left out; above it the export is wrong."""

COARSE_FROM: dict[str, int] = {"money": 2**17, "number": 2**24}
"""From here on, floats of 32 bits lie more than a cent apart, or whole numbers become one another."""

Kind = Literal["unreadable", "empty", "unknown", "below", "above", "over", "rounded", "coarse", "far", "late"]
Fault = Kind | NotBefore

_HOW_TO_WRITE = {
    "id": "Write ids as text or as whole numbers, exported anew: a float or 5.12E+12 has lost digits.",
    "time": "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
    "plan": "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
    "money": "Write money as a number with a decimal point, such as 1234.50.",
    "number": "Write a finite number with a decimal point, such as 1234.5.",
    "flag": "Write true or false.",
}
_KIND_NAMES = {"id": "an exact id", "plan": "a time", "flag": "a true/false value", "money": "a money amount"}
_GROUPS = "Thousands are grouped"
_STYLES = {
    r"[$€£¥₺₽₹]|\d\s*[A-Z]{2,3}$|^[A-Z]{2,3}\s*\d": "Leave currencies out: write 1234.50.",
    r"^[+-]?\d+(,\d{3})*,\d{3}\.\d+$|^[+-]?\d+(,\d{3}){2,}$": f"{_GROUPS} by commas: leave them out, write 1234.50.",
    r"^[+-]?\d+([. \u00a0\u202f']\d{3})+,\d+$": f"{_GROUPS} and a comma stands for the decimal point: write 1234.50.",
    r"^[+-]?\d{1,3},\d{3}$": "Whether the comma groups thousands or stands for the decimal point cannot be known: "
    "write 1234 or 1.234.",
    r"^[+-]?\d*,\d+$": "A comma stands for the decimal point: write 12.50.",
    r"^[+-]?\d{1,3}([. \u00a0\u202f']\d{3})+(\.\d+)?$": f"{_GROUPS}: write 1234.50.",
    r"^\(.*\d.*\)$|\d-$": "Write the minus in front: -12.50.",
    r"\d\s*%$": "Write a number without the percent sign.",
    r"^\d+\s*/\s*\d+$": "Write a fraction with a decimal point: 0.5.",
}
# Those of one type go before those of all.
_MONEY_STYLES = {r"\d\s*%$": "A percentage is no amount: write what it comes to, such as 12.50."}
_RATING_STYLES = {
    r"^\d+([.,]\d+)?\s*(/|[^\W\d_]+)\s*\d+$": "Write what was given alone, such as 4, and what it is out of, such as "
    "5, in the column scale.",
    r"^\d+([.,]\d+)?\s*%$": "Write 80 for 80%, and 100 in the column scale.",
    r"^\d*,\d+$": "A comma stands for the decimal point: write 4.5.",
    r"^\W*$|[^\W\d_]{3}": "Write how much was given as a number, such as 4.",
}
_YEAR_FIRST = "write the year first, as 2025-03-31."
# One day beyond the 12th tells what the other days mean, however few they are.
_DAY_STYLES = {
    r"^\d{4}[-/](1[3-9]|2\d|3[01])[-/]\d": "Day and month are exchanged, in the rows that can be read too: write "
    "2025-03-31 for the last of March.",
    r"^(1[3-9]|2\d|3[01])[./ -]\d{1,2}[./ -]\d{4}": f"The day stands first: {_YEAR_FIRST}",
    r"^\d{1,2}[./ -](1[3-9]|2\d|3[01])[./ -]\d": f"The month stands first: {_YEAR_FIRST}",
}
_TIME_STYLES = {
    r"^\d{1,2}[./ -]\d{1,2}[./ -]\d": f"Which number is the day, and which the month, cannot be known: {_YEAR_FIRST}",
    # A digit and three letters in a line; looked for one after the other, a long text would be walked once per sign.
    r"(?m)^(?=.*\d)(?=.*[^\W\d_]{3})": "Write months as numbers and offsets instead of zones: "
    "2025-03-31 14:05:00+03:00.",
    r"^(19|20)\d{6}(\d{4}|\d{6})?$": "Divide year, month and day: 2025-03-31.",
    r"^\d{9,19}([.,]\d*)?$": "This is a count since 1970: write it as 2025-03-31 14:05:00.",
    r"^\d{5}([.,]\d*)?$": "This is how a spreadsheet counts days: format the column as 2025-03-31.",
}
# What these remedies speak of is read where the settings say the format.
_COUNTED = "since 1970"
_A_FORMAT_READS = (
    *("stands first", "cannot be known", "Write months", "Divide year", _COUNTED),
    *(_GROUPS, "A comma", "currencies", "minus in front"),
)
_LOOKED_AT = 100
_BEGIN_SHOPS = ("orders", "customers")
"""Tables whose rows are needed whatever their time: an order without one is refused, a customer is always visible."""
LATE_DAYS = 60
"""Days after the last order from which on rows of other tables are named."""


@dataclass(frozen=True, kw_only=True)
class Bad:
    """Rows of one table with a fault in one column, ``count`` of ``total``; a broken rule of times is a fault too."""

    rows: ir.Table
    table: Table
    column: Column
    fault: Fault
    count: int
    total: int


def judge(bad: Bad) -> Verdict:
    """Refuse the rows, or say what becomes of them."""
    table, column, fault = bad.table, bad.column, bad.fault
    counted = f"{bad.count:,} of {bad.total:,}"
    if bad.fault == "empty" and column.name == "customer_id" and table.name != "customers":
        if bad.count < bad.total:
            return Verdict(f"{table.name}: {counted} rows have no customer_id and are left out.", fails=False)
        return Verdict(
            f"{table.name}.customer_id: all {bad.total:,} rows are empty. Export the table with its customers, or "
            f"name the column that holds them under tables.{table.name}.columns in the config."
        )
    where = f"{table.name}.{column.name}: {counted} {'values' if isinstance(fault, NotBefore) else 'rows'}"
    said = f"{where} {_what(bad)}"
    if fault in ("rounded", "coarse", "late"):
        return Verdict(f"{said} ({_examples(bad)}).", fails=False)
    few = bad.count <= FEW * bad.total
    if few and bad.fault == "below" and column.bounds is not None and column.bounds.few_may_go:
        return Verdict(
            f"{said} and are left out ({_examples(bad)}). {column.bounds.below}", fails=False, leaves_out=True
        )
    if few and fault == "empty" and column.name == table.event_time and table.name not in _BEGIN_SHOPS:
        return Verdict(
            f"{said} and are left out ({_examples(bad)}). A row begins with its time: fill it to keep the row.",
            fails=False,
            leaves_out=True,
        )
    if few and isinstance(fault, NotBefore):
        return Verdict(f"{said}; {_gone(fault)} ({_examples(bad)}).", fails=False, leaves_out=True)
    if fault == "unreadable":
        received = str(bad.rows[column.name].type()).removeprefix("!")
        return Verdict(f"{said} (received {received}; {_examples(bad)}). {_remedy(bad)}")
    if bad.fault == "empty" and not _handles(bad):
        return Verdict(f"{said}. {_remedy(bad)}")
    return Verdict(f"{said} ({_examples(bad)}). {_remedy(bad)}")


def _gone(rule: NotBefore) -> str:
    """Say what becomes of a few that break a rule."""
    if rule.goes == "row":
        return "these rows are left out"
    return "they are taken as empty" if rule.goes == "value" else f"their {other_of(rule)} is taken as empty"


def _coarse(column: Column) -> str:
    start = COARSE_FROM.get(column.type, 0)
    return f"which hold no cents from {start:,} on" if column.type == "money" else f"which round from {start:,} on"


def _names_order(bad: Bad) -> bool:
    """Tell whether a rule is broken by the order that a row names, though the row could do without one."""
    return isinstance(bad.fault, NotBefore) and bad.fault.goes == "other" and bad.fault.is_of_order


def _what(bad: Bad) -> str:
    column = bad.column
    bounds = column.bounds
    if isinstance(bad.fault, NotBefore):
        return f"lie on a day before {bad.fault.column}{' of the order that they name' if _names_order(bad) else ''}"
    default = bad.table.column[column.at_most].default if column.at_most else None
    return {
        "unreadable": f"are not {_KIND_NAMES.get(column.type, f'a {column.type}')}",
        "empty": "are empty",
        "unknown": f"are neither {' nor '.join(column.values)}",
        "below": bounds.is_below if bounds else "",
        "above": f"lie above {bounds.maximum:,}" if bounds else "",
        "over": f"lie above their {column.at_most}" + (f" ({default:g} where it is empty)" if default else ""),
        "rounded": "have more than four digits after the point and are rounded",
        "coarse": f"are floats of 32 bits, {_coarse(column)}: export 64 bits or decimals",
        "far": f"lie before {EARLIEST.year} or after {LATEST.year - 1}",
        "late": f"lie more than {LATE_DAYS} days after the last order and count from their day on alone",
    }[bad.fault]


def _remedy(bad: Bad) -> str:
    column = bad.column
    if isinstance(bad.fault, NotBefore):
        if _names_order(bad):
            return "Correct them: look whether day and month are exchanged, or another order is meant."
        return "Correct them: look whether the two columns, or day and month, are exchanged."
    if bad.fault == "unreadable":
        return _how_to_write(bad)
    return {
        "empty": "Fill them, or drop these rows.",
        "unknown": f"Write {' or '.join(column.values)}, or leave it empty.",
        "below": column.bounds.below if column.bounds else "",
        "above": "Correct them, or leave these rows out.",
        "over": f"Bring the best that is possible in the column {column.at_most} (10 for NPS), or correct them.",
        "far": "Correct them, or leave empty what is not known.",
    }[bad.fault]


def _how_to_write(bad: Bad) -> str:
    """Say how to write values, by how most of them are written."""
    usual = _HOW_TO_WRITE[bad.column.type]
    value = bad.rows[bad.column.name]
    if bad.column.type == "id" and value.type().is_boolean():
        return "True and false name nothing: bring the column that holds the ids."
    is_time = bad.column.type in ("time", "plan")
    setting = f"tables.{bad.table.name}.{'date_format' if is_time else 'decimal'}"
    if not (is_time or (bad.column.type in ("money", "number") and value.type().is_string())):
        return usual
    texts = bad.rows.select(text=value.cast("string").strip()).order_by("text").limit(_LOOKED_AT).to_pandas().text
    if texts.str.contains(NOT, regex=False).any():
        return f"Correct {setting} in the config: the examples show what it says."
    said = _by_style(texts, _DAY_STYLES) or _by_style(texts, _TIME_STYLES) if is_time else _number_style(bad, texts)
    is_text = value.type().is_string()
    can_be_set = said is not None and any(part in said for part in (_A_FORMAT_READS if is_text else (_COUNTED,)))
    return f"{said} Or set {setting} in the config." if can_be_set else said or usual


def _number_style(bad: Bad, texts: Iterable[str]) -> str | None:
    own = _RATING_STYLES if bad.column.at_most else _MONEY_STYLES if bad.column.type == "money" else {}
    return _by_style(texts, own) or _by_style(texts, _STYLES)


def _by_style(texts: Iterable[str], styles: Mapping[str, str]) -> str | None:
    """Return the remedy of the style in which most texts are written; None where none is."""
    matches = Counter(remedy for text in texts for style, remedy in styles.items() if re.search(style, text))
    return max(styles.values(), key=lambda remedy: matches[remedy]) if matches else None


def _handles(bad: Bad) -> list[str]:
    # An empty key tells nobody which row is meant: another required column does.
    names = (*bad.table.key, *bad.table.required)
    return [name for name in names if name in bad.rows.columns and name != bad.column.name]


def _examples(bad: Bad) -> str:
    rows, column, handles = bad.rows, bad.column, _handles(bad)
    handle = handles[0] if handles else column.name
    declared = bad.table.column.get(handle, column)
    # Where the handle is wrong too, it is shown as it stands.
    named = ibis.coalesce(as_type(rows, declared).cast("string"), value_of(rows, declared).cast("string"))
    examples = rows.select(handle=named, value=rows[column.name].cast("string"))
    examples = examples.order_by("handle", "value").limit(EXAMPLES).to_pandas()
    with_value = bad.fault != "empty" and handle != column.name
    listed = [
        f"{short(row.handle)}: {short(row.value)}" if with_value else short(row.handle) for row in examples.itertuples()
    ]
    return f"{handle} {', '.join(listed)}" + (", ..." if bad.count > EXAMPLES else "")
