"""The data gate: it fails on too few outcomes alone, and warns of what would be taken for leaving."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.models.finding import AskedOfData, Finding
from churnml.models.rows import TrainingFrame
from churnml.training.rows.data_gate import count_orders_per_day, judge_data, refuse
from churnml.words import LANGUAGES
from churnml.words.findings import say_finding

MakeFrame = Callable[..., TrainingFrame]
FIRST = date(2023, 1, 1)
END = date(2025, 1, 1)
DAYS = pd.date_range(FIRST, "2024-12-31")


@pytest.fixture(scope="module")
def healthy(make_frame: MakeFrame) -> TrainingFrame:
    frame = make_frame(customers=800)
    return dataclasses.replace(frame, X=frame.X.drop(columns="delivery_delay_mean_days_180d"))


def orders_of(mean: float = 40.0, seed: int = 0) -> pd.Series:
    return pd.Series(np.random.default_rng(seed).poisson(mean, len(DAYS)), index=DAYS)


def judged(frame: TrainingFrame, orders: pd.Series | None = None, **definition: int) -> dict[str, Finding]:
    given = orders_of() if orders is None else orders
    return {one.name: one for one in judge_data(frame, given, ChurnDefinition(**definition), FIRST, END)}


def not_passed(findings: dict[str, Finding]) -> list[str]:
    return [name for name, finding in findings.items() if finding.grade != "pass"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mean", [0.2, 3.0, 400.0])
def test_a_healthy_shop_passes(healthy: TrainingFrame, seed: int, mean: float) -> None:
    assert not_passed(judged(healthy, orders_of(mean, seed))) == []


def test_a_christmas_season_and_closed_sundays_are_no_jump(healthy: TrainingFrame) -> None:
    season = 1 + 1.2 * (DAYS.month >= 11)
    orders = (orders_of() * season).astype(int)
    orders[DAYS.day_of_week == 6] = 0
    orders[(DAYS.month == 12) & (DAYS.day > 24)] = 0
    orders.iloc[-5:] = 90
    assert not_passed(judged(healthy, orders)) == []


@pytest.mark.parametrize(
    ("churned", "name", "grade"),
    [(49, "churned", "fail"), (50, "churned", "warn"), (499, "churned", "warn"), (500, "churned", "pass")],
)
def test_too_few_outcomes_fail_and_few_warn(healthy: TrainingFrame, churned: int, name: str, grade: str) -> None:
    labels = np.zeros(len(healthy))
    labels[:churned] = 1.0
    few = dataclasses.replace(healthy, churned=labels)
    finding = judged(few)[name]
    assert (finding.grade, finding.number) == (grade, churned)
    turned = judged(dataclasses.replace(healthy, churned=1 - labels))["kept"]
    assert turned.grade == grade
    if grade == "fail":
        with pytest.raises(InputError, match="The shop is too small to learn from: 49 times"):
            refuse(list(judged(few).values()))


def test_few_customers_short_history_and_gaps_in_features_warn(make_frame: MakeFrame) -> None:
    found = judged(make_frame(customers=300), horizon_days=200)
    # 365 + 2 * 200 = 765 days are wanted of 731.
    assert set(not_passed(found)) == {"eligible", "history", "missing"}
    assert found["history"].bound == 765
    assert [one["feature"] for one in found["missing"].examples] == ["delivery_delay_mean_days_180d"]
    assert "(delivery_delay_mean_days_180d 30%)" in say_finding(found["missing"], "en")
    refuse(list(found.values()))


def test_the_end_of_the_data_is_looked_at(healthy: TrainingFrame) -> None:
    stale = orders_of()
    stale.iloc[-10:] = 0
    assert not_passed(judged(healthy, stale)) == ["stale"]
    cut = orders_of()
    cut.iloc[-1] = 5
    found = judged(healthy, cut)
    assert not_passed(found) == ["last day"]
    assert found["last day"].details["day"] == "2025-01-01"
    assert "cut off" in say_finding(found["last day"], "en")


def test_a_gap_and_a_jump_are_named_with_their_day(healthy: TrainingFrame) -> None:
    gap = orders_of()
    gap["2024-03-01":"2024-03-20"] = 0
    found = judged(healthy, gap)
    assert not_passed(found) == ["gaps"]
    assert found["gaps"].examples == ({"days": 20, "usual": 14, "day": "2024-03-01"},)
    assert "1 time without orders: 20 days from Mar 1, 2024, where up to 14 are usual." in say_finding(
        found["gaps"], "en"
    )
    jump = orders_of()
    jump[:"2023-09-30"] //= 5
    found = judged(healthy, jump)
    assert not_passed(found) == ["jumps"]
    # 7 x 8 orders a week before, 7 x 40 after.
    (one,) = found["jumps"].examples
    assert float(one["before"]) == pytest.approx(52, abs=8)
    assert float(one["after"]) == pytest.approx(280, abs=20)
    assert abs(date.fromisoformat(str(one["day"])) - date(2023, 10, 1)).days <= 7


def test_a_week_that_was_loaded_three_times_is_named_with_its_day(healthy: TrainingFrame) -> None:
    odd = orders_of()
    odd["2024-05-01":"2024-05-07"] *= 5  # a whole week, counted back from 2024-12-31
    found = judged(healthy, odd)
    assert not_passed(found) == ["odd weeks"]
    assert (found["odd weeks"].count, found["odd weeks"].examples[0]["day"]) == (1, "2024-05-01")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_a_sentence_with_its_numbers(
    healthy: TrainingFrame, make_frame: MakeFrame, language: str
) -> None:
    bad = orders_of()
    bad[:"2023-09-30"] //= 5
    bad["2024-03-01":"2024-03-20"] = 0
    bad["2024-07-03":"2024-07-09"] *= 5
    stale, short = orders_of(), orders_of()[-20:]
    stale.iloc[-10:] = 0
    cut = orders_of()
    cut.iloc[-1] = 5
    none, all_left = (dataclasses.replace(healthy, churned=np.full(len(healthy), left)) for left in (0.0, 1.0))
    definition = ChurnDefinition()
    given = [
        (healthy, orders_of()),
        (none, bad),
        (all_left, bad),
        (None, stale),
        (make_frame(customers=300), cut),
        (healthy, short),
    ]
    findings = [one for frame, orders in given for one in judge_data(frame, orders, definition, FIRST, END)]
    findings += judge_data(healthy, orders_of(), ChurnDefinition(horizon_days=200), FIRST, END)
    assert {one.name for one in findings} == set(get_args(AskedOfData))
    warned = {one.name for one in findings if one.grade != "pass"}
    assert warned == set(get_args(AskedOfData))
    for finding in findings:
        text = say_finding(finding, language)
        assert not {"{", "}"} & set(text), text
        assert text[0] == text[0].upper()
        assert text.endswith(".")
        assert "None" not in text
        assert (say_finding(finding.model_copy(update={"grade": "pass"}), language) == text) is (
            finding.grade == "pass"
        )
        # What stands in JSON says the same.
        assert say_finding(Finding.from_json(finding.to_json()), language) == text


def test_orders_are_counted_on_every_day_before_the_end() -> None:
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3", "4"],
            "customer_id": ["a", "a", "b", "b"],
            "ordered_at": pd.to_datetime(
                ["2024-01-01 23:59", "2024-01-03 00:00", "2024-01-03 12:00", "2024-01-05 00:00"]
            ),
            "amount": [1.0, 2.0, 3.0, 4.0],
            "cancelled_at": pd.to_datetime([None, "2024-01-04", "2024-01-06", None]),
        }
    )
    # Order 2 was cancelled by the end; 3 is cancelled later, which nobody knows yet; 4 lies on the end itself.
    found = count_orders_per_day(read({"orders": orders}), date(2024, 1, 5))
    assert found.tolist() == [1, 0, 1, 0]
    assert found.index[0] == pd.Timestamp("2024-01-01")
