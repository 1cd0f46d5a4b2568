"""MLflow's autologging keeps off churnml's own fits, and stays as its user set it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from churnml import ChurnClassifier
from churnml.training.result import Training

pytestmark = pytest.mark.slow
Logged = Callable[[Callable[[], object]], set[str]]


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """Give mlflow with autologging on and an experiment of the user's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.lightgbm
        import mlflow.sklearn

        place = tmp_path_factory.mktemp("own")
        mlflow.set_tracking_uri(f"sqlite:///{place / 'mlflow.db'}")
        experiment = mlflow.create_experiment("own", artifact_location=(place / "artifacts").as_uri())
        with mlflow.start_run(experiment_id=experiment):
            pass
        mlflow.autolog(log_models=False, silent=True)
        yield mlflow
        mlflow.autolog(disable=True, silent=True)
        mlflow.set_tracking_uri(None)


@pytest.fixture
def logged(mlflow: ModuleType) -> Logged:
    """Give a function that calls another within a run of the user's, and tells the parameters that the run then has."""

    def call(fit: Callable[[], object]) -> set[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            experiment = mlflow.get_experiment_by_name("own").experiment_id
            with mlflow.start_run(experiment_id=experiment) as run:
                fit()
            found = mlflow.get_run(run.info.run_id).data
            children = mlflow.search_runs(
                [experiment], filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'", output_format="list"
            )
        assert not children
        return {*found.params, *found.metrics}

    return call


def rows() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200)})
    return X, (X.a + rng.normal(size=200) > 0).to_numpy(int)


def test_fits_of_our_own_leave_no_trace_and_those_of_the_user_are_logged(logged: Logged) -> None:
    X, y = rows()
    assert logged(lambda: ChurnClassifier("lightgbm").fit(X, y)) == set()
    assert logged(lambda: ChurnClassifier("spline_logistic").fit(X, y)) == set()
    # As before and afterwards.
    assert "C" in logged(lambda: LogisticRegression().fit(X, y))
    assert "num_leaves" in logged(
        lambda: lightgbm.train({"num_leaves": 4, "verbosity": -1, "num_threads": 1}, lightgbm.Dataset(X, y), 1)
    )


def test_a_training_leaves_no_trace_either(
    logged: Logged, make_frame: Callable[..., object], train_on: Callable[..., Training]
) -> None:
    frame = make_frame(customers=150, hidden=1.5)
    assert logged(lambda: train_on(frame, ["recency_rule", "lightgbm"])) == set()


def test_a_file_of_the_user_is_where_it_was(
    mlflow: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    X, y = rows()
    ChurnClassifier("lightgbm").fit(X, y)
    assert not list(tmp_path.iterdir())
