"""Drawing customers: whole ones, by their ids and the seed alone."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.draw import draw
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
    return read(Maker(8, DAY, 60).tables())


def customers_of(shop: Shop) -> set[str]:
    return set(shop.tables["orders"].to_pandas().customer_id)


def test_a_customer_is_drawn_by_the_hash_of_seed_and_id(shop: Shop) -> None:
    def place(customer: str) -> float:
        return int(hashlib.md5(f"7 {customer}".encode()).hexdigest(), 16) / 16**32

    expected = {customer for customer in customers_of(shop) if place(customer) < 0.4}
    assert 0 < len(expected) < len(customers_of(shop))
    with draw(shop, 0.4, 7) as drawn, draw(shop, 0.4, 8) as other:
        assert customers_of(drawn) == expected
        assert customers_of(other) != expected
    with draw(shop, 1.0, 7) as whole:
        assert whole is shop


def test_what_was_drawn_is_let_go(shop: Shop) -> None:
    def stored() -> int:
        return len(shop.engine.backend.con.sql("FROM duckdb_tables()").fetchall())

    before = stored()
    with draw(shop, 0.4, 7):
        assert stored() == before + len(shop.tables)
    assert stored() == before


def test_a_drawn_customer_keeps_all_rows_of_all_tables(shop: Shop) -> None:
    with draw(shop, 0.4, 7) as drawn:
        kept = customers_of(drawn)
        orders = shop.tables["orders"].to_pandas()
        kept_orders = set(orders.order_id[orders.customer_id.isin(kept)])
        for name, table in shop.tables.items():
            rows = table.to_pandas()
            key, values = ("customer_id", kept) if "customer_id" in rows else ("order_id", kept_orders)
            expected = rows[rows[key].isin(values)]
            found = drawn.tables[name].to_pandas()
            if name != "orders":  # others may hold customers who never ordered
                found = found[found[key].isin(values)]
            assert len(found) == len(expected) > 0, name


def test_features_of_the_drawn_are_those_of_the_whole_shop(shop: Shop) -> None:
    # Also those with constants of the shop, such as BG/NBD.
    with draw(shop, 0.4, 7) as some:
        whole, drawn = build_features(shop, DAY), build_features(some, DAY)
    assert whole.btyd_no_order_probability.notna().any()
    pd.testing.assert_frame_equal(drawn, whole.loc[drawn.index], check_exact=True)


def test_a_partition_of_another_draw_is_built_anew(shop: Shop, tmp_path: Path) -> None:
    features = available(shop, ["recency"])

    def built(share: float, seed: int) -> bool:
        with draw(shop, share, seed) as one:
            return write_features(one, [DAY], ChurnDefinition(), features, tmp_path)[0].built

    assert [built(*asked) for asked in ((1.0, 7), (0.4, 7), (0.4, 7), (0.4, 8))] == [True, True, False, True]
