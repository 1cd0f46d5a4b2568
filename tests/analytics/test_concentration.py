"""Concentration: shares by hand, the interval against resampling, and what a peer finds on Online Retail II."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.concentration import SHARES, compute_concentration, top_share
from churnml.data.history import History
from churnml.data.importers import import_dataset
from churnml.data.reading import read
from churnml.data.shop import Shop

DAY = date(2025, 1, 1)


def shop_of(amounts: dict[str, list[float]], day: str = "2024-06-01") -> Shop:
    rows = [(customer, amount) for customer, listed in amounts.items() for amount in listed]
    frame = pd.DataFrame(rows, columns=["customer_id", "amount"])
    return read({"orders": frame.assign(order_id=range(len(frame)), ordered_at=day)})


@pytest.mark.slow
def test_shares_by_hand() -> None:
    # 60, 25, 10, 4 and 1 of 100. A quarter of 5 buyers is 1.25: the best 2 bring 85.
    history = History(shop_of({"a": [25], "b": [30, 30], "c": [10], "d": [4], "e": [1]}), DAY)
    found = top_share(history)
    assert (found.customers, found.amount, found.value) == (2, 85.0, 0.85)
    # m = 20, c = 25, s = 2/5, L = 0.85: (max(x - 25, 0) + 10 - 0.85 x) / 20 is
    # (35 + 10 - 51) / 20 = -0.3, (10 - 21.25) / 20 = -0.5625, (10 - 8.5) / 20 = 0.075, 0.33 and 0.4575;
    # squares: 0.09 + 0.31640625 + 0.005625 + 0.1089 + 0.20930625 = 0.7302375; / 5 / 4 = 0.036511875.
    error = 0.036511875**0.5
    assert found.low == pytest.approx(0.85 - 1.959964 * error)
    assert found.high == 1.0  # 0.85 + 0.37 is cut
    table = compute_concentration(history)
    assert table["customer_share"].tolist() == list(SHARES)
    assert table["customers"].tolist() == [1, 1, 1, 1, 2, 3, 4, 5]
    assert table["amount_share"].tolist() == [0.6, 0.6, 0.6, 0.6, 0.85, 0.95, 0.99, 1.0]
    assert table[["low", "high"]].iloc[-1].tolist() == [1.0, 1.0]


@pytest.mark.slow
def test_a_share_of_customers_is_rounded_up_but_not_by_floating_point() -> None:
    # 0.07 * 100 is 7.000000000000001: seven customers, not eight.
    history = History(shop_of({str(number): [1] for number in range(100)}), DAY)
    assert top_share(history, 0.07).customers == 7
    assert top_share(history, 0.07).value == pytest.approx(0.07)


@pytest.mark.slow
def test_only_the_days_before_the_snapshot_count() -> None:
    shop = shop_of({"a": [25]}, "2024-01-01 23:59:59")  # 366 days before
    assert compute_concentration(History(shop, DAY)).empty
    assert top_share(History(shop, DAY), days=366).value == 1.0


@pytest.mark.slow
def test_where_nobody_bought_or_paid_there_is_no_share() -> None:
    for shop, customers in ((shop_of({"a": [25]}, "2024-01-01"), 0), (shop_of({"a": [0], "b": [0]}), 1)):
        found = top_share(History(shop, DAY))
        assert (found.customers, found.amount) == (customers, 0.0)
        assert np.isnan([found.value, found.low, found.high]).all()
    empty, some = (compute_concentration(History(shop_of({"a": [1]}, at), DAY)) for at in ("2023-01-01", "2024-06-01"))
    assert empty.empty
    assert list(empty.columns) == list(some.columns)


@pytest.mark.slow
def test_one_buyer_has_a_share_without_an_interval() -> None:
    found = top_share(History(shop_of({"a": [3.5]}), DAY))
    assert (found.customers, found.amount, found.value) == (1, 3.5, 1.0)
    assert np.isnan([found.low, found.high]).all()


def test_cancelled_orders_bring_nothing_and_rows_come_in_any_order(shop: Shop) -> None:
    history = History(shop, date(2025, 3, 1))
    orders = history.uncancelled_orders.to_pandas()
    recent = orders[orders["ordered_at"] >= pd.Timestamp("2024-03-01")]
    by = recent.groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    best = -(-len(by) // 4)
    assert top_share(history).value == pytest.approx(float(by.iloc[:best].sum() / by.sum()), rel=1e-12)
    assert top_share(history).amount == pytest.approx(float(by.iloc[:best].sum()), abs=1e-4)


@pytest.mark.slow
def test_the_interval_is_as_wide_as_resampling_customers_makes_it() -> None:
    rng = np.random.default_rng(2)
    amounts = np.round(rng.lognormal(3, 1, 2_000), 2)
    found = top_share(History(shop_of({str(number): [amount] for number, amount in enumerate(amounts)}), DAY))
    drawn = np.sort(rng.choice(amounts, (1_000, 2_000)), axis=1)
    low, high = np.quantile(drawn[:, -500:].sum(axis=1) / drawn.sum(axis=1), [0.025, 0.975])
    assert [found.low, found.high] == pytest.approx([low, high], abs=0.1 * (high - low))


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_impossible_shares_are_refused(share: float) -> None:
    history = History(shop_of({"a": [1]}), DAY)
    with pytest.raises(ValueError, match=re.escape("above 0 and at most 1")):
        top_share(history, share)


@pytest.mark.slow
def test_the_shares_are_those_of_a_peer(shared_data: Path, tmp_path: Path) -> None:
    # openretailscience 0.48.1 on the orders of Online Retail II in [2010-09-01, 2011-09-01):
    #   year = pd.read_parquet("shop/orders.parquet").query("'2010-09-01' <= ordered_at < '2011-09-01'")
    #   year = year.astype({"amount": float})
    #   for least in (0.99, 0.95, 0.9, 0.8, 0.75, 0.5, 0.2):
    #       table = ThresholdSegmentation(year, thresholds=[least, 1], segments=["rest", "best"],
    #                                     value_col="amount", zero_value_customers="separate_segment").df
    #       best = table.amount[table.segment_name == "best"]
    #       len(best), best.sum() / table.amount.sum()
    theirs = pd.DataFrame(
        [
            (0.01, 44, 0.2962781860673551),
            (0.05, 217, 0.48557070106886047),
            (0.1, 434, 0.6037448525145338),
            (0.2, 867, 0.7395806064555516),
            (0.25, 1084, 0.7852906377284339),
            (0.5, 2167, 0.9172029949611763),
            (0.8, 3468, 0.9840041842049798),
        ],
        columns=["customer_share", "customers", "amount_share"],
    ).set_index("customer_share")
    import_dataset("online-retail-ii", shared_data / "online_retail_ii" / "online_retail_II.parquet", tmp_path / "shop")
    history = History(read(tmp_path / "shop"), date(2011, 9, 1))
    ours = compute_concentration(history).set_index("customer_share").loc[theirs.index, theirs.columns]
    # Half of the 4,335 buyers are 2,167.5: it leaves the one in the middle out, we take her in.
    assert (ours["customers"] - theirs["customers"]).to_dict() == {share: int(share == 0.5) for share in theirs.index}
    same = theirs.index != 0.5
    np.testing.assert_allclose(ours["amount_share"][same], theirs["amount_share"][same], rtol=1e-12)
    assert 0 < ours["amount_share"][0.5] - theirs["amount_share"][0.5] < 1 / 2_167
    assert top_share(history).value == pytest.approx(0.7852906377284339, rel=1e-12)
