"""Whether reasons name what made simulated customers leave, and whether their sentences are true.

    python -m benchmarks.reasons --customers 10000 --seeds 1 2 3
    python -m benchmarks.reasons --customers 10000 --seeds 1 --strength 0.6 --years 2

For each seed a shop with all effects, and one more with each effect switched off, are simulated, trained as of 90 days
before the end of their data, and ranked on that day. The simulator's truth is read here alone.

``caused``: of the customers whom the driver made leave before that day, the share with its concept among the first two
reasons. ``never``: of those never exposed to it, the share with it among all three; for the pace, of those whose gap
before the last order was at most their usual one. ``off``: with the effect switched off, of those exposed to it at
their last decision, the share with it among all three.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import churnml
from churnml.config import Config
from churnml.data.history import History
from churnml.data.simulator import DRIVERS, KINDS, Effects, simulate
from churnml.features.available import available
from churnml.features.builder import build
from churnml.features.family_catalogue import catalogue
from churnml.features.sentences import Sentences
from churnml.scoring.reasons import Reason, ReasonWriter, Told
from churnml.tracking.trainer import Trainer
from churnml.words import Language
from tests.scoring.facts import compute_facts, read_tables

CONCEPTS = dict(zip(DRIVERS, ("delivery", "complaints", "price", "pace"), strict=True))
END = date(2025, 7, 1)
HORIZON_DAYS = 90
LANGUAGES: tuple[Language, ...] = ("en", "tr")


def told(folder: Path, day: date, config: Config) -> tuple[str, pd.DataFrame, dict[Language, list[Told]]]:
    """Train a shop as of a day and write its reasons on that day: the candidate chosen, features, reasons."""
    shop = churnml.read(folder)
    definition = churnml.ChurnDefinition(horizon_days=HORIZON_DAYS)
    model = Trainer(definition, config, track=False).fit(shop, as_of=day)
    there = {feature.name: feature for feature in available(shop)}
    X = build(History(shop, day), definition, [there[name] for name in model.names])
    contributions = model.contributions(X)[1]
    least = config.scoring.min_reason_weight
    written = {
        language: ReasonWriter(X, Sentences(catalogue(), language, "EUR"), least, contributions).write(X, contributions)
        for language in LANGUAGES
    }
    return model.candidate.name, X, written


def groups(folder: Path, day: date, customers: pd.Index) -> dict[str, dict[str, np.ndarray]]:
    """Tell by driver whom it made leave before a day, who was never exposed to it, and who was at the last decision."""
    now = pd.Timestamp(day)
    truth = pd.read_parquet(folder / "truth" / "customers.parquet").set_index("customer_id").reindex(customers)
    orders = pd.read_parquet(folder / "truth" / "orders.parquet").merge(
        pd.read_parquet(folder / "orders.parquet", columns=["order_id", "ordered_at"]), on="order_id"
    )
    orders = orders[orders.ordered_at < now].sort_values(["customer_id", "ordered_at"])
    orders["gap_days"] = orders.groupby("customer_id").ordered_at.diff().dt.total_seconds() / 86_400
    last = orders.groupby("customer_id").tail(1).set_index("customer_id").reindex(customers)
    found = {}
    for driver in DRIVERS:
        ever = orders.groupby("customer_id")[f"exposed_{driver}"].any().reindex(customers)
        found[driver] = {
            "caused": ((truth.cause == driver) & (truth.left_at < now)).to_numpy(),
            "never": ~ever.to_numpy(dtype=bool),
            "exposed": (last[f"exposed_{driver}"].astype(bool) & (last.decided_at < now)).to_numpy(),
        }
    found["own_pace"]["never"] = (last.gap_days <= truth.pace_days).to_numpy()
    return found


def shares(folder: Path, day: date, X: pd.DataFrame, written: list[Told], off: str | None) -> list[dict[str, object]]:
    """Give the shares of a shop, a row per driver and kind."""
    rows: list[dict[str, object]] = []
    for driver, who in groups(folder, day, X.index).items():
        if off not in (None, driver):
            continue
        named = np.array([[CONCEPTS[driver] in _concepts(one.leaving[:most]) for most in (2, 3)] for one in written])
        kinds = [("off", "exposed", 1)] if off else [("caused", "caused", 0), ("never", "never", 1)]
        rows += [
            {
                "driver": driver,
                "kind": kind,
                "customers": int(who[group].sum()),
                "named": named[who[group], place].mean(),
            }
            for kind, group, place in kinds
        ]
    return rows


def _concepts(reasons: tuple[Reason, ...]) -> set[str]:
    return {reason.concept for reason in reasons}


def false_sentences(
    folder: Path, day: date, X: pd.DataFrame, written: dict[Language, list[Told]], most: int
) -> tuple[int, int, list[str]]:
    """Write sentences once more with numbers from the raw tables: how many were compared, not compared, and differ."""
    facts = compute_facts(read_tables(folder), pd.Timestamp(day), X.index)
    # What a model estimates is no fact of the tables; the numbers beside it are.
    estimates = [name for name in X if name.startswith("btyd_") or name == "gap_last_to_usual_ratio"]
    facts = pd.concat([facts, X[estimates]], axis=1)
    rows = facts.to_dict("index")
    compared, skipped, wrong = 0, 0, []
    for language, all_told in written.items():
        for customer, one in zip(X.index, all_told, strict=True):
            for reason in (*one.leaving, *one.staying):
                if reason.feature not in facts:
                    skipped += 1
                elif compared < most * (1 + (language != LANGUAGES[0])):
                    compared += 1
                    if Sentences(catalogue(), language, "EUR").write(reason.feature, rows[customer]) != reason.sentence:
                        wrong.append(f"{customer}: {reason.sentence}")
    return compared, skipped, wrong


def main() -> None:
    """Simulate, train, rank and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--strength", type=float, default=1.0, help="factor of all effects")
    parser.add_argument("--years", type=float, default=3.0)
    parser.add_argument("--kind", choices=list(KINDS), default="textbook")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sentences", type=int, default=5_000, help="sentences that are compared, per language")
    parser.add_argument("--only", nargs="+", choices=["none", *DRIVERS], help="shops without this effect only")
    options = parser.parse_args()
    config = Config.model_validate({"training": {"threads": options.threads}, "features": {"store": None}})
    strengths = {driver: getattr(Effects(), driver) * options.strength for driver in DRIVERS}
    day = END - timedelta(days=HORIZON_DAYS)
    found: list[dict[str, object]] = []
    for seed in options.seeds:
        for off in options.only or ["none", *DRIVERS]:
            with tempfile.TemporaryDirectory() as made:
                folder = Path(made)
                effects = Effects(**{**strengths, **({} if off == "none" else {off: 0.0})})
                simulate(
                    folder,
                    options.customers,
                    seed,
                    effects,
                    END.isoformat(),
                    options.years,
                    jobs=1,
                    kind=options.kind,
                )
                candidate, X, written = told(folder, day, config)
                rows = shares(folder, day, X, written["en"], None if off == "none" else off)
                found += [{"seed": seed, "candidate": candidate, **row} for row in rows]
                for row in found[-len(rows) :]:
                    who = f"seed {seed} {candidate:10} {row['driver']:14} {row['kind']:7}"
                    print(f"{who} {row['customers']:6,} customers, named for {row['named']:.1%}", flush=True)
                if off == "none":
                    compared, skipped, wrong = false_sentences(folder, day, X, written, options.sentences)
                    print(
                        f"{compared:,} sentences compared with the tables, {len(wrong)} false; {skipped:,} not compared"
                    )
                    print(*wrong[:10], sep="\n")
    print(pd.DataFrame(found).groupby(["driver", "kind"], sort=False).named.agg(["min", "mean", "max"]).round(3))


if __name__ == "__main__":
    main()
