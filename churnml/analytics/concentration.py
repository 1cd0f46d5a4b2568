"""Concentration: which share of the money comes from the best customers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.data.history import History
from churnml.statistics.figure import Figure

SHARES = (0.01, 0.05, 0.1, 0.2, 0.25, 0.5, 0.8, 1.0)
"""The shares of customers that `compute_concentration` looks at."""
UNITS = 10_000
"""The door takes money to four decimals."""


@dataclass(frozen=True)
class TopShare:
    """What the best customers bring.

    Attributes
    ----------
    customers : int
        Number of the best customers.
    amount : float
        Money that comes from them.
    value, low, high : float
        Share of the money of all buyers that comes from the best, 0 to 1, and its 95 % interval. All null where nobody
        paid anything; the interval also with one buyer alone.
    """

    customers: int
    amount: float
    value: float
    low: float
    high: float


def top_share(history: History, share: float = 0.25, days: int = 365) -> TopShare:
    """Compute which share of the money comes from the best customers.

    The buyers of the last ``days`` are sorted by the amount of their orders in these days (not cancelled; returns are
    not taken off); the best are the first ``ceil(share * buyers)`` of them.

    The interval speaks of other customers of the same kind, each with all their orders. With ``m`` the mean amount,
    ``c`` the least amount among the best, ``s`` the share of customers and ``L`` that of the money, a customer with the
    amount ``x`` moves ``L`` by ``(max(x - c, 0) + s c - L x) / m`` over the number ``n`` of buyers (the influence
    function of a Lorenz ordinate: Beach & Davidson 1983, "Distribution-free statistical inference with Lorenz curves
    and income shares", Review of Economic Studies 50), and the standard error is the root of the sum of its squares
    over ``n (n - 1)``. Where a handful of customers brings most of the money it is too short.

    Parameters
    ----------
    history : History
        The shop as known on the snapshot.
    share : float, optional
        Share of the buyers that count as the best, above 0 and at most 1.
    days : int, optional
        Number of days before the snapshot whose orders count.

    Returns
    -------
    TopShare
        Number, amount and share of the best customers.

    Raises
    ------
    ValueError
        If the share is not above 0 and at most 1.
    """
    return _top(_amounts(history, days), share)


def compute_concentration(history: History, days: int = 365) -> pd.DataFrame:
    """Compute which share of the money comes from the best 1 % of the customers, the best 5 %, and so on.

    Parameters
    ----------
    history : History
        The shop as known on the snapshot.
    days : int, optional
        Number of days before the snapshot whose orders count.

    Returns
    -------
    pandas DataFrame
        One row for each of ``SHARES``: ``customer_share``, ``amount_share`` (0 to 1), ``low``, ``high``,
        ``customers`` and ``amount`` (money). Empty where nobody ordered in these days.
    """
    amounts = _amounts(history, days)
    shares = SHARES if len(amounts) else ()
    table = pd.DataFrame({"customer_share": shares}, dtype="float64").join(
        pd.DataFrame(
            [_top(amounts, share) for share in shares], columns=["customers", "amount", "value", "low", "high"]
        )
    )
    return table.rename(columns={"value": "amount_share"})[
        ["customer_share", "amount_share", "low", "high", "customers", "amount"]
    ]


def top_figure(amounts: NDArray[np.int64], share: float = 0.25) -> Figure:
    """Compute the share of the best from the amounts of customers; see `top_share`.

    Parameters
    ----------
    amounts : array of int, shape (n,)
        Money of each customer in the smallest unit, whole numbers of 0 or more, in any order; below 0 for customers who
        did not buy.
    share : float, optional
        Share of the buyers that count as the best, above 0 and at most 1.

    Returns
    -------
    Figure
        The share of the money, and how far each customer moves it.
    """
    bought = amounts >= 0
    buyers, whole = int(np.count_nonzero(bought)), int(amounts[bought].sum())
    if not whole:
        return Figure(math.nan, np.zeros(len(amounts)), buyers)
    best = _best(buyers, share)
    highest = np.sort(amounts[bought])[::-1][:best]
    value, least = int(highest.sum()) / whole, int(highest[-1])
    moved = np.maximum(amounts - least, 0) + (best / buyers) * least - value * amounts
    return Figure(value, np.where(bought, moved, 0.0) / whole, buyers)


def _amounts(history: History, days: int) -> NDArray[np.int64]:
    """Return the amount of every buyer in ten-thousandths, the best first."""
    orders = history.uncancelled_orders
    orders = orders.filter(history.within(orders.ordered_at, days))
    by = orders.group_by("customer_id").aggregate(amount=orders.amount.sum().cast("float64"))
    amounts = by.select("amount").to_pandas()["amount"].to_numpy(dtype=np.float64)
    # Sorted, so that the order of rows changes no digit.
    return np.sort(np.rint(amounts * UNITS).astype(np.int64))[::-1]


def _best(buyers: int, share: float) -> int:
    if not 0 < share <= 1:
        raise ValueError(f"The share of customers must be above 0 and at most 1, not {share}.")
    # 0.07 * 100 is a little more than 7 in floating point.
    return math.ceil(round(share * buyers, 6))


def _top(amounts: NDArray[np.int64], share: float) -> TopShare:
    best, figure = _best(len(amounts), share), top_figure(amounts, share)
    if math.isnan(figure.value):
        return TopShare(best, 0.0, *[math.nan] * 3)
    low, high = np.clip(figure.interval, 0.0, 1.0).tolist()
    return TopShare(best, int(amounts[:best].sum()) / UNITS, figure.value, low, high)
