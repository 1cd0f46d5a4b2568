from __future__ import annotations

import dataclasses
import html
import json
import re
import zipfile
from datetime import date, timedelta
from pathlib import Path

import ibis
import pandas as pd
import pytest

from churnml.analytics.overview import analyse
from churnml.config import Config, ReportingSettings
from churnml.data.shop import Shop
from churnml.errors import InputError
from churnml.models.model import Model
from churnml.reporting import files
from churnml.reporting.about import facts_of
from churnml.reporting.csv_files import read_csv
from churnml.reporting.files import FILES, read_earlier, write_files
from churnml.reporting.page.summary import summarise
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer
from churnml.workflow import score

LAST = ["against", "place", "entered_on", "group", "usually_buys", "goes_with"]
DAY, LATER = date(2025, 3, 1), date(2025, 4, 1)
FEW = Config(reporting=ReportingSettings(periods=2, rows=150))
"""Two periods of key figures, of which one is before the other, and the page of the list and some others, are enough
where the files are the subject."""
NO_FIGURES = Config(reporting=ReportingSettings(periods=0, rows=150))


def bytes_in(folder: Path) -> dict[str, bytes]:
    """Give the content of all files below a folder by their path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def ranking(shop: Shop, model: Model) -> Ranking:
    return Scorer(model).rank(shop, DAY)


@pytest.fixture(scope="module")
def first(ranking: Ranking, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("first")
    write_files(ranking, out, {"score": 1.234})
    return out


def test_all_files_are_there(first: Path) -> None:
    assert sorted(path.name for path in first.iterdir()) == sorted([*FILES, "ledger.parquet", "lists"])
    further = ["complaints.csv", "thank_you.csv", "win_back.csv"]
    assert sorted(path.name for path in (first / "lists").iterdir()) == ["2025-03-01", *further]
    for name in further:
        assert (first / "lists" / "2025-03-01" / name).read_bytes() == (first / "lists" / name).read_bytes()
    for name in FILES:
        assert (first / "lists" / "2025-03-01" / name).read_bytes() == (first / name).read_bytes()


def test_parquet_and_csv_hold_the_same(ranking: Ranking, first: Path) -> None:
    parquet = pd.read_parquet(first / "ranking.parquet")
    csv = pd.read_csv(first / "ranking.csv")
    assert list(parquet.columns) == list(csv.columns) == [*ranking.frame.columns[:-6], "list_rank", *LAST]
    assert list(csv.customer_id) == list(parquet.customer_id)
    assert (csv.churn_probability - parquet.churn_probability).abs().max() <= 5e-7
    assert list(csv.reason_1.fillna("")) == list(parquet.reason_1.fillna(""))


def test_the_ranking_says_who_is_on_the_work_list(ranking: Ranking, first: Path) -> None:
    listed = pd.read_parquet(first / "ranking.parquet").dropna(subset="list_rank").sort_values("list_rank")
    assert list(listed.customer_id) == list(ranking.worklist().customer_id)
    assert list(read_csv(first / "worklist.csv", language="en").customer_id) == list(listed.customer_id)


def test_the_same_ranking_gives_the_same_bytes(ranking: Ranking, first: Path, tmp_path: Path) -> None:
    write_files(ranking, tmp_path, {"score": 7.0})
    for name in FILES:
        if name != "run.json":
            assert (tmp_path / name).read_bytes() == (first / name).read_bytes(), name


def test_the_manifest_counts_everyone(ranking: Ranking, first: Path) -> None:
    manifest = json.loads((first / "run.json").read_text())
    assert manifest["customers_ranked"] == len(ranking)
    on_list, not_on_it = manifest["customers_on_work_list"], manifest["customers_not_on_work_list"]
    assert on_list == len(ranking.worklist())
    assert on_list + sum(not_on_it.values()) == len(ranking)
    assert manifest["seconds"] == {"score": 1.23}
    assert manifest["model"]["version"] == ranking.model.version
    assert sum(manifest["customers_left_out"].values()) > 0
    # The list is full, so that whoever stands last on it does not count.
    assert manifest["holdout"]["listed"] == on_list - 1
    assert manifest["list_id"] == ranking.entries.new.list_id[0]
    assert manifest["changes"] is None


def test_a_failure_half_way_leaves_the_old_list(
    ranking: Ranking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(ranking, tmp_path, {})
    before = bytes_in(tmp_path)

    def fail(*_: object) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_manifest", fail)
    with pytest.raises(KeyboardInterrupt):
        write_files(ranking, tmp_path, {})
    assert bytes_in(tmp_path) == before
    assert [path for path in tmp_path.parent.iterdir() if path.name.startswith(f".{tmp_path.name}.")] == []


def test_a_later_list_says_what_changed_and_a_repetition_gives_the_same(
    shop: Shop, model: Model, ranking: Ranking, tmp_path: Path
) -> None:
    write_files(ranking, tmp_path, {})
    was_on = set(ranking.worklist().customer_id)
    score(shop, tmp_path, FEW, model=model, snapshot_date=LATER)
    once = bytes_in(tmp_path)
    further = {"complaints.csv", "thank_you.csv", "win_back.csv"}
    of_days = {f"lists/{day}/{name}" for day in (DAY, LATER) for name in {*FILES, *further}}
    assert set(once) == {*FILES, "ledger.parquet", *of_days, *(f"lists/{name}" for name in further)}
    found = pd.read_parquet(tmp_path / "ranking.parquet").set_index("customer_id")
    # Who entered with the first list stays in their arm, and those who enter now hold theirs for twice 90 days.
    entered = found[found.entered_on.notna()]
    assert set(entered.entered_on) == {DAY, LATER}
    assert set(entered.arm_until[entered.entered_on == DAY]) == {DAY + timedelta(days=180)}
    assert set(entered.arm_until[entered.entered_on == LATER]) == {LATER + timedelta(days=180)}
    before = ranking.frame.set_index("customer_id").holdout
    of_first = entered.index[entered.entered_on == DAY]
    assert (found.holdout[of_first] == before[of_first]).all()
    assert found.arm_until[found.entered_on.isna()].isna().all()
    on_list = found[found.list_rank.notna()]
    assert set(on_list.change[~on_list.index.isin(was_on)]) == {"new"}
    assert set(on_list.change[on_list.index.isin(was_on)]) <= {"worse", "better", "same"}
    changes = json.loads((tmp_path / "run.json").read_text())["changes"]
    assert changes["new"] == (~on_list.index.isin(was_on)).sum()
    score(shop, tmp_path, FEW, model=model, snapshot_date=LATER)
    again = bytes_in(tmp_path)
    assert {name for name in once if once[name] != again[name]} <= {"run.json", "lists/2025-04-01/run.json"}


def test_pseudonyms_stand_for_the_same_customers_in_all_files(
    shop: Shop, model: Model, ranking: Ranking, tmp_path: Path
) -> None:
    out, secrets = tmp_path / "out", tmp_path / "secrets"
    score(shop, out, NO_FIGURES, model=model, snapshot_date=DAY, secrets=secrets)
    mapping = read_csv(secrets / "mapping.csv", language=None).set_index("pseudonym").customer_id
    found = pd.read_parquet(out / "ranking.parquet")
    real = found.assign(customer_id=found.customer_id.map(mapping))
    pd.testing.assert_frame_equal(real.drop(columns="list_rank"), ranking.frame, check_dtype=False)
    for later in (LATER, LATER):
        outcome = score(shop, out, NO_FIGURES, model=model, snapshot_date=later, secrets=secrets)
    score(shop, tmp_path / "open", NO_FIGURES, model=model, snapshot_date=LATER, previous=_open(ranking, tmp_path))
    open_list = pd.read_parquet(tmp_path / "open" / "ranking.parquet")
    hidden = pd.read_parquet(out / "ranking.parquet")
    mapping = read_csv(secrets / "mapping.csv", language=None).set_index("pseudonym").customer_id
    hidden = hidden.assign(customer_id=hidden.customer_id.map(mapping))
    pd.testing.assert_frame_equal(hidden, open_list)
    assert outcome.ranking.changes is not None
    assert outcome.ranking.changes.customer_id.isin(mapping.index).all()
    # An id of the shop is C and seven digits.
    assert "C00000" not in json.dumps(summarise(outcome.ranking), default=str)
    for name in ("worklist.csv", "ranking.csv", "run.json"):
        assert "C00000" not in (out / name).read_text(encoding="utf-8"), name


def _open(ranking: Ranking, folder: Path) -> Path:
    write_files(ranking, folder / "before", {})
    return folder / "before"


def test_a_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    assert read_earlier(tmp_path, DAY, None) is None
    with pytest.raises(InputError, match="holds no ranking"):
        read_earlier(tmp_path, DAY, tmp_path)
    (tmp_path / "ranking.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="cannot be read"):
        read_earlier(tmp_path, DAY, None)


@pytest.mark.slow
def test_key_figures_under_pseudonyms_tell_no_topic_of_a_few(shop: Shop, model: Model, tmp_path: Path) -> None:
    complaints = shop.tables["complaints"]
    written = complaints.mutate(topic=ibis.literal("call of ") + complaints.customer_id.right(3))
    told = dataclasses.replace(shop, tables={**shop.tables, "complaints": written})
    score(told, tmp_path / "open", FEW, model=model, snapshot_date=DAY)
    assert topics_of(tmp_path / "open"), "customers whose ids end alike share one"
    score(told, tmp_path / "hidden", FEW, model=model, snapshot_date=DAY, secrets=tmp_path / "secrets")
    assert topics_of(tmp_path / "hidden") == set()


def topics_of(out: Path) -> set[str]:
    """Give the topics that the key figures of a page name."""
    return set(re.findall(r"call of \d+", (out / "report.html").read_text(encoding="utf-8")))


@pytest.mark.slow
def test_names_of_values_are_for_people_alone(ranking: Ranking, shop: Shop, model: Model, tmp_path: Path) -> None:
    topic, campaign = "<b>Teslimat</b> {0}", "=1+1 Geri kazanma"
    names = {"complaints.topic": {"Delivery": topic}, "contacts.campaign": {"retention": campaign}}
    named = Scorer(model, Config.model_validate({"reporting": {"names": names}})).rank(shop, DAY)
    for each, folder in ((ranking, "plain"), (named, "named")):
        write_files(each, tmp_path / folder, {}, analyse(shop, DAY, periods=2))
    for name in ("ranking.parquet", "ranking.csv", "worklist.csv"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "named" / name).read_bytes(), name
    manifests = [json.loads((tmp_path / folder / "run.json").read_text()) for folder in ("plain", "named")]
    assert [manifest["holdout"]["campaign"] for manifest in manifests] == ["retention"] * 2

    pages = [(tmp_path / folder / "report.html").read_text(encoding="utf-8") for folder in ("plain", "named")]
    assert [html.escape(topic) in page for page in pages] == [False, True]
    assert topic not in pages[1]
    assert [f"“{html.escape(campaign)}”" in page for page in pages] == [False, True]

    told = [each.stories(list(each.frame.customer_id)) for each in (ranking, named)]
    said = ["\n".join(text for story in each.values() for text in story.events["text"]) for each in told]
    assert 0 < said[0].count("Complaint: delivery") == said[1].count(f"Complaint: {topic}")
    assert "Complaint: delivery" not in said[1]

    facts = facts_of(named)
    assert any(f"“{campaign}”" in sentence for sentence in facts.holdout)
    with zipfile.ZipFile(tmp_path / "named" / "worklist.xlsx") as sheet:
        assert any(f"“{campaign}”" in sheet.read(part).decode() for part in sheet.namelist())
