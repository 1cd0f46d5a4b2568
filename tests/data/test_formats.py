"""Formats: texts are read as the settings say, exactly, and what is not of the form is refused with the form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from churnml.config import TableSource
from churnml.data.formats import date_pattern
from churnml.data.reading import check, read
from churnml.errors import ConfigError, InputError
from tests.engine_shops import place_tables

COLUMNS = ["order_id", "customer_id", "ordered_at", "amount"]
DAYS = ["2025-01-05", "2025-02-01"]


def shop(times: Sequence[str] = DAYS, amounts: Sequence[object] = (9.5, 12)) -> dict[str, pd.DataFrame]:
    rows = [(str(number), "a", time, amount) for number, (time, amount) in enumerate(zip(times, amounts, strict=True))]
    return {"orders": pd.DataFrame(rows, columns=COLUMNS)}


def times_of(times: Sequence[str], date_format: str) -> list[str]:
    found = read(shop(times, [1] * len(times)), tables={"orders": {"date_format": date_format}}).tables["orders"]
    return [str(time) for time in found.order_by("order_id").ordered_at.to_pandas()]


@pytest.mark.parametrize(
    ("date_format", "meant"),
    [
        ("%d.%m.%Y", {"3.4.2025": "2025-04-03 00:00:00", "31.12.2024": "2024-12-31 00:00:00"}),
        (
            "%m/%d/%Y %I:%M %p",
            {"3/4/2025 12:05 AM": "2025-03-04 00:05:00", "3/4/2025 1:05 pm": "2025-03-04 13:05:00"},
        ),
        # Two digits: 00 to 68 lie in this century, as POSIX has it.
        ("%d-%m-%y", {"01-02-00": "2000-02-01 00:00:00", "01-02-25": "2025-02-01 00:00:00"}),
        ("%-d %b %Y", {"3 Mär 2025": "2025-03-03 00:00:00", "3 Ağu 2024": "2024-08-03 00:00:00"}),
        ("%Y%m%d", {"20251105": "2025-11-05 00:00:00", "20250131": "2025-01-31 00:00:00"}),
        (
            "%A, %d %B %Y",
            {"Montag, 31 März 2025": "2025-03-31 00:00:00", "Tuesday, 01 April 2025": "2025-04-01 00:00:00"},
        ),
        # 2025-03-31 14:05:00 is 1,743,429,900 seconds after 1970 in Greenwich, as `date -u -d @1743429900` says.
        ("epoch_s", {"1743429900": "2025-03-31 14:05:00", "1743429900.0": "2025-03-31 14:05:00"}),
        ("epoch_ms", {"1743429900007": "2025-03-31 14:05:00.007000", "1743429900120": "2025-03-31 14:05:00.120000"}),
        ("epoch_us", {"1743429900000123": "2025-03-31 14:05:00.000123"}),
        # 14:05 three hours east of Greenwich is 11:05 there, and the shop's clock is UTC.
        (
            "%d/%m/%Y %H:%M %z",
            {"31/03/2025 14:05 +0300": "2025-03-31 11:05:00", "31/03/2025 14:05 Z": "2025-03-31 14:05:00"},
        ),
    ],
)
def test_times_of_a_format(date_format: str, meant: dict[str, str]) -> None:
    assert times_of(list(meant), date_format) == list(meant.values())


def test_a_format_fits_whole_texts_alone() -> None:
    assert date_pattern("%d.%m.%Y").regex == r"^(0?[1-9]|[12]\d|3[01])\.(0?[1-9]|1[0-2])\.(\d{4})$"


@pytest.mark.parametrize(
    ("date_format", "time", "shown"),
    [
        ("%d/%m/%Y", "3/31/2025", "3/31/2025 (not %d/%m/%Y)"),
        # Read as ISO it would be the fourth of March, though the format says that days stand in the middle.
        ("%Y-%d-%m", "2025-03-04 10:00", "2025-03-04 10:00 (not %Y-%d-%m)"),
        ("%d.%m.%Y", "31.02.2025", "2025-02-31"),
        ("epoch_ms", "2025-03-04", "2025-03-04 (not epoch_ms)"),
    ],
)
def test_a_time_that_is_not_of_the_form_is_refused(date_format: str, time: str, shown: str) -> None:
    [failure] = check(shop([time, time], [1, 2]), tables={"orders": {"date_format": date_format}}).failures
    assert shown in failure


def test_the_settings_are_named() -> None:
    [failure] = check(shop(["3/31/2025"] * 2), tables={"orders": {"date_format": "%d/%m/%Y"}}).failures
    assert failure.endswith("Correct tables.orders.date_format in the config: the examples show what it says.")
    [failure] = check(shop(["31.3.2025"] * 2)).failures
    assert failure.endswith("write the year first, as 2025-03-31. Or set tables.orders.date_format in the config.")
    [failure] = check(shop(DAYS, ["12,50", "1"])).failures
    assert failure.endswith("write 12.50. Or set tables.orders.decimal in the config.")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Istanbul"])
def test_whole_numbers_since_1970_are_read_on_the_shops_clock(zone: str) -> None:
    """1743429900 is 14:05 in Greenwich, and 17:05 in Istanbul."""
    orders = shop()["orders"].assign(ordered_at=[1743429900, 1743429900])
    found = read({"orders": orders}, tables={"orders": {"date_format": "epoch_s"}}, timezone=zone).tables["orders"]
    hour = 14 if zone == "UTC" else 17
    assert set(found.ordered_at.to_pandas()) == {pd.Timestamp(2025, 3, 31, hour, 5)}


def test_one_column_has_a_format_of_its_own() -> None:
    orders = shop(["31.03.2025", "01.04.2025"])["orders"].assign(paid="2025-04-02")
    columns = {"ordered_at": {"from": "ordered_at", "date_format": "%d.%m.%Y"}, "cancelled_at": "paid"}
    found = read({"orders": orders}, tables={"orders": {"columns": columns}}).tables["orders"]
    assert found.ordered_at.min().to_pandas() == pd.Timestamp(2025, 3, 31)
    assert set(found.cancelled_at.to_pandas()) == {pd.Timestamp(2025, 4, 2)}


@pytest.mark.parametrize(
    ("settings", "amounts", "meant"),
    [
        ({"decimal": ",", "thousands": "."}, ["1.664,10 TL", "₺ 12"], ["1664.1000", "12.0000"]),
        ({"decimal": ","}, ["12,5 €", "EUR 0,01"], ["12.5000", "0.0100"]),
        ({"thousands": ","}, ["$1,234.50", "$999"], ["1234.5000", "999.0000"]),
        ({"decimal": ",", "thousands": " "}, ["1\u202f234\u00a0567,89", "7 654"], ["1234567.8900", "7654.0000"]),
        ({"thousands": "'"}, ["CHF 1'234.05", "2’000.00"], ["1234.0500", "2000.0000"]),
        # As accountants write what was given back, and as India groups.
        ({"decimal": "."}, ["(12.50)", "12.50-"], ["-12.5000", "-12.5000"]),
        ({"thousands": ","}, ["($1,234.50)", "$(0.50)"], ["-1234.5000", "-0.5000"]),
        ({"decimal": ",", "thousands": "."}, ["1.234,50- €", "-3,00"], ["-1234.5000", "-3.0000"]),
        ({"thousands": ","}, ["₹12,34,567.50", "₹ 1,29,999"], ["1234567.5000", "129999.0000"]),
        ({"thousands": ","}, ["Rs. 1,234", "Rs 99.5"], ["1234.0000", "99.5000"]),
        # All 16 digits: a double would keep 15 of them.
        ({"decimal": ","}, ["99999999,1234", "0,0001"], ["99999999.1234", "0.0001"]),
    ],
)
def test_amounts_are_exact(settings: dict[str, str], amounts: list[str], meant: list[str]) -> None:
    read_as = {"orders": {**settings, "negative": "returns"}}
    tables = read(shop([*DAYS, DAYS[0]], [*amounts, "1"]), tables=read_as).tables
    found = dict(tables["orders"].select("order_id", "amount").to_pandas().itertuples(index=False, name=None))
    if "returns" in tables:
        back = tables["returns"].select("return_id", "amount").to_pandas().itertuples(index=False, name=None)
        found |= {order: -amount for order, amount in back}
    assert [str(found[order]) for order in sorted(found)][:-1] == meant


@pytest.mark.parametrize(
    "amount", ["12.5", "1.66,10", "1.664.1,0", "1,664,10", "twelve", "(-1,00)", "(1,00", "-1,00-", "1.66.100,00"]
)
def test_an_amount_that_is_not_of_the_form_is_refused(amount: str) -> None:
    [failure] = check(shop(DAYS, [amount, "1,00"]), tables={"orders": {"decimal": ",", "thousands": "."}}).failures
    assert f"0: {amount} (not 1.234,50)" in failure
    assert failure.endswith("Correct tables.orders.decimal in the config: the examples show what it says.")


def test_the_sign_says_the_currency_and_two_are_refused() -> None:
    settings = {"orders": TableSource(decimal=",")}
    assert read(shop(DAYS, ["1,5 TL", "2 ₺"]), tables=settings).currency == "TRY"
    [failure] = check(shop(DAYS, ["1,5 TL", "2 €"]), tables=settings).failures
    assert failure.startswith("orders.currency: the amounts are in EUR and TRY")


def test_typed_columns_stay_as_they_are() -> None:
    orders = shop()["orders"].assign(ordered_at=pd.to_datetime(DAYS))
    settings = {"orders": {"date_format": "%d.%m.%Y", "decimal": ",", "thousands": "."}}
    found = read({"orders": orders}, tables=settings).tables["orders"]
    assert str(found.amount.sum().to_pandas()) == "21.5000"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"date_format": "%d.%m"}, "needs day, month and year"),
        ({"date_format": "%d.%m.%Y %Q"}, "its parts are %Y %y"),
        ({"date_format": "%d.%d.%m.%Y"}, "each at most once"),
        ({"thousands": "."}, "thousands and decimal are the same sign"),
        ({"encoding": "cp9999"}, "not a known encoding"),
        ({"encoding": "hex"}, "not a known encoding"),
        ({"columns": {"ordered_at": {"from": "x", "date_format": "%s"}}}, "not a date format"),
    ],
)
def test_settings_that_say_nothing_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(shop(), tables={"orders": settings})


def test_settings_of_files_are_refused_for_tables_in_memory() -> None:
    with pytest.raises(InputError, match=r"tables\.orders\.encoding in the config is for files"):
        read(shop(), tables={"orders": {"encoding": "cp1254"}})


@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_other_engines_read_the_same(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Times since 1970 as text and as whole numbers, and amounts as accountants and India write them."""
    rows = [("1", "a", "1743429900007", 1743429900, "1,29,999.50"), ("2", "b", "1743429900120", 1743429901, "(0.50)")]
    source = {"orders": pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "cancelled_at", "amount"])}
    columns = {
        name: {"from": name, "date_format": form}
        for name, form in (("ordered_at", "epoch_ms"), ("cancelled_at", "epoch_s"))
    }
    tables = {"orders": {"columns": columns, "thousands": ",", "negative": "returns"}}
    shop = read(place_tables(engine, request.getfixturevalue(engine), source, tmp_path), tables=tables)
    (order,) = shop.tables["orders"].to_pandas().to_dict("records")
    assert str(order["ordered_at"]) == "2025-03-31 14:05:00.007000"
    assert str(order["cancelled_at"]) == "2025-03-31 14:05:00"
    assert float(order["amount"]) == 129999.5
    # A number without digits behind the point, which no group finds.
    (tmp_path / "whole").mkdir()
    whole = {"orders": source["orders"].assign(amount=["7", "1,234"], order_id=["3", "4"])}
    place = place_tables(engine, request.getfixturevalue(engine), whole, tmp_path / "whole")
    found = read(place, tables=tables).tables["orders"].order_by("order_id").to_pandas()["amount"]
    assert list(map(float, found)) == [7.0, 1234.0]
    (back,) = shop.tables["returns"].to_pandas().to_dict("records")
    assert (str(back["returned_at"]), float(back["amount"])) == ("2025-03-31 14:05:00.120000", 0.5)
