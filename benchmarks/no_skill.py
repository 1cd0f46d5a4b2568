"""How often a model is promoted where there is nothing to learn: labels permuted within each snapshot.

    python benchmarks/no_skill.py SHOP --as-of 2011-09-01 --horizon 90 --active 365 --seeds 100 --cheap

``--cheap`` compares the rules alone; without it all candidates are, end to end from the built features on.
"""

from __future__ import annotations

import argparse
import dataclasses
from datetime import date

import numpy as np

import churnml
from churnml.config import Config
from churnml.data.population import data_end, training_snapshots
from churnml.definition import ChurnDefinition
from churnml.features.registry import available
from churnml.training.frame import TrainingFrame, build_training_frame
from churnml.training.trainer import Trainer

CHEAP = ["recency_rule", "bg_nbd", "rfm_logistic"]


def permuted(frame: TrainingFrame, seed: int) -> TrainingFrame:
    """Give the same rows with the outcomes of each snapshot in another order."""
    rng = np.random.default_rng(seed)
    churned = frame.churned.copy()
    for day in frame.days:
        rows = np.flatnonzero(frame.snapshots == day)
        churned[rows] = churned[rng.permutation(rows)]
    return dataclasses.replace(frame, churned=churned)


def main() -> None:
    """Count promotions over seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shop")
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--horizon", type=int, default=90)
    parser.add_argument("--active", type=int, default=365)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--cheap", action="store_true")
    asked = parser.parse_args()
    definition = ChurnDefinition(horizon_days=asked.horizon, active_days=asked.active)
    candidates = {"candidates": CHEAP} if asked.cheap else {}
    config = Config(definition=definition, training={"bootstrap_draws": 20, **candidates})
    shop = churnml.read(asked.shop)
    end = data_end(shop, date.fromisoformat(asked.as_of), definition.horizon_days)
    snapshots = training_snapshots(shop.first_day, end, definition, config.snapshots.every_days)
    frame = build_training_frame(
        shop, definition, snapshots, available(shop, None, end), end, config.training.max_rows, config.seed
    )
    names = [name for name in config.training.candidates if name]
    promoted = []
    for seed in range(asked.seeds):
        found = Trainer(config=config, track=False)._train_on(permuted(frame, seed), names, end, {})
        if found.model is not None:
            promoted.append(seed)
            print(f"seed {seed}: {found.card['candidate']} was promoted", flush=True)
    print(f"{len(promoted)} promotions in {asked.seeds} seeds")


if __name__ == "__main__":
    main()
