"""The artefact: a model as text files, read back without running any code from them."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, ModelError
from churnml.features.registry import contract_of
from churnml.training.candidates import CANDIDATES
from churnml.training.candidates.base import write_json
from churnml.training.model import Model
from churnml.training.plain_files import parse_json, read_bytes, shown
from churnml.training.segments import Segment

FORMAT = 3
_FILE = "model.json"
_KEYS = {
    *("format", "candidate", "slope", "level", "level_feature", "level_reference", "segments"),
    *("definition", "features", "as_of", "card", "files"),
}
_VERSION_DIGITS = 12
_NAME = re.compile(r"[a-z_]+\.(json|txt)")


def save_model(model: Model, folder: str | Path) -> Model:
    """Write a model as JSON and LightGBM text; no pickle.

    Parameters
    ----------
    model
        The model.
    folder
        An empty or missing folder.

    Returns
    -------
    Model
        The same model with its ``version``: a hash of the files.

    Raises
    ------
    ModelError
        Where the folder holds files already.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ModelError(f"{folder}: holds files already. Name an empty or a new folder for the model.")
    model.candidate.save(folder)
    content = {
        "format": FORMAT,
        "candidate": model.candidate.name,
        "slope": model.slope,
        "level": model.level,
        "level_feature": model.level_feature,
        "level_reference": model.level_reference,
        "segments": [segment.to_card() for segment in model.segments],
        "definition": model.definition.model_dump(),
        "features": [contract_of(name) for name in model.features],
        "as_of": model.as_of.isoformat(),
        "card": model.card,
        "files": {path.name: _hash(path.read_bytes()) for path in sorted(folder.iterdir())},
    }
    write_json(folder / _FILE, content)
    return dataclasses.replace(model, version=_hash((folder / _FILE).read_bytes())[:_VERSION_DIGITS])


def with_version(model: Model) -> Model:
    """Give a model the version that its files would have."""
    with tempfile.TemporaryDirectory(prefix="churnml-") as scratch:
        return save_model(model, scratch)


def load_model(folder: str | Path) -> Model:
    """Read a model that ``save_model`` wrote; nothing in the files is run.

    Raises
    ------
    ModelError
        Where the folder holds no model, a newer format, files that were edited or cut off, what is no plain small file,
        or features that this version computes differently.
    """
    folder = Path(folder)
    try:
        written = read_bytes(folder / _FILE)
        content = parse_json(written)
        if content["format"] > FORMAT:
            raise ModelError(
                f"{folder}: the model has format {content['format']}, but this churnml reads up to {FORMAT}. "
                "Update churnml."
            )
        if set(content) != _KEYS:
            raise ValueError(f"keys that are not known or missing: {', '.join(sorted(set(content) ^ _KEYS))}")
        names = tuple(feature["name"] for feature in content["features"])
        _refuse_changed_features(folder, content["features"])
        files = _files(folder, content["files"])
        if not np.isfinite([content["slope"], content["level"], content["level_reference"]]).all():
            raise ValueError("slope, level and level_reference must be numbers")
        if content["level_feature"] not in (None, *names):
            raise ValueError("the level must follow a feature of the model")
        candidate = CANDIDATES[content["candidate"]].load(files)
        if candidate.files != set(files):
            raise ValueError(f"files lists more than a {candidate.name} has")
        if not isinstance(content["card"], dict):
            raise ValueError("card must hold keys and values")
        if len(set(names)) < len(names) or not set(candidate.reads) <= set(names):
            raise ValueError("features holds one twice, or lacks one that the model reads")
        return Model(
            candidate=candidate,
            slope=float(content["slope"]),
            level=float(content["level"]),
            definition=ChurnDefinition(**content["definition"]),
            features=names,
            as_of=date.fromisoformat(content["as_of"]),
            card=content["card"],
            version=_hash(written)[:_VERSION_DIGITS],
            segments=_segments(content["segments"], names),
            level_feature=content["level_feature"],
            level_reference=float(content["level_reference"]),
        )
    except OSError as error:
        raise ModelError(
            f"{folder}: holds no whole model of churnml ({error.filename}: {error.strerror}). Name a model's folder."
        ) from error
    except KeyError as error:
        raise ModelError(
            f"{folder}: the model cannot be read ({shown(error)} is missing or unknown). Train again."
        ) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, ConfigError) as error:
        raise ModelError(f"{folder}: the model cannot be read ({shown(error)}). Train it again.") from error


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _segments(written: list[dict[str, Any]], features: tuple[str, ...]) -> tuple[Segment, ...]:
    segments = tuple(Segment(**segment) for segment in written)
    for segment in segments:
        numbers = [number for number in (segment.low, segment.high, segment.offset) if number is not None]
        if segment.feature not in features or segment.offset is None or not np.isfinite(numbers).all():
            raise ValueError("the segments must have a feature of the model and numbers for an offset and a range")
    return segments


def _files(folder: Path, written: dict[str, str]) -> dict[str, bytes]:
    """Read the listed files, each once; what differs from its hash is refused before it is parsed."""
    strange = [name for name in written if not _NAME.fullmatch(name)]
    if strange:
        raise ValueError(f"files lists {', '.join(map(repr, strange))}, which no model has")
    files = {name: read_bytes(folder / name) for name in written}
    changed = [name for name, expected in written.items() if _hash(files[name]) != expected]
    if changed:
        raise ModelError(f"{folder}: {', '.join(changed)} changed after training. Restore the model, or train again.")
    return files


def _refuse_changed_features(folder: Path, written: list[dict[str, Any]]) -> None:
    differences = []
    for feature in written:
        try:
            now = contract_of(feature["name"])
        except KeyError:
            differences.append(f"{feature['name']}: is not computed any more")
            continue
        differences += [
            f"{feature['name']}: {key} was {feature.get(key)!r}, is {value!r}"
            for key, value in {**dict.fromkeys(feature), **now}.items()
            if feature.get(key) != value
        ]
    if differences:
        raise ModelError(
            f"{folder}: the model was trained on features that are computed differently now "
            f"({shown('; '.join(differences))}). Train it again."
        )


class PyfuncModel:
    """The model as MLflow sees it: feature table in, probabilities out."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.Series:
        """Predict the probability of leaving, shape (rows,); ``params`` are not used.

        Raises
        ------
        ModelError
            Where features are missing.
        """
        X = model_input[model_input.columns.intersection(list(self.model.features))].astype("float64")
        return pd.Series(self.model.predict_proba(X), index=model_input.index, name="churn_probability")


def _load_pyfunc(path: str) -> PyfuncModel:
    """Load for ``mlflow.pyfunc``; the name is MLflow's."""
    return PyfuncModel(load_model(path))
