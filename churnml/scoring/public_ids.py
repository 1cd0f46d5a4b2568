"""The ids under which customers are given out: the shop's own, or others that stand for them, such as pseudonyms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from churnml.data.stored_rows import RenamedRows, StoredRows

SHARED_BY = 5
"""Customers who share a text of the shop, such as a topic, before what is given out under pseudonyms tells it."""


@dataclass(frozen=True)
class PublicIds:
    """Turns the shop's own ids into those that are given out, and back.

    Attributes
    ----------
    real_ids : pandas Series or None
        Ids of the shop, indexed by those that are given out; None gives out the shop's own.
    """

    real_ids: pd.Series | None = None

    @property
    def pseudonymous(self) -> bool:
        """Whether other ids stand for the shop's own."""
        return self.real_ids is not None

    def real(self, customers: Sequence[str]) -> list[str]:
        """Return the shop's own ids of customers."""
        return list(customers) if self.real_ids is None else self.real_ids.loc[list(customers)].tolist()

    def renamed(self, rows: StoredRows) -> StoredRows:
        """Return rows that carry the shop's own ids with those that are given out; who has none is left out."""
        if self.real_ids is None:
            return rows
        return RenamedRows(rows, pd.Series(self.real_ids.index, index=pd.Index(self.real_ids)))

    def public(self, real: pd.Series) -> pd.Series:
        """Return the ids that are given out for the shop's own; null for customers who have none."""
        if self.real_ids is None:
            return real
        return real.map(pd.Series(self.real_ids.index, index=pd.Index(self.real_ids)))
