"""ChurnClassifier: churnml's candidates as a scikit-learn estimator, for a feature table of one's own."""

from __future__ import annotations

import dataclasses
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _num_samples, check_is_fitted, column_or_1d, validate_data

from churnml.days import parse_day
from churnml.errors import InputError
from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.rows import TrainingFrame, customer_hashes
from churnml.statistics.logodds import Floats, sigmoid
from churnml.statistics.shifts import fit_intercept


class ChurnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One of churnml's candidates on a table of numbers, with the level that fits the training rows.

    It learns the shape of the risk within each snapshot, as the trainer does, and adds one level, so that the mean
    probability of the training rows is their churn rate. Folds, calibration, gate and tracking are the trainer's.

    Parameters
    ----------
    candidate : str, optional
        Name of a candidate: ``lightgbm`` and ``spline_logistic`` take any columns, the others need theirs.
    seed : int, optional
        Seed of everything random.
    threads : int, optional
        Number of threads for LightGBM; the result does not depend on them.

    Attributes
    ----------
    classes_ : array, shape (2,)
        Labels of the two classes, sorted; the second one is the one whose probability rises with the log-odds.
    candidate_ : Candidate
        Fitted candidate.
    level_ : float
        Level that is added to the candidate's log-odds.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(2000, 3))
    >>> y = (rng.random(2000) < 1 / (1 + np.exp(-2 * X[:, 0]))).astype(int)
    >>> model = ChurnClassifier("spline_logistic").fit(X, y)
    >>> bool(model.predict_proba([[2.0, 0.0, 0.0]])[0, 1] > 0.9)
    True
    """

    def __init__(self, candidate: str = "lightgbm", *, seed: int = 7, threads: int = 1) -> None:
        self.candidate = candidate
        self.seed = seed
        self.threads = threads

    def fit(
        self, X: Any, y: ArrayLike, *, snapshots: ArrayLike | None = None, customers: ArrayLike | None = None
    ) -> Self:
        """Learn from labelled rows.

        Parameters
        ----------
        X : array-like, shape (rows, features)
            Features as numbers; null (NaN) is missing.
        y : array-like, shape (rows,)
            Labels of two classes.
        snapshots : array-like, shape (rows,), optional
            Day of each row: each day has its own level while fitting. None takes one day.
        customers : array-like, shape (rows,), optional
            Customer of each row: LightGBM's early stopping splits no customer. None takes each row for another
            customer.

        Raises
        ------
        ValueError
            Where the candidate is not known, needs columns that are not there, or the input is not as described; where
            a candidate with trees is given columns whose names LightGBM cannot keep apart.
        """
        if self.candidate not in CANDIDATES:
            raise ValueError(f"candidate: {self.candidate!r} is not known. Choose among {', '.join(CANDIDATES)}.")
        X_frame = self._frame(X, reset=True)
        if y is None:
            raise ValueError("y is missing: this classifier requires y to be passed, but the target y is None.")
        labels = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"), warn=True)
        check_classification_targets(labels)
        rows = len(X_frame)
        of_rows = {"y": labels, "snapshots": snapshots, "customers": customers}
        differing = [
            f"{name} has {_num_samples(values):,}"
            for name, values in of_rows.items()
            if values is not None and _num_samples(values) != rows
        ]
        if differing:
            raise ValueError(f"{', '.join(differing)}, but X has {rows:,} rows. Pass one value per row of X.")
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if type_of_target(labels, input_name="y") != "binary" and len(self.classes_) > 2:
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {type_of_target(labels)}."
            )
        if len(self.classes_) < 2:
            raise ValueError("y holds one class only: this classifier can't train when only one class is present.")
        if not CANDIDATES[self.candidate].suits(list(X_frame.columns)):
            raise ValueError(f"candidate: {self.candidate} needs columns that X does not have. Choose lightgbm.")
        ids = pd.Index(np.arange(rows) if customers is None else _one_per_row("customers", customers)).astype(str)
        days = np.zeros(rows, dtype="datetime64[D]") if snapshots is None else _days(snapshots)
        # A training frame is sorted by its snapshots.
        order = np.argsort(days, kind="stable")
        frame = TrainingFrame(
            X_frame.iloc[order].reset_index(drop=True),
            codes.astype(np.float64)[order],
            pd.factorize(ids)[0].astype(np.int64)[order],
            customer_hashes(ids, self.seed)[order],
            days[order],
        )
        settings = FitSettings(self.seed, self.threads)
        self.candidate_ = CANDIDATES[self.candidate]().fit(frame, settings)
        if self.candidate_.trees is not None:
            settings = dataclasses.replace(settings, trees=self.candidate_.trees)
            self.candidate_ = CANDIDATES[self.candidate]().fit(frame, settings)
        self.level_ = fit_intercept(frame.churned, self.candidate_.logodds(frame.X))
        return self

    def decision_function(self, X: Any) -> Floats:
        """Predict the log-odds of the second class, shape (rows,)."""
        check_is_fitted(self)
        return self.level_ + self.candidate_.logodds(self._frame(X, reset=False))

    def predict_proba(self, X: Any) -> Floats:
        """Predict the probability of either class, shape (rows, 2)."""
        second = sigmoid(self.decision_function(X))
        return np.column_stack([1.0 - second, second])

    def predict(self, X: Any) -> Any:
        """Predict the likelier class, shape (rows,)."""
        second = self.decision_function(X) > 0
        return self.classes_[second.astype(int)]

    def contributions(self, X: Any) -> tuple[float, pd.DataFrame]:
        """Split the log-odds into a base value and a SHAP value per feature, shape (rows, features)."""
        check_is_fitted(self)
        frame = self._frame(X, reset=False)
        base, values = self.candidate_.contributions(frame)
        return self.level_ + base, pd.DataFrame(values, columns=frame.columns)

    def _frame(self, X: Any, *, reset: bool) -> pd.DataFrame:
        values = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        names = getattr(self, "feature_names_in_", [f"x{column}" for column in range(values.shape[1])])
        return pd.DataFrame(values, columns=list(names))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags


def _one_per_row(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return a value for each row; null is refused."""
    column = np.asarray(values)
    if column.ndim != 1:
        raise ValueError(f"{name} has {column.ndim} dimensions. Pass one value per row of X.")
    missing = int(pd.isna(column).sum())
    if missing:
        raise ValueError(f"{name}: {missing:,} of {len(column):,} values are missing. Fill them, or drop these rows.")
    return column


def _days(snapshots: ArrayLike) -> NDArray[np.datetime64]:
    """Return the day of each row."""
    given = pd.Series(_one_per_row("snapshots", snapshots))
    try:
        days = {value: parse_day(value, "snapshots") for value in given.drop_duplicates()}
    except InputError as error:
        raise ValueError(str(error)) from error
    return given.map(days).to_numpy(dtype="datetime64[D]")
