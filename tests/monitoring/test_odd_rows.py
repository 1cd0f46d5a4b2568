"""Odd rows, each counted by hand: 26 weeks of 40 orders, and a last week that is odd."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.reading import read
from churnml.models.finding import Finding
from churnml.monitoring import odd_rows
from churnml.monitoring.odd_rows import judge_rows
from churnml.words import LANGUAGES
from churnml.words.findings import say_finding

DAY = date(2025, 6, 30)
WEEKS, A_WEEK = 31, 40
Tables = dict[str, pd.DataFrame]


def make_tables() -> Tables:
    """Make a complaint a week after every order; of 40 of a week, 4 are recorded two days later, 36 at once."""
    ago = np.repeat(np.arange(1, 7 * WEEKS, 7), A_WEEK)
    at = pd.Timestamp(DAY) - pd.to_timedelta(ago, unit="D") + pd.Timedelta(hours=1)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(ago))],
            "customer_id": [f"c{number % 90}" for number in range(len(ago))],
            "ordered_at": at,
            "amount": 10.0,
            "channel": np.where(np.arange(len(ago)) % 2, "web", "shop"),
        }
    )
    complaints = orders[["customer_id"]].assign(
        complaint_id=[f"x{number}" for number in range(len(ago))],
        order_id=[*orders["order_id"].iloc[A_WEEK:], *[None] * A_WEEK],
        recorded_at=at + pd.Timedelta(hours=2),
    )
    late = np.arange(len(ago)) % A_WEEK < 4
    complaints["opened_at"] = at - pd.to_timedelta(np.where(late, 2, 0), unit="D")
    return {"orders": orders, "complaints": complaints}


def judge(tables: Tables, clock: datetime | None = None) -> dict[str, Finding]:
    return {answer.name: answer for answer in judge_rows(History(read(tables), DAY), clock)}


def newest(table: pd.DataFrame, column: str) -> np.ndarray:
    """Mark the rows of the last week."""
    return (table[column] >= pd.Timestamp(DAY) - pd.Timedelta(days=7)).to_numpy()


def test_of_rows_as_ever_nothing_is_said() -> None:
    answers = judge(make_tables(), datetime(2025, 7, 1))
    assert {name: answer.grade for name, answer in answers.items()} == dict.fromkeys(
        ["late", "keys", "values", "ahead"], "pass"
    )
    assert answers["values"].count == 1  # the channel of orders
    assert "ahead" not in judge(make_tables())


@pytest.mark.parametrize(("days", "odd"), [(4, False), (5, True)])
def test_rows_that_come_later_than_twice_the_latest_are_late(days: int, odd: bool) -> None:
    tables = make_tables()
    rows = tables["complaints"]
    hit = newest(rows, "recorded_at") & (np.arange(len(rows)) % A_WEEK < 4)
    rows.loc[hit, "opened_at"] = rows.loc[hit, "recorded_at"] - pd.Timedelta(days=days)
    answer = judge(tables)["late"]
    # 4 of 40 are a tenth, so that 95 % stay below what these have: two days in all weeks before.
    assert (answer.grade, bool(answer.examples)) == (("warn", True) if odd else ("pass", False))
    if odd:
        assert answer.examples[0] == {"table": "complaints", "days": 5, "usual_days": 2}


@pytest.mark.parametrize(("rows", "odd"), [(4, False), (5, True)])
def test_orders_that_nobody_knows_are_told_above_a_tenth(rows: int, odd: bool) -> None:
    tables = make_tables()
    complaints = tables["complaints"]
    last = np.flatnonzero(newest(complaints, "opened_at"))
    assert len(last) == A_WEEK
    complaints.loc[last[:rows], "order_id"] = "nobody's"
    answer = judge(tables)["keys"]
    assert answer.grade == ("warn" if odd else "pass")  # 4 of 40 are a tenth, and not above
    if odd:
        assert answer.examples[0] == {"table": "complaints", "share": 5 / 40}
        assert answer.do == "source"


def test_a_value_that_was_never_there_is_told_with_its_column() -> None:
    tables = make_tables()
    orders = tables["orders"]
    last = np.flatnonzero(newest(orders, "ordered_at"))
    orders.loc[last[:4], "channel"] = "app"
    assert judge(tables)["values"].grade == "pass"
    orders.loc[last[:30], "channel"] = "app"
    answer = judge(tables)["values"]
    assert (answer.grade, answer.examples) == ("warn", ({"column": "orders.channel", "share": 30 / 40},))
    # Each order with a value of its own holds no codes.
    assert "values" not in judge({"orders": orders.assign(channel=orders["order_id"])})


def test_events_a_day_ahead_of_the_clock_are_told() -> None:
    tables = make_tables()
    last = pd.DataFrame({"order_id": ["next"], "customer_id": ["c1"], "ordered_at": [pd.Timestamp("2025-07-03 12:00")]})
    tables["orders"] = pd.concat([tables["orders"], last.assign(amount=1.0, channel="web")], ignore_index=True)
    assert judge(tables, datetime(2025, 7, 2, 12, 1))["ahead"].grade == "pass"
    answer = judge(tables, datetime(2025, 7, 2, 12, 0))["ahead"]
    assert (answer.grade, answer.examples) == ("warn", ({"table": "orders", "days": 1, "day": "2025-07-03"},))
    for language in LANGUAGES:
        assert "orders" in say_finding(answer, language)


def test_the_oddest_are_named_first_and_three_at_most() -> None:
    shares = {"a": 0.2, "b": 0.5, "c": 0.0, "d": 0.2, "e": 0.3}
    looked_at: list[tuple[odd_rows.Example, bool]] = [
        ({"table": name, "share": share}, share > 0.1) for name, share in shares.items()
    ]
    answer = odd_rows._answer("keys", looked_at, "share")
    assert answer is not None
    assert [one["table"] for one in answer.examples] == ["b", "e", "a"]
    assert (answer.number, answer.details) == (4, {"of": 5})


def test_rows_of_later_and_the_order_of_rows_change_no_answer() -> None:
    tables, later = make_tables(), make_tables()
    before = judge(tables)
    start = pd.Timestamp(DAY)
    odd = {
        "orders": later["orders"].head(500).assign(ordered_at=start, channel="fax"),
        "complaints": later["complaints"].head(500).assign(opened_at=start, recorded_at=start + pd.Timedelta(days=90)),
    }
    odd["orders"]["order_id"] = odd["orders"]["order_id"] + "later"
    odd["complaints"]["complaint_id"] = odd["complaints"]["complaint_id"] + "later"
    odd["complaints"]["order_id"] = "nobody's"
    assert judge({name: pd.concat([table, odd[name]]) for name, table in tables.items()}) == before
    assert judge({name: table.sample(frac=1, random_state=1) for name, table in tables.items()}) == before
