"""A blend: the weighted sum of other candidates' log-odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, minimize

from churnml.models.candidates.base import Candidate, FitSettings, write_json
from churnml.models.candidates.lightgbm import LightGbm
from churnml.models.candidates.logistic import BgNbd, RfmLogistic
from churnml.models.candidates.spline import SplineLogistic
from churnml.models.plain_files import parse_json
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import Floats, sigmoid, softplus
from churnml.statistics.one_thread import one_thread

_FILE = "blend.json"
_PULL = 100.0
_LEAST_WEIGHT = 0.01


class Blend(Candidate):
    """The weighted sum of what BG/NBD, RFM logistic, spline logistic and LightGBM say.

    They err differently, so that their mean errs less (Breiman 1996, "Stacked regressions", Machine Learning 24). The
    weights come with the settings, from ``find_weights`` on folds; without them all members count the same.
    """

    name = "blend"
    members: dict[str, type[Candidate]] = {  # noqa: RUF012, never changed
        member.name: member for member in (BgNbd, RfmLogistic, SplineLogistic, LightGbm)
    }

    def __init__(self) -> None:
        self.fitted: dict[str, Candidate] = {}
        self.weights: dict[str, float] = {}

    @property
    def trees(self) -> int | None:
        """Number of trees, where LightGBM is a member."""
        return self.fitted[LightGbm.name].trees if LightGbm.name in self.fitted else None

    @classmethod
    def suits(cls, features: Sequence[str]) -> bool:
        """Check whether these features allow at least two members."""
        return sum(member.suits(features) for member in cls.members.values()) > 1

    def learn(self, frame: TrainingFrame, settings: FitSettings) -> Self:
        """Fit every member that has a weight."""
        suited = [name for name, member in self.members.items() if member.suits(list(frame.X.columns))]
        self.weights = dict(settings.weights or dict.fromkeys(suited, 1 / len(suited)))
        self.fitted = {name: self.members[name]().fit(frame, settings) for name in self.weights}
        return self

    def bounded(self, bound: float) -> Self:
        """Hold the log-odds of every member within a bound, and so their mean; returns itself."""
        for member in self.fitted.values():
            member.bounded(bound)
        return super().bounded(bound)

    def free_logodds(self, X: pd.DataFrame) -> Floats:
        """Add up the members, each times its weight."""
        return weighted_sum(self.weights, {name: member.logodds(X) for name, member in self.fitted.items()})

    def free_contributions(self, X: pd.DataFrame) -> tuple[float, Floats]:
        """Add up the members' values, each times its weight: SHAP values are linear in the model."""
        base, values = 0.0, np.zeros(X.shape)
        for name, weight in self.weights.items():
            of_member, values_of_member = self.fitted[name].contributions(X)
            base += weight * of_member
            values += weight * values_of_member
        return base, values

    def save(self, folder: Path) -> None:
        """Write the weights as JSON, and each member its own files beside them."""
        write_json(folder / _FILE, {"weights": self.weights})
        for member in self.fitted.values():
            member.save(folder)

    @property
    def files(self) -> set[str]:
        """The file of the weights, and those of the members."""
        return {_FILE}.union(*(member.files for member in self.fitted.values()))

    @property
    def reads(self) -> Sequence[str]:
        """The features that a member reads."""
        return list(dict.fromkeys(name for member in self.fitted.values() for name in member.reads))

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """Read weights and members."""
        model = cls()
        weights = parse_json(files[_FILE])["weights"]
        model.weights = {name: float(weights[name]) for name in cls.members if name in weights}
        if not weights or set(model.weights) != set(weights) or not np.isfinite(list(model.weights.values())).all():
            raise ValueError(f"{_FILE} does not hold a weight for each of its members")
        model.fitted = {name: cls.members[name].load(files) for name in model.weights}
        return model


def weighted_sum(weights: Mapping[str, float], logodds: Mapping[str, Floats]) -> Floats:
    """Add up log-odds of members, shape (rows,) each, times their weights; who has none is left out."""
    return np.asarray(sum(weight * logodds[name] for name, weight in weights.items()), dtype=np.float64)


def find_weights(churned: Floats, logodds: Mapping[str, Floats], groups: NDArray[np.int64]) -> dict[str, float]:
    """Find the weights, of 0 or more and adding up to 1, with which a mean of log-odds has the smallest shape loss.

    A mean, because how far apart log-odds should lie changes from season to season: folds that came before made freely
    weighted sums too sure of the next. That factor is left to the calibration. The weights are drawn towards equal
    ones, as if 100 squared differences were added to the summed loss: on few rows the plain mean is hard to beat
    (Clemen 1989, "Combining forecasts", International Journal of Forecasting 5).

    Parameters
    ----------
    churned : array of float, shape (rows,)
        Outcomes: 1.0 churned, 0.0 stayed.
    logodds : mapping of str to array of float, shape (rows,)
        Out-of-fold predictions of each member in log-odds.
    groups : array of int, shape (rows,)
        Codes of fold and snapshot from 0; each has its own level.

    Returns
    -------
    dict
        A weight per member; members with less than 0.01 are left out.
    """
    equal = 1 / len(logodds)
    columns = np.column_stack(list(logodds.values()))
    sizes = np.bincount(groups)
    means = np.column_stack([np.bincount(groups, column) / sizes for column in columns.T])
    columns = columns - means[groups]
    rates = (np.bincount(groups, churned) + 0.5) / (sizes + 1.0)
    members, rows = columns.shape[1], len(churned)
    sign = 1.0 - 2.0 * churned

    def loss(weights_and_levels: Floats) -> tuple[float, Floats]:
        weights, levels = weights_and_levels[:members], weights_and_levels[members:]
        z = columns @ weights + levels[groups]
        wrong = sigmoid(z) - churned
        value = softplus(sign * z).sum() + _PULL * ((weights - equal) ** 2).sum()
        slope = np.r_[columns.T @ wrong + 2 * _PULL * (weights - equal), np.bincount(groups, wrong)]
        return value / rows, slope / rows

    start = np.r_[np.full(members, equal), np.log(rates / (1 - rates))]
    bounds = [(0.0, 1.0)] * members + [(None, None)] * len(rates)
    ones = np.r_[np.ones(members), np.zeros(len(rates))]
    adds_up = LinearConstraint(ones, 1.0, 1.0)
    options = {"ftol": 1e-10, "maxiter": 500}
    with one_thread():  # the last bits stay
        solved: Any = minimize(  # type: ignore[call-overload]  # the stubs know one shape of arrays only
            loss,
            start,
            jac=True,
            method="SLSQP",
            bounds=bounds,
            constraints=adds_up,
            options=options,
        )
    found = solved.x[:members]
    found = np.round(np.where(found < _LEAST_WEIGHT, 0.0, found) / found[found >= _LEAST_WEIGHT].sum(), 6)
    return {name: float(weight) for name, weight in zip(logodds, found, strict=True) if weight}
