"""The artefact: a model as text files, read back without running any code from them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, ModelError
from churnml.features.registry import family_of
from churnml.features.registry import feature as feature_of
from churnml.training.candidates import CANDIDATES
from churnml.training.candidates.base import write_json
from churnml.training.model import Model

FORMAT = 1
_FILE = "model.json"


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
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT,
        "candidate": model.candidate.name,
        "slope": model.slope,
        "level": model.level,
        "definition": model.definition.model_dump(),
        "features": [contract_of(name) for name in model.features],
        "as_of": model.as_of.isoformat(),
        "card": model.card,
    }
    write_json(folder / _FILE, content)
    model.candidate.save(folder)
    return dataclasses.replace(model, version=version_of(folder))


def load_model(folder: str | Path) -> Model:
    """Read a model that ``save_model`` wrote; nothing in the files is run.

    Raises
    ------
    ModelError
        Where the folder holds no model, a newer format, or features that this version computes differently.
    """
    folder = Path(folder)
    try:
        content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        written = content["format"]
        if written > FORMAT:
            raise ModelError(
                f"{folder}: the model has format {written}, but this churnml reads up to {FORMAT}. Update churnml."
            )
        names = tuple(feature["name"] for feature in content["features"])
        _refuse_changed_features(folder, content["features"])
        return Model(
            candidate=CANDIDATES[content["candidate"]].load(folder),
            slope=float(content["slope"]),
            level=float(content["level"]),
            definition=ChurnDefinition(**content["definition"]),
            features=names,
            as_of=date.fromisoformat(content["as_of"]),
            card=content["card"],
            version=version_of(folder),
        )
    except OSError as error:
        raise ModelError(f"{folder}: holds no model of churnml ({error.strerror}). Name a model's folder.") from error
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise ModelError(f"{folder}: the model cannot be read ({error!r}). Train it again.") from error


def version_of(folder: Path) -> str:
    """Hash the artefact's own files: 12 hex digits of SHA-256 over names and contents."""
    digest = hashlib.sha256()
    files = [path for path in folder.iterdir() if path.name == _FILE or path.suffix in (".txt", ".json")]
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


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
            for key, value in now.items()
            if feature.get(key) != value
        ]
    if differences:
        raise ModelError(
            f"{folder}: the model was trained on features that are computed differently now "
            f"({'; '.join(differences)}). Train it again."
        )


def contract_of(name: str) -> dict[str, str | int | None]:
    """Describe what a model relies on in a feature: a change of it makes older models unusable.

    Raises
    ------
    KeyError
        Where the feature is not known.
    """
    declared = feature_of(name)
    return {
        "name": declared.name,
        "unit": declared.unit,
        "window_days": declared.window_days,
        "fill": declared.fill,
        "describe": declared.describe,
        "family": family_of(name).name,
    }


class PyfuncModel:
    """The model as MLflow sees it: feature table in, probabilities out."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.Series:
        """Predict the probability of leaving, shape (rows,); ``params`` are not used."""
        X = model_input.reindex(columns=list(self.model.features)).astype("float64")
        return pd.Series(self.model.predict_proba(X), index=model_input.index, name="churn_probability")


def _load_pyfunc(path: str) -> PyfuncModel:
    """Load for ``mlflow.pyfunc``; the name is MLflow's."""
    return PyfuncModel(load_model(path))
