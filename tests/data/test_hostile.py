"""Hostile texts in every column of a small shop: refused with a sentence, or carried through to the key figures."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from churnml.analytics.overview import analyse
from churnml.data.contract import RECORDED_AT, TABLES, Column
from churnml.data.reading import read
from churnml.errors import InputError
from churnml.features.builder import build_features

pytestmark = pytest.mark.slow

HOSTILE = [
    *("'; DROP TABLE orders; --", '"', "'", "\\", "%", "_", "a\nb", "a\r\nb", "\t", "\x00x", "\x1b[31mred", "\a"),
    *(
        "=1+1",
        "@SUM(A1)",
        "{{ 7*7 }}",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "$(id)",
        "\u202e evil",
        "\ufeff",
    ),
    *("e\u0301", "İı", "🧿", "x" * 5_000, "NaN", "null", "\\N", "1e400", "-0", "0x10", "9" * 400, "2025-02-30", "inf"),
    *("true", "[1, 2]", "\u0000", "٣", "½"),
]
FIRST = date(2024, 1, 1)
USUAL = {"text": "web", "flag": "yes", "number": "3", "money": "4.50"}
COLUMNS = [(table.name, column) for table in TABLES.values() for column in table.columns]


def usual(table: str, column: Column, row: int) -> str:
    if column.type == "id":
        return f"c{row % 7}" if column.name == "customer_id" and table != "customers" else f"{row}"
    if column.type in ("time", "plan"):
        late = {"ordered_at": 0, "promised_at": 3, "resolved_at": 4}.get(column.name, 2)
        return str(FIRST + timedelta(days=5 * row + late))
    return {"arm": "control", "scale": "5"}.get(column.name) or USUAL[column.type]


def tables() -> dict[str, pd.DataFrame]:
    """Make a shop of all tables, everything as text, with a row for each of the texts."""
    made = {
        table.name: pd.DataFrame(
            {column.name: [usual(table.name, column, row) for row in range(len(HOSTILE))] for column in table.columns}
        )
        for table in TABLES.values()
    }
    made["orders"] = made["orders"].assign(currency="EUR", cancelled_at=None)
    made["customers"]["customer_id"] = [f"c{row}" for row in range(len(HOSTILE))]
    made["subscriptions"] = made["subscriptions"].assign(ended_at=None, cancelled_at=None)
    return made


def test_hostile_texts_where_texts_may_stand() -> None:
    shop = tables()
    for name, column in COLUMNS:
        if column.type == "text" and column.name not in ("arm", "currency"):
            shop[name][column.name] = HOSTILE
    shop["contacts"]["campaign"] = shop["contacts"]["campaign"].where(lambda texts: texts.str.strip() != "", "spring")
    known = read(shop)
    assert build_features(known, "2024-06-01").index.tolist() == [f"c{row}" for row in range(7)]
    assert len(analyse(known, "2024-06-01").kpis)


def test_hostile_texts_where_none_may_stand_are_named_column_by_column() -> None:
    shop = tables()
    hostile = [(name, column) for name, column in COLUMNS if column.type not in ("id", "text")]
    for name, column in hostile:
        shop[name][column.name] = HOSTILE
    shop["customers"]["recorded_at"] = HOSTILE
    with pytest.raises(InputError) as raised:
        read(shop)
    for name, column in [*hostile, ("customers", RECORDED_AT)]:
        assert any(failure.startswith(f"{name}.{column.name}: ") for failure in raised.value.failures), (name, column)


@pytest.mark.parametrize(
    ("name", "column"), [(name, column.name) for name, column in COLUMNS if column.type == "id"], ids=str
)
def test_hostile_ids(name: str, column: str) -> None:
    shop = tables()
    shop[name][column] = HOSTILE
    brought = {"orders": shop["orders"], name: shop[name]}
    try:
        known = read(brought)
    except InputError:
        return
    assert build_features(known, "2024-06-01").index.is_unique
    assert len(analyse(known, "2024-06-01").kpis)
