"""Champion and challenger: promoted, rolled back, and recorded."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from churnml.config import Config, TrackingSettings
from churnml.definition import ChurnDefinition
from churnml.errors import ModelError
from churnml.tracking.aliases import CHALLENGER, CHAMPION, history, promote, rollback, version_at
from churnml.tracking.mlflow_store import at_store
from churnml.tracking.runs import find_model, track
from churnml.training.result import Training
from tests.conftest import Run

pytestmark = pytest.mark.slow
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def tracking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Training) -> TrackingSettings:
    """Give a store with a champion (version 1) and a challenger that was worse (version 2)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings = TrackingSettings(uri=f"sqlite:///{tmp_path / 'store.db'}")
    config = Config(tracking=settings.model_dump())
    assert trained.model is not None
    worse = dataclasses.replace(
        trained,
        model=dataclasses.replace(trained.model, level=trained.model.level + 1.0),
        verdict=dataclasses.replace(trained.verdict, replaces=False, against_champion=0.1, against_champion_error=0.01),
    )
    for training in (trained, worse):
        track(training, config, ChurnDefinition())
    return settings


def aliases(tracking: TrackingSettings) -> tuple[str | None, str | None]:
    with at_store(tracking) as mlflow:
        return version_at(mlflow, "churn", CHAMPION), version_at(mlflow, "churn", CHALLENGER)


def test_a_worse_challenger_waits_until_it_is_promoted_and_can_be_taken_back(tracking: TrackingSettings) -> None:
    first = find_model(None, tracking).version
    assert aliases(tracking) == ("1", "2")
    change = promote(tracking, None, NOW)
    assert (change.version, change.was, change.by) == ("2", "1", "promote")
    assert aliases(tracking) == ("2", None)
    assert find_model(None, tracking).version == change.model_version != first
    back = rollback(tracking, NOW)
    assert (back.version, back.was, back.by) == ("1", "2", "rollback")
    assert find_model(None, tracking).version == first
    with at_store(tracking) as mlflow:
        assert [(one.by, one.version) for one in history(mlflow, "churn")] == [
            ("train", "1"),
            ("promote", "2"),
            ("rollback", "1"),
        ]
    with pytest.raises(ModelError, match="no other champion before"):
        rollback(tracking, NOW)


def test_what_cannot_be_promoted_is_refused_and_changes_nothing(tracking: TrackingSettings) -> None:
    with pytest.raises(ModelError, match="version 1 is the champion already"):
        promote(tracking, "1", NOW)
    with pytest.raises(ModelError, match="there is no version 9"):
        promote(tracking, "9", NOW)
    with pytest.raises(ModelError, match="no other champion before"):
        rollback(tracking, NOW)
    assert aliases(tracking) == ("1", "2")


def test_commands_say_who_is_the_champion(
    tracking: TrackingSettings, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(tracking.uri))
    code, said, errors = run("promote")
    assert code == 0, errors
    assert said.endswith("is the champion of churn; before it was version 1.\n")
    assert json.loads(run("rollback", "--json")[1])["version"] == "1"
    code, said, errors = run("promote", "7")
    assert (code, said) == (1, "")
    assert "there is no version 7" in errors


def test_without_any_model_there_is_nothing_to_promote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings = TrackingSettings(uri=f"sqlite:///{tmp_path / 'store.db'}")
    with pytest.raises(ModelError, match="there is no store of models yet"):
        promote(settings, None, NOW)
    with at_store(settings, makes=True):
        pass
    with pytest.raises(ModelError, match="there is no challenger to promote"):
        promote(settings, None, NOW)
    with pytest.raises(ModelError, match="no other champion before"):
        rollback(settings, NOW)
