"""Level: which share of the shop's customers left, as far as is known on the snapshot; the same for all of them.

Candidates do not see it, for it tells snapshots apart and not customers. A model whose level follows the shop's own
reads it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from churnml.data.history import History
from churnml.data.population import Churned, count_churned
from churnml.definition import ChurnDefinition
from churnml.features.family import Derived, Family

_YEAR_DAYS = 365


def newest(history: History, definition: ChurnDefinition) -> Churned | None:
    """Count who churned of the newest day whose outcome is known; None where nobody was eligible."""
    return count_churned(history, definition.reach_days, definition)


def last_year(history: History, definition: ChurnDefinition) -> Churned | None:
    """Count who churned of the day a year (365 days) before; None where it is not known or nobody was eligible."""
    return count_churned(history, _YEAR_DAYS, definition)


def first_weeks(history: History, definition: ChurnDefinition) -> Churned | None:
    """Count who has not come back yet, of the newest day of whose window the first weeks are known."""
    return count_churned(history, definition.first_weeks.reach_days, definition.first_weeks)


def share(found: Churned) -> NDArray[np.float64]:
    """Return the share who churned, half a customer added on both sides: all or none may have left."""
    return np.asarray((found.churned + 0.5) / (found.customers + 1))


FAMILY = Family(
    name="level",
    concept="level",
    actionable=False,
    features=(
        Derived(
            name="shop_churned_share_newest",
            unit="share",
            describe=(
                "Share who left of the shop's customers who were eligible on the newest day whose outcome is known, "
                "half a customer added on both sides"
            ),
            inputs=(),
            fit=newest,
            compute=share,
        ),
        Derived(
            name="shop_churned_share_last_year",
            unit="share",
            describe=(
                "Share who left of the shop's customers who were eligible a year (365 days) ago, half a customer added "
                "on both sides"
            ),
            inputs=(),
            fit=last_year,
            compute=share,
        ),
        Derived(
            name="shop_churned_share_partial",
            unit="share",
            describe=(
                "Share who had not come back yet of the shop's customers who were eligible on the newest day of whose "
                "window the first third, in whole weeks, is known, half a customer added on both sides"
            ),
            inputs=(),
            fit=first_weeks,
            compute=share,
        ),
    ),
)
