"""What customers of a simulated shop write: a sentence about the matter, and in some complaints what they wish."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from churnml.data.simulator.behaviour import Ints

_COMPLAINTS = {
    "delivery": (
        "My parcel is days late and the courier never rang.",
        "The tracking of the parcel has not moved for a week.",
        "The order came late, when I did not need it any more.",
    ),
    "wrong item": (
        "You sent the wrong colour.",
        "There was a different size in the box than I ordered.",
        "The box holds the wrong product, mine is missing.",
    ),
    "quality": (
        "The seam tore after two days.",
        "It arrived scratched and feels cheap.",
        "The material broke when I used it for the first time.",
    ),
    "billing": (
        "I was charged twice on my card.",
        "The invoice shows another amount than I paid.",
        "My voucher was not taken off the invoice.",
    ),
    "other": (
        "I cannot log into my account.",
        "The newsletter keeps coming although I unsubscribed.",
        "Nobody answers the phone.",
    ),
}
_WISHES = ("", " Please refund me.", " I expect an answer today.")
_REVIEWS = (
    ("Very disappointed, the courier was late.", "Never again, it broke at once.", "Wrong product and no answer."),
    ("Not what I expected.", "Cheap material for this price.", "The parcel took too long."),
    ("It is all right.", "Average quality, fair price.", "Looks different from the picture."),
    ("Good, would buy again.", "Nice colours and good quality.", "Arrived quickly, well packed."),
    ("Excellent, thank you!", "Great quality, great price.", "Fast courier and lovely packing."),
)

REVIEW_TEXTS = tuple(text for texts in _REVIEWS for text in texts)
"""Texts of reviews, those of one star first."""
_VARIANTS = 3


def complaint_texts(topics: Sequence[str]) -> tuple[str, ...]:
    """Return all texts of complaints, those of the first topic first."""
    return tuple("".join(parts) for topic in topics for parts in product(_COMPLAINTS[topic], _WISHES))


def complaint_place(topic: Ints, customer: Ints, number: Ints) -> Ints:
    """Return the place of each complaint's text among all; -1 for the one in four that has none.

    Parameters
    ----------
    topic : array of int
        Place of each complaint's topic among all topics.
    customer, number : array of int
        Number of the customer in the shop, and of the order that the complaint is about: which text it is takes no
        draws, so that the rest of the shop stays as it is.
    """
    texts = _VARIANTS * len(_WISHES)
    return np.where((customer + number) % 4 == 0, -1, topic * texts + (7 * customer + 5 * number) % texts)


def review_place(stars: Ints, customer: Ints, number: Ints) -> Ints:
    """Return the place of each review's text among all; see ``complaint_place``."""
    return (stars - 1) * _VARIANTS + (customer + number) % _VARIANTS
