"""Drawing customers: whole ones, by their ids and the seed alone."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.draw import draw
from churnml.data.shop import Shop, read
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features
from churnml.features.registry import available
from churnml.features.store import write_features
from tests.random_shop import Maker

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
    assert customers_of(draw(shop, 0.4, 7)) == expected
    assert customers_of(draw(shop, 0.4, 8)) != expected


def test_a_drawn_customer_keeps_all_rows_of_all_tables(shop: Shop) -> None:
    drawn = draw(shop, 0.4, 7)
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
    whole, drawn = build_features(shop, DAY), build_features(draw(shop, 0.4, 7), DAY)
    assert whole.btyd_no_order_probability.notna().any()
    pd.testing.assert_frame_equal(drawn, whole.loc[drawn.index], check_exact=True)


def test_a_partition_of_another_draw_is_built_anew(shop: Shop, tmp_path: Path) -> None:
    features = available(shop, ["recency"])
    built = [
        write_features(one, [DAY], ChurnDefinition(), features, tmp_path)[0].built
        for one in (shop, draw(shop, 0.4, 7), draw(shop, 0.4, 7), draw(shop, 0.4, 8))
    ]
    assert built == [True, True, False, True]
