"""Options of a recipe that the folds choose: thresholds of trees, fading and number of snapshots, and the season."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnml.models.candidates import RULE
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.lightgbm import LightGbm
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
_GREEDY = {"extra_trees": False}
_TREES = 40
_MORE_TREES = 80
_MOST_ROWS = 25_000
_MOST_TESTED = 50_000
_SEASONAL = ("season", "calendar")
_CALENDAR = "calendar"
_YEAR = 365
_NEAR_DAYS = 20


def choose_options(study: Study) -> Recipe:
    """Choose the options of a recipe on forward folds, one after the other.

    An option other than the plain one (random thresholds, all snapshots alike, season features where the shop has two
    years of history) is taken only where it lowers the shape loss of a small LightGBM by more than one
    customer-clustered standard error.
    Options are whether each split takes the best threshold, not a random one, whether old snapshots fade (unless
    ``fade_days`` sets it), whether the newest six or each second one are enough, and whether the features of a season
    family are read (where they are off, whether they are put on); where the day lies in the year is read only where a
    snapshot of about this day a year ago is learnt from. Other features that are off are not used. Without forward
    folds, everything stays plain, and the day's place in the year unread.

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
        calendar = {feature.name for feature in frame.describe(on) if feature.family == _CALENDAR}
        on = tuple(name for name in on if name not in calendar)
        return dataclasses.replace(plain, features=on, candidate=RULE, trees=None)
    of_snapshots: list[dict[str, int]] = [{"newest": _NEWEST}, {"every": _THINNED}]
    if fade_days is None:
        of_snapshots = [*({"fade_days": days} for days in _HALF_LIVES), *of_snapshots]
    samples = [(frame.sample(_MOST_ROWS, fold.train), frame.sample(_MOST_TESTED, fold.test)) for fold in folds]
    customers = np.concatenate([test.customers for _, test in samples])

    def is_better(one: Floats | None, other: Floats | None) -> bool:
        if one is None or other is None:
            return False
        difference, error = paired_difference(one, other, customers)
        return difference < -error

    # The best thresholds learn faster, and end earlier: each kind is taken with the number of trees that suits it.
    told = {
        greedy: _losses(samples, dataclasses.replace(plain, trees=_MORE_TREES, params=params), settings, _TREES)
        for greedy, params in ((False, {}), (True, _GREEDY))
    }
    takes_best = is_better(*(min(told[greedy], key=_mean) for greedy in (True, False)))
    best = dataclasses.replace(plain, params=_GREEDY) if takes_best else plain
    losses = told[takes_best][0]

    def try_out(**changed: Any) -> None:
        nonlocal best, losses
        candidate = dataclasses.replace(best, **changed)
        (found,) = _losses(samples, candidate, settings)
        if is_better(found, losses):
            best, losses = candidate, found

    for changed in of_snapshots:
        try_out(**changed)
    of_family = {feature.name: feature.family for feature in frame.describe(features)}
    for family in _SEASONAL:
        own = {name for name, of in of_family.items() if of == family}
        if family == _CALENDAR and not knows_the_season(best.prepare(frame).days, study.as_of):
            best = dataclasses.replace(best, features=tuple(name for name in best.features if name not in own))
            continue
        wanted = set(best.features) - own if own & set(best.features) else set(best.features) | own
        if wanted != set(best.features):
            try_out(features=tuple(name for name in features if name in wanted))
    return dataclasses.replace(best, candidate=RULE, trees=None)


def knows_the_season(days: NDArray[np.datetime64], day: date) -> bool:
    """Check whether a snapshot lies within 20 days of a year (365 days) before a day.

    Without one, where the day lies in the year is but a name of the snapshots, and says nothing of this day.

    Parameters
    ----------
    days : array of datetime64, shape (snapshots,)
        Snapshots that are learnt from.
    day : date
        Day that is judged.
    """
    return bool((np.abs((days - (np.datetime64(day, "D") - _YEAR)).astype(int)) <= _NEAR_DAYS).any())


def _losses(
    samples: Sequence[tuple[TrainingFrame, TrainingFrame]], recipe: Recipe, settings: FitSettings, *fewer: int
) -> list[Floats | None]:
    """Return the loss of each test row, the level taken out, with fewer trees and with those of the recipe.

    It is None where a fold has nothing to learn from.
    """

    def losses(sample: tuple[TrainingFrame, TrainingFrame], settings: FitSettings) -> list[Floats] | None:
        train, test = sample
        if len(np.unique(recipe.prepare(train).churned)) < 2:
            return None
        fitted = recipe.fit(train, settings)
        assert isinstance(fitted, LightGbm)
        logodds = [one.logodds(test.X) for one in (*map(fitted.of_first, fewer), fitted)]
        return [row_log_loss(test.churned, shift_per_group(test.churned, each, test.snapshots)) for each in logodds]

    parts = side_by_side(losses, samples, settings)
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return [None] * (len(fewer) + 1)
    return [np.concatenate(of_folds) for of_folds in zip(*known, strict=True)]


def _mean(losses: Floats | None) -> float:
    return np.inf if losses is None else float(losses.mean())
