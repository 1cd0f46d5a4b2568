"""Buy till you die: the paper's customer by hand, and what is fitted on a shop."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features
from churnml.features.families import buy_till_you_die
from churnml.features.families.buy_till_you_die import FAMILY, Fitted, fit
from churnml.features.family import Derived
from churnml.statistics.bgnbd import BGNBD

SNAPSHOT = date(2025, 7, 1)
DEFINITION = ChurnDefinition(horizon_days=273)  # 39 weeks

# The parameters that Fader, Hardie & Lee (2005) publish for CDNOW, in days: alpha is 7 x 4.414 = 30.898.
MODEL = BGNBD(r=0.243, alpha=30.898, a=0.793, b=2.426)

# Their customer: two repeat purchases, the last after 30.43 weeks (213 days), seen for 38.86 weeks (272 days).
#   alive: 1 / (1 + a / (b + 1) x ((alpha + T) / (alpha + t_x)) ^ (r + 2))
#          = 1 / (1 + 0.793 / 3.426 x (302.898 / 243.898) ^ 2.243) = 1 / (1 + 0.23147 x 1.62577) = 0.72657
#   no order: 1 - alive x (1 - ((alpha + T) / (alpha + T + 273)) ^ 2.243)
#          = 1 - 0.72657 x (1 - (302.898 / 575.898) ^ 2.243) = 1 - 0.72657 x (1 - 0.23667) = 0.44538
#   expected orders: 1.226, as published
EXPECTED = {
    "btyd_no_order_probability": pytest.approx(0.44538, abs=2e-4),
    "btyd_expected_orders": pytest.approx(1.226, abs=2e-3),
    "btyd_alive_probability": pytest.approx(0.72657, abs=2e-4),
}
REDO: dict[str, object] = {}


def shop_of(customers: dict[str, list[int]]) -> Shop:
    """Make a shop of customers who ordered so many days before the snapshot."""
    rows = [
        (customer, SNAPSHOT - timedelta(days=int(days))) for customer, listed in customers.items() for days in listed
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    orders["ordered_at"] = pd.to_datetime(orders["ordered_at"]) + pd.Timedelta(hours=9)
    return read({"orders": orders.assign(order_id=range(len(orders)), amount=10)})


@pytest.mark.slow
def test_values_are_those_of_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buy_till_you_die, "fit_bgnbd", lambda *_: MODEL)
    # The second order on a day of its own, the third twice on one day: merged.
    found = build_features(shop_of({"ann": [272, 100, 59, 59]}), SNAPSHOT, DEFINITION).loc["ann"]
    assert found[list(EXPECTED)].to_dict() == EXPECTED


@pytest.mark.slow
def test_one_order_day_leaves_the_probability_of_being_alive_open() -> None:
    found = build_features(shop_of({"ann": [200, 100, 20], "bob": [30]}), SNAPSHOT, DEFINITION)
    assert np.isnan(found.loc["bob", "btyd_alive_probability"])
    assert 0 < found.loc["bob", "btyd_no_order_probability"] < 1
    assert found.loc["ann", list(EXPECTED)].notna().all()


@pytest.mark.slow
def test_where_nobody_came_back_nothing_is_said() -> None:
    found = build_features(shop_of({"ann": [200], "bob": [30, 30]}), SNAPSHOT, DEFINITION)
    assert found[list(EXPECTED)].isna().all(axis=None)


@pytest.mark.slow
def test_the_horizon_and_the_lead_time_are_those_of_the_definition() -> None:
    shop = shop_of({"ann": [200, 100, 20], "bob": [30, 20, 10], "eve": [300, 290]})
    long, short, late = (
        build_features(shop, SNAPSHOT, ChurnDefinition(horizon_days=days, lead_days=lead))
        for days, lead in ((120, 0), (30, 0), (30, 90))
    )
    assert (long["btyd_expected_orders"] > short["btyd_expected_orders"]).all()
    assert (long["btyd_no_order_probability"] < short["btyd_no_order_probability"]).all()
    assert (late["btyd_expected_orders"] < short["btyd_expected_orders"]).all()


def random_customers(count: int, first: int, last: int, seed: int) -> dict[str, list[int]]:
    rng = np.random.default_rng(seed)
    begins = rng.integers(last, first, count)
    return {
        f"{seed}-{number}": [begin, *rng.integers(1, begin + 1, rng.integers(0, 4))]
        for number, begin in enumerate(begins)
    }


def fitted_on(customers: dict[str, list[int]]) -> Fitted:
    found = fit(History(shop_of(customers), SNAPSHOT), DEFINITION)
    assert found is not None
    return found


@pytest.mark.slow
def test_those_who_were_there_at_the_start_are_left_out_where_enough_others_remain() -> None:
    # 600 days of data: a customer counts as new below 400 days.
    old = {**random_customers(300, 600, 401, 1), "first": [600]}
    new = random_customers(1_200, 399, 10, 2)
    assert fitted_on({**old, **new}) == fitted_on({"first": [600], **new})
    few = random_customers(900, 399, 10, 2)
    assert fitted_on({**old, **few}) != fitted_on({"first": [600], **few})


@pytest.mark.slow
def test_the_draw_does_not_depend_on_the_order_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buy_till_you_die, "MOST_CUSTOMERS", 50)
    customers = random_customers(200, 399, 10, 3)
    some = fitted_on(customers)
    assert some == fitted_on(dict(reversed(customers.items())))
    monkeypatch.setattr(buy_till_you_die, "MOST_CUSTOMERS", 200)
    assert some != fitted_on(customers)


def test_the_family_is_of_recent_orders() -> None:
    assert (FAMILY.concept, FAMILY.actionable) == ("recent orders", False)


def test_of_a_subscriber_who_never_ordered_nothing_is_said() -> None:
    fitted = fitted_on({"ann": [200, 100, 20], "bob": [30, 20, 10], "eve": [300, 290]})
    nan = float("nan")
    for feature in FAMILY.features:
        assert isinstance(feature, Derived)
        found = feature.compute(fitted, np.array([0.0, 3.0]), np.array([nan, 200.0]), np.array([nan, 20.0]))
        assert np.isnan(found[0])
        assert np.isfinite(found[1])
