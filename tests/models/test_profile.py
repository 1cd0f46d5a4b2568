"""The profile of training rows: what it counts, that it is part of the artefact, and what it refuses."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from churnml.errors import ModelError
from churnml.models.artefact import load_model, save_model
from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.model import Model
from churnml.models.profile import Profile, last_year, profile_rows
from churnml.models.rows import TrainingFrame
from churnml.statistics.drift import psi
from tests.models.test_artefact import model_of


@pytest.fixture(scope="module")
def frame(make_frame: Callable[..., TrainingFrame]) -> TrainingFrame:
    return make_frame(hidden=1.0, snapshots=4)


@pytest.fixture(scope="module")
def model(frame: TrainingFrame) -> Model:
    plain = model_of("lightgbm", frame)
    return dataclasses.replace(plain, profile=profile_rows(plain, frame))


def test_days_are_cut_off_and_joined_again(model: Model, frame: TrainingFrame) -> None:
    profile = model.profile
    assert profile is not None
    X = frame.X.iloc[:50]
    longer = profile.add(date(2030, 1, 1), X, model.predict_logodds(model.select(X)))
    newest = longer.newest
    assert newest.days == (date(2030, 1, 1),)
    assert sum(newest.predictions.counts[0]) == 50
    assert profile.joined(newest) == longer


def test_it_counts_every_row_of_each_day(model: Model, frame: TrainingFrame) -> None:
    profile = model.profile
    assert profile is not None
    assert profile.days == tuple(day.item() for day in frame.days)
    assert set(profile.features) == set(frame.X.columns)
    for name, spread in profile.features.items():
        assert [sum(row) for row in spread.counts] == [400] * 4
        for position, day in enumerate(frame.days):
            values = frame.X.loc[frame.snapshots == day, name]
            assert spread.counts[position][-1] == values.isna().sum()
            assert spread.means[position] == pytest.approx(values.mean(), abs=1e-9)
            # The first bin lies below the first edge.
            assert spread.counts[position][0] == (values < spread.edges[0]).sum()
    assert [sum(row) for row in profile.predictions.counts] == [400] * 4
    assert sum(spread.weight for spread in profile.features.values()) == pytest.approx(1.0, abs=1e-9)
    heaviest = max(profile.features, key=lambda name: profile.features[name].weight)
    assert heaviest == "days_since_last_order"
    shap = profile.features[heaviest].shap
    assert shap[-2] - shap[0] > 1.0  # who ordered longest ago leaves


def test_a_day_more_is_counted_in_the_same_bins(model: Model, frame: TrainingFrame) -> None:
    profile = model.profile
    assert profile is not None
    rows = frame.snapshots == frame.days[1]
    longer = profile.add(date(2025, 6, 1), frame.X.loc[rows], model.predict_logodds(frame.X.loc[rows]))
    assert longer.days == (*profile.days, date(2025, 6, 1))
    for name, spread in longer.features.items():
        assert spread.counts[-1] == spread.counts[1]
        assert psi(spread.counts[-1], spread.counts[1]) == 0.0
        assert spread.counts[:-1] == profile.features[name].counts
    assert longer.predictions.counts[-1] == longer.predictions.counts[1]


def test_it_is_part_of_the_artefact_and_of_its_version(model: Model, frame: TrainingFrame, tmp_path: Path) -> None:
    written = save_model(model, tmp_path / "model")
    again = save_model(model, tmp_path / "again")
    assert written.version == again.version
    assert (tmp_path / "model" / "profile.json").read_bytes() == (tmp_path / "again" / "profile.json").read_bytes()
    assert load_model(tmp_path / "model").profile == model.profile
    bare = save_model(dataclasses.replace(model, profile=None), tmp_path / "bare")
    assert bare.version != written.version
    assert load_model(tmp_path / "bare").profile is None  # one of before monitoring
    for content in ((tmp_path / "model" / "profile.json").read_text().replace("4", "5"), ""):
        (tmp_path / "model" / "profile.json").write_text(content)
        with pytest.raises(ModelError, match=r"profile\.json changed after training"):
            load_model(tmp_path / "model")


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["days"].pop(),
        lambda told: told["predictions"]["edges"].reverse(),
        lambda told: told["predictions"]["counts"][0].pop(),
        lambda told: told["predictions"]["counts"][0].__setitem__(0, -1),
        lambda told: told["predictions"].__setitem__("more", 1),
        lambda told: told["predictions"].__setitem__("weight", "1"),
    ],
)
def test_one_that_does_not_fit_is_refused(change: Callable[[dict], object], model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model")
    told = json.loads((tmp_path / "model" / "profile.json").read_text())
    change(told)
    text = json.dumps(told)
    with pytest.raises(ValueError, match="validation error"):
        Profile.from_json(text)
    # A file that was written on purpose has its hash.
    (tmp_path / "model" / "profile.json").write_text(text)
    whole = json.loads((tmp_path / "model" / "model.json").read_text())
    whole["files"]["profile.json"] = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "model" / "model.json").write_text(json.dumps(whole))
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path / "model")


def test_a_feature_that_the_model_does_not_look_at_has_no_weight(frame: TrainingFrame) -> None:
    fitted = CANDIDATES["recency_rule"]().fit(frame, FitSettings(7, 1))
    rule = dataclasses.replace(model_of("lightgbm", frame), candidate=fitted)
    profile = profile_rows(rule, frame)
    assert {name for name, spread in profile.features.items() if spread.weight} == {"days_since_last_order"}


def test_a_year_before_is_the_nearest_day_within_half_a_month() -> None:
    days = [date(2024, 1, 1), date(2024, 1, 31), date(2024, 3, 1)]
    assert last_year(days, date(2025, 1, 10)) == 0
    assert last_year(days, date(2025, 1, 20)) == 1
    assert last_year(days, date(2025, 3, 17)) == 2  # 16 days off
    assert last_year(days, date(2025, 3, 18)) is None
    assert last_year([], date(2025, 3, 18)) is None


def test_training_ships_it(trained: object) -> None:
    shipped = trained.model  # type: ignore[attr-defined]
    assert shipped.profile is not None
    assert len(shipped.profile.days) == len(shipped.card.base_rates)
    assert np.isclose(sum(spread.weight for spread in shipped.profile.features.values()), 1.0)
