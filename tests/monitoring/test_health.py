"""The health of a model in service, from a shop's folder to page, file, command and MLflow."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

import churnml
from churnml.config import Config, ScoringSettings, TrackingSettings, json_schema
from churnml.data.shop import Shop
from churnml.errors import InputError
from churnml.models.model import Model
from churnml.models.profile import Profile, Spread
from churnml.monitoring import second_opinion
from churnml.monitoring.health import Health, check_health, looks_per_year
from churnml.monitoring.looks import read_looks
from churnml.monitoring.replay import Baseline, ReplayedDay, replay
from churnml.reporting.health import MonitorFile, render_health, say_right, summarise_health, to_json, write_health
from churnml.training.choose.recipe import Recipe
from churnml.words import LANGUAGES, words
from churnml.workflow import score
from tests.conftest import Once, Run
from tests.drawn import draw_frame, study_of

LIST = date(2025, 3, 2)
DAY = date(2025, 6, 29)
CONFIG = Config(scoring=ScoringSettings(capacity=60))


@pytest.fixture(scope="session")
def lists(shop: Shop, model: Model, once: Once) -> Path:
    """The folder of one list, whose outcome is known."""
    return once("watched lists", lambda folder: score(shop, folder, CONFIG, model=model, snapshot_date=LIST))


@pytest.fixture(scope="module")
def health(shop: Shop, model: Model, lists: Path) -> Health:
    return check_health(shop, lists, model, DAY, CONFIG)


def test_a_model_that_works_is_found_healthy(health: Health) -> None:
    grades = dict(zip(health.findings["name"], health.findings["grade"], strict=True))
    assert {"skill", "relation", "level", "feed", "amounts", "nulls", "drift", "predictions"} <= set(grades)
    assert "fail" not in grades.values()
    assert grades["skill"] == "pass"
    assert health.lists_used == (LIST,)
    alone = health.matured[health.matured["group"].eq("left alone") & health.matured["segment"].eq("all")].iloc[0]
    assert alone["basis"] == "ledger"
    assert alone["auroc"] == pytest.approx(alone["auroc_expected"], abs=0.05)
    assert alone["gain_99"] < 0
    expected = health.expected.set_index("figure")
    assert (expected["low"] < expected["expected"]).all()
    assert (expected["expected"] < expected["high"]).all()
    assert health.drift["weight"].sum() == pytest.approx(1.0)
    assert set(health.drift["table"]) >= {"orders", "deliveries", "complaints", ""}


def test_without_lists_it_cannot_be_told(shop: Shop, model: Model) -> None:
    health = check_health(shop, None, model, DAY, CONFIG)
    assert health.findings.iloc[0]["grade"] == "unknown"
    assert health.verdict in ("unknown", "watch")
    assert say_right(health, "en") == ""
    with pytest.raises(InputError, match="is no folder"):
        check_health(shop, "nowhere", model, DAY, CONFIG)


def of_long_ago(model: Model) -> tuple[Model, date]:
    """Cut a model's profile, so that a day that is returned with it lies more than a year after."""
    assert model.profile is not None
    first, day = model.card.first_day, date(2025, 6, 30)
    day = max(day, first + timedelta(days=model.definition.active_days + 364))
    last = sum(one < day - timedelta(days=381) for one in model.profile.days)
    cut = {name: shortened(spread, last) for name, spread in model.profile.features.items()}
    profile = Profile(
        days=model.profile.days[:last], features=cut, predictions=shortened(model.profile.predictions, last)
    )
    return dataclasses.replace(model, profile=profile), day


