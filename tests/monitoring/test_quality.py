"""Data quality: nothing is said of whole data, and what is planted is named with its day."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.models.finding import Finding
from churnml.monitoring.quality import judge_quality

DAY = date(2025, 6, 30)
BROKEN = pd.Timestamp("2025-06-10")
Tables = dict[str, pd.DataFrame]


def make_tables() -> Tables:
    rng = np.random.default_rng(1)
    days = pd.date_range("2024-03-01", "2025-06-30", freq="D")
    season = 1 + 0.6 * np.sin(2 * np.pi * days.day_of_year / 365)
    at = np.repeat(days, rng.poisson(20 * season))
    n = len(at)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(n)],
            "customer_id": [f"c{number % 700}" for number in range(n)],
            "ordered_at": at + pd.to_timedelta(rng.integers(0, 1440, n), unit="min"),
            "amount": np.exp(rng.normal(3.5, 0.6, n)).round(2),
            "channel": np.where(rng.random(n) < 0.1, None, "web"),
        }
    )
    late = orders.sample(frac=0.1, random_state=1)
    complaints = pd.DataFrame(
        {
            "complaint_id": [f"x{number}" for number in range(len(late))],
            "customer_id": late["customer_id"],
            "opened_at": late["ordered_at"] + pd.Timedelta(days=2),
        }
    )
    deliveries = orders[["order_id"]].assign(promised_at=orders["ordered_at"] + pd.Timedelta(days=3))
    return {"orders": orders, "deliveries": deliveries, "complaints": complaints}


def judge(change: Callable[[Tables], object], day: date = DAY) -> dict[str, Finding]:
    tables = make_tables()
    change(tables)
    return {answer.name: answer for answer in judge_quality(read(tables, allow=["zero_amounts"]), day)}


def stop_deliveries(tables: Tables) -> None:
    gone = tables["orders"]["ordered_at"] >= BROKEN
    tables["deliveries"] = tables["deliveries"][~gone.to_numpy()]


def other_currency(tables: Tables) -> None:
    orders = tables["orders"]
    hit = (orders["ordered_at"] >= BROKEN) & (np.random.default_rng(2).random(len(orders)) < 0.3)
    orders.loc[hit, "amount"] = (orders.loc[hit, "amount"] * 35).round(2)


def all_in_cents(tables: Tables) -> None:
    orders = tables["orders"]
    orders.loc[orders["ordered_at"] >= BROKEN, "amount"] /= 100
    orders["amount"] = orders["amount"].round(4)


def empty_channel(tables: Tables) -> None:
    tables["orders"].loc[tables["orders"]["ordered_at"] >= BROKEN, "channel"] = None


def lose_orders(tables: Tables) -> None:
    orders = tables["orders"]
    lost = (orders["ordered_at"] >= BROKEN) & (np.random.default_rng(3).random(len(orders)) < 0.85)
    tables["orders"] = orders[~lost]
    tables["deliveries"] = tables["deliveries"][~lost.to_numpy()]


def test_of_whole_data_nothing_is_said_in_any_season() -> None:
    shop = read(make_tables())
    for day in (DAY, date(2025, 4, 15), date(2025, 1, 20), date(2024, 12, 1)):
        answers = judge_quality(shop, day)
        assert [answer.name for answer in answers] == ["stale", "last day", "feed", "amounts", "nulls"]
        assert {answer.grade for answer in answers} == {"pass"}, day


@pytest.mark.parametrize(
    ("change", "names", "where"),
    [(stop_deliveries, ["feed"], "deliveries"), (lose_orders, ["last day", "feed"], "orders")],
)
def test_a_feed_that_stops_is_named_with_its_day(
    change: Callable[[Tables], object], names: list[str], where: str
) -> None:
    answers = judge(change)
    assert [one for one, answer in answers.items() if answer.grade != "pass"] == names
    found = answers["feed"]
    assert (found.grade, found.do, found.examples[0]["table"]) == ("fail", "stop", where)
    assert abs((date.fromisoformat(str(found.examples[0]["day"])) - BROKEN.date()).days) <= 3
    assert found.number < 0.5


@pytest.mark.parametrize(("change", "share"), [(other_currency, 0.3), (all_in_cents, 0.0)])
def test_amounts_of_another_size_are_named_with_their_day(change: Callable[[Tables], object], share: float) -> None:
    answers = judge(change)
    assert [one for one, answer in answers.items() if answer.grade != "pass"] == ["amounts"]
    found = answers["amounts"]
    assert float(found.details["share"]) == pytest.approx(share, abs=0.08)
    assert (float(found.details["factor"]) > 3) == (share == 0.0)
    assert abs((date.fromisoformat(str(found.details["day"])) - BROKEN.date()).days) <= 3


@pytest.mark.parametrize(("change", "name"), [(stop_deliveries, "feed"), (other_currency, "amounts")])
def test_what_broke_months_ago_is_still_said(
    change: Callable[[Tables], object], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "BROKEN", pd.Timestamp("2025-03-20"))
    assert judge(change)[name].grade == "fail"


def test_a_column_that_went_empty_is_named() -> None:
    found = judge(empty_channel)["nulls"]
    assert (found.grade, found.examples[0]["column"], found.examples[0]["share"]) == ("fail", "orders.channel", 1.0)


def test_where_the_orders_end_nothing_else_is_said() -> None:
    def end(tables: Tables) -> None:
        for name in tables:
            tables[name] = tables[name][tables["orders"]["ordered_at"].reindex(tables[name].index) < "2025-06-01"]

    answers = judge(end)
    assert list(answers) == ["stale"]
    assert (answers["stale"].grade, answers["stale"].do, answers["stale"].number) == ("fail", "stop", 29)
