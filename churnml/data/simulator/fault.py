"""A fault of a simulated shop: one product that is sent back more often from a day on."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from churnml.days import parse_day
from churnml.errors import InputError

PRODUCTS = 500
"""Number of products of a simulated shop, from P0001 on."""
TIMES = 2
"""Number of times as often as before that orders with the product are sent back."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A product whose returns double from a day on: of the orders with it that are placed then.

    Attributes
    ----------
    product : int
        Number of the product, from 1 to 500.
    day : date
        First day of the orders.

    Examples
    --------
    >>> read_fault("returns:P0042:2025-01-10")
    Fault(product=42, day=datetime.date(2025, 1, 10))
    """

    product: int
    day: dt.date


def read_fault(written: str) -> Fault:
    """Read a fault as it is written on the command line.

    Parameters
    ----------
    written : str
        ``returns:PRODUCT:DAY``.

    Raises
    ------
    InputError
        Where it is none.
    """
    found = re.fullmatch(r"returns:P(\d{4}):([^:]+)", written)
    if found is None or not 1 <= int(found[1]) <= PRODUCTS:
        raise InputError(
            f"simulate.fault: is {written!r}. Write returns:PRODUCT:DAY, a product from P0001 to P{PRODUCTS:04d} and a "
            "day such as 2025-01-10."
        )
    return Fault(product=int(found[1]), day=parse_day(found[2], "simulate.fault"))
