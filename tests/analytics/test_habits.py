from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.analytics.habits import compute_habits
from churnml.analytics.periods import LookBack, look_back
from churnml.data.reading import read
from churnml.definition import ChurnDefinition

DAY = date(2025, 6, 2)  # a Monday

# customer, day, weekday, channel, amount, lines
ORDERS = [
    ("a", "2025-05-30", "app", 30, ["tea", "tea", "cup"]),  # a Friday
    ("a", "2025-05-29", "web", 10, ["tea"]),  # a Thursday
    ("b", "2025-05-30", "web", 20, ["cup"]),
    ("b", "2024-06-01", "phone", 99, ["pot", "pot"]),  # 366 days before
    ("c", "2024-09-02", "web", 5, []),
    ("c", "2025-06-02", "web", 500, ["new"]),  # on the day
]
RATINGS = [
    ("a", "2025-05-31", 5, 5),
    ("a", "2025-06-01", 9, 10),
    ("b", "2025-06-01", 4, 10),
    ("c", "2025-06-02", 0, 10),
]
TIERS = [("a", "2025-01-01", "basic"), ("a", "2025-05-30", "gold"), ("b", "2025-05-30", "basic"), ("c", DAY, "gold")]


def _back(**changed: pd.DataFrame) -> LookBack:
    orders = pd.DataFrame(
        [(str(place), *order[:4]) for place, order in enumerate(ORDERS)],
        columns=["order_id", "customer_id", "ordered_at", "channel", "amount"],
    )
    lines = [
        (str(place), str(number), 1, 1.0, category)
        for place, order in enumerate(ORDERS)
        for number, category in enumerate(order[4])
    ]
    items = pd.DataFrame(lines, columns=["order_id", "product_id", "quantity", "unit_price", "category"])
    reviews = pd.DataFrame(RATINGS, columns=["customer_id", "submitted_at", "rating", "scale"])
    rewards = pd.DataFrame(TIERS, columns=["customer_id", "changed_at", "tier"])
    tables = {
        "orders": orders,
        "order_items": items,
        "reviews": reviews.assign(review_id=reviews.index.astype(str)),
        "rewards": rewards.assign(points=1, kind="earned", changed_at=pd.to_datetime(rewards["changed_at"])),
    }
    return look_back(read(tables | changed), DAY, ChurnDefinition(horizon_days=90), 1)


@pytest.fixture(scope="module")
def found() -> tuple[pd.DataFrame, pd.DataFrame]:
    return compute_habits(_back())


def test_figures_are_sums_over_the_customers_of_a_group(found: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    tiers = found[0][found[0]["group"] == "tier"].set_index("value")
    # a is gold now, b basic; of c no tier is known yet. b's order of 366 days before and c's of the day do not count.
    assert tiers["customers"].to_dict() == {"basic": 1, "gold": 1}
    gold = tiers.loc["gold"]
    assert (gold.orders_per_customer, gold.order_value, gold.lines_per_order) == (2, 20, 2)
    assert gold.stars == pytest.approx((5 + 4.5) / 2)
    assert gold.nps == 100
    assert tiers.loc["basic", ["orders_per_customer", "order_value", "lines_per_order", "stars", "nps"]].to_list() == [
        1,
        20,
        1,
        2,
        -100,
    ]
    assert tiers["is_small"].all()


def test_segments_and_stages_hold_every_customer_once(found: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    counted = found[0].groupby("group")["customers"].sum()
    assert (counted["segment"], counted["stage"]) == (3, 3)


def test_shares_are_of_the_orders_and_lines_of_a_group(found: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    shares = found[1].set_index(["group", "value", "habit", "of"]).sort_index()
    gold = shares.loc[("tier", "gold")]
    assert gold.loc["weekday", "share"].to_dict() == {
        "Monday": 0,
        "Tuesday": 0,
        "Wednesday": 0,
        "Thursday": 0.5,
        "Friday": 0.5,
        "Saturday": 0,
        "Sunday": 0,
    }
    assert gold.loc["channel", "share"].to_dict() == {"web": 0.5, "app": 0.5}
    assert gold.loc["category", "share"].to_dict() == {"tea": 0.75, "cup": 0.25}
    # All orders: Fridays 2 of 4; by the app 1 of 4; tea 3 of 5 lines.
    assert gold.loc[("weekday", "Friday"), "shop_share"] == 0.5
    assert gold.loc[("channel", "app"), "shop_share"] == 0.25
    assert gold.loc[("category", "tea"), "shop_share"] == pytest.approx(0.6)


def test_a_shop_of_orders_alone_tells_what_it_can() -> None:
    orders = pd.DataFrame(
        [(str(place), *order[:2], order[3]) for place, order in enumerate(ORDERS)],
        columns=["order_id", "customer_id", "ordered_at", "amount"],
    )
    habits, shares = compute_habits(look_back(read({"orders": orders}), DAY, ChurnDefinition(horizon_days=90), 1))
    assert set(habits["group"]) == {"segment", "stage"}
    assert set(shares["habit"]) == {"weekday"}
    assert habits[["lines_per_order", "stars", "nps"]].isna().all().all()
