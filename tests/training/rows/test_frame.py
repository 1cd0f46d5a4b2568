"""The training frame: rates and offsets by hand, hashes, and the sample of whole customers."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.available import available
from churnml.models.rows import TrainingFrame, customer_hashes, salted
from churnml.training.rows.folds import plan_folds
from churnml.training.rows.frame import build_training_frame, compute_base_rates, compute_partial_rates

DAYS = np.array(["2025-01-01"] * 3 + ["2025-02-01"] * 2, dtype="datetime64[D]")


@pytest.fixture
def tiny() -> TrainingFrame:
    return TrainingFrame(
        pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0]}),
        np.array([1.0, 1.0, 0.0, 0.0, 0.0]),
        np.array([0, 1, 2, 0, 1]),
        np.array([0.1, 0.2, 0.3, 0.1, 0.2]),
        DAYS,
    )


def test_base_rates_count_each_snapshot(tiny: TrainingFrame) -> None:
    assert compute_base_rates(tiny).to_dict("records") == [
        {"snapshot_date": "2025-01-01", "customers": 3, "churned": 2, "churn_rate": 2 / 3},
        {"snapshot_date": "2025-02-01", "customers": 2, "churned": 0, "churn_rate": 0.0},
    ]


def test_partial_rates_count_who_had_not_come_back_in_the_first_weeks() -> None:
    # Of a horizon of 20 days the first week counts. Days: the snapshot 2025-03-01, and seven days before it and before
    # the data's end of 2025-03-21: 2025-02-22 and 2025-03-14.
    orders = {
        "ann": ["2025-02-10", "2025-03-02", "2025-03-15"],  # eligible on all three, came back on the last two
        "bob": ["2025-02-20", "2025-02-28"],  # eligible on all three, came back on the first
        "eve": ["2025-03-07", "2025-03-20"],  # eligible on the last; was back on its seventh day, one before the end
        "dan": ["2025-03-10", "2025-03-21"],  # eligible on the last; was back on the day of the end, which is not seen
    }
    rows = [(name, pd.Timestamp(day)) for name, days in orders.items() for day in days]
    table = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    shop = read({"orders": table.assign(order_id=range(len(table)), amount=10)})
    definition = ChurnDefinition(horizon_days=20, active_days=90)
    found = compute_partial_rates(shop, [date(2025, 3, 1)], date(2025, 3, 21), definition)
    assert found.to_dict("records") == [
        {"snapshot_date": "2025-02-22", "customers": 2, "churned": 1, "churn_rate": 0.5},
        {"snapshot_date": "2025-03-01", "customers": 2, "churned": 1, "churn_rate": 0.5},
        {"snapshot_date": "2025-03-14", "customers": 4, "churned": 2, "churn_rate": 0.5},
    ]


def test_level_offsets_are_finite_where_nobody_churned(tiny: TrainingFrame) -> None:
    # (2 + .5) / (3 + 1) = .625: log(.625 / .375) = log(5/3).  (0 + .5) / (2 + 1) = 1/6: log(1/5).
    expected = [np.log(5 / 3)] * 3 + [np.log(1 / 5)] * 2
    np.testing.assert_allclose(tiny.level_offsets(), expected, rtol=1e-12)


def test_take_keeps_rows_together(tiny: TrainingFrame) -> None:
    taken = tiny.take(np.array([False, True, False, True, False]))
    assert taken.X.x.tolist() == [2.0, 4.0]
    assert taken.X.index.tolist() == [0, 1]
    assert taken.churned.tolist() == [1.0, 0.0]
    assert taken.customers.tolist() == [1, 0]
    assert taken.hashes.tolist() == [0.2, 0.1]
    assert taken.days.astype(str).tolist() == ["2025-01-01", "2025-02-01"]


def test_hashes_depend_on_id_and_seed_alone() -> None:
    ids = pd.Index([f"c{number}" for number in range(2_000)])
    hashes = customer_hashes(ids, 7)
    np.testing.assert_array_equal(customer_hashes(ids[::-1], 7), hashes[::-1])
    np.testing.assert_array_equal(customer_hashes(ids[5:6], 7), hashes[5:6])
    assert hashes.min() >= 0
    assert hashes.max() < 1
    for other in (customer_hashes(ids, seed) for seed in (8, 0, 10**16 + 7)):
        assert abs(np.corrcoef(hashes, other)[0, 1]) < 0.1
    # Shares of 2,000 draws: four standard errors are 4 * sqrt(.25 / 2000) = .045.
    assert abs((hashes < 0.5).mean() - 0.5) < 0.045
    # What a customer's number is for one purpose tells nothing of it for another one: four errors of 1 / sqrt(2000).
    drawn, stopping = salted(hashes, "samples"), salted(hashes, "early stopping")
    for one, other in ((hashes, drawn), (hashes, stopping), (drawn, stopping)):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.09
        assert abs(np.corrcoef(one < 0.2, other < 0.2)[0, 1]) < 0.09
    for numbers in (drawn, stopping):
        assert 0 <= numbers.min() < numbers.max() < 1
        assert abs(numbers.mean() - 0.5) < 0.026  # four errors of .289 / sqrt(2000)
    np.testing.assert_array_equal(salted(hashes[::-1], "samples"), drawn[::-1])


@pytest.fixture(scope="module")
def shop() -> Shop:
    """Give 400 customers who order every 20 to 79 days for a year."""
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2024-01-01")
    rows = [
        (f"c{customer:03d}", start + pd.Timedelta(days=int(day)))
        for customer in range(400)
        for day in np.cumsum(rng.integers(20, 80, rng.integers(1, 8)))
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    return read({"orders": orders.assign(order_id=range(len(orders)), amount=10.0)})


def build(shop: Shop, max_rows: int) -> TrainingFrame:
    snapshots = [date(2024, 4, 1) + timedelta(days=30 * number) for number in range(3)]
    features = available(shop, ["recency", "frequency", "rhythm", "buy_till_you_die"])
    return build_training_frame(
        shop, ChurnDefinition(horizon_days=60), snapshots, features, date(2024, 10, 1), max_rows, 7
    )


@pytest.mark.slow
def test_above_max_rows_whole_customers_are_kept(shop: Shop) -> None:
    full, some = build(shop, 10_000), build(shop, 300)
    assert len(full) > 1_000
    assert 200 < len(some) < 400
    kept = set(np.unique(some.hashes))
    assert len(kept) == len(np.unique(some.customers))
    # Every row of a kept customer is there.
    rows = full.take(np.isin(full.hashes, list(kept)))
    np.testing.assert_array_equal(rows.hashes, some.hashes)
    np.testing.assert_array_equal(rows.snapshots, some.snapshots)
    np.testing.assert_array_equal(rows.churned, some.churned)
    pd.testing.assert_frame_equal(rows.X, some.X, check_exact=True)


@pytest.mark.slow
def test_a_sample_can_still_be_split_by_customer(shop: Shop) -> None:
    # Were sample and split made by the same hash, a sample of less than a quarter would lie in one part as a whole.
    some = build(shop, 250)
    plan = plan_folds(some, ChurnDefinition(horizon_days=60), 6, most_rows=1_000_000)
    assert not plan.forward
    for fold in plan.choice:
        assert 0.1 < fold.test.mean() < 0.4


@pytest.mark.slow
def test_rows_are_sorted_by_snapshot_and_customer(shop: Shop) -> None:
    frame = build(shop, 10_000)
    order = np.lexsort((frame.customers, frame.snapshots))
    np.testing.assert_array_equal(order, np.arange(len(frame)))
    assert frame.X.dtypes.astype(str).unique().tolist() == ["float64"]


def test_progress_counts_the_snapshots(shop: Shop) -> None:
    seen: list[tuple[str, int, int]] = []
    features = available(shop, ["recency"])
    days = [date(2024, 4, 1), date(2024, 5, 1)]
    build_training_frame(
        shop,
        ChurnDefinition(horizon_days=60),
        days,
        features,
        date(2024, 10, 1),
        10_000,
        7,
        lambda *step: seen.append(step),
    )
    assert seen == [("features", 0, 2), ("features", 1, 2), ("features", 2, 2)]
