"""The audit: the proof holds for churnml's own features, and every kind of planted leak is found."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from churnml.data.contract import TABLES
from churnml.data.counterfactual import Counterfactual, counterfactuals
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.data.suspects import find_suspects
from churnml.features.audit import audit
from churnml.features.family import Aggregate, Family, Source, count, total
from churnml.features.sources import ORDERS
from tests.random_shop import Maker, Tables

pytestmark = pytest.mark.slow

DAY = date(2025, 1, 1)
NOW = pd.Timestamp(DAY)


@pytest.fixture
def tables() -> Tables:
    return Maker(4, DAY, 60).tables()


def signs_of(tables: Tables, table: str, column: str) -> str:
    suspects = find_suspects(read(tables), DAY)
    (suspect,) = [suspect for suspect in suspects if (suspect.table, suspect.column) == (table, column)]
    return " ".join(suspect.signs)


def test_nothing_of_churnml_knows_the_future(tables: Tables) -> None:
    report = audit(read(tables), DAY)
    assert report.holds
    assert report.customers > 20
    assert [trial.changed_features for trial in report.trials] == [{}] * 3
    for trial in report.trials:
        assert set(trial.changed_rows) >= {"orders", "complaints", "deliveries", "visits"}, (
            "there was a future to change"
        )
    assert report.suspects == []
    assert set(report.unrecorded) == set(tables)


@pytest.fixture(scope="module")
def futures() -> tuple[Shop, list[Counterfactual]]:
    """The shop, and those with another future."""
    shop = read(Maker(4, DAY, 60).tables())
    return shop, list(counterfactuals(shop, DAY))


@pytest.mark.parametrize("name", list(TABLES))
def test_every_counterfactual_differs_in_every_table_and_only_later(
    name: str, tables: Tables, futures: tuple[Shop, list[Counterfactual]]
) -> None:
    shop, others = futures
    before = History(shop, DAY).table(name).order_by(*TABLES[name].key).to_pandas()
    for other in others:
        after = History(other.shop, DAY).table(name)[list(before)].order_by(*TABLES[name].key).to_pandas()
        pd.testing.assert_frame_equal(before, after)
        everything = other.shop.tables[name].to_pandas().astype(str)[list(tables[name])]
        original = shop.tables[name].to_pandas().astype(str)[list(tables[name])]
        one, another = (table.sort_values(list(table), ignore_index=True) for table in (everything, original))
        assert name == "customers" or not one.equals(another)


# --- planted leaks -------------------------------------------------------------------------------------------------


def test_a_status_that_is_updated_later_is_found(tables: Tables) -> None:
    arrived = tables["deliveries"].set_index("order_id")["delivered_at"].reindex(tables["orders"]["order_id"])
    tables["orders"]["status"] = np.where(arrived.notna(), "delivered", "shipped")
    signs = signs_of(tables, "orders", "status")
    assert "without delivered_at on that day it tells apart those that got one later" in signs
    assert audit(read(tables), DAY, families=["frequency", "delivery"]).holds, "it is not read"


def test_a_flag_of_resolution_is_found(tables: Tables) -> None:
    tables["complaints"]["is_resolved"] = tables["complaints"]["resolved_at"].notna()
    signs = signs_of(tables, "complaints", "is_resolved")
    assert "without resolved_at on that day" in signs


@pytest.mark.parametrize("what", ["orders", "amount"])
def test_a_total_of_a_life_is_found(what: str, tables: Tables) -> None:
    ever = tables["orders"].groupby("customer_id")["amount"].agg(["size", "sum"])["size" if what == "orders" else "sum"]
    tables["customers"]["lifetime"] = tables["customers"]["customer_id"].map(ever).fillna(0)
    expected = "number of orders" if what == "orders" else "amount"
    signs = signs_of(tables, "customers", "lifetime")
    assert f"it is the customer's {expected} over all of time" in signs


def test_a_total_of_the_past_is_no_leak(tables: Tables) -> None:
    past = tables["orders"][tables["orders"]["ordered_at"] < NOW]
    known = past.groupby("customer_id")["amount"].sum()
    tables["customers"]["spent_before"] = tables["customers"]["customer_id"].map(known).fillna(0)
    assert signs_of(tables, "customers", "spent_before") == ""


def test_an_attribute_that_is_updated_later_is_found(tables: Tables) -> None:
    stay_away = tables["orders"]["customer_id"].isin([f"c{number:02d}" for number in range(0, 60, 3)])
    tables["orders"] = tables["orders"][~stay_away | (tables["orders"]["ordered_at"] < NOW)]
    back = set(tables["orders"].loc[tables["orders"]["ordered_at"] >= NOW, "customer_id"])
    tables["customers"]["segment"] = np.where(tables["customers"]["customer_id"].isin(back), "loyal", "lost")
    assert "it tells who ordered on that day or later" in signs_of(tables, "customers", "segment")


def test_an_attribute_drawn_at_random_has_no_sign(tables: Tables) -> None:
    tables["customers"]["city"] = np.random.default_rng(1).choice(["a", "b", "c"], len(tables["customers"]))
    (suspect,) = find_suspects(read(tables), DAY)
    assert (suspect.table, suspect.column, suspect.read, suspect.signs) == ("customers", "city", True, ())


# --- planted features ----------------------------------------------------------------------------------------------


def feature(name: str, source: Source, **changes: object) -> Aggregate:
    made = {"unit": "orders", "describe": name, "sentence": "{value}", "reduce": count(), "fill": 0}
    return Aggregate(name=name, source=source, **{**made, **changes})


def test_a_feature_that_goes_round_the_history_is_found(tables: Tables) -> None:
    everything = Source("everything", table="orders", event_time="ordered_at", rows=lambda h: h.shop.tables["orders"])
    fair = feature("fair_orders", ORDERS)
    planted = Family("planted", "pace", False, (feature("orders_ever", everything), fair))
    report = audit(read(tables).with_family(planted), DAY, families=["planted", "frequency"])
    assert not report.holds
    assert set(report.trials[0].changed_features) == {"orders_ever"}
    assert set(report.trials[1].changed_features) == {"orders_ever"}
    assert report.trials[0].changed_features["orders_ever"] > 10


def test_a_feature_of_an_attribute_without_a_known_time_is_found(tables: Tables) -> None:
    tables["customers"]["points_now"] = 5
    customers = Source(
        "customers",
        table="customers",
        event_time="signed_up_at",
        rows=lambda h: h.table("customers").mutate(points_now=lambda t: t.points_now.cast("decimal(18,4)")),
    )
    points = feature("points_now", customers, unit="points", reduce=total("points_now"), needs=("points_now",))
    planted = Family("planted", "pace", False, (points,))
    report = audit(read(tables).with_family(planted), DAY, families=["planted", "frequency"])
    assert not report.holds
    assert [set(trial.changed_features) for trial in report.trials] == [set(), set(), set(), {"points_now"}]
    assert report.trials[-1].name == "attributes of customers updated (points_now)"


def test_an_attribute_with_recorded_at_is_taken_at_its_word(tables: Tables) -> None:
    # Known only after the day: the row itself is not visible.
    tables["customers"] = tables["customers"].assign(vip=True, recorded_at=NOW + timedelta(days=1))
    shop = read(tables)
    assert History(shop, DAY).table("customers").count().to_pandas() == 0
    assert "customers" not in audit(shop, DAY, families=["frequency"]).unrecorded


def test_a_day_near_the_end_still_gives_a_report() -> None:
    few = {
        "orders": pd.DataFrame(
            {
                "order_id": [1, 2],
                "customer_id": "a",
                "ordered_at": ["2025-01-01", "2025-02-01"],
                "amount": 1,
                "note": "x",
            }
        )
    }
    report = audit(read(few), "2025-02-01")
    assert report.holds
    assert find_suspects(read(few), date(2025, 2, 1))[0].signs == ()
