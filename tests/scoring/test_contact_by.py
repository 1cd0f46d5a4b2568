from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.families.buy_till_you_die import INPUTS, fit
from churnml.scoring.contact_by import contact_days
from churnml.statistics.bgnbd import no_order_probability

DAY = date(2025, 3, 1)
DEFINITION = ChurnDefinition()


def test_the_day_is_the_first_on_which_the_chance_is_below_the_level(shop: Shop) -> None:
    history = History(shop, DAY)
    fitted = fit(history, DEFINITION)
    assert fitted is not None
    rng = np.random.default_rng(5)
    order_days = rng.integers(1, 30, 300).astype(float)
    since_last = rng.integers(1, 120, 300).astype(float)
    since_first = since_last + np.where(order_days > 1, order_days * 10, 0)
    X = pd.DataFrame(dict(zip(INPUTS, (order_days, since_first, since_last), strict=True)))
    found = contact_days(X, fitted, 0.5)
    silent = [
        1 - no_order_probability(fitted.model, order_days - 1, since_first - since_last, since_first + day, 90)
        for day in range(91)
    ]
    below = np.array(silent) < 0.5
    expected = np.where(below.any(axis=0), below.argmax(axis=0), np.nan)
    np.testing.assert_array_equal(found, expected)
    assert (found == 0).any()
    assert (found > 0).any()
    assert contact_days(X, fitted, 0.01).isna().any()


def test_a_higher_level_is_reached_earlier(shop: Shop) -> None:
    X = pd.DataFrame({INPUTS[0]: [8.0], INPUTS[1]: [200.0], INPUTS[2]: [20.0]})
    days = [contact_days(X, fit(History(shop, DAY), DEFINITION), chance)[0] for chance in (0.9, 0.7, 0.5)]
    assert days == sorted(days)
    assert days[0] < days[-1]


def test_nobody_is_no_day(shop: Shop) -> None:
    assert len(contact_days(pd.DataFrame(columns=list(INPUTS)), fit(History(shop, DAY), DEFINITION), 0.5)) == 0
