"""Ids that differ only in how they are written: blanks around them, letter case, composed letters, leading zeros.

The engine compares what is left of ids after all of that, in so far as engines agree on it; letters beyond ASCII, which
they fold and compose each in its own way, are compared here.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from unicodedata import normalize

import ibis.expr.types as ir
import pandas as pd

from churnml.data.checks.counts import counts_of
from churnml.data.checks.report import EXAMPLES, short

# Ids that are brought here at most, of either kind.
_MOST = 100_000
# A Turkish system makes I of ı and İ of i, others I of i; a blank of a spreadsheet may be one that does not break.
_BLANKS = "\u00a0\ufeff"
_WRITTEN = string.ascii_uppercase + "\u0130\u0131" + _BLANKS
_READ = string.ascii_lowercase + "ii" + " " * len(_BLANKS)
_AROUND = string.whitespace + _BLANKS
_NOT_ASCII = "[^ -~]"
_WAYS: dict[str, Callable[[str], str]] = {
    "composed letters (Unicode NFC)": lambda id_: normalize("NFC", id_),
    "blanks around them": lambda id_: id_.strip(_AROUND),
    "letter case": lambda id_: id_.replace("\u0130", "i").replace("\u0131", "i").casefold(),
    "leading zeros": lambda id_: id_.lstrip("0"),
}


def alike(these: ir.Table, those: ir.Table) -> pd.DataFrame:
    """Pair different ids of two tables that are written alike.

    Parameters
    ----------
    these, those : Ibis table
        Distinct ids of either table, in a column ``id``.

    Returns
    -------
    pandas DataFrame
        ``this``, ``that`` and ``ways``, the names of what they differ in; sorted, one row for each of these ids.
    """
    left, right = _keyed(these), _keyed(those)
    return _pairs(
        _folded(left.filter(left.key.isin(right.key)), left), _folded(right.filter(right.key.isin(left.key)), right)
    )


def alike_within(ids: ir.Table) -> pd.DataFrame:
    """Pair different ids of one table that are written alike, each with the first of its kind; see ``alike``."""
    keyed = _keyed(ids)
    beyond = keyed.key.re_search(_NOT_ASCII)
    counts = counts_of(keyed.aggregate(ids=keyed.count(), keys=keyed.key.nunique(), beyond=beyond.sum()))
    if counts["ids"] == counts["keys"] and not counts["beyond"]:
        return pd.DataFrame(columns=["this", "that", "ways"])
    repeated = keyed.group_by("key").aggregate(ids=keyed.count())
    folded = _folded(keyed.semi_join(repeated.filter(repeated.ids > 1), "key"), keyed)
    return _pairs(folded, folded.sort_values("id").drop_duplicates("folded"))


def said_alike(pairs: pd.DataFrame) -> str:
    """Describe how many ids differ in what, with examples.

    Examples
    --------
    >>> said_alike(pd.DataFrame({"this": ["ann"], "that": ["Ann"], "ways": ["letter case"]}))
    '1 but for letter case (ann / Ann)'
    """
    parts = []
    for ways, rows in pairs.groupby("ways", sort=True):
        few = rows.head(EXAMPLES)
        named = [f"{_visibly(this)} / {_visibly(that)}" for this, that in zip(few["this"], few["that"], strict=True)]
        more = ", ..." if len(rows) > EXAMPLES else ""
        least = "at least " if len(pairs) >= _MOST else ""
        parts.append(f"{least}{len(rows):,} but for {ways} ({', '.join(named)}{more})")
    return ", ".join(parts)


def _visibly(id_: str) -> str:
    return short(id_ if id_ == id_.strip(_AROUND) else f'"{id_}"')


def _keyed(ids: ir.Table) -> ir.Table:
    return ids.select("id", key=ids.id.translate(_WRITTEN, _READ).strip().re_replace("^0+", ""))


def _folded(near: ir.Table, keyed: ir.Table) -> pd.DataFrame:
    """Bring the ids that meet another by their key, or might beyond ASCII, and fold them."""
    beyond = keyed.filter(keyed.key.re_search(_NOT_ASCII))
    frame: pd.DataFrame = near.union(beyond, distinct=True).order_by("key").limit(_MOST).select("id").to_pandas()
    return frame.assign(folded=[_fold(id_) for id_ in frame["id"]])


def _pairs(these: pd.DataFrame, those: pd.DataFrame) -> pd.DataFrame:
    pairs = these.merge(those, on="folded", suffixes=("", "_of_others"))
    pairs = pairs.set_axis(["this", "folded", "that"], axis="columns").drop(columns="folded")
    pairs = pairs[pairs["this"] != pairs["that"]].sort_values(["this", "that"]).drop_duplicates("this")
    return pairs.assign(ways=[_ways(this, that) for this, that in zip(pairs["this"], pairs["that"], strict=True)])


def _fold(id_: str) -> str:
    for way in _WAYS.values():
        id_ = way(id_)
    return id_


def _ways(this: str, that: str) -> str:
    """Name what has to be looked past for two ids to be the same."""
    needed = []
    for name in _WAYS:
        a, b = this, that
        for other, way in _WAYS.items():
            a, b = (a, b) if other == name else (way(a), way(b))
        if a != b:
            needed.append(name)
    return " and ".join(needed)
