"""Cohorts: how many of the customers of one month come back in the months after, and what they spend."""

from __future__ import annotations

import pandas as pd

from churnml.data.history import History

_COLUMNS = (
    "cohort",
    "month",
    "customers",
    "size",
    "retention_share",
    "amount",
    "amount_per_customer",
    "is_complete",
)


def compute_cohorts(history: History) -> pd.DataFrame:
    """Follow the customers of each calendar month through the months after it.

    A cohort is all customers whose first order known lies in one calendar month. Orders that are cancelled do not
    count; returns are not taken off. The customers of the first month of the data may have ordered before it began,
    so that they seem more loyal than new customers are.

    Parameters
    ----------
    history : History
        The shop as known on the snapshot.

    Returns
    -------
    pandas DataFrame
        One row for each cohort and month up to the last one known, sorted: ``cohort`` (first day of the month),
        ``month`` (calendar months since, 0 the cohort's own), ``customers`` (who ordered in that month; 0 for nobody),
        ``size`` (of the cohort), ``retention_share`` (``customers / size``), ``amount`` (money of that month),
        ``amount_per_customer`` (``amount / size``: over all of the cohort, also who did not order) and
        ``is_complete``: false for the calendar month in which the snapshot lies, unless it is its first day (nothing of
        that month is known then, and it has no row).
    """
    orders = history.uncancelled_orders
    at = orders.ordered_at
    months = orders.group_by("customer_id", at=(at.year() * 12 + at.month() - 1).cast("int64")).aggregate(
        amount=orders.amount.sum()
    )
    firsts = months.group_by("customer_id").aggregate(first=months["at"].min())
    joined = months.inner_join(firsts, "customer_id")
    counted = joined.group_by("first", month=joined["at"] - joined["first"]).aggregate(
        customers=joined.count(), amount=joined.amount.sum().cast("float64")
    )
    found = counted.to_pandas().astype({"first": "int64", "month": "int64"}).set_index(["first", "month"])
    day = history.snapshot_date
    now = day.year * 12 + day.month - 1
    last = now - 1 if day.day == 1 else now
    every = [
        (first, month) for first in sorted(set(found.index.get_level_values(0))) for month in range(last - first + 1)
    ]
    index = pd.MultiIndex.from_tuples(every, names=["first", "month"]) if every else found.index
    table = found.reindex(index).fillna(0).astype({"customers": "int64"}).reset_index()
    size = table.groupby("first")["customers"].transform("first")
    month_of = (table["first"].to_numpy() - 1970 * 12).astype("datetime64[M]").astype("datetime64[s]")
    table["cohort"], table["size"] = month_of, size
    table["retention_share"] = table["customers"] / size
    table["amount_per_customer"] = table["amount"] / size
    table["is_complete"] = table["first"] + table["month"] < now
    cohorts: pd.DataFrame = table[list(_COLUMNS)]
    return cohorts


def triangle(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Lay one column of a table of cohorts out as a triangle.

    Parameters
    ----------
    table : pandas DataFrame
        Cohorts by month, as from `compute_cohorts`.
    column : str
        Name of the column that fills the cells.

    Returns
    -------
    pandas DataFrame
        Cohorts as rows, months since as columns; null for the months that are not known yet.
    """
    return table.pivot(index="cohort", columns="month", values=column)  # noqa: PD010 (a pivot_table would add up)
