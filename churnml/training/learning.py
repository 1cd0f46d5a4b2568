"""The learning curve: what the recipe would lose with fewer customers or snapshots, and so whether more would help."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.config import Config
from churnml.data.shop import Shop
from churnml.errors import ModelError
from churnml.features.store import Progress
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.blend import weighted_sum
from churnml.models.card import LearningPart
from churnml.models.model import Model
from churnml.models.rows import TrainingFrame
from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.logodds import Floats, row_log_loss
from churnml.statistics.shifts import shift_per_group
from churnml.training.choose.parallel import side_by_side
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import Choice
from churnml.training.rows.folds import Fold
from churnml.training.rows.study import Study, make_study, silent

_SHARES = (1 / 8, 1 / 4, 1 / 2)
_NEWEST = (3, 6)
_FEWEST = 50


def learning_curve(shop: Shop, model: Model, config: Config | None = None, progress: Progress = silent) -> pd.DataFrame:
    """Fit a model's recipe again on fewer customers and on fewer snapshots, and compare the shape loss on the folds.

    Every fit learns from what was known by its fold's day, as in training, and all are tested on the same rows.

    Parameters
    ----------
    shop : Shop
        Shop that the model was trained on.
    model : Model
        Model whose recipe, definition and day are taken.
    config : Config, optional
        Settings of its training; None takes the defaults. Its definition is not looked at.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.

    Returns
    -------
    pandas DataFrame
        A row per part of the training rows: ``fewer`` (``customers`` or ``snapshots``, what the part has fewer of),
        ``part`` (share of the customers, or number of snapshots; null means all of these), ``rows`` and ``customers``
        (of a fold, on average), ``shape_loss``, ``behind`` (its loss minus that with all) and ``behind_error`` (the
        standard error of that, paired per row and clustered by customer). Null where a fold has fewer than 50 who left
        or stayed to learn from.

    Raises
    ------
    ModelError
        Where the shop does not have the features that the recipe reads.
    """
    asked = (config or Config()).model_copy(update={"definition": model.definition})
    study = make_study(shop, asked, model.as_of, progress)
    recipe = Recipe.from_card(model.card.recipe)
    missing = [name for name in recipe.features if name not in study.frame.X.columns]
    if missing:
        raise ModelError(
            f"The recipe reads features that are not there: {', '.join(missing[:5])}{', ...' * (len(missing) > 5)}. "
            "Bring the tables and the config that the model was trained on."
        )
    return compute_learning_curve(study, recipe)


def compute_learning_curve(study: Study, recipe: Recipe) -> pd.DataFrame:
    """Compute the learning curve of a recipe on the folds of a study; see `learning_curve`.

    Parameters
    ----------
    study : Study
        Labelled rows and settings of the training.
    recipe : Recipe
        Recipe that is fitted on parts of the rows.
    """
    recipe = dataclasses.replace(recipe, trees=None)  # fewer rows take fewer of them
    fewer = [(newest, dataclasses.replace(recipe, newest=min(newest, recipe.newest or newest))) for newest in _NEWEST]
    parts = [_Part("customers", share, share, recipe) for share in _SHARES]
    parts += [_Part("snapshots", newest, 1.0, of_newest) for newest, of_newest in fewer]
    study.progress("learning curve", 0, len(parts) + 1)
    every = _test(study, _Part("customers", np.nan, 1.0, recipe))
    rows = []
    for done, part in enumerate(parts, 1):
        study.progress("learning curve", done, len(parts) + 1)
        rows.append(_row(part.fewer, part.size, _test(study, part), every))
    study.progress("learning curve", len(parts) + 1, len(parts) + 1)
    rows.insert(len(_SHARES), _row("customers", np.nan, every, every))
    return pd.DataFrame([*rows, _row("snapshots", np.nan, every, every)])


def compare_with_half(study: Study, choice: Choice, recipe: Recipe) -> LearningPart | None:
    """Compare what a recipe loses on the newest fold with what it loses where it learnt from half of the customers.

    Beside the fits of the choice this is one more, on half as many rows.

    Parameters
    ----------
    study : Study
        Labelled rows and settings of the training.
    choice : Choice
        Predictions of the folds, which the recipe was chosen on.
    recipe : Recipe
        Recipe that ships.

    Returns
    -------
    LearningPart or None
        What the card keeps; None where half of the customers are too few to learn from.
    """
    predictions, frame, fold = choice.predictions, study.frame, study.plan.choice[-1]
    at = predictions.folds == predictions.folds[-1]
    X, churned, days = frame.X.iloc[predictions.rows[at]], predictions.churned[at], predictions.snapshots[at]
    study.progress("half of the customers", 0, 1)
    every = frame.sample(study.asked.fold_rows, fold.train)
    half = _share_of(every, 0.5)
    if _too_few(recipe.prepare(half)):
        return None
    members = {name: logodds[at] for name, logodds in predictions.logodds.items()}
    logodds = {
        "all": weighted_sum(recipe.weights or {recipe.candidate: 1.0}, members),
        "half": dataclasses.replace(recipe, trees=None).fit(half, study.settings).logodds(X),
        "chance": np.zeros(len(X)),
    }
    losses = {
        name: row_log_loss(
            churned, shift_per_group(churned, told if name == "chance" else recipe.calibrate(told, X), days)
        )
        for name, told in logodds.items()
    }
    behind, error = paired_difference(losses["half"], losses["all"], predictions.customers[at])
    study.progress("half of the customers", 1, 1)
    return LearningPart(
        rows=len(every),
        customers=len(np.unique(every.customers)),
        half_rows=len(half),
        half_customers=len(np.unique(half.customers)),
        shape_loss=float(losses["all"].mean()),
        gained=float((losses["chance"] - losses["all"]).mean()),
        behind=behind,
        behind_error=error,
    )


@dataclass(frozen=True)
class _Part:
    """A part of the training rows, and the recipe by which it is read."""

    fewer: str
    size: float
    share: float
    recipe: Recipe


@dataclass(frozen=True)
class _Tested:
    """What was learnt from on average, and the loss of every tested row, with its customer."""

    rows: float
    customers: float
    losses: Floats
    clusters: NDArray[np.int64]


def _share_of(frame: TrainingFrame, share: float) -> TrainingFrame:
    """Return the rows of a share of the customers, those that a smaller sample would draw."""
    if share >= 1:
        return frame
    _, first = np.unique(frame.customers, return_index=True)
    return frame.take(frame.places < np.quantile(frame.places[first], share))


def _too_few(frame: TrainingFrame) -> bool:
    churned = frame.churned.sum()
    return bool(min(churned, len(frame) - churned) < _FEWEST)


def _test(study: Study, part: _Part) -> _Tested | None:
    """Fit a part on every fold, and compute the losses of the tested rows; None where a fold has too few rows."""
    frame, forward = study.frame, study.plan.forward

    def of_fold(fold: Fold, settings: FitSettings) -> _Tested | None:
        train = _share_of(frame.sample(study.asked.fold_rows, fold.train), part.share)
        learnt = part.recipe.prepare(train)
        if _too_few(learnt):
            return None
        drawn = frame.drawn(study.asked.fold_rows // 2, fold.test) if forward else fold.test
        test = frame.take(drawn)
        logodds = part.recipe.calibrate(part.recipe.fit(train, settings).logodds(test.X), test.X)
        losses = row_log_loss(test.churned, shift_per_group(test.churned, logodds, test.snapshots))
        return _Tested(len(learnt), len(np.unique(learnt.customers)), losses, test.customers)

    found = side_by_side(of_fold, study.plan.choice, study.settings)
    known = [tested for tested in found if tested is not None]
    if len(known) < len(found):
        return None
    return _Tested(
        float(np.mean([tested.rows for tested in known])),
        float(np.mean([tested.customers for tested in known])),
        np.concatenate([tested.losses for tested in known]),
        np.concatenate([tested.clusters for tested in known]),
    )


def _row(fewer: str, part: float, tested: _Tested | None, every: _Tested | None) -> dict[str, object]:
    figures = dict.fromkeys(["rows", "customers", "shape_loss", "behind", "behind_error"], np.nan)
    if tested is not None and every is not None:
        behind, error = paired_difference(tested.losses, every.losses, tested.clusters)
        found = (tested.rows, tested.customers, float(tested.losses.mean()), behind, error)
        figures = dict(zip(figures, found, strict=True))
    return {"fewer": fewer, "part": part, **figures}
