"""Rows in memory, in a file and under other ids: the same rows, in the same order, of the same types."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnml.data import local_rows
from churnml.data.local_rows import LocalRows, RowsInFile, RowsInMemory, store_frames, store_tables
from churnml.data.stored_rows import RenamedRows

SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("number", pa.float64()),
        ("text", pa.string()),
        ("told", pa.bool_()),
        ("day", pa.date32()),
        ("place", pa.int64()),
    ]
)
Make = Callable[[int], LocalRows]


def frame(rows: int) -> pd.DataFrame:
    at = np.arange(rows)
    return pd.DataFrame(
        {
            "customer_id": pd.array([f"c{number:03d}" for number in at], dtype="str"),
            "number": np.where(at % 7 == 0, np.nan, at / 3),
            "text": pd.array([None if number % 5 == 0 else f"ş{number}" for number in at], dtype="str"),
            "told": pd.array([None if number % 3 == 0 else bool(number % 2) for number in at], dtype="boolean"),
            "day": pd.Series(
                [None if number % 4 == 0 else date(2025, 1, 1 + number % 28) for number in at], dtype=object
            ),
            "place": pd.array([None if number % 2 else number for number in at], dtype="Int64"),
        }
    )


@pytest.fixture(params=["memory", "file"])
def stored(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(local_rows, "ROWS_PER_PIECE", 10)
    monkeypatch.setattr(local_rows, "_ROWS_PER_BUCKET", 17)
    monkeypatch.setattr(local_rows, "ROWS_IN_MEMORY", 1_000 if request.param == "memory" else 15)

    def make(rows: int) -> LocalRows:
        whole = frame(rows)
        made = store_frames((whole.iloc[start : start + 13] for start in range(0, max(rows, 1), 13)), SCHEMA)
        assert isinstance(made, RowsInMemory if request.param == "memory" else RowsInFile)
        return made

    return make


def test_rows_come_back_as_they_were(stored: Make) -> None:
    rows, whole = stored(50), frame(50)
    assert len(rows) == 50
    pd.testing.assert_frame_equal(rows.frame(), whole)
    pd.testing.assert_frame_equal(rows.frame(["place", "day"]), whole[["place", "day"]])
    pd.testing.assert_frame_equal(pd.concat(list(rows.pieces()), ignore_index=True), whole)
    assert max(map(len, rows.pieces())) <= 10
    pd.testing.assert_frame_equal(rows.values(list(whole)[::-1]), whole[list(whole)[::-1]])
    pd.testing.assert_frame_equal(
        pd.concat(list(rows.pieces(["text", "told"])), ignore_index=True), whole[["text", "told"]]
    )
    assert rows.ids().tolist() == whole.customer_id.tolist()


def test_some_rows_are_found_in_the_order_of_the_rows(stored: Make) -> None:
    rows, whole = stored(50), frame(50)
    found = rows.of(["c041", "c002", "nobody"])
    pd.testing.assert_frame_equal(found.reset_index(drop=True), whole.iloc[[2, 41]].reset_index(drop=True))
    pd.testing.assert_frame_equal(
        rows.of(["c041", "c002"], ["place"]).reset_index(drop=True),
        whole.loc[[2, 41], ["place"]].reset_index(drop=True),
    )
    assert rows.of([]).empty
    assert list(rows.of([]).columns) == list(whole)
    pd.testing.assert_frame_equal(rows.head(23).reset_index(drop=True), whole.head(23))
    assert len(rows.head(500)) == 50


def test_what_is_asked_of_all_rows_is_the_same_in_memory_and_in_a_file(stored: Make) -> None:
    rows, whole = stored(50), frame(50)
    nowhere = whole.place.isna()
    expected = whole.loc[nowhere, ["customer_id", "number"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows.where_null("place", ["customer_id", "number"]), expected)
    # Of 50 numbers 17 can be divided by 3; of the others as many are odd as even, and one more.
    assert rows.counts("told") == {(None,): 17, ("True",): 17, ("False",): 16}
    assert list(rows.counts("told", "text").values()) == sorted(rows.counts("told", "text").values(), reverse=True)
    assert sum(rows.counts("told", "text").values()) == 50
    # Ids whose MD5 sums begin with the least digits, as any other program finds them.
    least = sorted(whole.customer_id, key=lambda name: hashlib.md5(name.encode()).hexdigest())[:7]
    assert rows.drawn(7).customer_id.tolist() == sorted(least)
    assert len(rows.drawn(50)) == 50


def test_money_adds_up_to_the_cent_in_any_order(stored: Make) -> None:
    money = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "of": ["x", "y", "x", "x"], "sum": [0.1, 5.0, 0.2, 0.7]})
    assert RowsInMemory(money.astype({"of": "str"})).totals("sum", "of") == {"x": 1.0, "y": 5.0}


def double(rows: pd.DataFrame, beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """Give the number twice, with what stands beside, and how many letters the text has."""
    numbers = rows["number"] * 2 + (0.0 if beside is None else beside["place"].astype("float64").to_numpy())
    letters = rows["text"].str.len().fillna(0).astype("int64")
    return pd.DataFrame({"customer_id": rows["customer_id"], "number": numbers, "letters": letters})


def test_rows_are_made_of_rows_and_whole_numbers_added_up(stored: Make) -> None:
    rows, whole = stored(50), frame(50)
    schema = pa.schema([SCHEMA.field("customer_id"), SCHEMA.field("number")])
    made, sums = rows.mapped(double, schema, beside=rows, summed=["letters"])
    pd.testing.assert_frame_equal(made.frame(), double(whole, whole)[["customer_id", "number"]])
    assert sums.to_dict() == {"letters": sum(len(text) for text in whole.text.dropna())}
    alone, nothing = rows.mapped(double, schema)
    pd.testing.assert_frame_equal(alone.frame(), double(whole)[["customer_id", "number"]])
    assert nothing.empty


def test_rows_are_ranked_with_ties_by_id_and_read_in_that_order(stored: Make) -> None:
    whole = frame(50)
    rows, _ = stored(50).mapped(_with_ties, SCHEMA)
    expected = _with_ties(whole).sort_values(["number", "customer_id"], ascending=[False, True], ignore_index=True)
    expected["risk_rank"] = np.arange(1, 51)
    ranked = rows.ranked("number")
    assert len(ranked) == 50
    pd.testing.assert_frame_equal(ranked.frame(), expected)
    pd.testing.assert_frame_equal(pd.concat(list(ranked.pieces()), ignore_index=True), expected)
    pd.testing.assert_frame_equal(pd.concat(list(ranked.pieces(["text"])), ignore_index=True), expected[["text"]])
    pd.testing.assert_frame_equal(ranked.values(["risk_rank", "day"]), expected[["risk_rank", "day"]])
    some = ["c003", "c041", "c017"]
    of = expected[expected.customer_id.isin(some)].reset_index(drop=True)
    pd.testing.assert_frame_equal(ranked.of(some), of)
    pd.testing.assert_frame_equal(ranked.of(some, ["number"]), of[["number"]])
    nowhere = expected.loc[expected.place.isna(), ["risk_rank", "text"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(ranked.where_null("place", ["risk_rank", "text"]), nowhere)
    pd.testing.assert_frame_equal(ranked.ranked("number").frame(), expected)


def _with_ties(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(number=rows["customer_id"].str[-1].astype("float64"))


def test_rows_are_written_as_one_file(stored: Make, tmp_path: Path) -> None:
    schema = pa.schema([SCHEMA.field("customer_id"), SCHEMA.field("number")])
    stored(50).write_parquet(tmp_path / "rows.parquet", lambda rows: double(rows)[["customer_id", "number"]], schema)
    expected = pa.Table.from_pandas(double(frame(50))[["customer_id", "number"]], schema, preserve_index=False)
    assert pq.read_table(tmp_path / "rows.parquet").equals(expected)


def test_rows_are_sorted_by_the_places_that_are_given(stored: Make) -> None:
    rows, whole = stored(50), frame(50)
    order = np.random.default_rng(3).permutation(50)
    places = np.empty(50, dtype=np.int64)
    places[order] = np.arange(50)
    found = pd.concat(list(rows.sorted_by(places)), ignore_index=True)
    pd.testing.assert_frame_equal(found, whole.iloc[order].reset_index(drop=True))


def test_other_ids_stand_for_the_rows_in_all_that_is_given_out(stored: Make, tmp_path: Path) -> None:
    rows, whole = stored(50), frame(50)
    names = pd.Series([f"p{at:03d}" for at in range(50)], index=pd.Index(whole.customer_id))
    renamed = RenamedRows(rows, names)
    expected = whole.assign(customer_id=names.to_numpy())
    assert len(renamed) == 50
    assert renamed.ids().tolist() == names.tolist()
    for found in (
        renamed.frame(),
        pd.concat(list(renamed.pieces())),
        renamed.of(names.tolist()),
    ):
        pd.testing.assert_frame_equal(found.reset_index(drop=True), expected, check_dtype=False)
    assert renamed.of(["c001"]).empty
    assert renamed.head(2).customer_id.tolist() == names.iloc[:2].tolist()
    assert renamed.where_null("place", ["customer_id"]).customer_id.tolist() == names[whole.place.isna().array].tolist()
    assert renamed.drawn(7).customer_id.tolist() == names[rows.drawn(7).customer_id].tolist()
    assert renamed.counts("told") == rows.counts("told")
    assert renamed.totals("number", "told") == rows.totals("number", "told")
    assert renamed.ranked("place").head(1).customer_id.tolist() == ["p048"]
    made, _ = renamed.mapped(double, pa.schema([SCHEMA.field("customer_id")]))
    assert made.ids().tolist() == names.tolist()
    ids = pa.schema([SCHEMA.field("customer_id")])
    renamed.write_parquet(tmp_path / "rows.parquet", lambda rows: rows[["customer_id"]], ids)
    assert pq.read_table(tmp_path / "rows.parquet")["customer_id"].to_pylist() == names.tolist()
    assert renamed.of(["p001"]).number.tolist() == whole.number[[1]].tolist()
    assert "customer_id" not in renamed.frame(["number"])


@pytest.mark.parametrize("most", [5, 500])
def test_tables_carry_their_ids_as_the_index(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_rows, "ROWS_IN_MEMORY", most)
    monkeypatch.setattr(local_rows, "ROWS_PER_PIECE", 4)
    schema = pa.schema([("customer_id", pa.string()), ("a", pa.float64()), ("b", pa.float64())])
    whole = pa.table({"customer_id": [f"c{at}" for at in range(9)], "a": [None, *range(8)], "b": range(9)}).cast(schema)
    rows = store_tables((whole.slice(start, 3) for start in (0, 3, 6)), schema)
    expected = whole.to_pandas().set_index("customer_id")
    pd.testing.assert_frame_equal(rows.frame(), expected)
    pd.testing.assert_frame_equal(rows.frame(["b"]), expected[["b"]])
    pd.testing.assert_frame_equal(pd.concat(list(rows.pieces())), expected)
    pd.testing.assert_frame_equal(rows.of(["c7", "c1"]), expected.loc[["c1", "c7"]])
    renamed = RenamedRows(rows, pd.Series([f"p{at}" for at in range(9)], index=expected.index))
    assert renamed.of(["p7"]).index.tolist() == ["p7"]
    assert renamed.frame().index.name == "customer_id"
    nobody = store_tables(iter([]), schema)
    assert (len(nobody), list(nobody.frame().columns), nobody.frame().index.name) == (0, ["a", "b"], "customer_id")


def test_the_scratch_file_goes_with_the_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(local_rows, "ROWS_IN_MEMORY", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rows = store_frames([frame(20)], SCHEMA)
    assert len(list(tmp_path.iterdir())) == 1
    list(rows.sorted_by(np.arange(20)))
    assert len(list(tmp_path.rglob("*.arrows"))) == 0
    del rows
    gc.collect()
    assert list(tmp_path.iterdir()) == []
