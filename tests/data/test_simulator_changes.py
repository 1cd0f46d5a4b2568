"""Shops that change at a day: before it nothing is different, and after it only what the change concerns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from churnml.data.simulator import Change, read_settings, simulate
from churnml.errors import InputError
from tests.conftest import Once, Run

DAY = pd.Timestamp("2023-01-15")
SHOP = {"customers": 1_200, "seed": 3, "kind": "textbook", "jobs": 1}
CHANGES = ("feed", "currency", "segment", "concept")
Shops = Callable[[str], Path]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shops(once: Once) -> Shops:
    """Give the shop of a change, or the one without."""

    def make(folder: Path, what: str) -> None:
        changes = [Change.parse(f"{what}:{DAY:%Y-%m-%d}")] if what else []
        simulate(folder, changes=changes, **SHOP)

    return lambda what: once(f"changed-{what or 'nothing'}", lambda folder: make(folder, what))


def table(shop: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(shop / f"{name}.parquet")


@pytest.mark.parametrize("what", CHANGES)
def test_until_its_day_the_shop_is_the_same(what: str, tmp_path: Path) -> None:
    day = f"{DAY:%Y-%m-%d}"
    simulate(tmp_path / "changed", changes=[Change.parse(f"{what}:{day}")], until=day, **SHOP)
    simulate(tmp_path / "same", until=day, **SHOP)
    files = sorted(path.relative_to(tmp_path / "same") for path in (tmp_path / "same").rglob("*.parquet"))
    assert len(files) > 8
    for file in files:
        if file.parent.name != "truth":  # it names hazards of decisions that fall later
            assert pq.read_table(tmp_path / "changed" / file).equals(pq.read_table(tmp_path / "same" / file)), file


def test_no_delivery_arrives_once_the_feed_has_stopped(shops: Shops) -> None:
    before, after = (table(shops(what), "deliveries") for what in ("", "feed"))
    orders = table(shops("feed"), "orders").set_index("order_id")["ordered_at"]
    assert orders[after["order_id"]].max() < DAY < orders[before["order_id"]].max()
    assert after[["shipped_at", "delivered_at"]].max().max() < DAY
    assert len(after) == (orders[before["order_id"]] < DAY).sum()
    truth = table(shops("feed"), "truth/changed")
    assert set(truth["order_id"]) == set(before["order_id"]) - set(after["order_id"])
    pd.testing.assert_frame_equal(table(shops("feed"), "orders"), table(shops(""), "orders"))


def test_three_in_ten_amounts_are_35_times_as_large(shops: Shops) -> None:
    before, after = (table(shops(what), "orders").set_index("order_id") for what in ("", "currency"))
    truth = table(shops("currency"), "truth/changed")
    concerned = after.index.isin(truth["order_id"])
    for column in ("amount", "discount"):
        times = np.where(concerned, 35, 1)
        assert (after[column].astype(float) == (100 * before[column].astype(float)).round() * times / 100).all()
    later = before["ordered_at"] >= DAY
    assert not concerned[~later].any()
    share, orders = concerned[later].mean(), later.sum()
    assert abs(share - 0.3) < 4 * np.sqrt(0.3 * 0.7 / orders)


def test_a_new_segment_comes_on_top_and_buys_once(shops: Shops) -> None:
    before, after = (table(shops(what), "customers") for what in ("", "segment"))
    new = set(after["customer_id"]) - set(before["customer_id"])
    joined = table(shops(""), "truth/customers")["joined_at"]
    assert len(new) == round(0.8 * (joined >= DAY).sum()) > 50
    assert set(table(shops("segment"), "truth/changed")["customer_id"]) == new
    orders = table(shops("segment"), "orders")
    of_new = orders[orders["customer_id"].isin(new)]
    assert of_new["ordered_at"].min() >= DAY
    assert (of_new.groupby("customer_id").size() == 1).mean() > 0.85  # 95 % of those whose next decision has come
    others = orders[~orders["customer_id"].isin(new)].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, table(shops(""), "orders"))


def test_six_in_ten_leave_after_their_discount_has_ended(shops: Shops) -> None:
    before, after = (table(shops(what), "truth/orders").set_index("order_id") for what in ("", "concept"))
    people = table(shops("concept"), "truth/customers").set_index("customer_id")
    decided = after[(after["decided_at"] >= DAY) & after["exposed_price"]]
    # Of whom no order is written any more, the decision is the last.
    last = after.groupby("customer_id")["decided_at"].transform("max")
    left = (decided["decided_at"] == last[decided.index]) & people["left"][decided["customer_id"]].to_numpy()
    assert len(decided) > 200
    # 60 % of the orders without the discount, however late, more only where other hazards add to it.
    assert not before.loc[decided.index.intersection(before.index), "exposed_price"].all()
    assert decided["leave_probability"].min() == pytest.approx(0.6)
    expected = decided["leave_probability"].mean()
    assert abs(left.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(decided))
    truth = table(shops("concept"), "truth/changed")
    turned = truth.set_index("customer_id")["at"]
    assert (people.loc[turned.index, "left_at"] == turned).all()
    assert set(people.loc[turned.index, "cause"]) == {"price"}
    # Everybody else lives as before, to the last row of each table.
    for name in ("orders", "visits", "contacts", "rewards", "complaints"):
        was, is_ = (table(shops(what), name) for what in ("", "concept"))
        others = [rows[~rows["customer_id"].isin(turned.index)].reset_index(drop=True) for rows in (was, is_)]
        pd.testing.assert_frame_equal(*others)
    # And those who left do nothing more.
    for name, column in (("orders", "ordered_at"), ("visits", "visited_at"), ("contacts", "opened_at")):
        rows = table(shops("concept"), name)
        rows = rows[rows["customer_id"].isin(turned.index)]
        assert not (rows[column] >= turned[rows["customer_id"]].to_numpy()).any(), name
    assert len(before) > len(after)


def test_settings_keep_the_changes(shops: Shops) -> None:
    kept = json.loads((shops("concept") / "truth" / "simulation.json").read_text(encoding="utf-8"))
    assert kept["changes"] == [{"day": "2023-01-15", "share": None, "what": "concept"}]
    assert read_settings(shops("concept")).changes == (Change.parse("concept:2023-01-15"),)
    assert read_settings(shops("")).changes == ()


def test_a_share_says_how_strong_a_change_is(tmp_path: Path) -> None:
    changes = [Change.parse(text) for text in ("concept:2023-01-15:0.3", "currency:2023-01-15:0.1")]
    simulate(tmp_path, changes=changes, customers=400, seed=3, kind="textbook", jobs=1)
    assert read_settings(tmp_path).changes == tuple(changes)
    orders = table(tmp_path, "truth/orders")
    after = orders[(orders["decided_at"] >= DAY) & orders["exposed_price"]]
    # The first order without the discount adds .35, and leaves 29.5 % by itself.
    assert after["leave_probability"].min() == pytest.approx(0.3)
    later = table(tmp_path, "orders").query("ordered_at >= @DAY")
    other = set(table(tmp_path, "truth/changed").query("change == 'currency'")["order_id"])
    assert abs(len(other) / len(later) - 0.1) < 4 * np.sqrt(0.1 * 0.9 / len(later))
    assert Change.parse("segment:2023-01-15").strength == 0.8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["concept:2024-07-01:much"], "simulate.change: is 'concept:2024-07-01:much'. Give a number between 0 and 1"),
        (["concept:2024-07-01:1"], "simulate.changes: concept has the share 1.0. Give one between 0 and 1."),
        (["feed:2024-07-01:0.5"], "simulate.changes: feed has no share (received 0.5). Leave it out."),
        (["moon:2024-07-01"], "simulate.change: is 'moon:2024-07-01'. Give one of feed, currency, segment, concept"),
        (["feed:tomorrow"], "simulate.change: is not a day (received 'tomorrow')"),
        (["feed:2024-07-01", "feed:2024-08-01"], "simulate.changes: feed is there twice. Keep one."),
        (
            ["feed:2031-07-01"],
            "simulate.changes: feed is on 2031-07-01, but lives are drawn for 3 years up to 2025-07-01",
        ),
    ],
)
def test_what_is_no_change_is_refused(options: list[str], message: str, run: Run) -> None:
    code, _, err = run("simulate", "--out", "shop", *(part for text in options for part in ("--change", text)))
    assert (code, err[: len(message)]) == (1, message)
    with pytest.raises(InputError, match=re.escape(message)):
        simulate("shop", changes=[Change.parse(text) for text in options])
