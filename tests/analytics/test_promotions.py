"""Customers by the code of their first order, by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.analytics.promotions import compute_promotion_codes
from churnml.analytics.referrals import compute_referrals
from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.statistics.bootstrap import clustered_mean
from churnml.statistics.shares import newcombe, wilson

pytestmark = pytest.mark.slow

DAY = date(2025, 7, 1)
START = date(2025, 5, 2)
DEFINITION = ChurnDefinition(horizon_days=60, active_days=365)
# Whose order, days before the day, with which code.
ROWS = [
    ("ann", 200, "SPRING"),
    ("ann", 141, None),  # 59 days later: within the horizon
    ("ann", 30, "x"),
    ("bob", 200, " spring "),
    ("bob", 140, "SPRING"),  # 60 days later: too late
    ("cem", 100, ""),
    ("cem", 90, None),
    ("dan", 100, None),
    ("eve", 59, "SPRING"),  # too young to be asked, and not there at the start of the horizon
    ("fay", 300, "MINE-ALONE"),
    ("gil", 70, None),  # cancelled, so the next one is the first
    ("gil", 65, "spring"),
]


def history_of(rows: list[tuple[str, float, str | None]], day: date = DAY) -> History:
    orders = pd.DataFrame(rows, columns=["customer_id", "days", "discount_code"])
    orders["ordered_at"] = pd.Timestamp(DAY) - pd.to_timedelta(orders.pop("days"), unit="D")
    orders = orders.assign(order_id=[f"o{place:02d}" for place in range(len(orders))], amount=10, cancelled_at=pd.NaT)
    orders.loc[orders["order_id"] == "o10", "cancelled_at"] = orders["ordered_at"]
    return History(read({"orders": orders}), day)


def codes_of(rows: list[tuple[str, float, str | None]] = ROWS) -> pd.DataFrame:
    history = history_of(rows)
    churned = labels(history.shop, START, DEFINITION, DAY)
    return compute_promotion_codes(history, DEFINITION, churned).set_index("value")


def test_figures_by_first_code_are_those_counted_by_hand() -> None:
    table = codes_of()
    assert list(table.index) == ["spring", "other", "no code"]
    spring = table.loc["spring"]
    # ann, bob, eve and gil began with it; ann and bob and gil long enough ago; ann alone ordered within 60 days.
    assert (spring["customers"], spring["asked"]) == (4, 3)
    assert spring["repeat_rate"] == 1 / 3
    assert (spring["repeat_rate_low"], spring["repeat_rate_high"]) == tuple(wilson(1, 3))
    # At the start ann, bob and gil had ordered; ann orders in the horizon.
    assert (spring["eligible"], spring["churn_rate"]) == (3, 2 / 3)
    # Without a code began cem and dan, and both left.
    assert (table.loc["no code", "eligible"], table.loc["no code", "churn_rate"]) == (2, 1.0)
    assert spring["difference"] == pytest.approx(2 / 3 - 1)
    assert [spring["difference_low"], spring["difference_high"]] == list(newcombe(2, 3, 2, 2))
    assert pd.isna(table.loc["no code", "difference"])
    # Later orders: two of ann, of which one with a code, and one of bob with one.
    assert (spring["later_orders"], spring["code_share"]) == (3, 2 / 3)
    assert table.loc["other", "customers"] == 1, "what a single customer has may name them"


def test_the_error_of_the_share_with_a_code_lets_orders_of_a_customer_hang_together() -> None:
    spring = codes_of().loc["spring"]
    share, error = clustered_mean([0, 1, 1], ["ann", "ann", "bob"])
    half = 1.959963984540054 * error
    assert share == 2 / 3
    assert spring["code_share_low"] == pytest.approx(max(2 / 3 - half, 0))
    assert spring["code_share_high"] == pytest.approx(min(2 / 3 + half, 1))


def test_later_orders_and_the_order_of_rows_change_nothing() -> None:
    later = [*ROWS, ("ann", 0, "SPRING"), ("new", -1, "SPRING")]
    pd.testing.assert_frame_equal(codes_of(), codes_of(later))


def test_a_shop_without_codes_has_no_rows() -> None:
    history = History(
        read(
            {
                "orders": pd.DataFrame(
                    {"order_id": [1], "customer_id": ["a"], "ordered_at": ["2025-01-01"], "amount": [1]}
                )
            }
        ),
        DAY,
    )
    assert len(compute_promotion_codes(history, DEFINITION, pd.Series(dtype="float64"))) == 0


def test_the_referred_and_those_who_refer_are_compared_with_the_others() -> None:
    orders = pd.DataFrame({"customer_id": ["a", "b", "c", "d", "a", "c"], "order_id": range(6), "amount": 1})
    orders["ordered_at"] = ["2025-03-01"] * 4 + ["2025-06-01"] * 2
    customers = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "referred_by": ["c", "a", None, None]})
    shop = read({"orders": orders, "customers": customers})
    churned = labels(shop, START, DEFINITION, DAY)
    table = compute_referrals(History(shop, START), churned).set_index("value")
    # a and b were referred, by c and a; a and c ordered again.
    assert table[["customers", "returned"]].to_numpy().tolist() == [[2, 1], [2, 1], [2, 2], [2, 0]]
    assert table["difference"].fillna(-9).tolist() == [0, -9, 1, -9]
    low, high = newcombe(2, 2, 0, 2)
    assert table.loc["referred others", ["difference_low", "difference_high"]].tolist() == [low, high]
    bare = read({"orders": orders})
    assert len(compute_referrals(History(bare, START), churned)) == 0
