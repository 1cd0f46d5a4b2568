"""Printing the overview of a shop, in the language of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from churnml.analytics.groups import FEWEST, NOT_KNOWN, by_difference
from churnml.analytics.kpis import KPIS, UNITS_OF
from churnml.analytics.lifecycle import NO_CUSTOMER
from churnml.analytics.overview import Overview
from churnml.analytics.segments import segment_rules
from churnml.cli.lines import aligned, fitted, width
from churnml.cli.say import say
from churnml.cli.show_service import service_parts
from churnml.printable import printable
from churnml.words import Language, words
from churnml.words.names import name_of
from churnml.words.numbers import write_decimal, write_percent

_SEGMENT_FIGURES = ("churn_rate", "repeat_customer_rate", "purchase_frequency", "average_order_value")
_EXPERIENCE = {
    "late_share": "share",
    "complaint_rate": "share",
    "return_rate": "share",
    "mean_rating": "number",
    "nps": "number",
}
_MONTHS = 12
_COHORTS = 13
_GROUPS = 5
_NOTHING = "-"
_INDENT = 2


def print_overview(overview: Overview, language: Language) -> None:
    """Print the figures of a shop, each with its formula or what it says."""
    told = _Printer(language)
    moves = told.t["moves"].format(day=overview.snapshot_date)
    for title, lines in (
        (told.words["faults"]["faults"], told.faults(overview.faults)),
        (told.t["kpis"], told.kpis(overview)),
        (told.t["formulas"], [f"{told.kpi(name)}: {formula}" for name, formula in formulas(language).items()]),
        (told.t["kpis_by_segment"], told.by_segment(overview)),
        (told.t["lifecycle"], told.standings(overview.lifecycle, "stage")),
        (moves, told.moves(overview.transitions, "lifecycle_stage")),
        (told.t["segments"], told.segments(overview)),
        (moves, told.moves(overview.migration, "segment")),
        (told.t["cohorts"], told.cohorts(overview.cohorts)),
        (told.t["concentration"], told.concentration(overview.concentration)),
        (told.t["reasons"], told.reasons(overview.reasons)),
        (told.t["topics"], told.topics(overview.topics)),
        (told.t["groups"].format(fewest=FEWEST), told.groups(overview.groups)),
        (told.words["habits"]["habits"], told.habits(overview.habits, overview.habit_shares)),
        (told.words["loyalty"]["points"], told.loyalty(overview.points)),
        (told.words["loyalty"]["next_tiers"], told.loyalty(overview.next_tiers)),
        (told.t["experience"], told.experience(overview.experience)),
        (told.words["second_orders"]["second_orders"], told.second_orders(overview.second_orders)),
        (told.t["first_experience"], told.first(overview.first_experience)),
        *service_parts(overview, language),
    ):
        if lines:
            broken = [part for line in lines for part in fitted(line, width() - _INDENT)]
            say(title, "", *(f"{'':{_INDENT}}{line}" for line in broken), "")


def formulas(language: Language) -> dict[str, str]:
    """Give the formulas of the key figures in words, by name."""
    said = words(language)["kpis"]
    return {name: said[name]["formula"] for name in KPIS}


def as_json(
    overview: Overview, rows: Callable[[pd.DataFrame], list[dict[str, Any]]], language: Language
) -> dict[str, Any]:
    """Give the key figures of the last horizon by name, and all tables."""
    figures = {name: None if pd.isna(value) else value for name, value in overview.figures.items()}
    tables = {name: rows(table) for name, table in overview.tables().items()}
    return {
        "snapshot_date": overview.snapshot_date,
        "horizon_days": overview.definition.horizon_days,
        "currency": overview.currency,
        **figures,
        "formulas": formulas(language),
        "segment_rules": segment_rules(),
        **tables,
    }


class _Printer:
    """Makes lines of tables, in one language; codes are English words, which other languages name."""

    def __init__(self, language: Language) -> None:
        self.language, self.words = language, words(language)
        self.t, self.shop = self.words["overview"], self.words["shop"]

    def kpis(self, overview: Overview) -> list[str]:
        currency = f" {overview.currency}" if overview.currency else ""
        rows = [(str(name), table) for name, table in overview.kpis.groupby("kpi", sort=False)]
        width = max([27, *(len(self.kpi(name)) + 2 for name, _ in rows)])
        lines = []
        for name, table in rows:
            unit, newest = UNITS_OF[name], table.iloc[-1]
            line = f"{self.kpi(name):<{width}}{self._figure(newest.value, unit):>12}"
            if unit == "money":
                line += currency
            if not pd.isna(newest.low):
                low, high = (self._figure(end, unit) for end in (newest.low, newest.high))
                line += f"  ({self.t['interval'].format(low=low, high=high)})"
            if not pd.isna(newest.change):
                sure = "unsure" if pd.isna(newest.is_noise) else "noise" if newest.is_noise else "moved"
                before = ", ".join(self._figure(value, unit) for value in table["value"].iloc[:-1])
                before = self.t["before"].format(figures=before)
                line += f"; {self._change(newest.change, unit)}: {self.t[sure]}; {before}"
            lines.append(line)
        return lines

    def by_segment(self, overview: Overview) -> list[str]:
        table = overview.kpis_by_segment
        newest = table[table["period_end"] == table["period_end"].max()]
        rows = [[self.t["segment"], self.t["customers"], *(self._spaced(self.kpi(name)) for name in _SEGMENT_FIGURES)]]
        for segment, figures in newest.groupby("segment", sort=False):
            by = figures.set_index("kpi")
            marked = [self._with_change(by.loc[name], KPIS[name].unit) for name in _SEGMENT_FIGURES]
            rows.append([self._named("segment", segment), self._whole(by["customers"].iloc[0]), *marked])
        no_customer = self._named("segment", NO_CUSTOMER)
        return [*aligned(rows, [20, 10, 24]), self.t["moved_note"].format(no_customer=no_customer)]

    def standings(self, table: pd.DataFrame, column: str) -> list[str]:
        return aligned(self._standings(table, column), [20, 22])

    def _standings(self, table: pd.DataFrame, column: str) -> list[list[str]]:
        days, kind = list(dict.fromkeys(table["snapshot_date"])), "lifecycle_stage" if column == "stage" else column
        rows = [[self.t[column], *map(str, days)]]
        for name, cells in table.groupby(column, sort=False):
            shares = [f"{self._whole(row.customers):>13} {self._share(row.share):>8}" for row in _rows(cells)]
            rows.append([self._named(kind, name), *shares])
        return rows

    def segments(self, overview: Overview) -> list[str]:
        table = overview.segments
        newest = table[table["snapshot_date"] == table["snapshot_date"].max()].set_index("segment")["amount_share"]
        title, *rows = self._standings(table, "segment")
        rules = segment_rules()
        rows = [[*row, self._share(newest[name])] for row, name in zip(rows, rules, strict=True)]
        told = [f"{self._named('segment', name)}: {self._rule(rule)}" for name, rule in rules.items()]
        return [*aligned([[*title, self.t["of_money"]], *rows], [20, 22]), "", self.t["rule"], *told]

    def moves(self, table: pd.DataFrame, kind: str) -> list[str]:
        newest = table[table["period_end"] == table["period_end"].max()] if len(table) else table
        if newest.empty:
            return []
        afters = list(dict.fromkeys([*newest["before"], *newest["after"]]))
        afters = [name for name in afters if name in set(newest["after"])]
        rows = [["", *(self._named(kind, name)[:13] for name in afters)]]
        for before, of in newest.groupby("before", sort=False):
            share = of.set_index("after")["share"]
            cells = [f"{100 * share[name]:.0f}" if name in share else "." for name in afters]
            rows.append([self._named(kind, before), *cells])
        return aligned(rows, [20, 14])

    def cohorts(self, table: pd.DataFrame) -> list[str]:
        rows = [[self.t["cohort"], self.t["customers"], *map(str, range(1, _MONTHS + 1))]]
        for cohort, of in list(table.groupby("cohort"))[-_COHORTS:]:
            known = of[(of["month"] > 0) & (of["month"] <= _MONTHS) & of["is_complete"]]
            shares = [f"{100 * share:.0f}" for share in known["retention_share"]]
            rows.append([f"{cohort:%Y-%m}", self._whole(of["size"].iloc[0]), *shares])
        return aligned(rows, [12, 10, 5])

    def concentration(self, table: pd.DataFrame) -> list[str]:
        told = [
            self.t["best"].format(
                customers=write_percent(row.customer_share, self.language),
                amount=write_percent(row.amount_share, self.language),
            )
            for row in _rows(table)
        ]
        return [", ".join(told[:-1]) + "."] if told else []

    def reasons(self, table: pd.DataFrame) -> list[str]:
        names = [self._named(None, row.reason) for row in _rows(table)]
        width = max([22, *(len(name) + 1 for name in names)])
        return [
            f"{name:<{width}}"
            + self.t["reason"].format(
                churned=f"{self._share(row.churned_share):>7}",
                stayed=f"{self._share(row.stayed_share):>6}",
                difference=self._difference(row),
            )
            for name, row in zip(names, _rows(table), strict=True)
        ]

    def topics(self, table: pd.DataFrame) -> list[str]:
        return [
            f"{printable(self._value(row.topic))[:28]:<30}"
            + self.t["topic"].format(
                complaints=f"{self._whole(row.complaints):>7}",
                customers=f"{self._whole(row.customers):>7}",
                left=f"{self._share(row.churned_share):>6}",
            )
            + self._small(row)
            for row in _rows(table)
        ]

    def groups(self, table: pd.DataFrame) -> list[str]:
        lines = []
        for group, rows in by_difference(table).groupby("group", sort=False):
            told = []
            for row in _rows(rows.head(_GROUPS)):
                star = "*" if not pd.isna(row.differs) and row.differs else ""
                value = printable(self._value(row.value))[:24]
                told.append(f"{value} {self._share(row.churn_rate)}{star}")
            name = self.words["groups"].get(group, group)
            lines.append(f"{name}: {', '.join(told)}{', ...' if len(rows) > _GROUPS else ''}")
        return lines

    def experience(self, table: pd.DataFrame) -> list[str]:
        names = [name for name in _EXPERIENCE if name in table.columns]
        if not names:
            return []
        titles = [name if self.language == "en" else self.shop[name] for name in names]
        rows = [[self.t["until"], *map(self._spaced, titles)]]
        for row in _rows(table):
            rows.append([str(row.period_end), *(self._figure(getattr(row, name), _EXPERIENCE[name]) for name in names)])
        return aligned(rows, [12, 16])

    def second_orders(self, table: pd.DataFrame) -> list[str]:
        t = self.words["second_orders"]
        lines = [
            t["line"].format(
                month=f"{row.month:%Y-%m}" + ("" if row.is_complete else "*"),
                customers=self._whole(row.customers),
                **{name: self._share(rate) for name, rate in zip(("rate", "low", "high"), row[3:6], strict=True)},
            )
            for row in _rows(table)
        ]
        return [*lines, t["note"]] if lines else []

    def first(self, table: pd.DataFrame) -> list[str]:
        names = [self._named(None, row.experience) for row in _rows(table)]
        width = max([16, *(len(name) + 1 for name in names)])
        lines = []
        for name, row in zip(names, _rows(table), strict=True):
            customers, share = f"{self._whole(row.customers):>9}", f"{self._share(row.retention_rate):>6}"
            line = f"{name:<{width}}" + self.t["came_back"].format(customers=customers, share=share)
            if not pd.isna(row.difference):
                line += ", " + self.t["against"].format(difference=self._difference(row))
            lines.append(line)
        return [*lines, self.shop["association"]] if lines else []

    def faults(self, table: pd.DataFrame) -> list[str]:
        t = self.words["faults"]
        lines = [
            t["line"].format(
                fault=t["kinds"][row.fault],
                group=t["groups"].get(row.group.lower(), row.group),
                value=printable(row.value)[:24],
                weeks=row.weeks,
                events=self._whole(row.events),
                expected=write_decimal(row.expected, 1, self.language),
                hit=self._whole(row.customers_hit),
                under_way=_NOTHING if pd.isna(row.customers_under_way) else self._whole(row.customers_under_way),
                **{name: self._times(getattr(row, name)) for name in ("ratio", "low", "high")},
            )
            for row in _rows(table)
        ]
        return [*lines, t["faults_note"]] if lines else []

    def habits(self, table: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
        t = self.words["habits"]
        most = shares.sort_values("share", ascending=False, kind="stable").drop_duplicates(["group", "value", "habit"])
        lines = []
        for row in _rows(table[table["customers"] > 0]):
            own = most[(most["group"] == row.group) & (most["value"] == row.value)].sort_values("habit")
            told = [
                t["most"].format(of=printable(t["weekdays"].get(each.of, each.of))[:24], share=self._share(each.share))
                for each in _rows(own)
            ]
            kind = {"segment": "segment", "stage": "lifecycle_stage"}.get(row.group)
            line = t["line"].format(
                group=t["groups"][row.group],
                value=self._named(kind, row.value) if kind else printable(row.value)[:24],
                customers=self._whole(row.customers),
                orders=self._figure(row.orders_per_customer, "number"),
                amount=self._figure(row.order_value, "number"),
                lines=self._figure(row.lines_per_order, "number"),
                most=", ".join(told) or _NOTHING,
                stars=self._figure(row.stars, "number"),
                nps=self._figure(row.nps, "number"),
            )
            lines.append(line + self._small(row))
        return lines

    def loyalty(self, table: pd.DataFrame) -> list[str]:
        t = self.words["loyalty"]
        names = [name for name in table.columns if name != "period_start"]
        rows = [[t["until" if name == "period_end" else name] for name in names]]
        for row in _rows(table):
            values = [getattr(row, name) for name in names]
            rows.append([printable(str(values[0])), *(_NOTHING if pd.isna(v) else self._whole(v) for v in values[1:])])
        return aligned(rows, [14, 12]) if len(table) else []

    def _times(self, ratio: float) -> str:
        return _NOTHING if pd.isna(ratio) else write_decimal(ratio, 1, self.language)

    def kpi(self, name: str) -> str:
        """Name a key figure."""
        return name if self.language == "en" else str(self.words["kpis"][name]["title"])

    def _named(self, kind: str | None, code: object) -> str:
        if self.language == "en":
            return str(code)
        known = self.words["names"].get(code)
        return str(code if kind is None else name_of(kind, code, self.language)) if known is None else str(known)

    def _value(self, value: str) -> str:
        return str(self.words["values"].get(value, value))

    def _spaced(self, title: str) -> str:
        return title.replace("_", " ")

    def _rule(self, rule: str) -> str:
        return rule.replace(" and ", f" {self.shop['and']} ").replace(" or ", f" {self.shop['or']} ")

    def _small(self, row: Any) -> str:
        return f" ({self.shop['small']})" if row.is_small else ""

    def _whole(self, number: float) -> str:
        return write_decimal(number, 0, self.language)

    def _share(self, value: float) -> str:
        return self._figure(value, "share")

    def _figure(self, value: float, unit: str) -> str:
        if pd.isna(value):
            return _NOTHING
        if unit == "share":
            return write_percent(value, self.language, 1)
        if unit == "days":
            return str(self.t["days"].format(n=write_decimal(value, 1, self.language)))
        return write_decimal(value, 2, self.language)

    def _change(self, change: float, unit: str) -> str:
        if unit != "share":
            return write_decimal(change, 2, self.language, signed=True)
        return str(self.t["points"].format(points=self._points(change)))

    def _points(self, share: float) -> str:
        return write_decimal(100 * share, 1, self.language, signed=True)

    def _with_change(self, row: pd.Series, unit: str) -> str:
        return self._figure(row["value"], unit) + ("*" if not pd.isna(row["is_noise"]) and not row["is_noise"] else "")

    def _difference(self, row: Any) -> str:
        if pd.isna(row.difference):
            return str(self.words["values"][NOT_KNOWN])
        points, low, high = map(self._points, (row.difference, row.difference_low, row.difference_high))
        return str(self.t["difference"].format(points=points, low=low, high=high))


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples(index=False)
