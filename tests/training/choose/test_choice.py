"""The choice: compared by hand, the blend or the simplest within one standard error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnml.models.rows import TrainingFrame
from churnml.training.choose.choice import better_than_chance, compare
from tests.drawn import predictions_of

MakeFrame = Callable[..., TrainingFrame]
LOG3 = float(np.log(3))


# Of four customers with log-odds log(3) (75 %) three churned, of four with -log(3) one. A row that went as expected
# loses -log(.75) = .287682, one that did not -log(.25) = 1.386294; without a difference all lose log(2) = .693147.
CHURNED = [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]
RIGHT = [LOG3] * 4 + [-LOG3] * 4
FLAT = [0.0] * 8


def test_candidates_are_compared_as_by_hand() -> None:
    table = compare(predictions_of(CHURNED, {"flat": FLAT, "right": RIGHT})).set_index("candidate")
    # (6 * .287682 + 2 * 1.386294) / 8 = .562335
    assert table.shape_loss["right"] == pytest.approx(0.562335, abs=1e-6)
    assert table.shape_loss["flat"] == pytest.approx(0.693147, abs=1e-6)
    # 16 pairs: 9 right, 1 wrong, 6 ties: (9 + 3) / 16.
    assert table.auroc["right"] == 0.75
    assert table.auroc["flat"] == 0.5
    assert table.behind["right"] == 0.0
    assert table.behind_error["right"] == 0.0
    # flat - right is .405465 six times and -.693147 twice: mean .130812, deviations .274653 and -.823959,
    # sum of squares 6 * .075434 + 2 * .678909 = 1.810424, error sqrt(8 / 7 * 1.810424) / 8 = .179803.
    assert table.behind["flat"] == pytest.approx(0.130812, abs=1e-6)
    assert table.behind_error["flat"] == pytest.approx(0.179803, abs=1e-6)
    # Here the flat one is what chance says.
    assert table.against_chance["flat"] == 0.0
    assert table.against_chance["right"] == pytest.approx(-0.130812, abs=1e-6)
    assert table.against_chance_error["right"] == pytest.approx(0.179803, abs=1e-6)
    # Behind by less than one error: the simpler one is chosen.
    assert table.chosen.to_dict() == {"flat": True, "right": False}


def test_beyond_one_standard_error_the_better_one_is_chosen() -> None:
    # Four times as many customers halve the error: .13 is more than .09.
    given = {"flat": FLAT * 4, "right": RIGHT * 4}
    table = compare(predictions_of(CHURNED * 4, given)).set_index("candidate")
    assert table.behind_error["flat"] < 0.131
    assert table.chosen.to_dict() == {"flat": False, "right": True}


def test_the_error_is_clustered_by_customer() -> None:
    # The same four rows of every customer tell no more than one of them: sums of a customer are four times as large.
    table = compare(
        predictions_of(CHURNED * 4, {"flat": FLAT * 4, "right": RIGHT * 4}, customers=[*range(8)] * 4)
    ).set_index("candidate")
    assert table.behind_error["flat"] == pytest.approx(0.179803, abs=1e-6)
    assert table.chosen["flat"]


def test_the_simplest_of_equals_is_chosen() -> None:
    table = compare(predictions_of(CHURNED, {"a": RIGHT, "b": RIGHT, "c": RIGHT}))
    assert table.chosen.tolist() == [True, False, False]
    assert table.candidate.tolist() == ["a", "b", "c"]


def test_the_blend_is_chosen_where_it_is_near_the_best() -> None:
    # Behind by .1308 with an error of .1798 (eight customers) or .0899 (four times as many).
    table = compare(predictions_of(CHURNED, {"flat": FLAT, "right": RIGHT, "blend": FLAT}))
    assert table.candidate[table.chosen].tolist() == ["blend"]
    table = compare(predictions_of(CHURNED * 4, {"flat": FLAT * 4, "right": RIGHT * 4, "blend": FLAT * 4}))
    assert table.candidate[table.chosen].tolist() == ["right"]


def test_on_forward_folds_the_error_counts_the_noise_of_folds_too() -> None:
    # One fold on which "right" is right, and one on which nobody differs: the paired difference is .130812 and 0.
    given = predictions_of(CHURNED * 2, {"flat": FLAT * 2, "right": [*RIGHT, *FLAT]}, folds=[0] * 8 + [1] * 8)
    apart, forward = (compare(given, days).set_index("candidate") for days in (None, 30))
    # By chance all lose .693147. Squared deviations of the two folds from .065406: 2 * .065406^2 = .008556;
    # sqrt((3 * (.004 * .693147)^2 + .008556) / 4 / 2) = .032748.
    expected = np.hypot(apart.behind_error["flat"], 0.032748)
    assert forward.behind_error["flat"] == pytest.approx(expected, abs=1e-6)
    assert forward.behind_error["right"] == 0.0
    assert forward.against_chance_error["right"] == apart.against_chance_error["right"]
    # Where they take turns: +.130812 and -.100074 (.593074 - .693147), each .115443 from the mean; their squares sum to
    # .026654, and sqrt((3 * (.004 * .693147)^2 + .026654) / 4 / 2) = .057746.
    half = [value / 2 for value in RIGHT]
    given = predictions_of(CHURNED * 2, {"a": [*FLAT, *half], "b": [*RIGHT, *FLAT]}, folds=[0] * 8 + [1] * 8)
    apart, forward = (compare(given, days).set_index("candidate") for days in (None, 30))
    assert forward.behind_error["a"] == pytest.approx(np.hypot(apart.behind_error["a"], 0.057746), abs=1e-6)
    # With a single fold the noise is what it typically is: sqrt(3 * (.004 * .693147)^2 / 3 / 1) = .002773.
    one = predictions_of(CHURNED, {"flat": FLAT, "right": RIGHT})
    error = compare(one, 30).set_index("candidate").behind_error["flat"]
    assert error == pytest.approx(np.hypot(0.179803, 0.002773), abs=1e-5)


def test_one_standard_error_is_wider_where_folds_are_few() -> None:
    # With three degrees of freedom, what a normal law keeps within one error lies within 1.1969 of them.
    def chosen(customers: int, days: int | None) -> str:
        given = predictions_of(CHURNED * customers, {"flat": FLAT * customers, "right": RIGHT * customers})
        table = compare(given, days)
        return str(table.candidate[table.chosen].iloc[0])

    def chosen_beside_right(share: float, customers: int, days: int | None) -> str:
        a_part = [share * value for value in RIGHT] * customers
        table = compare(predictions_of(CHURNED * customers, {"part": a_part, "right": RIGHT * customers}), days)
        return str(table.candidate[table.chosen].iloc[0])

    # Behind by .93 and by 1.17 of an error: four degrees of freedom would allow 1.14.
    assert chosen_beside_right(0.12, 2, None) == "part"
    assert chosen_beside_right(0.10, 3, 30) == "part"
    # Behind by .130812: 16 customers have an error of .1228, 24 one of .0993, 1.19 of which are .1189.
    assert (chosen(2, None), chosen(2, 30)) == ("right", "flat")
    assert (chosen(3, None), chosen(3, 30)) == ("right", "right")


def test_the_level_of_a_fold_is_not_rewarded() -> None:
    lifted = [*RIGHT, *(value + 5 for value in RIGHT)]
    table = compare(
        predictions_of(CHURNED * 2, {"right": RIGHT * 2, "lifted": lifted}, folds=[0] * 8 + [1] * 8)
    ).set_index("candidate")
    assert table.shape_loss["lifted"] == pytest.approx(table.shape_loss["right"], abs=1e-12)
    assert table.auroc["lifted"] == table.auroc["right"]


def test_better_than_chance_on_the_folds_is_by_more_than_one_standard_error() -> None:
    def found(rule: float, other: float, chosen: str) -> set[str]:
        table = pd.DataFrame(
            {
                "candidate": ["recency_rule", "lightgbm"],
                "against_chance": [rule, other],
                "against_chance_error": [0.01, 0.01],
            }
        )
        return better_than_chance(table.assign(chosen=table.candidate == chosen))

    assert found(-0.011, -0.02, "lightgbm") == {"chosen", "rule"}
    assert found(-0.011, -0.02, "recency_rule") == {"chosen", "rule"}
    assert found(-0.009, -0.02, "lightgbm") == {"chosen"}
    assert found(-0.011, 0.02, "lightgbm") == {"rule"}
    assert found(0.0, 0.0, "recency_rule") == set()
    # Exactly one standard error is not more than one.
    assert found(-0.01, -0.01, "lightgbm") == set()
