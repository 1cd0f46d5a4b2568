"""Meta: a customer list for a custom audience, hashed.

Every cell is the SHA-256 of its normalised text, in hexadecimal digits: addresses in lower case, phone numbers as
digits with the country code, names in lower case without punctuation, cities without blanks too, countries as two
letters. What does not find people has no place in the file (Meta for Developers, "Customer File Custom Audiences"; Meta
Business Help Centre, "How to format a customer list").
"""

from __future__ import annotations

import unicodedata
from hashlib import sha256

from churnml.reporting.exports.tool import Tool

_COUNTRY_LETTERS = 2


def normalise(field: str, text: str) -> str:
    """Write a text as Meta hashes it; empty where it cannot find anybody by it.

    Examples
    --------
    >>> normalise("email", " Ayse@Example.com "), normalise("phone", "+905321234567"), normalise("city", "St. Gallen")
    ('ayse@example.com', '905321234567', 'stgallen')
    >>> normalise("first_name", "İpek-Su"), normalise("country", "Türkiye"), normalise("country", "TR")
    ('ipeksu', '', 'tr')
    """
    # The lower case of İ is one letter i, not an i with a further dot.
    lower = unicodedata.normalize("NFC", text).replace("İ", "i").strip().lower()
    if field == "email":
        return lower
    kept = "".join(letter for letter in lower if letter.isalnum() or (letter == " " and field.endswith("_name")))
    return "" if field == "country" and len(kept) != _COUNTRY_LETTERS else kept


def _write(field: str, text: str) -> str:
    normal = normalise(field, text)
    return sha256(normal.encode()).hexdigest() if normal else ""


META = Tool(
    name="meta",
    title="Meta",
    headers={
        "email": "email",
        "phone": "phone",
        "first_name": "fn",
        "last_name": "ln",
        "city": "ct",
        "country": "country",
    },
    needs=("email", "phone"),
    has_properties=False,
    write=_write,
    fewest=100,
)
