"""Mailchimp: contacts for an audience.

An address holds no letters beyond ASCII before the ``@``, a text at most 255 bytes, and dates are ISO; whether contacts
are subscribed is asked by the import (Mailchimp, "Format guidelines for your import file").
"""

from churnml.reporting.exports.tool import AS_THEY_ARE, Tool, write_guarded

_MOST_BYTES = 255


def _write(field: str, text: str) -> str:
    """Cut a text to what Mailchimp keeps, between two letters."""
    cell = write_guarded(field, text)
    return cell if field in AS_THEY_ARE else cell.encode()[:_MOST_BYTES].decode(errors="ignore")


MAILCHIMP = Tool(
    name="mailchimp",
    title="Mailchimp",
    headers={
        "email": "Email Address",
        "first_name": "First Name",
        "last_name": "Last Name",
        "phone": "Phone Number",
        "city": "City",
        "country": "Country",
    },
    needs=("email",),
    email=r"[A-Za-z0-9_][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}@[^\s@,;\"<>()]+\.[^\s@,;\"<>().]{2,}",
    write=_write,
)
