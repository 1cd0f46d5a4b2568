"""Features of orders, side by side: churnml, hand-written DuckDB SQL, Polars, pandas and Featuretools.

Each contender runs in a process of its own on the same Parquet file and gives the same columns for the same customers,
which are checked to be equal. Printed are seconds (reading the file included, starting Python not), peak memory, and
the time over that of churnml.

    python benchmarks/features.py --orders 1_000_000 --orders 10_000_000
    python benchmarks/features.py --orders 100_000_000 --only churnml --only duckdb
    python benchmarks/features.py --orders 2_000_000 --featuretools ~/old/bin/python   # featuretools, old pandas
    python benchmarks/features.py --orders 10_000_000 --snapshots 12 --only churnml
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SNAPSHOT = "2025-01-01"
WINDOWS = (30, 60, 90, 180, 365)
CONTENDERS = ("churnml", "duckdb", "polars", "pandas", "featuretools")
FAMILIES = ["recency", "frequency", "monetary", "rhythm"]
# What each contender computes: aggregates of churnml's families of orders.
COLUMNS = [
    "days_since_last_order",
    "days_since_first_order",
    *(f"orders_{days}d" for days in WINDOWS),
    "orders_total",
    *(f"amount_sum_{days}d" for days in WINDOWS),
    "amount_sum_total",
    "amount_mean_365d",
    "amount_max_365d",
    "amount_last_order_day",
    "order_days_total",
    "gap_mean_days",
    "gap_median_days",
    "gap_deviation_days",
    "gap_max_days",
    "gap_last_days",
]
HERE = Path(__file__).parent


def make_orders(path: Path, count: int) -> None:
    """Write orders of three years, ten to a customer on average, some customers with many more."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false; SET memory_limit = '4GB'; SELECT setseed(0.5)")
        connection.execute(
            f"""
            COPY (
                SELECT 'O' || i AS order_id,
                       'C' || lpad(
                           floor(power(hash(i, 1) / 18446744073709551616.0, 1.5) * {count // 10})::BIGINT::VARCHAR,
                           8, '0'
                       ) AS customer_id,
                       TIMESTAMP '2022-03-01' + to_seconds((hash(i, 2) % 94608000)::BIGINT) AS ordered_at,
                       ((hash(i, 3) % 20000) / 100.0 + 1)::DECIMAL(18, 4) AS amount
                FROM range({count}) AS r(i)
            ) TO '{path}' (FORMAT parquet)
            """
        )


# --- one contender -------------------------------------------------------------------------------------------------


def run_churnml(path: Path, out: Path, snapshots: int) -> dict[str, float]:
    import pandas as pd

    from churnml.data.history import History
    from churnml.data.reading import read
    from churnml.definition import ChurnDefinition
    from churnml.features.available import available
    from churnml.features.builder import Aggregates
    from churnml.features.family import Aggregate
    from churnml.features.store import write_snapshot

    start = time.perf_counter()
    shop = read(path.parent)
    checked = time.perf_counter() - start
    features = [feature for feature in available(shop, FAMILIES) if feature.name in COLUMNS]
    assert len(features) == len(COLUMNS)
    assert all(isinstance(feature, Aggregate) for feature in features)
    start = time.perf_counter()
    aggregates = Aggregates(shop, ChurnDefinition(), features, snapshots)
    for number in range(snapshots):
        day = (pd.Timestamp(SNAPSHOT) - pd.Timedelta(days=30 * number)).date()
        folder = out.with_suffix("") / str(number)
        write_snapshot(History(shop, day), ChurnDefinition(), features, folder, "", aggregates)
    seconds = time.perf_counter() - start
    (out.with_suffix("") / "0" / "part-00000.parquet").rename(out)
    return {"seconds": seconds, "check": checked}


