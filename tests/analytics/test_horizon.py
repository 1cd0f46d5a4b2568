"""The horizon: gaps by hand, a recommendation, and nothing of the future."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.horizon import LADDER, HorizonAdvice, advise_horizon
from churnml.data.importers import import_dataset
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.plots import plot_horizon

pytestmark = pytest.mark.slow

END = date(2025, 7, 1)


def shop_of(customers: dict[str, list[int]]) -> Shop:
    """Make a shop of customers who ordered so many days before the end of the data."""
    rows = [(customer, END - timedelta(days=days)) for customer, listed in customers.items() for days in listed]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    orders["ordered_at"] = pd.to_datetime(orders["ordered_at"]) + pd.Timedelta(hours=9)
    return read({"orders": orders.assign(order_id=range(len(orders)), amount=10)})


def test_gaps_are_those_counted_by_hand() -> None:
    # ann: gaps of 30 and 20 days, the last open for 50; bob: one order, open for 20; eve: a gap of 30, open for 1.
    advice = advise_horizon(shop_of({"ann": [100, 70, 50, 50], "bob": [20], "eve": [31, 1]}), as_of=END)
    counts = advice.curve.set_index("duration")[["ended", "open"]]
    assert counts["ended"].to_dict() == {1: 0, 20: 1, 30: 2, 50: 0}
    assert counts["open"].to_dict() == {1: 1, 20: 1, 30: 0, 50: 1}
    # At 20 days 5 are at risk (20, 20 open, 30, 30, 50 open): 4/5; at 30 days 3: x 1/3.
    row = advice.horizons.set_index("horizon_days").loc[30]
    assert row["returned_share"] == pytest.approx(1 - 4 / 5 / 3)
    assert row["observed_share"] == 1.0


def test_base_rates_and_those_who_came_back_are_counted_by_hand() -> None:
    # Snapshots go back from 1 June (30 days before the end): 1 June, 2 May, 2 April, ...
    customers = {"first": [400], "ann": [70, 10], "bob": [65], "eve": [80, 45]}
    advice = advise_horizon(shop_of(customers), as_of=END, follow_up_days=30)
    rates = advice.base_rates.query("horizon_days == 30").set_index("snapshot_date")
    # 1 June: ann (back after 20 days) and eve (not back), bob (not back); first is 370 days old, not active.
    assert rates.loc[END - timedelta(days=30), ["customers", "churn_rate"]].to_list() == [3, pytest.approx(2 / 3)]
    # 2 May (60 days before): eve back after 15 days; ann after 50, bob never, first (340 days) never.
    assert rates.loc[END - timedelta(days=60), ["customers", "churn_rate"]].to_list() == [4, 0.75]


def test_a_snapshot_that_is_not_complete_has_no_rate() -> None:
    advice = advise_horizon(shop_of({"ann": [300, 200, 100, 40], "bob": [250, 10]}), as_of=END)
    for row in advice.base_rates.itertuples():
        assert row.snapshot_date + timedelta(days=row.horizon_days) <= END
    assert set(advice.horizons["horizon_days"]) == set(LADDER)


def regular(count: int = 400, seed: int = 1) -> dict[str, list[int]]:
    rng = np.random.default_rng(seed)
    customers = {}
    for number in range(count):
        day, days = int(rng.integers(300, 900)), []
        while day > 0:
            days.append(day)
            if rng.random() < 0.1:
                break
            day -= int(rng.integers(5, 60))
        customers[f"c{number}"] = days
    return customers


def test_a_shop_of_short_gaps_gets_a_short_horizon() -> None:
    advice = advise_horizon(shop_of(regular()), as_of=END)
    assert advice.recommended_days in (45, 60)
    assert advice.reason.endswith("(or as long as the data can tell).")
    assert (advice.sensitivity["horizon_days"].diff().dropna() >= 0).all()
    row = advice.horizons.set_index("horizon_days").loc[90]
    assert row["returned_share"] < row["observed_share"]
    assert row["came_back_share"] < 0.05, "gaps of this shop are never longer than 60 days"


def test_where_nobody_came_back_nothing_is_recommended() -> None:
    advice = advise_horizon(shop_of({"ann": [40], "bob": [300, 300]}), as_of=END)
    assert advice.recommended_days is None
    assert advice.reason == "Nobody ordered twice, so the gaps tell nothing. Bring more history."


def test_too_short_a_history_says_so() -> None:
    few = {customer: [day for day in days if day < 75] for customer, days in regular().items()}
    advice = advise_horizon(shop_of({name: days for name, days in few.items() if days}), as_of=END)
    assert advice.recommended_days is None
    assert "snapshots with so long a window, and 3 are needed" in advice.reason


def test_a_single_day_says_what_is_missing() -> None:
    orders = pd.DataFrame({"order_id": [1, 2], "customer_id": ["a", "b"], "ordered_at": "2025-01-01", "amount": 1})
    said = "orders: the data covers 2025-01-01 to 2025-01-01, but a horizon is found from more than 30 days. Bring more"
    with pytest.raises(InputError, match=re.escape(said)):
        advise_horizon(read({"orders": orders}))


def test_nothing_on_or_after_the_day_is_seen() -> None:
    customers = regular()
    earlier = END - timedelta(days=200)
    cut = {name: [day for day in days if day > 200] for name, days in customers.items()}
    one = advise_horizon(shop_of(customers), as_of=earlier)
    other = advise_horizon(shop_of({name: days for name, days in cut.items() if days}), as_of=earlier)
    assert_same(one, other)


def assert_same(one: HorizonAdvice, other: HorizonAdvice) -> None:
    assert (one.recommended_days, one.reason) == (other.recommended_days, other.reason)
    for name in ("curve", "horizons", "base_rates", "sensitivity"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)


def test_another_kind_of_leaving_is_refused() -> None:
    with pytest.raises(InputError, match=re.escape("definition.kind: is spend_drop, but a horizon is found from")):
        advise_horizon(shop_of({"ann": [10, 20]}), ChurnDefinition(kind="spend_drop"))


def test_it_can_be_drawn() -> None:
    advice = advise_horizon(shop_of(regular(60)), as_of=END)
    axes = plot_horizon(advice.curve, advice.horizons, advice.recommended_days)
    assert axes.get_xlabel() == "Days"
    assert len(axes.get_legend().get_texts()) == 3


def test_online_retail_ii_returns_less_than_its_ended_gaps_say(shared_data: Path, tmp_path: Path) -> None:
    import_dataset("online-retail-ii", shared_data / "online_retail_ii" / "online_retail_II.parquet", tmp_path / "shop")
    row = advise_horizon(read(tmp_path / "shop")).horizons.set_index("horizon_days").loc[90]
    assert row["observed_share"] == pytest.approx(0.82, abs=0.015)
    assert row["returned_share"] == pytest.approx(0.69, abs=0.015)
