"""How simulated shops compare with real ones: one table of every kind, and of imported shops.

    python benchmarks/realism.py
    python benchmarks/realism.py "Online Retail II=retail" CDNOW=cdnow Olist=olist@2018-08-31
    python benchmarks/realism.py --kinds gift --customers 5000 --seeds 1 2 3

A shop is named NAME=FOLDER or NAME=FOLDER@DAY, where its data are whole up to DAY only. A model is trained as of one
window before the end, and judged on that window. The table is Markdown; orders are counted without cancelled ones, and
per customer within the last two years of the data, so that a longer history is no better customer.

``per quarter``: orders in 91 days, on average in the first and in the last 364 days that are there. ``one-time``: share
of customers with one order day. ``order days``: quantiles of 25, 50, 75, 90 and 99 % of the order days per customer.
``again``: share of the order days that another follows within 90 days, of those 90 days before the end. ``gap``: median
days between order days. ``spend``: spend of the customer at 90 % over that of the median one. ``base rate``, ``AUROC``
and ``shape loss``: of the eligible customers on the judged window; ``very high``: their share with a probability of at
least 0.75; a dash where no model is better than the rules.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import churnml
from churnml.config import Config
from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.simulator import KINDS, simulate
from churnml.definition import ChurnDefinition
from churnml.features.available import available
from churnml.features.builder import build
from churnml.statistics.metrics import auroc, shape_loss
from churnml.training.rows.study import make_study
from churnml.training.train import train

QUARTER_DAYS = 91
COUNTED_DAYS = 730
AGAIN_DAYS = 90
QUANTILES = (0.25, 0.5, 0.75, 0.9, 0.99)


def compute_traits(orders: pd.DataFrame, end: date) -> dict[str, object]:
    """Describe the orders of a shop that came before the end of its data."""
    if "cancelled_at" in orders:
        orders = orders[orders["cancelled_at"].isna()]
    last = pd.Timestamp(end)
    orders = orders.assign(day=orders["ordered_at"].dt.normalize())[orders["ordered_at"] < last]
    age = (last - orders["day"]).dt.days
    years = min(364, int(age.max()))
    late = (age <= years).sum() * QUARTER_DAYS / years
    early = (age > age.max() - years).sum() * QUARTER_DAYS / years
    orders = orders[age <= COUNTED_DAYS]
    days = orders.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"])
    counts = days.groupby("customer_id").size()
    gaps = (days.groupby("customer_id")["day"].shift(-1) - days["day"]).dt.days
    settled = days["day"] <= last - pd.Timedelta(days=AGAIN_DAYS)
    spend = orders["amount"].astype(float).groupby(orders["customer_id"]).sum()
    return {
        "customers": f"{len(counts):,}",
        "per quarter": f"{early:,.0f}, {late:,.0f}",
        "one-time": f"{(counts == 1).mean():.0%}",
        "order days": ", ".join(f"{count:.0f}" for count in counts.quantile(QUANTILES)),
        "again": f"{(gaps <= AGAIN_DAYS)[settled].mean():.0%}",
        "gap": f"{gaps.median():.0f}",
        "spend": f"{spend.quantile(0.9) / spend.median():.1f}",
    }


def compute_skill(folder: Path, end: date, definition: ChurnDefinition) -> dict[str, object]:
    """Train as of one window before the end, and judge the model on that window."""
    shop = churnml.read(folder)
    day = end - timedelta(days=definition.reach_days)
    config = Config(
        definition=definition, snapshots={"every_days": 60}, training={"threads": 1}, features={"store": None}
    )
    model = train(make_study(shop, config, day)).model
    left = labels(shop, day, definition, end)
    skill: dict[str, object] = {"base rate": f"{left.mean():.2f}", "AUROC": "-", "shape loss": "-", "very high": "-"}
    if model is None:
        return skill
    X = build(History(shop, day), definition, available(shop)).reindex(columns=model.names)
    logodds, y = model.predict_logodds(X), left[X.index].to_numpy(dtype=np.float64)
    return skill | {
        "AUROC": f"{auroc(y, logodds):.2f}",
        "shape loss": f"{shape_loss(y, logodds):.3f}",
        "very high": f"{(logodds >= np.log(3)).mean():.0%}",
    }


def describe(name: str, folder: Path, end: date | None, definition: ChurnDefinition) -> dict[str, object]:
    """Give the row of a shop."""
    end = churnml.read(folder).last_day + timedelta(days=1) if end is None else end
    traits = compute_traits(pd.read_parquet(folder / "orders.parquet"), end)
    return {"shop": name} | traits | compute_skill(folder, end, definition)


def print_row(row: dict[str, object], head: bool) -> None:
    """Print a row of the table, below its head where wanted."""
    if head:
        print("| " + " | ".join(row) + " |")
        print("| --- |" + " ---: |" * (len(row) - 1))
    print("| " + " | ".join(str(value) for value in row.values()) + " |", flush=True)


def main() -> None:
    """Describe the kinds, then the shops that were named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shops", nargs="*", metavar="NAME=FOLDER[@DAY]")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--customers", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    parser.add_argument("--horizon", type=int, default=90)
    parser.add_argument("--active", type=int, default=365)
    asked = parser.parse_args()
    definition = ChurnDefinition(horizon_days=asked.horizon, active_days=asked.active)
    head = True
    for kind in asked.kinds:
        for seed in asked.seeds:
            with tempfile.TemporaryDirectory() as folder:
                simulate(folder, customers=asked.customers, seed=seed, kind=kind)
                print_row(describe(kind, Path(folder), date(2025, 7, 1), definition), head)
            head = False
    for shop in asked.shops:
        name, _, where = shop.partition("=")
        folder, _, day = where.partition("@")
        print_row(describe(name, Path(folder), date.fromisoformat(day) if day else None, definition), head)
        head = False


if __name__ == "__main__":
    main()
