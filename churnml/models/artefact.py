"""The artefact: a model as text files, read back without running any code from them."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.data.scratch import Scratch
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, ModelError
from churnml.features.description import Description
from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import write_json
from churnml.models.candidates.logistic import RecencyRule
from churnml.models.card import Card
from churnml.models.model import Model
from churnml.models.plain_files import parse_json, read_bytes, shown
from churnml.models.profile import FILE as PROFILE
from churnml.models.profile import Profile
from churnml.models.segments import Segment
from churnml.models.upgrade import upgrade
from churnml.models.value import LearnedValue

FORMAT = 5
_FILE = "model.json"
_KEYS = {
    *("format", "candidate", "bound", "slope", "level", "level_feature", "level_reference", "segments"),
    *("value", "definition", "features", "as_of", "card", "files"),
}
_VERSION_DIGITS = 12
_NAME = re.compile(r"[a-z_]+[0-9]?\.(json|txt)")
_FEATURE = re.compile(r"[a-z][a-z0-9_]*")


def save_model(model: Model, folder: str | Path) -> Model:
    """Write a model as JSON and LightGBM text; no pickle.

    Parameters
    ----------
    model : Model
        Model to write.
    folder : str or Path
        Folder to write to, empty or missing.

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
    if model.profile is not None:
        (folder / PROFILE).write_text(model.profile.to_json(), encoding="utf-8")
    content = {
        "format": FORMAT,
        "candidate": model.candidate.name,
        "bound": model.candidate.bound if np.isfinite(model.candidate.bound) else None,
        "slope": model.slope,
        "level": model.level,
        "level_feature": model.level_feature,
        "level_reference": model.level_reference,
        "segments": [segment.to_card() for segment in model.segments],
        "value": None if model.value is None else model.value.to_json(),
        "definition": model.definition.model_dump(),
        "features": [dataclasses.asdict(feature) for feature in model.features],
        "as_of": model.as_of.isoformat(),
        "card": model.card.to_json(),
        "files": {path.name: _hash(path.read_bytes()) for path in sorted(folder.iterdir())},
    }
    write_json(folder / _FILE, content)
    return dataclasses.replace(model, version=_hash((folder / _FILE).read_bytes())[:_VERSION_DIGITS])


def with_version(model: Model) -> Model:
    """Return a model with the version that its files would have."""
    with Scratch() as scratch:
        return save_model(model, scratch)


PackedModel = tuple[tuple[str, bytes], ...]


def pack_model(model: Model) -> PackedModel:
    """Return a model as the names and the contents of its files, which may travel to another machine."""
    with Scratch() as scratch:
        save_model(model, scratch)
        return tuple((path.name, path.read_bytes()) for path in sorted(scratch.iterdir()))


@lru_cache(maxsize=1)
def unpack_model(files: PackedModel) -> Model:
    """Return the model of files from `pack_model`; the last one is kept, for many pieces of rows."""
    with Scratch() as scratch:
        for name, content in files:
            (scratch / name).write_bytes(content)
        return load_model(scratch)


