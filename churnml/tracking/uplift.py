"""Effects of contacts in MLflow: learned, judged, kept, and found again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version as version_of_package
from pathlib import Path
from typing import Any

import numpy as np

from churnml.campaigns.readout import Lists, read_out
from churnml.config import Config, TrackingSettings
from churnml.data.scratch import Scratch
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.errors import ModelError
from churnml.models.uplift import FILE, UpliftModel, load_uplift, save_uplift
from churnml.tracking.aliases import CHALLENGER, CHAMPION, make_champion, version_at
from churnml.tracking.mlflow_store import at_store, experiment_of, first_line, missing_there
from churnml.tracking.processes import tags_of_this_process
from churnml.training.uplift.train import UpliftTraining, train_uplift

_KIND = {"kind": "uplift"}
_VERSION_TAG = "model_version"
_REQUIRED = ("churnml", "lightgbm", "numpy", "pandas")


def uplift_name(tracking: TrackingSettings) -> str:
    """Return the name under which effects are registered: that of the model, and ``-uplift``."""
    return f"{tracking.model_name}-uplift"


class UpliftTrainer:
    """Learns whom a contact keeps, from lists whose holdout was drawn by lot.

    Parameters
    ----------
    config : Config, optional
        Settings; None takes the defaults.
    track : bool, optional
        Whether runs and models are kept in MLflow.
    """

    def __init__(self, config: Config | None = None, *, track: bool = True) -> None:
        self.config = config or Config()
        self.track = track

    def fit(
        self, shop: Shop, lists: Lists, as_of: Day | None = None, real_ids: Mapping[str, str] | None = None
    ) -> UpliftTraining:
        """Learn the effect, and judge whether ranking by it keeps more customers than the ranking in use.

        Where the gate is open, the effect is registered as ``<model_name>-uplift`` with the alias ``champion``, and
        ``scoring.rank_by: uplift`` ranks by it; where it is closed, only the run is kept, and an earlier one loses the
        alias.

        Parameters
        ----------
        shop : Shop
            Shop whose orders tell what became of the customers.
        lists : path, Ranking, sequence of these, or pandas DataFrame
            Lists; see `churnml.read_out`.
        as_of : date or str, optional
            Day at which the data ends: nothing on or after it is seen.
        real_ids : mapping of str to str, optional
            Customer ids by the pseudonyms that stand for them in the ledger.

        Returns
        -------
        UpliftTraining
            Gate, figures and model.

        Raises
        ------
        InputError
            Where the lists cannot be read, or a check refuses to compare the arms.
        NothingToReadError
            Where nobody was held out, or no outcome is known yet.
        """
        training = train_uplift(shop, read_out(shop, lists, as_of, self.config, real_ids=real_ids), self.config)
        return self._kept(training) if self.track else training

    def _kept(self, training: UpliftTraining) -> UpliftTraining:
        tracking = self.config.tracking
        with at_store(tracking, makes=True) as mlflow, Scratch() as scratch:
            experiment = experiment_of(mlflow, tracking)
            tags = tags_of_this_process() | _KIND
            name = f"uplift {training.model.as_of}"
            with mlflow.start_run(
                run_name=name, experiment_id=experiment, nested=True, log_system_metrics=False, tags=tags
            ):
                model = save_uplift(training.model, scratch / "model")
                _log(mlflow, training, experiment)
                if model.gate_open:
                    _register(mlflow, model, scratch / "model", uplift_name(tracking))
                else:
                    _close(mlflow, uplift_name(tracking))
        return training.with_model(model)


def find_uplift(tracking: TrackingSettings) -> UpliftModel:
    """Load the effect by which lists may be ranked.

    Raises
    ------
    ModelError
        Where there is none, its gate is closed, or its file is not the one that was registered.
    """
    name = uplift_name(tracking)
    remedy = "Learn it from lists (churnml train-uplift); until its gate is open, rank by another setting."
    with at_store(tracking) as mlflow:
        try:
            found = mlflow.MlflowClient().get_model_version_by_alias(name, CHAMPION)
            local = mlflow.artifacts.download_artifacts(f"models:/{name}/{found.version}")
        except (mlflow.exceptions.MlflowException, OSError) as error:
            missing_there(error)
            raise ModelError(
                f"scoring.rank_by: there is no effect to rank by ({name}: {first_line(error)}). {remedy}"
            ) from error
        model = load_uplift(next(Path(local).rglob(FILE)).parent)
        if found.tags.get(_VERSION_TAG) != model.version:
            raise ModelError(f"{name}: its file was changed after training. Restore it, or train again.")
    if not model.gate_open:
        raise ModelError(f"scoring.rank_by: {model.sentence} {remedy}")
    return model


def _log(mlflow: Any, training: UpliftTraining, experiment: str) -> None:
    model = training.model
    mlflow.log_params(
        {
            "campaign": training.campaign,
            "as_of": model.as_of,
            "candidate": model.effect.candidate,
            "against": model.against,
            "listed": training.listed,
            "held_out": training.held_out,
            "blocks": len(training.gate.looks),
            **{f"definition.{key}": value for key, value in model.definition.model_dump().items()},
        }
    )
    mlflow.set_tags({"verdict": "open" if model.gate_open else "closed", "verdict.sentence": model.sentence})
    mlflow.log_metrics({f"gate.{name}": value for name, value in model.figures.items() if value is not None})
    for step, look in enumerate(training.gate.looks, 2):
        mlflow.log_metrics({"gate.z_kept": look.z_kept, "gate.z_profit": look.z_profit}, step=step)
    for candidate, error in training.criteria.items():
        with mlflow.start_run(run_name=candidate, experiment_id=experiment, nested=True, tags=tags_of_this_process()):
            mlflow.log_params({"candidate": candidate, "chosen": candidate == model.effect.candidate})
            if np.isfinite(error):
                mlflow.log_metric("squared_error", error)


def _register(mlflow: Any, model: UpliftModel, folder: Path, name: str) -> None:
    types = mlflow.types
    info = mlflow.pyfunc.log_model(
        name="model",
        loader_module="churnml.models.uplift",
        data_path=str(folder),
        signature=mlflow.models.ModelSignature(outputs=types.Schema([types.ColSpec("double", "effect")])),
        pip_requirements=[f"{package}=={version_of_package(package)}" for package in _REQUIRED],
        metadata={_VERSION_TAG: model.version},
    )
    client, champion = mlflow.MlflowClient(), version_at(mlflow, name, CHAMPION)
    if champion is not None and client.get_model_version(name, champion).tags.get(_VERSION_TAG) == model.version:
        return
    registered = mlflow.register_model(info.model_uri, name, tags={_VERSION_TAG: model.version})
    client.update_model_version(name, registered.version, model.sentence)
    client.set_registered_model_alias(name, CHALLENGER, registered.version)
    make_champion(mlflow, name, str(registered.version), "train", datetime.now(UTC))


def _close(mlflow: Any, name: str) -> None:
    """Take the alias from an effect whose gate has closed."""
    if version_at(mlflow, name, CHAMPION) is not None:
        mlflow.MlflowClient().delete_registered_model_alias(name, CHAMPION)
