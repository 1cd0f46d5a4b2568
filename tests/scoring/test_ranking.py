from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from churnml.config import Config, ScoringSettings
from churnml.data.local_rows import RowsInFile
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.data.simulator import simulate
from churnml.errors import ConfigError, InputError, ModelError
from churnml.features.builder import build_features
from churnml.models.model import Model
from churnml.reporting.files import write_files
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer
from churnml.statistics.logodds import Floats

DAY = date(2025, 3, 1)
COLUMNS = [
    *("risk_rank", "customer_id", "churn_probability", "risk_band", "value_at_risk", "segment", "lifecycle_stage"),
    *("last_order_at", "reason_1", "reason_1_concept", "reason_2", "reason_2_concept", "reason_3", "reason_3_concept"),
    *("play", "contactable", "holdout", "contact_by", "snapshot_date", "measure_on", "model_version"),
    *("expected_profit", "play_rule", "change", "arm_until", "against", "place", "entered_on", "group"),
    *("usually_buys", "goes_with"),
]


@pytest.fixture(scope="module")
def ranking(shop: Shop, model: Model) -> Ranking:
    return Scorer(model).rank(shop, DAY)


def test_customers_of_whom_the_shop_does_not_tell_consent_are_left_out(
    ranking: Ranking, shop: Shop, model: Model
) -> None:
    # Three of the list lose their row, and two have one without an answer.
    without = ranking.worklist().customer_id.to_list()[:5]
    customers = shop.tables["customers"]
    answer = ibis.ifelse(customers.customer_id.isin(without[3:]), ibis.null("boolean"), customers.contactable)
    fewer = customers.mutate(contactable=answer).filter(~customers.customer_id.isin(without[:3]))
    partly = replace(shop, tables={**shop.tables, "customers": fewer})
    found = Scorer(model).rank(partly, DAY)
    assert found.excluded["consent_unknown"] == 5
    assert not set(without) & set(found.worklist().customer_id)
    assert found.frame.set_index("customer_id").contactable.loc[without].isna().all()
    include = Config(scoring=ScoringSettings(unknown_consent="include"))
    assert set(without) <= set(Scorer(model, include).rank(partly, DAY).worklist().customer_id)
    nobody = {**shop.brought, "customers": shop.brought["customers"] - {"contactable"}}
    not_asked = Scorer(model).rank(replace(shop, brought=nobody), DAY).excluded
    assert not {"no_consent", "consent_unknown"} & set(not_asked)


def test_the_ranking_has_the_columns_of_the_contract(ranking: Ranking) -> None:
    assert list(ranking.frame.columns) == COLUMNS


def test_every_eligible_customer_is_ranked_once_by_probability(ranking: Ranking, shop: Shop) -> None:
    frame = ranking.frame
    assert sorted(frame.customer_id) == list(build_features(shop, DAY).index)
    assert list(frame.risk_rank) == list(range(1, len(frame) + 1))
    assert frame.churn_probability.is_monotonic_decreasing
    ties = frame.churn_probability.diff() == 0
    assert (frame.customer_id[ties] > frame.customer_id.shift()[ties]).all()


def test_probabilities_are_those_of_the_model(ranking: Ranking, shop: Shop, model: Model) -> None:
    X = build_features(shop, DAY, model.definition)
    expected = pd.Series(model.predict_proba(X), index=X.index)
    found = ranking.frame.set_index("customer_id").churn_probability
    np.testing.assert_array_equal(found, expected.loc[found.index])


