"""Blending: which candidates a blend is made of, and with which weights, judged on rows that neither was found on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from churnml.models.candidates.blend import Blend, find_weights, weighted_sum
from churnml.statistics.logodds import Floats
from churnml.statistics.metrics import shape_loss
from churnml.training.choose.calibration import fit_slope
from churnml.training.choose.predictions import Predictions

_PARTS = 5


def with_blend(predictions: Predictions, embargo_days: int | None) -> Predictions:
    """Add the blend: on each fold with weights from what was known before it, or else from other customers.

    Of the first folds, before which nothing is known, each fifth of the customers is blended with weights from the
    other fifths; of customers kept apart, each part with weights from the other parts.

    A member that tells nothing of customers on whom its slope was not fitted is left out: drawn towards equal weights,
    it would blur what the others say.

    Parameters
    ----------
    predictions : Predictions
        Predictions of the members; with fewer than two, nothing is added.
    embargo_days : int or None
        Number of days from a snapshot until its outcomes are known; None where folds are customers kept apart.
    """
    members = {name: logodds for name, logodds in predictions.logodds.items() if name in Blend.members}
    if len(members) < 2:
        return predictions
    churned, groups, customers = predictions.churned, predictions.groups, predictions.customers

    def weights_on(rows: NDArray[np.bool_]) -> dict[str, float]:
        codes = np.unique(groups[rows], return_inverse=True)[1]
        of_members = {name: logodds[rows] for name, logodds in members.items()}
        telling = {
            name: logodds
            for name, logodds in of_members.items()
            if beats_chance(churned[rows], logodds, codes, customers[rows])
        }
        return find_weights(churned[rows], telling or of_members, codes)

    blended = np.zeros(len(churned))
    for learnt, told in _blended_from(predictions, embargo_days):
        blended[told] = weighted_sum(weights_on(learnt), {name: logodds[told] for name, logodds in members.items()})
    return replace(
        predictions,
        logodds={**predictions.logodds, Blend.name: blended},
        weights=weights_on(np.ones(len(churned), dtype=bool)),
    )


def _blended_from(
    predictions: Predictions, embargo_days: int | None
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return masks of rows: from which the weights are found, and which are then blended by them."""
    folds = np.unique(predictions.folds)
    if embargo_days is None:
        return [(predictions.folds != fold, predictions.folds == fold) for fold in folds]
    found, first = [], np.zeros(len(predictions.folds), dtype=bool)
    for fold in folds:
        known, at = predictions.known_before(fold, embargo_days), predictions.folds == fold
        if known.any():
            found.append((known, at))
        else:
            first |= at
    parts = predictions.customers % _PARTS
    return found + [(first & (parts != part), first & (parts == part)) for part in range(_PARTS)]


def beats_chance(churned: Floats, logodds: Floats, groups: NDArray[np.int64], customers: NDArray[np.int64]) -> bool:
    """Check whether predictions, times a slope above 0 that is fitted on one half of the customers, help on the other.

    Parameters
    ----------
    churned : array of float, shape (rows,)
        Outcomes, 0 or 1.
    logodds : array of float, shape (rows,)
        Predictions, whose level does not matter.
    groups : array of int, shape (rows,)
        Codes of fold and snapshot from 0, each of which has a level of its own.
    customers : array of int, shape (rows,)
        Codes of the customers.

    Returns
    -------
    bool
        True where the shape loss is below that of each group's own churn rate.
    """
    half, scaled = customers % 2 == 0, np.zeros(len(churned))
    for learnt, told in ((half, ~half), (~half, half)):
        if learnt.any():
            scaled[told] = fit_slope(churned[learnt], logodds[learnt], groups[learnt]) * logodds[told]
    return shape_loss(churned, scaled, groups) < shape_loss(churned, np.zeros(len(churned)), groups)
