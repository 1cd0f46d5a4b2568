"""What people are told of a model in service: verdict, counts and a sentence."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from churnml.cli.notified import tell_health
from churnml.config import Config, MonitoringSettings, NotifySettings, ScoringSettings
from churnml.words import words


@pytest.mark.parametrize("language", ["en", "tr"])
def test_health_is_told_in_the_language_of_the_settings_without_names(language: str, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    config = Config(
        scoring=ScoringSettings(language=language),
        monitoring=MonitoringSettings(notify=NotifySettings(command=["tee", str(told)])),
    )
    answers = [SimpleNamespace(grade=grade, sentence="C0000017 left") for grade in ("ok", "fail", "ok")]
    health = SimpleNamespace(day=date(2025, 6, 30), model_version="abc", verdict="alarm", answers=answers)
    tell_health(config, health, exit_code=4)
    assert json.loads(told.read_text(encoding="utf-8")) == {
        "event": "monitor",
        "verdict": "alarm",
        "exit_code": 4,
        "snapshot_date": "2025-06-30",
        "model_version": "abc",
        "findings": {"fail": 1, "ok": 2},
        "sentence": words(language)["monitor"]["verdict"]["alarm"],
    }
