"""The artefact: text alone, whole or refused, and never run."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest

from churnml.definition import ChurnDefinition
from churnml.errors import ModelError
from churnml.features.family_catalogue import catalogue
from churnml.models import artefact, plain_files
from churnml.models.artefact import PyfuncModel, load_model, save_model, with_version
from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.model import Model
from churnml.models.rows import TrainingFrame
from churnml.models.segments import Segment
from tests.drawn import card_of

MakeFrame = Callable[..., TrainingFrame]


def model_of(name: str, frame: TrainingFrame) -> Model:
    fitted = CANDIDATES[name]().fit(frame, FitSettings(7, 1, trees=20))
    definition = ChurnDefinition(horizon_days=60, lead_days=3)
    features = catalogue().describe(frame.X.columns)
    return Model(fitted, 0.9, -0.4, definition, features, date(2025, 1, 1), card_of(gate="ğüş"))


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
    # And so is one that travels.
    packed = artefact.pack_model(model)
    assert dict(packed) == {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert artefact.unpack_model(packed).version == written.version


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
            dataclasses.replace(model, card=card_of(gate="ğüş", rows=4_001)),
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
    with pytest.raises(ModelError, match=r"the model has format 6, but this churnml reads up to 5\. Update churnml\."):
        load_model(folder)


def test_a_model_of_format_3_is_read_without_concept_and_side(folder: Path, frame: TrainingFrame) -> None:
    def as_before(content: dict[str, Any]) -> None:
        content["format"] = 3
        for feature in content["features"]:
            del feature["concept"], feature["tells"]

    expected = load_model(folder).predict_proba(frame.X)
    edit(folder, as_before)
    model = load_model(folder)
    np.testing.assert_array_equal(model.predict_proba(frame.X), expected)
    assert model.features[0].family == "recency"
    assert {feature.concept for feature in model.features} == {""}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"new": 1}, "days_since_last_order: has new, which no feature has"),
        ({"describe": 3}, "days_since_last_order: must be described by texts, and filled with 0 or nothing"),
        ({"concept": ["pace"]}, "days_since_last_order: must be described by texts, and filled with 0 or nothing"),
        ({"fill": 5}, "days_since_last_order: must be described by texts, and filled with 0 or nothing"),
        ({"window_days": 0}, "days_since_last_order: window_days must be a number of days"),
        ({"window_days": "5"}, "days_since_last_order: window_days must be a number of days"),
        ({"window_days": True}, "days_since_last_order: window_days must be a number of days"),
    ],
)
def test_features_that_are_described_by_rubbish_are_refused(
    folder: Path, change: dict[str, object], message: str
) -> None:
    edit(folder, lambda content: content["features"][0].update(change))
    with pytest.raises(ModelError, match=re.escape(message)):
        load_model(folder)


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
        lambda content: content["card"].update(note="mine"),
        lambda content: content["card"].update(version=2),
        lambda content: content["card"].update(rows="4000"),
        lambda content: content["card"].update(rows=4000.5),
        lambda content: content["card"].update(forward=1),
        lambda content: content["card"].update(as_of=20_089),
        lambda content: content["card"].update(folds="all"),
        lambda content: content["card"].pop("recipe"),
        lambda content: content["card"]["verdict"].update(decision="perhaps"),
        lambda content: content["card"]["verdict"].update(because="it is better"),
        lambda content: content["card"]["verdict"].update(skill="high"),
        lambda content: content["card"]["definition"].update(horizon_days=-1),
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


def test_what_the_card_must_not_hold_is_named_in_one_message(folder: Path) -> None:
    edit(folder, lambda content: content["card"].update(rows="many", note="mine", gate=3, candidate=[], slope="steep"))
    with pytest.raises(ModelError) as refused:
        load_model(folder)
    assert str(refused.value) == (
        f"{folder}: the model cannot be read (card.rows: Input should be a valid integer; card.gate: Input should be a "
        "valid string; card.candidate: Input should be a valid string; ...). Train it again."
    )


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
    with pytest.raises(ModelError, match=rf"the model cannot be read \('{other}.json' is missing or unknown\)"):
        load_model(tmp_path / "model")


def test_garbage_for_trees_is_refused_in_words(folder: Path) -> None:
    (folder / "trees.txt").write_text("garbage", encoding="utf-8")
    found = hashlib.sha256(b"garbage").hexdigest()
    edit(folder, lambda content: content["files"].update({"trees.txt": found}))
    with pytest.raises(ModelError, match=r"trees\.txt does not hold trees of LightGBM"):
        load_model(folder)


def test_nothing_outside_of_the_folder_is_read(folder: Path) -> None:
    edit(folder, lambda content: content.update(files={"../../secret.txt": "0"}))
    with pytest.raises(ModelError, match=r"files lists '../../secret.txt', which no model has"):
        load_model(folder)


def rehash(folder: Path) -> None:
    """Make the hashes those of the files, as who edits a model on purpose would."""
    edit(
        folder,
        lambda content: content["files"].update(
            {
                name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
                for name in content["files"]
                if (folder / name).is_file()
            }
        ),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: files.clear(), "'trees.txt' is missing or unknown"),
        (
            lambda files: files.update({"more.json": hashlib.sha256(b"{}").hexdigest()}),
            "lists more than a lightgbm has",
        ),
    ],
)
def test_the_files_are_exactly_those_of_the_candidate(
    folder: Path, change: Callable[[dict[str, str]], object], message: str
) -> None:
    (folder / "more.json").write_text("{}", encoding="utf-8")
    edit(folder, lambda content: change(content["files"]))
    with pytest.raises(ModelError, match=message):
        load_model(folder)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "circle", "outside"])
@pytest.mark.parametrize("name", ["model.json", "trees.txt"])
def test_what_is_no_regular_file_of_the_folder_is_not_read(folder: Path, tmp_path: Path, name: str, kind: str) -> None:
    file = folder / name
    (tmp_path / "outside").write_bytes(file.read_bytes())
    file.unlink()
    make = {
        "pipe": lambda: os.mkfifo(file),
        "device": lambda: file.symlink_to("/dev/zero"),
        "folder": lambda: file.mkdir(),
        "circle": lambda: file.symlink_to(file),
        "outside": lambda: file.symlink_to(tmp_path / "outside"),
    }
    make[kind]()
    with pytest.raises(ModelError, match=rf"{name}.*(is not a regular file|leads nowhere|Too many levels)"):
        load_model(folder)


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    # As Kubernetes mounts what it keeps for a program.
    expected = load_model(folder).version
    (folder / "..data").mkdir()
    for name in ("model.json", "trees.txt"):
        (folder / name).rename(folder / "..data" / name)
        (folder / name).symlink_to(folder / "..data" / name)
    assert load_model(folder).version == expected


def test_a_file_that_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_files, "MOST_BYTES", 100)
    with pytest.raises(ModelError, match=r"model\.json is larger than"):
        load_model(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested more than 32 levels deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "nested more than 32 levels deep"),
        ('{"format": NaN}', "NaN is not a number"),
        ('{"format": 1e999}', "1e999 is not a number"),
        ('{"format": ' + "9" * 5_000 + "}", r"9{20} is not a number"),
        ('{"format": 9223372036854775808}', "is not a number that 64 bits hold"),
        ('{"format": 3, "format": 3}', "a key stands twice"),
        ('{"format": "' + "x" * 100_001 + '"}', "a text is longer than 100,000 letters"),
    ],
)
def test_json_is_flat_and_finite(folder: Path, content: str, message: str) -> None:
    (folder / "model.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        load_model(folder)


def test_thirty_two_levels_are_read() -> None:
    plain_files.parse_json(b"[" * 32 + b"]" * 32)
    with pytest.raises(ValueError, match="32 levels"):
        plain_files.parse_json(b"[" * 33 + b"]" * 33)


def test_control_characters_of_an_edited_model_do_not_reach_the_terminal(folder: Path) -> None:
    edit(folder, lambda content: content["features"][0].update({"name": "\x1b[2J\x07gone"}))
    with pytest.raises(ModelError) as refused:
        load_model(folder)
    assert r"features lists '\x1b[2J\x07gone', which is no name" in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(card=[]),
        lambda content: content["features"].append(content["features"][0]),
        lambda content: content["features"].pop(0),
        lambda content: content.update(segments=[{"name": "x", "feature": "orders_90d", "low": "a", "high": None}]),
        lambda content: (
            content.update(segments=[{"name": "x", "feature": "orders_90d", "low": None, "high": None}] * 2)
            or content["segments"][0].update(offset=None)
        ),
    ],
)
def test_content_that_does_not_fit_is_refused(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    edit(folder, change)
    with pytest.raises(ModelError, match="the model cannot be read"):
        load_model(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda curves: curves[0].update(knots=curves[0]["knots"][::-1]),
        lambda curves: curves[0].update(low=curves[0]["high"] + 1),
        lambda curves: curves.append(curves[0]),
        lambda curves: curves[0].update(weights=curves[0]["weights"][1:]),
        lambda curves: curves[0].update(feature="orders_of_others"),
    ],
)
def test_curves_that_cannot_be_are_refused(
    frame: TrainingFrame, tmp_path: Path, change: Callable[[list[dict[str, Any]]], object]
) -> None:
    folder = tmp_path / "model"
    save_model(model_of("spline_logistic", frame), folder)
    content = json.loads((folder / "splines.json").read_text(encoding="utf-8"))
    change(content["curves"])
    (folder / "splines.json").write_text(json.dumps(content), encoding="utf-8")
    rehash(folder)
    with pytest.raises(ModelError, match="the model cannot be read"):
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


@pytest.mark.slow
@pytest.mark.parametrize("name", CANDIDATES)
def test_the_models_contributions_add_up_to_its_logodds(name: str, frame: TrainingFrame) -> None:
    model = model_of(name, frame)
    X = frame.X.set_axis([f"c{number}" for number in range(len(frame))])[frame.X.columns[::-1]]
    base, values = model.contributions(X)
    assert values.columns.tolist() == list(model.names)
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


def as_records(X: pd.DataFrame) -> list[dict[str, float]]:
    """Write rows as JSON does where null is left out."""
    return [{name: value for name, value in row.items() if not np.isnan(value)} for row in X.to_dict("records")]


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.astype({"orders_90d": "int64", "days_since_last_order": "int64"}),
        lambda X: X.convert_dtypes(),
        lambda X: X.convert_dtypes(dtype_backend="pyarrow"),
        lambda X: X.astype(object).where(X.notna(), None),
        lambda X: X.astype(object).where(X.notna(), pd.NA),
        polars.DataFrame,
        lambda X: polars.DataFrame(X.convert_dtypes()).lazy(),
        lambda X: pyarrow.Table.from_pandas(X.convert_dtypes()),
        as_records,
        lambda X: pd.DataFrame(as_records(X)),
        lambda X: X.to_dict("list"),
        lambda X: X.rename_axis("customer_id").reset_index(),
    ],
)
def test_pyfunc_takes_tables_of_every_kind(
    saved: Path, frame: TrainingFrame, change: Callable[[pd.DataFrame], Any]
) -> None:
    model, X = load_model(saved), frame.X.iloc[:30]
    assert X.isna().any(axis=None)
    np.testing.assert_array_equal(PyfuncModel(model).predict(change(X)).to_numpy(), model.predict_proba(X))


def test_a_record_of_one_customer_may_leave_null_out(saved: Path, frame: TrainingFrame) -> None:
    model = load_model(saved)
    row = frame.X[frame.X.delivery_delay_mean_days_180d.isna()].iloc[[0]]
    (record,) = as_records(row)
    assert "delivery_delay_mean_days_180d" not in record
    for given in ([record], record):
        np.testing.assert_array_equal(PyfuncModel(model).predict(given), model.predict_proba(row))


@pytest.mark.parametrize("name", ["days_since_last_order", "orders_365d", "amount_sum_365d"])
def test_what_no_customer_lacks_may_not_be_left_out(saved: Path, frame: TrainingFrame, name: str) -> None:
    with pytest.raises(ModelError, match=f"needs features that are not there: {name}"):
        PyfuncModel(load_model(saved)).predict(frame.X.drop(columns=name))


def test_what_is_no_table_of_numbers_is_refused(saved: Path, frame: TrainingFrame) -> None:
    model = PyfuncModel(load_model(saved))
    with pytest.raises(ModelError, match="orders_90d: holds values that are no numbers"):
        model.predict(frame.X.assign(orders_90d="many"))
    with pytest.raises(ModelError, match=r"needs a table whose columns have names \(received a ndarray\)"):
        model.predict(frame.X.to_numpy())


def test_pyfunc_names_missing_features(saved: Path, frame: TrainingFrame) -> None:
    with pytest.raises(ModelError, match="needs features that are not there: orders_90d"):
        PyfuncModel(load_model(saved)).predict(frame.X.drop(columns="orders_90d"))


NASTY: list[Any] = [
    *(None, True, 0, -1, 1e308, -1e308, 2**62, "", "x", "\x00", "\ud800", [], {}, [[]], [None], {"a": 1}),
    *("trees.txt", "2025-13-01", "orders_90d", "no_order", ["lightgbm"]),
]


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the places of all values within nested ones."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(found for key, part in inside for found in places(part, (*place, key)))]


def edit_at_random(content: Any, rng: np.random.Generator) -> None:
    everywhere = places(content)[1:]
    *way, last = everywhere[rng.integers(0, len(everywhere))]
    for key in way:
        content = content[key]
    if rng.random() < 0.2:
        del content[last]
    else:
        content[last] = NASTY[rng.integers(0, len(NASTY))]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recency_rule", "spline_logistic", "blend"])
def test_whatever_is_edited_in_json_is_read_or_refused(name: str, frame: TrainingFrame, tmp_path: Path) -> None:
    model = dataclasses.replace(model_of(name, frame), segments=(Segment("few", "orders_365d", None, 2.0, 0.1),))
    save_model(model, tmp_path)
    whole = {path: path.read_bytes() for path in tmp_path.iterdir() if path.suffix == ".json"}
    rng = np.random.default_rng(8)
    said = []
    for edited in list(whole) * (200 // len(whole)):
        content = json.loads(whole[edited])
        edit_at_random(content, rng)
        edited.write_text(json.dumps(content), encoding="utf-8")
        with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):  # the list of files may be edited
            rehash(tmp_path)
        try:
            load_model(tmp_path)
        except ModelError as error:
            said.append(str(error))
        for path, before in whole.items():
            path.write_bytes(before)
    assert len(said) > 100
    assert all(map(str.isprintable, said))


def test_models_that_were_registered_by_the_first_version_find_their_loader(saved: Path) -> None:
    loader = importlib.import_module("churnml.training.artefact")
    assert isinstance(loader._load_pyfunc(str(saved)), PyfuncModel)


@pytest.mark.slow
def test_a_served_model_needs_neither_pictures_nor_tables(saved: Path) -> None:
    code = f"""
        import sys
        import pandas as pd
        from churnml.models.artefact import _load_pyfunc
        model = _load_pyfunc({str(saved)!r})
        print(model.predict(pd.DataFrame(0.0, [0], model.model.names)).item())
        print(sorted({{"duckdb", "ibis", "matplotlib", "mlflow", "sqlglot"}} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True)
    probability, imported = done.stdout.splitlines()
    assert 0 < float(probability) < 1
    assert imported == "[]"
