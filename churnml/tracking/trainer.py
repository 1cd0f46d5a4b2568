"""The trainer: from a shop to a model that passed the gate."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from churnml.config import Config
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.errors import ModelError, NoSkillError
from churnml.features.store import Progress, own_store
from churnml.models.artefact import with_version
from churnml.models.model import Model
from churnml.training.choose.recipe import Recipe
from churnml.training.result import Training, summarise
from churnml.training.rows.study import make_study, silent
from churnml.training.train import train

_log = logging.getLogger(__name__)


class Trainer:
    """Trains, compares and tracks retention models.

    Parameters
    ----------
    definition : ChurnDefinition, optional
        Definition of leaving; None takes that of the config.
    config : Config, optional
        Settings of everything else; None takes the defaults.
    track : bool, optional
        Whether runs and models are kept in MLflow.
    """

    def __init__(
        self, definition: ChurnDefinition | None = None, config: Config | None = None, *, track: bool = True
    ) -> None:
        self.config = config or Config()
        self.definition = definition or self.config.definition
        self.track = track

    def fit(self, shop: Shop, as_of: Day | None = None, progress: Progress | None = None) -> Model:
        """Train on all that was known at the start of a day and give the model that passed the gate.

        Parameters
        ----------
        shop : Shop
            Shop whose customers are learned from.
        as_of : date or str, optional
            Day at which the data ends: nothing on or after it is seen. None takes the start of the last day with an
            order.
        progress : callable, optional
            Function that is called with a text, the steps done and all steps.

        Returns
        -------
        Model
            Model with its version; where tracking is on, it is registered with the alias ``champion``.

        Raises
        ------
        InputError
            Where the data is too short or the shop too small.
        NoSkillError
            Where nothing is better than chance.
        """
        champion = self._champion()
        with self._kept(shop) as config, ExitStack() as open_runs:
            study = make_study(shop, config, as_of, progress or silent)
            run = open_runs.enter_context(self._run())  # a shop that is refused before leaves no run behind
            training = train(study, champion)
            for line in summarise(training, self.config.scoring.language):
                _log.info(line)
            if not self.track:
                model = None if training.model is None else with_version(training.model)
            else:
                from churnml.tracking.runs import track

                model = track(training, self.config, self.definition, run)
        if model is None:
            raise NoSkillError(training.verdict_sentence)
        return model

    @contextmanager
    def _run(self) -> Iterator[str | None]:
        """Open a run in MLflow where runs are kept; gives its id."""
        if not self.track:
            yield None
            return
        from churnml.tracking.runs import open_run

        with open_run(self.config.tracking) as run:
            yield run

    def _champion(self) -> Recipe | None:
        """Return the champion's recipe; None where there is none, or it answers another question."""
        if not self.track:
            return None
        from churnml.tracking.runs import find_model

        try:
            champion = find_model(None, self.config.tracking)
            recipe = Recipe.from_card(champion.card.recipe)
        except ModelError:
            return None
        return recipe if champion.definition == self.definition else None

    def train(self, shop: Shop, as_of: Day | None = None, progress: Progress | None = None) -> Training:
        """Train without tracking and without a champion; see ``fit``."""
        config = self._config.model_copy(update={"features": self._config.features.model_copy(update={"store": None})})
        return train(make_study(shop, config, as_of, progress or silent))

    @property
    def _config(self) -> Config:
        return self.config.model_copy(update={"definition": self.definition})

    @contextmanager
    def _kept(self, shop: Shop) -> Iterator[Config]:
        """Return the settings with a folder of this training's own for built features.

        It goes when the training is done or refused, and stays when it breaks.
        """
        config, store = self._config, self.config.features.store if self.track else None
        with ExitStack() as held:
            if store is not None:
                settings = json.dumps([self.definition.model_dump(), shop.first_day.isoformat(), sorted(shop.tables)])
                own = Path(store) / hashlib.sha256(settings.encode()).hexdigest()[:12]
                store = str(held.enter_context(own_store(own)))
            yield config.model_copy(update={"features": config.features.model_copy(update={"store": store})})
