"""What a ranking earns: expected maximum profit, and the share of the value at risk that a list captures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression
from scipy.special import betainc

from churnml.statistics.logodds import Floats, paired_arrays


class CampaignProfit(NamedTuple):
    """Expected maximum profit of a campaign, in money per customer, and the share of customers that it contacts."""

    profit: float
    contacted_share: float


def expected_maximum_profit(
    y: ArrayLike,
    prediction: ArrayLike,
    *,
    accept_alpha: float = 6.0,
    accept_beta: float = 14.0,
    value: float = 200.0,
    offer: float = 10.0,
    contact: float = 1.0,
) -> CampaignProfit:
    """Compute the expected maximum profit of contacting the customers at the top of a ranking.

    With a share g of contacted churners who accept the offer and stay, contacting the top of a ranking earns per
    customer ``P(g) = pi1 F1 (g (value - offer) - contact) - pi0 F0 (offer + contact)`` with F1 and F0 the contacted
    shares of those who churned (pi1 of all) and stayed (pi0). The threshold is chosen best for each g, which is drawn
    from Beta(accept_alpha, accept_beta): ``EMP = integral of max_threshold P(g) h(g) dg``. The best thresholds lie on
    the convex hull of the ROC curve, so the integral is a sum of incomplete beta functions (Verbraken, Verbeke and
    Baesens 2013, "A novel profit maximizing metric for measuring classification performance of customer churn
    prediction models", IEEE TKDE 25). Defaults are theirs.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    prediction : array-like, shape (n,)
        Probabilities or log-odds; customers with equal ones are contacted together.
    accept_alpha, accept_beta : float, optional
        Parameters of the Beta distribution of the share of contacted churners who accept.
    value : float, optional
        Value in money of a customer who is kept.
    offer : float, optional
        Cost in money of the offer where it is accepted; those who would have stayed all accept it.
    contact : float, optional
        Cost in money of contacting a customer.

    Returns
    -------
    CampaignProfit
        Money per customer, never below 0 (nobody need be contacted), and the expected share contacted; both nan where
        one of the outcomes is missing.

    Raises
    ------
    ValueError
        Where the offer is worth more than the customer, or a cost is negative.

    Examples
    --------
    >>> perfect = expected_maximum_profit([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1])
    >>> round(perfect.profit, 3), round(perfect.contacted_share, 3)
    (28.0, 0.5)
    """
    outcomes, predictions = paired_arrays(y, prediction)
    if value <= offer or min(offer, contact) < 0:
        raise ValueError(
            f"value={value}, offer={offer}, contact={contact}: the value must exceed the offer, and no cost may be "
            "negative."
        )
    if not outcomes.size or not 0 < outcomes.mean() < 1:
        return CampaignProfit(float("nan"), float("nan"))
    churned, stayed = _hull(outcomes, predictions)
    share = float(outcomes.mean())
    d_churned, d_stayed = np.diff(churned), np.diff(stayed)
    # From one corner of the hull to the next pays from this acceptance on; concavity makes the sequence grow.
    # A corner that adds none who churned never pays, not even where contacts and offers cost nothing.
    wasted = np.full(d_churned.shape, np.inf)
    np.divide((1 - share) * d_stayed * (offer + contact), share * d_churned, out=wasted, where=d_churned > 0)
    ends = np.append(np.minimum((contact + wasted) / (value - offer), 1.0), 1.0)
    mass = np.diff(betainc(accept_alpha, accept_beta, ends))
    mean = accept_alpha / (accept_alpha + accept_beta) * np.diff(betainc(accept_alpha + 1, accept_beta, ends))
    to_churned, to_stayed = share * churned[1:], (1 - share) * stayed[1:]
    profit = to_churned * ((value - offer) * mean - contact * mass) - to_stayed * (offer + contact) * mass
    contacted = (to_churned + to_stayed) * mass
    return CampaignProfit(float(profit.sum()), float(contacted.sum()))


def value_at_risk_captured(y: ArrayLike, prediction: ArrayLike, values: ArrayLike, k: int) -> float:
    """Compute which share of the value of all who churned stands on the list of the k highest predictions.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    prediction : array-like, shape (n,)
        Numbers that the list is sorted by: probability, or probability times value. Of equal ones, those given first
        are taken first.
    values : array-like, shape (n,)
        Value of each customer in money, >= 0.
    k : int
        Number of customers on the list, at least 1.

    Returns
    -------
    float
        From 0 to 1; nan where nobody of any value churned.

    Raises
    ------
    ValueError
        Where lengths differ, a value is negative or unknown, or k is below 1.

    Examples
    --------
    >>> value_at_risk_captured([1, 0, 1], [0.9, 0.8, 0.1], [30.0, 50.0, 10.0], k=1)
    0.75
    """
    outcomes, predictions = paired_arrays(y, prediction)
    worth = np.asarray(values, dtype=np.float64)
    if worth.shape != outcomes.shape or not np.all(np.isfinite(worth)) or np.any(worth < 0):
        raise ValueError("The values must be one finite number >= 0 per row.")
    if k < 1:
        raise ValueError(f"k={k}: take at least one customer (k is a count, not a share).")
    lost = outcomes * worth
    if not lost.sum() > 0:
        return float("nan")
    return float(lost[np.argsort(-predictions, kind="stable")[:k]].sum() / lost.sum())


def _hull(outcomes: Floats, predictions: Floats) -> tuple[Floats, Floats]:
    """Return the corners of the upper convex hull of the ROC curve: shares of churned and stayed, from 0 to 1."""
    order = np.argsort(-predictions, kind="stable")
    ranked = predictions[order]
    last_of_tie = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), ranked.size - 1)
    found = np.cumsum(outcomes[order])[last_of_tie]
    sizes = np.diff(last_of_tie, prepend=-1)
    # The slopes of the hull are the shares of churned, made to fall by pooling neighbours.
    shares = np.diff(found, prepend=0.0) / sizes
    pooled = isotonic_regression(shares, weights=sizes, increasing=False)
    ends = pooled.blocks[1:] - 1
    churned = np.concatenate(([0.0], found[ends]))
    stayed = np.concatenate(([0.0], (last_of_tie + 1 - found)[ends]))
    return churned / churned[-1], stayed / stayed[-1]
