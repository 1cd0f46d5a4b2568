"""Printing the overview of a shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from churnml.analytics.kpis import KPIS, UNITS_OF
from churnml.analytics.lifecycle import NO_CUSTOMER
from churnml.analytics.overview import Overview
from churnml.analytics.segments import segment_rules
from churnml.cli.say import say
from churnml.printable import printable
from churnml.words import words

_SEGMENT_FIGURES = ("churn_rate", "repeat_customer_rate", "purchase_frequency", "average_order_value")
_MONTHS = 12
_COHORTS = 13
_GROUPS = 5


def print_overview(overview: Overview) -> None:
    """Print the figures of a shop, each with its formula or what it says."""
    currency = f" {overview.currency}" if overview.currency else ""
    for title, lines in (
        ("Key figures of the last horizon, and those of the periods before", _kpis(overview, currency)),
        ("How they are computed", [f"{name}: {formula}" for name, formula in formulas().items()]),
        ("By the segment in which a customer stood when the period began", _by_segment(overview, currency)),
        (
            "Lifecycle stages (VIP by the simple rule of value, without a model)",
            _shares(overview.lifecycle, "stage"),
        ),
        (f"Where they went until {overview.snapshot_date} (per cent of each row)", _moves(overview.transitions)),
        ("RFM segments", _segments(overview)),
        (f"Where they went until {overview.snapshot_date} (per cent of each row)", _moves(overview.migration)),
        ("Cohorts: per cent who ordered again, by months since the first order", _cohorts(overview.cohorts)),
        ("Concentration of the revenue of the last 365 days", _concentration(overview.concentration)),
        ("What preceded leaving", _reasons(overview.reasons)),
        ("Topics of complaints", _topics(overview.topics)),
        ("Churn rate by group (* differs from the rest, (small) fewer than 30)", _groups(overview.groups)),
        ("After the purchase", _experience(overview.experience)),
        ("After a bad first experience", _first(overview.first_experience)),
    ):
        if lines:
            say(title, "", *(f"  {line}" for line in lines), "")


def formulas() -> dict[str, str]:
    """Give the formulas of the key figures in words, by name."""
    said = words("en")["kpis"]
    return {name: said[name]["formula"] for name in KPIS}


def as_json(overview: Overview, rows: Callable[[pd.DataFrame], list[dict[str, Any]]]) -> dict[str, Any]:
    """Give the key figures of the last horizon by name, and all tables."""
    figures = {name: None if pd.isna(value) else value for name, value in overview.figures.items()}
    tables = {name: rows(table) for name, table in overview.tables().items()}
    return {
        "snapshot_date": overview.snapshot_date,
        "horizon_days": overview.definition.horizon_days,
        "currency": overview.currency,
        **figures,
        "formulas": formulas(),
        "segment_rules": segment_rules(),
        **tables,
    }


def _figure(value: float, unit: str) -> str:
    if pd.isna(value):
        return "-"
    return {"share": f"{value:.1%}", "money": f"{value:,.2f}", "days": f"{value:.1f} days"}.get(unit, f"{value:.2f}")


def _kpis(overview: Overview, currency: str) -> list[str]:
    lines = []
    for name, rows in overview.kpis.groupby("kpi", sort=False):
        unit, newest = UNITS_OF[str(name)], rows.iloc[-1]
        line = f"{name:<27}{_figure(newest.value, unit):>12}"
        if unit == "money":
            line += currency
        if not pd.isna(newest.low):
            line += f"  (95 %: {_figure(newest.low, unit)} to {_figure(newest.high, unit)})"
        if not pd.isna(newest.change):
            change = f"{100 * newest.change:+.1f} points" if unit == "share" else f"{newest.change:+,.2f}"
            said = "too few to tell from noise"
            if not pd.isna(newest.is_noise):
                said = "noise" if newest.is_noise else "more than noise"
            before = ", ".join(_figure(value, unit) for value in rows["value"].iloc[:-1])
            line += f"; {change}: {said}; before: {before}"
        lines.append(line)
    return lines


def _by_segment(overview: Overview, currency: str) -> list[str]:
    table = overview.kpis_by_segment
    newest = table[table["period_end"] == table["period_end"].max()]
    lines = [
        f"{'segment':<20}{'customers':>10}" + "".join(f"{name.replace('_', ' '):>24}" for name in _SEGMENT_FIGURES)
    ]
    for segment, rows in newest.groupby("segment", sort=False):
        by = rows.set_index("kpi")
        told = "".join(f"{_with_change(by.loc[name], KPIS[name].unit):>24}" for name in _SEGMENT_FIGURES)
        lines.append(f"{segment:<20}{by['customers'].iloc[0]:>10,}{told}")
    return [*lines, f"* more than noise against the period before. {NO_CUSTOMER}: no order within the active days."]


def _with_change(row: pd.Series, unit: str) -> str:
    return _figure(row["value"], unit) + ("*" if not pd.isna(row["is_noise"]) and not row["is_noise"] else "")


def _shares(table: pd.DataFrame, column: str) -> list[str]:
    days = list(dict.fromkeys(table["snapshot_date"]))
    lines = [f"{column:<20}" + "".join(f"{day!s:>22}" for day in days)]
    for name, rows in table.groupby(column, sort=False):
        lines.append(f"{name:<20}" + "".join(f"{row.customers:>13,} {row.share:>8.1%}" for row in _rows(rows)))
    return lines


def _segments(overview: Overview) -> list[str]:
    table = overview.segments
    newest = table[table["snapshot_date"] == table["snapshot_date"].max()].set_index("segment")["amount_share"]
    title, *lines = _shares(table, "segment")
    rules = segment_rules()
    told = [f"{line}{newest[name]:>12.1%}  {rules[name]}" for line, name in zip(lines, rules, strict=True)]
    return [f"{title}{'of revenue':>12}  rule (R, F, M: fifths, 5 the best; FM the mean of F and M, rounded up)", *told]


def _moves(table: pd.DataFrame) -> list[str]:
    newest = table[table["period_end"] == table["period_end"].max()] if len(table) else table
    if newest.empty:
        return []
    afters = list(dict.fromkeys([*newest["before"], *newest["after"]]))
    afters = [name for name in afters if name in set(newest["after"])]
    lines = [f"{'':<20}" + "".join(f"{name[:13]:>14}" for name in afters)]
    for before, rows in newest.groupby("before", sort=False):
        share = rows.set_index("after")["share"]
        cells = [f"{100 * share[name]:.0f}" if name in share else "." for name in afters]
        lines.append(f"{before!s:<20}" + "".join(f"{cell:>14}" for cell in cells))
    return lines


def _cohorts(table: pd.DataFrame) -> list[str]:
    lines = [f"{'first order':<12}{'customers':>10}" + "".join(f"{month:>5}" for month in range(1, _MONTHS + 1))]
    for cohort, rows in list(table.groupby("cohort"))[-_COHORTS:]:
        known = rows[(rows["month"] > 0) & (rows["month"] <= _MONTHS) & rows["is_complete"]]
        told = "".join(f"{100 * share:>5.0f}" for share in known["retention_share"])
        lines.append(f"{cohort:%Y-%m}     {rows['size'].iloc[0]:>10,}{told}")
    return lines


def _concentration(table: pd.DataFrame) -> list[str]:
    told = [f"the best {row.customer_share:.0%} bring {row.amount_share:.0%}" for row in _rows(table)]
    return [", ".join(told[:-1]) + "."] if told else []


def _reasons(table: pd.DataFrame) -> list[str]:
    return [
        f"{row.reason:<22}{_share(row.churned_share):>7} of those who left, {_share(row.stayed_share):>6} of those who "
        f"stayed; difference {_points(row.difference, row.difference_low, row.difference_high)}"
        for row in _rows(table)
    ]


def _topics(table: pd.DataFrame) -> list[str]:
    return [
        f"{printable(row.topic)[:28]:<30}{row.complaints:>7,} complaints, {row.customers:>7,} customers, "
        f"{_share(row.churned_share):>6} left{' (small)' if row.is_small else ''}"
        for row in _rows(table)
    ]


def _groups(table: pd.DataFrame) -> list[str]:
    lines = []
    for group, rows in table.groupby("group", sort=False):
        told = []
        for row in _rows(rows.head(_GROUPS)):
            star = "*" if not pd.isna(row.differs) and row.differs else ""
            told.append(
                f"{printable(row.value)[:24]} {_share(row.churn_rate)}{star}{' (small)' if row.is_small else ''}"
            )
        lines.append(f"{group}: {', '.join(told)}{', ...' if len(rows) > _GROUPS else ''}")
    return lines


def _experience(table: pd.DataFrame) -> list[str]:
    shown = {
        "late_share": "share",
        "complaint_rate": "share",
        "return_rate": "share",
        "mean_rating": "number",
        "nps": "number",
    }
    names = [name for name in shown if name in table.columns]
    if not names:
        return []
    lines = [f"{'until':<12}" + "".join(f"{name.replace('_', ' '):>16}" for name in names)]
    for row in _rows(table):
        told = "".join(f"{_figure(getattr(row, name), shown[name]):>16}" for name in names)
        lines.append(f"{row.period_end!s:<12}{told}")
    return lines


def _first(table: pd.DataFrame) -> list[str]:
    lines = []
    for row in _rows(table):
        line = f"{row.experience:<16}{row.customers:>9,} customers, {_share(row.retention_rate):>6} ordered again"
        if not pd.isna(row.difference):
            line += f", {_points(row.difference, row.difference_low, row.difference_high)} against none of these"
        lines.append(line)
    return [*lines, words("en")["shop"]["association"]] if lines else []


def _share(value: float) -> str:
    return _figure(value, "share")


def _points(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return "not known"
    return f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples(index=False)