def test_a_year_before_that_nobody_kept_is_built_anew(shop: Shop, model: Model) -> None:
    cut, day = of_long_ago(model)
    health = check_health(shop, None, cut, day, CONFIG)
    assert health.drift["psi_year"].notna().all()
    # The second opinion is there beside what moved, and raises nothing.
    domain = health.findings.set_index("name").loc["domain"]
    assert (domain["part"], domain["grade"]) == ("drift", "pass")
    assert health.numbers["drift.domain_auroc"] == domain["number"]
    assert 0.4 < domain["number"] < 0.9
    features = health.drift.set_index("feature")
    assert features.loc["orders_90d", "distance"] >= abs(
        features.loc["orders_90d", ["mean", "mean_before"]].diff().iloc[1]
    )


def test_an_unusual_day_is_recalibrated_on_the_judged(
    shop: Shop, model: Model, lists: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_opinion, "_FEWEST_EFFECTIVE", 100)  # the shop is small
    out = Path(shutil.copytree(lists, tmp_path / "lists"))
    cut, day = of_long_ago(model)
    numbers = {"auroc": 0.8, "auroc_expected": 0.8, "gain": -0.1, "relation": 0.0, "relation_year": None}
    for domain, offered in ((0.5001, True), (0.9, False)):
        days = tuple(
            ReplayedDay(day=date(2023, 1, 1) + timedelta(days=30 * at), domain=domain, **numbers) for at in range(12)
        )
        Baseline(as_of=DAY, model_version="m", days=days).write(out)
        expected = check_health(shop, out, cut, day, CONFIG).expected.set_index("figure")
        assert ("auroc_reweighted" in expected.index) == offered
        if offered:
            # Both days are much the same, so that it stands near the plain figure, and not at it.
            plain, again = expected.loc["auroc"], expected.loc["auroc_reweighted"]
            assert again["expected"] == pytest.approx(plain["expected"], abs=0.05)
            assert again["expected"] != plain["expected"]
            assert again["low"] < again["expected"] < again["high"]


def shortened(spread: Spread, days: int) -> Spread:
    return spread.model_copy(update={"counts": spread.counts[:days], "means": spread.means[:days]})


