"""Shops of a few rows, without the check, which takes longer than what a test asks of them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from churnml.data.checks import CheckReport
from churnml.data.contract import TABLES
from churnml.data.door import normalise
from churnml.data.engines import open_engine
from churnml.data.shop import Shop


def unchecked(frames: Mapping[str, pd.DataFrame]) -> Shop:
    """Make a shop of frames in the contract's names, on an engine of its own; missing columns are null."""
    engine = open_engine({}, "UTC")
    raw = engine.raw_tables(dict(frames), {name: name for name in TABLES}).tables
    brought = {name: frozenset(frame.columns) for name, frame in frames.items()}
    return Shop({name: normalise(table, TABLES[name]) for name, table in raw.items()}, brought, CheckReport(), engine)
