"""Weights of a blend: a mean, by hand and by law."""

from __future__ import annotations

import numpy as np
import pytest

from churnml.models.candidates.blend import Blend, find_weights, weighted_sum
from churnml.models.candidates.lightgbm import LightGbm
from churnml.models.candidates.logistic import BgNbd
from churnml.statistics.logodds import sigmoid

ROWS = 60_000


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw two independent halves of the truth, and outcomes."""
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(2, ROWS))
    churned = (rng.random(ROWS) < sigmoid(one + other)).astype(float)
    return churned, one, other


def test_weights_add_up_to_one_and_find_the_better_member() -> None:
    churned, one, other = drawn()
    noise = np.random.default_rng(1).normal(size=ROWS)
    weights = find_weights(churned, {"right": one + other, "noise": noise}, np.zeros(ROWS, dtype=np.int64))
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-5)
    assert weights["right"] > 0.95


def test_members_that_know_the_same_of_different_things_count_the_same() -> None:
    churned, one, other = drawn()
    weights = find_weights(churned, {"one": 2 * one, "other": 2 * other}, np.zeros(ROWS, dtype=np.int64))
    assert weights["one"] == pytest.approx(0.5, abs=0.01)


def test_on_few_rows_the_weights_stay_nearly_equal() -> None:
    churned, one, other = (values[:100] for values in drawn())
    weights = find_weights(churned, {"right": one + other, "half": one}, np.zeros(100, dtype=np.int64))
    assert weights["right"] == pytest.approx(0.5, abs=0.04)


def test_levels_do_not_matter() -> None:
    churned, one, other = drawn()
    groups = np.arange(ROWS) % 3
    given = {"one": one + other, "other": other - one}
    lifted = {name: values + 5.0 * groups for name, values in given.items()}
    plain, moved = (find_weights(churned, values, groups) for values in (given, lifted))
    assert plain == pytest.approx(moved, abs=1e-4)


def test_a_blend_needs_two_members() -> None:
    class OfTwo(Blend):
        members = {"bg_nbd": BgNbd, "lightgbm": LightGbm}  # noqa: RUF012

    # Trees take any feature; BG/NBD wants its own, without which one member is left.
    assert not OfTwo.suits(["days_since_last_order"])
    assert OfTwo.suits(["days_since_last_order", *BgNbd.columns])


def test_logodds_are_the_weighted_sum_by_hand() -> None:
    # 0.25 * 2 + 0.75 * -4 = -2.5; 0.25 * 1 + 0.75 * 1 = 1.
    weights = {"one": 0.25, "other": 0.75}
    parts = {"one": np.array([2.0, 1.0]), "other": np.array([-4.0, 1.0])}
    assert weighted_sum(weights, parts).tolist() == [-2.5, 1.0]
