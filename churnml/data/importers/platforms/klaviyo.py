"""Klaviyo: events of e-mails and text messages as contacts.

The columns are the properties of Klaviyo's events, as its API and exports name them. All events of a message to a
person become one contact: sent when it was first received, opened and clicked when it first was.
"""

from __future__ import annotations

from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Platform, column, needed, where

_SENT = ["receivedemail", "receivedsms", "sentsms", "receivedpush", "receivedwhatsapp"]
_OPENED = ["openedemail", "openedpush", "openedwhatsapp"]
_CLICKED = ["clickedemail", "clickedsms", "clickedwhatsapp"]

EVENTS = Export(
    where="events (CSV) with Metric, Timestamp, Email, Campaign Name and $message",
    key="message",
    email="email",
    customer="profile",
    fields={
        "metric": needed("Metric", "Metric Name", "Event", "Event Name", kind="code"),
        "time": needed("Timestamp", "Datetime", "Event Timestamp", "Date", kind="time"),
        "email": column("Email", "Profile Email", "Email Address", "Person Email", kind="email"),
        "profile": column("Profile ID", "Person ID", "Klaviyo Profile ID"),
        "campaign": needed("Campaign Name", "Campaign", "Message Name", "Subject"),
        "message": needed("$message_interaction", "Message Interaction", "$message", "Message ID", "Message"),
    },
    left_out={"events other than of messages": ~_.metric.isin([*_SENT, *_OPENED, *_CLICKED])},
)
PLATFORM = Platform(
    title="Klaviyo",
    exports={"events": EVENTS},
    needs=("events",),
    derivations=(
        Derivation(
            table="contacts",
            export="events",
            columns={
                "contact_id": _.customer.concat("-", _.message),
                "customer_id": "customer",
                "campaign": "campaign",
                "sent_at": where(_.metric.isin(_SENT), _.time),
                "opened_at": where(_.metric.isin(_OPENED), _.time),
                "clicked_at": where(_.metric.isin(_CLICKED), _.time),
            },
            reduced={"sent_at": "min", "opened_at": "min", "clicked_at": "min"},
        ),
    ),
)
