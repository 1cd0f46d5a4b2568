"""The artefact: text alone, whole or refused, and never run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnml.definition import ChurnDefinition
from churnml.errors import ModelError
from churnml.training import artefact
from churnml.training.artefact import PyfuncModel, load_model, save_model, with_version
from churnml.training.candidates import CANDIDATES
from churnml.training.candidates.base import FitSettings
from churnml.training.frame import TrainingFrame
from churnml.training.model import Model

MakeFrame = Callable[..., TrainingFrame]


def model_of(name: str, frame: TrainingFrame) -> Model:
    fitted = CANDIDATES[name]().fit(frame, FitSettings(7, 1, trees=20))
    definition = ChurnDefinition(horizon_days=60, lead_days=3)
    return Model(fitted, 0.9, -0.4, definition, tuple(frame.X.columns), date(2025, 1, 1), {"note": "ğüş", "n": None})


@pytest.fixture(scope="module")
def frame(make_frame: MakeFrame) -> TrainingFrame:
    return make_frame(hidden=1.0, snapshots=4)


@pytest.fixture(scope="module")
def saved(frame: TrainingFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artefact") / "model"
    save_model(model_of("lightgbm", frame), folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    change(content)
    (folder / "model.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("name", CANDIDATES)
def test_round_trip(name: str, frame: TrainingFrame, tmp_path: Path) -> None:
    model = model_of(name, frame)
    written = save_model(model, tmp_path / "new" / "model")
    read = load_model(tmp_path / "new" / "model")
    np.testing.assert_array_equal(read.predict_logodds(frame.X), model.predict_logodds(frame.X))
    np.testing.assert_array_equal(read.predict_proba(frame.X), model.predict_proba(frame.X))
    for part in ("slope", "level", "definition", "features", "as_of", "card"):
        assert getattr(read, part) == getattr(model, part)
    assert read.version == written.version == with_version(model).version
    assert model.version == ""
    # A model that is read and saved again is the same to the byte.
    again = save_model(read, tmp_path / "again")
    assert again.version == written.version


@pytest.mark.parametrize("name", CANDIDATES)
def test_only_json_and_text_inside(name: str, frame: TrainingFrame, tmp_path: Path) -> None:
    save_model(model_of(name, frame), tmp_path / "model")
    for path in (tmp_path / "model").iterdir():
        assert path.suffix in {".json", ".txt"}
        text = path.read_bytes().decode("utf-8")
        assert text.isprintable() or "\n" in text
        assert "num_threads" not in text
        if path.suffix == ".json":
            json.loads(text, parse_constant=pytest.fail)


def test_the_version_is_a_hash_that_covers_every_file(saved: Path, frame: TrainingFrame) -> None:
    content = (saved / "model.json").read_bytes()
    assert load_model(saved).version == hashlib.sha256(content).hexdigest()[:12]
    files = json.loads(content)["files"]
    assert set(files) == {path.name for path in saved.iterdir()} - {"model.json"}
    assert files["trees.txt"] == hashlib.sha256((saved / "trees.txt").read_bytes()).hexdigest()
    model = model_of("lightgbm", frame)
    versions = {
        with_version(other).version
        for other in (
            model,
            dataclasses.replace(model, level=-0.4000000000000001),
            dataclasses.replace(model, card={}),
            dataclasses.replace(model, as_of=date(2025, 1, 2)),
            model_of("recency_rule", frame),
        )
    }
    assert len(versions) == 5


@pytest.mark.parametrize("where", [0, 100, -1])
def test_a_changed_byte_is_refused(folder: Path, where: int) -> None:
    trees = bytearray((folder / "trees.txt").read_bytes())
    trees[where] ^= 1
    (folder / "trees.txt").write_bytes(bytes(trees))
    with pytest.raises(ModelError, match=r"trees\.txt changed after training\. Restore the model, or train again\."):
        load_model(folder)


def test_trees_that_were_cut_off_are_not_parsed(folder: Path) -> None:
    # LightGBM 4.7 reads past the end of such a text, and may take the whole process down.
    trees = (folder / "trees.txt").read_bytes()
    (folder / "trees.txt").write_bytes(trees[: len(trees) // 2])
    with pytest.raises(ModelError, match=r"trees\.txt changed after training"):
        load_model(folder)


def test_other_files_beside_the_model_do_not_matter(folder: Path) -> None:
    version = load_model(folder).version
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "model.pkl").write_bytes(b"\x80")
    assert load_model(folder).version == version


def test_a_folder_with_files_is_not_written_to(folder: Path, frame: TrainingFrame) -> None:
    with pytest.raises(ModelError, match=r"holds files already\. Name an empty or a new folder"):
        save_model(model_of("recency_rule", frame), folder)


def test_a_newer_format_asks_for_an_update(folder: Path) -> None:
    edit(folder, lambda content: content.update(format=artefact.FORMAT + 1, nonsense=1))
    with pytest.raises(ModelError, match=r"the model has format 4, but this churnml reads up to 3\. Update churnml\."):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"describe": "Something else."}, "days_since_last_order: describe was 'Something else.', is "),
        ({"window_days": 5}, "days_since_last_order: window_days was 5, is None"),
        ({"name": "gone_90d"}, "gone_90d: is not computed any more"),
        ({"new": 1}, "days_since_last_order: new was 1, is None"),
    ],
)
def test_features_that_are_computed_differently_are_refused(
    folder: Path, change: dict[str, object], message: str
) -> None:
    edit(folder, lambda content: content["features"][0].update(change))
    with pytest.raises(
        ModelError, match="the model was trained on features that are computed differently now"
    ) as error:
        load_model(folder)
    assert message in str(error.value)
    assert str(error.value).endswith("Train it again.")


@pytest.mark.parametrize("name", ["model.json", "trees.txt"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"holds no whole model of churnml .*{name}.*Name a model's folder\."):
        load_model(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere: holds no whole model"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(candidate="recency_rule"),
        lambda content: content.update(candidate="nonsense"),
        lambda content: content.update(candidate=["lightgbm"]),
        lambda content: content.update(slope="steep"),
        lambda content: content.update(level=float("nan")),
        lambda content: content.update(level=None),
        lambda content: content.update(as_of="yesterday"),
        lambda content: content.update(format="1"),
        lambda content: content.update(features="all"),
        lambda content: content.update(features=[["days_since_last_order"]]),
        lambda content: content.update(files=None),
        lambda content: content.update(files=["trees.txt"]),
        lambda content: content.update(unknown=1),
        lambda content: content.pop("card"),
        lambda content: content.pop("format"),
        lambda content: content["definition"].update(unknown=1),
        lambda content: content["definition"].update(horizon_days=-1),
    ],
)
def test_edited_content_is_refused_in_words(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    edit(folder, change)
    with pytest.raises(ModelError, match=r"model (cannot be read|of churnml)") as error:
        load_model(folder)
    assert str(folder) in str(error.value)
    assert error.value.__cause__ is not None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b'"text"', b"\x00" * 10])
def test_garbage_is_refused_in_words(folder: Path, content: bytes) -> None:
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match="the model cannot be read"):
        load_model(folder)


@pytest.mark.parametrize("other", ["recency_rule", "rfm_logistic"])
def test_the_weights_of_another_candidate_are_refused(frame: TrainingFrame, tmp_path: Path, other: str) -> None:
    mine = ({"recency_rule", "rfm_logistic"} - {other}).pop()
    save_model(model_of(mine, frame), tmp_path / "model")
    edit(tmp_path / "model", lambda content: content.update(candidate=other))
    with pytest.raises(ModelError, match="holds no whole model of churnml"):
        load_model(tmp_path / "model")


def test_garbage_for_trees_is_refused_in_words(folder: Path) -> None:
    (folder / "trees.txt").write_text("garbage", encoding="utf-8")
    found = hashlib.sha256(b"garbage").hexdigest()
    edit(folder, lambda content: content["files"].update({"trees.txt": found}))
    with pytest.raises(ModelError, match=r"trees\.txt does not hold trees of LightGBM"):
        load_model(folder)


def test_nothing_outside_of_the_folder_is_read(folder: Path) -> None:
    edit(folder, lambda content: content.update(files={"../../secret.txt": "0"}))
    with pytest.raises(ModelError, match=r"holds no whole model"):
        load_model(folder)


def test_an_edited_loader_runs_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # mlflow.pyfunc.load_model would import the module that MLmodel names; churnml's loader does not read the file.
    (tmp_path / "evil.py").write_text("import pathlib\npathlib.Path('ran').touch()\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    text = "flavors:\n  python_function:\n    loader_module: evil\n    code: .\n"
    for place in (folder, folder.parent):
        (place / "MLmodel").write_text(text, encoding="utf-8")
    load_model(folder)
    assert not (tmp_path / "ran").exists()


def test_the_model_names_missing_features(saved: Path, frame: TrainingFrame) -> None:
    model = load_model(saved)
    with pytest.raises(ModelError, match=r"needs features that are not there: orders_90d\. Bring the tables"):
        model.predict_proba(frame.X.drop(columns="orders_90d"))


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_models_contributions_add_up_to_its_logodds(name: str, frame: TrainingFrame) -> None:
    model = model_of(name, frame)
    X = frame.X.set_axis([f"c{number}" for number in range(len(frame))])[frame.X.columns[::-1]]
    base, values = model.contributions(X)
    assert values.columns.tolist() == list(model.features)
    assert values.index.equals(X.index)
    np.testing.assert_allclose(base + values.sum(axis=1), model.predict_logodds(X), atol=1e-5)


def test_a_steep_slope_keeps_the_sum(frame: TrainingFrame) -> None:
    model = dataclasses.replace(model_of("lightgbm", frame), slope=3.0)
    base, values = model.contributions(frame.X)
    np.testing.assert_allclose(base + values.sum(axis=1), model.predict_logodds(frame.X), atol=1e-5)


def test_pyfunc_takes_integers_nulls_and_other_columns(saved: Path, frame: TrainingFrame) -> None:
    model = load_model(saved)
    X = frame.X.iloc[:10].set_axis(range(10, 20))
    sent = X.astype({"orders_90d": int, "orders_365d": "Int64"})
    sent.insert(0, "other", "text")
    sent["delivery_delay_mean_days_180d"] = pd.Series([None] * 10, index=sent.index, dtype=object)
    found = PyfuncModel(model).predict(sent)
    expected = model.predict_proba(X.assign(delivery_delay_mean_days_180d=np.nan))
    np.testing.assert_array_equal(found.to_numpy(), expected)
    assert found.index.tolist() == list(range(10, 20))
    assert found.name == "churn_probability"


def test_pyfunc_names_missing_features(saved: Path, frame: TrainingFrame) -> None:
    with pytest.raises(ModelError, match="needs features that are not there: orders_90d"):
        PyfuncModel(load_model(saved)).predict(frame.X.drop(columns="orders_90d"))
