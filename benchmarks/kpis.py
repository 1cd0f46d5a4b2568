"""Time and memory of all key figures of a large shop, beside those of a plain pandas calculation of six of them.

    python benchmarks/kpis.py SHOP

SHOP is a folder, such as ``churnml simulate --customers 1000000 --out SHOP`` writes. Each runs in a process of its own:
the command as a user starts it, on data that was checked before and on data that was not, and the rival.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd


def in_pandas(shop: str) -> None:
    """Compute five of the figures of the last period, as one would in a notebook."""
    columns = ["customer_id", "ordered_at", "amount", "cancelled_at"]
    orders = pd.read_parquet(f"{shop}/orders.parquet", columns=columns)
    end = orders["ordered_at"].max().normalize()
    start, active = end - pd.Timedelta(days=90), pd.Timedelta(days=365)
    orders = orders[orders["cancelled_at"].isna() & (orders["ordered_at"] < end)]
    orders = orders.assign(amount=orders["amount"].astype("float64"))
    inside = orders[orders["ordered_at"] >= start]
    eligible = orders[(orders["ordered_at"] < start) & (orders["ordered_at"] >= start - active)]
    stayed = pd.Index(eligible["customer_id"].unique()).isin(inside["customer_id"].unique()).mean()
    year = orders[orders["ordered_at"] >= end - active].groupby("customer_id")["amount"].sum()
    top = year.nlargest(-(-len(year) // 4)).sum() / year.sum()
    repeat = (orders.groupby("customer_id").size() >= 2).mean()
    print(1 - stayed, repeat, len(inside) / inside["customer_id"].nunique(), inside["amount"].mean(), top)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shop", type=Path)
    parser.add_argument("--pandas", action="store_true", help="the rival alone")
    arguments = parser.parse_args()
    shop = str(arguments.shop)
    if arguments.pandas:
        in_pandas(shop)
        return
    command = [sys.executable, "-m", "churnml.cli", "-q", "kpis", shop]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "CHURNML_CACHE": cache}
        for name, what in (
            ("kpis, with the first check of the data", command),
            ("kpis, data checked before", command),
            ("five figures of one period in pandas", [sys.executable, __file__, shop, "--pandas"]),
        ):
            start = time.perf_counter()
            subprocess.run(what, env=environment, check=True, stdout=subprocess.DEVNULL)
            taken = time.perf_counter() - start
            # The greatest of all that ended so far: the first is the largest.
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
            print(f"{name:<42}{taken:>8.1f} s   {most:.2f} GiB at most so far")


if __name__ == "__main__":
    main()
