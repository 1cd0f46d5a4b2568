"""The model card: what a model says, what it was learnt from, how good it is, and where it does not speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from churnml.models.attribution import sum_concepts
from churnml.statistics.metrics import lift_at
from churnml.tracking.markdown import facts, paragraphs, percent, said, table, without, words
from churnml.training.choose.choice import Predictions
from churnml.training.judge.figures import tenth_of
from churnml.training.result import LEVEL_NOT_TESTED, Training
from churnml.words.findings import say_level, say_verdict
from churnml.words.names import name_of

_SAMPLE = 2_000
_DRIVERS = 10
_WITHOUT_INTERVAL = "_if_perfect"  # not estimated from the rows' outcomes


def write_model_card(training: Training, contributions: pd.DataFrame | None = None) -> str:
    """Write the model card of a training, in Markdown.

    What the training's card does not hold is left out.

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
    card = training.card
    if contributions is None and training.model is not None:
        _, contributions = training.model.contributions(sample_gate(training))
    sections = {
        "What it predicts": _what(card),
        "Data": _data(card),
        "How candidates were compared": _comparison(card, training.predictions),
        "Verdict of the gate": _verdict(card.get("verdict") or {}),
        "Figures": _figures(card.get("figures") or {}),
        "Figures by segment": _segments(card.get("segments") or []),
        "Figures on customers who were sent nothing": _untreated(card.get("untreated")),
        "Level": _level(card.get("level")),
        "What the model looks at": _drivers(training, contributions),
        "Limits": _limits(card),
    }
    title = "# Model card: which customers are about to leave"
    return "\n\n".join([title, *(f"## {name}\n\n{text}" for name, text in sections.items() if text)]) + "\n"


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


def _what(card: Mapping[str, Any]) -> str:
    definition = card.get("definition") or {}
    lines = [_MEANING.get(str(definition.get("kind")), "").format_map(_Known(definition))]
    lines.append(
        "The probability belongs to one customer on the day of the list, and everyone who is eligible is ranked by it."
    )
    used = definition if definition.get("kind") == "spend_drop" else without(definition, "spend_share")
    lines.append(facts(used))
    return paragraphs(lines)


_MEANING = {
    "no_order": (
        "The probability that a customer who ordered in the last {active_days} days leaves: that no order follows "
        "within {horizon_days} days, counted from {lead_days} days after the day of the list."
    ),
    "spend_drop": (
        "The probability that a customer who spent something in the last {active_days} days leaves: that they spend "
        "less than {spend_share} of their own past rate within {horizon_days} days, counted from {lead_days} days "
        "after the day of the list."
    ),
    "subscription_end": (
        "The probability that a customer with a running subscription leaves: that none runs any more {horizon_days} "
        "days after the start of the window, which begins {lead_days} days after the day of the list."
    ),
}


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def _data(card: Mapping[str, Any]) -> str:
    rates = card.get("base_rates") or []
    known = {
        "first day": card.get("first_day"),
        "as of (nothing on or after this day was seen)": card.get("as_of"),
        "rows": card.get("rows"),
        "snapshots": len(rates) or None,
        "fingerprint of the tables": card.get("data_fingerprint"),
    }
    by_snapshot = table(
        ["Snapshot", "Customers", "Left", "Churn rate"],
        [
            [rate.get("snapshot_date"), rate.get("customers"), rate.get("churned"), percent(rate.get("churn_rate"))]
            for rate in rates
        ],
    )
    return paragraphs([facts({key: value for key, value in known.items() if value is not None}), by_snapshot])


def _comparison(card: Mapping[str, Any], predictions: Predictions) -> str:
    folds = ", ".join(map(str, card.get("folds") or []))
    how = "Folds look forward in time" if card.get("forward") else "Folds are customers kept apart"
    compared = card.get("comparison") or []
    rows = [
        [
            _title(row.get("candidate")),
            row.get("shape_loss"),
            row.get("auroc"),
            row.get("behind"),
            row.get("behind_error"),
            "yes" if row.get("chosen") else "",
        ]
        for row in compared
    ]
    lifts = compute_lift_over_time(predictions, str(card.get("candidate")))
    over_time = [[row.snapshot_date, row.customers, float(str(row.lift_at_10pct))] for row in lifts.itertuples()]
    return paragraphs(
        [
            f"{how}: {folds}. Gate: {said(card.get('gate'))}." if folds else "",
            "Shape loss is the log loss after each snapshot's level was fitted: lower is better, and no lucky level "
            "earns anything. The simplest candidate within one standard error of the best was chosen."
            if compared
            else "",
            table(["Candidate", "Shape loss", "AUROC", "Behind the best", "Standard error", "Chosen"], rows),
            f"Lift at 10 % of the {_title(card.get('candidate'))} on the folds:" if over_time else "",
            table(["Snapshot", "Customers", "Lift at 10 %"], over_time),
        ]
    )