def run_duckdb(path: Path, out: Path, snapshots: int) -> dict[str, float]:
    import duckdb

    windows = ",\n".join(
        f"count(*) FILTER (ordered_at >= now - INTERVAL {days} DAY) AS orders_{days}d,"
        f"coalesce(sum(amount) FILTER (ordered_at >= now - INTERVAL {days} DAY), 0)::DOUBLE AS amount_sum_{days}d"
        for days in WINDOWS
    )
    query = f"""
        WITH placed AS (
            SELECT customer_id, ordered_at, amount::DECIMAL(18, 4) AS amount, TIMESTAMP '{SNAPSHOT}' AS now
            FROM '{path}' WHERE ordered_at < TIMESTAMP '{SNAPSHOT}'
        ), per_order AS (
            SELECT customer_id,
                   date_diff('day', max(ordered_at)::DATE, DATE '{SNAPSHOT}') AS days_since_last_order,
                   date_diff('day', min(ordered_at)::DATE, DATE '{SNAPSHOT}') AS days_since_first_order,
                   {windows},
                   count(*) AS orders_total, sum(amount)::DOUBLE AS amount_sum_total,
                   (sum(amount) FILTER (ordered_at >= now - INTERVAL 365 DAY))::DOUBLE / orders_365d
                       AS amount_mean_365d,
                   (max(amount) FILTER (ordered_at >= now - INTERVAL 365 DAY))::DOUBLE AS amount_max_365d
            FROM placed GROUP BY customer_id, now HAVING max(ordered_at) >= now - INTERVAL 365 DAY
        ), days AS (
            SELECT customer_id, ordered_at::DATE AS day, sum(amount) AS amount FROM placed GROUP BY 1, 2
        ), gaps AS (
            SELECT customer_id, day, amount,
                   date_diff('day', lag(day) OVER (PARTITION BY customer_id ORDER BY day), day) AS gap FROM days
        ), per_day AS (
            SELECT customer_id, arg_max(amount, day)::DOUBLE AS amount_last_order_day, count(*) AS order_days_total,
                   sum(gap)::DOUBLE / count(gap) AS gap_mean_days, quantile_cont(gap, 0.5) AS gap_median_days,
                   sqrt((count(gap) * sum(gap * gap) - sum(gap) * sum(gap))::DOUBLE
                        / nullif(count(gap) * (count(gap) - 1), 0)) AS gap_deviation_days,
                   max(gap) AS gap_max_days, arg_max(gap, day) AS gap_last_days
            FROM gaps GROUP BY customer_id
        )
        SELECT customer_id, {", ".join(f"{name}::DOUBLE AS {name}" for name in COLUMNS)}
        FROM per_order JOIN per_day USING (customer_id) ORDER BY customer_id
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch, duckdb.connect(f"{scratch}/x.duckdb") as connection:
        connection.execute("SET memory_limit = '5GB'; SET preserve_insertion_order = false")
        start = time.perf_counter()
        connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
        return {"seconds": time.perf_counter() - start}


def run_polars(path: Path, out: Path, snapshots: int) -> dict[str, float]:
    from datetime import datetime, timedelta

    import polars as pl

    start = time.perf_counter()
    now = datetime.fromisoformat(SNAPSHOT)
    orders = pl.scan_parquet(path).filter(pl.col("ordered_at") < now).select("customer_id", "ordered_at", "amount")
    at = pl.col("ordered_at")
    inside = {days: at >= now - timedelta(days=days) for days in WINDOWS}
    day = at.dt.date()
    since = pl.lit(now.date())
    per_order = orders.group_by("customer_id").agg(
        (since - day.max()).dt.total_days().first().alias("days_since_last_order"),
        (since - day.min()).dt.total_days().first().alias("days_since_first_order"),
        *(rows.sum().alias(f"orders_{days}d") for days, rows in inside.items()),
        pl.len().alias("orders_total"),
        *(pl.col("amount").filter(rows).sum().alias(f"amount_sum_{days}d") for days, rows in inside.items()),
        pl.col("amount").sum().alias("amount_sum_total"),
        (pl.col("amount").filter(inside[365]).sum().cast(float) / inside[365].sum()).alias("amount_mean_365d"),
        pl.col("amount").filter(inside[365]).max().alias("amount_max_365d"),
    )
    days = orders.group_by("customer_id", day.alias("day")).agg(pl.col("amount").sum()).sort("customer_id", "day")
    gap = pl.col("day").diff().over("customer_id").dt.total_days().cast(float)
    per_day = (
        days.with_columns(gap.alias("gap"))
        .group_by("customer_id", maintain_order=True)
        .agg(
            pl.col("amount").last().alias("amount_last_order_day"),
            pl.len().alias("order_days_total"),
            pl.col("gap").mean().alias("gap_mean_days"),
            pl.col("gap").median().alias("gap_median_days"),
            pl.col("gap").std().alias("gap_deviation_days"),
            pl.col("gap").max().alias("gap_max_days"),
            pl.col("gap").last().alias("gap_last_days"),
        )
    )
    found = per_order.filter(pl.col("orders_365d") > 0).join(per_day, on="customer_id").sort("customer_id")
    found.select("customer_id", *(pl.col(name).cast(float) for name in COLUMNS)).collect().write_parquet(out)
    return {"seconds": time.perf_counter() - start}


def run_pandas(path: Path, out: Path, snapshots: int) -> dict[str, float]:
    import pandas as pd

    start = time.perf_counter()
    now = pd.Timestamp(SNAPSHOT)
    orders = pd.read_parquet(path, columns=["customer_id", "ordered_at", "amount"])
    orders = orders[orders.ordered_at < now]
    orders["amount"] = orders.amount.astype(float)
    orders["day"] = orders.ordered_at.dt.normalize()
    by = orders.groupby("customer_id", sort=True)
    found = pd.DataFrame(
        {
            "days_since_last_order": (now - by.day.max()).dt.days,
            "days_since_first_order": (now - by.day.min()).dt.days,
            "orders_total": by.size(),
            "amount_sum_total": by.amount.sum(),
        }
    )
    for days in WINDOWS:
        inside = orders[orders.ordered_at >= now - pd.Timedelta(days=days)].groupby("customer_id").amount
        found[f"orders_{days}d"] = inside.size()
        found[f"amount_sum_{days}d"] = inside.sum()
        if days == 365:
            found["amount_mean_365d"], found["amount_max_365d"] = inside.mean(), inside.max()
    order_days = orders.groupby(["customer_id", "day"], sort=True).amount.sum().reset_index()
    order_days["gap"] = order_days.groupby("customer_id").day.diff().dt.days
    gaps = order_days.groupby("customer_id")
    found["amount_last_order_day"] = gaps.amount.last()
    found["order_days_total"] = gaps.size()
    gap = gaps.gap
    found["gap_mean_days"], found["gap_median_days"] = gap.mean(), gap.median()
    found["gap_deviation_days"], found["gap_max_days"] = gap.std(), gap.max()
    found["gap_last_days"] = gap.last()
    found = found[found.orders_365d > 0]
    filled = [name for name in COLUMNS if name.startswith(("orders_", "amount_sum_"))]
    found[filled] = found[filled].fillna(0.0)
    found[COLUMNS].astype(float).reset_index().to_parquet(out)
    return {"seconds": time.perf_counter() - start}


def run_featuretools(path: Path, out: Path, snapshots: int) -> dict[str, float]:
    """Let Featuretools make counts and sums of every window, and means, maxima and gaps of all time.

    These are fewer columns than the others make; those that have a namesake there are compared.
    """
    import featuretools as ft
    import pandas as pd

    start = time.perf_counter()
    now = pd.Timestamp(SNAPSHOT)
    orders = pd.read_parquet(path)
    orders["amount"] = orders.amount.astype(float)
    customers = orders[orders.ordered_at < now].groupby("customer_id", as_index=False).ordered_at.max()
    customers = customers[customers.ordered_at >= now - pd.Timedelta(days=365)][["customer_id"]]
    entities = ft.EntitySet("shop")
    entities.add_dataframe(dataframe_name="customers", dataframe=customers, index="customer_id")
    entities.add_dataframe(
        dataframe_name="orders",
        dataframe=orders[orders.customer_id.isin(customers.customer_id)],
        index="order_id",
        time_index="ordered_at",
    )
    entities.add_relationship("customers", "customer_id", "orders", "customer_id")

    def aggregated(primitives: list[str], **window: str) -> pd.DataFrame:
        found, _ = ft.dfs(
            entityset=entities,
            target_dataframe_name="customers",
            cutoff_time=now,
            include_cutoff_time=False,
            agg_primitives=primitives,
            trans_primitives=[],
            max_depth=1,
            **window,
        )
        return found

    of_all_time = ["mean", "max", "std", "time_since_last", "time_since_first", "avg_time_between"]
    total = aggregated(["count", "sum", *of_all_time])
    counted = {"orders_total": total["COUNT(orders)"], "amount_sum_total": total["SUM(orders.amount)"]}
    for days in WINDOWS:
        found = aggregated(["count", "sum"], training_window=f"{days} days")
        counted |= {f"orders_{days}d": found["COUNT(orders)"], f"amount_sum_{days}d": found["SUM(orders.amount)"]}
    seconds = time.perf_counter() - start
    pd.DataFrame(counted).astype(float).fillna(0).sort_index().reset_index().to_parquet(out)
    return {"seconds": seconds}


# --- all of them ---------------------------------------------------------------------------------------------------


def peak_gib() -> float:
    """Read the most memory that this process ever had."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


