"""The same hostile values, the same judgement on every engine, and nothing crashes after it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import ibis
import pandas as pd
import pytest

from churnml.config import TableSource
from churnml.data.reading import check, read
from churnml.features.builder import build_features
from tests.servers import load_postgres

pytestmark = pytest.mark.slow

Place = Callable[[dict[str, pd.DataFrame]], str]

TEXTS = [
    *("1e17", "1e400", "-1e-12", "1e-400", "99999999999999.99995", "1e13", "0.00005", "-0.00004", "1e99999"),
    *("123456789012345678901234567890", "1e308", "5.", "+1", " 12 ", "12,50", "9" * 70, "NaN", "Infinity"),
]
TIMES = pd.date_range("2025-01-01", periods=40).astype("str")
SHOP = {
    "orders": pd.DataFrame({"order_id": range(40), "customer_id": "a", "ordered_at": TIMES, "amount": 1e11}),
    "order_items": pd.DataFrame(
        {
            "order_id": [*range(40), 0, 0],
            "product_id": "p",
            "quantity": ["-1", *["1e9"] * 39, "0.1", "0.1"],
            "unit_price": 2.5,
        }
    ),
    "deliveries": pd.DataFrame(
        {
            "order_id": range(40),
            "promised_at": "2025-03-01",
            "shipped_at": [None, "2025-02-25", *["2025-02-10"] * 38],
            "delivered_at": ["2024-12-31", *["2025-02-20"] * 39],
        }
    ),
    "returns": pd.DataFrame(
        {
            "return_id": range(40),
            "customer_id": "a",
            "order_id": range(40),
            "amount": 1,
            "returned_at": ["2024-12-31", *["2025-02-20"] * 39],
        }
    ),
    "contacts": pd.DataFrame(
        {
            "contact_id": range(40),
            "customer_id": "a",
            "campaign": "c",
            "sent_at": "2025-02-05",
            "opened_at": ["2025-02-04", *["2025-02-05"] * 39],
        }
    ),
    "reviews": pd.DataFrame(
        {"review_id": [1], "customer_id": ["a"], "submitted_at": ["2025-02-01"], "rating": [1000], "scale": [1000]}
    ),
}


SLOW = [pytest.param(engine, marks=pytest.mark.slow) for engine in ("postgres", "spark")]


@pytest.fixture(params=["duckdb", *SLOW])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Writes tables to where an engine reads them, and gives the address."""

    def on_files(tables: dict[str, pd.DataFrame]) -> str:
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet")
        if request.param == "duckdb":
            return str(folder)
        return str(request.getfixturevalue("spark")).replace("://", f"://{folder}", 1)

    def on_postgres(tables: dict[str, pd.DataFrame]) -> str:
        return load_postgres(request.getfixturevalue("postgres"), "values", tables)

    return on_postgres if request.param == "postgres" else on_files


def test_numbers_in_every_writing_are_judged_alike(place: Place) -> None:
    wrong = pd.DataFrame(
        {"order_id": range(len(TEXTS)), "customer_id": "a", "ordered_at": "2025-01-01", "amount": TEXTS}
    )
    report = check(place({"orders": wrong}))
    assert [failure.split(" (")[0] for failure in report.failures] == [
        "orders.amount: 7 of 18 rows are not a money amount",
        "orders.amount: 2 of 18 rows are negative",
        "orders.amount: 5 of 18 rows lie above 100,000,000,000",
    ]
    assert [note.split(" (")[0] for note in report.notes] == [
        "orders.amount: 3 of 18 rows have more than four digits after the point and are rounded",
        "orders: 2 of 18 orders have an amount of 0; they count as orders.",
    ]


def test_doubles_are_judged_alike(place: Place) -> None:
    amounts = [19.99, -1e-12, 1e17, float("inf"), float("nan"), 0.1 + 0.2, 1e-9]
    wrong = pd.DataFrame({"order_id": range(7), "customer_id": "a", "ordered_at": "2025-01-01", "amount": amounts})
    report = check(place({"orders": wrong}))
    assert [failure.split(" (")[0] for failure in report.failures] == [
        "orders.amount: 1 of 7 rows are not a money amount",
        "orders.amount: 1 of 7 rows are negative",
        "orders.amount: 1 of 7 rows lie above 100,000,000,000",
        "orders.amount: 1 of 7 rows are empty",
    ]
    assert report.notes[0].startswith("orders.amount: 2 of 7 rows have more than four digits after the point")


