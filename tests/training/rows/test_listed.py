"""Rows of customers whom lists may have kept: those held out stand for them."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.ledger import HELD_OUT, LISTED
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.models.rows import TrainingFrame, customer_hashes
from churnml.training.rows.listed import without_listed
from churnml.words import LANGUAGES
from churnml.words.findings import say_listed

DEFINITION = ChurnDefinition(horizon_days=30)
DAYS = [np.datetime64("2025-03-01"), np.datetime64("2025-05-01")]


def frame_of(customers: list[str]) -> TrainingFrame:
    """Give each customer a row on both days."""
    ids = [*customers, *customers]
    codes = np.array([sorted(set(ids)).index(name) for name in ids])
    return TrainingFrame(
        X=pd.DataFrame({"x": np.arange(len(ids), dtype=float)}),
        churned=np.arange(len(ids)) % 2.0,
        customers=codes,
        hashes=customer_hashes(pd.Index(ids), 7),
        snapshots=np.repeat(DAYS, len(customers)),
        treated=np.array([name == "h" for name in ids]),
        spend={30: np.arange(len(ids), dtype=float)},
    )


def ledger_of(*entries: tuple[str, str, str, float]) -> pd.DataFrame:
    rows = pd.DataFrame(entries, columns=["customer_id", "arm", "entered_on", "chance"])
    days = pd.to_datetime(rows.entered_on).dt.date
    return rows.assign(campaign="c", entered_on=days, measure_on=[day + timedelta(days=30) for day in days])


def test_held_out_rows_stand_for_those_of_the_listed_by_hand() -> None:
    frame = frame_of(["free", "h", "l"])
    ledger = ledger_of(("h", HELD_OUT, "2025-03-20", 0.25), ("l", LISTED, "2025-03-20", 0.25))
    rows, told = without_listed(frame, ledger, DEFINITION, "reweigh", 7)
    # On March 1 h counts four times and l not at all; the window of May is after both entries.
    assert rows.X["x"].tolist() == [0.0, 1.0, 1.0, 1.0, 1.0, 3.0, 4.0, 5.0]
    assert rows.churned.tolist() == [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0]
    assert rows.spend[30].tolist() == rows.X["x"].tolist()
    assert told is not None
    assert (told.listed, told.held_out, told.treated_held_out, told.cut, told.as_they_ran) == (1, 1, 1, 0, ())
    dropped, _ = without_listed(frame, ledger, DEFINITION, "drop", 7)
    assert dropped.X["x"].tolist() == [0.0, 1.0, 3.0, 4.0, 5.0]
    kept, said = without_listed(frame, ledger, DEFINITION, "keep", 7)
    assert kept is frame
    assert said is not None


@pytest.mark.parametrize(
    ("entered", "belongs"),
    [("2025-03-30", True), ("2025-03-31", False), ("2025-01-30", False), ("2025-01-31", True)],
)
def test_windows_meet_by_half_open_days(entered: str, belongs: bool) -> None:
    # The label window is [March 1, March 31), that of the entry [entered, entered + 30): January 30 ends on March 1.
    ledger = ledger_of(("h", HELD_OUT, entered, 0.5), ("l", LISTED, entered, 0.5))
    _, told = without_listed(frame_of(["free", "h", "l"]), ledger, DEFINITION, "reweigh", 7)
    assert (told is not None) == belongs


def test_several_lots_multiply_and_are_cut_at_twenty() -> None:
    ledger = ledger_of(("h", HELD_OUT, "2025-03-20", 0.25), ("l", LISTED, "2025-03-20", 0.1))
    second = ledger_of(("h", HELD_OUT, "2025-03-21", 0.1)).assign(campaign="d")
    rows, told = without_listed(frame_of(["h", "l"]), pd.concat([ledger, second]), DEFINITION, "reweigh", 7)
    assert (rows.X["x"] == 0.0).sum() == 20  # not 40
    assert told is not None
    assert told.cut == 1


def test_fractions_are_rounded_by_lot_so_that_the_mean_holds() -> None:
    names = [f"h{at}" for at in range(2_000)]
    ledger = ledger_of(*((name, HELD_OUT, "2025-03-20", 0.4) for name in names))
    rows, _ = without_listed(frame_of(names), ledger, DEFINITION, "reweigh", 7)
    counts = np.bincount(rows.customers[rows.snapshots == DAYS[0]])
    assert set(counts) == {2, 3}
    assert counts.mean() == pytest.approx(2.5, abs=0.04)  # 3 s.e. of .5 / sqrt(2000)


def test_where_nobody_was_held_out_rows_stay_or_dropping_is_refused() -> None:
    frame, ledger = frame_of(["free", "l"]), ledger_of(("l", LISTED, "2025-03-20", 0.1))
    rows, told = without_listed(frame, ledger, DEFINITION, "reweigh", 7)
    assert len(rows) == len(frame)
    assert told is not None
    assert told.as_they_ran == ("2025-03-01",)
    with pytest.raises(InputError, match="on 2025-03-01 customers were listed and nobody was held out"):
        without_listed(frame, ledger, DEFINITION, "drop", 7)
    assert without_listed(frame, ledger.iloc[:0], DEFINITION, "drop", 7) == (frame, None)
    for language in LANGUAGES:
        said = {say_listed(told.model_copy(update={"how": how}), language) for how in ("reweigh", "keep", "drop")}
        assert len(said) == 3
        assert all("2025-03-01" in one for one in said)


def test_left_alone_rates_come_back_where_contacts_kept_half() -> None:
    # Sixty in a hundred leave if left alone, thirty if listed; the held out are a tenth.
    rng = np.random.default_rng(1)
    names = [f"c{at}" for at in range(4_000)]
    listed = rng.random(4_000) >= 0.1
    ledger = ledger_of(
        *((name, LISTED if on else HELD_OUT, "2025-03-20", 0.1) for name, on in zip(names, listed, strict=True))
    )
    frame = frame_of(names)
    left = (rng.random(4_000) < np.where(listed, 0.3, 0.6)).astype(float)
    frame = dataclasses.replace(frame, churned=np.concatenate([left, left]))
    rows, _ = without_listed(frame, ledger, DEFINITION, "reweigh", 7)
    assert rows.churned[rows.snapshots == DAYS[0]].mean() == pytest.approx(0.6, abs=0.075)  # 3 s.e. of 400 held out
    assert frame.churned[:4_000].mean() == pytest.approx(0.33, abs=0.03)
