"""Time and memory of a whole training, and how much of it is more than the bare calls of ``lightgbm.train``.

    python benchmarks/train.py SHOP
    python benchmarks/train.py --customers 1000000

From the raw tables to the model registered in MLflow. Every call of ``lightgbm.train`` is timed where it is made, with
the matrices that it is given.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command does, before OpenMP is loaded

import lightgbm

import churnml
from churnml.config import Config
from churnml.data.simulator import simulate
from churnml.training.trainer import Trainer


class Clock:
    """Adds up seconds by step, and those within ``lightgbm.train``."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self.bare, self.calls = 0.0, 0
        self._step, self._since = "read and check", time.perf_counter()

    def step(self, text: str, done: int = 0, steps: int = 1) -> None:
        """Begin a step, go on with it, or end it where all of it is done; folds are added up by candidate."""
        now = time.perf_counter()
        self.steps[self._step] = self.steps.get(self._step, 0.0) + now - self._since
        self._step, self._since = "between these" if done == steps else text.split(": ")[-1], now

    def train(self, *args: Any, **kwargs: Any) -> lightgbm.Booster:
        """Call ``lightgbm.train``."""
        start = time.perf_counter()
        booster = _TRAIN(*args, **kwargs)
        self.bare += time.perf_counter() - start
        self.calls += 1
        return booster


_TRAIN = lightgbm.train


def measure(shop: Path, folder: Path, snapshots: int) -> None:
    """Train on a shop and print seconds by step, the overhead and the peak of the memory."""
    clock = Clock()
    lightgbm.train = clock.train
    config = Config(
        snapshots={"at_most": snapshots},
        tracking={"uri": f"sqlite:///{folder / 'mlflow.db'}"},
        features={"store": str(folder / "features")},
    )
    model = Trainer(config=config).fit(churnml.read(shop), progress=clock.step)
    clock.step("end")
    for name, seconds in clock.steps.items():
        print(f"{name:<32}{seconds:>8.1f} s")
    whole = sum(clock.steps.values())
    later = whole - clock.steps["read and check"] - clock.steps["features"]
    print(f"{'together':<32}{whole:>8.1f} s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    print(f"after the features{later:>22.1f} s, of which {clock.calls} calls of lightgbm.train {clock.bare:.1f} s")
    print(f"overhead {later / clock.bare - 1:.0%}; shipped: {model.candidate.name}, version {model.version}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shop", type=Path, nargs="?")
    parser.add_argument("--customers", type=int, default=1_000_000, help="of a shop that is simulated")
    parser.add_argument("--snapshots", type=int, default=12)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.shop is None:
            simulate(folder / "shop", customers=asked.customers, seed=1)
        measure(asked.shop or folder / "shop", folder, asked.snapshots)


if __name__ == "__main__":
    main()
