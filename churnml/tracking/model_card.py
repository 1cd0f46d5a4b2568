"""The model card: what a model says, what it was learnt from, how good it is, and where it does not speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from churnml.models.attribution import sum_concepts
from churnml.statistics.metrics import lift_at
from churnml.tracking.markdown import facts, percent, said, words
from churnml.training.choose.predictions import Predictions
from churnml.training.judge.figures import tenth_of
from churnml.training.result import Training
from churnml.words import words as words_in
from churnml.words.findings import say_fold, say_learning, say_level, say_listed, say_value, say_verdict
from churnml.words.names import name_of

_SAMPLE = 2_000
_DRIVERS = 10
_OF_CARD = ("definition", "base_rates", "forward", "figures", "segments", "untreated")


def write_model_card(training: Training, contributions: pd.DataFrame | None = None) -> str:
    """Write the model card of a training, in Markdown.

    Parameters
    ----------
    training : Training
        Findings of a training, as from a trainer.
    contributions : pandas DataFrame, optional
        SHAP values of the model on ``sample_gate``, where they are computed already; None computes them.

    Returns
    -------
    str
        Markdown that ends with a line break.
    """
    if contributions is None and training.model is not None:
        _, contributions = training.model.contributions(sample_gate(training))
    return draw_model_card(compute_model_card(training, contributions))


def compute_model_card(training: Training, contributions: pd.DataFrame | None) -> dict[str, Any]:
    """Compute what a model card shows.

    Parameters
    ----------
    training : Training
        Findings of a trainer.
    contributions : pandas DataFrame or None
        SHAP values of the model on ``sample_gate``; None where there is no model.

    Returns
    -------
    dict
        What ``model_card.md.jinja`` draws, by name: parts of the training's card as plain values, and what is computed
        for people alone.
    """
    card = training.card
    told = card.to_json()
    verdict = {key: value for key, value in told["verdict"].items() if value is not None and key != "said"}
    level = {
        key: value
        for key, value in (told["level"] or {}).items()
        if key != "said" and (value is not None or not key.startswith("partial"))
    }
    return {
        **{name: told[name] for name in _OF_CARD},
        "candidate": _title(card.candidate),
        "folds": [say_fold(name, "en") for name in card.folds],
        "gate": say_fold(card.gate, "en"),
        "level_not_tested": words_in("en")["training"]["apart"],
        "facts": {
            "definition": card.definition.model_dump(
                exclude=set() if card.definition.kind == "spend_drop" else {"spend_share"}
            ),
            "data": {
                "first day": told["first_day"],
                "as of (nothing on or after this day was seen)": told["as_of"],
                "rows": card.rows,
                "snapshots": len(card.base_rates),
                "fingerprint of the tables": card.data_fingerprint,
            },
            "verdict": verdict,
            "level": level,
        },
        "comparison": [{**one, "candidate": _title(one["candidate"])} for one in told["comparison"]],
        "lifts": compute_lift_over_time(training.predictions, card.candidate).to_dict("records"),
        "verdict": say_verdict(card.verdict, "en"),
        "trained_under_lists": say_listed(card.listed, "en") if card.listed else "",
        "learning": say_learning(card.learning, "en") if card.learning else "",
        "level": say_level(card.level, "en") if card.level else "",
        "value": say_value(card.value, "en"),
        **_value(told["value"]),
        "explained_rows": 0 if contributions is None else len(contributions),
        "drivers": _drivers(training, contributions),
    }


def _value(told: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the figures of the value, and how its candidates compare; empty where a simple rule tells it."""
    if told is None:
        return {"value_figures": {}, "value_comparison": []}
    figures = {**told["shape"], "left": told["left"], "level": told["level"]}
    compared = [{**one, "candidate": name_of("value_candidate", one["candidate"], "en")} for one in told["comparison"]]
    return {
        "value_figures": {name: figure for name, figure in figures.items() if figure is not None},
        "value_comparison": compared,
    }


