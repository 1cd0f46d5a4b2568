"""Building features: one group-by per source, joined to the eligible customers of one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.data.population import eligible
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.family import Aggregate, Derived, Feature
from churnml.features.registry import available
from churnml.features.registry import feature as feature_of
from churnml.features.sources import SOURCES, Source


def build_features(
    shop: Shop,
    snapshot_date: str | date,
    definition: ChurnDefinition | None = None,
    families: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Build the features of every eligible customer as known at the start of a day.

    Parameters
    ----------
    shop
        The shop.
    snapshot_date
        The day that is taken for now.
    definition
        Who is eligible; None takes the defaults.
    families
        Families to build; None builds all that the shop's tables allow. Features derived from a family that is not
        among them are left out.

    Returns
    -------
    pandas DataFrame
        One row per eligible customer, indexed and sorted by ``customer_id``; float64 columns in the registry's
        order. Counts and sums of nothing are 0, days-since and means of nothing are null.

    Raises
    ------
    InputError
        Where the snapshot lies before the data.
    """
    history = History(shop, pd.Timestamp(snapshot_date).date())
    return build(history, definition or ChurnDefinition(), available(shop, families))


def build(history: History, definition: ChurnDefinition, features: Sequence[Feature]) -> pd.DataFrame:
    """Build given features of a history; see ``build_features``."""
    first_day = history.shop.first_day
    if history.snapshot_date <= first_day:
        raise InputError(
            f"{history.snapshot_date}: lies before the data, whose first order is of {first_day}. Name a later day."
        )
    frame = _aggregate(history, definition, [feature for feature in features if isinstance(feature, Aggregate)])
    for derived in features:
        if isinstance(derived, Derived):
            with np.errstate(divide="ignore", invalid="ignore"):
                values = derived.compute(*(frame[name].to_numpy() for name in derived.inputs))
            frame[derived.name] = np.where(np.isfinite(values), values, np.nan)
    return frame[[feature.name for feature in features]]


def _aggregate(history: History, definition: ChurnDefinition, features: Sequence[Aggregate]) -> pd.DataFrame:
    customers = eligible(history, definition).select("customer_id")
    joined = customers
    for name in dict.fromkeys(feature.source for feature in features):
        source = SOURCES[name]
        rows = source.rows(history)
        numbers = {
            feature.name: feature.reduce(rows, condition(feature, source, rows, history), history).cast("float64")
            for feature in features
            if feature.source == name
        }
        grouped = rows.group_by("customer_id").aggregate(**numbers)
        joined = joined.left_join(grouped, "customer_id").drop("customer_id_right")
    filled = {feature.name: joined[feature.name].fill_null(0.0) for feature in features if feature.fill == 0}
    table = joined.mutate(**filled).order_by("customer_id") if filled else joined.order_by("customer_id")
    frame: pd.DataFrame = table.to_pandas()
    return frame.set_index("customer_id")


def condition(feature: Aggregate, source: Source, rows: ir.Table, history: History) -> ir.BooleanValue | None:
    """Say which rows of its source a feature reads; None reads all."""
    parts = []
    if feature.window_days is not None:
        parts.append(history.within(rows[source.event_time], feature.window_days))
    if feature.only is not None:
        parts.append(feature.only(rows).fill_null(False))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else parts[0] & parts[1]


def trace(shop: Shop, customer_id: str, feature: str, snapshot_date: str | date) -> pd.DataFrame:
    """Give the source rows of one value, such that a person can redo the arithmetic.

    Parameters
    ----------
    shop, customer_id, feature, snapshot_date
        Which value: of which customer, feature and day.

    Returns
    -------
    pandas DataFrame
        The rows that the feature reads, as known on that day, with the column ``source``; for a derived feature those
        of its inputs, with the column ``feature``.

    Raises
    ------
    InputError
        Where the feature is not known or the shop lacks its table.
    """
    history = History(shop, pd.Timestamp(snapshot_date).date())
    known = {known.name for known in available(shop)}
    if feature not in known:
        raise InputError(f"{feature}: not a feature of this shop. Choose among {', '.join(sorted(known))}.")
    declared = feature_of(feature)
    if isinstance(declared, Derived):
        parts = [trace(shop, customer_id, name, snapshot_date).assign(feature=name) for name in declared.inputs]
        return pd.concat(parts, ignore_index=True)
    assert isinstance(declared, Aggregate)
    source = SOURCES[declared.source]
    rows = source.rows(history)
    where = condition(declared, source, rows, history)
    if where is not None:
        rows = rows.filter(where)
    rows = rows.filter(rows.customer_id == customer_id)
    frame: pd.DataFrame = rows.order_by(*rows.columns[:3]).to_pandas()
    return frame.assign(source=declared.source)
