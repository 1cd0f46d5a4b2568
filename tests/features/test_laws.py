"""The laws of DESIGN.md, section 10, for every feature family of the registry, on random shops of all tables."""

from __future__ import annotations

import runpy
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from string import Formatter

import numpy as np
import pandas as pd
import pytest

from churnml.data.contract import TABLES
from churnml.data.shop import Shop, read
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features
from churnml.features.family import WINDOWS, Aggregate, Derived, Family, Feature
from churnml.features.registry import available, families
from churnml.features.sources import SOURCES

Tables = dict[str, pd.DataFrame]

# (seed, snapshot, customers): the day after a leap day, a leap day, a summer's day with one customer.
SHOPS = [(1, date(2024, 3, 1), 25), (2, date(2024, 2, 29), 12), (3, date(2025, 6, 30), 1)]
SHIFTS = [-1461, 1]  # days, for the first shops: back by four years; the snapshot off its leap day
SEASONAL = {"season"}
FEATURES = [feature for family in families().values() for feature in family.features]


# --- a random shop -------------------------------------------------------------------------------------------------


class Maker:
    """Draws the tables of a shop around a snapshot; ``known_until`` leaves out all that happens later."""

    def __init__(self, seed: int, snapshot: date, customers: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.now = pd.Timestamp(snapshot)
        self.customers = [f"c{number:02d}" for number in range(customers)]

    def times(self, count: int, days_before: int = 800, days_after: int = 120) -> pd.Series:
        """Draw event times, many of them at the borders of windows, at midnight of the snapshot, or equal."""
        seconds = self.rng.integers(-days_before * 86_400, days_after * 86_400, count)
        borders = np.array([0, -1, *(-days * 86_400 - early for days in WINDOWS for early in (0, 1))])
        drawn = np.where(self.rng.random(count) < 0.3, self.rng.choice(borders, count), seconds)
        drawn[: count // 5] = drawn[0]
        # Every table has rows of the past, two of them at the same time, one at the snapshot and one after it.
        drawn[:4] = [-40 * 86_400, -40 * 86_400, 0, 86_400]
        return pd.Series(self.now + pd.to_timedelta(drawn, unit="s"))

    def later(self, times: pd.Series, days: int = 40, null: float = 0.3, least: int = 0) -> pd.Series:
        """Draw times that follow others; some are null, some are exactly at the snapshot, the first ones are past."""
        after = times + pd.to_timedelta(self.rng.integers(least * 86_400, days * 86_400, len(times)), unit="s")
        after = after.mask(self.rng.random(len(times)) < 0.1, self.now).where(lambda after: after >= times, times)
        after[:2] = times[:2] + pd.Timedelta(days=1)
        return after.mask((self.rng.random(len(times)) < null) & (after.index > 1))

    def whole(self, low: int, high: int, count: int) -> np.ndarray:
        return self.rng.integers(low, high, count)

    def pick(self, values: list[str], count: int) -> np.ndarray:
        return self.rng.choice(np.array(values), count)

    def tables(self, part: str = "x") -> Tables:
        """Draw all tables of the contract; ``part`` keeps the ids of two draws apart."""
        n = 14 * len(self.customers)
        few = max(n // 3, 6)

        def ids(kind: str, count: int) -> list[str]:
            return [f"{part}-{kind}{number}" for number in range(count)]

        orders = pd.DataFrame({"order_id": ids("o", n), "customer_id": self.pick(self.customers, n)})
        orders["ordered_at"] = self.times(n)
        orders["amount"] = self.whole(0, 20_000, n) / 100
        orders["discount"] = self.whole(0, 500, n) / 100
        orders["channel"] = self.pick(["web", "app"], n)
        orders["cancelled_at"] = self.later(orders["ordered_at"], null=0.85)
        sent = orders[self.rng.random(n) < 0.8].reset_index(drop=True)
        deliveries = sent[["order_id"]].copy()
        deliveries["promised_at"] = sent["ordered_at"].dt.floor("D") + pd.to_timedelta(self.whole(1, 6, len(sent)), "D")
        deliveries["shipped_at"] = self.later(sent["ordered_at"], days=3)
        deliveries["delivered_at"] = self.later(sent["ordered_at"], days=14, least=1)
        items = orders[["order_id"]].assign(product_id=self.pick(["p", "q", "r"], n), quantity=self.whole(1, 4, n))
        items["unit_price"] = self.whole(100, 9_000, n) / 100
        items["category"] = self.pick(["shoes", "books"], n)
        made = {"orders": orders, "deliveries": deliveries, "order_items": items}

        def of_customers(kind: str, time: str) -> pd.DataFrame:
            rows = pd.DataFrame({f"{kind}_id": ids(kind, few), "customer_id": self.pick(self.customers, few)})
            return rows.assign(**{time: self.times(few)})

        complaints = of_customers("complaint", "opened_at")
        complaints["order_id"] = self.pick(list(orders["order_id"]), few)
        complaints["first_response_at"] = self.later(complaints["opened_at"], days=3)
        complaints["resolved_at"] = self.later(complaints["opened_at"])
        complaints["topic"] = self.pick(["delivery", "product"], few)
        complaints["severity"] = self.pick(["low", "high"], few)
        returns = of_customers("return", "returned_at").assign(amount=self.whole(0, 9_000, few) / 100)
        returns["order_id"] = self.pick(list(orders["order_id"]), few)
        returns["reason"] = self.pick(["size", "fault"], few)
        reviews = of_customers("review", "submitted_at").assign(rating=self.whole(1, 6, few), scale=5.0)
        visits = of_customers("visit", "visited_at").drop(columns="visit_id")
        visits = visits.assign(pages=self.whole(1, 30, few), added_to_cart=self.whole(0, 3, few))
        rewards = of_customers("reward", "changed_at").drop(columns="reward_id")
        rewards = rewards.assign(points=self.whole(-50, 90, few), kind=self.pick(["earned", "redeemed"], few))
        contacts = of_customers("contact", "sent_at").assign(campaign="spring", arm=self.pick(["treatment"], few))
        contacts["opened_at"] = self.later(contacts["sent_at"], days=3)
        contacts["clicked_at"] = self.later(contacts["sent_at"], days=3)
        contacts["cost"] = 0.25
        subscriptions = of_customers("subscription", "started_at").assign(plan="box", price=9.9)
        subscriptions["ended_at"] = subscriptions["started_at"] + pd.Timedelta(days=365)
        subscriptions["cancelled_at"] = self.later(subscriptions["started_at"])
        subscriptions["cancel_reason"] = self.pick(["price", "moved"], few)
        customers = pd.DataFrame({"customer_id": [*self.customers, f"{part}-never"], "contactable": True})
        customers["signed_up_at"] = self.now - pd.Timedelta(days=900)
        return made | {
            "complaints": complaints,
            "returns": returns,
            "reviews": reviews,
            "visits": visits.drop_duplicates(["customer_id", "visited_at"]),
            "rewards": rewards.drop_duplicates(["customer_id", "changed_at", "kind"]),
            "contacts": contacts,
            "subscriptions": subscriptions,
            "customers": customers,
        }


def event_times(tables: Tables, name: str) -> pd.Series:
    """Give the time at which each row of a table begins."""
    event_time = TABLES[name].event_time
    if event_time is not None:
        return tables[name][event_time]
    return tables[name]["order_id"].map(tables["orders"].set_index("order_id")["ordered_at"])


def late_times(name: str) -> list[str]:
    """Name the columns of a table that become known later than its rows."""
    return [
        column.name
        for column in TABLES[name].columns
        if column.type == "time" and column.name != TABLES[name].event_time
    ]


def without_later(tables: Tables, now: pd.Timestamp) -> Tables:
    """Leave out every row and every time at or after a moment, as if the tables had been exported then."""
    known = {}
    for name, table in tables.items():
        rows = table[(event_times(tables, name) < now).to_numpy()].copy()
        for column in late_times(name):
            rows[column] = rows[column].where(rows[column] < now)
        for column in TABLES[name].columns:
            if column.known_with is not None:
                rows[column.name] = rows[column.name].where(rows[column.known_with].notna())
        known[name] = rows
    return known


def with_other_later(tables: Tables, other: Tables, now: pd.Timestamp) -> Tables:
    """Change all that happens at or after a moment: other rows, and other times where nothing was known yet."""
    changed = {}
    for name, rows in without_later(tables, now).items():
        for number, column in enumerate(late_times(name)):
            later = pd.Series(now + pd.to_timedelta(np.arange(len(rows)) % 9 * (number + 1), unit="D"), rows.index)
            rows[column] = rows[column].fillna(later)
        for column in TABLES[name].columns:
            if column.known_with is not None:
                rows[column.name] = rows[column.name].fillna("known later")
        added = other[name][(event_times(other, name) >= now).to_numpy()]
        changed[name] = pd.concat([rows, added], ignore_index=True)
    return changed


def recorded_late(tables: Tables, other: Tables, now: pd.Timestamp) -> Tables:
    """Say when rows reached the warehouse, and add rows of the past that reached it at the snapshot or later."""
    made = {}
    for name, table in tables.items():
        event = event_times(tables, name)
        in_time = table.assign(recorded_at=event.to_numpy())
        added = other[name].assign(recorded_at=now + pd.to_timedelta(np.arange(len(other[name])) % 4, unit="h"))
        made[name] = pd.concat([in_time, added], ignore_index=True)
    return made


def shuffled(tables: Tables) -> Tables:
    return {name: table.sample(frac=1, random_state=5, ignore_index=True) for name, table in tables.items()}


def shifted(tables: Tables, days: int) -> Tables:
    times = ("datetime64[ns]", "datetime64[us]", "datetime64[s]")
    return {
        name: table.assign(**{c: table[c] + pd.Timedelta(days=days) for c in table.select_dtypes(times)})
        for name, table in tables.items()
    }


# --- each shop is made and built once, for all families together ---------------------------------------------------


def only_read(tables: Tables) -> Tables:
    """Leave out the tables that no family reads, whose checks would only cost time."""
    return {name: table for name, table in tables.items() if name in {source.table for source in SOURCES.values()}}


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


@cache
def built(shop: int, variant: str) -> pd.DataFrame:
    """Build all features of a shop, or of a variant of it."""
    _, snapshot, _ = SHOPS[shop]
    if variant == "as drawn":
        return build_features(shop_of(shop), snapshot)
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
    return build_features(read(tables), snapshot)


def columns_of(family: str) -> list[str]:
    return [feature.name for feature in families()[family].features]


def assert_same_bits(found: pd.DataFrame, expected: pd.DataFrame, columns: list[str]) -> None:
    assert list(found.index) == list(expected.index)
    for column in columns:
        assert found[column].to_numpy().tobytes() == expected[column].to_numpy().tobytes(), column


every_shop = pytest.mark.parametrize("shop", range(len(SHOPS)), ids=lambda shop: f"shop{shop}")
every_family = pytest.mark.parametrize("family", list(families()))
every_feature = pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)


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
    return build_features(read(folder), SHOPS[0][1])


@every_family
def test_the_order_of_rows_and_repeated_part_files_change_nothing(
    family: str, from_repeated_parts: pd.DataFrame
) -> None:
    assert_same_bits(from_repeated_parts, built(0, "as drawn"), columns_of(family))


def test_threads_and_the_order_of_many_rows_change_no_bit() -> None:
    # More than two row groups of DuckDB (122,880 rows each), so that two threads share the work.
    rng = np.random.default_rng(11)
    count = 260_000
    orders = pd.DataFrame({"order_id": np.arange(count), "customer_id": rng.integers(0, 2_000, count)})
    orders["ordered_at"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 900 * 86_400, count), unit="s")
    orders["amount"] = rng.integers(0, 1_000_000, count) / 10_000

    def build(rows: pd.DataFrame, threads: int) -> pd.DataFrame:
        shop = read({"orders": rows})
        shop.engine.raw_sql(f"SET threads = {threads}")
        return build_features(shop, "2025-06-01")

    expected = build(orders, 1)
    assert_same_bits(build(orders.sample(frac=1, random_state=1), 2), expected, list(expected))


# --- law 3 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shop", range(len(SHIFTS)))
@pytest.mark.parametrize("family", [name for name in families() if name not in SEASONAL])
def test_shifting_all_times_by_whole_days_changes_nothing(family: str, shop: int) -> None:
    assert_same_bits(built(shop, "shifted"), built(shop, "as drawn"), columns_of(family))


# --- law 4 ---------------------------------------------------------------------------------------------------------


def eligible_by_hand(tables: Tables, snapshot: date, active_days: int) -> list[str]:
    now, orders = pd.Timestamp(snapshot), tables["orders"]
    kept = orders[~(orders["cancelled_at"] < now)]
    active = kept["ordered_at"].between(now - pd.Timedelta(days=active_days), now, inclusive="left")
    return sorted(kept.loc[active, "customer_id"].unique())


@every_shop
def test_there_is_one_row_per_eligible_customer(shop: int) -> None:
    assert list(built(shop, "as drawn").index) == eligible_by_hand(tables_of(shop), SHOPS[shop][1], 365)


@pytest.mark.parametrize(("active_days", "days_later"), [(1, 0), (30, 0), (90, 100), (90, 400)])
def test_a_family_alone_has_the_same_rows(active_days: int, days_later: int) -> None:
    snapshot = SHOPS[1][1] + timedelta(days=days_later)
    found = build_features(shop_of(1), snapshot, ChurnDefinition(active_days=active_days), families=["recency"])
    assert list(found.index) == eligible_by_hand(tables_of(1), snapshot, active_days)
    assert list(found) == columns_of("recency")


def test_nobody_eligible_gives_no_rows_but_all_columns() -> None:
    found = build_features(shop_of(2), SHOPS[2][1] + timedelta(days=2_000))
    assert found.shape == (0, len(FEATURES))
    assert set(found.dtypes) == {np.dtype("float64")}


# --- law 5 ---------------------------------------------------------------------------------------------------------


@every_shop
@every_family
def test_declared_columns_are_the_returned_columns(family: str, shop: int) -> None:
    found = built(shop, "as drawn")
    assert list(found) == [feature.name for feature in available(shop_of(shop))]
    assert [name for name in found if name in set(columns_of(family))] == sorted(
        columns_of(family), key=list(found).index
    )
    assert set(found[columns_of(family)].dtypes) == {np.dtype("float64")}


def test_all_tables_allow_all_features() -> None:
    assert {feature.name for feature in available(shop_of(0))} == {feature.name for feature in FEATURES}


def test_names_are_unique_over_families() -> None:
    names = [feature.name for feature in FEATURES]
    assert len(names) == len(set(names))


@every_family
def test_a_family_is_named_like_its_file_and_has_a_concept(family: str) -> None:
    declared = families()[family]
    assert isinstance(declared, Family)
    assert declared.name == family
    assert declared.concept.strip()
    assert declared.features


@every_feature
def test_a_feature_is_described_in_both_languages(feature: Feature) -> None:
    assert feature.describe.strip()
    assert feature.en.strip()
    assert feature.tr.strip()
    named = {"value", *(feature.inputs if isinstance(feature, Derived) else ())}
    for text in filter(None, [feature.en, feature.tr, feature.en_zero, feature.tr_zero]):
        assert {name for _, name, _, _ in Formatter().parse(text) if name is not None} <= named


@every_feature
def test_a_name_carries_its_window_and_unit(feature: Feature) -> None:
    if feature.window_days is not None:
        assert feature.name.endswith(f"_{feature.window_days}d")
        assert f"{feature.window_days} days" in feature.describe
    if feature.unit in ("days", "ratio", "share"):
        words = {"days": ("days",), "ratio": ("ratio", "per"), "share": ("share",)}[feature.unit]
        assert any(word in feature.name.split("_") for word in words)


@every_feature
def test_inputs_are_there_before_what_is_derived_from_them(feature: Feature) -> None:
    if isinstance(feature, Aggregate):
        assert feature.source in SOURCES
        assert SOURCES[feature.source].table in TABLES
        assert set(feature.needs) <= set(TABLES[SOURCES[feature.source].table].column)
    else:
        assert isinstance(feature, Derived)
        names = [known.name for known in available(shop_of(0))]
        assert all(names.index(name) < names.index(feature.name) for name in feature.inputs)


@every_feature
def test_fills_and_units_bound_the_values(feature: Feature) -> None:
    values = np.concatenate([built(shop, "as drawn")[feature.name].to_numpy() for shop in range(len(SHOPS))])
    assert not np.isinf(values).any()
    if feature.fill == 0:
        assert not np.isnan(values).any()
    known = values[~np.isnan(values)]
    if feature.unit in ("orders", "complaints", "deliveries"):
        assert (known >= 0).all()
        assert (known == np.round(known)).all()
    if feature.unit == "share":
        assert ((known >= 0) & (known <= 1)).all()


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
