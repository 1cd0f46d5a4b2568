"""What a raw value becomes: worked out by hand, the same from text and from typed columns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnml.data.contract import TABLES, Column
from churnml.data.door import TYPES, as_type, normalise
from churnml.data.engines import open_engine
from churnml.data.reading import read

pytestmark = pytest.mark.slow

ENGINE = open_engine({}, "Europe/Berlin").backend
NEXT = iter(range(10_000))


def converted(kind: Any, values: Any) -> list[Any]:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    table = ENGINE.create_table(f"t{next(NEXT)}", pa.table({"row": range(len(array)), "v": array}))
    result = table.select("row", out=as_type(table, Column("v", kind))).order_by("row").to_pyarrow()
    return list(result["out"].to_pylist())


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ([17850, 0, -1], ["17850", "0", "-1"]),
        ([17850.0, float("nan"), None, 2.5, -0.0], ["17850", None, None, "2.5", "0"]),
        ([1e20, float("inf"), 2.0**53], [None, None, None]),  # a double does not tell such numbers apart
        ([2.0**53 - 1], ["9007199254740991"]),
        (
            ["17850", "17850.0", "-1.0", "00017", "00017.0", "1.50", "#1", " a "],
            ["17850", "17850", "-1", "00017", "00017.0", "1.50", "#1", " a "],
        ),
        (["", "  ", None], [None, None, None]),
        ([Decimal("17850.00"), Decimal("2.50")], ["17850", "2.50"]),
        # Beyond 2 ** 24 a single float holds every second whole number,.
        (pa.array(np.float32([2**24 - 1, 2**24, -(2**24), 2.5])), ["16777215", None, None, "2.5"]),
        ([True, False], [None, None]),
        (["nan", "None", " NULL", "#N/A", "<NA>", "\\N", "N/A", "NaT", "(null)\n", "undefined"], [None] * 10),
        (["NA", "nano", "0", "-", "Nullmann"], ["NA", "nano", "0", "-", "Nullmann"]),
        (["5.12346E+12", "5,1e12", "1e+16", "-1.5E-7", " 6.12E+12 "], [None] * 5),
        (["5123.46E+9", "51234.6E+8", "5.12346 E+12", "51234 E+8"], [None] * 4),
        (
            ["9007199254740991.0", "9007199254740992.0", "-9007199254740993.0", "10000000000000000.0"],
            ["9007199254740991", None, None, None],
        ),
        (["12e4567", "1e5", "7E-12", "E+12", "1.5E", "1,234"], ["12e4567", "1e5", "7E-12", "E+12", "1.5E", "1,234"]),
    ],
)
def test_ids(values: list[Any], ids: list[str | None]) -> None:
    assert converted("id", values) == ids


def test_text_stays_as_it_is() -> None:
    assert converted("text", ["17850.0", "", "  ", "nan", "ü"]) == ["17850.0", None, None, "nan", "ü"]
    assert converted("text", [1.0, float("nan")]) == ["1.0", None]


@pytest.mark.parametrize(
    ("values", "amounts"),
    [
        ([0.1 + 0.2, 1.005, 12.0], ["0.3000", "1.0050", "12.0000"]),
        ([float("nan"), float("inf"), -float("inf"), 1e14], [None, None, None, None]),
        ([12, -3], ["12.0000", "-3.0000"]),
        ([Decimal("1.5"), Decimal("2.00005")], ["1.5000", "2.0001"]),
        (
            [" 12.5 ", "1e3", ".5", "5.", "+1", "99999999999998.9999"],
            ["12.5000", "1000.0000", "0.5000", "5.0000", "1.0000", "99999999999998.9999"],
        ),
        (["12,5", "1_000", "1.234,50", "inf", "NaN", "₺5", "0x10", "100000000000000"], [None] * 8),
    ],
)
def test_money(values: list[Any], amounts: list[str | None]) -> None:
    assert converted("money", values) == [amount and Decimal(amount) for amount in amounts]


def test_numbers() -> None:
    assert converted("number", [1.5, float("nan"), float("inf"), None]) == [1.5, None, None, None]
    assert converted("number", ["1.5", "nan", "inf", "Infinity", "", "1e2"]) == [1.5, None, None, None, None, 100.0]
    assert converted("number", [3, None]) == [3.0, None]


def test_flags() -> None:
    assert converted("flag", ["true", "False", "YES", "n", "1", "0.0", "2", "", "maybe"]) == [
        *(True, False, True, False, True, False),
        *(None, None, None),
    ]
    assert converted("flag", [1, 0, 2]) == [True, False, None]
    assert converted("flag", [1.0, 0.0, float("nan")]) == [True, False, None]
    assert converted("flag", [True, False, None]) == [True, False, None]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2025-03-31", "2025-03-31"),
        ("2025-3-1 4:05", "2025-03-01 04:05"),
        ("2025/03/31T14:05:00", "2025-03-31 14:05"),
        (" 2025-03-31 14:05:00.1234567 ", "2025-03-31 14:05:00.123456"),
        ("2025-03-31 23:59:59.999999999", "2025-03-31 23:59:59.999999"),
        # Berlin is an hour ahead of UTC in winter and two in summer.
        ("2025-01-15T12:00:00Z", "2025-01-15 13:00"),
        ("2025-07-15T12:00Z", "2025-07-15 14:00"),
        ("2025-01-15 12:00:00 UTC", "2025-01-15 13:00"),
        ("2025-01-15 12:00:00+03", "2025-01-15 10:00"),
        ("2025-07-15 12:00:00 +03:00", "2025-07-15 11:00"),
        ("2025-07-15T12:00:00.000000+0000", "2025-07-15 14:00"),
        ("2025-07-15T12:00:00-05:30", "2025-07-15 19:30"),
        ("2025-01-15 23:30:00+00:00", "2025-01-16 00:30"),
        # A wall clock that was skipped or shown twice is taken as it stands; with an offset it is exact.
        ("2025-03-30 02:30:00", "2025-03-30 02:30"),
        ("2025-10-26 02:30:00", "2025-10-26 02:30"),
        ("2025-10-26 00:30:00Z", "2025-10-26 02:30"),
        ("2025-10-26 01:30:00Z", "2025-10-26 02:30"),
        ("2024-02-29", "2024-02-29"),
        ("9999-12-31", "9999-12-31"),
        *[
            (text, None)
            for text in (
                *("", "2025-02-29", "31.03.2025", "03/31/2025", "2025-03", "20250331", "2025-03-31 25:00", "soon"),
                *("infinity", "epoch", "2025-03-31 02:05:00 PM", "2025-03-31 14:05 Europe/Paris", "1743422700"),
                *("2025-03-31T25:00:00Z", "0044-03-15 (BC)"),
            )
        ],
    ],
)
def test_times_from_text(text: str, time: str | None) -> None:
    assert converted("time", [text]) == [time and dt.datetime.fromisoformat(time)]


def test_other_types_are_no_times() -> None:
    assert converted("time", [1_743_422_700]) == [None]
    assert converted("plan", [1.5]) == [None]
    assert converted("time", [dt.date(2025, 3, 31)]) == [dt.datetime(2025, 3, 31)]


MOMENTS = pd.DatetimeIndex(["2025-01-15 22:30:00", "2025-07-15 22:30:00", "2025-10-26 00:30:00", "2024-12-31 20:59:59"])
WALL = {
    # UTC + 3 all year; and UTC + 1 in winter, + 2 in summer (to 26 October 2025, 01:00 UTC).
    "Europe/Istanbul": ["2025-01-16 01:30", "2025-07-16 01:30", "2025-10-26 03:30", "2024-12-31 23:59:59"],
    "Europe/Berlin": ["2025-01-15 23:30", "2025-07-16 00:30", "2025-10-26 02:30", "2024-12-31 21:59:59"],
}


@pytest.mark.parametrize("timezone", WALL)
def test_zone_aware_times_become_the_shops_wall_clock(timezone: str, tmp_path: Path) -> None:
    expected = [pd.Timestamp(moment) for moment in WALL[timezone]]
    base = pd.DataFrame({"order_id": range(4), "customer_id": "a", "amount": 1})
    utc = base.assign(ordered_at=MOMENTS.tz_localize("UTC"))
    new_york = base.assign(ordered_at=MOMENTS.tz_localize("UTC").tz_convert("America/New_York").as_unit("ns"))
    objects = base.assign(ordered_at=[moment.to_pydatetime() for moment in new_york.ordered_at])
    zoned = pl.col("ordered_at").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    polars = pl.from_pandas(base.assign(ordered_at=MOMENTS)).with_columns(zoned)
    (tmp_path / "csv").mkdir()
    new_york.to_csv(tmp_path / "csv" / "orders.csv", index=False)  # with offsets such as -05:00
    (tmp_path / "polars").mkdir()
    polars.write_csv(tmp_path / "polars" / "orders.csv")  # with offsets such as -0500
    naive = pa.Table.from_pandas(base.assign(ordered_at=MOMENTS))
    for unit in ("us", "ns"):
        (tmp_path / unit).mkdir()
        table = naive.set_column(3, "ordered_at", naive["ordered_at"].cast(pa.timestamp(unit, "UTC")))
        pq.write_table(table, tmp_path / unit / "orders.parquet")
    sources = [
        *({"orders": utc}, {"orders": new_york}, {"orders": objects}, {"orders": polars}),
        *(tmp_path / name for name in ("csv", "polars", "us", "ns")),
    ]
    for source in sources:
        orders = read(source, timezone=timezone).tables["orders"]
        assert str(orders.schema()["ordered_at"]) == "timestamp(6)"
        assert orders.order_by("order_id").to_pandas().ordered_at.tolist() == expected, source


def test_nanoseconds_are_cut_off_not_rounded(tmp_path: Path) -> None:
    frame = pd.DataFrame({"order_id": [1], "customer_id": "a", "amount": 1})
    frame["ordered_at"] = pd.DatetimeIndex(["2025-01-01 23:59:59.999999999"])
    assert str(frame.ordered_at.dtype) == "datetime64[ns]"
    frame.to_parquet(tmp_path / "orders.parquet")
    for source in ({"orders": frame}, {"orders": pl.from_pandas(frame)}, tmp_path):
        days = read(source).tables["orders"].to_pandas().ordered_at.tolist()
        assert days == [pd.Timestamp("2025-01-01 23:59:59.999999")]


@settings(max_examples=10)
@given(st.lists(st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2099, 12, 31)), min_size=1, max_size=20))
def test_text_and_timestamps_say_the_same(times: list[dt.datetime]) -> None:
    assert converted("time", [str(time) for time in times]) == times
    assert converted("time", [time.isoformat() for time in times]) == times
    assert converted("time", pa.array(times, pa.timestamp("us"))) == times


@settings(max_examples=10)
@given(st.lists(st.decimals(-(10**9), 10**9, places=4), min_size=1, max_size=20))
def test_text_floats_and_decimals_are_the_same_money(amounts: list[Decimal]) -> None:
    assert converted("money", [str(amount) for amount in amounts]) == amounts
    assert converted("money", [float(amount) for amount in amounts]) == amounts
    assert converted("money", pa.array(amounts, pa.decimal128(18, 4))) == amounts


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_the_contracts_types(name: str) -> None:
    contract = TABLES[name]
    raw = ENGINE.create_table(
        f"t{next(NEXT)}", pa.table({column: pa.array(["1"]) for column in (*contract.required, "extra", "recorded_at")})
    )
    normal = normalise(raw, contract)
    expected = {column.name: TYPES[column.type] for column in contract.columns} | {"recorded_at": TYPES["time"]}
    if contract.attributes:
        expected["extra"] = TYPES["text"]
    assert dict(normal.schema()) == expected
