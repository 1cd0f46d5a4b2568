"""A shop: its checked and normalised tables on one engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from churnml.data.checks import CheckReport
from churnml.data.engines import Engine
from churnml.data.supplied import SuppliedTable, supplied_table


@dataclasses.dataclass(frozen=True)
class Sample:
    """Which customers of which shop a sample holds."""

    of: Shop
    share: float
    seed: int


@dataclasses.dataclass(frozen=True)
class Shop:
    """The tables of a shop as they stand, all of time. What was known on one day is seen through ``History``.

    Attributes
    ----------
    tables : mapping of str to Ibis table
        Checked tables of the contract, by name.
    brought : mapping of str to frozenset of str
        Names of the columns, by table, that the source really has; the others of the contract are null.
    report : CheckReport
        Findings of the check, with counts.
    engine : Engine
        Engine on which the tables live.
    raw : mapping of str to Ibis table
        Tables as they were found, with all their columns under the contract's names.
    supplied : mapping of str to SuppliedTable
        Tables of features that were computed elsewhere, by family.
    sample : Sample or None
        Shop of which this one holds some customers; None where it holds all.
    families : tuple of Family
        Feature families of the shop's own, which are read by features alone.
    """

    tables: Mapping[str, ir.Table]
    brought: Mapping[str, frozenset[str]]
    report: CheckReport
    engine: Engine
    raw: Mapping[str, ir.Table] = dataclasses.field(default_factory=dict)
    supplied: Mapping[str, SuppliedTable] = dataclasses.field(default_factory=dict)
    sample: Sample | None = None
    families: tuple[Any, ...] = ()

    def with_family(self, *families: Any) -> Shop:
        """Add feature families of the shop's own: they are built, described, traced and spoken of like others.

        Parameters
        ----------
        *families : Family
            Families to add; one takes the place of another of its name.

        Returns
        -------
        Shop
            Shop with these families; the given one stays as it is. Faults in a declaration are raised when its features
            are asked for.

        Examples
        --------
        >>> from churnml.features import ORDERS, Aggregate, Family, count
        >>> app_orders = Aggregate(
        ...     name="app_orders_90d",
        ...     unit="orders",
        ...     describe="Orders by the app in the 90 days before the snapshot",
        ...     source=ORDERS,
        ...     reduce=count(),
        ...     only=lambda order: order.channel == "app",
        ...     needs=("channel",),
        ...     window_days=90,
        ...     fill=0,
        ...     sentence="{value} by the app in the last 90 days",
        ... )
        >>> import pandas as pd
        >>> from churnml.data.reading import read
        >>> rows = [(1, "a", "2025-01-05", 9.5, "app"), (2, "a", "2025-02-01", 12, "web")]
        >>> columns = ["order_id", "customer_id", "ordered_at", "amount", "channel"]
        >>> shop = read({"orders": pd.DataFrame(rows, columns=columns)})
        >>> shop = shop.with_family(Family("app", concept="channel", actionable=False, features=(app_orders,)))
        >>> from churnml.features.builder import build_features
        >>> build_features(shop, "2025-03-01")["app_orders_90d"].to_dict()
        {'a': 1.0}
        """
        named = {family.name: family for family in (*self.families, *families)}
        return dataclasses.replace(self, families=tuple(named.values()))

    def supply(
        self,
        frame: Any,
        *,
        family: str,
        known_at: str,
        features: Sequence[Any] = (),
        concept: str | None = None,
        actionable: bool = False,
    ) -> Shop:
        """Add features that were computed elsewhere, joined to the shop's own.

        Parameters
        ----------
        frame : pandas DataFrame, Polars DataFrame or Arrow table
            One row per customer and snapshot: ``customer_id``, ``snapshot_date``, the column ``known_at`` and numbers.
            Every snapshot that is built needs rows; a customer without one has null.
        family : str
            Name of the family that the features make; it takes the place of one that was supplied under this name.
        known_at : str
            Name of the column that says when the numbers of a row were known; all must lie before the start of their
            snapshot.
        features : sequence of Supplied, optional
            Descriptions of the columns, with their sentences; none takes every other column as a number of its name.
        concept : str, optional
            Concept that reasons of these features are about; None takes the family's name.
        actionable : bool, optional
            Whether the shop can act on the concept.

        Returns
        -------
        Shop
            Shop with these features; the given one stays as it is.

        Raises
        ------
        InputError
            With everything in the table that is wrong, rows that were known too late among it.
        """
        orders = self.tables["orders"]
        customers = orders.select("customer_id").distinct().to_pandas()["customer_id"]
        columns = [feature.name for feature in features] if features else None
        table = supplied_table(frame, family, known_at, columns, customers)
        table = dataclasses.replace(table, features=tuple(features), concept=concept, actionable=actionable)
        return dataclasses.replace(self, supplied={**self.supplied, family: table})

    @property
    def whole(self) -> Shop:
        """The shop with all its customers, of which this one may be a sample."""
        return self if self.sample is None else self.sample.of

    def has(self, table: str, columns: Iterable[str] = ()) -> bool:
        """Check whether the shop brought a table with all these columns."""
        return set(columns) <= self.brought.get(table, frozenset()) if columns else table in self.tables

    @property
    def first_day(self) -> date:
        """The day of the first order, of all that are there now; see ``History.first_day`` for what a day knew."""
        return self._order_days[0]

    @property
    def last_day(self) -> date:
        """The day of the last order; it may be incomplete, so nothing of it is taken for known."""
        return self._order_days[1]

    @property
    def currency(self) -> str | None:
        """The one currency of the amounts; None where the shop does not say."""
        if not self.has("orders", ["currency"]):
            return None
        found = self.tables["orders"].currency.max().to_pandas()
        return str(found) if isinstance(found, str) else None

    @cached_property
    def answers(self) -> dict[Any, Any]:
        """What was asked of the shop and need not be asked again: by question and day, and queries of any day."""
        return {}

    @cached_property
    def _order_days(self) -> tuple[date, date]:
        orders = self.tables["orders"]
        days = orders.aggregate(first=orders.ordered_at.min(), last=orders.ordered_at.max()).to_pandas().iloc[0]
        return pd.Timestamp(days["first"]).date(), pd.Timestamp(days["last"]).date()
