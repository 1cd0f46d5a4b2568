"""Shops of a few rows, without the check, which takes longer than what a test asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from churnml.data.checks import CheckReport
from churnml.data.contract import TABLES
from churnml.data.door import normalise
from churnml.data.engines import Engine, open_engine
from churnml.data.shop import Shop


def unchecked(frames: Mapping[str, pd.DataFrame]) -> Shop:
    """Make a shop of frames in the contract's names, on an engine of its own; missing columns are null."""
    return _shop_of(open_engine({}, "UTC"), dict(frames))


def unchecked_at(address: str) -> Shop:
    """Make a shop of the tables that lie at an address."""
    return _shop_of(open_engine(address, "UTC"), address)


def _shop_of(engine: Engine, source: Any) -> Shop:
    raw = engine.raw_tables(source, {name: name for name in TABLES}).tables
    brought = {name: frozenset(table.columns) for name, table in raw.items()}
    return Shop({name: normalise(table, TABLES[name]) for name, table in raw.items()}, brought, CheckReport(), engine)
