"""Lines of the terminal: as wide as it is, and nothing lost."""

from __future__ import annotations

import pytest

from churnml.cli.lines import aligned, fitted, width

ROWS = [["segment", "customers", "churn rate", "average order value"], ["champions", "12", "3%*", "1,200.50"]]


def test_a_table_that_fits_is_as_wide_as_asked() -> None:
    assert aligned(ROWS, [12, 10], at_most=80) == [
        "segment      customers churn rate average order value",
        "champions           12        3%*            1,200.50",
    ]


def test_titles_are_broken_first_and_columns_then_stand_below() -> None:
    # Widths: 9, 9, 5 and 8 letters and two between: 11 + 11 + 7 + 10 = 39.
    assert aligned(ROWS, [20, 20], at_most=39) == [
        "                                average",
        "                        churn     order",
        "segment      customers   rate     value",
        "champions           12    3%*  1,200.50",
    ]
    assert aligned(ROWS, [20, 20], at_most=30) == [
        "                        churn",
        "segment      customers   rate",
        "champions           12    3%*",
        "",
        "              average",
        "                order",
        "segment         value",
        "champions    1,200.50",
    ]


def test_every_cell_is_there_at_any_width() -> None:
    for at_most in range(10, 90):
        words = " ".join(aligned(ROWS, [20, 20], at_most=at_most)).split()
        assert {word for row in ROWS for cell in row for word in cell.split()} <= set(words)


def test_long_lines_are_broken_and_short_ones_are_not() -> None:
    line = "net_revenue_retention: amount in the period of the customers who bought before it"
    for at_most in (30, 80, 81, 82):
        found = fitted(line, at_most)
        assert max(map(len, found)) <= at_most
        assert " ".join(part.strip() for part in found) == line
    assert fitted(line, 82) == [line]


def test_the_width_is_the_terminals_and_none_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert width() == 10_000
    monkeypatch.setenv("COLUMNS", "72")
    assert width() == 72
