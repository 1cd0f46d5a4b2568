"""HubSpot: contacts, known by their e-mail address.

Titles are the names of properties, and dates of one form; who opted out is another import (HubSpot Knowledge Base, "Set
up your import file", "Import an opt-out list").
"""

from churnml.reporting.exports.tool import Tool

HUBSPOT = Tool(
    name="hubspot",
    title="HubSpot",
    headers={
        "email": "Email",
        "first_name": "First Name",
        "last_name": "Last Name",
        "phone": "Phone Number",
        "city": "City",
        "country": "Country/Region",
    },
    needs=("email",),
)
