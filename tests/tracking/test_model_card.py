"""The model card and its tables: worked out by hand, and written from any card."""

from __future__ import annotations

import dataclasses
import html
import io
import re

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt
from matplotlib.figure import Figure

from churnml.definition import ChurnDefinition
from churnml.features.family_catalogue import catalogue
from churnml.models.attribution import explanation, plot_beeswarm
from churnml.models.card import LearningPart, LevelPart, Untreated, ValueCompared, ValueFigure, ValuePart
from churnml.plots import plot_lift_over_time
from churnml.printable import printable
from churnml.tracking.markdown import facts, said, table
from churnml.tracking.model_card import compute_drivers, compute_lift_over_time, sample_gate, write_model_card
from churnml.training.choose.predictions import Predictions
from churnml.training.result import Training
from churnml.words import words
from tests.drawn import verdict_of
from tests.hostile import TEXTS

NOT_TESTED = words("en")["training"]["apart"]
SECTIONS = [
    "What it predicts",
    "Data",
    "How candidates were compared",
    "Verdict of the gate",
    "Figures",
    "Figures by segment",
    "Level",
    "Value",
    "What the model looks at",
    "Limits",
]


def changed(training: Training, **parts: object) -> Training:
    return dataclasses.replace(training, card=training.card.model_copy(update=parts))


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    """Give two folds on one snapshot and a later snapshot on which nobody churned, in order of their log-odds."""
    churned = [1, 0, 0, 1, *[0] * 6]  # 2 of 10 left, and the first one did
    churned += [1, 0, 1, 1, 1, *[0] * 15]  # 4 of 20 left, and one of the first two did
    churned += [0] * 10
    folds = np.repeat([0, 1, 1], [10, 20, 10])
    days = np.repeat(np.array(["2024-03-01", "2024-03-01", "2024-06-01"], dtype="datetime64[D]"), [10, 20, 10])
    # The second fold's fit stands higher as a whole, which must not matter.
    logodds = np.concatenate([np.arange(10, 0, -1), 100 + np.arange(20, 0, -1), np.arange(10, 0, -1)]).astype(float)
    y, rows = np.array(churned, dtype=float), np.arange(40)
    return Predictions(rows, y, rows, days, folds, {"rule": logodds})


def test_lift_is_that_of_each_fits_own_tenth(predictions: Predictions) -> None:
    table = compute_lift_over_time(predictions, "rule")
    assert table.snapshot_date.tolist() == ["2024-03-01", "2024-06-01"]
    assert table.customers.tolist() == [30, 10]
    # (1 / 1) / (2 / 10) = 5 on 10 rows, (1 / 2) / (4 / 20) = 2.5 on 20 rows: (10 x 5 + 20 x 2.5) / 30
    assert table.lift_at_10pct.iloc[0] == pytest.approx(10 / 3)
    assert np.isnan(table.lift_at_10pct.iloc[1])
    assert compute_lift_over_time(predictions, "nobody").empty


def test_lifts_are_drawn_as_they_are(predictions: Predictions) -> None:
    table = compute_lift_over_time(predictions, "rule")
    ax = plot_lift_over_time(table)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), table.lift_at_10pct)
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [1, 1])
    assert ax.get_ylim()[0] == 0
    own = Figure().add_subplot()
    assert plot_lift_over_time(table.iloc[:0], ax=own) is own
    for drawn in (ax, own):
        assert isinstance(drawn.figure, Figure)
        drawn.figure.savefig(io.BytesIO(), format="png")


def test_drivers_are_concepts_by_the_absolute_sum_of_their_features() -> None:
    names = ["orders_90d", "orders_365d", "delivery_delay_mean_days_180d"]
    pace, delivery = catalogue().concepts["orders_90d"], catalogue().concepts["delivery_delay_mean_days_180d"]
    assert catalogue().concepts["orders_365d"] == pace != delivery
    # pace: |2 - 2| and |1 - 3|, mean 1; delivery: |2| and |-3|, mean 2.5
    table = compute_drivers(pd.DataFrame([[2.0, -2.0, 2.0], [1.0, -3.0, -3.0]], columns=names), catalogue().concepts)
    assert table.concept.tolist() == [delivery, pace]
    assert table.mean_abs_shap.tolist() == [2.5, 1.0]


