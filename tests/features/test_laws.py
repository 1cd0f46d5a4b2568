"""The laws of DESIGN.md, section 10, for every feature family of the registry, on random shops of all tables."""

from __future__ import annotations

import runpy
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.data.contract import TABLES
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.available import available
from churnml.features.available import tables_of as tables_of_features
from churnml.features.builder import build, build_features
from churnml.features.declared import failures_of_family
from churnml.features.family import Derived
from churnml.features.family_catalogue import catalogue
from tests.random_shop import (
    Maker,
    Tables,
    event_times,
    late_times,
    recorded_late,
    shifted,
    shuffled,
    with_other_later,
    without_later,
)

# (seed, snapshot, customers): the day after a leap day, a leap day, a summer's day with one customer.
SHOPS = [(1, date(2024, 3, 1), 25), (2, date(2024, 2, 29), 12), (3, date(2025, 6, 30), 1)]
SHIFTS = [-1461, 1]  # days, for the first shops: back by four years; the snapshot off its leap day
SEASONAL = {"season", "calendar"}
FEATURES = [feature for family in catalogue().families.values() for feature in family.features]


# --- each shop is made and built once, for all families together ---------------------------------------------------


def only_read(tables: Tables) -> Tables:
    """Leave out the tables that no family reads, whose checks would only cost time."""
    return {name: table for name, table in tables.items() if name in tables_of_features(FEATURES)}


@cache
def tables_of(shop: int) -> Tables:
    return only_read(Maker(*SHOPS[shop]).tables())


@cache
def other_tables(shop: int) -> Tables:
    seed, snapshot, customers = SHOPS[shop]
    return only_read(Maker(seed + 100, snapshot, customers).tables("y"))


@cache
def shop_of(shop: int) -> Shop:
    return read(tables_of(shop))


def all_features(shop: Shop, snapshot: date) -> pd.DataFrame:
    """Build every feature, by whichever measure."""
    return build(History(shop, snapshot), ChurnDefinition(), available(shop))


@cache
def built(shop: int, variant: str) -> pd.DataFrame:
    """Build all features of a shop, or of a variant of it."""
    _, snapshot, _ = SHOPS[shop]
    if variant == "as drawn":
        return all_features(shop_of(shop), snapshot)
    now, tables = pd.Timestamp(snapshot), tables_of(shop)
    if variant == "later left out":
        tables = without_later(tables, now)
    elif variant == "later changed":
        tables = with_other_later(tables, other_tables(shop), now)
    elif variant == "recorded late":
        tables = recorded_late(tables, other_tables(shop), now)
    elif variant == "shifted":
        days = SHIFTS[shop]
        tables, snapshot = shifted(tables, days), snapshot + timedelta(days=days)
    return all_features(read(tables), snapshot)


def columns_of(family: str) -> list[str]:
    return [feature.name for feature in catalogue().families[family].features]


def assert_same_bits(found: pd.DataFrame, expected: pd.DataFrame, columns: list[str]) -> None:
    assert list(found.index) == list(expected.index)
    for column in columns:
        assert found[column].to_numpy().tobytes() == expected[column].to_numpy().tobytes(), column


every_shop = pytest.mark.parametrize("shop", range(len(SHOPS)), ids=lambda shop: f"shop{shop}")
every_family = pytest.mark.parametrize("family", list(catalogue().families))


@pytest.mark.slow
@every_shop
def test_every_table_of_the_random_shops_has_a_past_and_a_future(shop: int) -> None:
    now = pd.Timestamp(SHOPS[shop][1])
    everything = Maker(*SHOPS[shop]).tables()
    assert set(everything) == set(TABLES)
    for name in everything:
        event = event_times(everything, name)
        assert (event < now).any(), name
        assert name == "customers" or (event >= now).any(), name


def test_the_random_shops_hold_what_the_laws_are_about() -> None:
    now, everything = pd.Timestamp(SHOPS[0][1]), Maker(*SHOPS[0]).tables()
    for name, table in everything.items():
        known = (event_times(everything, name) < now).to_numpy()
        for column in set(late_times(name)) - {"signed_up_at"}:
            assert table.loc[known, column].isna().any(), f"{name}.{column}: some are never known"
            assert (table.loc[known, column] >= now).any(), f"{name}.{column}: some become known later"
            assert (table.loc[known, column] < now).any(), f"{name}.{column}: some are known"
    assert (everything["orders"]["ordered_at"] == now).any()
    assert everything["orders"].duplicated(["customer_id", "ordered_at"]).any()


# --- law 1 ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shop", "variant"),
    [
        *((shop, "later changed") for shop in range(len(SHOPS))),
        (0, "later left out"),
        (1, "later left out"),
        (1, "recorded late"),
    ],
)
@every_family
def test_nothing_at_or_after_the_snapshot_changes_a_feature(family: str, shop: int, variant: str) -> None:
    assert_same_bits(built(shop, variant), built(shop, "as drawn"), columns_of(family))


