"""Contacts: what the shop sent, and whether the customer looked at it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import Aggregate, Derived, Family, Source, count, days_since_last, total


def _contacts(history: History) -> ir.Table:
    sent = history.sent_contacts
    opened = ibis.ifelse(sent.opened_at.notnull(), sent.sent_at, ibis.null(sent.sent_at.type()))
    return sent.mutate(last_opened_sent_at=opened.max().over(group_by="customer_id"))


CONTACTS = Source("contacts", table="contacts", event_time="sent_at", rows=_contacts)
"""Messages that were sent, with the time at which the last one that the customer opened was sent."""

FAMILY = Family(
    name="contacts",
    concept="contacts",
    actionable=False,
    features=(
        *(
            Aggregate(
                name=f"contacts_{days}d",
                unit="messages",
                describe=f"Messages sent in the {days} days before the snapshot",
                source=CONTACTS,
                reduce=count(),
                window_days=days,
                fill=0,
                speaks_if=lambda value: value > 0,
            )
            for days in (30, 90, 180, 365)
        ),
        *(
            Aggregate(
                name=f"contacts_opened_{days}d",
                unit="messages",
                describe=f"Messages sent in the {days} days before the snapshot that the customer has opened",
                source=CONTACTS,
                reduce=count(),
                only=lambda contact: contact.opened_at.notnull(),
                needs=("opened_at",),
                window_days=days,
                fill=0,
                # None may be because none was sent; the share knows.
                speaks_if=lambda value: value > 0,
                tells="low",
            )
            for days in (90, 180, 365)
        ),
        Aggregate(
            name="contacts_clicked_365d",
            unit="messages",
            describe="Messages sent in the 365 days before the snapshot that the customer has clicked",
            source=CONTACTS,
            reduce=count(),
            only=lambda contact: contact.clicked_at.notnull(),
            needs=("clicked_at",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="days_since_last_contact",
            unit="days",
            describe="Days from the last message to the snapshot; null without one",
            source=CONTACTS,
            reduce=days_since_last("sent_at"),
        ),
        Aggregate(
            name="days_since_last_contact_opened",
            unit="days",
            describe="Days from the last opening of a message to the snapshot; null without one",
            source=CONTACTS,
            reduce=days_since_last("opened_at"),
            needs=("opened_at",),
        ),
        Aggregate(
            name="contacts_since_last_opened",
            headline=1,
            unit="messages",
            describe="Messages sent after the last one that the customer has opened; all where none was opened",
            source=CONTACTS,
            reduce=count(),
            only=lambda contact: contact.last_opened_sent_at.isnull() | (contact.sent_at > contact.last_opened_sent_at),
            needs=("opened_at",),
            fill=0,
            speaks_if=lambda value: value >= 3,
        ),
        Aggregate(
            name="contact_cost_sum_365d",
            unit="money",
            describe="Cost of the messages sent in the 365 days before the snapshot",
            source=CONTACTS,
            reduce=total("cost"),
            needs=("cost",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        *(
            Derived(
                name=f"contacts_opened_share_{days}d",
                unit="share",
                describe=f"Share of the messages sent in the last {days} days that were opened; null without one",
                inputs=(f"contacts_opened_{days}d", f"contacts_{days}d"),
                compute=lambda opened, sent: opened / sent,
                window_days=days,
                tells="low",
            )
            for days in (180, 365)
        ),
        Derived(
            name="contacts_clicked_share_365d",
            unit="share",
            describe="Share of the messages sent in the last 365 days that were clicked; null without one",
            inputs=("contacts_clicked_365d", "contacts_365d"),
            compute=lambda clicked, sent: clicked / sent,
            window_days=365,
            tells="low",
        ),
    ),
)
