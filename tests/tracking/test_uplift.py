"""Effects learned from lists: trained, kept in MLflow, and used for a list only behind an open gate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

from churnml.campaigns.ledger import write_ledger
from churnml.config import Config
from churnml.data.shop import Shop
from churnml.errors import InputError, ModelError, NothingToReadError
from churnml.features.available import available
from churnml.models.model import Model
from churnml.reporting.page.page import render_page
from churnml.reporting.page.summary import summarise
from churnml.scoring.scorer import Scorer
from churnml.tracking import uplift as tracking
from churnml.tracking.uplift import UpliftTrainer, find_uplift
from churnml.training.uplift.gate import Gate
from churnml.training.uplift.train import UpliftTraining
from churnml.words import LANGUAGES, Language
from tests.campaigns.made_campaign import make_campaign, make_ledger, make_tables
from tests.conftest import Run
from tests.models.test_uplift import a_model


@pytest.fixture(scope="module")
def training() -> UpliftTraining:
    return UpliftTrainer(track=False).fit(*make_campaign(300, 4, effect=-0.2))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(tmp_path)  # a store that is no default one keeps artefacts in the working folder
    return Config.model_validate({"tracking": {"uri": f"sqlite:///{tmp_path / 'mlflow.db'}"}})


def test_nothing_is_claimed_of_few_and_all_is_told(training: UpliftTraining) -> None:
    # Rules out nothing: 1,200 entered, a tenth held out, and the contact acts on all alike.
    assert not training.gate.open
    assert training.listed + training.held_out == 1_200
    assert training.model.largest_place == 300
    assert training.figures["effect"].value == pytest.approx(0.2, abs=0.1)  # 2 s.e. of .045
    assert set(training.criteria) == {"constant", "by_risk", "ridge"}
    assert training.model.against == "value_at_risk"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_verdict_is_said_in_every_language(training: UpliftTraining, language: Language) -> None:
    few = replace(training, gate=Gate(open=False, looks=[], figures={}))
    said = {
        one.sentence(language) for one in (training, replace(training, gate=replace(training.gate, open=True)), few)
    }
    assert len(said) == 3
    assert not any("{" in sentence for sentence in said)


def test_without_a_holdout_there_is_nothing_to_learn() -> None:
    shop, ledger = make_campaign(100, 2)
    with pytest.raises(NothingToReadError, match="are listed, so there is nobody"):
        UpliftTrainer(track=False).fit(shop, ledger[ledger.arm == "listed"])
    with pytest.raises(InputError, match="arms from elsewhere"):
        UpliftTrainer(track=False).fit(shop, ledger[["customer_id", "arm", "entered_on"]])


@pytest.mark.slow
def test_the_run_is_kept_and_the_effect_registered_while_its_gate_is_open(
    training: UpliftTraining, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, ledger = make_campaign(60, 2)

    def fit(*, is_open: bool) -> None:
        found = replace(training, model=replace(training.model, gate_open=is_open, sentence=f"{is_open}"))
        monkeypatch.setattr(tracking, "train_uplift", lambda *_: found)
        UpliftTrainer(config).fit(shop, ledger)

    fit(is_open=True)
    found = find_uplift(config.tracking)
    assert (found.gate_open, found.effect.candidate) == (True, training.model.effect.candidate)
    mlflow.set_tracking_uri(config.tracking.uri)
    client = mlflow.MlflowClient()
    runs = client.search_runs(
        [client.get_experiment_by_name("churnml").experiment_id], filter_string="tags.kind = 'uplift'"
    )
    assert [run.data.tags["verdict"] for run in runs] == ["open"]
    assert runs[0].data.metrics["gate.qini"] == pytest.approx(training.figures["qini"].value)
    assert not list(Path(runs[0].info.artifact_uri).rglob("*.pkl"))
    served = mlflow.pyfunc.load_model("models:/churn-uplift@champion")
    assert served.metadata.metadata["model_version"] == found.version
    # The same again is no new version, and a gate that closes takes the effect out of use.
    fit(is_open=True)
    assert len(client.search_model_versions("name = 'churn-uplift'")) == 1
    fit(is_open=False)
    with pytest.raises(ModelError, match="there is no effect to rank by"):
        find_uplift(config.tracking)


@pytest.mark.slow
def test_a_list_is_ranked_by_effect_as_far_as_lists_have_reached(
    shop: Shop, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = next(feature for feature in available(shop) if feature.name == "orders_90d")
    effect = replace(a_model(definition=model.definition), largest_place=20, features=(known.description(),))
    monkeypatch.setattr(tracking, "find_uplift", lambda _: effect)
    config = Config.model_validate({"scoring": {"rank_by": "uplift", "capacity": 15}})
    ranking = Scorer(model, config).rank(shop, "2025-04-01")
    by_value = Scorer(model).rank(shop, "2025-04-01").select(capacity=1_000, rank_by="value_at_risk")
    within = set(by_value.places[by_value.places <= 20].index)
    rows = ranking.columns("customer_id", "uplift", "place", "against").set_index("customer_id")
    candidates = rows[rows.against.isna()].sort_values("place")
    assert set(candidates.index[:20]) == within
    assert candidates.uplift[:20].is_monotonic_decreasing
    assert candidates.uplift[20:].isna().all()
    first, beyond = candidates.index[0], candidates.index[20]
    explained = ranking.explain(first)
    # +.1, +.05 for each order above two in 90 days, -.2 for each unit of the probability above .5, of 100 customers.
    orders = ranking.explainer.X.of([first])["orders_90d"].iloc[0]
    p = explained.row.churn_probability
    assert candidates.uplift.iloc[0] == pytest.approx(0.1 + 0.05 * (orders - 2) - 0.2 * (p - 0.5))
    assert explained.effect is not None
    assert explained.effect.startswith(f"A contact keeps {100 * candidates.uplift.iloc[0]:+.1f} of 100 such customers")
    assert f"Probability of leaving {p:.0%} ({-20 * (p - 0.5):+.1f})" in explained.effect
    assert ranking.explain(beyond).effect is None
    summary = summarise(ranking)
    on_page = {one["customer_id"]: one["effect"] for one in summary["customers"]}
    assert (on_page[first], on_page[beyond]) == (explained.effect, None)
    assert render_page(summary)
    of_work_list = ranking.ledger[ranking.ledger.campaign == config.plays.campaign]
    assert set(of_work_list.ranked_by) == {"uplift"}
    missing = replace(
        effect,
        features=(replace(effect.features[0], name="stars"),),
        effect=replace(effect.effect, columns=("stars", "churn_probability")),
    )
    monkeypatch.setattr(tracking, "find_uplift", lambda _: missing)
    with pytest.raises(ModelError, match="learned on what is not here now \\(stars\\)"):
        Scorer(model, config).rank(shop, "2025-04-01")


@pytest.mark.slow
def test_the_command_says_the_verdict_and_ends_with_3_where_risk_stays(run: Run, tmp_path: Path) -> None:
    ledger = make_ledger(150, 3)
    (tmp_path / "shop").mkdir()
    for name, table in make_tables(ledger, effect=-0.2).items():
        table.to_parquet(tmp_path / "shop" / f"{name}.parquet", index=False)
    (tmp_path / "list").mkdir()
    write_ledger(ledger, tmp_path / "list" / "ledger.parquet")
    code, said, _ = run("train-uplift", "shop", "--list", "list")
    assert code == 3
    assert "too few to judge" in said or "The list stays as it is" in said
    code, said, _ = run("train-uplift", "shop", "--list", "list", "--json")
    assert (code, json.loads(said)["gate_open"]) == (3, False)
    code, _, err = run("train-uplift", "shop")
    assert code == 1
    assert "--list: name the folder" in err
