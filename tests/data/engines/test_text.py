"""What a text becomes does not depend on the engine that reads it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from tests.servers import load_postgres

ORDERS = pd.DataFrame(
    {
        "order_id": ["17850.0", "00017.0", "-3.0", "4", "5", "6"],
        "customer_id": ["12.0", "null", "\\N", "Ann", "null", "NA"],
        "ordered_at": [
            *("2025-01-05 10:00:00 +03:00", "2025-01-05T10:00:00Z", "2025-01-05 10:00 -0200"),
            *("2025-01-05", "2025-01-05 10:00", "2025-01-05 10:00 UTC"),
        ],
        "amount": "1.50",
    }
)
# Worked out by hand: the wall clock of the shop is UTC.
SEEN = [
    ("17850", "12", "2025-01-05 07:00:00"),
    ("4", "Ann", "2025-01-05 00:00:00"),
    ("6", "NA", "2025-01-05 10:00:00"),
]
NOTES = [
    "orders.customer_id: 3 of 6 rows hold a stand-in for nothing (\\N, null) and count as empty.",
    "orders: 3 of 6 rows have no customer_id and are left out.",
]


def seen(shop: Shop) -> list[tuple[str, ...]]:
    rows = shop.tables["orders"].order_by("order_id").to_pandas()
    return list(zip(rows.order_id, rows.customer_id, rows.ordered_at.astype(str), strict=True))


@pytest.mark.slow
def test_in_memory_and_in_csv(tmp_path: Path) -> None:
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    for source in ({"orders": ORDERS}, tmp_path):
        shop = read(source)
        assert (seen(shop), shop.report.notes) == (SEEN, NOTES)


@pytest.mark.slow
def test_in_postgresql(postgres: str) -> None:
    shop = read(load_postgres(postgres, "text_ids", {"orders": ORDERS}))
    assert (seen(shop), shop.report.notes) == (SEEN, NOTES)


@pytest.mark.slow
def test_in_spark(spark: str, tmp_path: Path) -> None:
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    shop = read(spark.replace("pyspark://", f"pyspark://{tmp_path}"))
    assert (seen(shop), shop.report.notes) == (SEEN, NOTES)
