"""Fingerprints: a short text that changes when the known content of a shop does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date

import ibis
import ibis.expr.types as ir

from churnml.data.door import TYPES
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.data.template import Template

_TYPES = frozenset(TYPES.values())


class Fingerprints:
    """The fingerprints of a shop on any day, compiled once.

    Parameters
    ----------
    shop : Shop
        Shop whose tables are hashed.
    names : iterable of str, optional
        Names of the tables to hash; None hashes all that the shop brought.
    """

    def __init__(self, shop: Shop, names: Iterable[str] | None = None) -> None:
        looked_at = sorted(shop.tables if names is None else names)
        self._template = Template(
            shop,
            lambda history: ibis.union(*(_summed(history, name) for name in looked_at)),
            ("fingerprint", *looked_at),
        )

    def on(self, snapshot_date: date) -> str:
        """Hash the tables as known on a day; the order of rows and later rows change nothing.

        Parameters
        ----------
        snapshot_date : date
            Day at whose start the tables are known.

        Returns
        -------
        str
            Hash of 16 hex digits over table names, columns, row counts and the exact sum of the rows' hashes.
        """
        digest = hashlib.sha256()
        for found in self._template.on(snapshot_date).to_pandas().sort_values("table").itertuples():
            digest.update(f"{found.table}|{found.rows}|{found.total}\n".encode())
        return digest.hexdigest()[:16]


def fingerprint(history: History, names: Iterable[str] | None = None) -> str:
    """Hash the tables of a shop as known on one day; see ``Fingerprints``."""
    return Fingerprints(history.shop, names).on(history.snapshot_date)


def _summed(history: History, name: str) -> ir.Table:
    table = history.table(name)
    # A shop's own columns keep the types of their file, which shall not matter.
    typed = {
        column: table[column] if kind.copy(nullable=True) in _TYPES else table[column].cast("string")
        for column, kind in sorted(table.schema().items())
    }
    hashes = history.shop.engine.hash_rows(typed).cast("decimal(38, 0)")
    summed = table.aggregate(rows=table.count(), total=hashes.sum())
    return summed.mutate(table=ibis.literal(f"{name}|{','.join(typed)}"))