def test_the_sample_is_small_seeded_and_of_the_gate(trained: Training) -> None:
    few = sample_gate(trained)
    assert len(few) == min(2_000, len(trained.gate_rows))
    pd.testing.assert_frame_equal(few, trained.gate_rows.X.loc[few.index])
    rows = trained.gate_rows
    many = dataclasses.replace(
        rows,
        X=pd.concat([rows.X] * 20, ignore_index=True),
        hashes=np.random.default_rng(3).random(20 * len(rows)),
    )
    assert len(many.X) > 2_000
    drawn = sample_gate(dataclasses.replace(trained, gate_rows=many))
    assert len(drawn) == 2_000
    assert drawn.index.is_monotonic_increasing
    assert drawn.index.is_unique


def test_the_beeswarm_is_shaps_and_leaves_pyplot_and_numpy_alone(trained: Training) -> None:
    import matplotlib.pyplot as plt

    assert trained.model is not None
    X = sample_gate(trained)
    base, values = trained.model.contributions(X)
    explained = explanation(base, values, X.assign(another=1.0))
    assert explained.feature_names == list(values.columns)
    added = explained.base_values + explained.values.sum(axis=1)  # noqa: PD011
    np.testing.assert_allclose(added, trained.model.predict_logodds(X), atol=1e-5)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    pictures = []
    for _ in range(2):
        ax = plot_beeswarm(explained, features=3)
        assert isinstance(ax.figure, Figure)
        picture = io.BytesIO()
        ax.figure.savefig(picture, format="png")
        pictures.append(picture.getvalue())
    assert pictures[0] == pictures[1]
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert plt.get_fignums() == []
    heaviest = values.abs().mean().idxmax()
    assert ax.get_yticklabels()[-1].get_text() == heaviest


def test_the_card_says_what_the_training_found(trained: Training) -> None:
    text = write_model_card(trained)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    card = trained.card
    definition = ChurnDefinition()
    assert f"no order follows within {definition.horizon_days} days" in text
    assert f"ordered in the last {definition.active_days} days" in text
    for fact in (str(card.first_day), str(card.as_of), f"rows: {card.rows:,}", card.data_fingerprint, card.gate):
        assert fact in text
    first = card.base_rates[0]
    row = f"| {first.snapshot_date} | {first.customers} | {first.churned} | {first.churn_rate:.1%} |"
    assert row in text
    assert said(trained.verdict_sentence) in text
    auroc = card.figures["auroc"]
    assert f"| auroc | {auroc.value:.4g} | {auroc.low:.4g} to {auroc.high:.4g} |" in text
    assert sum("| yes |" in line for line in text.splitlines()) == 1
    assert f"| {catalogue().concepts['days_since_last_order']} |" in text
    assert "No cause is claimed" in text
    assert "never ordered" in text
    assert (NOT_TESTED in text) is not card.forward
    assert not [word for word in ("None", "nan", "{", "}", "?") if word in text]


@pytest.mark.parametrize(
    ("kind", "meaning", "silent"),
    [
        ("spend_drop", "they spend less than 0.5 of their own past rate", "spent nothing in the last 365 days"),
        ("subscription_end", "with a running subscription", "without a subscription that runs"),
    ],
)
def test_every_definition_is_said_in_words(trained: Training, kind: str, meaning: str, silent: str) -> None:
    definition = trained.card.definition.model_copy(update={"kind": kind})
    text = write_model_card(changed(trained, definition=definition))
    assert meaning in text
    assert silent in text
    assert ("- spend share: 0.5" in text) is (kind == "spend_drop")


def test_whether_more_customers_would_help_is_written(trained: Training) -> None:
    sizes = {"rows": 9_000, "customers": 3_000, "half_rows": 4_400, "half_customers": 1_500}
    losses = {"shape_loss": 0.5, "gained": 0.1, "behind": 0.012, "behind_error": 0.002}
    text = write_model_card(changed(trained, learning=LearningPart(**sizes, **losses)))
    assert "Learnt from 1,500 of 3,000 customers, the shape loss is +0.0120 (± 0.0020)" in text
    assert "Learnt from" not in write_model_card(changed(trained, learning=None))


