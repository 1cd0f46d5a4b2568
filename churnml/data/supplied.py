"""Features that were computed elsewhere: a table keyed by customer and snapshot, with its known-time declared."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from churnml.data.shop import Shop, SuppliedTable
from churnml.errors import InputError

_KEY = ["customer_id", "snapshot_date"]
_SHOWN = 3


def supply(shop: Shop, name: str, frame: pd.DataFrame, known_at: str, columns: Iterable[str]) -> Shop:
    """Add a table of supplied features to a shop.

    Parameters
    ----------
    shop
        The shop.
    name
        Name of the table; it takes the place of one of the same name.
    frame
        One row per customer and snapshot: ``customer_id``, ``snapshot_date``, ``known_at`` and numbers.
    known_at
        The column that says when the numbers of a row were known.
    columns
        The columns that are features.

    Returns
    -------
    Shop
        A shop with the table; the given one stays as it is.

    Raises
    ------
    InputError
        With every failure: missing columns, values that are no numbers or days, keys that stand twice, and rows that
        were not known before the start of their snapshot.
    """
    columns = list(columns)
    missing = [column for column in [*_KEY, known_at, *columns] if column not in frame.columns]
    if missing:
        raise InputError(
            f"{name}: the columns {', '.join(missing)} are missing (received: {', '.join(map(str, frame.columns))}). "
            "Add them."
        )
    if not columns:
        raise InputError(f"{name}: holds no features beside its key and {known_at}. Add columns of numbers.")
    failures = []
    made = pd.DataFrame({"customer_id": frame["customer_id"].astype("string")})
    for column in ("snapshot_date", known_at):
        made[column] = pd.to_datetime(frame[column], errors="coerce", format="ISO8601").astype("datetime64[us]")
        if made[column].isna().any():
            failures.append(f"{name}.{column}: {_counted(frame, made[column].isna())} are not a time. Correct them.")
    for column in columns:
        made[column] = pd.to_numeric(frame[column], errors="coerce").astype("float64")
        wrong = (made[column].isna() & frame[column].notna()) | np.isinf(made[column])
        if wrong.any():
            failures.append(f"{name}.{column}: {_counted(frame, wrong)} are not finite numbers. Correct them.")
    made["snapshot_date"] = made["snapshot_date"].dt.normalize()
    late = made[known_at] >= made["snapshot_date"]
    if late.any():
        failures.append(
            f"{name}.{known_at}: {_counted(frame, late)} were not known before their snapshot. Supply what was known "
            "at its start."
        )
    twice = made.duplicated(_KEY, keep=False)
    if twice.any():
        failures.append(f"{name}: {_counted(frame, twice)} share customer_id and snapshot_date. Keep one row of each.")
    if failures:
        raise InputError(failures)
    values = made.set_index(_KEY)[columns].sort_index()
    digest = hashlib.sha256(",".join(columns).encode())
    digest.update(np.ascontiguousarray(pd.util.hash_pandas_object(values, index=True)).tobytes())
    return dataclasses.replace(shop, supplied={**shop.supplied, name: SuppliedTable(values, digest.hexdigest()[:16])})


def _counted(frame: pd.DataFrame, rows: pd.Series) -> str:
    shown = ", ".join(map(str, frame.loc[rows.to_numpy(), "customer_id"].head(_SHOWN)))
    more = ", ..." if rows.sum() > _SHOWN else ""
    return f"{rows.sum():,} of {len(frame):,} rows (customer_id {shown}{more})"
