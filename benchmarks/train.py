"""Time and memory of a whole training, and how much of it is more than the bare calls of ``lightgbm.train``.

    python benchmarks/train.py SHOP
    python benchmarks/train.py --customers 1000000

From the raw tables to the model registered in MLflow. Then, on the same features, everything is done once more with one
fit after the other, and every call of ``lightgbm.train`` is timed where it is made, with the matrices that it is given,
alone and on all threads: fits that stand side by side slow each other down, and would make the bare calls look dear.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command does, before OpenMP is loaded

import joblib
import lightgbm

import churnml
from churnml.config import Config
from churnml.data.simulator import simulate
from churnml.models.candidates import lightgbm as candidate
from churnml.models.model import Model
from churnml.models.rows import TrainingFrame
from churnml.tracking.trainer import Trainer
from churnml.training.rows import study


class Clock:
    """Adds up seconds by step."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._step, self._since = "read and check", time.perf_counter()

    def step(self, text: str, done: int = 0, steps: int = 1) -> None:
        """Begin a step, go on with it, or end it where all of it is done; folds are one step."""
        now = time.perf_counter()
        self.steps[self._step] = self.steps.get(self._step, 0.0) + now - self._since
        name = text.split(" 2")[0]
        # The last partition is read, and its labels are joined, after it was reported.
        self._step, self._since = "between these" if done == steps and name != "features" else name, now


def train(shop: Path, folder: Path, snapshots: int, clock: Clock) -> Model:
    """Train on a shop, and give what ships."""
    with contextlib.chdir(folder):  # runs and features are kept in the working folder
        model = Trainer(config=Config(snapshots={"at_most": snapshots})).fit(churnml.read(shop), progress=clock.step)
    clock.step("end")
    return model


def time_bare_calls(shop: Path, folder: Path, snapshots: int) -> list[float]:
    """Train with one fit after the other; gives the seconds of each call of ``lightgbm.train``."""
    bare: list[float] = []

    def timed(*args: Any, **kwargs: Any) -> lightgbm.Booster:
        start = time.perf_counter()
        booster = lightgbm.train(*args, **kwargs)
        bare.append(time.perf_counter() - start)
        return booster

    with mock.patch.object(candidate, "_train", timed), joblib.parallel_config(backend="sequential"):
        train(shop, folder, snapshots, Clock())
    return bare


def measure(shop: Path, folder: Path, snapshots: int) -> None:
    """Print seconds by step, the peak of the memory and the overhead."""
    clock = Clock()
    built: list[TrainingFrame] = []
    build = study.build_training_frame

    def build_once(*args: Any) -> TrainingFrame:
        if not built:
            built.append(build(*args))
            clock.step("between these")
        return built[0]

    study.build_training_frame = build_once
    model = train(shop, folder / "first", snapshots, clock)
    for name, seconds in clock.steps.items():
        print(f"{name:<32}{seconds:>8.1f} s")
    whole, peak = sum(clock.steps.values()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{'together':<32}{whole:>8.1f} s, {peak:.2f} GiB")
    bare = time_bare_calls(shop, folder / "second", snapshots)
    later = whole - clock.steps["read and check"] - clock.steps["features"]
    print(f"after the features{later:>22.1f} s; {len(bare)} calls of lightgbm.train alone {sum(bare):.1f} s")
    print(f"overhead {later / sum(bare) - 1:.0%}; shipped: {model.candidate.name}, version {model.version}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shop", type=Path, nargs="?")
    parser.add_argument("--customers", type=int, default=1_000_000, help="of a shop that is simulated")
    parser.add_argument("--snapshots", type=int, default=12)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for run in ("first", "second"):
            (folder / run).mkdir()
        if asked.shop is None:
            simulate(folder / "shop", customers=asked.customers, seed=1, kind="textbook")
        measure((asked.shop or folder / "shop").resolve(), folder, asked.snapshots)


if __name__ == "__main__":
    main()
