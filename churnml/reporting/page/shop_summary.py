"""The summary of a shop: all that the page shows of an overview, as JSON-ready values."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnml.analytics.groups import by_difference
from churnml.analytics.kpis import UNITS_OF
from churnml.analytics.overview import Overview
from churnml.analytics.segments import segment_rules
from churnml.plain import plain

_COHORTS = 13
_MONTHS = 12


def summarise_shop(overview: Overview) -> dict[str, Any]:
    """Summarise the figures of a shop for the page.

    Parameters
    ----------
    overview : Overview
        Figures of the shop.

    Returns
    -------
    dict
        JSON-ready values: each table of the overview as records (of the cohorts the 13 newest and 12 months), with
        dates as text and null for what is not known. No customer is named.
    """
    cohorts = overview.cohorts
    newest = sorted(cohorts["cohort"].unique())[-_COHORTS:]
    shown = cohorts[cohorts["cohort"].isin(newest) & cohorts["month"].between(0, _MONTHS) & cohorts["is_complete"]]
    tables = overview.tables() | {"cohorts": shown, "groups": by_difference(overview.groups)}
    del tables["fault_customers"]
    return {
        "snapshot_date": overview.snapshot_date.isoformat(),
        "horizon_days": overview.definition.horizon_days,
        "units": dict(UNITS_OF),
        "rules": segment_rules(),
        **{name: _records(table) for name, table in tables.items()},
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _value(value) for name, value in row.items()} for row in table.astype(object).to_dict("records")
    ]


def _value(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.isoformat()[:10] if hasattr(value, "isoformat") else plain(value)
