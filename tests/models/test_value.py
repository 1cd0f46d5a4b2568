"""The learned value: its columns and sums by hand, days carried, and what is refused of an artefact."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnml.models.artefact import load_model, save_model
from churnml.models.model import Model
from churnml.models.value import COLUMNS, LEFT, NEEDED, PACE, SHAPES, STAYED, LearnedValue, Shop

SHOP = Shop(repeats_a_year=4.0, order_value=50.0)
# Of three customers: an old one with 5 orders in the last year, one who first ordered 73 days ago, and a subscriber who
# never ordered.
X = pd.DataFrame(
    {
        "order_days_total": [8.0, 1.0, 0.0],
        "days_since_first_order": [730.0, 73.0, np.nan],
        "days_since_last_order": [30.0, 73.0, np.nan],
        "orders_365d": [5.0, 1.0, 0.0],
        "orders_total": [9.0, 1.0, 0.0],
        "amount_sum_90d": [100.0, 50.0, 0.0],
        "amount_sum_365d": [400.0, 50.0, 0.0],
        "amount_sum_total": [850.0, 50.0, 0.0],
        "return_amount_sum_365d": [70.0, 0.0, 0.0],
        "btyd_expected_orders": [1.5, 0.2, np.nan],
        "btyd_no_order_probability": [0.25, 0.9, np.nan],
    },
    index=["old", "new", "never"],
)
VALUE = LearnedValue(
    candidate="pace",
    shop=SHOP,
    days=90,
    stayed={"constant": math.log(2.0), "log_pace": 1.0, "log_order_value": 1.0},
    left={"constant": math.log(0.1)},
    most=1_000.0,
    growth=1.5,
    carried={STAYED: {90: 1.0, 180: 1.8}, LEFT: {90: 1.0, 180: 4.0}},
)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("constant", [1, 1, 1]),
        ("one_order_day", [0, 1, 1]),
        ("few_order_days", [0, 0, 0]),
        ("new", [0, 0, 1]),
        ("log_order_days", np.log([8, 1, 1])),
        ("log_months_since_last", np.log([2, 1 + 73 / 30, 1])),
        # 5 orders in one year, all of them repeats; none in a fifth of a year; with half a year at the shop's 4.
        ("log_repeats", np.log([(5 + 2) / 1.5, 2 / 0.7, 2 / 0.5])),
        # Of all time (850 + 50) / 10 = 90, (50 + 50) / 2 and 50; with one such order: (400 - 70 + 90) / 6, 100 / 2, 50.
        ("log_order_value", np.log([70, 50, 50])),
        ("log_spend", np.log([380, 100, 50]) - np.log([1.5, 0.7, 0.5]) / 2),
        ("log_recent_spend", np.log([3, 2, 1])),
        # 1.5 / .75 and .2 / .1 order days are expected of who orders at all; unknown is one.
        ("log_pace", np.log([2, 2, 1])),
    ],
)
def test_columns_by_hand(column: str, expected: Any) -> None:
    np.testing.assert_allclose(COLUMNS[column](X, SHOP), expected, atol=1e-12)


def test_the_shop_is_averaged_over_its_customers() -> None:
    # 5 + 0 + 0 repeats in 1 + .2 years; 900 in 10 orders.
    shop = Shop.of(X)
    assert (shop.repeats_a_year, shop.order_value) == pytest.approx((5 / 1.2, 90.0))


def test_a_value_by_hand() -> None:
    said = VALUE.predict(X)
    # 2 x pace x order value: 2 x 2 x 70 = 280, 2 x 2 x 50 and 2 x 50; times the growth. A tenth where they leave.
    assert said[STAYED].tolist() == pytest.approx([420.0, 300.0, 150.0])
    assert said[LEFT].tolist() == pytest.approx([42.0, 30.0, 15.0])
    assert said.index.equals(X.index)


def test_nobody_is_worth_more_than_the_greatest_that_was_learned_from() -> None:
    said = dataclasses.replace(VALUE, most=250.0).predict(X)[STAYED]
    assert said.tolist() == pytest.approx([375.0, 300.0, 150.0])


@pytest.mark.parametrize(
    ("days", "stayed", "left"),
    [
        (45, 0.5, 0.5),
        (90, 1.0, 1.0),
        (135, 1.4, 2.5),
        (180, 1.8, 4.0),
        # The last 90 days brought .8 and 3: so do the next.
        (270, 2.6, 7.0),
    ],
)
def test_days_are_carried_as_cohorts_spent_and_then_at_their_pace(days: int, stayed: float, left: float) -> None:
    assert (VALUE.factor(days), VALUE.factor(days, LEFT)) == pytest.approx((stayed, left))
    said = VALUE.predict(X, days)
    assert said[STAYED].tolist() == pytest.approx([420.0 * stayed, 300.0 * stayed, 150.0 * stayed])
    assert said[LEFT].tolist() == pytest.approx([42.0 * left, 30.0 * left, 15.0 * left])


def test_who_leaves_brings_nothing_where_nobody_came_back() -> None:
    said = dataclasses.replace(VALUE, left={}).predict(X, 180)
    assert said[LEFT].tolist() == [0.0, 0.0, 0.0]


def test_what_one_customer_is_worth_depends_on_no_other() -> None:
    pd.testing.assert_frame_equal(VALUE.predict(X).iloc[1:2], VALUE.predict(X.iloc[1:2]))


def test_it_comes_back_from_json_as_it_was() -> None:
    assert LearnedValue.from_json(json.loads(json.dumps(VALUE.to_json()))) == VALUE


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda written: written.pop("growth"), "growth"),
        (lambda written: written.update(more=1), "more"),
        (lambda written: written.update(candidate="magic"), "candidate"),
        (lambda written: written.update(days=0), "days"),
        (lambda written: written.update(most=True), "most"),
        (lambda written: written["stayed"].update(os_system=1.0), "os_system"),
        (lambda written: written["stayed"].update(constant="1"), "constant"),
        (lambda written: written["shop"].update(order_value=0), "order_value"),
        (lambda written: written["carried"].update(if_left={}), "carried"),
    ],
)
def test_rubbish_is_refused(edit: Callable[[dict[str, Any]], Any], message: str) -> None:
    written = json.loads(json.dumps(VALUE.to_json()))
    edit(written)
    with pytest.raises(ValueError, match=message):
        LearnedValue.from_json(written)


def test_every_shape_is_made_of_known_columns() -> None:
    for shape in SHAPES.values():
        assert {*shape.columns, *shape.fixed} <= set(COLUMNS)


def test_it_reads_what_it_says(model: Model) -> None:
    assert model.value is not None
    assert set(model.value.reads) <= {*NEEDED, *PACE}


def test_an_artefact_keeps_it(model: Model, tmp_path: Path) -> None:
    assert model.value is not None
    kept = save_model(model, tmp_path / "with")
    again = load_model(tmp_path / "with")
    assert (again.value, again.version) == (model.value, kept.version)
    without = save_model(dataclasses.replace(model, value=None), tmp_path / "without")
    assert load_model(tmp_path / "without").value is None
    assert without.version != kept.version


@pytest.mark.parametrize("folder", ["format_4", "version_0_1"])
def test_models_of_before_have_none(folder: str) -> None:
    model = load_model(Path(__file__).parent / folder)
    assert (model.value, model.card.value) == (None, None)
