"""The trainer on simulated shops: same bytes, no future, no skill where there is none."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnml.config import Config
from churnml.data.contract import TABLES
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.data.simulator import Effects, simulate
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, InputError, NoSkillError
from churnml.models.artefact import save_model, with_version
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.lightgbm import LightGbm
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import logit, sigmoid
from churnml.statistics.metrics import auroc_within
from churnml.tracking import trainer as trainer_module
from churnml.tracking.trainer import Trainer
from churnml.training.choose import selection as selection_module
from churnml.training.choose.calibration import lasting_slope
from churnml.training.choose.recipe import Recipe
from churnml.training.result import Training, summarise
from churnml.training.rows import study as study_module
from churnml.training.rows.frame import compute_base_rates
from churnml.training.train import train
from churnml.words import LANGUAGES, words
from tests.drawn import permuted, study_of

pytestmark = pytest.mark.slow

MakeFrame = Callable[..., TrainingFrame]
TrainOn = Callable[..., Training]
AS_OF = date(2025, 4, 10)
FAMILIES = {"families": ["recency", "frequency", "monetary", "delivery"]}


def config_of(**training: Any) -> Config:
    return Config(
        definition=ChurnDefinition(horizon_days=60),
        snapshots={"every_days": 60, "at_most": 4},
        features=FAMILIES,
        training={"bootstrap_draws": 20, "threads": 1, **training},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    simulate(folder, customers=1_500, seed=3, years=2, jobs=1, kind="textbook")
    return folder


@pytest.fixture(scope="module")
def shop(folder: Path) -> Shop:
    return read(folder)


@pytest.fixture(scope="module")
def training(shop: Shop) -> Training:
    return Trainer(config=config_of(), track=False).train(shop, AS_OF)


def artefact(training: Training, folder: Path) -> dict[str, bytes]:
    assert training.model is not None
    save_model(training.model, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def known_on(folder: Path, day: date) -> dict[str, pd.DataFrame]:
    """Give the tables as they would have been exported at the start of a day."""
    now = pd.Timestamp(day)
    tables = {
        name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES if (folder / f"{name}.parquet").exists()
    }
    began = tables["orders"].set_index("order_id").ordered_at
    known = {}
    for name, table in tables.items():
        contract = TABLES[name]
        begins = table[contract.event_time] if contract.event_time else table.order_id.map(began)
        visible = (begins < now) | begins.isna() if name == "customers" else begins < now
        cut = table[visible].copy()
        for column in contract.columns:
            if column.name not in cut or column.name == contract.event_time:
                continue
            if column.type == "time":
                cut[column.name] = cut[column.name].mask(cut[column.name] >= now)
        for column in contract.columns:
            if column.known_with is not None and column.name in cut:
                cut[column.name] = cut[column.name].mask(cut[column.known_with].isna())
        known[name] = cut
    return known


def test_the_training_found_a_model(training: Training) -> None:
    card = training.card
    assert training.verdict.decision in {"model", "rule"}
    assert training.model is not None
    assert training.model.card is card
    assert training.model.as_of == AS_OF
    assert card.gate == str(training.frame.days[-1]) == "2025-02-09"
    assert card.forward
    # 60 days of horizon lie between the last snapshot and the end.
    assert date.fromisoformat(card.gate) + timedelta(days=60) == AS_OF
    assert training.figures["auroc"]["value"] > 0.6
    assert len(training.gate_logodds) == len(training.gate_rows)


def test_the_card_holds_the_tables_of_the_plots_on_the_gate(training: Training) -> None:
    rows = training.gate_rows
    reliability, gains = training.card.reliability, training.card.gains
    assert sum(one.customers for one in reliability) == len(rows)
    left = sum(one.customers * one.churned_share for one in reliability)
    assert left == pytest.approx(rows.churned.sum(), abs=1e-6)
    assert gains[0].lift is None  # an empty list
    assert gains[-1].customers == len(rows)
    assert gains[-1].captured_share == gains[-1].lift == 1
    tenth = next(one for one in gains if one.contacted_share >= 0.1)
    assert tenth.lift == pytest.approx(training.figures["lift_at_10pct"]["value"], rel=0.05)


def test_same_input_and_seed_give_the_same_bytes(training: Training, folder: Path, tmp_path: Path) -> None:
    again = Trainer(config=config_of(), track=False).train(read(folder), AS_OF)
    assert artefact(again, tmp_path / "b") == artefact(training, tmp_path / "a")


def test_the_threads_do_not_change_a_byte(training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection_module, "predict_folds", lambda *_: training.predictions)
    origin = {key: training.card.to_json()[key] for key in ("first_day", "data_fingerprint", "data_gate")}
    study = study_of(training.frame, 60, candidates=list(training.predictions.logodds), origin=origin, as_of=AS_OF)
    found = [train(dataclasses.replace(study, asked=config_of(threads=threads).training)) for threads in (1, 2)]
    bytes_of = [artefact(one, tmp_path / str(number)) for number, one in enumerate(found)]
    assert bytes_of[0] == bytes_of[1]


def test_another_seed_gives_another_sample_of_the_bootstrap(training: Training) -> None:
    study = study_of(training.frame, 60, candidates=["recency_rule"])
    other, same = (train(dataclasses.replace(study, seed=seed)) for seed in (0, 1))
    assert other.figures["auroc"]["value"] == same.figures["auroc"]["value"]
    assert other.figures["log_loss"]["low"] != same.figures["log_loss"]["low"]


def test_nothing_at_or_after_the_as_of_day_is_seen(training: Training, folder: Path, tmp_path: Path) -> None:
    cut = read(known_on(folder, AS_OF))
    assert cut.last_day < AS_OF < read(folder).last_day
    from_cut = Trainer(config=config_of(), track=False).train(cut, AS_OF)
    assert artefact(from_cut, tmp_path / "b") == artefact(training, tmp_path / "a")


def test_permuted_labels_have_no_skill(training: Training, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = permuted(training.frame, 1)
    monkeypatch.setattr(study_module, "build_training_frame", lambda *_: frame)
    trainer = Trainer(config=config_of(), track=False)
    found = trainer.train(shop, AS_OF)
    assert found.figures["auroc"]["value"] == pytest.approx(0.5, abs=0.06)
    for name, logodds in found.predictions.logodds.items():
        within = auroc_within(found.predictions.churned, logodds, found.predictions.groups)
        assert within == pytest.approx(0.5, abs=0.05), name
    with pytest.raises(NoSkillError, match="no model is promoted"):
        trainer.fit(shop, AS_OF)


def test_a_shop_without_effects_has_no_skill(tmp_path: Path) -> None:
    simulate(tmp_path, customers=1_500, seed=3, years=2, effects=Effects.none(), jobs=1, kind="textbook")
    with pytest.raises(NoSkillError, match="Bring more history or more tables"):
        Trainer(config=config_of(), track=False).fit(read(tmp_path), AS_OF)


def test_an_untracked_model_has_the_version_of_its_files(
    training: Training, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = Trainer(config=config_of(), track=False)
    monkeypatch.setattr(trainer_module, "make_study", lambda *_: study_of(training.frame))
    monkeypatch.setattr(trainer_module, "train", lambda *_: training)
    with caplog.at_level(logging.INFO, logger="churnml"):
        model = trainer.fit(shop, AS_OF)
    assert training.model is not None
    assert model.version == with_version(training.model).version
    assert re.fullmatch("[0-9a-f]{12}", model.version)
    assert [record.message for record in caplog.records] == summarise(training)


def test_the_as_of_day_may_be_text(training: Training, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_module, "build_training_frame", lambda *_: training.frame)
    config = config_of(candidates=["recency_rule"])
    found = Trainer(config=config, track=False).train(shop, AS_OF.isoformat())
    assert found.card.as_of == AS_OF


def test_the_definition_goes_before_that_of_the_config() -> None:
    assert Trainer(ChurnDefinition(horizon_days=7), config_of()).definition.horizon_days == 7
    assert Trainer(config=config_of()).definition.horizon_days == 60


def test_too_little_history_is_refused(shop: Shop) -> None:
    with pytest.raises(InputError, match=r"a complete window needs more than 900 days\. Bring more history, or choose"):
        Trainer(ChurnDefinition(horizon_days=900), config_of(), track=False).train(shop)


@pytest.mark.parametrize(
    ("as_of", "message"),
    [
        (date(2020, 1, 1), r"2020-01-01: no order lies before it; the first is of .*\. Name a later day\."),
        (date(2026, 1, 1), r"2026-01-01: lies more than 60 days after the last order .*Name an earlier day, or bring"),
    ],
)
def test_a_day_outside_of_the_data_is_refused(shop: Shop, as_of: date, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Trainer(config=config_of(), track=False).train(shop, as_of)


def test_too_small_a_shop_is_refused(shop: Shop) -> None:
    orders = shop.tables["orders"].to_pandas()
    few = orders[orders.customer_id.isin(sorted(orders.customer_id.unique())[:12])]
    with pytest.raises(
        InputError, match=r"The shop is too small to learn from: .* Bring more history or more customers"
    ):
        Trainer(config=config_of(), track=False).train(read({"orders": few}), AS_OF)


def test_candidates_and_families_are_checked_before_the_work(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_module, "build_training_frame", lambda *_: pytest.fail("built"))
    with pytest.raises(ConfigError, match=r"training\.candidates: forest not known\. Choose among recency_rule, "):
        Trainer(config=config_of(candidates=["forest"]), track=False).train(shop)
    config = config_of().model_copy(update={"features": Config(features={"families": ["monetary"]}).features})
    with pytest.raises(ConfigError, match=r"the family recency is missing.*Add recency\."):
        Trainer(config=config, track=False).train(shop)


def test_the_recency_rule_is_always_compared(shop: Shop, training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_module, "build_training_frame", lambda *_: training.frame)
    found = Trainer(config=config_of(candidates=["rfm_logistic"]), track=False).train(shop, AS_OF)
    assert found.comparison.candidate.tolist() == ["recency_rule", "rfm_logistic"]


# --- on synthetic frames


def test_the_gate_sees_nothing_that_it_judges(make_frame: MakeFrame, train_on: TrainOn) -> None:
    frame = make_frame(hidden=1.5)
    one = train_on(frame)
    at_gate = frame.snapshots == frame.days[-1]
    flipped = dataclasses.replace(frame, churned=np.where(at_gate, 1 - frame.churned, frame.churned))
    other = train_on(flipped)
    # With all outcomes of the gate turned round, choice, slope and the predictions there are the same.
    pd.testing.assert_frame_equal(one.comparison, other.comparison)
    assert one.verdict.decision == "model"
    assert other.verdict.decision == "no skill"
    assert other.card.candidate == one.card.candidate
    assert other.card.slope == one.card.slope
    np.testing.assert_array_equal(one.gate_logodds, other.gate_logodds)


def test_a_short_history_is_judged_on_customers_kept_apart(make_frame: MakeFrame, train_on: TrainOn) -> None:
    frame = make_frame(customers=600, snapshots=3, hidden=1.5)
    found = train_on(frame)
    assert not found.card.forward
    assert found.card.gate == "apart"
    assert found.card.folds == ("apart 1/4", "apart 2/4", "apart 3/4", "apart 4/4")
    assert len(found.gate_rows) == len(frame)
    assert found.verdict.decision == "model"
    for language in LANGUAGES:
        assert words(language)["training"]["apart"] in summarise(found, language)
    assert any(line.startswith("The history is too short for forward folds") for line in summarise(found))
    assert found.card.level is not None
    assert found.card.level.tested_forward is False


def test_what_is_judged_is_what_ships(
    make_frame: MakeFrame, train_on: TrainOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The calibration belongs to the recipe, so the gate judges it too.
    monkeypatch.setattr(selection_module, "calibration_slope", lambda *_: 0.25)
    found = train_on(make_frame(), ["recency_rule"])
    assert found.model is not None
    assert found.model.slope == found.card.slope == lasting_slope(0.25)
    y, p_of_rate = found.gate_rows.churned, found.gate_rows.churned.mean()
    chance = -np.log(np.where(y == 1, p_of_rate, 1 - p_of_rate)).mean()
    assert found.verdict.against_chance == pytest.approx(found.figures["shape_loss"]["value"] - chance, abs=1e-9)


def test_a_snapshot_on_which_all_churned_does_not_run_away_with_the_level(
    make_frame: MakeFrame, train_on: TrainOn
) -> None:
    frame = make_frame(levels=[0.0] * 8)
    frame.churned[frame.snapshots == frame.days[0]] = 1.0
    found = train_on(frame, ["recency_rule"])
    # log(400.5 / .5) = 6.7 in an eighth of the rows moves the level by less than 1; infinity would not.
    assert found.card.level is not None
    assert abs(found.card.level.logodds) < 1.3
    # On five past days: the mean is off by 6.7, 6.7 / 2 and 6.7 / 3, then the newest rate is taken: 3.5.
    assert found.card.level.spread < 3.8


def test_the_level_that_is_assumed_fits_the_training_rows(make_frame: MakeFrame, train_on: TrainOn) -> None:
    found = train_on(make_frame(levels=[0.7] * 10), ["recency_rule"])
    assert found.model is not None
    assert found.model.predict_proba(found.frame.X).mean() == pytest.approx(found.frame.churned.mean(), abs=0.01)
    assert found.figures["calibration_intercept"]["value"] == pytest.approx(0, abs=0.3)


def test_the_shipped_model_finds_its_own_number_of_trees(trained: Training) -> None:
    # Folds learn from fewer snapshots: with a long horizon, their number would be far too small for all of them.
    assert trained.model is not None
    assert trained.card.candidate in {"lightgbm", "blend"}
    assert trained.card.recipe.trees is None
    recipe = Recipe.from_card(trained.card.recipe)
    anew = LightGbm().fit(recipe.prepare(trained.frame), FitSettings(7, 1, params=recipe.params))
    assert trained.model.candidate.trees == anew.trees


def test_the_summary_says_what_was_found(trained: Training) -> None:
    lines = summarise(trained)
    assert lines[0].startswith("4,000 rows of 10 snapshots, 2024-01-01 to 2024-09-27; between ")
    assert sum("(chosen)" in line for line in lines[1:7]) == 1
    assert "behind the best)" in lines[1]
    assert lines[7] == f"Folds: {len(trained.card.folds)}, looking forward; gate: 2024-09-27."
    assert lines[-1] == trained.verdict_sentence
    assert lines[-1].endswith("the list uses it.")


def test_no_skill_has_a_summary_too(make_frame: MakeFrame, train_on: TrainOn) -> None:
    found = train_on(make_frame(signal=0.0), ["recency_rule", "rfm_logistic"])
    assert found.model is None
    assert summarise(found)[-1].startswith("Nothing tells leaving customers from staying ones")
    assert "Recency and frequency carry no signal here" in summarise(found)[-1]
    assert found.card.level is None


def test_a_level_that_is_the_newest_one_follows_the_shop(make_frame: MakeFrame) -> None:
    # A level that rises all the time is told best by the newest one.
    frame = make_frame(levels=[-1.5 + 0.3 * number for number in range(10)], customers=800)
    rates = {"shop_churned_share_newest": 0.7, "shop_churned_share_last_year": 0.4}
    study = study_of(frame, 60, candidates=["recency_rule"], shop_rates=rates)
    found = train(study)
    assert found.model is not None
    assert found.card.level is not None
    assert found.card.level.kind == "trailing"
    assert found.model.level_feature == "shop_churned_share_newest"
    X = frame.X.assign(shop_churned_share_newest=[0.7] * len(frame))
    assert found.model.predict_proba(X)[-800:].mean() == pytest.approx(found.card.level.rate, abs=1e-6)
    alone = train(dataclasses.replace(study, shop_rates={}))
    assert alone.model is not None
    assert alone.model.level_feature is None


def test_the_assumed_rate_is_that_of_the_customers_of_the_day(make_frame: MakeFrame) -> None:
    # On the day all have a last order that lies long ago, unlike on any snapshot.
    frame = make_frame(levels=[0.0] * 10)
    own = frame.X[frame.snapshots == frame.days[-1]].assign(days_since_last_order=300.0)
    study = study_of(frame, 60, candidates=["recency_rule"], day_rows=own.iloc[:, ::-1])
    found = train(study)
    assert found.model is not None
    assert found.card.level is not None
    assert found.model.predict_proba(own).mean() == pytest.approx(found.card.level.rate, abs=1e-9)
    # Nobody may be eligible on the day; then it is the newest snapshot's customers.
    without = train(dataclasses.replace(study, day_rows=own.iloc[:0]))
    assert without.model is not None
    newest = frame.X[frame.snapshots == frame.days[-1]]
    assert without.model.predict_proba(newest).mean() == pytest.approx(found.card.level.rate, abs=1e-9)
    # Ranks stay as they are.
    moved = found.model.predict_logodds(frame.X) - without.model.predict_logodds(frame.X)
    assert np.ptp(moved) < 1e-9


def test_a_level_that_is_a_partial_outcome_follows_the_shop(make_frame: MakeFrame) -> None:
    frame = make_frame(levels=[0.8 * np.sin(1.3 * number) for number in range(10)])
    base = compute_base_rates(frame)
    # The first weeks of a window, 21 of 60 days, always leave log-odds 1 above it.
    first = sigmoid(logit(base.churn_rate.to_numpy()) + 1.0)
    begun = frame.days - np.timedelta64(21, "D")
    days = np.append(begun, np.datetime64("2025-01-01") - 21)
    before = pd.DataFrame({"snapshot_date": days.astype(str), "customers": 400, "churn_rate": [*first, 0.9]})
    partial = pd.concat([base.assign(churn_rate=first), before])
    rates = {"shop_churned_share_partial": 0.9}
    study = study_of(frame, 60, candidates=["recency_rule"], shop_rates=rates, partial_rates=partial)
    found = train(study)
    assert found.model is not None
    assert found.card.level is not None
    assert found.card.level.kind == "partial"
    # log(.9 / .1) - 1 = 1.1972; half a customer on both sides moves it a little.
    assert found.card.level.rate == pytest.approx(sigmoid(1.1972), abs=0.01)
    assert found.model.level_feature == "shop_churned_share_partial"
    X = frame.X.iloc[:5]
    there, later = (found.model.predict_logodds(X.assign(shop_churned_share_partial=share)) for share in (0.9, 0.8))
    # log(.9 / .1) - log(.8 / .2) = log(9 / 4).
    np.testing.assert_allclose(there - later, np.log(9 / 4), atol=1e-9)
