"""Features that were computed elsewhere: a table keyed by customer and snapshot, with its known-time declared."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd

from churnml.data.engines.frames import to_arrow
from churnml.data.ids import exact_id
from churnml.days import parse_day
from churnml.errors import InputError

_KEY = ["customer_id", "snapshot_date"]
_SHOWN = 3
_log = logging.getLogger(__name__)
_ISO_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?")


@dataclasses.dataclass(frozen=True)
class SuppliedTable:
    """Numbers by customer and snapshot, and how they are described.

    Attributes
    ----------
    values : pandas DataFrame
        Numbers as float64 columns, indexed by ``customer_id`` (text) and ``snapshot_date`` (date), sorted.
    fingerprint : str
        Hash that changes when the numbers do.
    features : tuple of Supplied
        Declarations of the columns, which are read by features alone; none takes each as a number of its name.
    concept : str or None
        Concept that reasons of these features are about; None takes the table's name.
    actionable : bool
        Whether the shop can act on the concept.
    """

    values: pd.DataFrame
    fingerprint: str
    features: tuple[Any, ...] = ()
    concept: str | None = None
    actionable: bool = False

    def on(self, snapshot_date: date) -> pd.DataFrame:
        """Return the numbers of one snapshot by ``customer_id``.

        Raises
        ------
        InputError
            Where there is no row for this snapshot.
        """
        days = self.values.index.get_level_values("snapshot_date")
        rows = self.values[days == pd.Timestamp(snapshot_date)].droplevel("snapshot_date")
        if rows.empty:
            raise InputError(
                f"{', '.join(map(str, self.values))}: supplied without a row for the snapshot {snapshot_date}. Supply "
                "the features of every snapshot that is built."
            )
        return rows


def supplied_table(
    given: Any, name: str, known_at: str, columns: Iterable[str] | None, customers: pd.Series
) -> SuppliedTable:
    """Check a table of features that were computed elsewhere.

    Parameters
    ----------
    given : pandas DataFrame, Polars DataFrame or Arrow table
        One row per customer and snapshot: ``customer_id``, ``snapshot_date``, the column ``known_at`` and numbers.
    name : str
        Name of the table.
    known_at : str
        Name of the column that says when the numbers of a row were known.
    columns : iterable of str or None
        Names of the columns that are features; None takes all others.
    customers : pandas Series
        Ids of the shop's customers.

    Raises
    ------
    InputError
        With every failure: missing columns, values that are no numbers or days, keys that stand twice, and rows that
        were not known before the start of their snapshot.
    """
    frame = as_pandas(given, name)
    key = [*_KEY, known_at]
    columns = [str(column) for column in frame.columns if column not in key] if columns is None else list(columns)
    missing = [column for column in [*key, *columns] if column not in frame.columns]
    if missing:
        raise InputError(
            f"{name}: the columns {', '.join(missing)} are missing (received: {', '.join(map(str, frame.columns))}). "
            "Add them."
        )
    if not columns:
        raise InputError(f"{name}: holds no features beside its key and {known_at}. Add columns of numbers.")
    failures = []
    made = pd.DataFrame({"customer_id": _exact_ids(frame["customer_id"])})
    nobody = made["customer_id"].isna()
    if nobody.any():
        failures.append(f"{name}.customer_id: {nobody.sum():,} of {len(frame):,} rows name nobody. Fill or drop them.")
    for column, read, kind, example in (
        ("snapshot_date", _days, "day", "2025-04-10"),
        (known_at, _times, "time", "2025-04-10 13:00:00"),
    ):
        made[column] = read(frame[column])
        if made[column].isna().any():
            failures.append(
                f"{name}.{column}: {_counted(frame, made[column].isna())} are not a {kind}. Write them as {example}, "
                "without a time zone."
            )
    for column in columns:
        made[column] = pd.to_numeric(frame[column], errors="coerce").astype("float64")
        wrong = (made[column].isna() & frame[column].notna()) | np.isinf(made[column])
        if wrong.any():
            failures.append(f"{name}.{column}: {_counted(frame, wrong)} are not finite numbers. Correct them.")
    late = made[known_at] >= made["snapshot_date"]
    if late.any():
        failures.append(
            f"{name}.{known_at}: {_counted(frame, late)} were not known before their snapshot. Supply what was known "
            "at its start."
        )
    twice = made.duplicated(_KEY, keep=False)
    if twice.any():
        failures.append(f"{name}: {_counted(frame, twice)} share customer_id and snapshot_date. Keep one row of each.")
    unmet = ~made["customer_id"].isin(customers)
    if len(made) and unmet.all():
        failures.append(
            f"{name}.customer_id: none of {made['customer_id'].nunique():,} ids is a customer of the shop "
            f"({_counted(frame, unmet)}). Write the ids as the orders do."
        )
    if failures:
        raise InputError(failures)
    if unmet.any():
        _log.warning(f"{name}.customer_id: {_counted(frame, unmet)} are of no customer of the shop.")
    values = made.set_index(_KEY)[columns].sort_index()
    digest = hashlib.sha256(",".join(columns).encode())
    digest.update(np.ascontiguousarray(pd.util.hash_pandas_object(values, index=True)).tobytes())
    return SuppliedTable(values, digest.hexdigest()[:16])


def as_pandas(frame: Any, name: str) -> pd.DataFrame:
    """Return a table of pandas, Polars or Arrow as one of pandas.

    Raises
    ------
    InputError
        Where it is none of these.
    """
    made = frame.to_pandas() if hasattr(frame, "to_pandas") else frame
    if not isinstance(made, pd.DataFrame):
        raise InputError(f"{name}: a {type(frame).__name__} was received. Supply a pandas DataFrame.")
    return made


def _exact_ids(ids: pd.Series) -> pd.Series:
    """Write ids as those of the tables are written; null where one is none."""
    table = ibis.memtable(to_arrow(pd.DataFrame({"id": ids, "place": np.arange(len(ids))})))
    written: pd.DataFrame = table.select("place", id=exact_id(table.id)).order_by("place").to_pandas()
    return pd.Series(written["id"].to_numpy(), index=ids.index, dtype="string")


def _days(values: pd.Series) -> pd.Series:
    """Read days as every argument that names one is read; null where it is none."""
    days: list[date | None] = []
    for value in values:
        try:
            days.append(parse_day(value))
        except InputError:
            days.append(None)
    return pd.Series(days, index=values.index, dtype="datetime64[us]")


def _times(values: pd.Series) -> pd.Series:
    """Read times of the shop's clock; null for numbers, times with a zone, and texts that are not ISO."""
    known = [value if _is_time(value) else None for value in values]
    return pd.to_datetime(pd.Series(known, index=values.index, dtype=object), errors="coerce", format="ISO8601").astype(
        "datetime64[us]"
    )


def _is_time(value: object) -> bool:
    if isinstance(value, str):
        return _ISO_TIME.fullmatch(value) is not None
    return isinstance(value, date) and getattr(value, "tzinfo", None) is None


def _counted(frame: pd.DataFrame, rows: pd.Series) -> str:
    shown = ", ".join(map(str, frame.loc[rows.to_numpy(), "customer_id"].head(_SHOWN)))
    more = ", ..." if rows.sum() > _SHOWN else ""
    return f"{rows.sum():,} of {len(frame):,} rows (customer_id {shown}{more})"
