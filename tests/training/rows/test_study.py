"""The study: which candidates so many customers are enough for."""

from __future__ import annotations

from collections.abc import Callable

from churnml.models.candidates import CANDIDATES
from churnml.models.rows import TrainingFrame
from churnml.training.rows.study import compared


def test_below_40_customers_only_simple_candidates_are_compared(
    make_frame: Callable[..., TrainingFrame],
) -> None:
    names = list(CANDIDATES)
    assert compared(names, make_frame(customers=40, snapshots=2)) == names
    assert compared(names, make_frame(customers=39, snapshots=20)) == ["recency_rule", "rfm_logistic"]
    assert compared(["recency_rule", "lightgbm"], make_frame(customers=39, snapshots=2)) == ["recency_rule"]
