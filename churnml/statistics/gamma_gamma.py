"""Gamma-gamma: what customers spend per order, drawn towards the mean the less is known of them.

The model of Fader & Hardie (2013), "The gamma-gamma model of monetary value", www.brucehardie.com/notes/025. The value
of an order is Gamma(p, nu), where nu, the customer's own, is Gamma(q, v) over customers: their mean value is p / nu.
How much one spends has nothing to do with how often one orders; whoever uses the model should look at that first.

Of a customer two numbers count: x, the repeat orders, and the mean value of these. The first order is left out, as
BG/NBD counts orders from the second on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from churnml.statistics.one_thread import one_thread

Floats = NDArray[np.float64]

_BOUNDS = np.log([(1e-3, 1e3), (1e-3, 1e3), (1e-6, 1e6)])


@dataclass(frozen=True)
class GammaGamma:
    """The three parameters of a gamma-gamma model.

    Attributes
    ----------
    p : float
        Shape of the values of one customer's orders; large means that they are alike.
    q : float
        Shape of the distribution of the customers' own rates; small means that customers differ much.
    v : float
        Rate of that distribution, in the unit of money of the data: the mean order of the mean customer is worth p v /
        (q - 1).

    Raises
    ------
    ValueError
        If a parameter is not a finite number above 0.
    """

    p: float
    q: float
    v: float

    def __post_init__(self) -> None:
        bad = {name: value for name, value in vars(self).items() if not 0 < value < np.inf}
        if bad:
            raise ValueError(f"Gamma-gamma parameters must be finite and above 0, not {bad}.")


def fit_gamma_gamma(frequency: ArrayLike, mean_value: ArrayLike, weights: ArrayLike | None = None) -> GammaGamma | None:
    """Fit a gamma-gamma model by maximum likelihood.

    Equal rows are merged into one weighted row. The order of the rows changes no digit of the result, and the unit of
    money none that counts. The likelihood, equation (1a) of the note, is maximised over the logarithms of the
    parameters, with its gradient, by L-BFGS-B.

    Parameters
    ----------
    frequency : array-like, shape (n,)
        Repeat orders x, whole numbers >= 0; rows with 0 say nothing and are left out.
    mean_value : array-like, shape (n,)
        Mean value of these orders, > 0 (ignored where x is 0).
    weights : array-like, shape (n,), optional
        Number of customers that a row stands for, >= 0; one each by default.

    Returns
    -------
    GammaGamma or None
        Parameters with v in the unit of ``mean_value``. None without a repeat order with a positive weight. Where
        customers are too few or too alike to tell the parameters (one customer, equal values) the likelihood grows
        without end; then they stop at the bounds: 0.001 to 1,000 for p and q, and 1e-6 to 1e6 mean values for v.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or impossible (x negative or not whole, a mean value of 0 or less), or a
        weight is negative or not finite.

    Examples
    --------
    >>> model = fit_gamma_gamma([2, 1, 4, 0, 7], [22.5, 11.8, 35.0, 0, 24.2])
    >>> bool(0.001 <= model.q <= 1000)
    True
    >>> fit_gamma_gamma([0, 0], [0, 0]) is None
    True
    """
    x, m = _histories(frequency, mean_value)
    if x.ndim != 1:
        raise ValueError(f"Histories of shape {x.shape} cannot be fitted. Pass one-dimensional arrays.")
    w = np.ones(x.size) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != x.shape or not np.all(np.isfinite(w) & (w >= 0)):
        raise ValueError(f"The weights must be one finite number >= 0 for each of {x.size:,} rows.")
    for bad, what in (
        (np.isnan(x) | ((x > 0) & np.isnan(m)), "have an empty value (nan)"),
        (x != np.floor(x), "have a number of repeat orders that is not whole"),
        (
            (x > 0) & (m == 0),
            "have repeat orders with a mean value of 0, which the model excludes",
        ),
    ):
        if bad.any():
            raise ValueError(f"{np.count_nonzero(bad):,} of {x.size:,} rows {what}.")
    kept = (w > 0) & (x > 0)
    x, m, w = x[kept], m[kept], w[kept]
    if not x.size:
        return None
    # Weights are a key as well: they are added in one order, however the rows came.
    order = np.lexsort((w, m, x))
    x, m, w = x[order], m[order], w[order]
    first = np.flatnonzero(np.r_[True, (np.diff(x) != 0) | (np.diff(m) != 0)])
    w = np.add.reduceat(w, first)
    w /= w.sum()
    x, m = x[first], m[first]
    unit = _dot(w, m)
    with one_thread():
        best = optimize.minimize(  # type: ignore[call-overload]  # the stubs want Python floats
            _negative_log_likelihood,
            np.log([2.0, 2.0, 0.5]),  # a mean of 1: p v / (q - 1)
            args=(x, m / unit, w),
            jac=True,
            method="L-BFGS-B",
            bounds=_BOUNDS,
            options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 1000, "maxls": 50, "maxcor": 20},
        )
    p, q, v = np.exp(best.x).tolist()
    return GammaGamma(p, q, v * unit)


def expected_spend(model: GammaGamma, frequency: ArrayLike, mean_value: ArrayLike) -> Floats:
    """Compute the mean value of the orders that a customer will place, given those that were placed.

    It is ``p (v + x m) / (p x + q - 1)``, equation (5) of the note: the own mean m and the mean p v / (q - 1) of all
    customers, weighted with p x and q - 1; the latter alone where x is 0.

    Parameters
    ----------
    model : GammaGamma
        Fitted parameters.
    frequency, mean_value : array-like
        Repeat orders and their mean value (ignored where there are none), in the model's unit of money; arrays of one
        shape. nan = unknown.

    Returns
    -------
    array of float
        Mean value of an order, same shape, >= 0; nan where a value is unknown. It is also nan where p x + q <= 1: with
        q of 1 or less there is no mean of all customers (the tail is too heavy), so that nothing can be said of one
        without repeat orders, or with few.

    Raises
    ------
    ValueError
        If shapes differ, or a value is negative or infinite.

    Examples
    --------
    With the parameters published for CDNOW, of a customer without and one with two repeat orders of 20 on average:

    >>> expected_spend(GammaGamma(p=6.25, q=3.74, v=15.44), [0, 2], [0, 20]).round(2).tolist()
    [35.22, 22.74]
    """
    x, m = _histories(frequency, mean_value)
    known = model.p * x + (model.q - 1.0)
    spent = model.p * (model.v + np.where(x == 0, 0.0, x * m))
    means: Floats = np.full(x.shape, np.nan)
    np.divide(spent, known, out=means, where=known > 0)
    return means


def _histories(frequency: ArrayLike, mean_value: ArrayLike) -> tuple[Floats, Floats]:
    """Return x and the mean values as float arrays after checking that they are possible."""
    x, m = (np.asarray(values, dtype=np.float64) for values in (frequency, mean_value))
    if x.shape != m.shape:
        raise ValueError(f"Repeat orders and mean values have the shapes {x.shape} and {m.shape}. Pass one shape.")
    for values, what in ((x, "numbers of repeat orders"), (m, "mean values")):
        bad = (values < 0) | np.isinf(values)
        if bad.any():
            raise ValueError(f"{np.count_nonzero(bad):,} of {x.size:,} {what} are negative or infinite.")
    return x, m


def _dot(left: Floats, right: Floats) -> float:
    """Return the scalar product, summed in one order."""
    return float(np.einsum("i,i->", left, right))


def _negative_log_likelihood(theta: Floats, x: Floats, m: Floats, w: Floats) -> tuple[float, Floats]:
    """Return minus the weighted log-likelihood and its gradient in the log-parameters; rows are sorted by x."""
    p, q, v = np.exp(theta)
    counts, first = np.unique(x, return_index=True)
    of_count = np.add.reduceat(w, first)
    spent = x * m
    own, all_, total = np.log(spent), np.log(v), np.log(spent + v)
    log_gammas = special.gammaln(p * counts + q) - special.gammaln(p * counts) - special.gammaln(q)
    # The mean's own density, without the terms that know no parameter.
    value = _dot(of_count, log_gammas) + _dot(w, q * (all_ - total) + p * x * (own - total))
    psi_all, psi_own = special.psi(p * counts + q), special.psi(p * counts)
    slope = np.array(
        [
            _dot(of_count, counts * (psi_all - psi_own)) + _dot(w, x * (own - total)),
            _dot(of_count, psi_all) - special.psi(q) + _dot(w, all_ - total),
            _dot(w, q / v - (p * x + q) / (spent + v)),
        ]
    )
    return -float(value), -slope * np.array([p, q, v])
