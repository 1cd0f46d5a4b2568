"""The same hostile values, the same judgement on every engine, and nothing crashes after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest

from churnml.config import TableSource
from churnml.data.shop import check, read
from churnml.features.builder import build_features
from tests.servers import load_postgres

pytestmark = pytest.mark.slow

Place = Callable[[dict[str, pd.DataFrame]], str]

TEXTS = [
    *("1e17", "1e400", "-1e-12", "1e-400", "99999999999999.99995", "1e13", "0.00005", "-0.00004", "1e99999"),
    *("123456789012345678901234567890", "1e308", "5.", "+1", " 12 ", "12,50", "9" * 70, "NaN", "Infinity"),
]
TIMES = pd.date_range("2025-01-01", periods=40).astype("str")
SHOP = {
    "orders": pd.DataFrame({"order_id": range(40), "customer_id": "a", "ordered_at": TIMES, "amount": 1e11}),
    "order_items": pd.DataFrame(
        {
            "order_id": [*range(40), 0, 0],
            "product_id": "p",
            "quantity": ["-1", *["1e9"] * 39, "0.1", "0.1"],
            "unit_price": 2.5,
        }
    ),
    "deliveries": pd.DataFrame(
        {"order_id": range(40), "promised_at": "2025-03-01", "delivered_at": ["2024-12-31", *["2025-02-20"] * 39]}
    ),
    "contacts": pd.DataFrame(
        {
            "contact_id": range(40),
            "customer_id": "a",
            "campaign": "c",
            "sent_at": "2025-02-05",
            "opened_at": ["2025-02-04", *["2025-02-05"] * 39],
        }
    ),
    "reviews": pd.DataFrame(
        {"review_id": [1], "customer_id": ["a"], "submitted_at": ["2025-02-01"], "rating": [1000], "scale": [1000]}
    ),
}


SLOW = [pytest.param(engine, marks=pytest.mark.slow) for engine in ("postgres", "spark")]


@pytest.fixture(params=["duckdb", *SLOW])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Writes tables to where an engine reads them, and gives the address."""

    def on_files(tables: dict[str, pd.DataFrame]) -> str:
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet")
        if request.param == "duckdb":
            return str(folder)
        return str(request.getfixturevalue("spark")).replace("://", f"://{folder}", 1)

    def on_postgres(tables: dict[str, pd.DataFrame]) -> str:
        return load_postgres(request.getfixturevalue("postgres"), f"s{uuid4().hex}", tables)

    return on_postgres if request.param == "postgres" else on_files


def test_numbers_in_every_writing_are_judged_alike(place: Place) -> None:
    wrong = pd.DataFrame(
        {"order_id": range(len(TEXTS)), "customer_id": "a", "ordered_at": "2025-01-01", "amount": TEXTS}
    )
    report = check(place({"orders": wrong}))
    assert [failure.split(" (")[0] for failure in report.failures] == [
        "orders.amount: 7 of 18 rows are not a money amount",
        "orders.amount: 2 of 18 rows are negative",
        "orders.amount: 5 of 18 rows lie above 100,000,000,000",
    ]
    assert [note.split(" (")[0] for note in report.notes] == [
        "orders.amount: 3 of 18 rows have more than four digits after the point and are rounded",
        "orders: 2 of 18 orders have an amount of 0; they count as orders.",
    ]


def test_doubles_are_judged_alike(place: Place) -> None:
    amounts = [19.99, -1e-12, 1e17, float("inf"), float("nan"), 0.1 + 0.2, 1e-9]
    wrong = pd.DataFrame({"order_id": range(7), "customer_id": "a", "ordered_at": "2025-01-01", "amount": amounts})
    report = check(place({"orders": wrong}))
    assert [failure.split(" (")[0] for failure in report.failures] == [
        "orders.amount: 1 of 7 rows are not a money amount",
        "orders.amount: 1 of 7 rows are negative",
        "orders.amount: 1 of 7 rows lie above 100,000,000,000",
        "orders.amount: 1 of 7 rows are empty",
    ]
    assert report.notes[0].startswith("orders.amount: 2 of 7 rows have more than four digits after the point")


def test_the_largest_numbers_give_features_and_the_impossible_is_left_out(place: Place) -> None:
    shop = read(place(SHOP), tables={"order_items": TableSource(same_lines="add")})
    assert shop.report.impossible == {
        "order_items": {"quantity"},
        "deliveries": {"delivered_at"},
        "contacts": {"opened_at"},
    }
    assert "order_items: 41 lines were added up to 40." in shop.report.notes, "without the line of -1"
    quantities = shop.tables["order_items"].order_by("quantity").to_pandas().quantity
    assert quantities.tolist() == [0.2, *[1e9] * 39]
    row = build_features(shop, "2025-03-05").loc["a"]
    assert row.amount_sum_365d == 40 * 1e11
    assert row.amount_mean_365d == 1e11
    assert row.review_stars_last == 5
    assert row.orders_365d == 40
