"""Tuning: resumed, within its time, and never worse on the folds than what they chose before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from churnml.errors import ConfigError
from churnml.models.rows import TrainingFrame
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.tuning import tune
from churnml.training.result import Training
from tests.drawn import study_of

pytestmark = pytest.mark.slow
MakeFrame = Callable[..., TrainingFrame]


def search(frame: TrainingFrame, store: Path, minutes: float) -> dict[str, object]:
    study = study_of(frame, folds=2, tune_minutes=minutes, tune_store=str(store))
    return tune(study, Recipe(tuple(frame.X.columns), params={"extra_trees": False}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_search_is_resumed(make_frame: MakeFrame, tmp_path: Path) -> None:
    import optuna

    frame = make_frame(hidden=1.0)
    search(frame, tmp_path / "new" / "tuning.db", 0.001)
    found = search(frame, tmp_path / "new" / "tuning.db", 0.05)
    [study] = optuna.study.get_all_study_summaries(f"sqlite:///{tmp_path / 'new' / 'tuning.db'}")
    study = optuna.load_study(study_name=study.study_name, storage=f"sqlite:///{tmp_path / 'new' / 'tuning.db'}")
    assert len(study.trials) > 1
    assert study.trials[0].params["num_leaves"] == 8
    assert study.trials[0].params["extra_trees"] is False, "as the folds chose"
    assert found == study.best_params
    assert study.best_value <= study.trials[0].value


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_what_is_found_is_in_the_recipe(
    make_frame: MakeFrame, train_on: Callable[..., Training], tmp_path: Path
) -> None:
    given = {"tune_minutes": 0.02, "tune_store": str(tmp_path / "tuning.db"), "folds": 2}
    found = train_on(make_frame(hidden=1.5), ["recency_rule", "lightgbm"], **given)
    assert found.card.candidate == "lightgbm"
    assert set(found.card.recipe.params) >= {"num_leaves", "min_child_share"}


def test_without_optuna_the_remedy_is_named(
    make_frame: MakeFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"pip install 'churnml\[tune\]'"):
        search(make_frame(), tmp_path / "tuning.db", 1)
