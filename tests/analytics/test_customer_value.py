"""Customer value: by hand, at its edges, and what a peer finds on CDNOW."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.analytics import customer_value
from churnml.analytics.customer_value import expected_customer_value, historic_customer_value
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.families.buy_till_you_die import Fitted
from churnml.statistics.bgnbd import BGNBD, expected_orders_if_alive
from churnml.statistics.gamma_gamma import GammaGamma

DAY = date(2025, 1, 1)
DEFINITION = ChurnDefinition()
COLUMNS = ["orders_expected", "order_value_expected", "expected_value"]


def shop_of(*orders: tuple[str, str, float]) -> Shop:
    frame = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount"])
    return read({"orders": frame.assign(order_id=range(len(frame)))})


SHOP = shop_of(
    ("b", "2024-01-01", 10),
    ("b", "2024-12-31", 20),
    ("a", "2024-03-06 08:00", 1),
    ("a", "2024-03-06 09:00", 1),  # the same day: her first order day, 2
    ("a", "2024-06-01 08:00", 25),
    ("a", "2024-06-01 09:00", 5),  # 30
    ("a", "2024-09-01", 50),
    ("c", "2024-12-01", 9),
    ("d", "2023-12-31", 9),  # 367 days before: not eligible
)


def test_the_parts_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = BGNBD(r=0.243, alpha=30.898, a=0.793, b=2.426)
    monkeypatch.setattr(customer_value, "fit", lambda *_: Fitted(pace, 90, 0))
    seen = []
    monkeypatch.setattr(
        customer_value, "fit_gamma_gamma", lambda *rows: seen.append(np.array(rows)) or GammaGamma(2, 3, 10)
    )
    found = expected_customer_value(History(SHOP, DAY), DEFINITION, value_days=273)
    assert found.index.tolist() == ["a", "b", "c"]
    # a: two repeat days, 30 and 50; b: one, 20.
    np.testing.assert_array_equal(seen, [[[2, 1], [40, 20]]])
    # 2 x (10 + 2 x 40) / (4 + 2) = 30; 2 x (10 + 20) / (2 + 2) = 15; without repeat days 2 x 10 / 2 = 10.
    assert found["order_value_expected"].tolist() == pytest.approx([30, 15, 10])
    # 2024-03-06 is 301 days before, 2024-01-01 366 days, 2024-12-01 31 days.
    np.testing.assert_array_equal(
        found["orders_expected"], expected_orders_if_alive(pace, [2, 1, 0], [301, 366, 31], 273)
    )
    np.testing.assert_array_equal(found["expected_value"], found["orders_expected"] * found["order_value_expected"])


@pytest.mark.slow
def test_where_nobody_came_back_nothing_is_said() -> None:
    found = expected_customer_value(History(shop_of(("a", "2024-03-06", 1), ("b", "2024-03-07", 2)), DAY), DEFINITION)
    assert found.index.tolist() == ["a", "b"]
    assert found[COLUMNS].isna().all(axis=None)


@pytest.mark.slow
def test_repeat_orders_for_nothing_give_orders_but_no_value() -> None:
    shop = shop_of(("a", "2024-03-06", 1), ("a", "2024-08-06", 0), ("b", "2024-03-07", 2))
    found = expected_customer_value(History(shop, DAY), DEFINITION)
    assert found["orders_expected"].gt(0).all()
    assert found[["order_value_expected", "expected_value"]].isna().all(axis=None)


def test_before_the_first_order_there_is_nobody() -> None:
    found = expected_customer_value(History(SHOP, date(2023, 1, 1)), DEFINITION)
    assert found.empty
    assert list(found.columns) == COLUMNS


@pytest.mark.slow
def test_subscribers_who_never_ordered_have_no_value() -> None:
    running = pd.DataFrame({"subscription_id": ["1", "2"], "customer_id": ["a", "z"], "started_at": "2024-05-01"})
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "customer_id": ["a", "a", "b"],
            "ordered_at": ["2024-03-06", "2024-06-01", "2024-06-01"],
            "amount": [2, 3, 4],
        }
    )
    history = History(read({"orders": orders, "subscriptions": running}), DAY)
    found = expected_customer_value(history, ChurnDefinition(kind="subscription_end"))
    assert found.index.tolist() == ["a", "z"]
    assert found.loc["a"].notna().all()
    assert found.loc["z"].isna().all()


def test_on_a_simulated_shop_everyone_has_a_value_and_rows_come_in_any_order(shop: Shop) -> None:
    history = History(shop, date(2025, 3, 1))
    found = expected_customer_value(history, DEFINITION)
    assert found.index.is_monotonic_increasing
    assert found.index.is_unique
    assert found[COLUMNS].gt(0).all(axis=None)
    pd.testing.assert_frame_equal(found, expected_customer_value(history, DEFINITION), check_exact=True)


def cdnow_sample(shared_data: Path) -> Shop:
    columns = ["master", "customer_id", "ordered_at", "cds", "amount"]
    rows = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=columns)
    rows["ordered_at"] = pd.to_datetime(rows["ordered_at"].astype(str), format="%Y%m%d")
    rows["customer_id"] = rows["customer_id"].astype(str).str.zfill(4)
    return read({"orders": rows[["customer_id", "ordered_at", "amount"]].assign(order_id=range(len(rows)))})


def test_on_cdnow_the_parts_are_those_of_a_peer(shared_data: Path) -> None:
    # lifetimes 0.11.3 on the 2,357 customers of the sample, as known on 1997-10-01, over the next 365 days:
    #   rows = rows[rows.date < "1997-10-01"]
    #   data = summary_data_from_transaction_data(rows, "customer", "date", "dollars",
    #                                             observation_period_end="1997-10-01")
    #   pace = BetaGeoFitter().fit(data.frequency, data.recency, data["T"], tol=1e-7)
    #   x = data.frequency, data.recency, data["T"]
    #   orders = pace.conditional_expected_number_of_purchases_up_to_time(365, *x)
    #   orders = orders / pace.conditional_probability_alive(*x)
    #   repeat = data[data.frequency > 0]
    #   spend = GammaGammaFitter()
    #   spend.fit(repeat.frequency, repeat.monetary_value, tol=1e-7)
    #   value = spend.conditional_expected_average_profit(data.frequency, data.monetary_value)
    # of the customers 1, 2, 3 and 6, and the means of all, the last of orders * value.
    found = expected_customer_value(History(cdnow_sample(shared_data), date(1997, 10, 1)), ChurnDefinition())
    assert len(found) == 2_357
    some = found.loc[["0001", "0002", "0003", "0006"]]
    assert some["orders_expected"].tolist() == pytest.approx([2.137317, 1.22118, 0.250578, 6.50428], rel=1e-4)
    assert some["order_value_expected"].tolist() == pytest.approx(
        [24.653919, 18.910018, 35.170371, 71.464706], rel=1e-5
    )
    assert found[COLUMNS].mean().tolist() == pytest.approx([1.366907, 35.252273, 51.914017], rel=1e-4)


def test_historic_value_by_hand() -> None:
    found = historic_customer_value(History(SHOP, DAY))
    # From 2024-01-02: a 2 + 30 + 50 = 82, b 20, c 9: 111 of 3 buyers. b's order of 2024-01-01 is 366 days old.
    # Lifetimes: a 2024-03-06 to 2024-09-01 179 days, b 365, c 0, d 0: 544 of 4 customers.
    assert (found.amount, found.buyers, found.lifetime_days, found.customers) == (111.0, 3, 544, 4)
    assert found.revenue_per_customer == 37.0
    assert found.lifetime_years == pytest.approx(136 / 365)
    assert found.value == pytest.approx(37 * 136 / 365)
    # d = L (s - 37 i) x 4/3 + 37 (l - L) with L = 136/365 and l - L = (43, 229, -136, -136) / 365; times 365:
    #   a: 136 x 45 x 4/3 + 37 x 43 = 8160 + 1591 = 9751;    b: 136 x -17 x 4/3 + 37 x 229 = -3082.667 + 8473 = 5390.333
    #   c: 136 x -28 x 4/3 - 37 x 136 = -5077.333 - 5032 = -10109.333;    d: -5032
    squares = 9751**2 + 5390.33333**2 + 10109.33333**2 + 5032**2
    half = 1.959964 * (squares / 4 / 3) ** 0.5 / 365
    assert found.high == pytest.approx(found.value + half, rel=1e-6)
    assert found.low == pytest.approx(max(found.value - half, 0.0), rel=1e-6)


def test_historic_value_without_a_recent_order_or_any() -> None:
    old = historic_customer_value(History(SHOP, date(2026, 6, 1)))
    assert (old.amount, old.buyers, old.lifetime_days, old.customers) == (0.0, 0, 544, 4)
    assert old.lifetime_years == pytest.approx(136 / 365)
    assert np.isnan([old.revenue_per_customer, old.value, old.low, old.high]).all()
    none = historic_customer_value(History(SHOP, date(2023, 1, 1)))
    assert (none.amount, none.buyers, none.lifetime_days, none.customers) == (0.0, 0, 0, 0)
    assert np.isnan(astuple(none)[4:]).all()


@pytest.mark.slow
def test_one_customer_has_a_historic_value_without_an_interval() -> None:
    found = historic_customer_value(History(shop_of(("a", "2024-03-06", 1), ("a", "2024-08-06", 3)), DAY))
    assert found.value == pytest.approx(4 * 153 / 365)
    assert np.isnan([found.low, found.high]).all()


def test_the_interval_is_as_wide_as_resampling_customers_makes_it(shop: Shop) -> None:
    history = History(shop, date(2025, 3, 1))
    found = historic_customer_value(history)
    orders = history.uncancelled_orders.to_pandas().astype({"amount": float})
    orders["recent"] = orders["amount"].where(orders["ordered_at"] >= "2024-03-01")
    by = orders.groupby("customer_id").agg(
        amount=("recent", "sum"), bought=("recent", "count"), first=("ordered_at", "min"), last=("ordered_at", "max")
    )
    numbers = np.stack([by["amount"], by["bought"] > 0, (by["last"].dt.floor("D") - by["first"].dt.floor("D")).dt.days])
    assert found.value == pytest.approx(numbers[0].sum() / numbers[1].sum() * numbers[2].mean() / 365)
    rng = np.random.default_rng(3)
    drawn = np.array([numbers[:, rng.integers(0, len(by), len(by))].sum(axis=1) for _ in range(1_000)])
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1] * drawn[:, 2] / len(by) / 365, [0.025, 0.975])
    assert [found.low, found.high] == pytest.approx([low, high], abs=0.12 * (high - low))
