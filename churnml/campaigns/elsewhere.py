"""Arms that were drawn elsewhere, as rows of a ledger."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pandas as pd

from churnml.campaigns.ledger import HELD_OUT, check_ledger
from churnml.config import Config
from churnml.errors import InputError


def from_elsewhere(arms: pd.DataFrame, config: Config) -> pd.DataFrame:
    """Make a ledger of arms that were drawn elsewhere: ``customer_id, arm, entered_on`` and what else is known."""
    missing = [name for name in ("customer_id", "arm", "entered_on") if name not in arms]
    if missing:
        raise InputError(
            f"table: has no {', '.join(missing)}. Give customer_id, arm (listed, held out) and entered_on."
        )
    definition = config.definition
    try:
        days = pd.to_datetime(arms["entered_on"]).dt.date
    except (ValueError, TypeError) as error:
        raise InputError(f"table: entered_on holds what is no day ({error}). Write days as 2025-03-01.") from error
    number = pd.Series(np.nan, index=arms.index)
    share = (arms["arm"] == HELD_OUT).groupby(days).transform("mean")
    table = pd.DataFrame(
        {
            "campaign": config.plays.campaign,
            "customer_id": arms["customer_id"].astype("str"),
            "entry_number": 1,
            "entered_on": days,
            "measure_on": [day + timedelta(days=definition.reach_days) for day in days],
            "arm": arms["arm"].astype("str"),
            "chance": pd.to_numeric(arms["chance"]) if "chance" in arms else share,
            "arm_until": [day + timedelta(days=2 * definition.reach_days) for day in days],
            "counted": True,
            "proof": "",
            "churn_probability": pd.to_numeric(arms["churn_probability"]) if "churn_probability" in arms else number,
            "expected_value": number,
            "expected_profit": number,
            "play": pd.Series(pd.NA, index=arms.index, dtype="str"),
            "band": pd.Series(pd.NA, index=arms.index, dtype="str"),
            "play_cost": 0.0,
            "play_offer": 0.0,
            "place": 0,
            "definition": json.dumps(definition.model_dump(mode="json"), sort_keys=True),
        }
    )
    return check_ledger(table, "table")
