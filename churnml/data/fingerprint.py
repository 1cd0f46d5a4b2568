"""Fingerprints: a short text that changes when the known content of a shop does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import ibis

from churnml.data.history import History


def fingerprint(history: History, names: Iterable[str] | None = None) -> str:
    """Hash the tables of a shop as known on a day; the order of rows and later rows change nothing.

    Parameters
    ----------
    history
        The shop as known on the day.
    names
        Tables to look at; None looks at all that the shop brought.

    Returns
    -------
    str
        16 hex digits over table names, columns, row counts and the exact sum of the rows' hashes.
    """
    digest = hashlib.sha256()
    for name in sorted(history.shop.tables if names is None else names):
        table = history.table(name)
        columns = sorted(table.columns)
        texts = [table[column].cast("string").fill_null("\0") for column in columns]
        hashes = ibis.literal("\1").join(texts).hash().cast("decimal(38, 0)")
        found = table.aggregate(rows=table.count(), total=hashes.sum()).to_pandas().iloc[0]
        digest.update(f"{name}|{','.join(columns)}|{found['rows']}|{found['total']}\n".encode())
    return digest.hexdigest()[:16]