def draw_model_card(shown: Mapping[str, Any]) -> str:
    """Draw a model card in Markdown; every value is text there, whatever it holds.

    Parameters
    ----------
    shown : mapping of str to object
        Parts of the model card, as from `compute_model_card`.
    """
    environment = Environment(
        loader=PackageLoader("churnml.tracking", "."),
        autoescape=True,  # leaves alone what is marked as written
        finalize=lambda value: value if isinstance(value, Markup) else _written(said(value)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["facts"] = lambda values: _written(facts(values))
    environment.filters["percent"] = lambda share: _written(percent(share))
    environment.filters["words"] = words
    return environment.get_template("model_card.md.jinja").render(shown)


def sample_gate(training: Training) -> pd.DataFrame:
    """Draw at most 2,000 of the gate's rows, in their order.

    Digits of the customers' seeded hashes decide, but not those that place customers in folds.

    Returns
    -------
    pandas DataFrame
        Features of these rows, shape (rows, features).
    """
    rows = training.gate_rows
    X = rows.X.iloc[np.sort(np.argsort(rows.places, kind="stable")[:_SAMPLE])]
    return X if training.model is None else training.model.select(X)


def compute_drivers(contributions: pd.DataFrame, concept_of: Mapping[str, str]) -> pd.DataFrame:
    """Compute how much each concept moves the log-odds.

    Parameters
    ----------
    contributions : pandas DataFrame
        SHAP values in log-odds, a column per feature.
    concept_of : mapping of str to str
        Concept of each feature.

    Returns
    -------
    pandas DataFrame
        ``concept`` and ``mean_abs_shap``: the mean over rows of the absolute sum of the concept's SHAP values, in
        log-odds; the heaviest first.

    Examples
    --------
    >>> import pandas as pd
    >>> contributions = pd.DataFrame({"orders_90d": [1.0, 0.0], "orders_365d": [-0.5, -2.0]})
    >>> drivers = compute_drivers(contributions, dict.fromkeys(contributions, "frequency"))
    >>> drivers.mean_abs_shap.tolist()
    [1.25]
    """
    means = sum_concepts(contributions, concept_of).abs().mean().sort_values(ascending=False, kind="stable")
    return pd.DataFrame({"concept": means.index.to_numpy(), "mean_abs_shap": means.to_numpy()})


def compute_lift_over_time(predictions: Predictions, candidate: str) -> pd.DataFrame:
    """Compute the lift of a candidate's top tenth on every snapshot that a fold was tested on.

    Predictions of several folds on one snapshot come from several fits and are not ranked together: their lifts are
    averaged, weighted by rows.

    Parameters
    ----------
    predictions : Predictions
        Out-of-fold predictions.
    candidate : str
        Name of the candidate whose predictions are ranked.

    Returns
    -------
    pandas DataFrame
        ``snapshot_date`` (ISO text), ``customers`` (rows) and ``lift_at_10pct`` (churn rate of the tenth of the rows
        with the highest log-odds over that of all; null where nobody churned), oldest first; empty where nothing was
        predicted for the candidate.
    """
    columns = ["snapshot_date", "customers", "lift_at_10pct"]
    if candidate not in predictions.logodds:
        return pd.DataFrame(columns=columns)
    logodds = predictions.logodds[candidate]
    rows = []
    for day in np.unique(predictions.snapshots):
        at = predictions.snapshots == day
        lifts, weights = [], []
        for fold in np.unique(predictions.folds[at]):
            part = at & (predictions.folds == fold)
            y = predictions.churned[part]
            lifts.append(lift_at(y, logodds[part], tenth_of(y)))
            weights.append(int(part.sum()))
        known = np.isfinite(lifts)
        lift = float(np.average(np.array(lifts)[known], weights=np.array(weights)[known])) if known.any() else np.nan
        rows.append({"snapshot_date": str(day), "customers": int(at.sum()), "lift_at_10pct": lift})
    return pd.DataFrame(rows, columns=columns)


def _drivers(training: Training, contributions: pd.DataFrame | None) -> list[dict[str, Any]]:
    if contributions is None or contributions.empty or training.model is None:
        return []
    drivers = compute_drivers(contributions, training.model.concepts).head(_DRIVERS)
    return [{"concept": row.concept, "mean_abs_shap": row.mean_abs_shap} for row in drivers.itertuples()]


def _written(text: str) -> Markup:
    """Mark Markdown that ``markdown`` wrote, which escapes what acts in HTML too."""
    return Markup(text)  # noqa: S704


def _title(candidate: str) -> str:
    return name_of("candidate", candidate, "en")
