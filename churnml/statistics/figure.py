"""Figures of customers with their error: ratios of sums, means and products, each customer with all their rows.

A figure knows how far each customer moves it (the influence). Errors, products and differences of figures of the same
customers follow from that, with whatever hangs together between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from churnml.statistics.logodds import Floats
from churnml.statistics.shares import NORMAL_95


@dataclass(frozen=True)
class Figure:
    """A number that was computed from customers.

    Attributes
    ----------
    value : float
        The number; nan where there is nothing to compute it from.
    moved : array of float, shape (n,)
        Effect of each customer on the number; 0 for a customer who does not count.
    counted : int
        Number of customers who count.
    """

    value: float
    moved: Floats
    counted: int

    @property
    def error(self) -> float:
        """Standard error by the linearisation of Taylor (Cochran 1977, "Sampling Techniques", chapter 6); nan for one.

        It is the root of ``n / (n - 1)`` times the sum of the squared influences.
        """
        if self.counted < 2 or math.isnan(self.value):
            return math.nan
        squares = float(np.einsum("i,i->", self.moved, self.moved))
        return math.sqrt(self.counted / (self.counted - 1) * squares)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval: the value less and plus 1.96 standard errors."""
        half = NORMAL_95 * self.error
        return self.value - half, self.value + half

    def __mul__(self, other: Figure) -> Figure:
        """Multiply with a figure of the same customers."""
        moved = self.moved * other.value + other.moved * self.value
        return Figure(self.value * other.value, moved, max(self.counted, other.counted))

    def __sub__(self, other: Figure) -> Figure:
        """Subtract a figure of the same customers; who is in both counts against herself."""
        counted = int(np.count_nonzero((self.moved != 0) | (other.moved != 0)))
        return Figure(self.value - other.value, self.moved - other.moved, max(counted, self.counted, other.counted))


def ratio(part: ArrayLike, whole: ArrayLike) -> Figure:
    """Divide the sum of one number by the sum of another.

    Parameters
    ----------
    part, whole : array-like, shape (n,)
        Numerator and denominator of each customer; 0 for a customer who does not count.

    Returns
    -------
    Figure
        ``sum(part) / sum(whole)``; each customer moves it by ``(part - value * whole) / sum(whole)``. nan where the
        whole adds up to 0.

    Examples
    --------
    Three customers with 2, 4 and 6 orders on 1, 2 and 2 days:

    >>> orders_a_day = ratio([2, 4, 6], [1, 2, 2])
    >>> orders_a_day.value, round(orders_a_day.error, 4)
    (2.4, 0.3666)
    """
    x, y = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    below = float(y.sum())
    counted = int(np.count_nonzero((x != 0) | (y != 0)))
    if not below:
        return Figure(math.nan, np.zeros_like(y), counted)
    value = float(x.sum()) / below
    return Figure(value, (x - value * y) / below, counted)


def error_from_sums(
    customers: ArrayLike, part: ArrayLike, whole: ArrayLike, squares: ArrayLike, products: ArrayLike, wholes: ArrayLike
) -> Floats:
    """Compute the standard error of ratios from sums over customers, such as a database gives; as ``Figure.error``.

    The sum of the squared influences is ``sum((x - R y)^2) / sum(y)^2``, written out.

    Parameters
    ----------
    customers : array-like, shape (k,)
        Number of customers who count.
    part, whole : array-like, shape (k,)
        Sums of x and of y over these customers.
    squares, products, wholes : array-like, shape (k,)
        Sums of x x, x y and y y over these customers.

    Returns
    -------
    array of float
        Standard errors of ``part / whole``, shape (k,); nan below two customers or where the whole is 0.
    """
    n, x, y, xx, xy, yy = (
        np.asarray(sums, dtype=np.float64) for sums in (customers, part, whole, squares, products, wholes)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        value = x / np.where(y > 0, y, np.nan)
        # Rounding may leave less than nothing.
        left = np.maximum(xx - 2 * value * xy + value**2 * yy, 0.0)
        return np.asarray(np.sqrt(np.where(n > 1, n / (n - 1), np.nan) * left) / y, dtype=np.float64)
