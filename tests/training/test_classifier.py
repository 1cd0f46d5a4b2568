"""ChurnClassifier keeps scikit-learn's own laws, and works where its users put it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from churnml import ChurnClassifier
from churnml.statistics.logodds import sigmoid


@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings on purpose
@pytest.mark.parametrize("candidate", ["lightgbm", "spline_logistic"])
def test_scikit_learns_own_checks(candidate: str) -> None:
    # Left out are only the checks of array libraries that are switched on by a variable of SciPy.
    done = check_estimator(ChurnClassifier(candidate), on_skip=None)
    assert {check["status"] for check in done} <= {"passed", "skipped"}
    assert {check["check_name"] for check in done if check["status"] == "skipped"} <= {"check_array_api_input"}
    assert len(done) > 40


def drawn(rows: int = 3_000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows)})
    return X, (rng.random(rows) < sigmoid(2 * X.a - 1)).astype(int)


@pytest.mark.parametrize("candidate", ["lightgbm", "spline_logistic"])
def test_probabilities_are_near_the_truth(candidate: str) -> None:
    X, y = drawn()
    model = ChurnClassifier(candidate).fit(X, y)
    fresh, _ = drawn(seed=1)
    assert np.abs(model.predict_proba(fresh)[:, 1] - sigmoid(2 * fresh.a - 1)).mean() < 0.06
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-6)
    base, values = model.contributions(fresh)
    np.testing.assert_allclose(base + values.sum(axis=1), model.decision_function(fresh), atol=1e-5)


def test_it_works_in_pipelines_and_searches() -> None:
    X, y = drawn(600)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), ChurnClassifier()),
        {"churnclassifier__candidate": ["lightgbm", "spline_logistic"]},
        scoring="neg_log_loss",
        cv=3,
    ).fit(X, y)
    assert search.best_score_ > -0.6
    assert cross_val_score(clone(search.best_estimator_), X, y, scoring="roc_auc", cv=3).mean() > 0.8


def test_levels_of_snapshots_are_taken_out() -> None:
    X, _ = drawn()
    rng = np.random.default_rng(2)
    day = np.repeat([0, 1], len(X) // 2)
    # The second day everyone leaves more often, and b is larger on it: b says nothing within a day.
    X["b"] += 4 * day
    y = (rng.random(len(X)) < sigmoid(X.a - 2 + 4 * day)).astype(int)
    days = np.datetime64("2024-01-01") + 30 * day
    order = rng.permutation(len(X))
    model = ChurnClassifier("spline_logistic").fit(X.iloc[order], y[order], snapshots=days[order])
    low, high = model.decision_function(pd.DataFrame({"a": [0.0, 0.0], "b": [1.0, 3.0]}))
    assert abs(high - low) < 0.3


def test_labels_may_be_words_and_rows_of_one_customer_stay_together() -> None:
    X, y = drawn(500)
    words = np.where(y == 1, "left", "kept")
    model = ChurnClassifier().fit(X, words, customers=np.arange(500) // 2)
    assert model.classes_.tolist() == ["kept", "left"]
    assert set(model.predict(X)) == {"kept", "left"}


@pytest.mark.parametrize(
    ("candidate", "message"),
    [("forest", "'forest' is not known. Choose among"), ("rfm_logistic", "needs columns that X does not have")],
)
def test_what_cannot_be_fitted_is_refused(candidate: str, message: str) -> None:
    X, y = drawn(100)
    with pytest.raises(ValueError, match=message):
        ChurnClassifier(candidate).fit(X, y)
