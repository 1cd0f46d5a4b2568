"""Contacts that a shop's lists brought: a frame from outside -> when whom, and rows of the table of contacts."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnml.data.simulator.behaviour import NEVER, Ints
from churnml.data.simulator.columns import ids, money, times
from churnml.errors import InputError

_KEY = ["customer_id", "campaign", "sent_at"]
_WORDS = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Sent:
    """Contacts by customer and time, one value each.

    ``customer`` is the shop-wide number, from 1. The rows of arm control are in the table alone: nothing was sent.
    """

    customer: Ints
    sent_at: Ints
    table: pa.Table

    def among(self, base: int, customers: int) -> Sent:
        """Give the contacts of so many customers from the one after number ``base`` on, counted within them from 0."""
        first, last = np.searchsorted(self.customer, [base + 1, base + customers + 1])
        numbers = self.table["customer"].to_numpy()
        rows = slice(*np.searchsorted(numbers, [base + 1, base + customers + 1]))
        table = self.table[rows].drop_columns("customer")
        return Sent(self.customer[first:last] - base - 1, self.sent_at[first:last], table)

    def to(self, customer: int) -> Ints:
        """Give the seconds since 1970 at which a customer was contacted."""
        return self.sent_at[slice(*np.searchsorted(self.customer, [customer, customer + 1]))]


def read_contacts(contacts: pd.DataFrame, customers: int, width: int, until: int) -> Sent:
    """Read contacts from a frame.

    Parameters
    ----------
    contacts : DataFrame
        Contacts with customer_id, campaign, sent_at and optionally offer, cost, arm, outcome.
    customers : int
        Number of the shop's customers.
    width : int
        Number of digits of a customer id.
    until : int
        Second since 1970 from which on contacts are passed over.

    Returns
    -------
    Sent
        Contacts before ``until``.

    Raises
    ------
    InputError
        Where columns or values are missing, rows are there twice, or customers are not the shop's.
    """
    missing = [f"contacts.{name}: the column is missing. Add it." for name in _KEY if name not in contacts]
    if missing:
        raise InputError(missing)
    contacts = contacts.reset_index(drop=True)
    at = pd.to_datetime(contacts["sent_at"], errors="coerce").dt.floor("s")
    known = pd.Index(ids("C", np.arange(1, customers + 1), width).to_pandas())
    number = pd.Series(known.get_indexer(pd.Index(contacts["customer_id"], dtype=object)) + 1)
    twice = contacts.assign(sent_at=at).duplicated(_KEY)
    failures = [
        f"contacts.{column}: {wrong.sum():,} of {len(contacts):,} rows {what} "
        f"({', '.join(map(str, contacts.loc[wrong, 'customer_id'].head(3)))}). {remedy}"
        for column, wrong, what, remedy in (
            ("customer_id", number == 0, "are of no customer of the shop", "Leave them out."),
            ("campaign", contacts["campaign"].isna(), "are empty", "Name the campaign."),
            ("sent_at", at.isna(), "are no time", "Give naive times."),
            ("sent_at", twice, "are there twice for customer and campaign", "Keep one of each."),
        )
        if wrong.any()
    ]
    if at.dt.tz is not None:
        failures.append("contacts.sent_at: has a time zone. Give naive times, as the shop's clock shows them.")
    if failures:
        raise InputError(failures)
    frame = contacts.assign(customer=number, second=at.astype("datetime64[s]").astype(np.int64))
    frame = frame[frame["second"] < until].sort_values(["customer", "second", "campaign"], kind="stable")
    acts = (frame["arm"] != "control") if "arm" in frame else pd.Series(True, frame.index)
    return Sent(frame.loc[acts, "customer"].to_numpy(), frame.loc[acts, "second"].to_numpy(), _table(frame))


def _table(frame: pd.DataFrame) -> pa.Table:
    """Make the rows of the table, and the customers' numbers beside them."""
    size = len(frame)

    def texts(column: str) -> pa.Array:
        values = frame.get(column, pd.Series(None, frame.index, dtype=object))
        return pa.array(values.astype(object), pa.string(), from_pandas=True).cast(_WORDS)

    never, second = np.full(size, NEVER), frame["second"].to_numpy()
    cost = frame.get("cost", pd.Series(np.nan, frame.index)).astype(float)
    cents = money(np.rint(100 * cost.fillna(0.0).to_numpy()).astype(np.int64))
    columns = {
        # The shop's own mails are M and digits; an id depends on its own row alone.
        "contact_id": pa.array(map(_id, frame["customer_id"], frame["campaign"], second), pa.string()),
        "customer_id": texts("customer_id"),
        "campaign": texts("campaign"),
        "sent_at": times(second),
        "opened_at": times(never),
        "clicked_at": times(never),
        "arm": texts("arm"),
        "offer": texts("offer"),
        "cost": pc.if_else(pa.array(cost.isna().to_numpy()), pa.scalar(None, cents.type), cents),
    }
    if "outcome" in frame:
        columns["outcome"] = texts("outcome")
    return pa.table(columns | {"customer": pa.array(frame["customer"].to_numpy())})


def _id(customer: str, campaign: str, second: int) -> str:
    return "L" + blake2b(f"{customer}:{second}:{campaign}".encode(), digest_size=8).hexdigest()
