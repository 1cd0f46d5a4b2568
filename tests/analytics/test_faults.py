from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from churnml.analytics.faults import HIT, UNDER_WAY, compute_faults, fault_customers
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from tests.engine_shops import SHOPS, on_duckdb

DAY = date(2025, 6, 2)
WEEKS = 76


def _tables(returned: dict[int, int], usual: int = 2, open_orders: int = 0) -> dict[str, pd.DataFrame]:
    """Every week 20 orders of a cup and 20 of a pot; two of each come back, of the cup others in some weeks."""
    orders, items, returns, deliveries = [], [], [], []
    for week in range(WEEKS):
        at = pd.Timestamp(DAY) - pd.Timedelta(days=7 * week + 4)
        for product in ("cup", "pot"):
            for number in range(20):
                order = f"{product}-{week}-{number}"
                customer = f"{product}-{week}-{number}"
                orders.append((order, customer, at, 10.0))
                items.append((order, product, 1, 10.0, "table"))
                came = week or number >= open_orders
                deliveries.append((order, at, at + pd.Timedelta(days=1) if came else None))
                if number < (returned.get(week, usual) if product == "cup" else usual):
                    returns.append((f"r{order}", customer, at + pd.Timedelta(days=2), 10.0, order))
    return {
        "orders": pd.DataFrame(orders, columns=["order_id", "customer_id", "ordered_at", "amount"]),
        "order_items": pd.DataFrame(items, columns=["order_id", "product_id", "quantity", "unit_price", "category"]),
        "returns": pd.DataFrame(returns, columns=["return_id", "customer_id", "returned_at", "amount", "order_id"]),
        "deliveries": pd.DataFrame(deliveries, columns=["order_id", "promised_at", "delivered_at"]),
    }


def _shop(*given: object, **more: int) -> Shop:
    return read(_tables(*given, **more))  # type: ignore[arg-type]  # as the function above takes them


def test_a_rise_is_raised_with_its_size() -> None:
    found = compute_faults(History(_shop(dict.fromkeys(range(4), 8), open_orders=3), DAY))
    row = found.set_index(["fault", "group", "value"]).loc[("returns", "product", "cup")]
    # 8 of 20 in each of 4 weeks, where 2 of 20 in 52 weeks (weeks 12 to 63) let expect 2 x 4.
    assert (row.weeks, row.events) == (4, 32)
    assert row.expected == pytest.approx(8)
    assert row.ratio == pytest.approx(4)
    # Of 32 + 104 events 32 lie in 4 of 56 weeks: the interval of Clopper and Pearson, as times of what is expected.
    low, high = (stats.beta.ppf(0.025, 32, 105), stats.beta.ppf(0.975, 33, 104))
    assert [row.low, row.high] == pytest.approx([13 * low / (1 - low), 13 * high / (1 - high)])
    assert (row.customers_hit, row.customers_under_way) == (32, 3)
    # Products and the category, for returns and for deliveries; all of these are late, then as now.
    assert set(found["looked_at"]) == {6}
    assert "late deliveries" not in set(found["fault"])


def test_p_values_are_binomial_and_adjusted_for_all_that_is_looked_at() -> None:
    found = compute_faults(History(_shop(dict.fromkeys(range(8), 4)), DAY))
    row = found[found["value"] == "cup"].iloc[0]
    assert row.weeks == 8
    p = stats.binom.sf(31, 32 + 104, 8 / 60)
    # Two products and a category, two kinds of faults, three windows; this one is the clearest.
    assert row.p_adjusted == pytest.approx(18 * p)


def test_what_rises_for_all_is_no_fault_of_one() -> None:
    tables = _tables(dict.fromkeys(range(12), 6))
    pots = _tables(dict.fromkeys(range(12), 6))["returns"]
    pots = pots[pots["order_id"].str.startswith("cup")].assign(
        order_id=lambda table: table["order_id"].str.replace("cup", "pot"),
        return_id=lambda table: table["return_id"].str.replace("cup", "pot"),
        customer_id=lambda table: table["customer_id"].str.replace("cup", "pot"),
    )
    cups = tables["returns"][tables["returns"]["order_id"].str.startswith("cup")]
    found = compute_faults(History(read(tables | {"returns": pd.concat([cups, pots], ignore_index=True)}), DAY))
    assert "product" not in set(found["group"])  # the category has nothing beside it, and did rise
    assert found["group"].to_list() == ["category"]


def test_nothing_is_raised_where_nothing_rose() -> None:
    found = compute_faults(History(_shop({}), DAY))
    assert found.empty
    assert list(found.columns)[:3] == ["fault", "group", "value"]