def compare(expected: Path, found: Path) -> float:
    """Give the largest relative difference between two results, inside DuckDB; missing rows count as infinite."""
    import duckdb

    with duckdb.connect() as connection:
        there = {name for (name, *_) in connection.execute(f"DESCRIBE SELECT * FROM '{found}'").fetchall()}
        gaps = ", ".join(
            f"max(CASE WHEN a.{name} IS NULL AND b.{name} IS NULL THEN 0 WHEN a.{name} IS NULL OR b.{name} IS NULL "
            f"THEN 'inf'::DOUBLE ELSE abs(a.{name} - b.{name}) / greatest(abs(a.{name}), 1e-3) END)"
            for name in COLUMNS
            if name in there
        )
        query = f"SELECT count(*), count(a.customer_id), count(b.customer_id), {gaps} FROM '{expected}' a "
        rows, one, other, *worst = connection.execute(f"{query} FULL JOIN '{found}' b USING (customer_id)").fetchone()
        return max(worst) if rows == one == other else float("inf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, action="append", help="number of orders; may be given several times")
    parser.add_argument("--snapshots", type=int, default=1, help="snapshots that churnml builds one after another")
    parser.add_argument("--only", action="append", choices=CONTENDERS)
    parser.add_argument("--featuretools", help="a Python that has featuretools")
    parser.add_argument("--folder", type=Path, help="where the data is made and kept; default: a temporary folder")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each, of which the fastest counts")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        contender, path, out = options.run
        figures = globals()[f"run_{contender}"](Path(path), Path(out), options.snapshots)
        print(json.dumps({**figures, "gib": peak_gib()}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        for count in options.orders or [1_000_000]:
            data = folder / f"{count}" / "orders.parquet"
            data.parent.mkdir(parents=True, exist_ok=True)
            if not data.exists():
                make_orders(data, count)
            print(f"{count:,} orders, snapshot {SNAPSHOT}, {options.snapshots} snapshot(s)")
            chosen = [name for name in CONTENDERS if name in (options.only or CONTENDERS)]
            if not options.featuretools and "featuretools" in chosen:
                chosen.remove("featuretools")
            base: float | None = None
            first: Path | None = None
            for contender in chosen:
                python = options.featuretools if contender == "featuretools" else sys.executable
                out = Path(scratch) / f"{contender}-{count}.parquet"
                command = [python, str(HERE / "features.py"), "--snapshots", str(options.snapshots)]
                runs = []
                for number in range(options.repeat):
                    result = out.with_stem(f"{out.stem}-{number}")
                    done = subprocess.run([*command, "--run", contender, str(data), str(result)], capture_output=True)
                    if done.returncode:
                        print(f"  {contender:<14} failed: {done.stderr.decode().strip().splitlines()[-1][:150]}")
                        break
                    runs.append(json.loads(done.stdout.decode().splitlines()[-1]))
                    result.replace(out)
                if not runs:
                    continue
                figures = min(runs, key=lambda run: run["seconds"])
                base = base or figures["seconds"]
                first = first or out
                check = f", input check {figures['check']:.1f} s" if "check" in figures else ""
                same = "" if first == out else f", largest difference {compare(first, out):.1e}"
                print(
                    f"  {contender:<14}{figures['seconds']:9.2f} s {figures['seconds'] / base:8.2f} x "
                    f"{figures['gib']:7.2f} GiB{check}{same}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
