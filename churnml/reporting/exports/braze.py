"""Braze: attributes of users, known by the shop's own id of the customer.

Titles of default attributes are exact, phone numbers E.164, dates ISO 8601, and ``email_subscribe`` is ``subscribed``
for who agreed; empty cells change nothing (Braze, "CSV import").
"""

from churnml.reporting.exports.tool import Tool

BRAZE = Tool(
    name="braze",
    title="Braze",
    headers={
        "customer_id": "external_id",
        "email": "email",
        "phone": "phone",
        "first_name": "first_name",
        "last_name": "last_name",
        "city": "home_city",
        "country": "country",
    },
    needs=("customer_id",),
    consent=("email_subscribe", "subscribed"),
)
