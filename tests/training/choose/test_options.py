"""Options of a recipe: plain unless the folds say otherwise by more than chance."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.features.family_catalogue import catalogue
from churnml.models.candidates.lightgbm import LightGbm
from churnml.models.rows import TrainingFrame
from churnml.training.choose.options import choose_options, knows_the_season
from churnml.training.choose.recipe import Recipe
from tests.drawn import study_of

MakeFrame = Callable[..., TrainingFrame]


def chosen(frame: TrainingFrame, fade_days: int | None = None) -> Recipe:
    study = study_of(frame, horizon_days=30, folds=3, fade_days=fade_days)
    assert study.plan.forward
    return choose_options(study)


@pytest.mark.slow
def test_a_shop_that_does_not_change_stays_plain(make_frame: MakeFrame) -> None:
    found = chosen(make_frame(customers=600))
    assert (found.fade_days, found.newest, found.every, found.params) == (None, None, 1, {})


@pytest.mark.slow
def test_the_best_thresholds_are_taken_where_the_risk_has_steps(make_frame: MakeFrame) -> None:
    assert chosen(make_frame(customers=600, hidden=1.5)).params == {"extra_trees": False}


class Told(LightGbm):
    """Tells a share of what recency says, which depends on the number of trees."""

    def __init__(self, shares: Mapping[int, float], trees: int) -> None:
        super().__init__()
        self.shares, self.grown = shares, trees

    def of_first(self, trees: int) -> Told:
        return Told(self.shares, trees)

    def free_logodds(self, X: pd.DataFrame) -> np.ndarray:
        recency = X["days_since_last_order"].to_numpy()
        return self.shares[self.grown] * (recency - recency.mean()) / recency.std()


@pytest.mark.parametrize(
    ("shares", "params"),
    [
        # Few trees with the best thresholds are ahead of as few with random ones, and behind more of these.
        ({True: {40: 0.6, 80: 0.5}, False: {40: 0.2, 80: 0.9}}, {}),
        # More of them learn too much by heart; that they were better with fewer counts.
        ({True: {40: 0.9, 80: 0.2}, False: {40: 0.3, 80: 0.6}}, {"extra_trees": False}),
    ],
)
def test_thresholds_are_compared_with_the_number_of_trees_that_suits_each(
    shares: dict[bool, dict[int, float]],
    params: dict[str, bool],
    make_frame: MakeFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Recipe, "fit", lambda recipe, *_: Told(shares[bool(recipe.params)], recipe.trees))
    assert chosen(make_frame(customers=600)).params == params


@pytest.mark.slow
def test_old_snapshots_fade_where_customers_changed(make_frame: MakeFrame) -> None:
    # On the older half of the snapshots recency means the opposite.
    frame = make_frame(customers=1_500, snapshots=12)
    old = frame.snapshots < frame.days[6]
    turned = frame.churned.copy()
    turned[old] = 1 - turned[old]
    assert chosen(dataclasses.replace(frame, churned=turned)).fade_days is not None


@pytest.mark.parametrize(("asked", "found"), [(0, None), (90, 90)])
def test_a_half_life_that_is_set_is_not_chosen(make_frame: MakeFrame, asked: int, found: int | None) -> None:
    assert chosen(make_frame(), asked).fade_days == found


def test_without_forward_folds_nothing_is_chosen(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=300, snapshots=3)
    study = study_of(frame)
    assert not study.plan.forward
    assert choose_options(study) == Recipe(tuple(frame.X.columns))


def test_rows_fade_by_half_lives_and_thin_out_from_the_newest(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=3, snapshots=5, every_days=30)
    recipe = Recipe(("orders_90d",), fade_days=30, every=2)
    found = recipe.prepare(frame)
    assert found.days.tolist() == frame.days[[0, 2, 4]].tolist()
    assert found.X.columns.tolist() == ["orders_90d"]
    assert found.weights is not None
    assert np.unique(found.weights).tolist() == [1 / 16, 1 / 4, 1]
    assert Recipe(("orders_90d",), newest=4, every=2).prepare(frame).days.tolist() == frame.days[[2, 4]].tolist()
    assert len(Recipe(("orders_90d",), newest=9).prepare(frame)) == len(frame)


def test_a_recipe_comes_back_from_its_card() -> None:
    recipe = Recipe(("a", "b"), "blend", 120, 6, 2, 90, {"lightgbm": 0.5, "bg_nbd": 0.5}, {"num_leaves": 5}, 0.9)
    assert Recipe.from_card(recipe.to_card()) == recipe


@pytest.mark.slow
@pytest.mark.parametrize("helps", [True, False])
def test_features_that_are_off_are_used_only_where_the_folds_prefer_them(make_frame: MakeFrame, helps: bool) -> None:
    frame = make_frame(customers=1_500)
    rng = np.random.default_rng(3)
    season = rng.normal(size=len(frame))
    if helps:
        season += 2 * frame.churned
    X = frame.X.assign(orders_year_ago_coming_90d=season)
    described = {feature.name: feature for feature in catalogue().describe(X)}
    frame = dataclasses.replace(frame, X=X, described=described)
    names = tuple(frame.X.columns)
    study = study_of(frame, horizon_days=30, folds=3, fade_days=0, off=["orders_year_ago_coming_90d"])
    found = choose_options(study)
    assert found.features == (names if helps else names[:-1])
    if helps:  # and where they are on, they stay
        assert choose_options(dataclasses.replace(study, off=())).features == names


@pytest.mark.parametrize(
    ("snapshot", "known"),
    [("2024-07-01", True), ("2024-06-11", True), ("2024-06-10", False), ("2024-07-21", True), ("2024-07-22", False)],
)
def test_a_season_is_known_from_a_snapshot_within_20_days_of_a_year_before(snapshot: str, known: bool) -> None:
    days = np.array(["2023-01-01", snapshot, "2025-03-01"], dtype="datetime64[D]")
    assert knows_the_season(days, date(2025, 7, 1)) is known


@pytest.mark.slow
@pytest.mark.parametrize("a_year", [True, False])
def test_the_place_in_the_year_is_read_only_where_this_season_was_learnt_from(
    make_frame: MakeFrame, a_year: bool
) -> None:
    # In one half of the year recency tells who leaves, in the other the opposite.
    frame = make_frame(customers=800, snapshots=18)
    assert frame.days[-1] - frame.days[0] > np.timedelta64(400, "D")
    angle = 2 * np.pi * (frame.snapshots - frame.days[0]).astype(float) / 365.25
    turned = np.where(np.sin(angle) > 0, frame.churned, 1 - frame.churned)
    X = frame.X.assign(day_of_year_sine=np.sin(angle), day_of_year_cosine=np.cos(angle))
    described = {feature.name: feature for feature in catalogue().describe(X)}
    frame = dataclasses.replace(frame, X=X, churned=turned, described=described)
    day = (frame.days[0] + (365 + 5 if a_year else 365 - 60)).astype(object)
    found = choose_options(study_of(frame, horizon_days=30, folds=4, fade_days=0, as_of=day)).features
    assert ("day_of_year_sine" in found) is ("day_of_year_cosine" in found) is a_year
