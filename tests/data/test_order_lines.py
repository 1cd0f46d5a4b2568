"""Orders of lines: added up by hand, and what does not agree within an order is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnml.data.reading import check, read
from churnml.data.shop import Shop
from churnml.errors import InputError

NAMES = ["order_id", "customer_id", "ordered_at", "amount", "product_id", "quantity", "unit_price"]
LINES = [
    ("1", "a", "2025-03-31 10:00", "4.10", "p", "2", "2.05"),
    ("1", "a", "2025-03-31 10:00", "1.00", "q", "1", "1.00"),
    ("2", "b", "2025-04-01 09:00", "3.00", "p", "1", "3.00"),
    ("3", "a", "2025-04-02 08:00", "0.30", "r", "3", "0.10"),
]


def lines(rows: list[tuple[str, ...]] = LINES) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=NAMES)


def settings(**more: Any) -> dict[str, Any]:
    return {"orders": {"lines": True, **more}}


def amounts_of(shop: Shop) -> dict[str, str]:
    frame = shop.tables["orders"].order_by("order_id").to_pandas()
    return dict(zip(frame["order_id"], frame["amount"].astype(str), strict=True))


def test_lines_are_added_up_and_are_the_items() -> None:
    shop = read({"orders": lines()}, tables=settings())
    assert amounts_of(shop) == {"1": "5.1000", "2": "3.0000", "3": "0.3000"}  # 4.10 + 1.00
    assert shop.report.rows == {"orders": 3, "order_items": 4}
    items = shop.tables["order_items"].order_by(["order_id", "product_id"]).to_pandas()
    assert items["quantity"].tolist() == [2, 1, 1, 3]


def test_without_an_amount_it_is_quantity_times_price() -> None:
    shop = read({"orders": lines().drop(columns="amount")}, tables=settings())
    assert amounts_of(shop) == {"1": "5.1000", "2": "3.0000", "3": "0.3000"}  # 2 x 2.05 + 1 x 1.00; 3 x 0.10


@pytest.mark.parametrize("rest", ["", "0", "5.10"])
def test_the_total_of_the_first_line(rest: str) -> None:
    totals = ["5.10", rest, "3.00", "0.30"]
    rows = [(*row[:3], total, *row[4:]) for row, total in zip(LINES, totals, strict=True)]
    assert amounts_of(read({"orders": lines(rows)}, tables=settings(total="first")))["1"] == "5.1000"


def test_two_totals_of_one_order_are_refused() -> None:
    [failure] = check({"orders": lines()}, tables=settings(total="first")).failures
    assert failure == (
        "orders.amount: the lines of 1 orders differ (order_id 1). Set tables.orders.total: sum where each line has "
        "its own."
    )


def test_a_total_on_every_line_is_noticed() -> None:
    rows = [(str(n), "a", "2025-01-05", "9.00", product, "1", "4.50") for n in range(20) for product in "pq"]
    notes = check({"orders": lines(rows)}, tables=settings()).notes
    assert sum("of 20 orders with several lines, 20 have the same amount on all" in note for note in notes) == 1


def test_an_order_of_two_customers_is_refused() -> None:
    rows = [(*row[:1], "z" if place == 1 else row[1], *row[2:]) for place, row in enumerate(LINES)]
    with pytest.raises(InputError, match="customer_id: the lines of 1 orders differ"):
        read({"orders": lines(rows)}, tables=settings())


def test_the_earliest_time_is_taken_and_said() -> None:
    rows = [(*row[:2], "2025-03-31 09:59" if place == 1 else row[2], *row[3:]) for place, row in enumerate(LINES)]
    shop = read({"orders": lines(rows)}, tables=settings())
    assert str(shop.tables["orders"].ordered_at.min().to_pandas()) == "2025-03-31 09:59:00"
    assert shop.report.notes == ["orders.ordered_at: the lines of 1 orders differ (order_id 1). The earliest is taken."]


@pytest.mark.parametrize(("second", "cancelled"), [("", 0), ("2025-04-05", 1)])
def test_an_order_is_cancelled_when_all_of_its_lines_are(second: str, cancelled: int) -> None:
    shop = read({"orders": lines().assign(cancelled_at=["2025-04-04", second, "", ""])}, tables=settings())
    assert shop.tables["orders"].cancelled_at.count().to_pandas() == cancelled


def test_what_cannot_be_read_in_a_line_is_named() -> None:
    rows = [(*row[:3], "4,10" if place == 0 else row[3], *row[4:]) for place, row in enumerate(LINES)]
    [failure] = check({"orders": lines(rows)}, tables=settings()).failures
    assert failure.startswith("orders.amount: 1 of 3 rows are not a money amount (received string; order_id 1: 4,10).")


@pytest.mark.parametrize(("same", "amount", "quantity"), [("drop", "5.1000", [2, 1]), ("add", "9.2000", [4, 1])])
def test_identical_lines(same: str, amount: str, quantity: list[int]) -> None:
    shop = read({"orders": lines([*LINES, LINES[0]])}, tables=settings(same_lines=same))
    assert amounts_of(shop)["1"] == amount  # with it 2 x 4.10 + 1.00
    items = shop.tables["order_items"].filter(lambda item: item.order_id == "1").order_by("product_id").to_pandas()
    assert items["quantity"].tolist() == quantity
    assert any("1 lines that are like another one" in note for note in shop.report.notes) == (same == "drop")


def test_every_line_of_a_file_is_counted(tmp_path: Path) -> None:
    lines().to_csv(tmp_path / "sales.csv", index=False)
    for source in (tmp_path, tmp_path / "sales.csv"):
        report = check(source, tables=settings(name="sales"))
        assert report.failures == []
        assert report.files == {"orders": {"sales.csv": 4}}
        assert report.rows == {"orders": 3, "order_items": 4}


def test_pieces_and_a_price_need_no_product() -> None:
    """Order 1 is worth 2 x 1.50 + 1 x 4.00 = 7.00; without products there are no items."""
    lines = pd.DataFrame(
        [(1, "a", "2025-01-13", 2, "1.50"), (1, "a", "2025-01-13", 1, "4.00"), (2, "b", "2025-01-14", 1, "4.00")],
        columns=["order_id", "customer_id", "ordered_at", "quantity", "unit_price"],
    )
    shop = read({"orders": lines}, tables={"orders": {"lines": True}})
    assert [str(amount) for amount in shop.tables["orders"].order_by("order_id").to_pandas()["amount"]] == [
        "7.0000",
        "4.0000",
    ]
    assert "order_items" not in shop.report.rows