def _verdict(verdict: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in without(verdict, "sentence").items() if value is not None}
    return paragraphs([said(say_verdict(verdict, "en")) if verdict else "", facts(rest)])


def _figures(figures: Mapping[str, Any]) -> str:
    if not figures:
        return ""
    return paragraphs(
        [
            "On the gate's rows, which nothing was chosen on. They describe the recipe; what ships was fitted again on "
            "all labelled snapshots.",
            _table_of_figures(figures),
        ]
    )


def _segments(segments: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            one.get("segment"),
            one.get("rows"),
            percent(one.get("predicted")),
            percent(one.get("churned")),
            f"{percent(one.get('difference'))} ({percent(one.get('low'))} to {percent(one.get('high'))})",
            one.get("auroc"),
            one.get("shape_loss"),
        ]
        for one in segments
    ]
    names = ["Segment", "Rows", "Predicted", "Left", "Difference (95 % interval)", "AUROC", "Shape loss"]
    return paragraphs(["At the gate, after the level of each snapshot was fitted.", table(names, rows)]) if rows else ""


def _untreated(untreated: Mapping[str, Any] | None) -> str:
    if not untreated:
        return ""
    return paragraphs(
        [
            f"{said(untreated.get('treated'))} of the gate's {said(untreated.get('rows'))} rows were sent something "
            "in the window that decides whether they left. Of them "
            f"{percent(untreated.get('treated_churn_rate'))} left, of the others "
            f"{percent(untreated.get('untreated_churn_rate'))}. Who stayed may have stayed because of it: being sent "
            "something is not being safe. On the others alone:",
            _table_of_figures(untreated.get("figures") or {}),
        ]
    )


def _table_of_figures(figures: Mapping[str, Any]) -> str:
    rows = []
    for name, figure in figures.items():
        value, low, high = (figure.get(key) for key in ("value", "low", "high"))
        rows.append([words(name), value, "" if name.endswith(_WITHOUT_INTERVAL) else f"{said(low)} to {said(high)}"])
    return table(["Figure", "Value", "95 % interval"], rows)


def _level(level: Any) -> str:
    if not isinstance(level, Mapping):
        return said(level) if level is not None else ""
    return paragraphs([said(say_level(level, "en")), facts(without(level, "sentence"))])


def _drivers(training: Training, contributions: pd.DataFrame | None) -> str:
    if contributions is None or contributions.empty or training.model is None:
        return ""
    drivers = compute_drivers(contributions, training.model.concepts).head(_DRIVERS)
    return paragraphs(
        [
            f"Mean absolute SHAP value per concept, in log-odds, on {len(contributions):,} rows of the gate.",
            table(
                ["Concept", "Mean absolute SHAP value"],
                [[words(str(row.concept)), float(str(row.mean_abs_shap))] for row in drivers.itertuples()],
            ),
        ]
    )


def _limits(card: Mapping[str, Any]) -> str:
    definition = card.get("definition") or {}
    limits = [] if card.get("forward") else [LEVEL_NOT_TESTED]
    limits.append(
        "No cause is claimed: what goes with leaving need not bring it about, and a high probability does not say that "
        "a contact helps."
    )
    limits.append(_SILENT.get(str(definition.get("kind")), _SILENT["no_order"]).format_map(_Known(definition)))
    limits.append(
        "It was learnt from this shop and from these days; what the shop changed afterwards it does not know. The "
        "intervals tell of other customers, not of other seasons."
    )
    return "\n".join(f"- {limit}" for limit in limits)


_SILENT = {
    "no_order": (
        "It does not speak for customers who never ordered, or whose last order lies more than {active_days} days back."
    ),
    "spend_drop": "It does not speak for customers who never ordered, or spent nothing in the last {active_days} days.",
    "subscription_end": "It does not speak for customers without a subscription that runs on the day of the list.",
}


def _title(candidate: Any) -> str:
    return name_of("candidate", candidate, "en")
