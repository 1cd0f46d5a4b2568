"""Rows that stand for something else are left out by a column, counted, and the same on every engine."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from churnml.data.reading import check, read
from tests.engine_shops import place_tables

LOG = pd.DataFrame(
    [
        ("1", "a", "2025-01-05", 9.5, "view", 1),
        ("2", "a", "2025-01-05", 9.5, "purchase", 1),
        ("3", "b", "2025-02-01", 3.0, "cart", 2),
        ("4", "b", "2025-02-02", 4.0, "purchase", 2),
        ("5", "b", "2025-02-03", 5.0, None, 2),
    ],
    columns=["order_id", "customer_id", "ordered_at", "amount", "event", "shop"],
)


@pytest.mark.parametrize("engine", ["duckdb", "postgres", "spark"])
def test_rows_with_another_value_are_left_out_and_counted(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = {"orders": LOG}
    if engine != "duckdb":
        place = place_tables(engine, request.getfixturevalue(engine), place, tmp_path)
    shop = read(place, tables={"orders": {"where": {"event": ["purchase"]}}})
    assert sorted(shop.tables["orders"].order_id.to_pandas()) == ["2", "4"]
    said = "orders: 3 of 5 rows are left out: those meant are where event is purchase."
    assert said in shop.report.notes


def test_several_columns_and_values_of_numbers() -> None:
    where = {"event": ["purchase", "cart"], "shop": ["2"]}
    report = check({"orders": LOG}, tables={"orders": {"where": where}})
    assert (report.rows, report.failures) == ({"orders": 2}, [])


def test_all_rows_of_a_file_are_accounted_for(tmp_path: Path) -> None:
    LOG.to_csv(tmp_path / "orders.csv", index=False)
    for more in ({}, {"lines": True}, {"negative": "returns"}):
        report = check(tmp_path, tables={"orders": {"where": {"event": ["purchase"]}, **more}})
        assert (report.rows["orders"], report.failures, report.files["orders"]) == (2, [], {"orders.csv": 5})


def test_a_column_that_is_missing_is_named() -> None:
    failures = check({"orders": LOG}, tables={"orders": {"where": {"kind": ["x"]}}}).failures
    assert failures[0].startswith("orders: tables.orders.where in the config names kind, but there is no such column")
