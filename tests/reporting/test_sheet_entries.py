"""The way back from the team: sheets in any language are read, carried over, and never written over unread."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from churnml.config import Config
from churnml.data.shop import Shop
from churnml.errors import InputError
from churnml.models.model import Model
from churnml.reporting.about import facts_of
from churnml.reporting.csv_files import write_csv
from churnml.reporting.files import write_files
from churnml.reporting.record import record
from churnml.reporting.sheet_entries import hash_of, read_sheet, read_sheets
from churnml.reporting.spreadsheet import write_workbook
from churnml.scoring.scorer import Scorer
from churnml.words import LANGUAGES, Language
from churnml.workflow import score
from tests.reporting.test_spreadsheet import a_list, write

CODES = ["reached", "offer taken", "declined", "not reached"]
FEW = Config.model_validate({"reporting": {"periods": 0, "rows": 20}})


def filled(customers: list[str], **cells: list[object]) -> pd.DataFrame:
    usual: dict[str, list[object]] = dict.fromkeys(
        ("owner", "contacted_on", "outcome", "note", "cost"), [None] * len(customers)
    )
    return pd.DataFrame({**usual, **cells}, index=pd.Index(customers, name="customer_id"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_written_in_a_sheet_is_read_in_every_language(language: Language, tmp_path: Path) -> None:
    cells = filled(
        ["C1", "C3"],
        owner=["Ayşe", "Jörg"],
        contacted_on=[date(2025, 6, 3), None],
        outcome=["offer taken", "weiß nicht"],
        note=[None, "=1+1, ring twice"],
        cost=[2.5, None],
    )
    frame = a_list(["C1", "C2", "C3"], ["call", "reminder", "call"])
    path = write(frame, tmp_path / "worklist.xlsx", language, written=cells, outcomes=CODES)
    found = read_sheet(path, "spring")
    # Once on the sheet of all, once on that of the play.
    assert found.groupby("customer_id").size().to_dict() == {"C1": 2, "C3": 2}
    of_all = found.drop_duplicates("customer_id").set_index("customer_id")
    assert of_all.loc["C1", ["owner", "contacted_on", "outcome", "cost"]].tolist() == [
        *("Ayşe", date(2025, 6, 3), "offer taken", 2.5)
    ]
    assert of_all.loc["C3", ["owner", "outcome", "note"]].tolist() == ["Jörg", "weiß nicht", "=1+1, ring twice"]
    assert set(found.list_date) == {date(2025, 6, 1)}
    assert set(found.campaign) == {"spring"}


@pytest.mark.parametrize("language", [None, "tr"])
def test_a_csv_file_with_columns_added_is_read_too(language: Language | None, tmp_path: Path) -> None:
    frame = a_list(["C1", "C2"], ["call", "call"])
    write_csv(frame.assign(outcome=["Reached", None], cost=["1,5", None]), tmp_path / "w.csv", language=language)
    found = read_sheet(tmp_path / "w.csv", "c")
    assert found[["customer_id", "outcome", "cost"]].to_numpy().tolist() == [["C1", "reached", 1.5]]


def test_what_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"no spreadsheet")
    with pytest.raises(InputError, match="cannot be read"):
        read_sheet(tmp_path / "a.xlsx", "c")
    (tmp_path / "b.csv").write_text("name,note\nC1,hello\n")
    with pytest.raises(InputError, match="is no work list"):
        read_sheet(tmp_path / "b.csv", "c")
    frame = a_list(["C1", "C2"], ["call", "call"]).assign(contacted_on=["soon", None], cost=["-1", "many"])
    write_csv(frame, tmp_path / "c.csv", language=None)
    with pytest.raises(InputError) as refused:
        read_sheet(tmp_path / "c.csv", "c")
    assert len(refused.value.failures) == 3
    assert "contacted_on of customer C1 is 'soon'" in refused.value.failures[0]


@pytest.mark.slow
def test_three_rows_that_were_filled_in_are_on_the_next_list_and_recorded(
    shop: Shop, model: Model, tmp_path: Path
) -> None:
    ranking = Scorer(model, FEW).rank(shop, "2025-03-01")
    write_files(ranking, tmp_path, {})
    on_both = Scorer(model, FEW).rank(shop, "2025-03-08", ledger=ranking.entries.ledger).worklist().customer_id
    three = [name for name in ranking.worklist().customer_id if name in set(on_both)][:3]
    cells = filled(three, owner=["Ayşe", "Bob", "Ayşe"], outcome=["reached", "not reached", None], note=["a", "b", "c"])
    assert read_sheets(tmp_path, "retention").written.empty
    # As if people had filled it in: the same list with their cells.
    write_workbook(
        ranking.worklist(),
        tmp_path / "worklist.xlsx",
        language="en",
        currency="EUR",
        snapshot_date=ranking.snapshot_date,
        plays=ranking.plays,
        facts=facts_of(ranking),
        written=cells,
        outcomes=CODES,
    )
    outcome = score(shop, tmp_path, FEW, model=model, snapshot_date="2025-03-08")
    assert outcome.not_recorded == 1
    kept = pd.read_parquet(tmp_path / "outcomes.parquet")
    assert set(kept.customer_id) == set(three)
    # The new sheet shows them, and is not taken for something new.
    shown = read_sheet(tmp_path / "worklist.xlsx", "retention").drop_duplicates("customer_id").set_index("customer_id")
    assert shown.loc[three, "owner"].tolist() == ["Ayşe", "Bob", "Ayşe"]
    assert shown.loc[three, "note"].tolist() == ["a", "b", "c"]
    score(shop, tmp_path, FEW, model=model, snapshot_date="2025-03-15")
    assert len(pd.read_parquet(tmp_path / "outcomes.parquet")) == len(kept)
    found = record(tmp_path, tmp_path, tmp_path / "contacts.csv", FEW)
    assert found.contacts.customer_id.tolist() == three[:1]
    assert (found.new, record(tmp_path, tmp_path, tmp_path / "contacts.csv", FEW).new) == (1, 0)


def test_a_sheet_that_nobody_wrote_into_is_not_read(tmp_path: Path) -> None:
    sheet = tmp_path / "worklist.xlsx"
    sheet.write_bytes(b"as written, though no spreadsheet")
    (tmp_path / "run.json").write_text(json.dumps({"files": {"worklist.xlsx": hash_of(sheet)}}))
    found = read_sheets(tmp_path, "c")
    assert found.written.empty
    assert list(found.seen) == [sheet]
    sheet.write_bytes(b"changed")
    with pytest.raises(InputError, match="cannot be read"):
        read_sheets(tmp_path, "c")


@pytest.mark.slow
def test_a_sheet_that_is_open_or_saved_meanwhile_stops_the_run(shop: Shop, model: Model, tmp_path: Path) -> None:
    ranking = Scorer(model, FEW).rank(shop, "2025-03-01")
    write_files(ranking, tmp_path, {})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for mark in (".~lock.worklist.xlsx#", "~$worklist.xlsx"):
        (tmp_path / mark).touch()
        with pytest.raises(InputError, match="is open in a program"):
            score(shop, tmp_path, FEW, model=model, snapshot_date="2025-03-08")
        (tmp_path / mark).unlink()
    sheets = read_sheets(tmp_path, "retention")
    os.utime(tmp_path / "worklist.xlsx", (1, 1))
    with pytest.raises(InputError, match="was saved while the new list was made"):
        write_files(ranking, tmp_path, {}, sheets=sheets)
    (tmp_path / "lists" / "2025-03-01" / "worklist.xlsx").write_bytes(b"rubbish")
    with pytest.raises(InputError, match="cannot be read"):
        score(shop, tmp_path, FEW, model=model, snapshot_date="2025-03-08")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == {
        path: content for path, content in before.items() if path.suffix == ".parquet"
    }