def test_the_level_is_written_with_all_that_is_known_of_it(trained: Training) -> None:
    told = {"day": None, "newest_day": None, "last_year": None, "last_year_day": None, "kind": "none", "rate": 0.48}
    told |= {"low": 0.4, "high": 0.5, "spread": 0.1, "newest": 0.5, "tested_forward": True, "logodds": -1.5}
    text = write_model_card(changed(trained, level=LevelPart.from_json({**told, "said": "We assume [48 %]."})))
    said = "We assume &#91;48 %&#93;.\n\n- day: not known\n- kind: none\n- rate: 0.48\n"
    assert f"## Level\n\n{said}" in text
    said = "- last year: not known\n- last year day: not known\n- tested forward: yes\n- logodds: -1.5\n"
    assert f"{said}- coverage: 0.95\n\n##" in text


def test_the_limits_name_a_level_that_was_not_tested(trained: Training) -> None:
    for forward in (True, False):
        text = write_model_card(changed(trained, forward=forward))
        assert (NOT_TESTED in text) is not forward


def test_what_a_training_did_not_find_has_no_section(trained: Training) -> None:
    bare = changed(trained, segments=(), level=None, untreated=None)
    text = write_model_card(dataclasses.replace(bare, model=None))
    sections = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert sections == [*SECTIONS[:5], "Value", "Limits"]
    assert "\n\n\n" not in text


def test_figures_of_the_value_are_shown_where_it_was_learned(trained: Training) -> None:
    figure = ValueFigure(rows=1_234, said=90.0, spent=100.0, ratio=0.9, low=0.8, high=1.05)
    one = ValueCompared(candidate="pace", deviance=3.5, behind=0.0, behind_error=0.0, chosen=True)
    value = ValuePart(
        candidate="pace",
        days=180,
        value_days=180,
        ratio=1.0,
        ratio_known=True,
        growth=1.0,
        rows=1_234,
        comparison=(one,),
        forward=False,
        level=None,
        shape={"one order day": figure},
        left=None,
        came_back=0.0,
        left_to_stayed=0.0,
    )
    text = write_model_card(changed(trained, value=value))
    assert "| one order day | 1,234 | 0.9 | 0.8 to 1.05 |" in text
    assert "| pace of orders times their amount | 3.5 | 0 | 0 | yes |" in text
    assert "simple rule tells the value" in write_model_card(trained)


def test_figures_on_the_untreated_are_shown_where_there_are_some(trained: Training) -> None:
    figures = {"auroc": {"value": 0.7, "low": 0.6, "high": 0.8}}
    told = {"rows": 4_000, "treated": 1_200, "treated_churn_rate": 0.25, "untreated_churn_rate": 0.5}
    text = write_model_card(changed(trained, untreated=Untreated.from_json({**told, "figures": figures})))
    assert "1,200 of the gate's 4,000 rows were treated" in text
    assert "Of them 25.0% left, of the others 50.0%." in text
    assert (
        "\n\n| Figure | Value | 95 % interval |\n| --- | --- | --- |\n| auroc | 0.7 | 0.6 to 0.8 |\n\n## Level" in text
    )


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_text_is_text_wherever_the_card_holds_it(trained: Training, name: str) -> None:
    text = TEXTS[name]
    card = trained.card
    hostile = changed(
        trained,
        gate=text,
        folds=(text,),
        data_fingerprint=text,
        candidate=text,
        verdict=verdict_of(because=None, chosen=text, said=text),
        comparison=tuple(one.model_copy(update={"candidate": text}) for one in card.comparison),
        segments=tuple(one.model_copy(update={"segment": text}) for one in card.segments),
        figures={text: next(iter(card.figures.values()))},
    )
    read = MarkdownIt("gfm-like", {"linkify": False}).enable("table")
    drawn, plain = (read.render(write_model_card(dataclasses.replace(one, model=None))) for one in (hostile, trained))
    assert set(re.findall(r"<(\w+)", drawn)) <= set(re.findall(r"<(\w+)", plain))
    assert len(re.findall("<h2>", drawn)) == len(re.findall("<h2>", plain))


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_text_is_text_in_markdown(name: str) -> None:
    text = TEXTS[name]
    read = MarkdownIt("gfm-like", {"linkify": False}).enable("table")
    for written in (said(text), facts({text: text}), table(["a", "b"], [[text, 1]]), said({text: [text]})):
        made = set(re.findall(r"<(\w+)", read.render(written)))
        assert made <= {"p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}, written[:200]
    shown = html.unescape(re.sub("<.*?>", "", read.render(said(text)))).strip()
    assert shown == printable(" ".join(text.split()))
    row = read.render(table(["a", "b"], [[text, 1]]))
    assert row.count("<td>") == 2
    assert not re.search(r"://|www\.|@", said(text)), "some programs make links of bare addresses"
