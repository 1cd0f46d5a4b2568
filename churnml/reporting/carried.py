"""Columns of the shop's customers that are carried into lists, sheet, page and exports, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnml.campaigns.ledger import HELD_OUT
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.data.stored_rows import ids_of
from churnml.errors import ConfigError
from churnml.features.family import Aggregate
from churnml.reporting.columns import is_carried
from churnml.scoring.ranking import Ranking

FILE = "carried.parquet"
"""Name of the file that holds them for customers of a list and for those whom nobody may contact with it."""
_CUSTOMERS, _ID = "customers", "customer_id"


def check_carried(shop: Shop, names: Sequence[str]) -> None:
    """Refuse columns that cannot be carried.

    Parameters
    ----------
    shop : Shop
        Shop that is to have them.
    names : sequence of str
        Names of the columns, as from ``reporting.carry``.

    Raises
    ------
    ConfigError
        With every column that the shop's customers do not have, that is a column of lists already, or that a feature of
        the shop's own reads: what is carried is never learned from.
    """
    there = shop.tables[_CUSTOMERS].columns if shop.has(_CUSTOMERS) else ()
    read_by = {
        column: feature.name
        for family in shop.families
        for feature in family.features
        if isinstance(feature, Aggregate) and feature.source.table == _CUSTOMERS
        for column in feature.needs
    }
    failures = []
    for name in names:
        if not is_carried(name):
            failures.append(f"reporting.carry: {name} is a column of every list already. Take it out.")
        elif name not in there:
            known = ", ".join(each for each in there if is_carried(each)) or "none"
            failures.append(
                f"reporting.carry: customers have no column {name} (they have: {known}). Bring it, take it out, or "
                "name the shop's own column for it under tables.customers.columns."
            )
        elif name in read_by:
            failures.append(
                f"reporting.carry: {name} is read by the feature {read_by[name]}, but what is carried is never learned "
                "from. Take it out, or do without the feature."
            )
    if failures:
        raise ConfigError(failures)


def read_carried(ranking: Ranking, customers: Collection[str]) -> pd.DataFrame:
    """Read the carried columns of customers.

    Parameters
    ----------
    ranking : Ranking
        Ranking that names the columns, by its settings.
    customers : collection of str
        Ids of customers.

    Returns
    -------
    pandas DataFrame
        Texts by ``customer_id``, in the order of the ids, a column for each that is carried; null where the shop does
        not tell. Without columns where other ids stand for the shop's own.
    """
    names = [] if ranking.pseudonymous else ranking.config.reporting.carry
    index = pd.Index(list(customers), name=_ID, dtype="str")
    if not names:
        return pd.DataFrame(index=index)
    table = History(ranking.shop, ranking.snapshot_date).table(_CUSTOMERS).select(_ID, *names).to_pyarrow()
    # The table may hold millions, of whom few are wanted.
    wanted = pc.is_in(table[_ID].cast(pa.string()), pa.array(index, pa.string()))
    found: pd.DataFrame = table.filter(wanted).to_pandas()
    return found.set_index(_ID)[names].map(_text).astype("str").reindex(index)


def write_carried(ranking: Ranking, listed: pd.Series, folder: Path) -> pd.DataFrame:
    """Write the carried columns of who is on a list, and of who must not be contacted with it.

    Parameters
    ----------
    ranking : Ranking
        Ranking of the list.
    listed : pandas Series
        Ids of the customers on it.
    folder : Path
        Folder of the list, which gets a file where something is carried.

    Returns
    -------
    pandas DataFrame
        What was written; see ``read_carried``.
    """
    ids = [listed]
    if ranking.config.reporting.carry and not ranking.pseudonymous:
        ledger = ranking.ledger
        ids.append(ledger["customer_id"][(ledger["arm"] == HELD_OUT).to_numpy(dtype=bool)])
        for piece in ranking.rows.pieces([_ID, "holdout", "contactable"]):
            without_consent = ~piece["contactable"].fillna(True).to_numpy(dtype=bool)
            ids.append(pd.Series(ids_of(piece)[piece["holdout"].to_numpy(dtype=bool) | without_consent]))
    carried = read_carried(ranking, sorted(set(pd.concat(ids))))
    if len(carried.columns):
        carried.reset_index().to_parquet(folder / FILE, index=False)
    return carried


def _text(value: Any) -> str | None:
    """Write a value as text: a number without decimals as a whole one."""
    if pd.isna(value) or str(value).strip() == "":
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()
