"""Small seeded training frames, without a shop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pytest

from churnml.config import Config
from churnml.training.candidates import CANDIDATES
from churnml.training.frame import TrainingFrame
from churnml.training.result import Training
from churnml.training.trainer import Trainer
from tests.training.drawn import draw_frame

MakeFrame = Callable[..., TrainingFrame]
TrainOn = Callable[..., Training]


@pytest.fixture(scope="session")
def make_frame() -> MakeFrame:
    """Give a function that draws training frames."""
    return draw_frame


@pytest.fixture(scope="session")
def train_on() -> TrainOn:
    """Give a function that trains on a frame, without a shop and without MLflow."""

    def train(frame: TrainingFrame, candidates: Sequence[str] = tuple(CANDIDATES), **settings: int) -> Training:
        config = Config(training={"bootstrap_draws": 20, "threads": 1, **settings})
        origin = {"first_day": "2023-01-01", "data_fingerprint": "0123456789abcdef"}
        return Trainer(config=config, track=False)._train_on(frame, candidates, date(2025, 1, 1), origin)

    return train


@pytest.fixture(scope="session")
def trained(make_frame: MakeFrame, train_on: TrainOn) -> Training:
    """Give a training that chose the trees."""
    training = train_on(make_frame(hidden=1.5))
    assert training.verdict.decision == "model"
    return training
