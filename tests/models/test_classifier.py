"""ChurnClassifier keeps scikit-learn's own laws, and works where its users put it."""

from __future__ import annotations

import re

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

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"snapshots": ["2025-03-01"]}, "snapshots has 1, but X has 100 rows. Pass one value per row of X."),
        ({"customers": range(300)}, "customers has 300, but X has 100 rows. Pass one value per row of X."),
        ({"customers": ["a"], "snapshots": []}, "snapshots has 0, customers has 1, but X has 100 rows."),
        ({"snapshots": [["2025-03-01"]] * 100}, "snapshots has 2 dimensions. Pass one value per row of X."),
        ({"snapshots": ["2025-03-01"] * 99 + [None]}, "snapshots: 1 of 100 values are missing. Fill them, or drop"),
        *(
            ({"snapshots": [bad] * 100}, "snapshots: is not a day (received ")
            for bad in ("1 March", "20250301", "2025-03", "2025", "today", "", 20250331, 45658.0, True)
        ),
        ({"snapshots": pd.to_datetime(["2025-03-01T23:00-05:00"] * 100)}, "snapshots: has a time zone (received "),
        ({"customers": [None, *range(99)]}, "customers: 1 of 100 values are missing."),
    ],
)
def test_days_and_customers_belong_to_the_rows(given: dict[str, object], message: str) -> None:
    X, y = drawn(100)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        ChurnClassifier("spline_logistic").fit(X, y, **given)


def test_days_may_be_written_as_everywhere() -> None:
    X, y = drawn(100)
    days = pd.to_datetime(["2025-03-01", "2025-04-01"] * 50)
    expected = ChurnClassifier("spline_logistic").fit(X, y, snapshots=days).predict_proba(X)
    for given in (days.astype(str), list(days.date), days.to_numpy(), days + pd.Timedelta(hours=3)):
        assert (ChurnClassifier("spline_logistic").fit(X, y, snapshots=given).predict_proba(X) == expected).all()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(99) % 2, "y has 99, but X has 100 rows"),
        (np.r_[np.nan, np.arange(99) % 2], "Input y contains NaN"),
        (np.arange(100) % 3, "Only binary classification is supported"),
        (np.linspace(0, 1, 100), "Unknown label type: continuous"),
        (np.zeros(100), "y holds one class only"),
    ],
)
def test_labels_are_two_classes_of_the_rows(y: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        ChurnClassifier("spline_logistic").fit(drawn(100)[0], y)


@pytest.mark.parametrize("candidate", ["lightgbm", "blend"])
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a[0]", "b"], "'a[0]' holds '[', ']'."),
        (["a b", "a_b"], "'a b' holds ' '."),
        (['{"a": 1}', "b"], """'{"a": 1}' holds ' ', '"', ':', '{', '}'."""),
        (["a,b", "=a"], "'a,b' holds ','; '=a' holds '='."),
        (["a\nb", "b\u2028"], "'a\\nb' holds '\\n'; 'b\\u2028' holds '\\u2028'."),
        (["", "b"], "one is empty."),
    ],
)
def test_names_that_lightgbm_cannot_keep_apart_are_refused(candidate: str, names: list[str], said: str) -> None:
    X, y = drawn(100)
    rfm = {"days_since_last_order": X.a, "orders_365d": X.b, "amount_sum_365d": X.a}  # so that a blend has two members
    X = pd.concat([X.set_axis(names, axis=1), pd.DataFrame(rfm)], axis=1)
    message = f"LightGBM cannot keep these names of columns apart: {said} Rename them, in letters, digits and"
    with pytest.raises(ValueError, match=re.escape(message)):
        ChurnClassifier(candidate).fit(X, y)


def test_other_letters_are_fine_for_trees_and_any_name_for_curves() -> None:
    X, y = drawn(200)
    for candidate, names in {"lightgbm": ["müşteri_yaşı", "b-c"], "spline_logistic": ["a[0]", "a b"]}.items():
        named = X.set_axis(names, axis=1)
        assert ChurnClassifier(candidate).fit(named, y).predict_proba(named).shape == (200, 2)
