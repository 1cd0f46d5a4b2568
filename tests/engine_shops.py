"""Random shops that lie on every engine, and are read there once for all modules that compare numbers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from churnml.data.reading import read
from churnml.data.shop import Shop
from tests.random_shop import Maker, Tables
from tests.servers import load_postgres

# (seed, snapshot, customers): the day after a leap day, and a summer's day with few customers.
SHOPS = [(1, pd.Timestamp("2024-03-01").date(), 25), (3, pd.Timestamp("2025-06-30").date(), 3)]


@cache
def tables_of(shop: int) -> Tables:
    """Draw a shop whose customers have a city, and some of whom began badly."""
    tables = Maker(*SHOPS[shop]).tables()
    tables["customers"]["city"] = [("Ankara", "Bursa")[place % 2] for place in range(len(tables["customers"]))]
    began = tables["orders"].groupby("customer_id")["ordered_at"].min()
    for name, time, start in (
        ("complaints", "opened_at", 0),
        ("returns", "returned_at", 3),
        ("reviews", "submitted_at", 6),
    ):
        table = tables[name]
        few = list(range(4, min(10, len(table))))
        customers = [began.index[(start + place) % len(began)] for place in few]
        table.loc[few, "customer_id"] = customers
        table.loc[few, "order_id"] = None
        table.loc[few, time] = (began[customers] + pd.Timedelta(days=5)).to_numpy()
    tables["reviews"].loc[4:9, "rating"] = 1
    tables["returns"].loc[4:9, "refunded_at"] = pd.NaT
    tables["complaints"].loc[4:9, ["first_response_at", "resolved_at"]] = pd.NaT
    return tables


@cache
def on_duckdb(shop: int) -> Shop:
    """Read a shop on DuckDB."""
    return read(tables_of(shop))


def place(engine: str, shop: int, address: str, folder: Path) -> str:
    """Write a shop to where another engine reads it, and give the address."""
    return place_tables(engine, address, tables_of(shop), folder)


def place_tables(engine: str, address: str, tables: Tables, folder: Path) -> str:
    """Write tables to where another engine reads them, and give the address."""
    if engine == "postgres":
        return load_postgres(address, "shop", tables)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False, coerce_timestamps="us")
    return address.replace("pyspark://", f"pyspark://{folder}")
