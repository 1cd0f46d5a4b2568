"""The groups of a ranking, counted."""

from __future__ import annotations

from typing import Any

from churnml.analytics.risk_groups import GROUPS
from churnml.data.stored_rows import StoredRows

_HIGH = ("very high", "high")  # leaving is likelier than staying


def total_groups(rows: StoredRows) -> dict[str, dict[str, Any]]:
    """Add up the groups of a ranking.

    Parameters
    ----------
    rows : StoredRows
        ``group``, ``risk_band`` and ``value_at_risk`` of all customers.

    Returns
    -------
    dict of str to dict
        By group: ``customers``, ``at_high_risk`` (those of them who are likelier to leave than to stay) and
        ``value_at_risk`` in money.
    """
    counts, totals = rows.counts("group", "risk_band"), rows.totals("value_at_risk", "group")
    return {
        group: {
            "customers": int(sum(count for values, count in counts.items() if values[0] == group)),
            "at_high_risk": int(sum(counts.get((group, band), 0) for band in _HIGH)),
            "value_at_risk": totals.get(group, 0.0),
        }
        for group in GROUPS
    }
