"""Rows on Spark say of themselves what the same rows in memory say."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnml.data.local_rows import RowsInMemory
from churnml.data.stored_rows import RenamedRows, StoredRows
from churnml.errors import InputError

pytestmark = pytest.mark.slow
NUMBERS = pa.schema([("customer_id", pa.string()), ("number", pa.float64()), ("money", pa.float64())])
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("number", pa.float64()),
        ("money", pa.float64()),
        ("text", pa.string()),
        ("told", pa.bool_()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us")),
        ("place", pa.int64()),
    ]
)
ROWS = 40


def numbers() -> pa.Table:
    at = np.arange(ROWS)
    columns = {"customer_id": [f"ş{number:03d}" for number in at], "number": at % 7 / 3, "money": at / 100}
    return pa.table(columns).cast(NUMBERS)


def told(rows: pd.DataFrame, beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """Say of rows something of every type, which may be null, and whole numbers to be added up."""
    at = (rows["money"] * 100).round().astype("int64").to_numpy()
    added = 0.0 if beside is None else beside["number"].to_numpy()
    return pd.DataFrame(
        {
            "customer_id": rows.index.to_numpy(),
            "number": rows["number"].to_numpy() + added,
            "money": rows["money"].to_numpy(),
            "text": pd.array([None if one % 5 == 0 else f"'{one % 3}`" for one in at], dtype="str"),
            "told": pd.array([None if one % 3 == 0 else bool(one % 2) for one in at], dtype="boolean"),
            "day": pd.Series([None if one % 4 == 0 else date(2025, 1, 1 + int(one) % 28) for one in at], dtype=object),
            "at": pd.Series(pd.Timestamp("2025-03-30 02:30") + pd.to_timedelta(at, "h")).astype("datetime64[us]"),
            "place": pd.array([None if one % 2 else int(one) for one in at], dtype="Int64"),
            "at `first`": at,
            "Text": at * 2,
        }
    )


@pytest.fixture(scope="module")
def rows(spark: str) -> tuple[StoredRows, StoredRows]:
    """Numbers on Spark and in memory."""
    from churnml.data.engines.spark import SparkEngine

    engine = SparkEngine(spark, "Europe/Istanbul")
    frame = numbers().to_pandas()
    engine.session.createDataFrame(frame.sample(frac=1, random_state=1)).createOrReplaceTempView("numbers_of_a_test")
    on_spark = engine.store([engine.backend.table("numbers_of_a_test")], _plain, NUMBERS)
    return on_spark, RowsInMemory(frame.set_index("customer_id"))


def _plain(table: pa.Table) -> pa.Table:
    return table


@pytest.fixture(scope="module")
def mapped(rows: tuple[StoredRows, StoredRows]) -> tuple[StoredRows, StoredRows]:
    """Rows that are made of these, with every type."""
    made = [own.mapped(told, SCHEMA, beside=own, summed=["at `first`", "Text"]) for own in rows]
    pd.testing.assert_series_equal(made[0][1], made[1][1])
    assert made[1][1].to_dict() == {"at `first`": sum(range(ROWS)), "Text": 2 * sum(range(ROWS))}
    return made[0][0], made[1][0]


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True), rtol=1e-9)
    assert one.index.name == other.index.name


def test_rows_come_back_with_their_types(
    rows: tuple[StoredRows, StoredRows], mapped: tuple[StoredRows, StoredRows]
) -> None:
    for on_spark, in_memory in (rows, mapped):
        assert on_spark.is_distributed
        assert len(on_spark) == len(in_memory) == ROWS
        same(on_spark.frame(), in_memory.frame())
        same(on_spark.frame(["money"]), in_memory.frame(["money"]))
        same(on_spark.head(3), in_memory.head(3))
        same(on_spark.drawn(9), in_memory.drawn(9))
        same(on_spark.drawn(ROWS), in_memory.drawn(ROWS))
        same(pd.concat(list(on_spark.pieces())), in_memory.frame())
        some = ["ş039", "ş002", "nobody", "ş002"]
        same(on_spark.of(some), in_memory.of(some))
        same(on_spark.of(some, ["number"]), in_memory.of(some, ["number"]))
        same(on_spark.of([]), in_memory.of([]))
        read = on_spark.values(["customer_id", "number"]).sort_values("customer_id")
        same(read, in_memory.values(["customer_id", "number"]))
        assert sorted(on_spark.ids()) == in_memory.ids().tolist()


def test_what_is_asked_of_all_rows_is_answered_alike(mapped: tuple[StoredRows, StoredRows]) -> None:
    on_spark, in_memory = mapped
    assert on_spark.counts("text") == in_memory.counts("text")
    assert list(on_spark.counts("text")) == list(in_memory.counts("text"))
    assert on_spark.totals("money", "text") == in_memory.totals("money", "text")
    same(on_spark.where_null("told", ["customer_id", "place"]), in_memory.where_null("told", ["customer_id", "place"]))


def test_rows_are_ranked_alike_and_written_in_that_order(mapped: tuple[StoredRows, StoredRows], tmp_path: Path) -> None:
    on_spark, in_memory = (rows.ranked("number") for rows in mapped)
    same(on_spark.frame(), in_memory.frame())
    same(on_spark.head(4), in_memory.head(4))
    same(on_spark.of(["ş003", "ş030"]), in_memory.of(["ş003", "ş030"]))
    same(on_spark.where_null("place", ["risk_rank", "text"]), in_memory.where_null("place", ["risk_rank", "text"]))
    schema = pa.schema([*SCHEMA, ("risk_rank", pa.int64())])
    made = [rows.mapped(_as_is, schema)[0] for rows in (on_spark, in_memory)]
    same(made[0].frame(), made[1].frame())
    for name, rows in [*zip("ab", made, strict=True), ("a", made[0])]:  # a second time in place of the first
        rows.write_parquet(tmp_path / name, _as_is, schema)
    parts = sorted((tmp_path / "a").glob("part-*.parquet"))
    assert parts
    assert pa.concat_tables(map(pq.read_table, parts)).cast(schema).equals(pq.read_table(tmp_path / "b"))


def test_other_ids_stand_for_rows_on_spark(mapped: tuple[StoredRows, StoredRows], tmp_path: Path) -> None:
    ids = [f"ş{number:03d}" for number in range(ROWS)]
    new = pd.Series([f"p{number:03d}" for number in range(ROWS)], index=pd.Index(ids))
    on_spark, in_memory = (RenamedRows(rows, new) for rows in mapped)
    assert on_spark.is_distributed
    same(on_spark.of(["p007", "ş003"]), in_memory.of(["p007", "ş003"]))
    for name, rows in (("a", on_spark), ("b", in_memory)):
        rows.write_parquet(tmp_path / name, _as_is, SCHEMA)
    written = pa.concat_tables(map(pq.read_table, sorted((tmp_path / "a").glob("part-*.parquet"))))
    assert written.cast(SCHEMA).equals(pq.read_table(tmp_path / "b"))
    same(*(rows.mapped(_as_is, SCHEMA)[0].frame() for rows in (on_spark, in_memory)))


def _as_is(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def _needs_more(rows: pd.DataFrame) -> pd.DataFrame:
    if len(rows) > 1:
        import_module("churnml_is_not_here")
    return rows.reset_index()


def test_what_the_executors_lack_is_said_in_one_sentence(rows: tuple[StoredRows, StoredRows]) -> None:
    with pytest.raises(InputError) as said:
        rows[0].mapped(_needs_more, NUMBERS)
    assert str(said.value).startswith(
        "Spark's executors cannot run churnml: No module named 'churnml_is_not_here'. Install the same churnml for"
    )
