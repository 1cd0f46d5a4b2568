"""No number comes from the future: what is known on or after a day changes nothing that was said of it before.

Shops that differ only in rows, edits, deletions and recording times at or after a day are told apart by nothing: not
by features (churnml's own, a shop's own and supplied ones), a training as of the day, the ranking with its reasons,
stories and changes since an earlier list, key figures, advice on the horizon, or labels whose window has ended.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.horizon import advise_horizon
from churnml.analytics.overview import analyse
from churnml.config import Config, FeatureSettings, SnapshotSettings, TrainingSettings
from churnml.data.history import History
from churnml.data.population import exclusions, labels
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.data.simulator import simulate
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features
from churnml.features.family import Aggregate, Family, Source, count
from churnml.models.artefact import with_version
from churnml.models.model import Model
from churnml.scoring.scorer import Scorer
from churnml.tracking.trainer import Trainer
from tests.conftest import Once
from tests.other_future import RECORDED, recorded, unknown, with_no_future, with_other_future
from tests.random_shop import Tables
from tests.servers import load_postgres

DAY = date(2024, 12, 1)
EARLIER = DAY - timedelta(days=30)
NOW = pd.Timestamp(DAY)
KINDS = {
    "no_order": ChurnDefinition(horizon_days=60),
    "with lead days": ChurnDefinition(horizon_days=45, lead_days=14),
    "spend_drop": ChurnDefinition(horizon_days=60, kind="spend_drop"),
    "subscription_end": ChurnDefinition(horizon_days=60, kind="subscription_end"),
}
FUTURES: dict[str, Callable[[Tables, pd.Timestamp], Tables]] = {"none": with_no_future, "another": with_other_future}
TINY = Config(
    snapshots=SnapshotSettings(every_days=60, at_most=5),
    training=TrainingSettings(candidates=["recency_rule", "rfm_logistic", "lightgbm"], folds=1, bootstrap_draws=20),
)
# Kinds differ in labels and in who is eligible: one of them learns from every feature, the others from a few families.
FEW = Config(
    features=FeatureSettings(families=["recency", "frequency", "monetary", "delivery", "subscriptions", "own"]),
    snapshots=TINY.snapshots,
    training=TINY.training,
)
FAMILY_OF = {"orders": "frequency", "deliveries": "delivery"}

every_kind = pytest.mark.parametrize("kind", list(KINDS))
every_future = pytest.mark.parametrize("future", list(FUTURES))


@pytest.fixture(scope="module")
def tables(once: Once) -> Tables:
    """The tables of a shop of 300 customers, all of whom subscribe, and end it some months after their last order."""
    folder = once("future", lambda folder: simulate(folder, customers=300, seed=5, kind="textbook"))
    made = {path.stem: pd.read_parquet(path) for path in sorted(Path(folder).glob("*.parquet"))}
    orders = made["orders"].groupby("customer_id")["ordered_at"]
    plans = pd.DataFrame({"started_at": orders.min(), "cancelled_at": orders.max() + pd.Timedelta(days=130)})
    plans["cancelled_at"] = plans["cancelled_at"].where(plans["cancelled_at"] < pd.Timestamp("2025-07-01"))
    plans = plans.reset_index().assign(plan="box", price=9, cancel_reason="too dear", ended_at=pd.NaT)
    plans["cancel_reason"] = plans["cancel_reason"].where(plans["cancelled_at"].notna())
    made["subscriptions"] = plans.assign(subscription_id=plans["customer_id"].astype("str"))
    made["orders"]["order_id"] = made["orders"]["order_id"].astype("str")
    return recorded(made, NOW)


@pytest.fixture(scope="module")
def shops(tables: Tables) -> Callable[[str], Shop]:
    """Gives the shop, or one with another future."""

    @cache
    def shop_of(future: str) -> Shop:
        shop = read(tables if future == "as it came" else FUTURES[future](tables, NOW))
        return shop.with_family(own_family())

    return shop_of


def own_family() -> Family:
    """A family of the shop's own, which reads its table as everybody does."""
    visits = Source("own_visits", table="visits", event_time="visited_at", rows=lambda history: history.table("visits"))
    long = Aggregate(
        name="visits_long_90d",
        unit="visits",
        describe="Visits of the last 90 days with five pages or more",
        source=visits,
        reduce=count(),
        only=lambda visit: visit.pages >= 5,
        window_days=90,
        fill=0,
        sentence="{value} with five pages or more in the last 90 days",
    )
    return Family("own", concept="visits", actionable=False, features=(long,))


