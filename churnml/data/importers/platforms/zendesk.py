"""Zendesk: tickets as complaints.

Documented by Zendesk as "Exporting ticket, user, or organization data"; its CSV gives the first reply in minutes.
"""

from __future__ import annotations

from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Platform, column, needed

TICKETS = Export(
    where="Tools > Reports > Export of tickets (CSV)",
    key="ticket",
    email="email",
    customer="number",
    fields={
        "ticket": needed("Id", "Ticket ID"),
        "email": column("Requester email", kind="email"),
        "number": column("Requester external id", "Requester id"),
        "created": needed("Created at", kind="time"),
        "solved": column("Solved at", kind="time"),
        "first": column("First reply time in minutes", "First reply time (min)", kind="number"),
        "priority": needed("Priority", kind="text"),
        "status": needed("Status", kind="code"),
        "topic": column("Ticket Category [list]", "Category [list]", "Topic [list]", "Ticket form", "Ticket type"),
        "text": column("Description", "Subject"),
        "order": column("Order number", "Order ID", "Order number [txt]", "Order ID [txt]"),
    },
    left_out={"tickets that were deleted or marked as spam": _.status.isin(["deleted", "spam", "suspended"])},
)
PLATFORM = Platform(
    title="Zendesk",
    exports={"tickets": TICKETS},
    needs=("tickets",),
    derivations=(
        Derivation(
            table="complaints",
            export="tickets",
            columns={
                "complaint_id": "ticket",
                "customer_id": "customer",
                "opened_at": "created",
                "order_id": "order",
                "first_response_at": _.created + (_["first"] * 60).round().cast("int64").as_interval("s"),
                "resolved_at": "solved",
                "topic": "topic",
                "severity": "priority",
                "text": "text",
            },
        ),
    ),
)
