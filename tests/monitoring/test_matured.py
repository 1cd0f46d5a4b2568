"""Past lists against what happened."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.ledger import empty
from churnml.errors import InputError
from churnml.monitoring.left_alone import effective_size, weigh
from churnml.monitoring.matured import COLUMNS, judge_lists, read_past_lists
from churnml.statistics.metrics import auroc, lift_at, log_loss
from tests.monitoring.past import END, FIRST, make_arms, make_past


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("past")


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    shop = make_past(folder, listed_stay=0.6)
    return judge_lists(read_past_lists(shop, folder, make_arms(folder), END, {}))


def test_the_left_alone_show_what_would_have_happened(table: pd.DataFrame) -> None:
    assert list(table.columns) == list(COLUMNS)
    whole = table[table["segment"] == "all"].set_index(["snapshot_date", "group"])
    for day in (FIRST, FIRST + timedelta(days=30)):
        alone, everybody = whole.loc[(day, "left alone")], whole.loc[(day, "all")]
        assert alone["basis"] == "ledger"
        # The listed, whom a contact often kept, make all look better than it was said: the left alone do not.
        assert everybody["seen"] < everybody["said"] - 0.03
        assert alone["seen"] == pytest.approx(alone["said"], abs=0.05)
        assert alone["said"] == pytest.approx(everybody["said"], abs=0.02)
        assert alone["level_low"] < alone["level_error"] < alone["level_high"]
        assert alone["auroc"] == pytest.approx(alone["auroc_expected"], abs=0.05)
        assert alone["auroc_low"] < alone["auroc"] < alone["auroc_high"]
        assert alone["gain_99"] < alone["gain_low"] < alone["gain"] < alone["gain_high"] < 0
        # 800 were never in reach, half of 200 were held out and count twice.
        held = whole.loc[(day, "held out"), "customers"]
        assert alone["customers"] == 800 + held
        assert alone["effective"] == pytest.approx((800 + 2 * held) ** 2 / (800 + 4 * held))


def test_figures_of_all_are_those_of_the_metrics(folder: Path, table: pd.DataFrame) -> None:
    shop = make_past(folder.with_name("again"), listed_stay=0.6)
    one = read_past_lists(shop, folder, empty(), END, {})[0]
    y, z = one.rows["churned"].to_numpy(), np.log(one.rows["churn_probability"] / (1 - one.rows["churn_probability"]))
    row = table[(table["group"] == "all") & (table["segment"] == "all")].iloc[0]
    assert row["auroc"] == pytest.approx(auroc(y, z), abs=1e-12)
    assert row["log_loss"] == pytest.approx(log_loss(y, z), abs=1e-9)
    assert row["lift_at_10pct"] == pytest.approx(lift_at(y, z, 100), abs=1e-12)
    assert row["seen"] == y.mean()
    assert (table["group"] == "left alone").sum() == 2 * (1 + 2)  # all, and two segments, of two lists


def test_a_list_whose_window_is_open_is_left_out_and_later_ones_change_no_row(
    folder: Path, table: pd.DataFrame
) -> None:
    shop = make_past(folder.with_name("third"), listed_stay=0.6)
    arms = make_arms(folder)
    earlier = judge_lists(read_past_lists(shop, folder, arms, FIRST + timedelta(days=30), {}))
    pd.testing.assert_frame_equal(earlier, table[table["snapshot_date"] == FIRST].reset_index(drop=True))
    assert read_past_lists(shop, folder, arms, FIRST + timedelta(days=29), {}) == []


def test_outcomes_in_another_order_are_no_better_than_the_rule(folder: Path) -> None:
    shop = make_past(folder.with_name("fourth"))
    (one, *_) = read_past_lists(shop, folder, empty(), END, {})
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(20):
        one.rows["churned"] = rng.permutation(one.rows["churned"].to_numpy())
        judged = judge_lists([one])
        alarms += judged.loc[judged["group"] == "all", "gain_99"].iloc[0] > 0
    assert alarms == 20


def test_a_level_that_is_off_lies_outside_of_what_was_said(tmp_path: Path) -> None:
    shop = make_past(tmp_path, lists=1, off=1.0)
    table = judge_lists(read_past_lists(shop, tmp_path, make_arms(tmp_path), END, {}))
    alone = table[(table["group"] == "left alone") & (table["segment"] == "all")].iloc[0]
    assert alone["level_error"] > alone["level_high"]
    # The order is as good as before.
    assert alone["gain_high"] < 0


LEDGER = pd.DataFrame(
    {
        "customer_id": ["a", "b", "b", "c", "d", "e"],
        "arm": ["listed", "held out", "held out", "held out", "held out", "listed"],
        "chance": [0.1, 0.1, 0.5, 0.2, 0.25, 0.1],
        "entered_on": [date(2025, 1, day) for day in (1, 1, 2, 10, 31, 1)],
        "arm_until": [date(2025, 4, 1)] * 5 + [date(2025, 1, 10)],
    }
)


def test_weights_are_those_of_the_lot() -> None:
    ranking = pd.DataFrame({"customer_id": list("abcdef"), "list_rank": [1] + [None] * 5, "contactable": True})
    weights, basis = weigh(ranking, LEDGER, date(2025, 1, 10), date(2025, 1, 31))
    # Listed; held out by two lots; by one; not before the window's end; an arm that ran out; never in reach.
    assert weights.tolist() == [0.0, 20.0, 5.0, 1.0, 1.0, 1.0]
    assert basis == "ledger"
    assert effective_size(weights) == pytest.approx(28**2 / (400 + 25 + 3))
    assert effective_size(np.zeros(3)) == 0.0


def test_without_a_holdout_only_those_without_consent_are_judged() -> None:
    ranking = pd.DataFrame(
        {"customer_id": list("abc"), "list_rank": [1, None, None], "contactable": [True, False, None]}
    )
    for ledger in (LEDGER[LEDGER["arm"] == "listed"], LEDGER.iloc[:0]):
        weights, basis = weigh(ranking, ledger, date(2025, 1, 1), date(2025, 1, 31))
        assert (weights.tolist(), basis) == ([0.0, 1.0, 0.0], "no consent")
    weights, basis = weigh(ranking.assign(list_rank=None), LEDGER.iloc[:0], date(2025, 1, 1), date(2025, 1, 31))
    assert (weights.tolist(), basis) == ([1.0, 1.0, 1.0], "nobody listed")


def test_a_list_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    shop = make_past(tmp_path, lists=1)
    path = tmp_path / "lists" / FIRST.isoformat() / "run.json"
    told = json.loads(path.read_text())
    for content in ("", "[]", json.dumps({**told, "definition": {"horizon": 1}})):
        path.write_text(content)
        with pytest.raises(InputError, match=r"run\.json: cannot be read"):
            read_past_lists(shop, tmp_path, empty(), END, {})
