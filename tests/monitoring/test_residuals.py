"""The residual scan: quiet where the model is right, loud where a relation changed, and it says for whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnml.monitoring.residuals import Judged, Scan, scan
from churnml.statistics.logodds import logit, sigmoid


def judged(n: int = 3_000, changed: float = 0.0, missed: float = 0.0, seed: int = 0, off: float = 0.0) -> Judged:
    """Draw customers; ``changed`` is added to the log-odds of those whose discount has just ended, of whom it is not
    said, and ``missed`` to those of few orders."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "days_since_discount": np.where(rng.random(n) < 0.5, np.nan, rng.integers(0, 100, n)),
            "orders": rng.poisson(3, n).astype(float),
            "noise": rng.normal(size=n),
        }
    )
    p = rng.beta(2, 3, n)
    ended = (X["days_since_discount"] < 20).to_numpy()
    truth = sigmoid(logit(p) + changed * ended + missed * (X["orders"] < 3).to_numpy() + off)
    return Judged(
        X=X,
        churned=(rng.random(n) < truth).astype(float),
        logodds=logit(p),
        weights=np.ones(n),
        hashes=rng.random(n),
    )


def test_it_is_quiet_where_the_model_is_right_even_at_another_level() -> None:
    quiet = [scan(judged(seed=seed, off=0.7)).z for seed in range(20)]
    assert np.median(quiet) < 2.5
    assert max(quiet) < 5


def test_it_finds_the_customers_for_whom_the_relation_changed() -> None:
    loud = scan(judged(changed=2.0))
    assert loud.z > 6
    assert loud.seen > loud.said + 0.2
    # A tenth of 3,000: 20 of 100 days, of half of them.
    assert 150 < loud.customers < 450
    conditions = {(name, side): number for name, side, number in loud.path}
    assert list(conditions) == [("days_since_discount", "<=")]
    assert conditions["days_since_discount", "<="] == pytest.approx(19.5, abs=4)


def test_what_was_missed_a_year_before_is_no_news() -> None:
    now, before = judged(missed=1.2, seed=1), judged(missed=1.2, seed=2)
    assert scan(now).z > 6
    assert abs(scan(now, before).z) < min(5, scan(now).z / 2)
    both = judged(missed=1.2, changed=2.0, seed=1)
    assert scan(both, before).z > 6


def test_where_nothing_was_missed_a_year_before_nothing_is_subtracted_but_chance_is_not_added() -> None:
    pairs = [(judged(seed=seed), judged(seed=100 + seed)) for seed in range(20)]
    alone, less = (np.array([scan(*one).z for one in some]) for some in ([(now,) for now, _ in pairs], pairs))
    assert np.median(less) == pytest.approx(np.median(alone), abs=0.5)
    assert less.max() < 5


def test_those_without_weight_do_not_count_and_few_are_not_scanned() -> None:
    changed = judged(changed=2.0)
    ended = (changed.X["days_since_discount"] < 20).to_numpy()
    without = Judged(
        X=changed.X,
        churned=changed.churned,
        logodds=changed.logodds,
        weights=np.where(ended, 0.0, 1.0),
        hashes=changed.hashes,
    )
    assert scan(without).z < 5
    assert np.isnan(scan(judged(n=200)).z)
    assert scan(judged(n=200)) == Scan(z=pytest.approx(np.nan, nan_ok=True))
