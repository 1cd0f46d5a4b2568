"""Key figures by hand, and against a calculation of their own in pandas."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.customer_value import expected_customer_value
from churnml.analytics.kpis import KPIS, compute_kpis, compute_kpis_by_segment
from churnml.analytics.lifecycle import NO_CUSTOMER
from churnml.analytics.periods import look_back
from churnml.data.history import History
from churnml.data.importers import import_dataset
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError

DEFINE = ChurnDefinition(horizon_days=10, active_days=30)
DAY = date(2025, 3, 2)
# The last period is [20 February, 2 March), the one before [10, 20 February).
ORDERS = pd.DataFrame(
    [
        ("1", "a", "2025-02-05 09:00", 10.0, None),
        ("2", "b", "2025-02-06 09:00", 5.0, None),
        ("3", "a", "2025-02-12 09:00", 20.0, None),
        ("4", "d", "2025-02-15 09:00", 8.0, "2025-02-16"),
        ("5", "c", "2025-02-21 09:00", 40.0, None),
        ("6", "c", "2025-02-21 18:00", 60.0, None),
        ("7", "a", "2025-02-22 09:00", 30.0, None),
        ("8", "a", "2025-03-02 00:00", 99.0, None),  # not before the day
    ],
    columns=["order_id", "customer_id", "ordered_at", "amount", "cancelled_at"],
)


def figures(orders: pd.DataFrame, day: date = DAY, definition: ChurnDefinition = DEFINE) -> dict[str, float]:
    table = compute_kpis(look_back(read({"orders": orders}), day, definition))
    newest = table[table["period_end"] == day]
    return dict(zip(newest["kpi"], newest["value"], strict=True))


@pytest.mark.slow
def test_the_figures_of_a_small_shop_by_hand() -> None:
    found = figures(ORDERS)
    # On 20 February a and b were eligible (d's order was cancelled); a ordered again.
    assert found["churn_rate"] == 0.5
    assert found["retention_rate"] == 0.5
    # a and c of a, b and c ordered twice.
    assert found["repeat_customer_rate"] == pytest.approx(2 / 3)
    # 1 + 2 orders of a and c, of 30 + 100.
    assert found["purchase_frequency"] == 1.5
    assert found["average_order_value"] == pytest.approx(130 / 3)
    # From 12 to 22 February; c had not ordered before.
    assert found["days_between_orders"] == 10
    # Of a 60, b 5 and c 100 the best one of three (a quarter, rounded up).
    assert found["top_quarter_revenue_share"] == pytest.approx(100 / 165)
    # Before: a 20; in the period: a 30.
    assert found["net_revenue_retention"] == 1.5
    assert found["gross_revenue_retention"] == 1.0
    # 165 of three buyers; 17 days of a, none of b and c.
    assert found["historic_customer_value"] == pytest.approx(165 / 3 * (17 / 3 / 365))
    # The data does not hold a year and its active days.
    assert np.isnan(found["annual_churn_by_balance"])
    assert list(found) == list(KPIS)


@pytest.mark.slow
def test_the_period_before_and_what_changed() -> None:
    table = compute_kpis(look_back(read({"orders": ORDERS}), DAY, DEFINE))
    orders = table[table["kpi"] == "purchase_frequency"].set_index("period_end")
    # One order of a; then 1.5, a change of 0.5. Influences on 1: a (1 - 1) / 1; on 1.5: a -0.25, c 0.25.
    assert orders.loc[date(2025, 2, 20), "value"] == 1.0
    newest = orders.loc[DAY]
    assert newest["change"] == 0.5
    half = 1.959963984540054 * np.sqrt(2 / 1 * (0.25**2 + 0.25**2))
    assert [newest["change_low"], newest["change_high"]] == pytest.approx([0.5 - half, 0.5 + half])
    assert newest["is_noise"]
    assert orders["is_noise"].isna().tolist() == [True, False]


@pytest.mark.slow
def test_the_balance_of_a_year_by_hand() -> None:
    # Active on 1 January 2024: a, b, c. On 31 December 2024: a and d. (3 - 2) / 3.
    days = {"a": ["2023-12-20", "2024-12-15"], "b": ["2023-12-21"], "c": ["2023-12-22"], "d": ["2024-12-20"]}
    rows = [(customer, day) for customer, placed in days.items() for day in placed]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"]).assign(amount=1.0)
    first = pd.DataFrame([("z", "2023-06-01", 1.0)], columns=["customer_id", "ordered_at", "amount"])
    orders = pd.concat([orders, first], ignore_index=True).assign(order_id=lambda t: t.index.astype(str))
    assert figures(orders, date(2024, 12, 31))["annual_churn_by_balance"] == pytest.approx(1 / 3)


@pytest.mark.slow
def test_no_orders_in_a_period_give_nulls_and_no_error() -> None:
    orders = ORDERS.head(2)
    found = figures(orders, date(2025, 2, 20))
    assert found["churn_rate"] == 1.0
    assert np.isnan(found["purchase_frequency"])
    assert np.isnan(found["average_order_value"])
    assert np.isnan(found["days_between_orders"])
    assert found["top_quarter_revenue_share"] == pytest.approx(10 / 15)


@pytest.mark.slow
def test_one_customer_has_figures_without_intervals() -> None:
    orders = ORDERS[ORDERS["customer_id"] == "a"]
    table = compute_kpis(look_back(read({"orders": orders}), DAY, DEFINE))
    newest = table[table["period_end"] == DAY].set_index("kpi")
    assert newest.loc["churn_rate", "value"] == 0.0
    # Wilson's interval of 0 of 1: up to 3.8415 / (1 + 3.8415).
    assert newest.loc["churn_rate", ["low", "high"]].to_list() == pytest.approx([0.0, 0.793], abs=0.001)
    assert newest.loc["average_order_value", ["low", "high"]].isna().all()
    assert newest["is_noise"].isna().all()


@pytest.mark.slow
def test_a_customer_who_returns_is_retained_only_where_she_was_eligible() -> None:
    # b comes back after 40 days: on 8 March she was not eligible any more (30 days), so only a counts.
    orders = pd.concat([ORDERS, pd.DataFrame([("9", "b", "2025-03-18 09:00", 5.0, None)], columns=ORDERS.columns)])
    back = look_back(read({"orders": orders}), date(2025, 3, 19), DEFINE)
    newest = back.periods[-1]
    told = dict(zip(back.customers, zip(newest.eligible, newest.churned, strict=True), strict=True))
    assert told == {"a": (True, True), "b": (False, False), "c": (True, True)}


@pytest.mark.slow
def test_too_short_a_history_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match=r"2025-02-14: lies 9 days after the first order .* Name a later day"):
        look_back(read({"orders": ORDERS}), date(2025, 2, 14), DEFINE)


@pytest.mark.slow
def test_segments_add_up_to_the_shop() -> None:
    back = look_back(read({"orders": ORDERS}), DAY, DEFINE)
    table = compute_kpis_by_segment(back)
    newest = table[(table["period_end"] == DAY) & (table["kpi"] == "purchase_frequency")]
    assert newest["customers"].sum() == len(back.customers)
    # c was no customer on 20 February and placed two orders after it.
    assert newest.set_index("segment").loc[NO_CUSTOMER, "value"] == 2.0
    assert set(table["kpi"]) == {name for name, kpi in KPIS.items() if kpi.by_segment}


def test_the_expected_value_is_the_mean_of_that_of_the_customers(shop: Shop) -> None:
    day, definition = date(2025, 3, 1), ChurnDefinition()
    table = compute_kpis(look_back(shop, day, definition))
    newest = table[(table["kpi"] == "expected_customer_value") & (table["period_end"] == day)].iloc[0]
    each = expected_customer_value(History(shop, day), definition)["expected_value"]
    assert newest["value"] == pytest.approx(each.mean(), rel=1e-12)
    half = 1.959963984540054 * each.std() / np.sqrt(len(each))
    assert newest["high"] - newest["value"] == pytest.approx(half, rel=1e-9)


def in_pandas(orders: pd.DataFrame, end: pd.Timestamp, horizon: int, active: int) -> dict[str, float]:
    """The same figures from the rows alone, written without any of churnml."""
    orders = orders[orders["cancelled_at"].isna() & (orders["ordered_at"] < end)]
    start, days = end - pd.Timedelta(days=horizon), pd.Timedelta(days=1)
    inside = orders[orders["ordered_at"] >= start]
    before = orders[(orders["ordered_at"] < start) & (orders["ordered_at"] >= start - horizon * days)]
    eligible = set(
        orders[(orders["ordered_at"] < start) & (orders["ordered_at"] >= start - active * days)]["customer_id"]
    )
    stayed = eligible & set(inside["customer_id"])
    year = orders[orders["ordered_at"] >= end - 365 * days].groupby("customer_id")["amount"].sum()
    best = year.sort_values(ascending=False).head(-(-len(year) // 4))
    by = orders.groupby("customer_id")
    old, new = before.groupby("customer_id")["amount"].sum(), inside.groupby("customer_id")["amount"].sum()
    both = pd.concat([old.rename("old"), new.rename("new")], axis=1).fillna(0.0).query("old > 0")
    dates = orders.assign(day=orders["ordered_at"].dt.normalize())[["customer_id", "day"]].drop_duplicates()
    dates = dates.sort_values(["customer_id", "day"])
    gaps = dates.groupby("customer_id")["day"].diff().dt.days[dates["day"] >= start]
    firsts, lasts = by["ordered_at"].min().dt.normalize(), by["ordered_at"].max().dt.normalize()
    lifetimes = (lasts - firsts).dt.days
    a_year_ago = orders[
        (orders["ordered_at"] < end - 365 * days) & (orders["ordered_at"] >= end - (365 + active) * days)
    ]["customer_id"].nunique()
    now = orders[orders["ordered_at"] >= end - active * days]["customer_id"].nunique()
    return {
        "churn_rate": 1 - len(stayed) / len(eligible),
        "retention_rate": len(stayed) / len(eligible),
        "annual_churn_by_balance": (a_year_ago - now) / a_year_ago if a_year_ago else np.nan,
        "gross_revenue_retention": np.minimum(both["old"], both["new"]).sum() / both["old"].sum(),
        "net_revenue_retention": both["new"].sum() / both["old"].sum(),
        "repeat_customer_rate": (by.size() >= 2).mean(),
        "purchase_frequency": len(inside) / inside["customer_id"].nunique(),
        "average_order_value": inside["amount"].mean(),
        "days_between_orders": gaps.mean(),
        "top_quarter_revenue_share": best.sum() / year.sum(),
        "historic_customer_value": year.mean() * lifetimes.mean() / 365,
    }


@pytest.mark.slow
def test_every_figure_of_online_retail_ii_equals_one_of_pandas(shared_data: Path, tmp_path: Path) -> None:
    import_dataset("online-retail-ii", shared_data / "online_retail_ii", tmp_path)
    shop = read(tmp_path)
    # The second lets a year and its active days lie within the data, so that the balance is known.
    for day, definition in (
        (date(2011, 9, 1), ChurnDefinition()),
        (date(2011, 12, 9), ChurnDefinition(horizon_days=30, active_days=180)),
    ):
        table = compute_kpis(look_back(shop, day, definition))
        orders = pd.read_parquet(tmp_path / "orders.parquet").assign(amount=lambda t: t["amount"].astype("float64"))
        if "cancelled_at" not in orders:
            orders["cancelled_at"] = pd.NaT
        ends = sorted(set(table["period_end"]))
        assert ends == [day - timedelta(days=definition.horizon_days * ago) for ago in range(5)][::-1]
        for end in ends:
            found = table[table["period_end"] == end].set_index("kpi")["value"].drop("expected_customer_value")
            expected = in_pandas(orders, pd.Timestamp(end), definition.horizon_days, definition.active_days)
            if (end - shop.first_day).days < 365 + definition.active_days:
                expected["annual_churn_by_balance"] = np.nan
            assert list(found.index) == list(expected)
            assert found.to_numpy() == pytest.approx(list(expected.values()), rel=1e-9, nan_ok=True), end
        assert not np.isnan(found["annual_churn_by_balance"]) or day == date(2011, 9, 1)
