"""Spline logistic regression: a smooth curve for every feature, added up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from churnml.models.candidates.base import Candidate, FitSettings, select, write_json
from churnml.models.candidates.logistic import fit_weights
from churnml.models.plain_files import parse_json
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import Floats, add_up

_FILE = "splines.json"
_KNOTS = (0.05, 0.35, 0.65, 0.95)
_ENDS = (0.01, 0.99)
_VARIANCE = 0.1
_MOST_ROWS = 60_000
_BATCH = 50_000
_NO_SPREAD = 1e-9


class SplineLogistic(Candidate):
    """An additive logistic model with a restricted cubic spline per feature, and one intercept per snapshot.

    Each feature enters as ``sign(x) log(1 + |x|)``, held within its 1 % and 99 % quantiles of the training rows: beyond
    what was seen, a curve stays where it was. The curves have four knots at the quantiles .05, .35, .65 and .95 and are
    linear beyond them (Harrell 2015, "Regression Modeling Strategies", section 2.4.5); a feature with few different
    values has fewer. A null takes the mean, and has a weight of its own. All weights share one normal prior whose
    variance falls with the number of features, so that many windows of one thing do not add up to certainty. At most
    about 60,000 rows, of whole customers, are fitted on: more change the curves less than their own prior does.
    """

    name = "spline_logistic"

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.low = self.high = self.means = np.zeros(0)
        self.knots: list[list[float]] = []
        self.centres: Floats = np.zeros(0)
        self.weights: Floats = np.zeros(0)

    def learn(self, frame: TrainingFrame, settings: FitSettings) -> Self:
        """Place the knots and fit by penalised maximum likelihood."""
        rows = frame.sample(_MOST_ROWS)
        X = rows.X.loc[:, rows.X.notna().any()]
        if X.empty:
            return self
        values = _log(X.to_numpy(dtype=np.float64))
        low, high = np.nanquantile(values, _ENDS, axis=0)
        values = np.clip(values, low, high)
        varies = np.nanstd(values, axis=0) > _NO_SPREAD
        means = np.nanmean(values, axis=0)
        knots = np.nanquantile(values, _KNOTS, axis=0)
        self.columns = list(X.columns[varies])
        self.low, self.high, self.means = low[varies], high[varies], means[varies]
        self.knots = [np.unique(column).tolist() for column in knots.T[varies]]
        if not self.columns:
            return self
        basis = np.empty((len(rows), sum(self._widths())), order="F")
        for columns, part in zip(self._columns(), self._bases(values[:, varies]), strict=True):
            basis.T[columns] = part
        self.centres = np.average(basis, axis=0, weights=rows.weights)
        basis -= self.centres
        self.weights = fit_weights(basis, rows, _VARIANCE / len(self.columns))
        return self

    def free_logodds(self, X: pd.DataFrame) -> Floats:
        """Add up the curves."""
        return add_up(self._curves(X))

    def free_contributions(self, X: pd.DataFrame) -> tuple[float, Floats]:
        """Return each feature's own curve, centred: for an additive model these are the interventional SHAP values."""
        values = np.zeros(X.shape)
        values[:, X.columns.get_indexer(pd.Index(self.columns))] = self._curves(X)
        return 0.0, values

    def save(self, folder: Path) -> None:
        """Write the curves as JSON, feature by feature."""
        curves = [
            {
                "feature": name,
                "low": float(self.low[at]),
                "high": float(self.high[at]),
                "mean": float(self.means[at]),
                "knots": self.knots[at],
                "centres": self.centres[columns].tolist(),
                "weights": self.weights[columns].tolist(),
            }
            for at, (name, columns) in enumerate(zip(self.columns, self._columns(), strict=True))
        ]
        write_json(folder / _FILE, {"curves": curves})

    @property
    def files(self) -> set[str]:
        """The file of the curves."""
        return {_FILE}

    @property
    def reads(self) -> Sequence[str]:
        """The features that have a curve."""
        return self.columns

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """Read the curves."""
        curves = parse_json(files[_FILE])["curves"]
        model = cls()
        model.columns = [str(curve["feature"]) for curve in curves]
        model.low, model.high, model.means = (
            np.array([curve[key] for curve in curves], dtype=np.float64) for key in ("low", "high", "mean")
        )
        model.knots = [[float(knot) for knot in curve["knots"]] for curve in curves]
        for curve, width in zip(curves, model._widths(), strict=True):
            if not len(curve["centres"]) == len(curve["weights"]) == width:
                raise ValueError(f"{_FILE} does not hold one centre and one weight for each column of a curve")
        if len(set(model.columns)) < len(model.columns) or (model.low > model.high).any():
            raise ValueError(f"{_FILE} holds a feature twice, or a curve that ends before it begins")
        if any(np.any(np.diff(knots) <= 0) for knots in model.knots):
            raise ValueError(f"{_FILE} holds knots that do not rise")
        model.centres, model.weights = (
            np.array([value for curve in curves for value in curve[key]], dtype=np.float64)
            for key in ("centres", "weights")
        )
        return model

    def _widths(self) -> list[int]:
        """Return the number of columns of each feature's curve: itself, its bends, and whether it is null."""
        return [2 + max(len(knots) - 2, 0) for knots in self.knots]

    def _columns(self) -> list[slice]:
        """Return where each feature's curve stands among all columns."""
        ends = np.cumsum(self._widths())
        return [slice(end - width, end) for end, width in zip(ends.tolist(), self._widths(), strict=True)]

    def _bases(self, values: Floats) -> Iterator[list[Floats]]:
        """Return the columns of each feature's curve, shape (rows,) each, from held logarithms."""
        for at, knots in enumerate(self.knots):
            x = values[:, at]
            missing = np.isnan(x)
            x = np.where(missing, self.means[at], x)
            yield [x, *_bends(x, knots), missing.astype(np.float64)]

    def _curves(self, X: pd.DataFrame) -> Floats:
        """Return the value of each feature's curve, shape (rows, features)."""
        curves = np.zeros((len(X), len(self.columns)), order="F")
        for first in range(0, len(X), _BATCH):
            logs = _log(select(X.iloc[first : first + _BATCH], self.columns))
            bases = self._bases(np.clip(logs, self.low, self.high))
            for curve, columns, basis in zip(curves[first : first + _BATCH].T, self._columns(), bases, strict=True):
                for column, centre, weight in zip(basis, self.centres[columns], self.weights[columns], strict=True):
                    curve += (column - centre) * weight
        return curves


def _log(values: Floats) -> Floats:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float64)


def _bends(x: Floats, knots: list[float]) -> list[Floats]:
    """Return the cubic columns of a restricted cubic spline; none with fewer than three knots."""
    if len(knots) < 3:
        return []
    *inner, before, last = knots
    scale = (last - knots[0]) ** 2

    def cube(knot: float) -> Floats:
        above = np.maximum(x - knot, 0.0)
        return np.asarray(above * above * above, dtype=np.float64)

    ends = cube(before), cube(last)
    return [
        (cube(knot) - ends[0] * (last - knot) / (last - before) + ends[1] * (before - knot) / (last - before)) / scale
        for knot in inner
    ]