@pytest.fixture(scope="module")
def model_of(shops: Callable[[str], Shop]) -> Callable[[str, str], Model]:
    """Trains a tiny model of a kind on a shop, as of the day."""

    @cache
    def train(kind: str, future: str) -> Model:
        model = Trainer(KINDS[kind], TINY if kind == "no_order" else FEW, track=False).train(shops(future), DAY).model
        assert model is not None, "the shop has something to learn"
        return with_version(model)

    return train


def assert_same(found: object, expected: object) -> None:
    """Compare to the last bit, whatever it is made of."""
    assert type(found) is type(expected)
    if isinstance(found, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    elif isinstance(found, pd.Series):
        pd.testing.assert_series_equal(found, expected, check_exact=True)
    elif isinstance(found, dict):
        assert list(found) == list(expected)
        for name in found:
            assert_same(found[name], expected[name])
    elif dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            assert_same(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(found, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == expected or (found != found and expected != expected)


# --- the shops really differ ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_other_futures_change_every_table(tables: Tables) -> None:
    for make in FUTURES.values():
        other = make(tables, NOW)
        assert set(other) == set(tables)
        for name, table in tables.items():
            late = unknown(tables, name, NOW)
            assert late.any(), name
            assert not late.all(), name
            columns = [column for column in table if column != RECORDED]
            assert not table[columns].astype(str).equals(other[name].reindex(columns=columns).astype(str)), name
    other = with_other_future(tables, NOW)
    assert other["orders"]["ordered_at"].min() < tables["orders"]["ordered_at"].min() - pd.Timedelta(days=100)
    assert other["customers"]["customer_id"].str.startswith("new-").any()
    assert any(other["complaints"]["topic"] == "another")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["orders", "deliveries", "complaints", "returns", "reviews", "visits", "rewards"])
def test_a_table_whose_recording_is_not_heeded_is_found_out(name: str, tables: Tables) -> None:
    """The laws below can fail: with rows taken for known whenever they were recorded, features differ."""
    leaky = []
    for shop in (tables, with_other_future(tables, NOW)):
        known = {other: table for other, table in shop.items() if other in ("orders", "deliveries", name)}
        leaky.append(read(known | {name: known[name].drop(columns=RECORDED)}))
    one, other = (build_features(shop, DAY, families=[FAMILY_OF.get(name, name)]) for shop in leaky)
    assert not one.equals(other)


# --- the laws ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@every_kind
def test_features_know_nothing_of_the_future(kind: str, shops: Callable[[str], Shop]) -> None:
    expected = build_features(shops("as it came"), DAY, KINDS[kind])
    assert len(expected) > 50
    assert expected["visits_long_90d"].any()
    for future in FUTURES:
        assert_same(build_features(shops(future), DAY, KINDS[kind]), expected)


@pytest.mark.slow
def test_supplied_features_know_nothing_of_the_future(shops: Callable[[str], Shop], tables: Tables) -> None:
    customers = tables["customers"]["customer_id"]
    days = [pd.DataFrame({"customer_id": customers, "snapshot_date": day}) for day in (EARLIER, DAY)]
    supplied = pd.concat(days, ignore_index=True)
    supplied["seen_at"] = pd.to_datetime(supplied["snapshot_date"]) - pd.Timedelta(hours=1)
    supplied["mood"] = np.arange(len(supplied)) * 0.5
    later = supplied.assign(snapshot_date=DAY + timedelta(days=30), mood=-1.0).drop_duplicates("customer_id")
    later["seen_at"] = pd.to_datetime(later["snapshot_date"]) - pd.Timedelta(hours=1)
    one = shops("as it came").supply(supplied, family="mood", known_at="seen_at")
    other = shops("another").supply(pd.concat([later, supplied]), family="mood", known_at="seen_at")
    families = ["recency", "mood", "own"]
    expected = build_features(one, DAY, families=families)
    assert expected["mood"].notna().all()
    assert_same(build_features(other, DAY, families=families), expected)


@pytest.mark.slow
@every_future
@every_kind
def test_labels_and_exclusions_of_an_ended_window_stay(kind: str, future: str, shops: Callable[[str], Shop]) -> None:
    definition = KINDS[kind]
    for ago in (definition.reach_days, definition.reach_days + 100):
        then = DAY - timedelta(days=ago)
        expected = labels(shops("as it came"), then, definition, DAY)
        assert expected.nunique() == 2
        assert_same(labels(shops(future), then, definition, DAY), expected)
    found, expected_counts = (exclusions(History(shops(name), DAY), definition) for name in (future, "as it came"))
    assert found == expected_counts


@pytest.mark.slow
@every_kind
def test_key_figures_know_nothing_of_the_future(kind: str, shops: Callable[[str], Shop]) -> None:
    expected = analyse(shops("as it came"), DAY, KINDS[kind])
    for future in FUTURES:
        assert_same(analyse(shops(future), DAY, KINDS[kind]), expected)


@pytest.mark.slow
def test_advice_on_the_horizon_knows_nothing_of_the_future(shops: Callable[[str], Shop]) -> None:
    expected = advise_horizon(shops("as it came"), ChurnDefinition(), DAY)
    for future in FUTURES:
        assert_same(advise_horizon(shops(future), ChurnDefinition(), DAY), expected)


@pytest.mark.slow
@every_kind
def test_a_training_as_of_the_day_is_the_same(kind: str, model_of: Callable[[str, str], Model]) -> None:
    one, other = model_of(kind, "as it came"), model_of(kind, "another")
    assert other.card == one.card
    assert other.version == one.version, "the hash of all files of the artefact"


@pytest.mark.slow
@every_kind
def test_a_ranking_its_stories_and_changes_are_the_same(
    kind: str, shops: Callable[[str], Shop], model_of: Callable[[str, str], Model]
) -> None:
    scorer = Scorer(model_of(kind, "as it came"))
    said = []
    for name in ("as it came", "another"):
        before = scorer.rank(shops(name), EARLIER, in_sample=True)
        places = before.worklist().set_index("customer_id")["list_rank"]
        earlier = before.frame.assign(list_rank=before.frame["customer_id"].map(places))
        ranking = scorer.rank(shops(name), DAY, earlier=earlier)
        customers = list(ranking.frame["customer_id"][::10])
        said.append(
            {
                "earlier": earlier,
                "ranking": ranking.frame,
                "work list": ranking.worklist(),
                "excluded": ranking.excluded,
                "changes": ranking.changes,
                "stories": ranking.stories(customers),
                "explanation": ranking.explain(customers[0]),
                "stability": ranking.stability(customers),
            }
        )
    assert len(said[0]["ranking"]) > 50
    assert len(said[0]["changes"]) > 0
    assert sum(map(len, (story.events for story in said[0]["stories"].values()))) > 100
    assert_same(said[1], said[0])


@pytest.mark.slow
def test_postgres_knows_nothing_of_the_future_either(
    postgres: str, tables: Tables, shops: Callable[[str], Shop]
) -> None:
    other = read(load_postgres(postgres, "future", with_other_future(tables, NOW))).with_family(own_family())
    definition = KINDS["with lead days"]
    expected = build_features(shops("as it came"), DAY, definition)
    found = build_features(other, DAY, definition)
    assert list(found) == list(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    then = DAY - timedelta(days=definition.reach_days)
    one, another = (labels(shop, then, definition, DAY) for shop in (shops("as it came"), other))
    pd.testing.assert_series_equal(another, one, check_index_type=False)
