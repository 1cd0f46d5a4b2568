"""Tracing: the source rows of one value, such that a person can redo the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.available import available
from churnml.features.builder import build, condition, find_constants
from churnml.features.family import Aggregate, Derived, Feature, Supplied
from churnml.features.family_catalogue import Catalogue, catalogue


@dataclass(frozen=True)
class Trace:
    """One value with all that it was computed from.

    Attributes
    ----------
    customer_id, feature : str
        Id of the customer, and name of the feature.
    snapshot_date : date
        Day of the value.
    describe : str
        Description of the number, in words.
    value : float or None
        Value of the feature; None for null.
    inputs : dict of str to float or None
        Values of the features that it is derived from, by name; empty for others.
    constants : str or None
        Constants fitted on the shop for this snapshot, as text; None where nothing was.
    rows : pandas DataFrame
        Source rows, as known on that day.
    """

    customer_id: str
    feature: str
    snapshot_date: date
    describe: str
    value: float | None
    inputs: dict[str, float | None]
    constants: str | None
    rows: pd.DataFrame


def trace_value(
    shop: Shop,
    customer_id: str,
    feature: str,
    snapshot_date: Day,
    definition: ChurnDefinition | None = None,
) -> Trace:
    """Return one value, what it was derived from, and its source rows.

    Parameters
    ----------
    shop : Shop
        Shop of the customer.
    customer_id, feature : str
        Id of the customer, and name of the feature.
    snapshot_date : date or str
        Day of the value.
    definition : ChurnDefinition, optional
        Definition of leaving, which says who is eligible, and the horizon of features that look ahead; None takes the
        defaults.

    Raises
    ------
    InputError
        Where the feature is not known, the shop lacks its table, or the customer is not eligible on that day.
    """
    declared = _declared(shop, feature)
    history = History(shop, snapshot_date)
    definition = definition or ChurnDefinition()
    needed = _with_inputs(declared, catalogue(shop))
    built = build(history, definition, needed)
    if customer_id not in built.index:
        raise InputError(
            f"{customer_id}: is not eligible on {history.snapshot_date} (no order in the {definition.active_days} days "
            "before, or not a customer of this shop). Look at the id and the day."
        )
    row = built.loc[customer_id].to_numpy(np.float64)
    values = {str(name): None if np.isnan(value) else float(value) for name, value in zip(built, row, strict=True)}
    inputs = declared.inputs if isinstance(declared, Derived) else ()
    constants = find_constants(history, definition, [declared]).fitted
    return Trace(
        customer_id,
        feature,
        history.snapshot_date,
        declared.describe,
        values[feature],
        {name: values[name] for name in inputs},
        str(next(iter(constants.values()))) if constants else None,
        trace(shop, customer_id, feature, snapshot_date),
    )


def trace(shop: Shop, customer_id: str, feature: str, snapshot_date: Day) -> pd.DataFrame:
    """Return the source rows of one value, such that a person can redo the arithmetic.

    Parameters
    ----------
    shop : Shop
        Shop of the customer.
    customer_id, feature : str
        Id of the customer, and name of the feature.
    snapshot_date : date or str
        Day of the value.

    Returns
    -------
    pandas DataFrame
        The rows that the feature reads, as known on that day, with the column ``source``; for a derived feature those
        of its inputs, with the column ``feature``.

    Raises
    ------
    InputError
        Where the feature is not known, the shop lacks its table, or it has no such customer.
    """
    history = History(shop, snapshot_date)
    declared = _declared(shop, feature)
    if not isinstance(customer_id, str):
        raise InputError(f"customer_id: ids are text (received {customer_id!r:.80}). Write it in quotes.")
    rows = _rows_of(shop, customer_id, declared, history)
    orders = shop.tables["orders"]
    if rows.empty and not orders.filter(orders.customer_id == customer_id).count().execute():
        raise InputError(f"{customer_id}: is no customer of this shop. Look at the id.")
    return rows


def _rows_of(shop: Shop, customer_id: str, declared: Feature, history: History) -> pd.DataFrame:
    feature = declared.name
    if isinstance(declared, Derived):
        parts = [
            _rows_of(shop, customer_id, catalogue(shop)[name], history).assign(feature=name) for name in declared.inputs
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"customer_id": []})
    if isinstance(declared, Supplied):
        supplied = shop.supplied[declared.family].on(history.snapshot_date)
        return supplied.loc[supplied.index == customer_id, [feature]].reset_index().assign(source=declared.family)
    assert isinstance(declared, Aggregate)
    rows = declared.source.rows(history)
    where = condition(declared, rows, history)
    if where is not None:
        rows = rows.filter(where)
    rows = rows.filter(rows.customer_id == customer_id)
    frame: pd.DataFrame = rows.order_by(*rows.columns[:3]).to_pandas()
    return frame.assign(source=declared.source.name)


def _declared(shop: Shop, feature: str) -> Feature:
    known = {known.name for known in available(shop)}
    if not isinstance(feature, str) or feature not in known:
        raise InputError(f"{feature}: not a feature of this shop. Choose among {', '.join(sorted(known))}.")
    return catalogue(shop)[feature]


def _with_inputs(declared: Feature, known: Catalogue) -> list[Feature]:
    """List a feature after all that it is derived from."""
    if not isinstance(declared, Derived):
        return [declared]
    before = [needed for name in declared.inputs for needed in _with_inputs(known[name], known)]
    return [*dict.fromkeys(before), declared]
