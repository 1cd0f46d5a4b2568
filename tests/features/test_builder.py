"""The builder: values can be redone from their traced rows, and what cannot be built is named."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest

from churnml.data import template
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.recent import Recent
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, InputError
from churnml.features import builder
from churnml.features.available import available
from churnml.features.builder import Aggregates, build, build_features
from churnml.features.family import Aggregate, Derived, Family, Feature
from churnml.features.family_catalogue import catalogue
from churnml.features.trace import trace

SNAPSHOT = "2025-07-01"
NOW = pd.Timestamp(SNAPSHOT)
FEATURES = [declared for family in catalogue().families.values() for declared in family.features]
AGGREGATES = [declared for declared in FEATURES if isinstance(declared, Aggregate)]
CUSTOMERS = ["ann", "bob", "eve"]


def tables() -> dict[str, pd.DataFrame]:
    """Draw half a year and more of three customers; eve has nothing but one order."""
    rng = np.random.default_rng(3)
    days = rng.integers(1, 500, 40)
    orders = pd.DataFrame({"order_id": [f"o{number:02d}" for number in range(41)]})
    orders["customer_id"] = [*rng.choice(["ann", "bob"], 40), "eve"]
    orders["ordered_at"] = NOW - pd.to_timedelta([*(days * 24 + rng.integers(0, 20, 40)), 50], unit="h")
    orders["amount"] = rng.integers(100, 9_000, 41) / 100
    orders["cancelled_at"] = (orders["ordered_at"] + pd.Timedelta(days=1)).where(orders.index % 9 == 3)
    sent = orders.iloc[:40]
    deliveries = sent[["order_id"]].assign(promised_at=sent["ordered_at"] + pd.Timedelta(days=3))
    arrived = sent["ordered_at"] + pd.to_timedelta(rng.integers(1, 9, 40), unit="D")
    deliveries["delivered_at"] = arrived.where((sent.index % 7 > 0) & (arrived < NOW))
    complaints = sent.iloc[:20][["order_id", "customer_id"]].assign(complaint_id=range(20))
    complaints["opened_at"] = sent["ordered_at"].iloc[:20] + pd.Timedelta(hours=5)
    resolved = complaints["opened_at"] + pd.to_timedelta(rng.integers(0, 12, 20), unit="D")
    complaints["resolved_at"] = resolved.where((complaints.index % 4 > 0) & (resolved < NOW))
    return {"orders": orders, "deliveries": deliveries, "complaints": complaints}


@pytest.fixture(scope="module")
def small_shop() -> Shop:
    return read(tables())


@pytest.fixture(scope="module")
def built(small_shop: Shop) -> pd.DataFrame:
    return build_features(small_shop, SNAPSHOT)


# --- errors --------------------------------------------------------------------------------------------------------


def test_an_unknown_feature_is_named_with_those_there_are(small_shop: Shop) -> None:
    with pytest.raises(InputError, match=re.escape("orders_91d: not a feature of this shop. Choose among amount_")):
        trace(small_shop, "ann", "orders_91d", SNAPSHOT)


def test_a_feature_of_a_missing_table_is_not_traced() -> None:
    shop = read({"orders": tables()["orders"]})
    with pytest.raises(InputError, match=re.escape("complaints_open: not a feature of this shop.")):
        trace(shop, "ann", "complaints_open", SNAPSHOT)


@pytest.mark.slow
@pytest.mark.parametrize("days_before", [0, 1, 1000])
def test_a_snapshot_before_the_data_is_refused(small_shop: Shop, days_before: int) -> None:
    # On the first day itself nothing is known yet.
    first = small_shop.first_day
    day = first - pd.Timedelta(days=days_before)
    with pytest.raises(InputError, match=re.escape(f"{day}: no order lies before it; the first is of {first}.")):
        build_features(small_shop, day)


def test_an_unknown_family_is_named_with_those_there_are(small_shop: Shop) -> None:
    with pytest.raises(ConfigError, match=re.escape("features.families: moods, stars not known. Choose among ")):
        build_features(small_shop, SNAPSHOT, families=["recency", "stars", "moods"])


# --- which features a shop allows ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_shop_of_orders_alone_has_the_features_of_orders() -> None:
    shop = read({"orders": tables()["orders"].drop(columns="cancelled_at")})
    found = build_features(shop, SNAPSHOT)
    assert {catalogue()[name].family for name in found} >= {"recency", "frequency", "monetary", "rhythm"}
    assert not [name for name in found if "complaint" in name or "deliver" in name or "under_way" in name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column", "lost"),
    [
        ("complaints", "resolved_at", {"complaints_open", "complaint_open_max_days"}),
        ("deliveries", "delivered_at", {"orders_under_way", "deliveries_late_90d", "delivery_late_share_365d"}),
    ],
)
def test_a_column_that_was_not_brought_takes_its_features_along(table: str, column: str, lost: set[str]) -> None:
    made = tables()
    made[table] = made[table].drop(columns=column)
    names = {declared.name for declared in available(read(made))}
    assert not names & lost
    assert {"complaints_90d", "orders_90d"} <= names
    for declared in FEATURES:
        if isinstance(declared, Derived):
            assert (declared.name in names) == (set(declared.inputs) <= names)


@pytest.mark.slow
def test_a_column_that_was_brought_empty_says_that_nothing_happened() -> None:
    made = tables()
    made["complaints"]["resolved_at"] = pd.NaT
    found = build_features(read(made), SNAPSHOT, families=["complaints"])
    assert found.loc["ann", "complaints_open"] == (made["complaints"]["customer_id"] == "ann").sum()


# --- the choice of families ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_chosen_families_have_the_values_that_all_have(small_shop: Shop, built: pd.DataFrame) -> None:
    chosen = build_features(small_shop, SNAPSHOT, families=["recency", "rhythm"])
    assert {catalogue()[name].family for name in chosen} == {"recency", "rhythm"}
    pd.testing.assert_frame_equal(chosen, built[list(chosen)], check_exact=True)


def test_features_derived_from_other_families_are_left_out(small_shop: Shop) -> None:
    names = [declared.name for declared in available(small_shop, ["rhythm"])]
    assert "gap_median_days" in names
    assert "gap_last_to_median_ratio" in names  # of its own family alone
    assert "overdue_ratio" not in names  # of recency too


def test_the_order_in_which_families_are_named_does_not_matter(small_shop: Shop) -> None:
    one, other = (available(small_shop, names) for names in (["rhythm", "recency"], iter(["recency", "rhythm"])))
    assert [declared.name for declared in one] == [declared.name for declared in other]


@pytest.mark.slow
def test_no_family_gives_the_customers_alone(small_shop: Shop, built: pd.DataFrame) -> None:
    found = build_features(small_shop, SNAPSHOT, families=[])
    assert list(found.index) == list(built.index)
    assert found.shape[1] == 0


def test_given_features_are_built_in_their_order(small_shop: Shop, built: pd.DataFrame) -> None:
    names = ["orders_365d", "days_since_last_order", "orders_90d", "orders_90d_share_of_365d"]
    history = History(small_shop, date(2025, 7, 1))
    found = build(history, ChurnDefinition(), [catalogue()[name] for name in names])
    pd.testing.assert_frame_equal(found, built[names], check_exact=True)


# --- the table -----------------------------------------------------------------------------------------------------


def test_the_table_is_sorted_and_of_numbers(built: pd.DataFrame) -> None:
    assert list(built.index) == CUSTOMERS
    assert built.index.name == "customer_id"
    assert set(built.dtypes) == {np.dtype("float64")}


def test_what_is_divided_by_0_is_null() -> None:
    shop = read({"orders": tables()["orders"].assign(amount=0)})
    found = build_features(shop, SNAPSHOT, families=["monetary"])
    assert found["amount_last_to_mean_ratio"].isna().all()
    assert not np.isinf(found.to_numpy()).any()


def test_a_snapshot_may_be_a_text_a_date_or_a_timestamp(small_shop: Shop, built: pd.DataFrame) -> None:
    for day in (date(2025, 7, 1), NOW):
        pd.testing.assert_frame_equal(build_features(small_shop, day, families=["recency"]), built[RECENCY])


RECENCY = [declared.name for declared in catalogue().families["recency"].features]


def test_a_feature_may_be_derived_from_a_derived_one(small_shop: Shop) -> None:
    halved = _derived("half_days", ("days_since_last_order",), lambda days: days / 2)
    quartered = _derived("quarter_days", ("half_days",), lambda half: half / 2)
    found = build_features(small_shop.with_family(Family("halves", "pace", False, (halved, quartered))), SNAPSHOT)
    assert (found["quarter_days"] == found["days_since_last_order"] / 4).all()


def _derived(name: str, inputs: tuple[str, ...], compute: Callable[..., np.ndarray]) -> Feature:
    return Derived(name=name, unit="days", describe=name, sentence="{value}", inputs=inputs, compute=compute)


@pytest.mark.slow
def test_the_aggregates_of_all_tables_are_made_once_for_all_days(
    small_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    make = builder._aggregate

    def count(history: History, *arguments: Any) -> ir.Table:
        made.append(history)
        return make(history, *arguments)

    monkeypatch.setattr(builder, "_aggregate", count)
    monkeypatch.setattr(template, "_shared_texts", Recent(9))  # other tests asked the same of such a shop
    shop = dataclasses.replace(small_shop)
    for month in (3, 5, 7):
        day = date(2025, month, 1)
        Aggregates(shop, ChurnDefinition(), available(shop)).on(day)
    assert len(made) == 1
    build_features(shop, SNAPSHOT, families=["recency"])
    build_features(shop, SNAPSHOT, ChurnDefinition(active_days=9), families=["recency"])
    assert len(made) == 3, "other features, and those of others, are queries of their own"


def test_features_are_the_users_own_to_change(small_shop: Shop) -> None:
    X = build_features(small_shop, SNAPSHOT)
    X.iloc[0, 0] = -5.0
    assert X.iloc[0, 0] == -5.0
    assert build_features(small_shop, SNAPSHOT).iloc[0, 0] != -5.0
