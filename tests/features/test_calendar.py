"""Where the day lies in the year, computed by hand."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.available import learnable
from churnml.features.builder import build_features

# 20,271 days since 1970 are 55.4990 years of 365.25 days: an angle of .4990 * 2 pi = 3.1351.
TURN = 20_271 / 365.25 % 1
EXPECTED = {"day_of_year_sine": math.sin(2 * math.pi * TURN), "day_of_year_cosine": math.cos(2 * math.pi * TURN)}
REDO: dict[str, object] = {}  # no row of a customer stands behind them


def shop_from(first: str) -> Shop:
    columns = {"order_id": [1, 2, 3], "ordered_at": [first, "2024-06-01", "2025-06-30"], "customer_id": list("aab")}
    return read({"orders": pd.DataFrame(columns).assign(amount=1)})


def test_values_are_those_computed_by_hand() -> None:
    found = build_features(shop_from("2020-01-01"), "2025-07-02")[list(EXPECTED)]
    assert pytest.approx(0.4990, abs=1e-4) == TURN
    for _, row in found.iterrows():
        assert row.to_dict() == pytest.approx(EXPECTED, abs=1e-9)
    a_year_before = build_features(shop_from("2020-01-01"), "2024-07-01")
    assert a_year_before[list(EXPECTED)].iloc[0].to_dict() == pytest.approx(EXPECTED, abs=0.02)


@pytest.mark.parametrize(("first", "there"), [("2023-07-02", True), ("2023-07-03", False)])
def test_it_is_off_below_two_years_of_history(first: str, there: bool) -> None:
    _, off = learnable(shop_from(first), ChurnDefinition(), None, date(2025, 7, 1))
    assert (set(EXPECTED) & set(off) == set()) is there