def test_young_orders_are_not_taken_for_good_ones() -> None:
    """Returns that take five weeks come late for all orders alike, so nothing rises and nothing falls."""
    tables = _tables({})
    late = tables["returns"].assign(returned_at=tables["returns"]["returned_at"] + pd.Timedelta(days=35))
    late = late[late["returned_at"] < pd.Timestamp(DAY)]
    grown = tables["orders"]["ordered_at"] >= pd.Timestamp(DAY) - pd.Timedelta(days=28)
    more = tables["orders"][grown].assign(order_id=lambda table: "more " + table["order_id"])
    items = tables["order_items"][tables["order_items"]["order_id"].isin(tables["orders"]["order_id"][grown])]
    found = read(
        {
            "orders": pd.concat([tables["orders"], more]),
            "order_items": pd.concat([tables["order_items"], items.assign(order_id="more " + items["order_id"])]),
            "returns": late,
        }
    )
    assert compute_faults(History(found, DAY)).empty


def test_a_return_that_names_a_product_is_of_that_product_alone() -> None:
    tables = _tables(dict.fromkeys(range(4), 9))
    both = tables["order_items"].assign(
        product_id=tables["order_items"]["product_id"].map({"cup": "pot", "pot": "cup"})
    )
    tables["order_items"] = pd.concat([tables["order_items"], both], ignore_index=True)
    tables["returns"]["product_id"] = "cup"
    found = compute_faults(History(read(tables), DAY))
    assert found.loc[found["group"] == "product", "value"].to_list() == ["cup"]


def test_customers_are_named_who_were_hit_and_who_wait() -> None:
    history = History(_shop(dict.fromkeys(range(4), 8), open_orders=3), DAY)
    found = fault_customers(history, compute_faults(history))
    cups = found[found["value"] == "cup"].groupby("status")["customer_id"].agg(sorted)
    assert cups[UNDER_WAY] == ["cup-0-0", "cup-0-1", "cup-0-2"]
    assert cups[HIT] == sorted(f"cup-{week}-{number}" for week in range(4) for number in range(8))


def test_nothing_is_known_of_the_future() -> None:
    tables = _tables(dict.fromkeys(range(4), 8))
    day = DAY - timedelta(days=14)
    known = {name: table.copy() for name, table in tables.items()}
    known["orders"] = known["orders"][known["orders"]["ordered_at"] < pd.Timestamp(day)]
    known["returns"] = known["returns"][known["returns"]["returned_at"] < pd.Timestamp(day)]
    for name in ("order_items", "deliveries"):
        known[name] = known[name][known[name]["order_id"].isin(known["orders"]["order_id"])]
    known["deliveries"].loc[known["deliveries"]["delivered_at"] >= pd.Timestamp(day), "delivered_at"] = None
    found, expected = (compute_faults(History(read(each), day)) for each in (tables, known))
    assert len(found) > 0
    pd.testing.assert_frame_equal(found, expected)


def test_the_order_of_rows_does_not_matter() -> None:
    tables = _tables(dict.fromkeys(range(4), 8))
    mixed = {name: table.sample(frac=1, random_state=2, ignore_index=True) for name, table in tables.items()}
    pd.testing.assert_frame_equal(*(compute_faults(History(read(each), DAY)) for each in (tables, mixed)))


@pytest.mark.slow
def test_the_same_is_looked_at_on_postgres(
    postgres: str, engine_shop: Callable[[str, int], tuple[Shop, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churnml.analytics.faults.FEWEST", 0.5)
    monkeypatch.setattr("churnml.analytics.faults.LEVEL", 1.0)  # all that is looked at
    found, expected = (
        compute_faults(History(shop, SHOPS[0][1])) for shop in (engine_shop("postgres", 0)[0], on_duckdb(0))
    )
    assert len(found) > 3
    pd.testing.assert_frame_equal(found, expected)
    assert np.isfinite(found["ratio"]).any()


def test_what_was_stored_on_the_way_is_let_go() -> None:
    shop = _shop(dict.fromkeys(range(4), 8))

    def stored() -> set[str]:
        return {name for (name,) in shop.engine.backend.con.sql("SELECT table_name FROM duckdb_tables()").fetchall()}

    before = stored()
    with shop.engine.stored(shop.tables["orders"]) as table:
        assert len(stored() - before) == 1
        assert table.count().to_pandas() == len(_tables({})["orders"])
    assert len(compute_faults(History(shop, DAY))) == 2  # the cup and its category
    assert stored() == before
