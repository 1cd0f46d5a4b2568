"""A whole scoring, side by side with the ways in which people do it today: seconds and memory.

    python benchmarks/score.py --customers 1000000
    python benchmarks/score.py --customers 1000000 --customers 3000000 --customers 10000000 --only churnml
    python benchmarks/score.py --shop SHOP

churnml: features, probabilities, reasons, value, plays, work list, key figures, page and all files. pandas and Polars:
a group-by of the orders (25 features), a LightGBM of 200 trees, ``shap.TreeExplainer`` and its three largest values of
each customer as a CSV file; no other table, no sentence, no list. Each contender runs in a process of its own. Models
are trained on a small shop of the same kind before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTENDERS = ("churnml", "pandas", "polars")
WINDOWS = (30, 60, 90, 180, 365)


def small_model(folder: Path, customers: int) -> None:
    """Train a model with all features on a small shop, and keep it."""
    import churnml
    from churnml.config import Config
    from churnml.data.simulator import simulate
    from churnml.models.artefact import save_model
    from churnml.tracking.trainer import Trainer

    simulate(folder / "small", customers=customers, seed=7, kind="textbook")
    config = Config(training={"folds": 2, "bootstrap_draws": 20})
    shop = churnml.read(folder / "small")
    save_model(Trainer(config=config, track=False).fit(shop, shop.last_day), folder / "model")


def with_churnml(shop_folder: Path, folder: Path) -> tuple[int, dict[str, float]]:
    """Read, check and score a shop, and write all files."""
    import churnml
    from churnml.config import Config
    from churnml.models.artefact import load_model
    from churnml.workflow import score

    start = time.perf_counter()
    shop = churnml.read(shop_folder)
    seconds = {"read and check": time.perf_counter() - start}
    outcome = score(
        shop,
        folder / "list",
        Config(),
        model=load_model(folder / "model"),
        snapshot_date=shop.last_day,
        seconds=seconds,
    )
    return len(outcome.ranking), json.loads((folder / "list" / "run.json").read_text())["seconds"]


def features_of(orders: Any, day: Any) -> Any:
    """Compute features of orders with pandas, a row per customer who ordered in the year before a day."""
    import pandas as pd

    orders = orders[orders["ordered_at"] < day]
    orders = orders.assign(days=(day - orders["ordered_at"].dt.normalize()).dt.days)
    found = {}
    for window in WINDOWS:
        grouped = orders[orders["days"] <= window].groupby("customer_id")["amount"]
        for name, column in grouped.agg(["count", "sum", "mean", "max"]).items():
            found[f"{name}_{window}d"] = column
    days = orders.groupby("customer_id")["days"]
    found |= {"days_since_last": days.min(), "days_since_first": days.max(), "days_spread": days.std()}
    found |= {"orders": days.count(), "amount": orders.groupby("customer_id")["amount"].sum()}
    table = pd.DataFrame(found)
    return table[table["days_since_last"] <= WINDOWS[-1]]


def features_in_polars(path: Path, day: Any) -> Any:
    """Compute the same features with Polars."""
    import polars as pl

    orders = pl.scan_parquet(path).filter(pl.col("ordered_at") < day)
    orders = orders.with_columns(
        (pl.lit(day) - pl.col("ordered_at").dt.truncate("1d")).dt.total_days().alias("days"),
        pl.col("amount").cast(float),
    )
    aggregates = [
        getattr(pl.col("amount").filter(pl.col("days") <= window), name)().alias(f"{name}_{window}d")
        for window in WINDOWS
        for name in ("count", "sum", "mean", "max")
    ]
    grouped = orders.group_by("customer_id").agg(
        *aggregates,
        pl.col("days").min().alias("days_since_last"),
        pl.col("days").max().alias("days_since_first"),
        pl.col("days").std().alias("days_spread"),
        pl.len().alias("orders"),
        pl.col("amount").sum().alias("amount"),
    )
    table = grouped.filter(pl.col("days_since_last") <= WINDOWS[-1]).collect(engine="streaming").to_pandas()
    return table.set_index("customer_id").astype(float)


def by_hand(build: Callable[[Path, Any], Any], shop_folder: Path, folder: Path) -> tuple[int, dict[str, float]]:
    """Score as people do it today: a group-by, LightGBM, SHAP values and a CSV file."""
    import lightgbm
    import numpy as np
    import pandas as pd
    import shap

    small = pd.read_parquet(folder / "small" / "orders.parquet", columns=["customer_id", "ordered_at", "amount"])
    small = small.astype({"amount": float})
    ends = small["ordered_at"].max().normalize()
    before = ends - pd.Timedelta(days=90)
    X = features_of(small, before)
    stayed = X.index.isin(small.loc[small["ordered_at"] >= before, "customer_id"])
    model = lightgbm.LGBMClassifier(n_estimators=200, num_leaves=15, learning_rate=0.05, verbose=-1)
    model.fit(X, ~stayed)
    start = time.perf_counter()
    path = shop_folder / "orders.parquet"
    day = pd.Timestamp(pd.read_parquet(path, columns=["ordered_at"])["ordered_at"].max()).normalize()
    table = build(path, day)[list(X.columns)]
    built = time.perf_counter()
    values = np.asarray(shap.TreeExplainer(model.booster_).shap_values(table))
    values = values[-1] if values.ndim == 3 else values
    explained = time.perf_counter()
    risk = model.predict_proba(table)[:, 1]
    largest = np.argsort(-values, axis=1)[:, :3]
    reasons = {f"reason_{at + 1}": np.array(X.columns)[largest[:, at]] for at in range(3)}
    ranked = pd.DataFrame({"churn_probability": risk, **reasons}, index=table.index)
    ranked.sort_values("churn_probability", ascending=False).to_csv(folder / "ranked.csv")
    done = time.perf_counter()
    return len(table), {"features": built - start, "shap": explained - built, "rank and write": done - explained}


def _in_pandas(path: Path, day: Any) -> Any:
    import pandas as pd

    orders = pd.read_parquet(path, columns=["customer_id", "ordered_at", "amount"])
    return features_of(orders.astype({"amount": float}), day)


def run(contender: str, shop_folder: Path, folder: Path) -> None:
    """Run one contender and print what it took."""
    if contender == "churnml":
        customers, seconds = with_churnml(shop_folder, folder)
    else:
        build = _in_pandas if contender == "pandas" else features_in_polars
        customers, seconds = by_hand(build, shop_folder, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"customers": customers, "seconds": seconds, "peak": peak}))


def main() -> None:
    """Score shops with all contenders and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, action="append", help="size of a simulated shop (several are allowed)")
    parser.add_argument("--shop", type=Path, help="a simulated shop that is there already")
    parser.add_argument("--trained-on", type=int, default=5_000, metavar="CUSTOMERS")
    parser.add_argument("--only", choices=CONTENDERS, action="append")
    parser.add_argument("--run", nargs=3, metavar=("CONTENDER", "SHOP", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        run(asked.run[0], Path(asked.run[1]), Path(asked.run[2]))
        return
    from churnml.data.simulator import simulate

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small_model(folder, asked.trained_on)
        for size in [None] if asked.shop else asked.customers or [1_000_000]:
            shop_folder = asked.shop or folder / f"shop of {size}"
            if size is not None:
                simulate(shop_folder, customers=size, seed=1, kind="textbook")
            first = None
            for contender in asked.only or CONTENDERS:
                order = [sys.executable, __file__, "--run", contender, str(shop_folder), str(folder)]
                told = json.loads(
                    subprocess.run(order, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
                )
                total = sum(told["seconds"].values())
                first = first or total
                steps = ", ".join(f"{step} {taken:.1f}" for step, taken in told["seconds"].items())
                print(
                    f"{told['customers']:>10,} ranked  {contender:<8} {total:8.1f} s ({total / first:.2f})  "
                    f"{told['peak']:5.2f} GiB  ({steps})"
                )


if __name__ == "__main__":
    main()