def test_a_feed_that_stopped_is_an_alarm_and_open_since_the_first_look(
    shop: Shop, model: Model, lists: Path, tmp_path: Path
) -> None:
    tables = {name: table.to_pandas() for name, table in shop.tables.items()}
    orders = tables["orders"]
    gone = set(orders.loc[orders["ordered_at"] >= "2025-05-20", "order_id"])
    tables["deliveries"] = tables["deliveries"][~tables["deliveries"]["order_id"].isin(gone)]
    broken = churnml.read(tables)
    out = Path(shutil.copytree(lists, tmp_path / "lists"))
    (out / "monitor").mkdir()
    first = {"snapshot_date": "2025-06-10", "findings": [{"name": "feed", "grade": "fail"}], "limits": {}}
    (out / "monitor" / "2025-06-10.json").write_text(json.dumps(first))
    health = check_health(broken, out, model, DAY, CONFIG)
    write_health(health, out, "en")
    assert health.verdict == "alarm"
    assert health.broken_data
    feed = health.findings.set_index("name").loc["feed"]
    assert "deliveries" in feed["sentence"]
    assert feed["sentence"].endswith("Repair the data before a list goes out.")
    assert feed["open_since"] == date(2025, 6, 10)
    assert [look.day for look in read_looks(out, date(2025, 7, 1))] == [date(2025, 6, 10), DAY]
    assert "feed" in read_looks(out, DAY)[-1].open
    (out / "monitor" / "2025-06-10.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be read"):
        read_looks(out, DAY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_was_looked_at_in_each_language(health: Health, language: str) -> None:
    page = html.unescape(render_health(summarise_health(health, language)))
    assert page.index("<!DOCTYPE html>") < 5
    for part in ("title", "matured", "expected", "moved", "limits"):
        assert words(language)["monitor"][part] in page
    assert say_right(health, language) in page
    assert not re.search(r"<script|https?://|\bnan\b", page)


def test_files_are_the_same_bytes_again_and_fit_their_schema(
    health: Health, shop: Shop, model: Model, lists: Path, tmp_path: Path
) -> None:
    schema = Path(__file__).parents[2] / "configs" / "monitor-schema.json"
    assert json.loads(schema.read_text(encoding="utf-8")) == json_schema(MonitorFile)
    paths = write_health(health, tmp_path / "a", "en")
    again = write_health(check_health(shop, lists, model, DAY, CONFIG), tmp_path / "b", "en")
    for first, second in zip(paths, again, strict=True):
        assert first.read_bytes() == second.read_bytes()
    told = json.loads(paths[1].read_text(encoding="utf-8"))
    MonitorFile.model_validate_json(paths[1].read_bytes())
    assert told == to_json(health)
    assert told["snapshot_date"] == str(DAY)
    assert (tmp_path / "a" / "monitor" / f"{DAY}.json").read_bytes() == paths[1].read_bytes()
    assert len(told["drift"]) == 20


def test_mlflow_keeps_a_look_once_at_its_day(health: Health, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    monkeypatch.chdir(tmp_path)  # where MLflow lays the files of a store that is a database
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    config = Config(tracking=TrackingSettings(uri=store))
    files = write_health(health, tmp_path / "out", "en")
    run = churnml.log_health(health, config, files, since=120)
    assert churnml.log_health(health, config, files, since=120) == run
    client = mlflow.MlflowClient(store)
    (auroc,) = client.get_metric_history(run, "matured.left-alone.auroc")
    assert (auroc.step, pd.Timestamp(auroc.timestamp, unit="ms").date()) == (120, DAY)
    kept = client.get_run(run)
    assert kept.data.tags["verdict"] == health.verdict
    assert {"drift.weighted", "drift.predictions", "expected.auroc", "matured.level_error", "alarms"} <= set(
        kept.data.metrics
    )
    assert {one.path for one in client.list_artifacts(run)} == {"monitor.html", "monitor.json"}


def test_the_command_ends_with_4_where_it_should(
    run: Run, simulated: Path, trained_model: Path, lists: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(lists, tmp_path / "lists")
    ask = ["monitor", simulated, "--lists", out, "--model", trained_model, "--snapshot", str(DAY)]
    code, said, _ = run(*ask)
    assert code == 0
    assert said.startswith("Health of the model\n")
    assert "Past lists by what happened" in said
    assert (out / "monitor.html").exists()
    # A day long after the last order: the orders seem to have stopped.
    late = ["monitor", simulated, "--model", trained_model, "--snapshot", "2025-07-20"]
    code, told, error = run(*late, "--json")
    assert (code, json.loads(told)["verdict"]) == (4, "alarm")
    assert "Alarm: the list should not go out before somebody has looked.\n" in error
    code, said, error = run(*late, "--fail-on", "never")
    assert code == 0
    assert re.search(r"!! Data: \d+ days without an order lie before Jul 20, 2025", said)
    assert "Alarm" not in error
    assert run(*ask, "--fail-on", "often")[0] == 1
    assert run("monitor", simulated, "--model", trained_model, "--baseline")[0] == 1


def test_the_replay_looks_at_each_day_with_what_was_known_then(tmp_path: Path) -> None:
    frame = draw_frame(customers=800, snapshots=16)
    study = study_of(frame, horizon_days=30)
    recipe = Recipe(features=tuple(frame.X.columns), candidate="rfm_logistic")
    baseline = replay(study, recipe, "m")
    assert [day.day for day in baseline.days] == [day.item() for day in frame.days[2:]]
    assert all(day.auroc > 0.7 and -2 < day.relation < 6 for day in baseline.days)
    assert [day.relation_year is None for day in baseline.days] == [True] * 12 + [False] * 2
    # Rows that come later change no earlier day.
    earlier = replay(study_of(frame.take(frame.snapshots <= frame.days[9]), horizon_days=30), recipe, "m")
    assert earlier.days == baseline.days[:8]
    assert Baseline.read(tmp_path) is None
    assert Baseline.read(baseline.write(tmp_path).parent) == baseline
    (tmp_path / "baseline.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be read"):
        Baseline.read(tmp_path)


def test_looks_are_as_many_as_lists(tmp_path: Path) -> None:
    settings = Config().monitoring
    assert looks_per_year(settings, None) == 12.0
    for day in ("2025-01-01", "2025-01-08", "2025-01-15", "2025-02-28"):
        (tmp_path / "lists" / day).mkdir(parents=True)
    assert looks_per_year(settings, tmp_path) == pytest.approx(365 / 7)
    assert looks_per_year(settings.model_copy(update={"looks_per_year": 4.0}), tmp_path) == 4.0


def test_a_profile_beside_a_list_stands_for_the_features_of_its_day(
    shop: Shop, model: Model, lists: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(lists, tmp_path / "lists"))
    built = check_health(shop, out, model, DAY, CONFIG)
    file = out / "lists" / str(LIST) / "profile.json"
    assert not file.exists()
    write_health(check_health(shop, out, model, LIST, CONFIG), out, "en")
    assert file.exists()
    read = check_health(shop, out, model, DAY, CONFIG)
    pd.testing.assert_frame_equal(read.drift, built.drift)
    # Where it says otherwise, so does the look: it was read. That of another model is not.
    kept = json.loads(file.read_text())
    kept["profile"]["predictions"]["counts"][0].reverse()
    file.write_text(json.dumps(kept))
    assert check_health(shop, out, model, DAY, CONFIG).numbers != built.numbers
    file.write_text(json.dumps(kept | {"model_version": "another"}))
    assert check_health(shop, out, model, DAY, CONFIG).numbers == built.numbers
    del kept["profile"]["features"]["orders_90d"]  # other bins than the model's
    file.write_text(json.dumps(kept))
    assert check_health(shop, out, model, DAY, CONFIG).numbers == built.numbers
    file.write_text("{}")
    with pytest.raises(InputError, match=r"profile\.json: cannot be read"):
        check_health(shop, out, model, DAY, CONFIG)


@pytest.fixture
def broken(shop: Shop, tmp_path: Path) -> Path:
    """A shop whose deliveries stopped, as files."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for name, table in shop.tables.items():
        rows = table.to_pandas()
        if name == "deliveries":
            orders = shop.tables["orders"].to_pandas()
            gone = set(orders.loc[orders["ordered_at"] >= "2025-05-20", "order_id"])
            rows = rows[~rows["order_id"].isin(gone)]
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def test_a_list_of_broken_data_is_held_back(
    run: Run, broken: Path, simulated: Path, model: Model, lists: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churnml.workflow.find_usable", lambda *_: model)
    out = Path(shutil.copytree(lists, tmp_path / "lists"))
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    ask = ["run", broken, "--out", out, "--snapshot", str(DAY), "--capacity", "60"]
    code, said, error = run(*ask, "--monitor")
    assert code == 4
    assert "Alarm: the list should not go out before somebody has looked." in said
    assert f"the new one lies apart: {out / 'held'}" in said
    assert "deliveries since" in error
    # The clock is passed on: events ahead of it were looked for.
    told = json.loads((out / "monitor.json").read_text(encoding="utf-8"))["findings"]
    assert "ahead" in {one["name"] for one in told}
    for name, content in before.items():
        assert (out / name).read_bytes() == content, name
    held = out / "held"
    assert {"worklist.xlsx", "report.html", "ranking.parquet", "run.json"} <= {path.name for path in held.iterdir()}
    assert not (held / "ledger.parquet").exists()
    # The team reads of past lists in the report; once the data is whole, the list is made as ever.
    page = html.unescape((held / "report.html").read_text(encoding="utf-8"))
    assert "Were past lists right?" in page
    code, _, _ = run("run", simulated, "--out", out, "--snapshot", str(DAY), "--capacity", "60", "--monitor")
    assert code == 0
    assert not held.exists()
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["snapshot_date"] == str(DAY)