def test_the_largest_numbers_give_features_and_the_impossible_is_left_out(place: Place) -> None:
    shop = read(place(SHOP), tables={"order_items": TableSource(same_lines="add")})
    assert shop.report.impossible == {
        "order_items": {"quantity"},
        "deliveries": {"delivered_at"},
        "contacts": {"opened_at"},
        "returns": {"returned_at"},
    }
    deliveries, returns = (shop.tables[name].to_pandas() for name in ("deliveries", "returns"))
    # The delivery before its order is gone, the one before its dispatch has none.
    assert (len(deliveries), deliveries.shipped_at.isna().sum(), deliveries.delivered_at.isna().sum()) == (39, 1, 0)
    assert deliveries.loc[deliveries.shipped_at.isna(), "order_id"].tolist() == ["1"]
    assert (len(returns), returns.loc[returns.order_id.isna(), "return_id"].tolist()) == (40, ["0"])
    assert "order_items: 41 lines were added up to 40." in shop.report.notes, "without the line of -1"
    quantities = shop.tables["order_items"].order_by("quantity").to_pandas().quantity
    assert quantities.tolist() == [0.2, *[1e9] * 39]
    row = build_features(shop, "2025-03-05").loc["a"]
    assert row.amount_sum_365d == 40 * 1e11
    assert row.amount_mean_365d == 1e11
    assert row.review_stars_last == 5
    assert row.orders_365d == 40


READ = [
    *("2025-02-28", "2024-2-29", "2000-02-29 23:59", "2025-12-31T00:00:00.5", "2025-01-31"),
    *("2025-03-31 14:05:00+03:00", "2025-03-31 14:05Z", "2025-03-31T1:05 UTC", "2025-03-31 14:05-1400"),
]
UNREAD = [
    *("2025-02-30", "2025-02-29", "1900-02-29", "2025-04-31", "2025-13-04", "2025-00-10", "2025-01-00", "2025-01-32"),
    *("0000-01-01", "2025-01/05", "2025-01-05 25:00", "2025-01-05 12:60", "2025-01-05 12:00:61", "2025-01-05 24:00"),
    *("2025-02-30 10:00+03:00", "2025-01-05 10:00+15:00", "2025-01-05 10:00+02:60", "2025-01-05 10:00 Europe/Berlin"),
    *("04.10.2025", "infinity", "now"),
]


def test_days_that_are_none_are_counted_and_fail_nothing_else(place: Place) -> None:
    orders = pd.DataFrame({"order_id": range(30), "customer_id": "a", "ordered_at": READ + UNREAD, "amount": 1})
    (failure,) = check(place({"orders": orders})).failures
    assert failure.startswith("orders.ordered_at: 21 of 30 rows are not a time")
    shop = read(place({"orders": orders.head(len(READ))}))
    times = shop.tables["orders"].order_by("ordered_at").ordered_at.to_pandas().astype("str").str[:16].tolist()
    assert times == [
        *("2000-02-29 23:59", "2024-02-29 00:00", "2025-01-31 00:00", "2025-02-28 00:00", "2025-03-31 01:05"),
        *("2025-03-31 11:05", "2025-03-31 14:05", "2025-04-01 04:05", "2025-12-31 00:00"),
    ]


def test_a_float_that_no_whole_number_holds_is_no_id(place: Place) -> None:
    ids = [1e300, 2.0, float("inf")]
    orders = pd.DataFrame({"order_id": ids, "customer_id": "a", "ordered_at": TIMES[:3], "amount": 1})
    (failure, *_) = check(place({"orders": orders})).failures
    assert failure.startswith("orders.order_id: 2 of 3 rows are not an exact id")


def test_decimals_of_many_digits_after_the_point_are_read_exactly(place: Place) -> None:
    amounts = [Decimal(f"{text:0<{len(text) + 25}}") for text in ("1234567.12345", "0.50000", "0.00000")]
    ids = [Decimal(f"{number}.{'0' * 30}") for number in (17850, 2, 3)]
    shop = read(
        place(
            {"orders": pd.DataFrame({"order_id": ids, "customer_id": "a", "ordered_at": TIMES[:3], "amount": amounts})}
        )
    )
    rows = shop.tables["orders"].order_by("order_id").to_pandas()
    assert rows.order_id.tolist() == ["17850", "2", "3"]
    assert [str(amount) for amount in rows.amount] == ["1234567.1235", "0.5000", "0.0000"]  # a half away from 0
    assert [note.split(" (")[0] for note in shop.report.notes] == [
        "orders.amount: 1 of 3 rows have more than four digits after the point and are rounded",
        "orders: 1 of 3 orders have an amount of 0; they count as orders.",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["numeric(5,-2)", "numeric(60,40)", "numeric(60,0)", "numeric"])
def test_numbers_of_every_precision_and_enumerations_are_read_from_postgres(kind: str, postgres: str) -> None:
    schema = f"s{uuid4().hex}"
    backend = ibis.connect(postgres, autocommit=True)
    for statement in (
        f"CREATE SCHEMA {schema}",
        f"CREATE TYPE {schema}.shops AS ENUM ('web', 'app')",
        f"CREATE TABLE {schema}.orders "
        f"(order_id {kind}, customer_id text, ordered_at timestamp, amount {kind}, channel {schema}.shops)",
        f"INSERT INTO {schema}.orders VALUES (100, 'a', '2025-01-01', 100, 'web')",
        f"INSERT INTO {schema}.orders VALUES (1200, 'a', '2025-01-02', 1200, 'app')",
    ):
        backend.raw_sql(statement).close()
    backend.disconnect()
    shop = read(f"{postgres}/{schema}")
    rows = shop.tables["orders"].order_by("ordered_at").to_pandas()
    assert rows[["order_id", "channel"]].to_numpy().tolist() == [["100", "web"], ["1200", "app"]]
    assert rows.amount.tolist() == [Decimal(100), Decimal(1200)]
    assert shop.report.notes == []


