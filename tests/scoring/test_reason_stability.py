from __future__ import annotations

from datetime import date

from churnml.scoring.reason_stability import COLUMNS, compute_stability
from churnml.scoring.reasons import Reason, Told

MAY, JUNE, JULY = date(2025, 5, 1), date(2025, 6, 1), date(2025, 7, 1)


def told(*concepts: str) -> Told:
    staying = (Reason("visits", "5 visits in the last 30 days", "visits_30d", -0.5),)
    return Told(tuple(Reason(concept, "...", "orders_90d", 0.5) for concept in concepts), staying)


def test_a_concept_counts_on_the_days_on_which_she_was_there() -> None:
    days = {
        MAY: {"ann": told("pace"), "bob": told("price")},
        JUNE: {"ann": told("delivery", "pace"), "bob": told()},
        JULY: {"ann": told("delivery", "pace")},  # bob is not eligible any more
    }
    rows = [tuple(row) for row in compute_stability(days).itertuples(index=False)]
    assert rows == [
        ("ann", "pace", 3, 3, 1.0, JULY),
        ("ann", "delivery", 2, 3, 2 / 3, JULY),
        ("bob", "price", 1, 2, 0.5, MAY),
    ]


def test_the_order_of_the_days_changes_nothing() -> None:
    days = {MAY: {"ann": told("pace")}, JUNE: {"ann": told("price")}}
    turned = dict(reversed(days.items()))
    assert compute_stability(days).equals(compute_stability(turned))


def test_where_nothing_was_told_there_are_no_rows() -> None:
    for days in ({}, {MAY: {}}, {MAY: {"ann": told()}}):
        found = compute_stability(days)
        assert found.empty
        assert list(found) == list(COLUMNS)
