"""Customers of several rows: one stays, the same one on every engine and in every order of rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from churnml.data.reading import check, read
from tests.engine_shops import place_tables

ORDERS = pd.DataFrame(
    [("o1", "ann", "2025-01-05", 1), ("o2", "bob", "2025-02-01", 2)],
    columns=["order_id", "customer_id", "ordered_at", "amount"],
)
CUSTOMERS = pd.DataFrame(
    [("ann", "Ulm", "7"), ("bob", "Bonn", "8"), ("ann", "Köln", "9"), ("ann", "Köln", None)],
    columns=["customer_id", "city", "zip"],
)
ONE = {"customers": {"several": "one"}}


def test_rows_that_differ_are_refused_and_the_setting_is_named() -> None:
    [failure] = check({"orders": ORDERS, "customers": CUSTOMERS}).failures
    assert "customers: 1 of 2 keys (customer_id) stand for rows with different content (ann)" in failure
    assert "set tables.customers.several: one" in failure


@pytest.mark.parametrize("engine", ["duckdb", "postgres", "spark"])
def test_the_first_row_by_its_values_stays(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Of ann's rows, Köln with zip 9 comes first by letter: a value comes before none."""
    for rows in (CUSTOMERS, CUSTOMERS[::-1]):
        source = {"orders": ORDERS, "customers": rows}
        place = (
            source if engine == "duckdb" else place_tables(engine, request.getfixturevalue(engine), source, tmp_path)
        )
        shop = read(place, tables=ONE)
        found = shop.tables["customers"].order_by("customer_id").to_pandas()
        assert found[["customer_id", "city", "zip"]].to_numpy().tolist() == [["ann", "Köln", "9"], ["bob", "Bonn", "8"]]
        assert "customers: 2 of 4 rows are further ones of a customer and are left out." in shop.report.notes


def test_a_row_of_nobody_is_still_named() -> None:
    customers = pd.concat([CUSTOMERS, pd.DataFrame([(None, "Ulm", "7")], columns=CUSTOMERS.columns)])
    [failure] = check({"orders": ORDERS, "customers": customers}, tables=ONE).failures
    assert "customers.customer_id: 1 of 3 rows" in failure


def test_other_tables_have_no_such_setting() -> None:
    [failure] = check({"orders": ORDERS}, tables={"orders": {"several": "one"}}).failures
    assert failure == "orders: tables.orders.several is for customers alone. Take it out."
