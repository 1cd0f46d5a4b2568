from __future__ import annotations

import numpy as np
import pandas as pd

from churnml.analytics.segments import SEGMENTS, fifths_of, rfm_segments


def features(days: list[float], orders: list[float], amount: list[float]) -> pd.DataFrame:
    columns = {"days_since_last_order": days, "orders_365d": orders, "amount_sum_365d": amount}
    return pd.DataFrame(columns).assign(order_days_total=9.0)


def test_five_customers_are_one_to_a_fifth() -> None:
    # Recency 5, 4, 3, 2, 1 and frequency and spend 5, 4, 3, 2, 1; then the other way round.
    same = features([1, 2, 3, 4, 5], [9, 7, 5, 3, 1], [90, 70, 50, 30, 10])
    assert list(rfm_segments(same)) == ["champions", "loyal_customers", "need_attention", "hibernating", "long_gone"]
    crossed = features([1, 2, 3, 4, 5], [1, 3, 5, 7, 9], [10, 30, 50, 70, 90])
    assert list(rfm_segments(crossed)) == [
        "recent_customers",
        "potential_loyalists",
        "need_attention",
        "slipping",
        "cannot_lose",
    ]


def test_frequency_and_spend_count_alike_and_their_mean_is_rounded_up() -> None:
    # The first orders most and spends least: (5 + 1) / 2 = 3, and the latest order.
    mixed = features([1, 2, 3, 4, 5], [9, 7, 5, 3, 1], [10, 30, 50, 70, 90])
    loyal, slipping = ["potential_loyalists"] * 2, ["slipping"] * 2
    assert list(rfm_segments(mixed)) == [*loyal, "need_attention", *slipping]


def test_ties_share_a_fifth() -> None:
    # All alike have the mean rank (n + 1) / 2 of n: the middle fifth in everything.
    alike = features([3] * 10, [2] * 10, [5] * 10)
    assert set(rfm_segments(alike)) == {"need_attention"}


def test_one_customer_and_nulls_have_a_segment() -> None:
    assert list(rfm_segments(features([4], [1], [5]))) == ["champions"]
    assert rfm_segments(features([np.nan, 2], [0, 1], [0, 5])).isin(SEGMENTS).all()


def test_who_ordered_on_one_day_is_no_champion() -> None:
    five = features([1, 2, 3, 4, 5], [9, 7, 5, 3, 1], [90, 70, 50, 30, 10])
    once = ["recent_customers", "promising", "about_to_sleep", "hibernating", "long_gone"]
    assert list(rfm_segments(five.assign(order_days_total=1.0))) == once
    assert rfm_segments(five.assign(order_days_total=2.0)).iloc[0] == "champions"


def test_every_segment_is_met_among_many() -> None:
    rng = np.random.default_rng(3)
    many = features(*(list(rng.permutation(2_000).astype(float)) for _ in range(3)))
    found = rfm_segments(many)
    assert set(found) == set(SEGMENTS)
    assert list(found.index) == list(many.index)


def test_where_fifths_start_and_customers_by_themselves() -> None:
    X = features([9, 7, 5, 3, 1], [1, 1, 1, 4, 5], [10, 20, 30, 40, 50])
    starts = fifths_of(X)
    # Recency has its sign turned: who ordered a day ago is in the last fifth.
    assert starts["days_since_last_order"] == (-7.0, -5.0, -3.0, -1.0)
    # Three with one order share the second place of five: the second fifth starts with them, no other before 4.
    assert starts["orders_365d"] == (1.0, 4.0, 4.0, 5.0)
    assert starts["amount_sum_365d"] == (20.0, 30.0, 40.0, 50.0)
    whole = rfm_segments(X)
    for at in range(len(X)):
        assert rfm_segments(X.iloc[[at]], starts).iloc[0] == whole.iloc[at]
    nobody = fifths_of(features([np.nan], [np.nan], [np.nan]))
    assert set(nobody["orders_365d"]) == {np.inf}
