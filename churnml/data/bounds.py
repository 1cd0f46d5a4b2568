"""The bounds of the contract's numbers.

They are wide enough for every shop and currency, and so narrow that no sum, product or sum of squares of them leaves
the engines' exact numbers: DECIMAL(18,4) for one, DECIMAL(38) for many.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a number may be.

    Attributes
    ----------
    minimum, maximum : float
        Smallest and largest number that is allowed, both included.
    below : str
        Text that says what to do about values below the minimum.
    few_may_go : bool
        Whether rows below the minimum are left out and counted as long as they are few; else they are refused.
    """

    minimum: float
    maximum: float
    below: str
    few_may_go: bool = False

    @property
    def is_below(self) -> str:
        """What is said of values below the minimum."""
        if self.minimum == 0:
            return "are negative"
        return "are 0 or less" if 0 < self.minimum < 1 else f"lie below {self.minimum:,}"


_MOST_MONEY = 100_000_000_000
_MOST_ITEMS = 1_000_000_000
_MOST_CLICKS = 1_000_000
_TURN = "Where all are negative, turn the sign in the export"

PAID = Bounds(
    minimum=0,
    maximum=_MOST_MONEY,
    below="An amount is what was paid, 0 or more; a refund is a row of the table returns.",
)
PAID_BACK = Bounds(
    minimum=0,
    maximum=_MOST_MONEY,
    below=f"The amount of a return is what was paid back, 0 or more. {_TURN}.",
)
TAKEN_OFF = Bounds(
    minimum=0,
    maximum=_MOST_MONEY,
    below=f"A discount is what was taken off, 0 or more. {_TURN}; a surcharge belongs to the amount.",
)
PRICE = Bounds(minimum=0, maximum=_MOST_MONEY, below=f"What something costs is 0 or more. {_TURN}.")
LINE_PRICE = Bounds(
    minimum=0,
    maximum=_MOST_MONEY,
    below="A line is a product at a price of 0 or more; what was taken off belongs to orders.discount.",
    few_may_go=True,
)
ITEMS = Bounds(
    minimum=0.0001,  # the least that money and numbers tell apart
    maximum=_MOST_ITEMS,
    below="A line is more than 0 of a product that was bought; what came back is a row of the table returns.",
    few_may_go=True,
)
POINTS = Bounds(minimum=-_MOST_ITEMS, maximum=_MOST_ITEMS, below="Correct them.")
RATING = Bounds(minimum=0, maximum=1_000, below="A rating lies between 0 and its scale. Correct them.")
SCALE = Bounds(
    minimum=1,
    maximum=1_000,
    below="A scale is its best rating, such as 5 for stars and 10 for NPS; leave it empty where it is 5.",
)
CLICKS = Bounds(minimum=0, maximum=_MOST_CLICKS, below="Counts are 0 or more. Correct them, or leave them empty.")
