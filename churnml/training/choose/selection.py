"""Selection: what is chosen on the folds, and what it says of the rows of the gate, on which nothing was chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnml.features.store import Progress
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.blend import Blend, weighted_sum
from churnml.models.rows import TrainingFrame
from churnml.models.segments import Segment, membership
from churnml.statistics.logodds import Floats, shift_to
from churnml.training.choose.calibration import calibration_slope, segment_offsets
from churnml.training.choose.choice import Predictions, compare, predict_folds, with_blend
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.segments import find_segments
from churnml.training.rows.folds import Fold, Forward, Plan, judged_rows

RULE = "recency_rule"
_GATE_FACTOR = 4


@dataclass(frozen=True)
class Selection:
    """What was chosen on folds.

    Attributes
    ----------
    predictions
        Out-of-fold predictions of all candidates.
    comparison
        Candidates by shape loss; see ``choice.compare``.
    chosen, rule
        The recipe of the chosen candidate, and that of the recency rule; the same where that is chosen. The rule is
        calibrated by a slope alone.
    segments
        The segments that were looked at.
    """

    predictions: Predictions
    comparison: pd.DataFrame
    chosen: Recipe
    rule: Recipe
    segments: Sequence[Segment]


@dataclass(frozen=True)
class AtGate:
    """Predictions of the gate's rows, calibrated and net of the level, shape (rows,) each."""

    chosen: Floats
    rule: Floats


def select(
    frame: TrainingFrame,
    plan: Plan,
    candidates: Sequence[str],
    options: Recipe,
    settings: FitSettings,
    most_rows: int,
    embargo_days: int,
    progress: Progress | None = None,
) -> tuple[Selection, AtGate]:
    """Choose on the folds, and predict the rows of the gate by what was chosen without them.

    Forward, what was chosen is fitted on all that was known by the day of the gate. Of customers kept apart, each part
    is predicted by what is chosen in the same way on the other parts.

    Parameters
    ----------
    frame, plan
        Labelled rows, and how they are split.
    candidates
        Names of the candidates, simplest first.
    options
        Options of the recipe.
    settings
        Seed and threads.
    most_rows
        A choice fold learns from about so many rows at most, and is tested on half as many; the gate learns from four
        times as many.
    embargo_days
        Days from a snapshot until its outcomes are known.
    progress
        Called with a text, the steps done and all steps.
    """

    def tested_on(folds: Sequence[Fold], most_tested: int | None = None) -> Predictions:
        return predict_folds(frame, folds, candidates, options, settings, most_rows, most_tested, progress)

    if isinstance(plan, Forward):
        segments = find_segments(frame.X, plan.choice[0].train)
        members = membership(frame.X, segments)
        predictions = tested_on(plan.choice, most_rows // 2)
        selection = _select(predictions, candidates, options, segments, members, embargo_days)
        chosen, rule = predict(frame, plan.gates, [selection.chosen, selection.rule], settings, most_rows)
        return selection, AtGate(chosen, rule)
    segments = find_segments(frame.X)
    members = membership(frame.X, segments)
    predictions, of_pairs = tested_on(plan.choice), tested_on(list(plan.pairs.values()))
    parts = plan.parts[of_pairs.rows]
    chosen, rule = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    for part, fold in enumerate(plan.choice):
        others = np.array([part in pair for pair in plan.pairs])[of_pairs.folds] & (parts != part)
        without = _select(of_pairs.take(others), candidates, options, segments, members, None)
        at = predictions.folds == part
        logodds = {name: values[at] for name, values in predictions.logodds.items()}
        for found, recipe in ((chosen, without.chosen), (rule, without.rule)):
            blended = weighted_sum(recipe.weights or {recipe.candidate: 1.0}, logodds)
            found[fold.test] = _levelled(frame, fold, recipe.calibrate(blended, frame.X.loc[fold.test]))
    selection = _select(predictions, candidates, options, segments, members, None)
    return selection, AtGate(chosen[judged_rows(plan.gates)], rule[judged_rows(plan.gates)])


def predict(
    frame: TrainingFrame, folds: Sequence[Fold], recipes: Sequence[Recipe], settings: FitSettings, most_rows: int
) -> list[Floats]:
    """Fit recipes on every fold and predict its test rows, net of the level.

    A fit learns from about four times ``most_rows`` at most: nearer to what ships than a choice fold, and much cheaper.

    Returns
    -------
    list of NDArray[np.float64]
        For each recipe, the tested rows in the order of the frame.
    """
    found = np.full((len(recipes), len(frame)), np.nan)
    for fold in folds:
        train, X = frame.sample(_GATE_FACTOR * most_rows, fold.train), frame.X.loc[fold.test]
        for position, recipe in enumerate(recipes):
            if recipe in recipes[:position]:
                found[position, fold.test] = found[recipes.index(recipe), fold.test]
                continue
            logodds = recipe.calibrate(recipe.fit(train, settings).logodds(X), X)
            found[position, fold.test] = logodds if len(folds) == 1 else _levelled(frame, fold, logodds)
    return list(found[:, judged_rows(folds)])


def _levelled(frame: TrainingFrame, fold: Fold, logodds: Floats) -> Floats:
    """Bring a part's predictions to the churn rate of each day, the same one for all parts.

    "Net of the level" is another thing for every fit, and here several stand side by side. The rate of the other parts
    would not do: it is low where that of the part is high, and orders customers upside down.
    """
    levelled, days = logodds.copy(), frame.snapshots[fold.test]
    for day in np.unique(days):
        churned, at = frame.churned[frame.snapshots == day], days == day
        levelled[at] += shift_to(float((churned.sum() + 0.5) / (len(churned) + 1)), levelled[at])
    return levelled


def _select(
    predictions: Predictions,
    candidates: Sequence[str],
    options: Recipe,
    segments: Sequence[Segment],
    members: Floats,
    embargo_days: int | None,
) -> Selection:
    """Choose a candidate and its calibration; ``members`` belongs to all rows of the frame."""
    if Blend.name in candidates:
        predictions = with_blend(predictions, embargo_days)
    comparison = compare(predictions)
    rule = _recipe(predictions, RULE, options, embargo_days)
    chosen = _recipe(predictions, str(comparison.candidate[comparison.chosen].iloc[0]), options, embargo_days)
    if chosen.candidate != RULE:
        logodds = chosen.slope * predictions.logodds[chosen.candidate]
        found = segment_offsets(predictions, logodds, members[predictions.rows], segments, embargo_days)
        chosen = dataclasses.replace(chosen, segments=tuple(segment for segment in found if segment.offset))
    return Selection(predictions, comparison, chosen, rule, segments)


def _recipe(predictions: Predictions, candidate: str, options: Recipe, embargo_days: int | None) -> Recipe:
    trees = predictions.trees.get(candidate)
    return dataclasses.replace(
        options,
        candidate=candidate,
        trees=int(np.median(trees)) if trees else None,
        weights=predictions.weights if candidate == Blend.name else {},
        slope=calibration_slope(predictions, candidate, embargo_days),
    )