LINES = "".join(f"{number},c{number % 5},2025-0{1 + number % 6}-1{number % 10},10.5,web\n" for number in range(40))


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("rows", "failure"),
    [
        # 19 letters before those of the last value.
        (f"{LINES}99,c1,2025-06-01,3,{'x' * 2_000_001}\n", "that begins in line 42 is 2,000,020 bytes long"),
        (f"99,c1,2025-06-01,3,{'x' * 2_000_001}\n{LINES}", "that begins in line 2 is 2,000,020 bytes long"),
        (f"{LINES}98,c1\n", ""),
    ],
    ids=["last", "first", "short"],
)
def test_text_files_are_refused_alike(
    engine: str, rows: str, failure: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_text(f"order_id,customer_id,ordered_at,amount,channel\n{rows}", encoding="utf-8")
    where = str(tmp_path)
    if engine == "spark":
        where = str(request.getfixturevalue("spark")).replace("://", f"://{tmp_path}", 1)
    failures = check(where).failures
    assert len(failures) == 1
    assert failure in failures[0]
    assert "An error occurred while calling" not in failures[0]


HEADER = "order_id,customer_id,ordered_at,amount,channel"
BROKEN_TEXT = {
    "no header": (
        {
            "orders-1.csv": f"{HEADER}\n{LINES}",
            "orders-2.csv": "40,c1,2025-01-09,10.5,web\n41,c1,2025-01-09,10.5,web\n",
        },
        "orders-2.csv has no header: its first line holds 40, c1, 2025-01-09, 10.5, web, but should name the columns.",
    ),
    "no header of names": (
        {"orders-1.csv": f"{HEADER}\n{LINES}", "orders-2.csv": "a-1,c1,today,free,web\na-2,c1,today,free,web\n"},
        "orders-2.csv has no header: its first line holds a-1, c1, today, free, web, but should name the columns.",
    ),
    "nothing in common": (
        {"orders-1.csv": "a-0,c0,today,no,app\na-3,c1,now,no,app\n", "orders-2.csv": "a-1,c1,ago,free,web\n"},
        "orders-1.csv, orders-2.csv have no column in common: the first line of each should name the columns.",
    ),
    "same values": (
        {"orders.csv": "1,1,2025-01-01,1\n"},
        "orders.csv has no header: its first line holds 1, 1, 2025-01",
    ),
    # The line of number 20 is line 22 of the file.
    "open": (
        {"orders.csv": f"{HEADER}\n{LINES}".replace("\n20,c0", '\n20,"c0')},
        "A quote opens in the row of orders.csv that begins in line 22 and is not closed, so that all lines after it",
    ),
    "text follows": (
        {"orders.csv": f"{HEADER}\n{LINES}".replace("\n20,c0", '\n20,"c0').replace("\n30,c0", '\n30,"c0"')},
        "A quote opens a value of orders.csv in line 22, and the next one, in line 32, does not end it: text follows.",
    ),
    "text follows at once": (
        {"orders.csv": f"{HEADER}\n{LINES}".replace("\n20,c0", '\n20,"c0" x')},
        "A quote opens a value of orders.csv in line 22, and the next one, in the same line, does not end it: text",
    ),
}


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", BROKEN_TEXT)
def test_text_that_cannot_be_parted_into_rows_says_why(
    engine: str, case: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    files, expected = BROKEN_TEXT[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    where = str(tmp_path)
    if engine == "spark":
        where = str(request.getfixturevalue("spark")).replace("://", f"://{tmp_path}", 1)
    assert any(expected in failure for failure in check(where).failures)


def test_columns_that_are_years_make_a_header(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("nr,who,when,paid\n1,a,2025-01-01,1\n", encoding="utf-8")
    (tmp_path / "customers.csv").write_text("who,2023,2024-01\na,1,2\n", encoding="utf-8")
    columns = {"order_id": "nr", "customer_id": "who", "ordered_at": "when", "amount": "paid"}
    tables = {"orders": TableSource(columns=columns), "customers": TableSource(columns={"customer_id": "who"})}
    assert read(tmp_path, tables=tables).tables["customers"].to_pandas()["2024-01"].tolist() == ["2"]


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
def test_quotes_that_swallow_lines_are_noted_alike(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    lines = [f"{number},c{number % 5},2025-01-{1 + number % 28},1,web\n" for number in range(100)]
    lines[10], lines[80] = '10,c1,2025-01-11,1,"web\n', '80,c1,2025-01-11,1,web"\n'
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount,channel\n" + "".join(lines), encoding="utf-8"
    )
    where = str(tmp_path)
    if engine == "spark":
        where = str(request.getfixturevalue("spark")).replace("://", f"://{tmp_path}", 1)
    report = check(where)
    assert report.rows == {"orders": 30}  # the lines 10 to 80 are one row
    assert report.files == {"orders": {"orders.csv": 30}}
    assert any("orders.csv, line 12: one row holds 70 line ends" in note for note in report.notes)
