"""Parts of a large shop: every customer in one of them, in order, and features that do not know of it."""

from __future__ import annotations

from datetime import date
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.engines.duckdb import DuckDBEngine
from churnml.data.parts import parts_of
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


def test_a_small_shop_is_one_part(shop: Shop) -> None:
    assert parts_of(shop) == [shop]


def test_every_customer_is_in_one_part_and_the_parts_are_in_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DuckDBEngine, "orders_at_once", 100)
    parts = parts_of(shop)
    assert len(parts) == 6  # 560 orders
    customers = [sorted(part.tables["orders"].to_pandas().customer_id.unique()) for part in parts]
    assert all(customers)
    assert [*chain(*customers)] == sorted(shop.tables["orders"].to_pandas().customer_id.unique())
    for name in ("orders", "complaints", "visits"):
        assert sum(part.tables[name].count().to_pandas() for part in parts) == shop.tables[name].count().to_pandas()


def test_features_and_files_are_the_same_in_parts(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected, features = build_features(shop, DAY), available(shop)
    write_features(shop, [DAY], ChurnDefinition(), features, tmp_path / "whole")
    monkeypatch.setattr(DuckDBEngine, "orders_at_once", 100)
    pd.testing.assert_frame_equal(build_features(shop, DAY), expected, check_exact=True)
    write_features(shop, [DAY], ChurnDefinition(), features, tmp_path / "parts")
    one, other = (next((tmp_path / name).rglob("*.parquet")).read_bytes() for name in ("whole", "parts"))
    assert one == other
