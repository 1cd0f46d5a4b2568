"""Features of past days: built once, and of many customers a sample."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import churnml
from churnml.definition import ChurnDefinition
from churnml.features.available import available
from churnml.monitoring import past_days
from churnml.monitoring.past_days import PastDays

DAY = date(2024, 3, 1)


def make_days() -> PastDays:
    customers = [f"c{number}" for number in range(40)]
    orders = pd.DataFrame({"order_id": customers, "customer_id": customers, "amount": 1.0})
    shop = churnml.read(
        {"orders": orders.assign(ordered_at=pd.Timestamp("2024-02-01") + pd.to_timedelta(np.arange(40) % 9, "D"))}
    )
    return PastDays(shop, ChurnDefinition(), available(shop, ["recency"]))


def test_a_day_is_built_once_and_its_sample_is_all_where_they_are_few() -> None:
    days = make_days()
    first = days.of(DAY)
    assert len(first) == 40
    assert days.of(DAY) is first
    assert days.sample(DAY, 1) is first
    pd.testing.assert_frame_equal(make_days().sample(DAY, 1), first)


def test_of_many_a_sample_is_drawn_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_days, "MOST_ROWS", 20)
    days = make_days()
    whole = days.of(DAY)
    assert days.of(DAY) is not whole
    drawn = days.sample(DAY, 1)
    assert 8 < len(drawn) < 32
    pd.testing.assert_frame_equal(drawn, whole.loc[drawn.index])
