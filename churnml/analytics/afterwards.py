"""Who ordered again after something that happened to them: counted by what it was like, with intervals.

What it was like is looked at 30 days after it happened, and whether the customer ordered in the horizon from then on:
so nothing that tells the outcome tells what came before it. Of each customer the first that happened in a year counts.
All of this is association: those to whom it happened in one way may differ from the others in other ways too.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from churnml.analytics.groups import FEWEST, NOT_KNOWN, OTHER
from churnml.data.history import History
from churnml.definition import ChurnDefinition
from churnml.statistics.shares import newcombe, wilson

SETTLING_DAYS = 30
"""Days after which it is looked at what something was like."""
MOST_TEXTS = 15
"""Different texts of the shop that a table tells apart."""
_YEAR_DAYS = 365


def first_of_each(history: History, definition: ChurnDefinition, rows: ir.Table, time: str, key: str) -> pd.DataFrame:
    """Find the first row of each customer in the last year of which the outcome is known.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is the time to come back; ``lead_days`` plays no part.
    rows : Ibis table
        Rows with ``customer_id``, a time and a key.
    time, key : str
        Names of the columns with the time at which it happened, and with the key: of one time the first key counts.

    Returns
    -------
    pandas DataFrame
        A row per customer: the columns of the rows, and ``returned``, whether there was an order in
        ``[30, 30 + horizon)`` days after the day on which it happened.
    """
    until = SETTLING_DAYS + definition.horizon_days
    # Known on the day itself is what is over by its start: the last of these days has to be.
    known = rows.filter(history.within(rows[time], _YEAR_DAYS, ago=until - 1))
    place = ibis.row_number().over(group_by="customer_id", order_by=[known[time], known[key]])
    first = known.mutate(place=place).filter(lambda each: each.place == 0).drop("place")
    orders = history.uncancelled_orders.select("customer_id", "ordered_at")
    both = orders.inner_join(first.select("customer_id", happened_at=first[time]), "customer_id")
    after = history.days_since(both.happened_at) - history.days_since(both.ordered_at)
    back = both.filter(after.between(SETTLING_DAYS, until - 1)).select("customer_id").distinct().mutate(back=1)
    table = first.left_join(back, "customer_id").drop("customer_id_right")
    found: pd.DataFrame = (
        table.mutate(returned=table.back.fill_null(0)).drop("back").order_by("customer_id").to_pandas()
    )
    return found


def count_returned(values: pd.Series, returned: pd.Series) -> pd.DataFrame:
    """Count customers, and those who ordered again, by value: ``value, customers, returned``."""
    counts = pd.DataFrame({"value": values.astype("str").to_numpy(), "returned": returned.to_numpy(dtype=np.int64)})
    table = counts.groupby("value", sort=False)["returned"].agg(["size", "sum"]).reset_index()
    return table.set_axis(["value", "customers", "returned"], axis=1).astype(
        {"customers": "int64", "returned": "int64"}
    )


def with_rates(table: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Add rates and differences to counts.

    Parameters
    ----------
    table : pandas DataFrame
        Counts ``customers`` and ``returned``, a row per value.
    others : pandas DataFrame
        The same counts, in the same order, of those with whom each row is compared; null or 0 customers for none.

    Returns
    -------
    pandas DataFrame
        With ``retention_rate``, ``low``, ``high`` (Wilson), the ``difference`` of the rate from the others',
        ``difference_low``, ``difference_high`` (Newcombe; null where there are no others), and ``is_small`` below 30
        customers.
    """
    hits, n = others["returned"].to_numpy(dtype=float), others["customers"].to_numpy(dtype=float)
    n = np.where(n > 0, n, np.nan)
    low, high = wilson(table["returned"], table["customers"])
    rate = table["returned"] / table["customers"].where(table["customers"] > 0)
    difference_low, difference_high = newcombe(table["returned"], table["customers"], hits, n)
    return table.assign(
        retention_rate=rate,
        low=low,
        high=high,
        difference=rate - hits / n,
        difference_low=difference_low,
        difference_high=difference_high,
        is_small=table["customers"] < FEWEST,
    )


def against_the_rest(table: pd.DataFrame) -> pd.DataFrame:
    """Compare each row of counts with all others of its table; see ``with_rates``."""
    counts = table[["customers", "returned"]]
    return with_rates(table, counts.sum() - counts)


def against_the_first(table: pd.DataFrame) -> pd.DataFrame:
    """Compare each row of counts with the first, and that with nobody; see ``with_rates``."""
    others = pd.DataFrame(np.nan, table.index, ["customers", "returned"])
    others.iloc[1:] = table[["customers", "returned"]].head(1).to_numpy()
    return with_rates(table, others)


def shown_texts(texts: pd.Series, customers: pd.Series, shared_by: int) -> pd.Series:
    """Return the texts of the shop that a table may show.

    Letters count alike in either case, and blanks once. The 15 texts of most customers are shown, as long as at least
    two, and ``shared_by``, have them: what a single customer has may name them. Others are ``other``, and null is
    ``not known``.

    Examples
    --------
    >>> texts = pd.Series(["Late", "late ", "Ayşe wrote", "Ayşe wrote", None])
    >>> shown_texts(texts, pd.Series(["a", "b", "c", "c", "d"]), 1).tolist()
    ['late', 'late', 'other', 'other', 'not known']
    """
    plain = texts.map(lambda text: " ".join(str(text).casefold().split()), na_action="ignore").astype("str")
    pairs = pd.DataFrame({"text": plain.to_numpy(), "customer": customers.to_numpy()}).dropna().drop_duplicates()
    counts = pairs.groupby("text").size().reset_index(name="n")
    counts = counts[(counts["n"] >= max(2, shared_by)) & (counts["text"] != OTHER)]
    first = counts.sort_values(["n", "text"], ascending=[False, True])["text"].head(MOST_TEXTS)
    return plain.where(plain.isin(first) | plain.isna(), OTHER).fillna(NOT_KNOWN)


def in_order(table: pd.DataFrame, last: tuple[str, ...] = (OTHER, NOT_KNOWN)) -> pd.DataFrame:
    """Sort counts by value: the most customers first, ties by value, and some values last."""
    places = table["value"].map({value: place for place, value in enumerate(last, 1)}).fillna(0)
    order = table.assign(place=places).sort_values(["place", "customers", "value"], ascending=[True, False, True])
    return order.drop(columns="place").reset_index(drop=True)