def load_model(folder: str | Path) -> Model:
    """Read a model that ``save_model`` wrote; nothing in the files is run.

    Raises
    ------
    ModelError
        Where the folder holds no model, a newer format, files that were edited or cut off, or what is no plain small
        file.
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
        if content["format"] < FORMAT:
            content = upgrade(content)
        if set(content) != _KEYS:
            raise ValueError(f"keys that are not known or missing: {', '.join(sorted(set(content) ^ _KEYS))}")
        features = _described(content["features"])
        names = tuple(feature.name for feature in features)
        files = _files(folder, content["files"])
        profile = files.pop(PROFILE, None)
        if not np.isfinite([content["slope"], content["level"], content["level_reference"]]).all():
            raise ValueError("slope, level and level_reference must be numbers")
        if content["level_feature"] not in (None, *names):
            raise ValueError("the level must follow a feature of the model")
        bound = np.inf if content["bound"] is None else float(content["bound"])
        if not bound > 0:
            raise ValueError("bound must be a number above 0, or null")
        candidate = CANDIDATES[content["candidate"]].load(files).bounded(bound)
        if candidate.files != set(files):
            raise ValueError(f"files lists more than a {candidate.name} has")
        if len(set(names)) < len(names) or not set(candidate.reads) <= set(names):
            raise ValueError("features holds one twice, or lacks one that the model reads")
        return Model(
            candidate=candidate,
            slope=float(content["slope"]),
            level=float(content["level"]),
            definition=ChurnDefinition(**content["definition"]),
            features=features,
            as_of=date.fromisoformat(content["as_of"]),
            card=Card.from_json(content["card"]),
            version=_hash(written)[:_VERSION_DIGITS],
            segments=_segments(content["segments"], names),
            level_feature=content["level_feature"],
            level_reference=float(content["level_reference"]),
            value=None if content["value"] is None else LearnedValue.from_json(content["value"]),
            profile=None if profile is None else Profile.from_json(profile),
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


def _described(written: list[dict[str, Any]]) -> tuple[Description, ...]:
    """Read what the features are. Format 3 knew neither concept nor side, which the scorer brings up to date."""
    known = {field.name for field in dataclasses.fields(Description)}
    for feature in written:
        strange = sorted(set(feature) - known)
        if strange:
            raise ValueError(f"{feature['name']}: has {', '.join(strange)}, which no feature has")
        if not _FEATURE.fullmatch(feature["name"]):
            raise ValueError(f"features lists {feature['name']!r}, which is no name")
        texts = [value for key, value in feature.items() if key not in ("window_days", "fill")]
        days, fill = feature["window_days"], feature["fill"]
        if not all(isinstance(text, str) for text in texts) or fill not in (0, None):
            raise ValueError(f"{feature['name']}: must be described by texts, and filled with 0 or nothing")
        if days is not None and (type(days) is not int or days < 1):
            raise ValueError(f"{feature['name']}: window_days must be a number of days")
    return tuple(Description(**feature) for feature in written)


class PyfuncModel:
    """The model as MLflow sees it: a table of features in, probabilities out.

    MLflow's own check of inputs refuses whole numbers of 64 bits, nullable ones and tables that are not pandas', and
    warns of each column that the model does not read; so the model is registered without it, and looks itself.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._features = {feature.name: feature for feature in model.features}

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.Series:
        """Predict the probability of leaving, shape (rows,).

        Parameters
        ----------
        model_input : pandas DataFrame, Polars DataFrame, Arrow table or records
            Table with the model's features as columns, whatever type their numbers have. Other columns do not matter. A
            feature that is null where there is nothing to tell may be left out, as JSON often leaves null out; one that
            is 0 there, or that every customer has, may not.
        params : dict of str to object, optional
            Parameters that MLflow passes; not used.

        Raises
        ------
        ModelError
            Where features are missing that no customer lacks, or a value is no number.
        """
        table = _as_pandas(model_input)
        missing = [name for name in self.model.names if name not in table.columns]
        columns = {name: _numbers(table[name]) for name in self.model.names if name in table.columns}
        columns |= {name: np.full(len(table), np.nan) for name in missing if self._may_be_null(name)}
        X = pd.DataFrame(columns, index=table.index)
        return pd.Series(self.model.predict_proba(X), index=table.index, name="churn_probability")

    def _may_be_null(self, name: str) -> bool:
        """Check whether a customer may have no value: counts and sums of nothing are 0, and the eligible ordered."""
        ordered = self.model.definition.kind != "subscription_end" and name in RecencyRule.columns
        return self._features[name].fill is None and not ordered


def _as_pandas(given: Any) -> pd.DataFrame:
    """Return a table of pandas for one of pandas, Polars or Arrow, or for records."""
    if hasattr(given, "collect"):  # a lazy one of Polars'
        given = given.collect()
    if hasattr(given, "to_pandas"):
        given = given.to_pandas()
    if isinstance(given, dict):
        given = pd.DataFrame(given, index=None if any(map(pd.api.types.is_list_like, given.values())) else [0])
    elif isinstance(given, list) and all(isinstance(record, dict) for record in given):
        given = pd.DataFrame(given)
    if not isinstance(given, pd.DataFrame):
        raise ModelError(
            f"The model needs a table whose columns have names (received a {type(given).__name__}). Pass a DataFrame."
        )
    return given


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return a column of any type as numbers; null is NaN."""
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{column.name}: holds values that are no numbers ({shown(error)}). Pass numbers, or null."
        ) from error


def _load_pyfunc(path: str) -> PyfuncModel:
    """Load for ``mlflow.pyfunc``; the name is MLflow's."""
    return PyfuncModel(load_model(path))
