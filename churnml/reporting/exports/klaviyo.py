"""Klaviyo: profiles for a list.

The first column is the e-mail address, phone numbers are E.164, dates carry a time of day, and a column says who agreed
to marketing by e-mail (Klaviyo Help Center, "How to create and add subscribers to a new list", "How to upload and
segment with consent", "How to format dates").
"""

from churnml.reporting.exports.tool import Tool

KLAVIYO = Tool(
    name="klaviyo",
    title="Klaviyo",
    headers={
        "email": "Email",
        "phone": "Phone Number",
        "first_name": "First Name",
        "last_name": "Last Name",
        "city": "City",
        "country": "Country",
    },
    needs=("email",),
    consent=("Email Marketing Consent", "Subscribed"),
    day="%Y-%m-%d 00:00:00",
)