def test_many_customers_are_scored_in_pieces_and_in_files_and_are_the_same(
    ranking: Ranking, shop: Shop, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = ranking.frame.customer_id.to_list()
    explained = []

    def split(self: Model, X: pd.DataFrame) -> tuple[float, pd.DataFrame, Floats]:
        explained.append(len(X))
        return in_all(self, X)

    in_all = Model.explained
    monkeypatch.setattr(Model, "explained", split)
    stories = ranking.stories(customers[:50])
    assert explained == [], "list and stories share them"
    monkeypatch.setattr("churnml.scoring.constants._DRAWN", len(customers) // 2)
    monkeypatch.setattr("churnml.data.local_rows.ROWS_PER_PIECE", 100)
    monkeypatch.setattr("churnml.data.local_rows.ROWS_IN_MEMORY", 250)
    monkeypatch.setattr("churnml.data.local_rows._ROWS_PER_BUCKET", 130)
    many = Scorer(model).rank(shop, DAY)
    assert isinstance(many.rows, RowsInFile)
    assert isinstance(many.explainer.X, RowsInFile)
    # Half of the customers are drawn to know what is usual; then all are explained, a hundred at once.
    rest = len(customers) % 100
    assert explained == [len(customers) // 2, *[100] * (len(customers) // 100), *([rest] if rest else [])]
    told = ["reason_1", "reason_2", "reason_3", *(f"reason_{at}_concept" for at in (1, 2, 3)), "play", "play_rule"]
    by_play = ["expected_profit", "against", "place", "holdout", "arm_until", "entered_on"]
    alike = [name for name in COLUMNS if name not in (*told, *by_play)]
    pd.testing.assert_frame_equal(many.frame[alike], ranking.frame[alike], check_exact=True)
    assert (many.frame[told].fillna("") == ranking.frame[told].fillna("")).to_numpy().mean() > 0.9
    pd.testing.assert_series_equal(many.explainer.weights, ranking.explainer.weights, atol=1e-9)
    assert list(many.worklist().columns) == list(ranking.worklist().columns)
    for customer, story in many.stories(customers[:50]).items():
        pd.testing.assert_series_equal(story.concepts, stories[customer].concepts)
        assert story.concepts.is_monotonic_decreasing
        pd.testing.assert_frame_equal(story.events, stories[customer].events)
        pd.testing.assert_series_equal(story.worth, stories[customer].worth)


def test_no_row_depends_on_the_pieces(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(tmp_path / "shop", customers=600, seed=11, kind="textbook")
    shop = read(tmp_path / "shop")
    whole = Scorer(model).rank(shop, DAY)
    assert len(whole) > 200
    write_files(whole, tmp_path / "whole", {})
    for rows, in_memory, bucket in [(7, 50, 33), (30, 10_000, 1), (200, 1, 80)]:
        monkeypatch.setattr("churnml.data.local_rows.ROWS_PER_PIECE", rows)
        monkeypatch.setattr("churnml.data.local_rows.ROWS_IN_MEMORY", in_memory)
        monkeypatch.setattr("churnml.data.local_rows._ROWS_PER_BUCKET", bucket)
        out = tmp_path / f"pieces of {rows}"
        write_files(Scorer(model).rank(shop, DAY), out, {})
        for name in ("ranking.csv", "worklist.csv", "report.html", "ledger.parquet"):
            assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), (rows, name)
        assert pq.read_table(out / "ranking.parquet").equals(pq.read_table(tmp_path / "whole" / "ranking.parquet"))


def test_all_customers_are_written_as_they_are_ranked(ranking: Ranking, tmp_path: Path) -> None:
    ranking.write_parquet(tmp_path / "ranking.parquet")
    written = pd.read_parquet(tmp_path / "ranking.parquet")
    assert list(written) == list(COLUMNS)
    pd.testing.assert_frame_equal(written, ranking.frame, check_dtype=False)


def test_bands_follow_the_probability(ranking: Ranking) -> None:
    lows = ranking.frame.groupby("risk_band").churn_probability.agg(["min", "max"])
    bounds = {"very high": (0.75, 1), "high": (0.5, 0.75), "medium": (0.25, 0.5), "low": (0, 0.25)}
    for band, row in lows.iterrows():
        low, high = bounds[str(band)]
        assert low <= row["min"] <= row["max"] <= high


def test_the_window_of_the_outcome_is_named(ranking: Ranking) -> None:
    # 90 days from 2025-03-01: 31 in March leave 59, 30 in April leave 29, so 2025-05-30.
    assert set(ranking.frame.measure_on) == {date(2025, 5, 30)}


def test_the_work_list_holds_whom_one_may_contact_in_time(ranking: Ranking) -> None:
    listed = ranking.worklist()
    assert 0 < len(listed) < len(ranking)
    assert list(listed.columns) == ["list_rank", *COLUMNS]
    assert listed.contactable.all()
    assert listed.value_at_risk.is_monotonic_decreasing
    assert listed.churn_probability.min() >= 0.25
    since = (pd.Timestamp(DAY) - listed.last_order_at.dt.normalize()).dt.days
    pace = ranking.explainer.X.frame(["pace_days"]).pace_days.loc[listed.customer_id].to_numpy()
    assert (since > pace).all()
    assert (since <= np.maximum(3 * pace, 90)).all()


def test_groups_are_told_by_pace_and_risk_whatever_the_list_does(ranking: Ranking) -> None:
    frame = ranking.frame
    pace = ranking.explainer.X.frame(["pace_days"]).pace_days.loc[frame.customer_id].to_numpy()
    since = (pd.Timestamp(DAY) - frame.last_order_at.dt.normalize()).dt.days.to_numpy()
    lapses = np.maximum(3 * pace, 90)
    gone = since > lapses
    to_save = ~gone & (since > pace) & (frame.churn_probability >= 0.25).to_numpy()
    assert (frame.group == np.select([gone, to_save], ["gone", "to_save"], "on_pace")).all()
    assert frame.group.nunique() == 3
    assert (gone == frame.lifecycle_stage.isin(["lapsed", "lost"])).all()
    # Whoever comes into question, and whoever does not, for reasons of the shop: both are to save.
    assert set(frame.group[frame.against.isna()]) == {"to_save"}
    assert {"no_consent"} <= set(frame.against[frame.group == "to_save"].dropna())
    assert set(frame.against[frame.group == "on_pace"]) == {"not_overdue", "unlikely"}
    # The first day on which the stage would be lapsed.
    expected = frame.last_order_at.dt.normalize() + pd.to_timedelta(np.ceil(lapses), unit="D")
    assert (pd.to_datetime(frame.contact_by)[~gone] == expected[~gone]).all()
    assert frame.contact_by[gone].isna().all()
    assert (pd.to_datetime(frame.contact_by)[~gone] >= pd.Timestamp(DAY)).all()


def test_an_explanation_adds_up_to_the_log_odds(ranking: Ranking) -> None:
    for customer in ranking.frame.customer_id.iloc[[0, 50, -1]]:
        explanation = ranking.explain(customer)
        logodds = np.log(explanation.row.churn_probability / (1 - explanation.row.churn_probability))
        assert explanation.base + explanation.features.contribution.sum() == pytest.approx(logodds, abs=1e-5)
        assert explanation.concepts.sum() == pytest.approx(explanation.features.contribution.sum())


def test_an_explanation_draws_itself(ranking: Ranking) -> None:
    explanation = ranking.explain(ranking.frame.customer_id.iloc[0])
    axes = explanation.plot()
    assert explanation.customer_id in axes.get_title()
    assert explanation._repr_png_().startswith(b"\x89PNG")


def test_an_explanation_goes_into_shaps_own_plots(ranking: Ranking) -> None:
    explanation = ranking.explain(ranking.frame.customer_id.iloc[0])
    shown = explanation.shap
    logodds = explanation.base + explanation.features.contribution.sum()
    assert shown.base_values + np.asarray(shown.values).sum() == pytest.approx(logodds)
    assert list(shown.feature_names) == list(explanation.features.feature)


def test_an_unknown_customer_is_refused(ranking: Ranking) -> None:
    with pytest.raises(InputError, match=re.escape("nobody: is not in the ranking of 2025-03-01")):
        ranking.explain("nobody")


def test_a_trace_gives_the_rows_behind_a_number(ranking: Ranking) -> None:
    customer = ranking.worklist().customer_id.iloc[0]
    rows = ranking.trace(customer, "orders_365d")
    assert len(rows) == ranking.explainer.X.frame().loc[customer, "orders_365d"]


def test_a_ranking_shows_itself(ranking: Ranking) -> None:
    assert f"Ranking of {len(ranking):,} customers on 2025-03-01" in repr(ranking)
    assert "<table" in ranking._repr_html_()


def test_a_day_before_the_model_is_refused_unless_in_sample(shop: Shop, model: Model) -> None:
    with pytest.raises(ModelError, match=re.escape("2025-02-01: lies before 2025-03-01")):
        Scorer(model).rank(shop, "2025-02-01")
    assert Scorer(model).rank(shop, "2025-02-01", in_sample=True).frame.model_version.str.endswith("(in sample)").all()


def test_a_day_outside_of_the_data_is_refused(shop: Shop, model: Model) -> None:
    with pytest.raises(InputError, match="no order lies before it"):
        Scorer(model).rank(shop, "2001-01-01", in_sample=True)
    with pytest.raises(InputError, match="after the last order"):
        Scorer(model).rank(shop, "2031-01-01")


def test_a_shop_without_the_tables_of_the_training_is_refused(shop: Shop, model: Model) -> None:
    poorer = Shop({"orders": shop.tables["orders"]}, {"orders": shop.brought["orders"]}, shop.report, shop.engine)
    with pytest.raises(ModelError, match="this shop's tables do not give"):
        Scorer(model).rank(poorer, DAY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"describe": "Something else."}, "describe was 'Something else.', is "),
        ({"window_days": 5}, "window_days was 5, is None"),
        ({"unit": "hours"}, "unit was 'hours', is 'days'"),
    ],
)
def test_features_that_are_computed_differently_now_are_refused(
    model: Model, shop: Shop, change: dict[str, Any], message: str
) -> None:
    other = tuple(
        replace(feature, **change) if feature.name == "days_since_last_order" else feature for feature in model.features
    )
    with pytest.raises(ModelError, match="trained on features that are computed differently now") as raised:
        Scorer(replace(model, features=other)).rank(shop, DAY)
    assert f"days_since_last_order: {message}" in str(raised.value)
    assert str(raised.value).endswith("Train it again.")