# --- law 2 ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def from_repeated_parts(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Build the first shop from part files with shuffled rows, of which one part lies there twice."""
    folder = tmp_path_factory.mktemp("parts")
    for name, table in shuffled(tables_of(0)).items():
        parts = [table.iloc[: len(table) // 3], table.iloc[len(table) // 3 :]]
        for number, part in enumerate([*parts, parts[0]]):
            part.to_parquet(folder / f"{name}-{number}.parquet")
    return all_features(read(folder), SHOPS[0][1])


@pytest.mark.slow
@every_family
def test_the_order_of_rows_and_repeated_part_files_change_nothing(
    family: str, from_repeated_parts: pd.DataFrame
) -> None:
    assert_same_bits(from_repeated_parts, built(0, "as drawn"), columns_of(family))


@pytest.mark.slow
def test_threads_and_the_order_of_many_rows_change_no_bit() -> None:
    # More than two row groups of DuckDB (122,880 rows each), so that two threads share the work.
    rng = np.random.default_rng(11)
    count = 260_000
    orders = pd.DataFrame({"order_id": np.arange(count), "customer_id": rng.integers(0, 2_000, count)})
    orders["ordered_at"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 900 * 86_400, count), unit="s")
    orders["amount"] = rng.integers(0, 1_000_000, count) / 10_000

    def build(rows: pd.DataFrame, threads: int) -> pd.DataFrame:
        shop = read({"orders": rows})
        shop.engine.backend.raw_sql(f"SET threads = {threads}")
        return build_features(shop, "2025-06-01")

    expected = build(orders, 1)
    assert_same_bits(build(orders.sample(frac=1, random_state=1), 2), expected, list(expected))


# --- law 3 ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("shop", range(len(SHIFTS)))
@pytest.mark.parametrize("family", [name for name in catalogue().families if name not in SEASONAL])
def test_shifting_all_times_by_whole_days_changes_nothing(family: str, shop: int) -> None:
    assert_same_bits(built(shop, "shifted"), built(shop, "as drawn"), columns_of(family))


# --- law 4 ---------------------------------------------------------------------------------------------------------


def eligible_by_hand(tables: Tables, snapshot: date, active_days: int) -> list[str]:
    now, orders = pd.Timestamp(snapshot), tables["orders"]
    kept = orders[~(orders["cancelled_at"] < now)]
    active = kept["ordered_at"].between(now - pd.Timedelta(days=active_days), now, inclusive="left")
    return sorted(kept.loc[active, "customer_id"].unique())


@pytest.mark.slow
@every_shop
def test_there_is_one_row_per_eligible_customer(shop: int) -> None:
    assert list(built(shop, "as drawn").index) == eligible_by_hand(tables_of(shop), SHOPS[shop][1], 365)


@pytest.mark.slow
@pytest.mark.parametrize(("active_days", "days_later"), [(1, 0), (30, 0), (90, 100), (90, 400)])
def test_a_family_alone_has_the_same_rows(active_days: int, days_later: int) -> None:
    snapshot = SHOPS[1][1] + timedelta(days=days_later)
    found = build_features(shop_of(1), snapshot, ChurnDefinition(active_days=active_days), families=["recency"])
    assert list(found.index) == eligible_by_hand(tables_of(1), snapshot, active_days)
    assert list(found) == columns_of("recency")


@pytest.mark.slow
def test_nobody_eligible_gives_no_rows_but_all_columns() -> None:
    found = all_features(shop_of(2), SHOPS[2][1] + timedelta(days=2_000))
    assert found.shape == (0, len(FEATURES))
    assert set(found.dtypes) == {np.dtype("float64")}


# --- law 5 ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@every_shop
@every_family
def test_declared_columns_are_the_returned_columns(family: str, shop: int) -> None:
    found = built(shop, "as drawn")
    assert list(found) == [feature.name for feature in available(shop_of(shop))]
    assert [name for name in found if name in set(columns_of(family))] == sorted(
        columns_of(family), key=list(found).index
    )
    assert set(found[columns_of(family)].dtypes) == {np.dtype("float64")}


@pytest.mark.slow
def test_all_tables_allow_all_features() -> None:
    assert {feature.name for feature in available(shop_of(0))} == {feature.name for feature in FEATURES}


@every_family
def test_a_declaration_holds_what_it_must(family: str) -> None:
    others = [other for name, other in catalogue().families.items() if name != family]
    assert failures_of_family(catalogue().families[family], others) == []
    assert catalogue().families[family].name == family


@pytest.mark.slow
def test_inputs_are_there_before_what_is_derived_from_them() -> None:
    names = [known.name for known in available(shop_of(0))]
    for feature in FEATURES:
        if isinstance(feature, Derived):
            assert all(names.index(name) < names.index(feature.name) for name in feature.inputs), feature.name


@pytest.mark.slow
def test_fills_and_units_bound_the_values() -> None:
    X = pd.concat([built(shop, "as drawn") for shop in range(len(SHOPS))])
    assert not np.isinf(X.to_numpy()).any()
    for feature in FEATURES:
        values = X[feature.name]
        assert feature.fill != 0 or values.notna().all(), feature.name
        known = values.dropna()
        if feature.unit in ("orders", "complaints", "deliveries"):
            assert (known >= 0).all(), feature.name
            assert (known == known.round()).all(), feature.name
        if feature.unit in ("share", "probability"):
            assert known.between(0, 1).all(), feature.name


@pytest.mark.slow
def test_every_feature_tells_customers_apart() -> None:
    frames = [built(shop, "as drawn") for shop in range(len(SHOPS))]
    for feature in FEATURES:
        values = np.concatenate([frame[feature.name].to_numpy() for frame in frames])
        assert len(np.unique(values[~np.isnan(values)])) > 1, feature.name


@every_family
def test_every_feature_has_a_value_computed_by_hand(family: str) -> None:
    path = Path(__file__).with_name(f"test_{family}.py")
    assert path.is_file(), f"{path.name}: write it, with EXPECTED: the value of every feature for a hand-made shop"
    assert list(runpy.run_path(str(path))["EXPECTED"]) == columns_of(family)
