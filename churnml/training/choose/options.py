"""Options of a recipe that the folds choose: how snapshots fade, how many are read, and whether the season is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from churnml.models.candidates import RULE
from churnml.models.candidates.base import FitSettings
from churnml.models.rows import TrainingFrame
from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.logodds import Floats, row_log_loss
from churnml.statistics.shifts import shift_per_group
from churnml.training.choose.parallel import side_by_side
from churnml.training.choose.recipe import Recipe
from churnml.training.rows.study import Study

_HALF_LIVES = (365, 120)
_NEWEST = 6
_THINNED = 2
_TREES = 60
_MOST_ROWS = 50_000
_SEASON = "season"


def choose_options(study: Study) -> Recipe:
    """Choose the options of a recipe on forward folds, one after the other.

    An option other than the plain one (all snapshots alike, season features where the shop has two years of history) is
    taken only where it lowers the shape loss of a small LightGBM by more than one customer-clustered standard error.
    Options are whether old snapshots fade (unless ``fade_days`` sets it), whether the newest six or each second one are
    enough, and whether season features are read (where they are off, whether they are put on). Other features that are
    off are not used. Without forward folds, everything stays plain.

    Returns
    -------
    Recipe
        Recipe with the chosen options, without a candidate of its own yet.
    """
    frame, settings, fade_days = study.frame, study.settings, study.asked.fade_days
    folds = study.plan.choice if study.plan.forward else []
    features = tuple(frame.X.columns)
    on = tuple(name for name in features if name not in study.off)
    plain = Recipe(on, "lightgbm", fade_days or None, trees=_TREES)
    if not folds:
        return dataclasses.replace(plain, candidate=RULE, trees=None)
    rounds: list[list[Recipe]] = []
    if fade_days is None:
        rounds.append([dataclasses.replace(plain, fade_days=days) for days in _HALF_LIVES])
    rounds.append([dataclasses.replace(plain, newest=_NEWEST), dataclasses.replace(plain, every=_THINNED)])
    season = {feature.name for feature in frame.describe(features) if feature.family == _SEASON}
    wanted = set(on) - season if season & set(on) else set(on) | season
    other = tuple(name for name in features if name in wanted)
    if other != on:
        rounds.append([dataclasses.replace(plain, features=other)])
    samples = [(frame.sample(_MOST_ROWS, fold.train), frame.sample(_MOST_ROWS, fold.test)) for fold in folds]
    best, losses = plain, _losses(samples, plain, settings)
    customers = np.concatenate([test.customers for _, test in samples])
    for alternatives in rounds:
        for alternative in alternatives:
            changed = {key: value for key, value in vars(alternative).items() if value != getattr(plain, key)}
            candidate = dataclasses.replace(best, **changed)
            found = _losses(samples, candidate, settings)
            if found is None or losses is None:
                continue
            difference, error = paired_difference(found, losses, customers)
            if difference < -error:
                best, losses = candidate, found
    return dataclasses.replace(best, candidate=RULE, trees=None)


def _losses(
    samples: Sequence[tuple[TrainingFrame, TrainingFrame]], recipe: Recipe, settings: FitSettings
) -> Floats | None:
    """Return the loss of each test row, the level taken out; None where a fold has nothing to learn from."""

    def losses(sample: tuple[TrainingFrame, TrainingFrame], settings: FitSettings) -> Floats | None:
        train, test = sample
        if len(np.unique(recipe.prepare(train).churned)) < 2:
            return None
        logodds = recipe.fit(train, settings).logodds(test.X)
        return row_log_loss(test.churned, shift_per_group(test.churned, logodds, test.snapshots))

    parts = side_by_side(losses, samples, settings)
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None
