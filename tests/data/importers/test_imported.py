"""The steps that every importer shares."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from churnml.data.importers.imported import contract_table, money


def test_money_is_exact_ten_thousandths() -> None:
    assert money([0, 1, -12_345, 10**17]).to_pylist() == [
        Decimal("0.0000"),
        Decimal("0.0001"),
        Decimal("-1.2345"),
        Decimal("10000000000000.0000"),
    ]


def test_money_beyond_the_contract_is_refused() -> None:
    with pytest.raises(pa.ArrowInvalid):
        money([10**18])


def test_frames_and_arrow_tables_become_the_same_sorted_contract_table() -> None:
    frame = pd.DataFrame(
        {
            "amount": [Decimal("2.5"), Decimal("1")],
            "ordered_at": [datetime(2020, 1, 2), datetime(2020, 1, 1)],
            "customer_id": ["b", "a"],
            "order_id": ["2", "1"],
            "colour": ["red", "blue"],
        }
    )
    table = contract_table("orders", frame)
    assert table.column_names == ["order_id", "customer_id", "ordered_at", "amount"]
    assert table["order_id"].to_pylist() == ["1", "2"]
    assert table["amount"].to_pylist() == [Decimal("1.0000"), Decimal("2.5000")]
    assert table.schema.field("ordered_at").type == pa.timestamp("us")
    assert table.equals(contract_table("orders", pa.Table.from_pandas(frame)), check_metadata=True)


def test_attributes_stay_where_the_contract_keeps_them() -> None:
    table = contract_table("customers", pd.DataFrame({"city": ["Ankara", None], "customer_id": ["b", "a"]}))
    assert table.to_pylist() == [{"customer_id": "a", "city": None}, {"customer_id": "b", "city": "Ankara"}]
    assert table.schema.types == [pa.string(), pa.string()]
