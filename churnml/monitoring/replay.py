"""The replay: what monitoring's numbers were on the shop's past days, under the same recipe, when nothing was wrong."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from churnml.config import Config
from churnml.data.files import whole_file
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.errors import InputError
from churnml.features.store import Progress
from churnml.models.model import Model
from churnml.models.profile import last_year
from churnml.models.rows import TrainingFrame
from churnml.monitoring.drift import steady_features
from churnml.monitoring.matured import gain_over_rule
from churnml.monitoring.residuals import Judged, scan
from churnml.scoring.scorer import Scorer
from churnml.statistics.drift import domain_auroc
from churnml.statistics.expected import expected_auroc
from churnml.statistics.logodds import Floats
from churnml.statistics.metrics import auroc
from churnml.training.choose.recipe import Recipe
from churnml.training.rows.folds import MIN_CLASS
from churnml.training.rows.study import Study, make_study, silent

FILE = "baseline.json"
"""Name of the file in the folder of the lists."""
_RECENCY = "days_since_last_order"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ReplayedDay(_Part):
    """What a past day's predictions showed, by a model that knew what was known on it.

    Attributes
    ----------
    day : date
        The day.
    auroc, auroc_expected : float
        AUROC of the predictions, and what their probabilities expected of it once their level is refitted.
    gain : float
        Shape loss less that of the recency rule on the same rows; negative is better.
    relation : float
        Statistic of the residual scan; see `churnml.monitoring.residuals.scan`.
    relation_year : float or None
        The same after what was found a year before is subtracted; None where there is no such day.
    domain : float or None
        How well a classifier tells the day from that of a year before; None where there is no such day.
    """

    day: date
    auroc: float
    auroc_expected: float
    gain: float
    relation: float
    relation_year: float | None
    domain: float | None = None

    @property
    def scanned(self) -> float:
        """Statistic of the residual scan as monitoring computes it: less what was found a year before, where known."""
        return self.relation if self.relation_year is None else self.relation_year


class Baseline(_Part):
    """What the numbers were when nothing was wrong.

    Attributes
    ----------
    as_of : date
        Day at which the data ended.
    model_version : str
        Version of the model whose recipe was replayed.
    days : tuple of ReplayedDay
        The days, oldest first.
    """

    as_of: date
    model_version: str
    days: tuple[ReplayedDay, ...]

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read the baseline of a folder of lists; None where it has none.

        Raises
        ------
        InputError
            Where it cannot be read.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise InputError(f"{path}: cannot be read. Remove it, and make it again: churnml monitor DATA") from error

    def write(self, folder: Path) -> Path:
        """Write the baseline into a folder of lists."""
        with whole_file(folder / FILE) as path:
            path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        return folder / FILE


def make_baseline(
    shop: Shop,
    as_of: Day | None = None,
    config: Config | None = None,
    *,
    model: Model | str | None = None,
    progress: Progress = silent,
) -> Baseline:
    """Replay a shop's past days by the recipe of a model; it takes as long as a few trainings.

    Parameters
    ----------
    shop : Shop
        Shop whose past is replayed.
    as_of : date or str, optional
        Day at which the data ends: nothing on or after it is seen. None takes the start of the last day with an order.
    config : Config, optional
        Settings of training and tracking; None takes the defaults.
    model : Model or str, optional
        Model whose recipe is replayed; None takes the champion.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.
    """
    config = config or Config()
    model = Scorer(model, config).model
    study = make_study(shop, config.model_copy(update={"definition": model.definition}), as_of, progress)
    steady = frozenset[str]()
    if model.profile is not None:
        steady = steady_features(model.profile, model.card.first_day + timedelta(days=model.definition.active_days))
    return replay(study, Recipe.from_card(model.card.recipe), model.version, steady)


def replay(study: Study, recipe: Recipe, model_version: str, steady: Collection[str] = ()) -> Baseline:
    """Fit a recipe again for each past day on what was known then, and look at its predictions of that day.

    Days before which fewer than 500 customers are known to have left, or to have stayed, are left out.

    Parameters
    ----------
    study : Study
        Labelled rows of the shop.
    recipe : Recipe
        Recipe of the model in service.
    model_version : str
        Version of that model.
    steady : collection of str, optional
        Names of the features by which days are told apart; without any they are not.
    """
    frame, reach = study.frame, study.definition.reach_days
    days: list[ReplayedDay] = []
    judged: dict[date, Judged] = {}
    for day in frame.days:
        known = frame.snapshots + reach <= day
        study.progress("replay", len(days), len(frame.days))
        if min(frame.churned[known].sum(), (1 - frame.churned[known]).sum()) < MIN_CLASS:
            continue
        rows = frame.take(frame.snapshots == day)
        if not 0 < rows.churned.mean() < 1:
            continue
        z = predict_at(study, recipe, known, rows)
        one = Judged(X=rows.X, churned=rows.churned, logodds=z, weights=np.ones(len(rows)), hashes=rows.hashes)
        at = last_year(list(judged), day.item())
        before = None if at is None else list(judged.values())[at]
        relation, of_year = scan(one).z, None if before is None else scan(one, before).z
        judged[day.item()] = one
        if np.isnan(relation):
            continue
        days.append(
            ReplayedDay(
                day=day.item(),
                auroc=auroc(rows.churned, z),
                auroc_expected=expected_auroc(one.probability),
                gain=gain_over_rule(rows.churned, z, np.ones(len(rows)), recency_of(rows.X)).value,
                relation=relation,
                relation_year=of_year,
                domain=None if before is None else _told_apart(one, before, steady),
            )
        )
    return Baseline(as_of=study.as_of, model_version=model_version, days=tuple(days))


def _told_apart(now: Judged, before: Judged, steady: Collection[str]) -> float | None:
    seen = [name for name in now.X.columns if name in steady]
    here, there = (one.X[seen].to_numpy(dtype=np.float64) for one in (now, before))
    told = domain_auroc(here, there, now.hashes, before.hashes)
    return told if np.isfinite(told) else None


def predict_at(study: Study, recipe: Recipe, known: np.ndarray, rows: TrainingFrame) -> Floats:
    """Fit a recipe on the known rows of a study and predict the log-odds of others, shape (rows,)."""
    fitted = recipe.fit(study.frame.take(known), study.settings)
    X = rows.X[list(recipe.features)]
    return recipe.calibrate(fitted.logodds(X), X)


def recency_of(X: pd.DataFrame) -> Floats:
    """Return the days since the last order; who never ordered counts as longest ago."""
    days = X[_RECENCY].to_numpy(dtype=np.float64)
    longest = np.nanmax(days) if np.isfinite(days).any() else 0.0
    return np.where(np.isnan(days), longest, days)
