"""Stripe: the exports of payments, customers and subscriptions from its Dashboard.

Documented by Stripe as "Export reports and data". All times are those of UTC. A payment is an order; what was refunded
of it is a return on the day of the last refund.
"""

from __future__ import annotations

import ibis
from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Platform, column, needed, where

_NOT_PAID = ["failed", "canceled", "incomplete", "blocked", "requirespaymentmethod", "requiresaction", "expired"]
CHARGES = Export(
    where="Payments > Export (all columns)",
    key="id",
    email="email",
    customer="number",
    is_utc=True,
    fields={
        "id": needed("id"),
        "created": needed("Created date (UTC)", "Created (UTC)", "Created", kind="time"),
        "amount": needed("Amount", kind="money"),
        "refunded": needed("Amount Refunded", kind="money"),
        "refunded_at": column("Refunded date (UTC)", kind="time"),
        "currency": column("Currency"),
        "status": needed("Status", kind="code"),
        "captured": column("Captured", kind="flag"),
        "number": column("Customer ID"),
        "email": column("Customer Email", kind="email"),
    },
    left_out={
        "payments that were not made": _.status.isin(_NOT_PAID),
        "payments that were never captured": ~_.captured,
    },
    noted={
        "Payments with refunded money and no date of it, so that there is no return": (
            (_.refunded > 0) & _.refunded_at.isnull(),
            _.refunded,
        )
    },
)
SUBSCRIPTIONS = Export(
    where="Subscriptions > Export",
    key="id",
    email="email",
    customer="number",
    is_utc=True,
    fields={
        "id": needed("id"),
        "number": needed("Customer ID"),
        "email": column("Customer Email", kind="email"),
        "plan": needed("Plan", "Product"),
        "amount": column("Amount", "Plan Amount", kind="money"),
        "status": needed("Status", kind="code"),
        "start": needed("Start Date (UTC)", "Start (UTC)", "Created (UTC)", kind="time"),
        "cancelled": column("Canceled At (UTC)", kind="time"),
        "ended": column("Ended At (UTC)", kind="time"),
        "reason": column("Cancellation Reason"),
    },
    left_out={"subscriptions that never began": _.status.isin(["incomplete", "incompleteexpired"])},
)
CUSTOMERS = Export(
    where="Customers > Export",
    key="number",
    email="email",
    phone="phone",
    customer="number",
    is_utc=True,
    fields={
        "number": needed("id"),
        "email": needed("Email", kind="email"),
        "phone": column("Phone", kind="phone"),
        "name": column("Name", "Description"),
        "created": needed("Created (UTC)", "Created", kind="time"),
        "city": column("Address City", "Card Address City"),
        "zip": column("Address Postal Code", "Card Address Zip"),
        "country": column("Address Country", "Card Address Country"),
    },
)
PLATFORM = Platform(
    title="Stripe",
    exports={"charges": CHARGES, "subscriptions": SUBSCRIPTIONS, "customers": CUSTOMERS},
    needs=("charges",),
    derivations=(
        Derivation(
            table="orders",
            export="charges",
            columns={
                "order_id": "id",
                "customer_id": "customer",
                "ordered_at": "created",
                "amount": "amount",
                "currency": _.currency.upper(),
            },
        ),
        Derivation(
            table="returns",
            export="charges",
            columns={
                "return_id": where((_.refunded > 0) & _.refunded_at.notnull(), _.id.concat("-refund")),
                "customer_id": "customer",
                "returned_at": "refunded_at",
                "amount": "refunded",
                "order_id": "id",
            },
            needs=("refunded_at",),
        ),
        Derivation(
            table="subscriptions",
            export="subscriptions",
            columns={
                "subscription_id": "id",
                "customer_id": "customer",
                "started_at": "start",
                # The end is no plan: it is known when it has come, as the cancellation is.
                "cancelled_at": ibis.coalesce(_.cancelled, _.ended),
                "plan": "plan",
                "price": "amount",
                "cancel_reason": "reason",
            },
        ),
        Derivation(
            table="customers",
            export="customers",
            columns={"customer_id": "customer", "signed_up_at": "created"},
            reduced={"signed_up_at": "min"},
            carried={
                "email": "email",
                "phone": "phone",
                "name": "name",
                "city": "city",
                "zip": "zip",
                "country": "country",
            },
        ),
        Derivation(
            table="customers",
            export="charges",
            columns={"customer_id": "customer"},
            newest="created",
            carried={"email": "email"},
        ),
    ),
)
