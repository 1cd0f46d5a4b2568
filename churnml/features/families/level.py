"""Level: which share of the shop's customers left, as far as is known on the snapshot; the same for all of them.

Candidates do not see it, for it tells snapshots apart and not customers. A model whose level follows the shop's own
reads it.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from churnml.data.history import History
from churnml.data.population import churn_rate
from churnml.definition import ChurnDefinition
from churnml.features.family import Derived, Family

_YEAR_DAYS = 365


def newest(history: History, definition: ChurnDefinition) -> float | None:
    """Give the churn rate of the newest day whose outcome is known; None where nobody was eligible."""
    return _rate(history, definition, definition.reach_days)


def last_year(history: History, definition: ChurnDefinition) -> float | None:
    """Give the churn rate of the day a year (365 days) before; None where it is not known or nobody was eligible."""
    return _rate(history, definition, _YEAR_DAYS) if definition.reach_days <= _YEAR_DAYS else None


def _rate(history: History, definition: ChurnDefinition, days_before: int) -> float | None:
    today = history.snapshot_date
    return churn_rate(history.shop, today - timedelta(days=days_before), definition, today)


FAMILY = Family(
    name="level",
    concept="level",
    actionable=False,
    features=(
        Derived(
            name="shop_churned_share_newest",
            unit="share",
            describe="Share who left of the shop's eligible customers, on the newest day whose outcome is known",
            inputs=(),
            fit=newest,
            compute=np.asarray,
            en="Of all customers, {value} left lately",
            tr="Tüm müşterilerin {value} kadarı son dönemde ayrıldı",
            speaks_if=lambda value: False,
        ),
        Derived(
            name="shop_churned_share_last_year",
            unit="share",
            describe="Share who left of the shop's customers who were eligible a year (365 days) ago",
            inputs=(),
            fit=last_year,
            compute=np.asarray,
            en="Of all customers, {value} left at this time last year",
            tr="Tüm müşterilerin {value} kadarı geçen yıl bu dönemde ayrıldı",
            speaks_if=lambda value: False,
        ),
    ),
)
