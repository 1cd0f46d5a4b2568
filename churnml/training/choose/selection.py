"""Selection: what is chosen on the folds, and what it says of the rows of the gate, on which nothing was chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnml.models.candidates import RULE
from churnml.models.candidates.blend import Blend, weighted_sum
from churnml.models.segments import Segment, membership
from churnml.statistics.logodds import Floats
from churnml.statistics.shifts import shift_to
from churnml.training.choose.blending import with_blend
from churnml.training.choose.calibration import calibration_slope, lasting_slope, segment_offsets
from churnml.training.choose.choice import better_than_chance, compare
from churnml.training.choose.options import choose_options
from churnml.training.choose.predictions import Predictions, net_of_days, predict_folds, predict_shape
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.segments import find_segments
from churnml.training.choose.tuning import tune
from churnml.training.rows.folds import Apart, Fold, judged_rows
from churnml.training.rows.study import Study

_GATE_FACTOR = 4


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What was chosen on folds.

    Attributes
    ----------
    predictions : Predictions
        Out-of-fold predictions of all candidates.
    comparison : pandas DataFrame
        Candidates by shape loss on the folds, as from `churnml.training.choose.choice.compare`.
    chosen, rule : Recipe
        Recipe of the chosen candidate, and of the recency rule; the same where that is chosen. The rule is calibrated
        by a slope alone.
    segments : sequence of Segment
        Segments that were looked at.
    """

    predictions: Predictions
    comparison: pd.DataFrame
    chosen: Recipe
    rule: Recipe
    segments: Sequence[Segment]


@dataclass(frozen=True, kw_only=True)
class AtGate:
    """What is said of the gate's rows by what was chosen without them, calibrated and net of the level.

    Attributes
    ----------
    candidate : str
        Name of the chosen candidate.
    by_choice, rule : array of float, shape (rows,)
        Log-odds by what was chosen for these rows, and by the recency rule. Of customers kept apart, each part has a
        choice of its own.
    told_on_folds : collection of str
        Names, of ``chosen`` and ``rule``, that were better than chance on the folds; see `better_than_chance`.
    """

    candidate: str
    by_choice: Floats
    rule: Floats
    told_on_folds: Collection[str] = ("chosen", "rule")

    @property
    def chosen(self) -> Floats:
        """Log-odds of the chosen candidate: those of the rule where that was chosen on all rows together."""
        return self.rule if self.candidate == RULE else self.by_choice


@dataclass(frozen=True, kw_only=True)
class Choice(Selection):
    """What was chosen on all folds, and what is said of the rows of the gate by what was chosen without them."""

    at_gate: AtGate


def choose(study: Study) -> Choice:
    """Choose on the folds, and predict the rows of the gate by what was chosen without them.

    Forward, what was chosen is fitted on all that was known by the day of the gate. Of customers kept apart, each part
    is predicted by what is chosen in the same way on the other parts. A choice fold learns from about ``fold_rows``
    rows at most, and is tested on half as many; the gate learns from four times as many.
    """
    options = choose_options(study)
    if study.asked.tune_minutes and "lightgbm" in study.candidates:
        options = dataclasses.replace(options, params=tune(study, options))
    selection, by_choice, rule = _forward(study, options) if study.plan.forward else _apart(study, options)
    at_gate = AtGate(
        candidate=selection.chosen.candidate,
        by_choice=by_choice,
        rule=rule,
        told_on_folds=better_than_chance(selection.comparison),
    )
    return Choice(**vars(selection), at_gate=at_gate)


