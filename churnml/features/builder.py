"""Building features: one group-by per source, joined to the eligible customers of one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.data.history import History
from churnml.data.population import eligible
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.family import Aggregate, Derived, Feature, Fit, Supplied
from churnml.features.registry import available, family_of


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
    day = pd.Timestamp(snapshot_date).date()
    return build(History(shop, day), definition or ChurnDefinition(), available(shop, families, day))


def build(history: History, definition: ChurnDefinition, features: Sequence[Feature]) -> pd.DataFrame:
    """Build given features of a history; see ``build_features``."""
    constants = find_constants(history, definition, features)
    frame = aggregate(history, definition, features).order_by("customer_id").to_pandas()
    return derive(frame, features, constants).set_index("customer_id")


def aggregate(history: History, definition: ChurnDefinition, features: Sequence[Feature]) -> ir.Table:
    """Give the aggregates of every eligible customer: one group-by per source, joined to the customers."""
    first_day = history.shop.first_day
    if history.snapshot_date <= first_day:
        raise InputError(
            f"{history.snapshot_date}: lies before the data, whose first order is of {first_day}. Name a later day."
        )
    joined = eligible(history, definition).select("customer_id")
    by_source: dict[str, list[Aggregate]] = {}
    for feature in features:
        if isinstance(feature, Aggregate):
            by_source.setdefault(feature.source.name, []).append(feature)
    for group in by_source.values():
        source = group[0].source
        rows = source.rows(history)
        numbers = {
            feature.name: feature.reduce(rows, condition(feature, rows, history), history).cast("float64")
            for feature in group
        }
        grouped = rows.group_by("customer_id").aggregate(**numbers)
        joined = joined.left_join(grouped, "customer_id").drop("customer_id_right")
    filled = {
        feature.name: joined[feature.name].fill_null(0.0)
        for feature in features
        if isinstance(feature, Aggregate) and feature.fill == 0
    }
    return joined.mutate(**filled) if filled else joined


@dataclass(frozen=True)
class Constants:
    """What is known of a snapshot apart from its rows: fitted constants, and supplied values by customer."""

    fitted: Mapping[Fit, Any]
    supplied: Mapping[str, pd.Series]


def find_constants(history: History, definition: ChurnDefinition, features: Sequence[Feature]) -> Constants:
    """Find the constants of a snapshot that features ask for, each once."""
    fits = [feature.fit for feature in features if isinstance(feature, Derived) and feature.fit is not None]
    supplied = {
        feature.name: history.shop.supplied[family_of(feature.name).name].on(history.snapshot_date)[feature.name]
        for feature in features
        if isinstance(feature, Supplied)
    }
    return Constants({fit: fit(history, definition) for fit in dict.fromkeys(fits)}, supplied)


def derive(frame: pd.DataFrame, features: Sequence[Feature], constants: Constants) -> pd.DataFrame:
    """Add the derived features to rows with aggregates, and put the columns in the order of the features."""
    columns: dict[str, NDArray[np.float64]] = {}
    for feature in features:
        if isinstance(feature, Derived):
            inputs = [columns[name] for name in feature.inputs]
            columns[feature.name] = _computed(feature, inputs, len(frame), constants)
        elif isinstance(feature, Supplied):
            columns[feature.name] = constants.supplied[feature.name].reindex(frame["customer_id"]).to_numpy(np.float64)
        else:
            columns[feature.name] = frame[feature.name].to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.DataFrame({"customer_id": frame["customer_id"], **columns})


def _computed(
    feature: Derived, inputs: list[NDArray[np.float64]], rows: int, constants: Constants
) -> NDArray[np.float64]:
    if feature.fit is None:
        first = []
    elif constants.fitted[feature.fit] is None:
        return np.full(rows, np.nan)
    else:
        first = [constants.fitted[feature.fit]]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.broadcast_to(np.asarray(feature.compute(*first, *inputs), dtype=np.float64), rows)
    return np.where(np.isfinite(values), values, np.nan)


def condition(feature: Aggregate, rows: ir.Table, history: History) -> ir.BooleanValue | None:
    """Say which rows of its source a feature reads; None reads all."""
    parts = []
    if feature.window_days is not None:
        parts.append(history.within(rows[feature.source.event_time], feature.window_days, feature.ago_days))
    if feature.only is not None:
        parts.append(feature.only(rows).fill_null(False))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else parts[0] & parts[1]
