"""A campaign on a shop of plain tables: who entered, what was sent, who ordered; its effect is planted."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd

from churnml.campaigns.holdout import draw
from churnml.campaigns.ledger import COLUMNS, check_ledger, prove
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition

FIRST = date(2025, 3, 3)
DEFINITION = ChurnDefinition(horizon_days=30)
END = "2025-09-01"
Tables = dict[str, pd.DataFrame]


def make_ledger(
    a_week: int, weeks: int, *, share: float = 0.1, seed: int = 1, campaign: str = "retention"
) -> pd.DataFrame:
    """Let so many customers enter every week."""
    rng = np.random.default_rng(seed)
    n = a_week * weeks
    days = [FIRST + timedelta(days=7 * (at // a_week)) for at in range(n)]
    frame = pd.DataFrame({"customer_id": [f"c{at:05d}" for at in range(n)], "entry_number": 1, "entered_on": days})
    held = draw(frame.customer_id, frame.entry_number, share, campaign, "churnml")
    frame = frame.assign(
        campaign=campaign,
        measure_on=[day + timedelta(days=30) for day in days],
        arm_until=[day + timedelta(days=60) for day in days],
        arm=np.where(held, "held out", "listed"),
        chance=share,
        counted=True,
        arm_before=pd.array([None] * n, dtype="str"),
        explore_chance=np.nan,
        band="high",
        churn_probability=rng.uniform(0.3, 0.9, n),
        expected_value=100.0,
        expected_profit=1.0,
        play=np.where(np.arange(n) % 2, "call", "mail"),
        play_cost=2.0,
        play_offer=0.0,
        place=np.arange(n) % a_week + 1,
        ranked_by="value_at_risk",
        model_version="m",
        definition=json.dumps(DEFINITION.model_dump(mode="json"), sort_keys=True),
        list_id="l",
    )
    return check_ledger(frame.assign(proof=prove(frame, "churnml"))[list(COLUMNS)])


def make_tables(
    ledger: pd.DataFrame,
    *,
    effect: float = 0.0,
    delivery: float = 1.0,
    contamination: float = 0.0,
    amount: float = 50.0,
    seed: int = 2,
) -> Tables:
    """Make the tables of a shop: everybody ordered before; a contact adds ``effect`` to the probability of leaving."""
    rng = np.random.default_rng(seed)
    n = len(ledger)
    listed = (ledger.arm == "listed").to_numpy()
    sent = rng.random(n) < np.where(listed, delivery, contamination)
    leaves = rng.random(n) < ledger.churn_probability.to_numpy() + np.where(sent, effect, 0.0)
    entered = pd.to_datetime(ledger.entered_on)
    before = pd.DataFrame(
        {
            "order_id": [f"b{at}" for at in range(n)],
            "customer_id": ledger.customer_id,
            "ordered_at": entered - pd.Timedelta(days=40),
            "amount": 20.0,
        }
    )
    after = before.assign(
        order_id=[f"a{at}" for at in range(n)], ordered_at=entered + pd.Timedelta(days=10), amount=amount
    )
    days = pd.date_range(FIRST, END, freq="14D").union(pd.DatetimeIndex([END]))
    others = pd.DataFrame({"order_id": days.astype("str"), "customer_id": "z", "ordered_at": days, "amount": 1.0})
    contacts = pd.DataFrame(
        {
            "contact_id": [f"x{at}" for at in range(n)],
            "customer_id": ledger.customer_id,
            "campaign": ledger.campaign,
            "sent_at": entered + pd.Timedelta(hours=10),
            "offer": ledger.play,
            "cost": 1.5,
        }
    )
    return {"orders": pd.concat([before, after[~leaves], others], ignore_index=True), "contacts": contacts[sent]}


def make_campaign(a_week: int = 300, weeks: int = 4, **planted: float) -> tuple[Shop, pd.DataFrame]:
    """Make a shop and its ledger."""
    ledger = make_ledger(a_week, weeks)
    return read(make_tables(ledger, **planted)), ledger
