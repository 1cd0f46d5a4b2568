"""Open complaints: who waits for an answer, since when, and about what."""

from __future__ import annotations

import pandas as pd

from churnml.data.history import History

COLUMNS = ("customer_id", "complaint_id", "opened_on", "days_open", "topic", "severity", "order_id", "complaints_open")
CONSENT = "contactable"


def open_complaints(history: History) -> pd.DataFrame:
    """Find the customers with an open complaint, ordered lately or not.

    Parameters
    ----------
    history : History
        The shop as known on a day.

    Returns
    -------
    pandas DataFrame
        A row per customer, sorted by ``customer_id``, with the complaint that has been open longest: ``complaint_id``,
        ``opened_on`` (date), ``days_open``, ``topic``, ``severity`` and ``order_id`` (null where the shop does not tell
        it), ``complaints_open``, how many of them are, and ``contactable``, whether the customer may be contacted (null
        where the shop does not tell). Empty where the shop does not tell which are resolved.
    """
    if not history.shop.has("complaints", ["resolved_at"]):
        nobody = pd.DataFrame({name: [] for name in (*COLUMNS, CONSENT)})
        return nobody.astype({"customer_id": "str", "topic": "str", CONSENT: "boolean"})
    rows = history.open_complaints
    told = rows.select(
        "customer_id",
        "complaint_id",
        "opened_at",
        "topic",
        "severity",
        "order_id",
        days_open=history.days_since(rows.opened_at).cast("int64"),
    ).to_pandas()
    told = told.sort_values(["customer_id", "opened_at", "complaint_id"], ignore_index=True)
    told["complaints_open"] = told.groupby("customer_id")["customer_id"].transform("size")
    told["opened_on"] = told["opened_at"].dt.date.astype(object)
    longest: pd.DataFrame = told.drop_duplicates("customer_id", ignore_index=True)[list(COLUMNS)]
    return longest.assign(**{CONSENT: _consent(history, longest["customer_id"])})


def _consent(history: History, customers: pd.Series) -> pd.Series:
    if not history.shop.has("customers", [CONSENT]):
        return pd.Series(pd.NA, customers.index, dtype="boolean")
    table = history.table("customers")
    waiting = history.open_complaints.select("customer_id").distinct()
    told = table.semi_join(waiting, "customer_id").select("customer_id", CONSENT).to_pandas()
    return customers.map(told.set_index("customer_id")[CONSENT].astype("boolean")).astype("boolean")
