"""Waits for answers, and who ordered again after answers, refunds and returns, by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.afterwards import shown_texts
from churnml.analytics.service import compute_after_service, compute_support, compute_support_by_topic
from churnml.data.history import History
from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.statistics.kaplan_meier import kaplan_meier, median_of
from churnml.statistics.shares import newcombe, wilson

pytestmark = pytest.mark.slow

DAY = date(2025, 7, 1)
DEFINITION = ChurnDefinition(horizon_days=60)
Tables = dict[str, pd.DataFrame]


def at(days_before: float) -> pd.Timestamp:
    return pd.Timestamp(DAY) - pd.Timedelta(days=days_before)


def orders_of(*rows: tuple[str, float]) -> pd.DataFrame:
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    return orders.assign(ordered_at=orders["ordered_at"].map(at), order_id=range(len(orders)), amount=10)


def complaints_of(*rows: tuple[str, float, float | None, float | None, str | None]) -> pd.DataFrame:
    """Make complaints of whom, opened so many days before the day, answered and resolved so many hours later."""
    table = pd.DataFrame(rows, columns=["customer_id", "opened_at", "answered", "resolved", "topic"])
    opened = table["opened_at"].map(at)
    ends = {
        name: opened + pd.to_timedelta(table[hours].astype(float), unit="h")
        for name, hours in (("first_response_at", "answered"), ("resolved_at", "resolved"))
    }
    table = table.drop(columns=["answered", "resolved"]).assign(complaint_id=range(len(table)), opened_at=opened)
    return table.assign(**ends)


# Two periods of 10 days. In the older: answered after 2, 5 and 9 hours, one never. In the newer: one opened a day ago
# waits still, and one was answered after 3.5 hours; an answer of tomorrow is not known yet.
COMPLAINTS = complaints_of(
    ("ann", 20, 2, 48, "Late"),
    ("bob", 18, 5, 72, "late "),
    ("cem", 15, 9, None, "Rude"),
    ("cem", 11, None, None, "Rude"),
    ("dan", 10, 3.5, 24, None),
    ("eve", 1, 25, None, "late"),
    ("fay", 21, 1, 1, "late"),  # before both periods
    ("gil", -1, None, None, "late"),  # not known yet
)
SUPPORT: Tables = {"orders": orders_of(("ann", 30)), "complaints": COMPLAINTS}


def test_waits_are_medians_in_which_the_open_ones_count_as_waiting() -> None:
    table = compute_support(History(read(SUPPORT), DAY), 10, 2)
    assert table["period_end"].tolist() == [date(2025, 6, 21), DAY]
    older, newer = table.to_dict("records")
    assert (older["complaints"], newer["complaints"]) == (4, 2)
    # Of 4 still waiting: 3/4 after 2 hours, 2/4 after 5.
    assert older["answer_hours"] == 5
    # Of 2, one ended after 3 whole hours: half are left.
    assert newer["answer_hours"] == 3
    # Resolved after 2 and 3 days, 2 open for 11 and 15: 3/4 after 2 days, 2/4 after 3.
    assert older["resolution_days"] == 3
    assert (older["unresolved"], newer["unresolved"]) == (2, 1)
    low, high = (older[f"answer_hours_{end}"] for end in ("low", "high"))
    assert low == 2
    assert np.isnan(high), "so few that more than half may wait longer than all seen"


def test_topics_are_told_as_far_as_several_customers_share_them() -> None:
    table = compute_support_by_topic(History(read(SUPPORT), DAY), 20)
    # cem wrote rude twice, alone.
    assert table[["value", "complaints"]].to_numpy().tolist() == [["late", 3], ["other", 2], ["not known", 1]]
    # late: ended after 2 and 5 hours, open for 24: 2/3, then 1/3.
    assert table["answer_hours"].iloc[0] == 5
    assert len(compute_support_by_topic(History(read({"orders": SUPPORT["orders"]}), DAY), 20)) == 0


# The outcome of what happened on day -91 is [-61, -1): 30 days after it, for 60 days, of which the last is the day
# before yesterday's end; what happened on day -89 is too young.
AFTER = complaints_of(
    ("ann", 91, 24, 24, None),  # answered within a day to the second; ordered on the first day of the outcome
    ("bob", 91, 24.1, None, None),  # slow; ordered a day too early
    ("cem", 91, None, None, None),  # never; ordered on the last day of the outcome
    ("dan", 91, 24 * 30, None, None),  # on the 30th day: not within 30
    ("eve", 120, 1, 1, None),  # the first counts: quick, although the next one was not
    ("eve", 100, None, None, None),
    ("fay", 89, 1, 1, None),  # not long enough ago
)
AFTER_ORDERS = orders_of(
    *((name, 200) for name in ("ann", "bob", "cem", "dan", "eve", "fay")),
    ("ann", 61),
    ("bob", 62),
    ("cem", 2),
    ("eve", 95),
)


def test_who_ordered_again_is_counted_from_30_days_after_the_complaint() -> None:
    history = History(read({"orders": AFTER_ORDERS, "complaints": AFTER}), DAY)
    table = compute_after_service(history, DEFINITION)
    answers = table[table["event"] == "answer"].set_index("value")
    # eve ordered 25 days after the complaint, and not in the outcome of day -120, which is [-90, -30).
    assert answers[["customers", "returned"]].to_numpy().tolist() == [[2, 1], [1, 0], [2, 1]]
    assert list(answers.index) == ["quick", "slow", "not within 30 days"]
    assert answers["difference"].isna().tolist() == [True, False, False]
    assert answers.loc["slow", "difference"] == 0 - 1 / 2
    low, high = newcombe(0, 1, 1, 2)
    assert answers.loc["slow", ["difference_low", "difference_high"]].tolist() == [low, high]
    assert answers.loc["quick", ["low", "high"]].tolist() == list(wilson(1, 2))
    resolved = table[table["event"] == "resolution"].set_index("value")["customers"]
    assert resolved.to_dict() == {"quick": 2, "slow": 0, "not within 30 days": 3}


def test_later_rows_change_nothing_of_what_came_before() -> None:
    before = compute_after_service(History(read({"orders": AFTER_ORDERS, "complaints": AFTER}), DAY), DEFINITION)
    later = pd.concat([AFTER, complaints_of(("bob", 0, 1, 1, "x"))]).assign(complaint_id=range(len(AFTER) + 1))
    orders = pd.concat([AFTER_ORDERS, orders_of(("dan", 0))]).assign(order_id=range(len(AFTER_ORDERS) + 1))
    history = History(read({"orders": orders, "complaints": later}), DAY)
    pd.testing.assert_frame_equal(before, compute_after_service(history, DEFINITION))


def test_returns_are_told_by_reason_and_by_how_long_the_refund_took() -> None:
    names = ["ann", "bob", "cem", "dan", "eve"]
    returns = pd.DataFrame({"return_id": range(5), "customer_id": names, "returned_at": [at(100)] * 5, "amount": 5})
    returns["reason"] = ["Damaged", "damaged", "Too big", None, "damaged"]
    returns["refunded_at"] = [at(93), at(93 - 1 / 24), None, at(100), at(80)]  # 7 days, an hour more, never, at once
    orders = orders_of(*((name, 200) for name in names), ("ann", 50), ("dan", 50))
    table = compute_after_service(History(read({"orders": orders, "returns": returns}), DAY), DEFINITION)
    refunds = table[table["event"] == "refund"].set_index("value")
    assert refunds[["customers", "returned"]].to_numpy().tolist() == [[2, 2], [2, 0], [1, 0]]
    reasons = table[table["event"] == "return reason"].set_index("value")
    assert list(reasons.index) == ["damaged", "other", "not known"]
    assert reasons.loc["damaged", ["customers", "returned"]].tolist() == [3, 1]
    # The other two returns: dan came back, cem did not.
    assert reasons.loc["damaged", "difference"] == pytest.approx(1 / 3 - 1 / 2)
    assert reasons["is_small"].all()


def test_without_tables_there_is_nothing_to_tell() -> None:
    history = History(read({"orders": AFTER_ORDERS}), DAY)
    assert len(compute_after_service(history, DEFINITION)) == 0
    assert len(compute_support(history, 10, 2)) == 0


def test_a_text_of_the_shop_that_few_share_is_shown_to_nobody() -> None:
    texts = pd.Series(["Late"] * 4 + ["Lost"] * 2 + [None])
    customers = pd.Series(["a", "b", "c", "d", "e", "f", "g"])
    assert shown_texts(texts, customers, 3).tolist() == ["late"] * 4 + ["other"] * 2 + ["not known"]
    assert shown_texts(texts, pd.Series(["a"] * 7), 1).tolist() == ["other"] * 6 + ["not known"]


def test_the_median_is_where_half_has_ended() -> None:
    # All of 4 ended: half are left after 2, and none after 4, where the survival has no interval.
    assert median_of(kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1], [0, 0, 0, 0]))[:2] == (2.0, 1.0)
    median, low, high = median_of(kaplan_meier([1, 2], [1, 0], [0, 3]))  # three of four wait still
    assert (np.isnan(median), low, np.isnan(high)) == (True, 1.0, True)
    # Of 200 that all ended, S = 1 - k / 200 after k; Greenwood's variance is then S (1 - S) / 200, so that the ends of
    # the interval of S are S ** exp(+-z sqrt((1 - S) / (200 S)) / -log S), and come to a half after so many.
    left = 1 - np.arange(1, 200) / 200
    spread = np.exp(1.959963984540054 * np.sqrt((1 - left) / (200 * left)) / -np.log(left))
    first, last = (1 + int(np.argmax(ends <= 0.5)) for ends in (left**spread, left ** (1 / spread)))
    assert first < 100 < last
    assert median_of(kaplan_meier(np.arange(1, 201), np.ones(200), np.zeros(200))) == (100, first, last)
