"""Freshdesk: tickets as complaints, by the file of its export of tickets (documented as "Exporting tickets")."""

from __future__ import annotations

import ibis
from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Platform, column, needed

TICKETS = Export(
    where="Tickets > Export (CSV or Excel)",
    key="ticket",
    email="email",
    phone="phone",
    customer="number",
    fields={
        "ticket": needed("Ticket ID"),
        "email": column("Email", "Requester Email", "Contact Email", kind="email"),
        "phone": column("Mobile phone", "Work phone", kind="phone"),
        "number": column("Unique external ID", "Contact ID"),
        "created": needed("Created time", kind="time"),
        "first": column("Initial response time", kind="time"),
        "resolved": column("Resolved time", kind="time"),
        "closed": column("Closed time", kind="time"),
        "priority": needed("Priority"),
        "status": column("Status", kind="code"),
        "topic": column("Type"),
        "text": column("Description", "Subject"),
        "order": column("Order ID", "Order number"),
    },
    left_out={"tickets that were deleted or marked as spam": _.status.isin(["deleted", "spam"])},
)
PLATFORM = Platform(
    title="Freshdesk",
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
                "first_response_at": "first",
                "resolved_at": ibis.coalesce(_.resolved, _.closed),
                "topic": "topic",
                "severity": "priority",
                "text": "text",
            },
        ),
    ),
)
