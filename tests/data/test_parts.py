"""Parts of a large shop: every customer in one of them, in order, and features that do not know of it."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.draw import draw
from churnml.data.engines.duckdb import DuckDBEngine
from churnml.data.parts import let_go, parts_of
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.available import available
from churnml.features.builder import build_features
from churnml.features.store import write_features
from tests.random_shop import Maker

pytestmark = pytest.mark.slow

DAY = date(2025, 3, 1)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return read(Maker(8, DAY, 40).tables())


def stored_on(shop: Shop) -> set[str]:
    return {name for (name,) in shop.engine.backend.con.sql("SELECT table_name FROM duckdb_tables()").fetchall()}


def test_a_small_shop_is_one_part(shop: Shop) -> None:
    assert parts_of(shop, ()) == [shop]


def test_every_customer_is_in_one_part_and_the_parts_are_in_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DuckDBEngine, "orders_at_once", 100)
    parts = parts_of(shop, {"complaints"})
    assert len(parts) == 6  # 560 orders
    customers = [sorted(part.tables["orders"].to_pandas().customer_id.unique()) for part in parts]
    assert all(customers)
    assert [*chain(*customers)] == sorted(shop.tables["orders"].to_pandas().customer_id.unique())
    for name in ("orders", "complaints", "visits"):
        assert sum(part.tables[name].count().to_pandas() for part in parts) == shop.tables[name].count().to_pandas()


def test_what_is_read_often_is_stored_by_customer_and_let_go(shop: Shop) -> None:
    with draw(shop, 0.6, seed=3) as drawn:
        (part,) = parts_of(drawn, {"complaints", "deliveries"}, often=True)
        assert parts_of(drawn, {"complaints"}, often=True)[0].tables["complaints"].equals(part.tables["complaints"])
        for name in ("orders", "complaints", "deliveries"):
            rows, expected = part.tables[name].to_pandas(), drawn.tables[name].to_pandas()
            assert list(rows) == list(expected)
            key = "complaint_id" if name == "complaints" else "order_id"
            pd.testing.assert_frame_equal(
                rows.sort_values(key, ignore_index=True), expected.sort_values(key, ignore_index=True)
            )
        assert part.tables["orders"].to_pandas().customer_id.is_monotonic_increasing
        assert part.tables["visits"] is drawn.tables["visits"]
        stored = stored_on(shop)
    assert len(stored - stored_on(shop)) == len(drawn.tables) + 3


def test_many_parts_are_sorted_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DuckDBEngine, "orders_at_once", 50)
    fresh = dataclasses.replace(shop)
    before = stored_on(shop)
    parts = parts_of(fresh, {"complaints"})
    assert len(parts) == 12
    assert len(stored_on(shop) - before) == 2
    let_go(fresh)
    assert stored_on(shop) == before


def test_features_and_files_are_the_same_in_parts(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected, features = build_features(shop, DAY), available(shop)
    write_features(shop, [DAY], ChurnDefinition(), features, tmp_path / "whole")
    monkeypatch.setattr(DuckDBEngine, "orders_at_once", 100)
    pd.testing.assert_frame_equal(build_features(shop, DAY), expected, check_exact=True)
    write_features(shop, [DAY, DAY + timedelta(days=30)], ChurnDefinition(), features, tmp_path / "parts")
    place = f"snapshot_date={DAY}/part-00000.parquet"
    one, other = ((tmp_path / name / place).read_bytes() for name in ("whole", "parts"))
    assert one == other