def test_what_reasons_are_about_is_said_in_the_words_of_today(model: Model, shop: Shop, ranking: Ranking) -> None:
    before = tuple(replace(feature, concept="", tells="any") for feature in model.features)
    again = Scorer(replace(model, features=before)).rank(shop, DAY)
    pd.testing.assert_frame_equal(again.frame, ranking.frame)
    pd.testing.assert_frame_equal(again.drivers, ranking.drivers)


def test_every_sentence_is_true_in_the_tables(ranking: Ranking) -> None:
    complaining = ranking.frame[ranking.frame.reason_1_concept == "complaints"]
    assert len(complaining) > 0
    # The last complaint, which may lie years back, is told too.
    assert ranking.explainer.X.frame().loc[complaining.customer_id, "days_since_last_complaint"].notna().all()


def test_what_is_no_letter_in_an_id_stays_text_in_a_notebook(ranking: Ranking) -> None:
    hostile = ranking.renamed(pd.Series({name: f"<script>{name}</script>" for name in ranking.frame.customer_id}))
    shown = hostile._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    story = hostile.stories([hostile.frame.customer_id[0]])
    assert len(next(iter(story.values())).events) > 0


def test_the_top_says_which_list_it_is(ranking: Ranking) -> None:
    assert "ranking, most likely to leave first" in ranking.top(3).to_string()


