from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnml.features.family_catalogue import catalogue
from churnml.features.sentences import Sentences
from churnml.models.attribution import sum_concepts
from churnml.scoring.reasons import Reason, ReasonWriter

FEATURES = ["days_since_last_order", "orders_90d", "complaint_open_max_days", "complaints_open", "deliveries_late_90d"]


def frame(rows: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=FEATURES, index=pd.Index([f"c{i}" for i in range(len(rows))], name="customer_id"))


NULL = float("nan")
X = frame([[74, 0, 12, 1, 0], [10, 2, NULL, 0, 0], [40, 1, NULL, 0, 2]])


def reasons(contributions: list[list[float]], min_weight: float = 0.1) -> list[list[tuple[str, str]]]:
    found = ReasonWriter(X, Sentences(catalogue()), min_weight).write(X, frame(contributions))
    return [[(reason.concept, reason.sentence) for reason in told.leaving] for told in found]


def test_concepts_add_up_to_the_same() -> None:
    contributions = frame([[0.5, -0.2, 0.3, 0.1, 0.0], [0, 0, 0, 0, 0.25], [1, 1, 1, 1, 1]])
    summed = sum_concepts(contributions, catalogue().concepts)
    np.testing.assert_allclose(summed.sum(axis=1), contributions.sum(axis=1))
    # complaints: 0.3 + 0.1
    assert summed.complaints.iloc[0] == pytest.approx(0.4)


def test_what_one_can_act_on_comes_before_what_is_heavier() -> None:
    first = reasons([[0.9, 0.0, 0.3, 0.1, 0.0], [0] * 5, [0] * 5])[0]
    assert [concept for concept, _ in first] == ["complaints", "recent orders"]
    assert first[0][1] == "A complaint has been open for 12 days"
    assert first[1][1] == "No order for 74 days"


def test_a_concept_below_the_least_weight_is_no_reason() -> None:
    assert reasons([[0.09, 0, 0, 0, 0], [0] * 5, [0] * 5])[0] == []


def test_a_fact_that_is_not_there_is_never_named() -> None:
    # Whatever the weights say, the second customer has no complaint and no late delivery.
    second = reasons([[0] * 5, [0.0, 0.0, 2.0, 2.0, 2.0], [0] * 5])[1]
    assert second == []


def test_a_number_on_the_wrong_side_of_the_median_is_no_reason() -> None:
    # Ten days without an order are fewer than the median of 40: no reason to leave, even if it weighs so.
    assert reasons([[0] * 5, [0.5, 0.0, 0.0, 0.0, 0.0], [0] * 5])[1] == []


def test_what_speaks_for_staying_is_no_reason_to_leave() -> None:
    assert reasons([[0] * 5, [0] * 5, [0.0, 0.0, 0.0, 0.0, -0.4]])[2] == []


def test_at_most_three_reasons_each_of_another_concept() -> None:
    for row in reasons([[1.0] * 5] * 3):
        assert len(row) <= 3
        assert len({concept for concept, _ in row}) == len(row)


def test_what_speaks_for_staying_is_told_apart() -> None:
    # Orders of the last 90 days: 0, 2 and 1, of which 2 are more than the median.
    [first, second, third] = ReasonWriter(X, Sentences(catalogue()), 0.1).write(X, frame([[0.2, -0.5, 0, 0, 0]] * 3))
    assert first.staying == third.staying == ()
    assert second.staying == (Reason("recent orders", "2 orders in the last 90 days", "orders_90d", -0.5),)


def test_a_batch_is_told_what_the_population_is_told() -> None:
    contributions = frame([[0.9, 0.0, 0.3, 0.1, 0.0], [-0.5, -0.3, 0, 0, 0], [0.3, 0.2, 0, 0, 0.4]])
    writer = ReasonWriter(X, Sentences(catalogue(), "tr", "TRY"), 0.1)
    whole = writer.write(X, contributions)
    assert [writer.write(X[at : at + 1], contributions[at : at + 1])[0] for at in range(3)] == whole
    assert writer.write(X[:0], contributions[:0]) == []


# --- what is usual in a shop ---------------------------------------------------------------------------------------

# Of eight customers the first four have an open complaint; the others' value is null.
SHOP = frame([[10, 1, 12, 1, 0]] * 4 + [[10, 1, NULL, 0, 0]] * 4).set_axis([f"c{i}" for i in range(8)])


def pushes(open_days: list[float], others: float) -> pd.DataFrame:
    """Make SHAP values of ``complaint_open_max_days``; 0 for all else."""
    values = [[0, 0, weight, 0, 0] for weight in [*open_days, *[others] * 4]]
    return frame(values).set_axis(SHOP.index)


def weights(values: pd.DataFrame, min_weight: float = 0.1) -> list[float | None]:
    told = ReasonWriter(SHOP, Sentences(catalogue()), min_weight, values).write(SHOP, values)
    return [one.leaving[0].weight if one.leaving else None for one in told]


def test_a_weight_is_what_differs_from_customers_to_whom_nothing_happened() -> None:
    # Those without a complaint are given -0.2: against them 0.3 are 0.5.
    assert weights(pushes([0.3] * 4, -0.2)) == pytest.approx([0.5] * 4 + [None] * 4)
    # Where they are given as much, the complaint adds nothing.
    assert weights(pushes([0.3] * 4, 0.3)) == [None] * 8


def test_a_reason_weighs_a_quarter_of_what_it_does_for_most() -> None:
    # The upper quartile of 0.1, 0.3, 1.0 and 1.0 is 1.0, a quarter of it 0.25.
    assert weights(pushes([0.1, 0.3, 1.0, 1.0], 0.0)) == pytest.approx([None, 0.3, 1.0, 1.0] + [None] * 4)


def test_a_concept_that_hardly_weighs_for_anybody_is_noise() -> None:
    # The upper quartile of 0.0, 0.0, 0.05 and 0.2 is 0.0875, by linear interpolation.
    assert weights(pushes([0.0, 0.0, 0.05, 0.2], 0.0)) == [None] * 8
    assert weights(pushes([0.0, 0.0, 0.05, 0.2], 0.0), min_weight=0.08)[3] == pytest.approx(0.2)


def test_what_is_usual_comes_from_some_rows_and_holds_for_all() -> None:
    values = pushes([0.3] * 4, -0.2)
    some = ReasonWriter(SHOP, Sentences(catalogue()), 0.1, values.iloc[::2])
    assert some.write(SHOP, values) == ReasonWriter(SHOP, Sentences(catalogue()), 0.1, values).write(SHOP, values)


def test_slowing_down_can_be_acted_on_and_messages_cannot() -> None:
    told_of = ("pace", "delivery", "complaints", "price", "returns", "reviews")
    assert all(map(catalogue().is_actionable, told_of))
    assert not any(map(catalogue().is_actionable, ("recent orders", "order history", "contacts", "visits", "spend")))
