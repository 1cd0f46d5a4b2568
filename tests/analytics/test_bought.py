from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from churnml.analytics.bought import MOST_BOUGHT, USUAL, USUAL_ORDERS, bought, next_bought, usually_bought
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from tests.engine_shops import SHOPS, on_duckdb

DAY = "2025-06-01"
ORDERS = [
    # order, customer, day, cancelled on, products with their categories
    ("1", "a", "2025-01-10", None, ["tea:drinks", "cup:table"]),
    ("2", "a", "2025-03-10", None, ["tea:drinks", "pot:table", "milk:drinks"]),
    ("3", "a", "2025-04-10", "2025-04-12", ["pot:table"]),
    ("4", "a", "2025-06-01", None, ["pot:table"]),
    ("5", "b", "2025-05-01", None, ["cup:table", "cap:"]),
    ("6", "b", "2024-06-01", None, ["tea:drinks"]),
    ("7", "b", "2024-05-31", None, ["tea:drinks"]),
]


def _shop(orders: list[tuple[str, str, str, str | None, list[str]]]) -> Shop:
    lines = [
        {"order_id": order, "product_id": product, "quantity": 1, "unit_price": 1.0, "category": category or None}
        for order, *_, held in orders
        for product, category in (each.split(":") for each in held)
    ]
    # A second line of the same product at another price is no second order.
    lines.append({"order_id": "1", "product_id": "cup", "quantity": 2, "unit_price": 2.0, "category": "table"})
    names = ["order_id", "customer_id", "ordered_at", "cancelled_at"]
    table = pd.DataFrame([order[:4] for order in orders], columns=names).assign(amount=5.0)
    return read({"orders": table, "order_items": pd.DataFrame(lines)})


def test_what_is_bought_is_counted_by_orders_of_the_time() -> None:
    found = usually_bought(History(_shop(ORDERS), DAY), "products", 365).to_pandas().set_index("customer_id")
    # a: tea is in two orders; then what was bought last, by name. That of the day and the cancelled one do not count.
    assert found.loc["a", list(USUAL)].dropna().to_list() == ["tea", "milk", "pot", "cup"]
    assert found.loc["a", USUAL_ORDERS] == 2
    # b: of two orders of long ago one lies 365 days back, the other 366.
    assert found.loc["b", list(USUAL)].dropna().to_list() == ["cap", "cup", "tea"]
    assert found.loc["b", USUAL_ORDERS] == 1


def test_categories_are_counted_where_they_are_known() -> None:
    found = bought(History(_shop(ORDERS), DAY), "categories", 365).order_by("customer_id", "item").to_pandas()
    assert found[["customer_id", "item", "orders"]].to_numpy().tolist() == [
        ["a", "drinks", 2],
        ["a", "table", 2],
        ["b", "drinks", 1],
        ["b", "table", 1],
    ]


def test_no_more_than_ten_are_looked_at() -> None:
    many = [("1", "a", "2025-05-01", None, [f"p{number:02d}:x" for number in range(MOST_BOUGHT + 2)])]
    found = usually_bought(History(_shop(many), DAY), "products", 365).to_pandas()
    # The second price of order 1 is of a cup, which comes before p00 by name.
    assert found[list(USUAL)].iloc[0].to_list() == ["cup", *(f"p{number:02d}" for number in range(MOST_BOUGHT - 1))]


def test_the_next_order_is_the_first_of_the_days() -> None:
    found = next_bought(History(_shop(ORDERS), DAY), "products", 90)
    # Of a the orders of 10 March and later lie within 90 days, of which the first counts.
    assert found.to_numpy().tolist() == [["a", "milk"], ["a", "pot"], ["a", "tea"], ["b", "cap"], ["b", "cup"]]


def test_nothing_is_known_of_the_future() -> None:
    later = [("8", "a", DAY, None, ["new:x"]), ("9", "b", "2025-07-01", None, ["new:x"])]
    pd.testing.assert_frame_equal(
        *(
            usually_bought(History(_shop(orders), DAY), "products", 365).order_by("customer_id").to_pandas()
            for orders in (ORDERS, [*reversed(ORDERS), *later])
        )
    )


@pytest.mark.slow
def test_the_same_is_bought_on_postgres(postgres: str, engine_shop: Callable[[str, int], tuple[Shop, str]]) -> None:
    found, expected = (
        usually_bought(History(shop, SHOPS[0][1]), "products", 365, "c").order_by("customer_id").to_pandas()
        for shop in (engine_shop("postgres", 0)[0], on_duckdb(0))
    )
    assert 0 < len(found) < SHOPS[0][2]
    pd.testing.assert_frame_equal(found, expected)