def test_a_list_of_other_length_or_order_is_chosen_anew(ranking: Ranking) -> None:
    assert len(ranking.worklist(5)) == 5
    by_profit = ranking.select(rank_by="expected_profit", capacity=20).frame
    assert by_profit.expected_profit.is_monotonic_decreasing
    urgent = ranking.select(order_by="urgency").frame
    assert urgent.contact_by.is_monotonic_increasing
    assert set(urgent.customer_id) == set(ranking.worklist().customer_id)


def test_stories_tell_what_speaks_for_and_against_and_what_happened(ranking: Ranking) -> None:
    customer = ranking.worklist().customer_id[0]
    story = ranking.stories([customer, "nobody"])
    assert list(story) == [customer]
    told = story[customer]
    assert told.row.reason_1 == told.leaving[0].sentence
    assert all(reason.weight > 0 for reason in told.leaving)
    assert all(reason.weight < 0 for reason in told.staying)
    assert told.events.day.is_monotonic_increasing
    assert told.events.day.max() < DAY
    assert (told.events.kind == "order").any()


def test_drivers_are_drawn(ranking: Ranking) -> None:
    drivers = ranking.drivers
    assert drivers.weight.is_monotonic_decreasing
    assert len(ranking.plot_drivers().get_yticklabels()) == len(drivers)


