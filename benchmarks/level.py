"""The level on past days of shops: how far off each way to assume it was, and how often the interval held the truth.

    python benchmarks/level.py --shop retail=retail,90,365 --shop sim=sim3000,90,365

A shop is NAME=FOLDER,HORIZON,ACTIVE; several may be given. On every day, 30 days apart, whose outcome is known in the
end, the level is assumed from what was known by then, and held against the share who left. Errors are percentage
points; a way that cannot tell on a day is held to the mean, so that all stand on the same days.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd

import churnml
from churnml.data.history import History
from churnml.data.population import Churned, count_churned, training_snapshots
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.training.judge.level import KINDS, assume, choose_level

EVERY = 30
FEWEST = 20


def measure(shop: Shop, definition: ChurnDefinition) -> pd.DataFrame:
    """Give a row per past day: what was assumed, by each way and by the chosen one, its interval, and the truth."""
    first = definition.first_weeks

    @cache
    def counted(day: date, of: ChurnDefinition) -> Churned | None:
        return count_churned(History(shop, day + timedelta(days=of.reach_days)), of.reach_days, of)

    def table(days: set[date], of: ChurnDefinition) -> pd.DataFrame:
        rows = [
            (str(day), one.customers, one.churned / one.customers) for day in sorted(days) if (one := counted(day, of))
        ]
        return pd.DataFrame(rows, columns=["snapshot_date", "customers", "churn_rate"])

    rows = []
    day = shop.last_day - timedelta(days=definition.reach_days)
    while day - timedelta(days=definition.reach_days) > shop.first_day:
        snapshots = training_snapshots(shop.first_day, day, definition, EVERY)
        begun = {at - timedelta(days=first.reach_days) for at in (*snapshots, day)}
        tables = table(set(snapshots), definition), table({*snapshots, *begun}, first)
        truth, at = counted(day, definition), np.datetime64(day)
        if truth is not None and truth.customers >= FEWEST and len(tables[0]):
            level = choose_level(tables[0], at, definition, tables[1])
            assumed = assume(tables[0], at, definition, tables[1])
            rows.append(
                {
                    **{kind: assumed.get(kind, assumed["none"]) for kind in KINDS},
                    "chosen": level.rate,
                    "low": level.low,
                    "high": level.high,
                    "truth": truth.churned / truth.customers,
                }
            )
        day -= timedelta(days=EVERY)
    return pd.DataFrame(rows)


def row_of(name: str, days: pd.DataFrame) -> dict[str, object]:
    """Give the figures of a shop."""
    off = {kind: 100 * (days[kind] - days.truth).abs().mean() for kind in (*KINDS, "chosen")}
    held = ((days.low <= days.truth) & (days.truth <= days.high)).mean()
    return {
        "shop": name,
        "days": len(days),
        **{kind: f"{error:.1f}" for kind, error in off.items()},
        "held": f"{held:.0%}",
        "half width": f"{50 * (days.high - days.low).mean():.1f}",
    }


def main() -> None:
    """Measure the shops that were asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shop", action="append", required=True, help="NAME=FOLDER,HORIZON,ACTIVE")
    rows, all_days = [], []
    for one in parser.parse_args().shop:
        name, told = one.split("=", 1)
        folder, horizon, active = told.rsplit(",", 2)
        days = measure(churnml.read(folder), ChurnDefinition(horizon_days=int(horizon), active_days=int(active)))
        if len(days):
            all_days.append(days)
            rows.append(row_of(name, days))
            print(rows[-1], flush=True)
    total = row_of("all days", pd.concat(all_days))
    means = {kind: f"{np.mean([float(str(row[kind])) for row in rows]):.1f}" for kind in (*KINDS, "chosen")}
    table = pd.DataFrame([*rows, {**total, **means, "shop": "mean of shops; all days held"}])
    print("| " + " | ".join(table.columns) + " |\n| --- |" + " --: |" * (len(table.columns) - 1))
    for row in table.itertuples(index=False):
        print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()
