"""Kept lists of a shop of plain tables, whose customers leave with the probability that the lists say."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.campaigns.ledger import empty
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.statistics.logodds import sigmoid
from tests.campaigns.made_campaign import make_ledger

DEFINITION = ChurnDefinition(horizon_days=30)
FIRST = date(2025, 3, 3)
END = date(2025, 7, 1)
STEP = 30


def make_past(
    folder: Path, lists: int = 2, customers: int = 1_000, *, listed_stay: float = 0.0, off: float = 0.0, seed: int = 3
) -> Shop:
    """Keep lists of so many days in a folder, whose first hundred places are worked on, and return the shop.

    ``listed_stay`` is the share of the listed whom a contact keeps, ``off`` what leaving lies above what is said.
    """
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{at:05d}" for at in range(customers)])
    orders = [pd.DataFrame({"customer_id": ids, "ordered_at": pd.Timestamp(FIRST) - pd.Timedelta(days=40)})]
    for number in range(lists):
        day = FIRST + timedelta(days=STEP * number)
        recency = rng.integers(1, 300, customers)
        z = 1.2 * (np.log1p(recency) - 4.5) + rng.normal(0, 1.5, customers)
        p = sigmoid(z)
        in_reach = np.argsort(-p, kind="stable")[:200]
        listed = np.zeros(customers, dtype=bool)
        listed[in_reach[rng.random(200) < 0.5]] = True
        leaves = rng.random(customers) < sigmoid(z + off)
        leaves &= ~(listed & (rng.random(customers) < listed_stay))
        at = pd.Timestamp(day) + pd.to_timedelta(rng.integers(0, 30 * 24, customers), unit="h")
        orders.append(pd.DataFrame({"customer_id": ids, "ordered_at": at})[~leaves])
        ranking = pd.DataFrame(
            {
                "customer_id": ids,
                "churn_probability": p,
                "last_order_at": pd.Timestamp(day) - pd.to_timedelta(recency, unit="D"),
                "segment": np.where(recency > 100, "at_risk", "loyal"),
                "contactable": np.arange(customers) % 3 > 0,
                "list_rank": pd.array(np.where(listed, np.arange(customers), None), dtype="Int64"),
            }
        )
        of_day = folder / "lists" / day.isoformat()
        of_day.mkdir(parents=True)
        ranking.to_parquet(of_day / "ranking.parquet", index=False)
        rate = float(p.mean())
        level = {"rate": rate, "low": rate - 0.05, "high": rate + 0.05, "coverage": 0.9}
        told = {"definition": DEFINITION.model_dump(), "model": {"version": "m1"}, "level": level}
        (of_day / "run.json").write_text(json.dumps(told))
    table = pd.concat(orders, ignore_index=True)
    last = pd.DataFrame({"customer_id": ["z"], "ordered_at": [pd.Timestamp(END)]})
    table = pd.concat([table, last], ignore_index=True)
    return read({"orders": table.assign(order_id=[f"o{at}" for at in range(len(table))], amount=10.0)})


def make_arms(folder: Path, chance: float = 0.5) -> pd.DataFrame:
    """Make the ledger that the lists of the folder would have: the 200 likeliest entered, by one list's lot each."""
    ledgers = []
    for path in sorted((folder / "lists").iterdir()):
        day, ranking = date.fromisoformat(path.name), pd.read_parquet(path / "ranking.parquet")
        reach = ranking.sort_values("churn_probability", ascending=False, kind="stable").head(200)
        rows = make_ledger(len(reach), 1).assign(
            customer_id=reach["customer_id"].to_numpy(),
            entry_number=len(ledgers) + 1,
            entered_on=day,
            measure_on=day + timedelta(days=30),
            arm_until=day + timedelta(days=30),
            arm=np.where(reach["list_rank"].notna(), "listed", "held out"),
            chance=chance,
        )
        ledgers.append(rows)
    return pd.concat(ledgers, ignore_index=True) if ledgers else empty()