def test_stability_is_the_same_under_other_ids_which_some_of_earlier_days_do_not_have(ranking: Ranking) -> None:
    customers = ranking.worklist().customer_id.to_list()[:20]
    ids = pd.Series([f"p{at}" for at in range(len(ranking))], index=pd.Index(ranking.frame.customer_id))
    found = ranking.renamed(ids).stability(ids.loc[customers].to_list(), snapshots=2)
    own = dict(zip(ids, ids.index, strict=True))
    keys = ["customer_id", "concept"]
    found = found.assign(customer_id=found.customer_id.map(own)).sort_values(keys, ignore_index=True)
    expected = ranking.stability(customers, snapshots=2).sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_stability_counts_the_last_snapshots(ranking: Ranking) -> None:
    customers = list(ranking.worklist().customer_id[:20])
    found = ranking.stability(customers, snapshots=2)
    assert set(found.of_days) <= {1, 2}
    today = {
        customer: {reason.concept for reason in told.leaving} for customer, told in ranking.stories(customers).items()
    }
    told_today = {(row.customer_id, row.concept) for row in found.itertuples() if row.last_told_on == DAY}
    assert told_today == {(customer, concept) for customer, concepts in today.items() for concept in concepts}


@pytest.mark.parametrize("n", ["x", -1, 0, 2.5, True, "5", float("nan")])
def test_a_list_of_no_number_of_customers_is_refused(ranking: Ranking, n: object) -> None:
    said = re.escape(f"n: must be a whole number of customers, 1 or more (received {n!r}). Correct the number.")
    with pytest.raises(InputError, match=said):
        ranking.worklist(n)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=said):
        ranking.top(n)  # type: ignore[arg-type]


def test_a_number_of_numpy_is_a_number_too(ranking: Ranking) -> None:
    assert ranking.worklist(np.int64(3)).equals(ranking.worklist(3))


def test_settings_of_the_work_list_that_cannot_be_are_all_named(ranking: Ranking) -> None:
    with pytest.raises(ConfigError) as refused:
        ranking.select(capacity=0, budget="much", rank_by="luck", language="tr")
    assert [failure.partition(":")[0] for failure in refused.value.failures] == [
        *("language", "capacity", "budget", "rank_by"),
    ]


def test_what_is_usually_bought_is_in_most_orders_of_the_year(ranking: Ranking, shop: Shop) -> None:
    items, orders = (shop.tables[name].to_pandas() for name in ("order_items", "orders"))
    lines = items.merge(orders, on="order_id")
    first = pd.Timestamp(DAY) - pd.Timedelta(days=ranking.model.definition.active_days)
    lines = lines[(lines.ordered_at >= first) & (lines.ordered_at < pd.Timestamp(DAY))]
    lines = lines[~(lines.cancelled_at < pd.Timestamp(DAY))]
    counts = lines.groupby(["customer_id", "product_id"]).agg(n=("order_id", "nunique"), last=("ordered_at", "max"))
    counts = counts.reset_index().sort_values(["n", "last", "product_id"], ascending=[False, False, True])
    most = counts.drop_duplicates("customer_id").set_index("customer_id")
    frame = ranking.frame.set_index("customer_id")
    expected = most.product_id.where(most.n >= 2).reindex(frame.index)
    assert expected.notna().mean() > 0.3
    assert (frame.usually_buys.fillna("") == expected.fillna("")).all()
    # What goes with it is not among the ten that they buy most.
    ten = counts.groupby("customer_id").head(10).groupby("customer_id").product_id.agg(set)
    known = frame.goes_with.dropna()
    assert len(known) > 0.3 * len(frame)
    assert not any(item in ten[customer] for customer, item in known.items())


def test_wordings_of_some_plays_go_on_with_what_is_bought(ranking: Ranking) -> None:
    row = ranking.frame[ranking.frame.usually_buys.notna() & ranking.frame.goes_with.notna()].iloc[0].copy()
    assert {name for name, play in ranking.plays.items() if play.names_items} == {
        *("reminder", "second_order", "thank_you", "win_back")
    }
    row["play"] = "reminder"
    said = ranking.mention(row)
    assert said.startswith(f"Usually buys: {row.usually_buys}. ")
    assert said.endswith(f": {row.goes_with}.")
    row["play"] = "call"
    assert ranking.mention(row) == ""
    assert ranking.named(ranking.frame).usually_buys.equals(ranking.frame.usually_buys)


def test_how_good_a_guess_it_is_is_said(ranking: Ranking) -> None:
    constants = ranking.explainer.constants.to_json()["association"]
    usual, goes_with = ranking.guesses_said
    for said, figures in ((usual, constants["usually_buys"]), (goes_with, constants["goes_with"])):
        assert f"of {figures['customers']:,} next orders, {figures['hits'] / figures['customers']:.1%}" in said
    assert ("popular ones are named" in goes_with) is not constants["goes_with"]["is_better"]
