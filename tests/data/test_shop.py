"""The shop and the names that the config maps."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnml.config import TableSource
from churnml.data.contract import TABLES
from churnml.data.reading import check, read
from churnml.errors import ConfigError, InputError

pytestmark = pytest.mark.slow


def sales() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "no": [1, 2, 3],
            "client": ["a", None, "b"],
            "at": ["2025-02-01 10:00", "2024-01-01", "2025-03-05"],
            "amount": [100, 200, 300],  # gross
            "net": [80, 160, 240],
        }
    )


COLUMNS = {"order_id": "no", "customer_id": "client", "ordered_at": "at", "amount": "net"}


def test_mapped_names(tmp_path: Path) -> None:
    sales().to_csv(tmp_path / "sales_2025.csv", index=False)
    tables = {"orders": TableSource(name="sales", columns=COLUMNS)}
    for source in (tmp_path, {"sales": sales()}):
        shop = read(source, tables=tables)
        orders = shop.tables["orders"].order_by("order_id").to_pandas()
        assert [int(amount) for amount in orders.amount] == [80, 240]  # not the column that has the contract's name
        assert shop.brought["orders"] == {"order_id", "customer_id", "ordered_at", "amount"}


def test_a_name_with_its_ending(tmp_path: Path) -> None:
    sales().to_csv(tmp_path / "Sales of 2025.csv", index=False)
    shop = read(tmp_path, tables={"orders": TableSource(name="Sales of 2025.csv", columns=COLUMNS)})
    assert shop.report.rows == {"orders": 3}


def test_names_may_change_places_and_serve_twice() -> None:
    orders = pd.DataFrame({"order_id": ["a"], "customer_id": ["1"], "ordered_at": ["2025-01-01"], "amount": [1]})
    swapped = {"order_id": "customer_id", "customer_id": "order_id", "recorded_at": "ordered_at"}
    shop = read({"orders": orders}, tables={"orders": TableSource(columns=swapped)})
    [row] = shop.tables["orders"].to_pandas().to_dict("records")
    assert (row["order_id"], row["customer_id"], row["recorded_at"]) == ("1", "a", row["ordered_at"])


def test_one_source_may_hold_two_tables() -> None:
    orders = sales().assign(promised="2026-01-01").dropna()
    delivery = TableSource(name="sales", columns={"order_id": "no", "promised_at": "promised"})
    shop = read(
        {"sales": orders}, tables={"orders": TableSource(name="sales", columns=COLUMNS), "deliveries": delivery}
    )
    assert shop.report.rows == {"orders": 2, "deliveries": 2}


def test_wrong_names_in_the_config_are_all_named() -> None:
    columns = {**COLUMNS, "amount": "netto", "colour": "net"}
    tables = {"orders": TableSource(name="sales", columns=columns), "visits": TableSource(name="sessions")}
    assert check({"sales": sales()}, tables=tables).failures == [
        "visits: tables.visits.name in the config says sessions, but there is no such table (found: sales). "
        "Correct the config.",
        "orders: tables.orders.columns in the config names colour, which is no column of orders (known: order_id, "
        "customer_id, ordered_at, amount, discount, discount_code, channel, currency, cancelled_at). Correct "
        "the config.",
        "orders: tables.orders.columns in the config says netto, but there is no such column (received: no, client, "
        "at, amount, net). Correct the config.",
    ]


def test_sources_in_python_are_judged_like_those_in_the_config() -> None:
    wrong: Any = {"ordrs": {"name": "x"}, "orders": "sales", "returns": {"colums": {}}}
    with pytest.raises(ConfigError) as raised:
        read({}, tables=wrong)
    assert raised.value.failures == [
        f"tables.ordrs: is no table of the contract. Name one of {', '.join(TABLES)}.",
        "tables.orders: Input should be a valid dictionary or instance of TableSource (received 'sales'). Correct the "
        "value.",
        "tables.returns.colums: the key is not known. Remove it, or correct its spelling.",
    ]


def test_a_mapped_table_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"^orders: tables\.orders\.name in the config says sales, but there is no such"
    ):
        read(tmp_path, tables={"orders": TableSource(name="sales")})


def test_days_are_those_of_orders_with_a_customer() -> None:
    shop = read({"sales": sales()}, tables={"orders": TableSource(name="sales", columns=COLUMNS)})
    # The order of 2024 has no customer and is left out.
    assert (shop.first_day, shop.last_day) == (date(2025, 2, 1), date(2025, 3, 5))


def test_customers_keep_their_attributes() -> None:
    orders = pd.DataFrame({"order_id": [1], "customer_id": ["a"], "ordered_at": ["2025-01-01"], "amount": [1]})
    customers = pd.DataFrame({"customer_id": ["a", "b"], "city": ["Ankara", ""], "age": [34, None]})
    shop = read({"orders": orders, "customers": customers})
    frame = shop.tables["customers"].order_by("customer_id").to_pandas()
    assert frame.city.tolist()[0] == "Ankara"
    assert frame.isna()[["city", "age"]].to_numpy().tolist() == [[False, False], [True, True]]
    assert shop.has("customers", ["city", "age"])
    assert shop.report.notes == ["customers: 1 of 2 rows are of customers without an order."]


@pytest.mark.parametrize("timezone", ["Europe/Nowhere", "", "x'; DROP TABLE y; --", None])
def test_an_unknown_timezone(timezone: Any) -> None:
    with pytest.raises(InputError, match=r"^timezone: .* is not known\. Use a name such as Europe/Istanbul or UTC\."):
        read({"orders": sales()}, timezone=timezone)
