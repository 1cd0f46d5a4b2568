"""A shop as known on one day: the only place that compares times with a snapshot."""

from __future__ import annotations

import dataclasses
from copy import copy
from datetime import date, datetime, time, timedelta

import ibis
import ibis.expr.types as ir

from churnml.data.contract import RECORDED_AT, TABLES, Table
from churnml.data.shop import Shop
from churnml.days import Day, parse_day


class History:
    """The tables of a shop as they were known at the start of ``snapshot_date``.

    A row is visible if its event time (and ``recorded_at``, where the row has one) lies before the snapshot. A time
    that lies at or after the snapshot is null, and so is a value that becomes known with it; plans are known from the
    start. ``order_items`` and ``deliveries`` begin with their order and carry its ``customer_id`` and ``ordered_at``.

    Parameters
    ----------
    shop : Shop
        Shop with the tables of all times.
    snapshot_date : date
        Day that is taken for now; its own rows are not known yet.

    Raises
    ------
    InputError
        Where it is not a day.
    """

    def __init__(self, shop: Shop, snapshot_date: Day) -> None:
        self.shop = shop
        self._now = datetime.combine(parse_day(snapshot_date), time.min)
        self._tables: dict[str, ir.Table] = {}

    @property
    def snapshot_date(self) -> date:
        """The day that is taken for now."""
        return self._now.date()

    @property
    def first_day(self) -> date:
        """The day of the shop's first order that is known; the snapshot itself where none is."""
        shop, day = self.shop.whole, self.snapshot_date
        if ("first day", day) not in shop.answers:
            first = shop.first_day
            if RECORDED_AT.name in shop.tables["orders"].columns:  # an old row may have come later
                known = History(shop, day).table("orders").ordered_at.min().to_pyarrow().as_py()
                first = day if known is None else known.date()
            shop.answers["first day", day] = min(first, day)
        found: date = shop.answers["first day", day]
        return found

    def table(self, name: str) -> ir.Table:
        """Return a table of the contract as known; the shop must have brought it."""
        if name not in self._tables:
            self._tables[name] = self._as_known(TABLES[name])
        return self._tables[name]

    @property
    def uncancelled_orders(self) -> ir.Table:
        """The known orders that are not cancelled as far as is known."""
        orders = self.table("orders")
        return orders.filter(orders.cancelled_at.isnull())

    @property
    def open_complaints(self) -> ir.Table:
        """The known complaints that are not resolved as far as is known."""
        complaints = self.table("complaints")
        return complaints.filter(complaints.resolved_at.isnull())

    @property
    def running_subscriptions(self) -> ir.Table:
        """The known subscriptions that are not cancelled, and whose planned end, where there is one, lies ahead."""
        subscriptions = self.table("subscriptions")
        ended = (subscriptions.ended_at <= self._moment(0)).fill_null(False)
        return subscriptions.filter(subscriptions.cancelled_at.isnull() & ~ended)

    @property
    def sent_contacts(self) -> ir.Table:
        """The known contacts that were really sent: customers of a control group got nothing."""
        contacts = self.table("contacts")
        return contacts.filter((contacts.arm != "control").fill_null(True))

    def treatments(self, *campaigns: str) -> ir.Table:
        """Return the sent contacts that treat a customer: of some campaigns whatever they hold, of others an offer.

        A newsletter is no treatment. Where the shop does not name offers, all sent contacts are returned.
        """
        sent = self.sent_contacts
        if not self.shop.has("contacts", ["offer"]):
            return sent
        return sent.filter(sent.offer.notnull() | sent.campaign.isin(campaigns).fill_null(False))

    def of_orders(self, orders: ir.Table) -> History:
        """Return the same shop on the same day with some of its orders alone, and what belongs to them."""
        shop = dataclasses.replace(self.shop, tables={**self.shop.tables, "orders": orders})
        return self._like(shop, self._now)

    def later(self, days: int) -> History:
        """Return the same shop as known so many days later; earlier where they are negative."""
        return self._like(self.shop, self._now + timedelta(days=days))

    def within(self, event_time: ir.Value, days: int, ago: int = 0) -> ir.BooleanValue:
        """Check whether a time lies in ``[snapshot - ago - days, snapshot - ago)``; false for null."""
        lies_within = (event_time >= self._moment(-ago - days)) & (event_time < self._moment(-ago))
        return lies_within.fill_null(False)

    def days_since(self, event_time: ir.Value) -> ir.Value:
        """Count the days from the date of a known time to the snapshot; negative for plans ahead, null for null."""
        return self._today().delta(event_time.date(), unit="day")

    def seconds_since(self, event_time: ir.Value) -> ir.Value:
        """Count the whole seconds from a known time to the snapshot; negative for plans ahead, null for null."""
        return seconds_between(event_time, self._moment(0))

    def _like(self, shop: Shop, now: datetime) -> History:
        """Return another history of the same kind: one of no day yet stays so."""
        history = copy(self)
        history.shop, history._now, history._tables = shop, now, {}
        return history

    def _as_known(self, contract: Table) -> ir.Table:
        table = self.shop.tables[contract.name]
        if RECORDED_AT.name in table.columns:
            recorded = table[RECORDED_AT.name]
            table = table.filter((recorded < self._moment(0)) | recorded.isnull()).drop(RECORDED_AT.name)
        if contract.event_time is None:
            orders = self.table("orders")
            owners = orders.select(
                "order_id", "customer_id", "ordered_at", order_cancelled=orders.cancelled_at.notnull()
            )
            table = table.inner_join(owners, "order_id")
        else:
            begins = table[contract.event_time]
            visible = begins < self._moment(0)
            table = table.filter(visible | begins.isnull() if contract.name == "customers" else visible)
        known = {
            column.name: table[column.name] < self._moment(0)
            for column in contract.columns
            if column.type == "time" and column.name != contract.event_time
        }
        late = {
            name: ibis.ifelse(is_known, table[name], ibis.null(table[name].type())) for name, is_known in known.items()
        }
        late |= {
            column.name: ibis.ifelse(known[column.known_with], table[column.name], ibis.null(table[column.name].type()))
            for column in contract.columns
            if column.known_with is not None
        }
        return table.mutate(**late) if late else table

    def _moment(self, days: int) -> ir.TimestampScalar:
        return ibis.timestamp(self._now + timedelta(days=days))

    def _today(self) -> ir.DateScalar:
        return ibis.date(self._now.date())


def seconds_between(begin: ir.Value, end: ir.Value) -> ir.IntegerValue:
    """Count the whole seconds from one time to another, alike on every engine: parts of a second are cut off first."""
    return end.truncate("s").epoch_seconds().cast("int64") - begin.truncate("s").epoch_seconds().cast("int64")
