"""A learned effect of contacts, and what it may be used for, as a file."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, ModelError
from churnml.features.description import Description
from churnml.models.candidates.base import write_json
from churnml.models.effect import Effect, read_effect
from churnml.models.plain_files import parse_json, read_bytes, shown
from churnml.statistics.logodds import Floats

FILE = "uplift.json"
FORMAT = 1
RISK, SPREAD = "churn_probability", "churn_probability_spread"
"""Columns that the risk model gives: the probability p, and ``p (1 - p)``."""
_VERSION_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class UpliftModel:
    """A learned effect, and what it may be used for.

    Attributes
    ----------
    effect : LinearEffect or TreeEffect
        Effect of a contact.
    features : tuple of Description
        Features that it looks at.
    definition : ChurnDefinition
        Definition of leaving by which it was learned.
    as_of : date
        Day up to which outcomes were known.
    against : str
        Ranking that it was judged against, as ``scoring.rank_by`` names it.
    largest_place : int
        Largest place, by that ranking, of anybody who was contacted: of those beyond it nothing is known.
    gate_open : bool
        Whether ranking by it was shown to keep more customers and to earn more.
    sentence : str
        Sentence of the gate in English.
    figures : mapping of str to float
        Figures of the gate.
    version : str
        Hash of its file; empty before it was written.
    """

    effect: Effect
    features: tuple[Description, ...]
    definition: ChurnDefinition
    as_of: date
    against: str
    largest_place: int
    gate_open: bool
    sentence: str
    figures: Mapping[str, float | None]
    version: str = ""

    @property
    def names(self) -> list[str]:
        """Names of its features, without what the risk model gives."""
        return [feature.name for feature in self.features]

    def predict(self, X: pd.DataFrame, churn_probability: pd.Series) -> Floats:
        """Return the effect expected of a contact, in kept customers per contact.

        Parameters
        ----------
        X : pandas DataFrame
            Features.
        churn_probability : pandas Series
            Probability of leaving of the same customers, if left alone.
        """
        return self.effect.predict(with_risk(X, churn_probability))


def with_risk(X: pd.DataFrame, churn_probability: pd.Series | Floats) -> pd.DataFrame:
    """Add the columns that the risk model gives."""
    p = np.asarray(churn_probability, dtype=np.float64)
    return X.assign(**{RISK: p, SPREAD: p * (1 - p)})


def save_uplift(model: UpliftModel, folder: str | Path) -> UpliftModel:
    """Write a model as JSON.

    Returns
    -------
    UpliftModel
        The same model with its version.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT,
        "effect": model.effect.content(),
        "features": [dataclasses.asdict(feature) for feature in model.features],
        "definition": model.definition.model_dump(),
        "as_of": model.as_of.isoformat(),
        **{name: getattr(model, name) for name in ("against", "largest_place", "gate_open", "sentence")},
        "figures": dict(model.figures),
    }
    write_json(folder / FILE, content)
    return dataclasses.replace(model, version=_version((folder / FILE).read_bytes()))


def load_uplift(folder: str | Path) -> UpliftModel:
    """Read a model that `save_uplift` wrote; nothing in the file is run.

    Raises
    ------
    ModelError
        Where the folder holds none, or the file was edited or is of a newer format.
    """
    path = Path(folder) / FILE
    try:
        read = read_bytes(path)
        content = parse_json(read)
        if content["format"] != FORMAT:
            raise ModelError(
                f"{path}: is of format {shown(content['format'])}, and this churnml reads {FORMAT}. Update it."
            )
        effect = read_effect(content["effect"])
        features = tuple(Description(**feature) for feature in content["features"])
        if set(effect.columns) - {feature.name for feature in features} - {RISK, SPREAD}:
            raise ValueError("columns are no features")
        return UpliftModel(
            effect=effect,
            features=features,
            definition=ChurnDefinition(**content["definition"]),
            as_of=date.fromisoformat(content["as_of"]),
            against=str(content["against"]),
            largest_place=int(content["largest_place"]),
            gate_open=content["gate_open"] is True,
            sentence=str(content["sentence"]),
            figures=dict(content["figures"]),
            version=_version(read),
        )
    except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
        raise ModelError(f"{path}: cannot be read as a learned effect ({shown(error)}). Train it again.") from error


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_VERSION_DIGITS]


def _load_pyfunc(path: str) -> _Served:
    """Load for ``mlflow.pyfunc``; called by MLflow."""
    return _Served(load_uplift(path))


class _Served:
    def __init__(self, model: UpliftModel) -> None:
        self._model = model

    def predict(self, X: pd.DataFrame) -> Floats:
        """Return the effect of a contact; the table brings ``churn_probability`` beside the features."""
        return self._model.predict(X, X[RISK])
