"""Building features: one group-by per source, joined to the eligible customers of one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from churnml.data.engines.engine import Transform
from churnml.data.history import History
from churnml.data.local_rows import RowsInMemory
from churnml.data.parts import parts_of
from churnml.data.population import eligible, eligible_by_orders
from churnml.data.shop import Shop
from churnml.data.stored_rows import StoredRows
from churnml.data.template import Template
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.available import fitting, tables_of
from churnml.features.family import Aggregate, Derived, Feature, Fit, Source, Supplied
from churnml.features.family_catalogue import own
from churnml.features.sources import ORDERS


def build_features(
    shop: Shop,
    snapshot_date: Day,
    definition: ChurnDefinition | None = None,
    families: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Build the features of every eligible customer as known at the start of a day.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are described.
    snapshot_date : date or str
        Day that is taken for now.
    definition : ChurnDefinition, optional
        Definition of leaving, which says who is eligible; None takes the defaults.
    families : iterable of str, optional
        Names of families to build; None builds all that the shop's tables allow. Of features with several measures
        (lateness by the date, or by the clock) those are built that fit the shop as known on the day. Features derived
        from a family that is not among them are left out.

    Returns
    -------
    pandas DataFrame
        One row per eligible customer, indexed and sorted by ``customer_id``; float64 columns in the catalogue's
        order. Counts and sums of nothing are 0, days-since and means of nothing are null.

    Raises
    ------
    InputError
        Where the snapshot is not a day, or lies before the data.
    """
    history = History(shop, snapshot_date)
    definition = definition or ChurnDefinition()
    return build(history, definition, fitting(history, definition, families))


def build(
    history: History, definition: ChurnDefinition, features: Sequence[Feature], aggregates: Aggregates | None = None
) -> pd.DataFrame:
    """Build given features of a history; see ``build_features``. For several snapshots, bring their aggregates."""
    tables, transform = _derived(history, definition, features, aggregates)
    pieces = map(transform, history.shop.engine.batches(tables))
    return RowsInMemory.of_tables(pieces, _schema(features)).frame()


def build_rows(history: History, definition: ChurnDefinition, features: Sequence[Feature]) -> StoredRows:
    """Build given features of a history, of any number of customers; many lie in a file, or on the cluster."""
    return history.shop.engine.store(*_derived(history, definition, features), _schema(features))


def _derived(
    history: History, definition: ChurnDefinition, features: Sequence[Feature], aggregates: Aggregates | None = None
) -> tuple[list[ir.Table], Transform]:
    """Return the tables with the aggregates, and what makes features of pieces of them."""
    tables = (aggregates or Aggregates(history.shop, definition, features)).on(history.snapshot_date)
    return tables, partial(derive, features=features, constants=find_constants(history, definition, features))


def _schema(features: Sequence[Feature]) -> pa.Schema:
    numbers = [pa.field(feature.name, pa.float64()) for feature in features]
    return pa.schema([pa.field("customer_id", pa.string()), *numbers])


class Aggregates:
    """The aggregates of the eligible customers of a shop, compiled once for all snapshots, whoever asks for them.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are described.
    definition : ChurnDefinition
        Definition of leaving, which says who is eligible.
    features : sequence of Feature
        Features to compute.
    snapshots : int, optional
        Number of snapshots that will be asked for: for several, the shop's rows are sorted by customer first.
    """

    def __init__(
        self, shop: Shop, definition: ChurnDefinition, features: Sequence[Feature], snapshots: int = 1
    ) -> None:
        def query(history: History) -> ir.Table:
            return _aggregate(history, definition, features).order_by("customer_id")

        self._whole = shop.whole
        asked, often = ("aggregates", definition, *features), snapshots > 1
        if (asked, often) not in shop.answers:
            shared = asked if set(features) <= set(own()) else None
            parts = parts_of(shop, tables_of(features), often=often)
            shop.answers[asked, often] = [Template(part, query, shared) for part in parts]
        self._parts: list[Template] = shop.answers[asked, often]

    def on(self, snapshot_date: date) -> list[ir.Table]:
        """Return a table for each part of the shop, in the order of customers, each sorted by ``customer_id``."""
        if History(self._whole, snapshot_date).first_day == snapshot_date:
            first = self._whole.first_day
            raise InputError(f"{snapshot_date}: no order lies before it; the first is of {first}. Name a later day.")
        return [part.on(snapshot_date) for part in self._parts]


