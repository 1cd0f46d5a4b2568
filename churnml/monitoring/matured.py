"""Past lists against what happened: how well each told leaving customers from staying ones, and at which level."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnml.campaigns.kept_lists import LISTS, Manifest, days_in, read_columns, read_manifest
from churnml.campaigns.ledger import HELD_OUT, LISTED
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.monitoring.left_alone import Basis, arms_of, effective_size, weigh
from churnml.statistics.bootstrap import bootstrap_intervals
from churnml.statistics.expected import expected_auroc, weighted_auroc
from churnml.statistics.figure import Figure, ratio
from churnml.statistics.logodds import Floats, logit, row_log_loss
from churnml.statistics.shifts import fit_affine, fit_intercept
from churnml.training.judge.figures import tenth_of

ENOUGH = 50
"""Of the left alone, so many must have left, and so many stayed, before a list is judged."""
LEFT_ALONE = "left alone"
COLUMNS = (
    *("snapshot_date", "measure_on", "model_version", "basis", "group", "segment", "customers", "churned", "effective"),
    *("auroc", "auroc_low", "auroc_high", "auroc_expected", "lift_at_10pct", "log_loss"),
    *("gain", "gain_low", "gain_high", "gain_99", "said", "seen", "level_error", "level_low", "level_high"),
)
"""Columns of the table of matured lists."""
_READ = ("customer_id", "churn_probability", "last_order_at", "segment", "contactable", "list_rank")
_DRAWS = 100
_ONE_SIDED = float(norm.ppf(0.99))


@dataclass(frozen=True, kw_only=True)
class PastList:
    """A kept list whose outcome is known.

    Attributes
    ----------
    day, measure_on : date
        Day of the list, and the day on which its window ended.
    manifest : Manifest
        What it says of itself.
    rows : pandas DataFrame
        Customers with ``customer_id, churn_probability, last_order_at, segment, contactable, list_rank``, ``churned``
        (1.0 or 0.0), ``weight`` (as left alone; see `churnml.monitoring.left_alone.weigh`) and ``arm``.
    basis : str
        By what it is told who was left alone.
    """

    day: date
    measure_on: date
    manifest: Manifest
    rows: pd.DataFrame
    basis: Basis

    @property
    def is_enough(self) -> bool:
        """Whether enough of the left alone left, and enough stayed, to judge it."""
        outcomes = self.rows.loc[self.rows["weight"] > 0, "churned"]
        return min(outcomes.sum(), len(outcomes) - outcomes.sum()) >= ENOUGH


def read_past_lists(
    shop: Shop, folder: Path, ledger: pd.DataFrame, data_end: date, real_ids: Mapping[str, str]
) -> list[PastList]:
    """Read the kept lists whose window is over, with what happened, oldest first.

    Parameters
    ----------
    shop : Shop
        Shop whose orders tell what happened.
    folder : Path
        Folder of the lists.
    ledger : pandas DataFrame
        Ledger of their campaigns, with the shop's own ids.
    data_end : date
        Day at which the data ends: a list whose window ends later is left out.
    real_ids : mapping of str to str
        Customer ids by the pseudonyms that stand for them in the lists.
    """
    lists = []
    for day in days_in(folder / LISTS):
        manifest = read_manifest(folder, day)
        measure_on = manifest.definition.window(day)[1]
        ranking = read_columns(folder, day, _READ) if measure_on <= data_end else None
        if ranking is None:
            continue
        ids = [real_ids.get(name, name) for name in ranking["customer_id"]]
        rows = ranking.assign(customer_id=ids)
        outcome = labels(shop, day, manifest.definition, data_end).reindex(pd.Index(ids))
        weights, basis = weigh(rows, ledger, day, measure_on)
        rows = rows.assign(churned=outcome.to_numpy(), weight=weights, arm=arms_of(rows, ledger, day, measure_on))
        rows = rows[rows["churned"].notna()].sort_values("customer_id", ignore_index=True)
        lists.append(PastList(day=day, measure_on=measure_on, manifest=manifest, rows=rows, basis=basis))
    return lists


def judge_lists(lists: list[PastList], seed: int = 0) -> pd.DataFrame:
    """Judge past lists by what happened.

    The model is judged on those who were left alone; that all, the listed and the held out are told too is to look at.

    Parameters
    ----------
    lists : list of PastList
        Lists whose outcome is known.
    seed : int, optional
        Seed of the intervals.

    Returns
    -------
    pandas DataFrame
        A row per list and group (``all``, ``left alone``, ``listed``, ``held out``), and per segment of the left alone:
        ``snapshot_date, measure_on, model_version, basis, group, segment`` (``all`` or its name), ``customers,
        churned`` (counts), ``effective`` (number of customers of equal weight that tell as much), ``auroc`` with its
        95 % interval, ``auroc_expected`` (of the probabilities alone), ``lift_at_10pct``, ``log_loss``; ``gain`` (shape
        loss of the list less that of the recency rule on the same rows; negative is better), with its 95 % interval and
        ``gain_99`` (it is above this with 99 %); ``said, seen`` (churn rates), ``level_error`` (log-odds of what was
        seen less those of what was said) and ``level_low, level_high`` (within which the list said that it lies).
    """
    table = []
    for one in lists:
        rows = one.rows
        groups = [
            ("all", rows.assign(weight=1.0)),
            (LEFT_ALONE, rows[rows["weight"] > 0]),
            (LISTED, rows[rows["arm"] == LISTED].assign(weight=1.0)),
            (HELD_OUT, rows[rows["arm"] == HELD_OUT].assign(weight=1.0)),
        ]
        table += [_judge(one, group, "all", part, seed) for group, part in groups if len(part)]
        table += [
            _judge(one, LEFT_ALONE, str(segment), part, seed)
            for segment, part in rows[rows["weight"] > 0].groupby("segment", sort=True, observed=True)
        ]
    return pd.DataFrame(table, columns=list(COLUMNS))


def _judge(one: PastList, group: str, segment: str, rows: pd.DataFrame, seed: int) -> dict[str, object]:
    y, p, w = (rows[name].to_numpy(dtype=np.float64) for name in ("churned", "churn_probability", "weight"))
    z = logit(np.clip(p, 1e-9, 1 - 1e-9))
    said, seen = float(np.average(p, weights=w)), float(np.average(y, weights=w))
    told: dict[str, object] = {
        "snapshot_date": one.day,
        "measure_on": one.measure_on,
        "model_version": one.manifest.model_version,
        "basis": one.basis,
        "group": group,
        "segment": segment,
        "customers": len(rows),
        "churned": int(y.sum()),
        "effective": effective_size(w),
        "auroc": weighted_auroc(y, z, w),
        "auroc_expected": expected_auroc(p, w),
        "lift_at_10pct": _lift(y, z, w),
        "log_loss": float(np.average(row_log_loss(y, z), weights=w)),
        "said": said,
        "seen": seen,
        "level_low": logit(one.manifest.low) - logit(one.manifest.rate),
        "level_high": logit(one.manifest.high) - logit(one.manifest.rate),
        "level_error": _logit_of(seen, effective_size(w)) - float(logit(said)),
    }
    if 0 < y.sum() < len(y):
        ((low, high),) = bootstrap_intervals(
            lambda at: [weighted_auroc(y[at], z[at], w[at])], rows["customer_id"].to_numpy(), _DRAWS, seed
        )
        told |= {"auroc_low": float(low), "auroc_high": float(high), **_gain(y, z, w, _days_since(rows, one.day))}
    return told


def gain_over_rule(y: Floats, z: Floats, w: Floats, days: Floats) -> Figure:
    """Compare the shape loss of predictions with that of the recency rule, paired by customer; negative is better.

    The rule is fitted on these very rows, which is a hard reference: nobody knew its slope before.

    Parameters
    ----------
    y : array of float, shape (n,)
        Outcomes 0 or 1, both of which there are.
    z : array of float, shape (n,)
        Predicted log-odds.
    w : array of float, shape (n,)
        Weights >= 0.
    days : array of float, shape (n,)
        Days since the last order.
    """
    own = row_log_loss(y, z + fit_intercept(y, z, w))
    line = np.log1p(days)
    intercept, slope = fit_affine(y, line, w)
    return ratio(w * (own - row_log_loss(y, intercept + slope * line)), w)


def _gain(y: Floats, z: Floats, w: Floats, days: Floats) -> dict[str, float]:
    difference = gain_over_rule(y, z, w, days)
    low, high = difference.interval
    lowest = difference.value - _ONE_SIDED * difference.error
    return {"gain": difference.value, "gain_low": low, "gain_high": high, "gain_99": lowest}


def _lift(y: Floats, z: Floats, w: Floats) -> float:
    """Compute the churn rate of the tenth of customers with the highest probability over that of all."""
    order = np.argsort(-z, kind="stable")
    top = order[: tenth_of(y)]
    if not w[top].sum() or not (w * y).sum():
        return math.nan
    return float(np.average(y[top], weights=w[top]) / np.average(y, weights=w))


def _logit_of(rate: float, customers: float) -> float:
    # Half a customer on both sides: all or none may have left.
    return float(logit((rate * customers + 0.5) / (customers + 1.0)))


def _days_since(rows: pd.DataFrame, day: date) -> Floats:
    """Count the days since the last order; who never ordered counts as longest ago."""
    days = (pd.Timestamp(day) - pd.to_datetime(rows["last_order_at"])).dt.days.to_numpy(dtype=np.float64)
    longest = np.nanmax(days) if np.isfinite(days).any() else 0.0
    return np.clip(np.where(np.isnan(days), longest, days), 0.0, None)
