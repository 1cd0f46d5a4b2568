"""Milestones and open complaints, worked out by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd

from churnml.data.history import History
from churnml.data.milestones import milestones
from churnml.data.open_complaints import open_complaints
from churnml.data.reading import read
from churnml.data.shop import Shop

DAY = date(2025, 3, 1)


def shop_of(orders: list[tuple[str, str]], **tables: pd.DataFrame) -> Shop:
    rows = pd.DataFrame(orders, columns=["customer_id", "ordered_at"])
    rows = rows.assign(order_id=[f"o{at}" for at in range(len(rows))], amount=1.0)
    return read({"orders": rows, **tables})


def told(shop: Shop, days: int = 30) -> list[tuple[str, str, str]]:
    rows = milestones(History(shop, DAY), days)
    return [(row.customer_id, row.milestone, str(row.milestone_on)) for row in rows.itertuples()]


def test_the_tenth_order_counts_on_its_day() -> None:
    days = [f"2025-02-{day:02d} 10:00" for day in range(10, 20)]
    shop = shop_of(
        [("ten", day) for day in days]
        + [("nine", day) for day in days[1:]]
        + [("eleven", day) for day in [*days, days[-1]]]
    )
    assert told(shop) == [("eleven", "tenth_order", "2025-02-19"), ("ten", "tenth_order", "2025-02-19")]
    assert told(shop, 10) == [("eleven", "tenth_order", "2025-02-19"), ("ten", "tenth_order", "2025-02-19")]  # 19 to 28
    assert told(shop, 9) == []


def test_an_anniversary_is_of_the_first_order_and_falls_on_its_day() -> None:
    firsts = {
        "a": "2023-02-20",
        "b": "2024-02-28",
        "c": "2024-02-29",
        "d": "2024-03-01",
        "e": "2024-01-29",
        "f": "2025-02-20",
    }
    shop = shop_of([(name, f"{day} 09:00") for name, day in firsts.items()] + [("a", "2025-02-27 09:00")])
    # From 30 January on. Of 29 February the anniversary is the 28th; that of d is the day itself.
    found = milestones(History(shop, DAY), 30).set_index("customer_id")
    assert found["milestone_on"].astype(str).to_dict() == {"a": "2025-02-20", "b": "2025-02-28", "c": "2025-02-28"}
    assert found["milestone_number"].to_dict() == {"a": 2.0, "b": 1.0, "c": 1.0}


def test_a_tier_counts_that_the_customer_did_not_have_before() -> None:
    rewards = pd.DataFrame(
        [
            ("up", "2024-06-01", 5, "silver"),
            ("up", "2025-02-10", 5, "gold"),
            ("first", "2025-02-10", 5, "silver"),
            ("back", "2024-05-01", 5, "gold"),
            ("back", "2024-06-01", 5, "silver"),
            ("back", "2025-02-10", 5, "gold"),
        ],
        columns=["customer_id", "changed_at", "points", "tier"],
    ).assign(kind="earned")
    shop = shop_of([(name, "2024-12-01") for name in ("up", "first", "back")], rewards=rewards)
    assert told(shop) == [("up", "tier", "2025-02-10")]


def test_points_count_when_they_come_to_what_is_usually_redeemed() -> None:
    rows = [("old", f"2024-06-{day:02d}", -points, "redeemed") for day, points in ((1, 80), (2, 100), (3, 300))]
    rows += [("old", "2024-05-01", 480, "earned")]
    rows += [("now", "2024-06-01", 99, "earned"), ("now", "2025-02-10", 1, "earned")]
    rows += [("less", "2025-02-10", 99, "earned"), ("before", "2024-06-01", 100, "earned")]
    rewards = pd.DataFrame(rows, columns=["customer_id", "changed_at", "points", "kind"])
    shop = shop_of([(name, "2024-12-01") for name in ("old", "now", "less", "before")], rewards=rewards)
    assert told(shop) == [("now", "points", "2025-02-10")]


def test_nothing_after_the_day_is_a_milestone() -> None:
    days = [f"2025-02-{day:02d}" for day in range(20, 29)]
    assert told(shop_of([("a", day) for day in [*days, "2025-03-01"]])) == []


def test_an_open_complaint_is_the_one_that_waits_longest() -> None:
    complaints = pd.DataFrame(
        [
            ("k1", "a", "2025-02-01", None, "late"),
            ("k2", "a", "2025-01-30", None, "wrong item"),
            ("k3", "b", "2025-02-01", "2025-02-28", None),
            ("k4", "c", "2025-02-01", "2025-03-01", None),
            ("k5", "d", "2025-03-01", None, None),
        ],
        columns=["complaint_id", "customer_id", "opened_at", "resolved_at", "topic"],
    )
    shop = shop_of([(name, "2020-12-01") for name in "abcd"], complaints=complaints)
    rows = open_complaints(History(shop, DAY))
    # 30 January to 1 March: 2 days of January and 28 of February; what is resolved on the day is open at its start.
    assert rows[["customer_id", "complaint_id", "days_open", "complaints_open"]].to_numpy().tolist() == [
        ["a", "k2", 30, 2],
        ["c", "k4", 28, 1],
    ]
    untold = shop_of([("a", "2020-12-01")], complaints=complaints.drop(columns="resolved_at").head(1))
    assert open_complaints(History(untold, DAY)).empty