def _aggregate(history: History, definition: ChurnDefinition, features: Sequence[Feature]) -> ir.Table:
    """Group each source once, and join what comes out to the eligible customers."""
    groups: dict[Source, list[Aggregate]] = {}
    for feature in features:
        if isinstance(feature, Aggregate):
            groups.setdefault(feature.source, []).append(feature)
    of_orders = groups.pop(ORDERS, [])
    joined = population = _population(history, definition, of_orders)
    # Many who ever ordered have left long ago: lines and deliveries are not joined to their orders.
    of_them = history.of_orders(history.shop.tables["orders"].semi_join(population, "customer_id"))
    # One chain of joins: each that is selected from would hand on all columns before it, and be compiled with them.
    for number, (source, group) in enumerate(groups.items()):
        known = history if source.table == ORDERS.table else of_them
        joined = joined.left_join(_grouped(known, group), "customer_id", rname=f"{{name}} of {number}")
    values = {
        feature.name: joined[feature.name] if feature.fill is None else joined[feature.name].fill_null(feature.fill)
        for group in (of_orders, *groups.values())
        for feature in group
    }
    return joined.select("customer_id", **values)


def _population(history: History, definition: ChurnDefinition, of_orders: Sequence[Aggregate]) -> ir.Table:
    """Return the eligible customers with the aggregates of their orders."""
    orders = ORDERS.rows(history)
    is_eligible = eligible_by_orders(history, orders, definition)
    if is_eligible is not None:
        grouped = _grouped(history, of_orders, is_eligible=is_eligible)
        return grouped.filter(grouped.is_eligible).drop("is_eligible")
    customers = eligible(history, definition).select("customer_id")
    if not of_orders:
        return customers
    return customers.left_join(_grouped(history, of_orders), "customer_id").drop("customer_id_right")


def _grouped(history: History, group: Sequence[Aggregate], **more: ir.Value) -> ir.Table:
    """Compute the aggregates of one source, a row per customer."""
    rows = group[0].source.rows(history) if group else ORDERS.rows(history)
    numbers: dict[str, ir.Value] = {
        feature.name: feature.reduce(rows, condition(feature, rows, history), history).cast("float64")
        for feature in group
    }
    return rows.group_by("customer_id").aggregate(**numbers, **more)


@dataclass(frozen=True)
class Constants:
    """What is known of a snapshot apart from its rows: fitted constants, and supplied values by customer."""

    fitted: Mapping[Fit, Any]
    supplied: Mapping[str, pd.Series]


def find_constants(history: History, definition: ChurnDefinition, features: Sequence[Feature]) -> Constants:
    """Find the constants of a snapshot that features ask for, each once, from the whole shop."""
    history = History(history.shop.whole, history.snapshot_date)
    fits = [feature.fit for feature in features if isinstance(feature, Derived) and feature.fit is not None]
    supplied = {
        feature.name: history.shop.supplied[feature.family].on(history.snapshot_date)[feature.name]
        for feature in features
        if isinstance(feature, Supplied)
    }
    return Constants({fit: fit(history, definition) for fit in dict.fromkeys(fits)}, supplied)


def derive(rows: pa.Table, features: Sequence[Feature], constants: Constants) -> pa.Table:
    """Add the derived features to rows with aggregates, and put the columns in the order of the features."""
    columns: dict[str, NDArray[np.float64]] = {}
    for feature in features:
        if isinstance(feature, Derived):
            inputs = [columns[name] for name in feature.inputs]
            columns[feature.name] = _computed(feature, inputs, len(rows), constants)
        elif isinstance(feature, Supplied):
            customers = rows["customer_id"].to_pandas()
            columns[feature.name] = constants.supplied[feature.name].reindex(customers).to_numpy(np.float64)
        else:
            columns[feature.name] = rows[feature.name].to_numpy()
    # Derived numbers carry null as NaN until here.
    return pa.table(
        {"customer_id": rows["customer_id"]}
        | {name: pa.array(values, pa.float64(), from_pandas=True) for name, values in columns.items()}
    )


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
    """Return the condition on the rows of its source that a feature reads; None reads all."""
    parts = []
    if feature.window_days is not None:
        parts.append(history.within(rows[feature.source.event_time], feature.window_days, feature.ago_days))
    if feature.only is not None:
        parts.append(feature.only(rows).fill_null(False))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else parts[0] & parts[1]
