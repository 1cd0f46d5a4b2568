"""Time and memory of a whole scoring: features, probabilities, reasons and all files.

    python benchmarks/score.py --customers 1000000
    python benchmarks/score.py --shop SHOP

The model is trained on a small simulated shop with the same tables; what is measured is the scoring of the large one.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import churnml
from churnml.config import Config
from churnml.data.simulator import simulate
from churnml.models.artefact import save_model
from churnml.models.model import Model
from churnml.tracking.trainer import Trainer
from churnml.workflow import score


def small_model(folder: Path, customers: int) -> Model:
    """Train a model with all features on a small shop."""
    simulate(folder / "small", customers=customers, seed=7, kind="textbook")
    config = Config(training={"folds": 2, "bootstrap_draws": 20})
    shop = churnml.read(folder / "small")
    return save_model(Trainer(config=config, track=False).fit(shop, shop.last_day), folder / "model")


def main() -> None:
    """Score a shop and print seconds by step, the size of every file and the peak of the memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--shop", type=Path, help="a simulated shop that is there already")
    parser.add_argument("--trained-on", type=int, default=5_000, metavar="CUSTOMERS")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop_folder = asked.shop or folder / "shop"
        if asked.shop is None:
            simulate(shop_folder, customers=asked.customers, seed=1, kind="textbook")
        model = small_model(folder, asked.trained_on)
        start = time.perf_counter()
        shop = churnml.read(shop_folder)
        read = time.perf_counter()
        outcome = score(shop, folder / "list", Config(), model=model, snapshot_date=shop.last_day)
        done = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{len(outcome.ranking):,} customers ranked, model: {model.candidate.name}, {len(model.features)} features"
        )
        print(f"read and check {read - start:.1f} s, score and write {done - read:.1f} s, peak {peak:.2f} GiB")
        for path in outcome.files:
            print(f"  {path.name:<16} {path.stat().st_size / 2**20:8.1f} MiB")


if __name__ == "__main__":
    main()
