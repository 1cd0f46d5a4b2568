"""Printing the parts of an overview about service: complaints, answers and messages, returns, codes, referrals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from churnml.analytics.free_text import FEWEST_MESSAGES, TOO_FEW
from churnml.cli.lines import aligned
from churnml.printable import printable
from churnml.words import Language, words
from churnml.words.numbers import number_writer, write_decimal, write_percent

if TYPE_CHECKING:
    from churnml.analytics.overview import Overview

_WIDTHS = (24, 12)
_NOTHING = "-"


def service_parts(overview: Overview, language: Language) -> Iterator[tuple[str, list[str]]]:
    """Write the tables about service as lines, each under its title; without lines where there is nothing to tell."""
    told = _Service(language)
    yield told.t["support"], told.support(overview.support, "period_end", told.shop["until"])
    yield told.t["support_topics"], told.support(overview.support_topics, "value", told.shop["topic"])
    yield told.words["free_text"]["text_topics"], told.texts(overview.text_topics)
    yield told.t["after_service"], told.after(overview.after_service)
    yield told.t["promotions"], told.promotions(overview.promotions)
    yield told.t["referrals"], told.referrals(overview.referrals)


class _Service:
    """Makes lines of tables, in one language."""

    def __init__(self, language: Language) -> None:
        self.language, self.words = language, words(language)
        self.t, self.shop = self.words["service"], self.words["shop"]

    def support(self, table: pd.DataFrame, first: str, title: str) -> list[str]:
        titles = [
            title,
            self.shop["complaints"],
            self.t["answer_hours"],
            self.t["resolution_days"],
            self.t["unresolved"],
        ]
        hours, days = (number_writer(unit, self.language) for unit in ("hours", "days"))
        rows = [
            [
                self._value(row[first])[:40],
                self._whole(row["complaints"]),
                _NOTHING if pd.isna(row["answer_hours"]) else hours(row["answer_hours"]),
                _NOTHING if pd.isna(row["resolution_days"]) else days(row["resolution_days"]),
                self._whole(row["unresolved"]),
            ]
            for row in table.to_dict("records")
        ]
        return aligned([titles, *rows], _WIDTHS) if rows else []

    def texts(self, table: pd.DataFrame) -> list[str]:
        t = self.words["free_text"]
        lines = []
        for row in table.to_dict("records"):
            is_known = row["topic"] != TOO_FEW
            line = t["line"].format(
                source=t["sources"][row["source"]],
                topic=self._value(row["topic"]) if is_known else t["too_few"].format(fewest=FEWEST_MESSAGES),
                messages=self._whole(row["messages"]),
            )
            if is_known and row["customers"]:
                rates = {"share": self._share(row["retention_rate"]), "difference": self._difference(row)}
                line += t["after"].format(**rates) + (f" ({self.shop['small']})" if row["is_small"] else "")
            lines.append(line)
        return [*lines, t["note"]] if lines else []

    def after(self, table: pd.DataFrame) -> list[str]:
        rows = [
            [f"{self.t['events'][row['event']]}: {self._named(row)}", *self._rates(row)]
            for row in table.to_dict("records")
            if row["customers"]
        ]
        titles = ["", self.shop["customers"], self.shop["came_back"], self.shop["difference"]]
        return [*aligned([titles, *rows], _WIDTHS), self.t["after_service_note"]] if rows else []

    def promotions(self, table: pd.DataFrame) -> list[str]:
        names = ("repeat_rate", "churn_rate", "code_share")
        rows = [
            [self._named(row), self._whole(row["customers"]), *(self._share(row[name]) for name in names)]
            for row in table.to_dict("records")
        ]
        titles = [
            self.t["first_code"],
            self.shop["customers"],
            self.t["repeat_rate"],
            self.shop["left"],
            self.t["code_share"],
        ]
        return [*aligned([titles, *rows], _WIDTHS), self.t["promotions_note"]] if rows else []

    def referrals(self, table: pd.DataFrame) -> list[str]:
        rows = [[self._named(row), *self._rates(row)] for row in table.to_dict("records")]
        titles = ["", self.shop["customers"], self.t["stayed"], self.shop["difference"]]
        return [*aligned([titles, *rows], _WIDTHS), self.t["referrals_note"]] if rows else []

    def _rates(self, row: dict[Any, Any]) -> list[str]:
        return [self._whole(row["customers"]), self._share(row["retention_rate"]), self._difference(row)]

    def _difference(self, row: dict[Any, Any]) -> str:
        if pd.isna(row["difference"]):
            return _NOTHING
        points, low, high = (
            write_decimal(100 * row[name], 1, self.language, signed=True)
            for name in ("difference", "difference_low", "difference_high")
        )
        return str(self.words["overview"]["difference"].format(points=points, low=low, high=high))

    def _named(self, row: dict[Any, Any]) -> str:
        return self._value(row["value"])[:40] + (f" ({self.shop['small']})" if row["is_small"] else "")

    def _value(self, value: Any) -> str:
        known = self.t["kinds"].get(value) or self.words["values"].get(value, value)
        return printable(str(known))

    def _whole(self, number: float) -> str:
        return write_decimal(number, 0, self.language)

    def _share(self, value: float) -> str:
        return _NOTHING if pd.isna(value) else write_percent(value, self.language, 1)
