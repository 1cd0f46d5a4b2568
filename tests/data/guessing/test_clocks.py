"""A day and a clock in two columns: which belong together, and how both are written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from churnml.data.guessing.evidence import Source
from churnml.data.guessing.propose import propose
from tests.data.guessing.test_propose import DAYS, orders


def time_of(**more: Sequence[str]) -> tuple[str, dict[str, object] | None]:
    """Return the source's column for the time of an order, and its setting."""
    proposal = propose(Source(tables=[orders(**more)]))
    assert proposal.questions == []
    (column,) = [column for column in proposal.tables[0].columns if column.name == "ordered_at"]
    return column.source.name, dict(column.setting) if column.setting else None


@pytest.mark.parametrize(
    ("name", "clocks", "form"),
    [
        ("Uhrzeit", ["09:05", "17:30", "00:00", "23:59"], "%H:%M"),
        ("Bestellzeit", ["9:05:07", "17:30:00", "0:00:00", "23:59:59"], "%H:%M:%S"),
        ("Order Time", ["9:05 AM", "5:30 PM", "12:00 AM", "11:59 PM"], "%I:%M %p"),
        ("Hour", ["9", "17", "0", "23"], "%H"),
        ("Saat", ["09", "17", "00", "23"], "%H"),
    ],
)
def test_a_clock_in_a_column_of_its_own(name: str, clocks: Sequence[str], form: str) -> None:
    setting = {"from": ["Bestelldatum", name], "date_format": f"%d.%m.%Y {form}"}
    assert time_of(**{name.replace(" ", "_"): clocks}) == (f"Bestelldatum, {name}", setting)


@pytest.mark.parametrize(
    "more",
    [
        {"Uhrzeit": ["09:05", "17:30", "", "23:59"][:3]},  # one is missing
        {"Hour": ["9", "17", "24", "3"]},  # no day has an hour 24
        {"Hour": ["9", "1.5", "2", "3"]},
        {"Tage": ["9", "17", "0", "23"]},  # days are no hours
        {"Uhrzeit": ["09:05"] * 4, "Time": ["10:05"] * 4},  # two that are alike
        {"Lieferung": ["09:05", "17:30", "00:00", "23:59"]},  # of something else
        {"Bestelldatum": [f"{day} 10:00" for day in DAYS], "Uhrzeit": ["09:05"] * 4},  # the day has one
    ],
)
def test_no_clock_is_guessed(more: dict[str, Sequence[str]]) -> None:
    assert time_of(**more) == ("Bestelldatum", None)


def test_days_of_iso_take_a_clock_too() -> None:
    days = ["2025-01-13", "2025-02-14", "2025-03-15", "2025-04-16"]
    setting = {"from": ["Bestelldatum", "Uhrzeit"], "date_format": "%Y-%m-%d %H:%M"}
    assert time_of(Bestelldatum=days, Uhrzeit=["09:05"] * 4)[1] == setting
    machine = [f"{day}T00:00:00.000000" for day in days]
    assert time_of(Bestelldatum=machine, Uhrzeit=["09:05"] * 4)[1] == setting
