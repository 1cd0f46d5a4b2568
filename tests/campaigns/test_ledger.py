"""The ledger: who entered when and in which arm, and that it stays what it is."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnml.campaigns.ledger import (
    COLUMNS,
    check_ledger,
    empty,
    enter,
    identify,
    joined,
    prove,
    read_ledger,
    standing,
    write_ledger,
)
from churnml.config import HoldoutSettings
from churnml.definition import ChurnDefinition
from churnml.errors import InputError

DAY = date(2025, 3, 1)
DEFINITION = ChurnDefinition(horizon_days=60)


def reach(*customers: str, held: str = "", before: str = "", number: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": list(customers),
            "holdout": [name in held for name in customers],
            "place": range(1, len(customers) + 1),
            "counted": [True] * (len(customers) - 1) + [False],
            "entry_number": number,
            "chance": 0.1,
            "explore_chance": float("nan"),
            "arm_before": pd.array([None] * len(customers), dtype="str"),
            "entered": [name not in before for name in customers],
            "churn_probability": 0.6,
            "risk_band": "high",
            "expected_value": 100.0,
            "expected_profit": 7.5,
            "play": "call",
            "play_cost": 5.0,
            "play_offer": 0.0,
        }
    )


def entered(rows: pd.DataFrame, day: date = DAY, **holdout: Any) -> pd.DataFrame:
    return enter(
        rows,
        campaign="retention",
        day=day,
        definition=DEFINITION,
        holdout=HoldoutSettings(**holdout),
        ranked_by="value_at_risk",
        model_version="abc",
        list_id=identify(rows, day, "retention", "abc"),
    )


def test_a_row_says_what_was_known_and_planned() -> None:
    row = entered(reach("a", "b", held="a")).iloc[0]
    assert list(row.index) == list(COLUMNS)
    # 60 days to the outcome, and the arm for twice as long: March has 31 days, April 30, May 31, June 30.
    assert (row.entered_on, row.measure_on, row.arm_until) == (DAY, date(2025, 4, 30), date(2025, 6, 29))
    assert (row.arm, row.chance, row.entry_number, row.counted) == ("held out", 0.1, 1, True)
    assert json.loads(row.definition)["horizon_days"] == 60


def test_an_arm_holds_for_as_long_as_is_set_but_not_shorter_than_the_outcome() -> None:
    def days(**holdout: object) -> int:
        rows = entered(reach("a", "b"), **holdout)
        return (rows.arm_until[0] - DAY).days

    assert days(days=200) == 200
    assert days(days=30) == 60


def test_who_holds_an_arm_gets_no_row_but_belongs_to_the_list() -> None:
    all_new, some = entered(reach("a", "b", "c")), entered(reach("a", "b", "c", before="b"))
    assert some.customer_id.tolist() == ["a", "c"]
    assert set(some.list_id) == set(all_new.list_id)
    assert set(entered(reach("a", "c", "b")).list_id) != set(all_new.list_id)


def test_the_newest_entry_before_a_day_is_where_a_customer_stands() -> None:
    first = entered(reach("a", "b", held="a"))
    second = entered(reach("a", "b", number=2), day=DAY + timedelta(days=120))
    ledger = pd.concat([first, second], ignore_index=True)
    assert standing(ledger, "retention", DAY).empty
    next_day = standing(ledger, "retention", DAY + timedelta(days=1))
    assert next_day.arm.to_dict() == {"a": "held out", "b": "listed"}
    assert next_day.holds.all()
    # Until the arm runs out, and not on that day.
    assert standing(ledger, "retention", DAY + timedelta(days=119)).holds.all()
    assert not standing(ledger, "retention", DAY + timedelta(days=120)).holds.any()
    assert set(standing(ledger, "retention", DAY + timedelta(days=121)).entry_number) == {2}
    assert standing(ledger, "another", DAY + timedelta(days=121)).empty


def test_it_comes_back_from_its_file_and_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    rows = entered(reach("a", "b", "c", held="b"))
    write_ledger(rows, tmp_path / "ledger.parquet")
    pd.testing.assert_frame_equal(read_ledger(tmp_path), rows)
    once = (tmp_path / "ledger.parquet").read_bytes()
    write_ledger(rows.iloc[::-1], tmp_path / "ledger.parquet")
    assert (tmp_path / "ledger.parquet").read_bytes() == once
    pd.testing.assert_frame_equal(read_ledger(tmp_path / "none"), empty())


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.parquet").write_text("no parquet")
    with pytest.raises(InputError, match="cannot be read"):
        read_ledger(tmp_path)
    pd.DataFrame({"customer_id": ["a"]}).to_parquet(tmp_path / "ledger.parquet")
    with pytest.raises(InputError, match="so it is no ledger"):
        read_ledger(tmp_path)
    rows = entered(reach("a", "b"))
    with pytest.raises(InputError) as refused:
        check_ledger(pd.concat([rows, rows.assign(arm="Control", chance=1.0)]))
    assert len(refused.value.failures) == 3


def test_ledgers_are_joined_and_may_not_contradict_each_other() -> None:
    one, other = entered(reach("a", "b")), entered(reach("c", "d"), day=DAY + timedelta(days=7))
    assert len(joined([one, other, one])) == 4
    assert joined([]).empty
    with pytest.raises(InputError, match="different things of one entry, for 1 customers \\(a"):
        joined([one, one.iloc[:1].assign(arm="held out")])


def test_a_change_of_an_arm_shows() -> None:
    rows = entered(reach("a", "b"))
    assert prove(rows, "churnml").tolist() == rows.proof.tolist()
    assert prove(rows.assign(arm="held out"), "churnml").tolist() != rows.proof.tolist()
    assert prove(rows, "another").tolist() != rows.proof.tolist()
