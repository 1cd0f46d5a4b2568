"""The training, step by step: from a study to a model that passed the gate."""

from __future__ import annotations

import dataclasses

import numpy as np

from churnml.features.family_catalogue import catalogue
from churnml.models.card import Card
from churnml.models.model import Model, level_logodds
from churnml.models.profile import profile_rows
from churnml.statistics.calibration import reliability_table
from churnml.statistics.logodds import Floats, sigmoid
from churnml.statistics.metrics import gains_table
from churnml.statistics.shifts import shift_per_group, shift_to
from churnml.training.card import make_card
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import choose
from churnml.training.judge.figures import compute_figures, compute_untreated_figures, segment_figures
from churnml.training.judge.gate import judge, shipped
from churnml.training.judge.level import FEATURES, Level, choose_level
from churnml.training.judge.list_figures import compute_list_figures
from churnml.training.learning import compare_with_half
from churnml.training.result import Training
from churnml.training.rows.study import Study
from churnml.training.value.learn import learn_value

_POINTS_OF_GAINS = 20


def train(study: Study, champion: Recipe | None = None) -> Training:
    """Choose, calibrate and judge on the labelled rows of a study, and fit what ships on all of them.

    Parameters
    ----------
    study : Study
        Labelled rows and settings of the training.
    champion : Recipe, optional
        Recipe that is to be matched; None where there is none.
    """
    choice = choose(study)
    own, verdict = judge(study, choice, champion)
    recipe, shape = shipped(choice, own)
    logodds = _at_level(study, shape)
    rows, drawn = study.gate_rows, (study.asked.bootstrap_draws, study.seed, study.asked.threads)
    learning = None if verdict.decision == "no skill" else compare_with_half(study, choice, recipe)
    figures = compute_figures(rows, logodds, *drawn)
    shifted = shift_per_group(rows.churned, logodds, rows.snapshots)
    study.progress("value", 0, 1)
    value, told_of_value = learn_value(study)
    card = make_card(
        study,
        choice,
        own,
        {
            "figures": figures,
            "reliability": reliability_table(rows.churned, sigmoid(logodds)).to_dict("records"),
            "gains": gains_table(rows.churned, logodds, _POINTS_OF_GAINS).to_dict("records"),
            "untreated": compute_untreated_figures(rows, logodds, *drawn),
            "learning": learning and learning.to_json(),
            "lists": compute_list_figures(study, logodds),
            "segments": segment_figures(rows, shifted, choice.segments).to_dict("records"),
            "value": None if told_of_value is None else told_of_value.to_json(),
        },
    )
    model = None
    if verdict.decision != "no skill":
        study.progress("refit on all", 0, 1)
        fitted = _fit_on_all(study, recipe, card)
        model = dataclasses.replace(fitted, value=value, profile=profile_rows(fitted, study.frame))
        card = model.card
    study.progress("refit on all", 1, 1)
    return Training(
        frame=study.frame,
        base_rates=study.base_rates,
        comparison=choice.comparison,
        predictions=choice.predictions,
        gate_rows=rows,
        gate_logodds=logodds,
        figures=figures,
        verdict=verdict,
        model=model,
        card=card,
    )


def _level_of(study: Study, day: np.datetime64) -> Level:
    return choose_level(study.base_rates, day, study.definition, study.partial_rates, study.plan.forward)


def _at_level(study: Study, shape: Floats) -> Floats:
    """Bring predictions of the gate's rows to the level that would have been assumed for them, shape (rows,)."""
    # Customers that were kept apart stand on the same snapshots: there the level is known, and not tested.
    day = study.frame.days[-1] + (0 if study.plan.forward else study.definition.reach_days)
    return shape + shift_to(_level_of(study, day).rate, shape)


def _fit_on_all(study: Study, recipe: Recipe, card: Card) -> Model:
    """Fit what ships on all labelled rows, at the level that is assumed for the day, which completes the card."""
    frame, level = study.frame, _level_of(study, np.datetime64(study.as_of))
    fitted = recipe.fit(frame, study.settings)
    own = study.day_rows
    X = frame.X.loc[frame.snapshots == frame.days[-1]] if own is None or own.empty else own[list(frame.X.columns)]
    shift = shift_to(level.rate, recipe.calibrate(fitted.logodds(X), X))
    follows = FEATURES.get(level.kind)
    rate = None if follows is None else study.shop_rates.get(follows)
    return Model(
        candidate=fitted,
        slope=recipe.slope,
        level=shift,
        definition=study.definition,
        features=frame.describe(recipe.features) + catalogue().describe([str(follows)] if rate is not None else []),
        as_of=study.as_of,
        card=card.model_copy(update={"level": level.to_card(shift)}),
        segments=recipe.segments,
        level_feature=None if rate is None else follows,
        level_reference=0.0 if rate is None else float(level_logodds(rate)),
    )