def _forward(study: Study, options: Recipe) -> tuple[Selection, Floats, Floats]:
    plan = study.plan
    segments = find_segments(study.frame.X, plan.choice[0].train)
    predictions = predict_folds(study, plan.choice, options, study.asked.fold_rows // 2)
    selection = _select(study, predictions, options, segments)
    chosen, rule = predict(study, plan.gates, [selection.chosen, selection.rule])
    return selection, chosen, rule


def _apart(study: Study, options: Recipe) -> tuple[Selection, Floats, Floats]:
    frame, plan = study.frame, study.plan
    assert isinstance(plan, Apart)
    segments = find_segments(frame.X)
    predictions = predict_folds(study, plan.choice, options)
    of_pairs = predict_folds(study, list(plan.pairs.values()), options)
    parts, used = plan.parts[of_pairs.rows], plan.parts >= 0
    X, snapshots = frame.X.loc[used], frame.snapshots[used]
    chosen, rule = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    for part, fold in enumerate(plan.choice):
        others = np.array([part in pair for pair in plan.pairs])[of_pairs.folds] & (parts != part)
        without = _select(study, of_pairs.take(others), options, segments)
        at = predictions.folds == part
        logodds = {name: values[at] for name, values in predictions.logodds.items()}
        for found, recipe in ((chosen, without.chosen), (rule, without.rule)):
            blended = weighted_sum(recipe.weights or {recipe.candidate: 1.0}, logodds)
            offsets = net_of_days(recipe.calibrate(np.zeros(len(X)), X), snapshots)
            found[fold.test] = recipe.slope * blended + offsets[fold.test[used]]
    selection = _select(study, predictions, options, segments)
    return selection, _at_gate(study, chosen), _at_gate(study, rule)


def predict(study: Study, folds: Sequence[Fold], recipes: Sequence[Recipe]) -> list[Floats]:
    """Fit recipes on every fold and predict its test rows, net of the level.

    A fit learns from about four times ``fold_rows`` at most: nearer to what ships than a choice fold, and much cheaper.

    Returns
    -------
    list of array of float
        Predictions of each recipe for the tested rows, in the order of the frame.
    """
    frame = study.frame
    found = np.full((len(recipes), len(frame)), np.nan)
    for fold in folds:
        train = frame.sample(_GATE_FACTOR * study.asked.fold_rows, fold.train)
        for position, recipe in enumerate(recipes):
            if recipe in recipes[:position]:
                found[position, fold.test] = found[recipes.index(recipe), fold.test]
                continue
            found[position, fold.test] = predict_shape(frame, fold, recipe, recipe.fit(train, study.settings))
    return [_at_gate(study, logodds) for logodds in found]


def _at_gate(study: Study, logodds: Floats) -> Floats:
    """Return the log-odds of the gate's rows; of customers kept apart, each snapshot's at its churn rate."""
    frame, judged = study.frame, judged_rows(study.plan.gates)
    if study.plan.forward:
        return logodds[judged]
    levelled = logodds.copy()
    for day in np.unique(frame.snapshots[judged]):
        churned, at = frame.churned[frame.snapshots == day], judged & (frame.snapshots == day)
        levelled[at] += shift_to(float((churned.sum() + 0.5) / (len(churned) + 1)), logodds[at])
    return levelled[judged]


def _select(study: Study, predictions: Predictions, options: Recipe, segments: Sequence[Segment]) -> Selection:
    """Choose a candidate and its calibration."""
    embargo_days = study.embargo_days
    members = membership(study.frame.X.iloc[predictions.rows], segments)
    if Blend.name in study.candidates:
        predictions = with_blend(predictions, embargo_days)
    comparison = compare(predictions, embargo_days)
    rule, _ = _recipe(predictions, RULE, options, embargo_days)
    candidate = str(comparison.candidate[comparison.chosen].iloc[0])
    chosen, of_folds = _recipe(predictions, candidate, options, embargo_days)
    if chosen.candidate != RULE:
        logodds = of_folds * predictions.logodds[chosen.candidate]
        found = segment_offsets(predictions, logodds, members, segments, embargo_days)
        chosen = dataclasses.replace(chosen, segments=tuple(segment for segment in found if segment.offset))
    return Selection(predictions=predictions, comparison=comparison, chosen=chosen, rule=rule, segments=segments)


def _recipe(
    predictions: Predictions, candidate: str, options: Recipe, embargo_days: int | None
) -> tuple[Recipe, float]:
    """Return a candidate's recipe, and its slope on the folds, of which the recipe has what lasts."""
    slope = calibration_slope(predictions, candidate, embargo_days)
    recipe = dataclasses.replace(
        options,
        candidate=candidate,
        weights=predictions.weights if candidate == Blend.name else {},
        # Of customers kept apart, folds and what is judged share their days.
        slope=slope if embargo_days is None else lasting_slope(slope),
    )
    return recipe, slope
