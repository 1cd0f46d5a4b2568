"""Learning a value: the days, the folds, and calibration on a simulated shop and on the days after it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from churnml.config import Config, SnapshotSettings, TrainingSettings
from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.data.spend import net_spend
from churnml.definition import ChurnDefinition
from churnml.features.available import available
from churnml.features.builder import build
from churnml.models.card import ValuePart
from churnml.models.value import LEFT, PACE, STAYED, LearnedValue
from churnml.training.rows.spend import longest_known
from churnml.training.rows.study import Study, make_study
from churnml.training.value.judge import said_over_spent
from churnml.training.value.learn import learn_value
from tests.training.value.test_fit import AS_OF, DAYS, draw

FAMILIES = ["recency", "frequency", "monetary", "returns", "rhythm", "buy_till_you_die"]


def study_of(shop: Shop, as_of: str, families: list[str] = FAMILIES) -> Study:
    config = Config(snapshots=SnapshotSettings(every_days=30), training=TrainingSettings(bootstrap_draws=20))
    features = config.features.model_copy(update={"families": families})
    return make_study(shop, config.model_copy(update={"features": features}), as_of)


@pytest.fixture(scope="module")
def study(shop: Shop) -> Study:
    return study_of(shop, "2024-06-29")


@pytest.fixture(scope="module")
def learned(study: Study) -> tuple[LearnedValue, ValuePart]:
    value, part = learn_value(study)
    assert value is not None
    assert part is not None
    return value, part


def test_the_longest_time_that_three_snapshots_know_is_learned() -> None:
    rows = draw(50)
    # On 1 September the 180 days after all three days are over, and no year is.
    assert longest_known(rows, 90, AS_OF) == 180
    # 180 days after the newest one is 28 August: the day before, two know it.
    assert longest_known(rows, 90, DAYS[2] + 180) == 180
    assert longest_known(rows, 90, DAYS[2] + 179) == 90
    # Who stayed shows after 200 days only.
    assert longest_known(rows, 200, DAYS[2] + 199) == 90


def test_what_was_said_is_right_on_rows_apart(learned: tuple[LearnedValue, ValuePart]) -> None:
    _, part = learned
    assert (part.days, part.value_days, part.ratio, part.ratio_known) == (365, 365, 1.0, True)
    assert not part.forward
    assert part.level is None
    assert part.shape["all"].ratio == pytest.approx(1.0)
    for segment in ("one order day", "new", "more order days"):
        figure = part.shape[segment]
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low < 1.25
        assert figure.high > 0.8
    assert part.left is not None
    assert 0 < part.left_to_stayed < 0.2
    assert [one.candidate for one in part.comparison if one.chosen] == [part.candidate]


def test_what_is_said_comes_true_in_total(shop: Shop, learned: tuple[LearnedValue, ValuePart]) -> None:
    value, part = learned
    day, definition = date(2024, 6, 29), ChurnDefinition()
    names = {*value.reads, *PACE, "return_amount_sum_365d"}
    X = build(History(shop, day), definition, [feature for feature in available(shop) if feature.name in names])
    spent = net_spend(shop, day, part.days, shop.last_day, X.index).to_numpy()
    churned = labels(shop, day, definition, shop.last_day).to_numpy()
    said = value.predict(X)
    stayed = said[STAYED].to_numpy()[churned == 0].sum() / spent[churned == 0].sum()
    assert 0.9 <= stayed <= 1.1
    mixed = np.where(churned == 1, said[LEFT], said[STAYED]).sum() / spent.sum()
    assert 0.85 <= mixed <= 1.15


def test_the_same_study_gives_the_same_value(study: Study, learned: tuple[LearnedValue, ValuePart]) -> None:
    assert learn_value(study) == learned


def test_without_the_features_a_simple_rule_is_left_to_tell_it(shop: Shop) -> None:
    assert learn_value(study_of(shop, "2024-06-29", ["recency"])) == (None, None)


def test_a_long_history_tests_the_level_forward() -> None:
    rows = draw(600)
    days = np.arange(np.datetime64("2022-01-01"), np.datetime64("2024-01-01"), 60)
    many = np.concatenate([np.full(int((rows.snapshots == DAYS[0]).sum()), day) for day in days])
    first = rows.take(rows.snapshots == DAYS[0])
    of = np.tile(np.arange(len(first)), len(days))
    frame = type(first)(
        first.X.iloc[of].reset_index(drop=True),
        first.churned[of],
        first.customers[of],
        first.hashes[of],
        many,
        spend={name: spent[of] for name, spent in first.spend.items() if name != 365},
    )
    settings = TrainingSettings(bootstrap_draws=20)
    study = Study(frame=frame, definition=ChurnDefinition(), as_of=date(2024, 9, 1), asked=settings, value_days=180)
    value, part = learn_value(study)
    assert value is not None
    assert part is not None
    assert part.forward
    assert part.level is not None
    assert part.level.ratio == pytest.approx(1.0, abs=0.1)
    # The level is that of one day: the newest fold.
    assert part.level.rows == int((first.churned == 0).sum())


def test_a_ratio_by_hand() -> None:
    figure = said_over_spent(np.array([10.0, 5.0, 6.0]), np.array([8.0, 0.0, 6.0]), np.array([1, 1, 2]), 50, 7)
    # 21 said of 14; drawn alone, the customers' ratios are 15 / 8 and 6 / 6.
    assert (figure["rows"], figure["said"], figure["spent"], figure["ratio"]) == (3, 21.0, 14.0, 1.5)
    assert (figure["low"], figure["high"]) == (1.0, 1.875)
    nothing = said_over_spent(np.ones(2), np.zeros(2), np.array([1, 2]), 5, 7)
    assert (nothing["ratio"], nothing["low"], nothing["high"]) == (None, None, None)
