"""Phone numbers with their country code, by the rules of E.164."""

from __future__ import annotations

import re

_TRUNK = {7: "8", 36: "06", 39: ""}
"""What stands before a number within a country, where that is not a single 0."""
_LONGEST_NATIONAL = 10


def with_country_code(text: str, calling_code: int | None) -> str | None:
    """Write a phone number as a plus sign, its country code and digits.

    Parameters
    ----------
    text : str
        Phone number as somebody typed it.
    calling_code : int or None
        Country code of numbers that have none; None takes only those that have one.

    Returns
    -------
    str or None
        Number in the form of E.164; None where there is no country code, or no such number.

    Examples
    --------
    >>> with_country_code("0532 123 45 67", 90), with_country_code("0049 (0)30-123456", None)
    ('+905321234567', '+4930123456')
    >>> with_country_code("0532 123 45 67", None), with_country_code("905321234567", 90)
    (None, '+905321234567')
    """
    digits = re.sub(r"[\s./()-]", "", text.replace("(0)", "")).removeprefix("'")
    digits = re.sub("^00", "+", digits)
    if not digits.startswith("+"):
        if calling_code is None:
            return None
        code = str(calling_code)
        has_code = digits.startswith(code) and len(digits) > _LONGEST_NATIONAL
        digits = f"+{digits}" if has_code else f"+{code}{digits.removeprefix(_TRUNK.get(calling_code, '0'))}"
    return digits if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits) else None
