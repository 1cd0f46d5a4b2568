"""What training under one's own lists does to the probability of leaving, on simulated shops contacted for a year.

python benchmarks/under_lists.py [--seeds 10] [--customers 3000] [--every 7] [--capacity 150] [--strength .8]

Lists are made every week, and their contacts are fed back to the shop. Then nobody is contacted any more; once no
contact acts any longer, models are trained with `training.treated: reweigh` and `keep`, and what becomes of the
customers is what becomes of those who are left alone. Beside them stands a model of the same shop in which nobody was
ever contacted: by how much its level is wrong, that of the others would be wrong without any list. Calibration is said
of all, and of those to save, whom lists contact; over seeds, with the standard error of their mean.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

import churnml
from churnml import Config, Shop
from churnml.data.simulator.campaigns import list_contacts
from churnml.data.simulator.treatment import Treatment
from churnml.models.model import Model
from churnml.workflow import score

FIRST, LAST, OPEN_DAYS = date(2025, 7, 1), date(2026, 6, 30), 60
HORIZON = 90
PARTS = ("all", "to save")


def made(config: Config, shop: Shop, day: date) -> Model:
    """Train on a shop."""
    return churnml.Trainer(config=config, track=False).fit(shop, day)


def differences(model: Model, config: Config, now: Shop, later: Shop, day: date) -> dict[str, float]:
    """Tell by how much more is said than what becomes of the customers, of all and of those to save."""
    rows = churnml.Scorer(model, config).rank(now, day).columns("customer_id", "churn_probability", "group")
    left = rows["customer_id"].map(churnml.labels(later, day, config.definition, day + timedelta(HORIZON)))
    more = rows["churn_probability"] - left.astype(float)
    return {"all": float(more.mean()), "to save": float(more[rows["group"] == "to_save"].mean())}


def of_seed(seed: int, asked: argparse.Namespace) -> dict[str, float]:
    """Let a shop live with lists for a year, and without, and tell what its models say of those left alone."""
    treatment = Treatment(strength=asked.strength, open_days=OPEN_DAYS)
    told: dict[str, Any] = {
        "customers": asked.customers,
        "seed": seed,
        "end": "2026-12-31",
        "years": 2.5,
        "season": 0.0,  # the level moves with the season, which is another question
        "jobs": 1,
    }
    config = Config.model_validate(
        {
            "definition": {"horizon_days": HORIZON},
            "scoring": {"capacity": asked.capacity},
            "reporting": {"rows": 5, "periods": 0, "keep": None},
            "plays": {"holdout": {"share": asked.share}},
            "training": {"candidates": ["recency_rule", "rfm_logistic", "spline_logistic"]},
        }
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder, lists = Path(scratch), Path(scratch) / "lists"

        def live(name: str, until: date, contacts: pd.DataFrame | None = None) -> Shop:
            churnml.simulate(folder / name, until=until, contacts=contacts, treatment=treatment, **told)
            return churnml.read(folder / name)

        shop, day = live("shop", FIRST), FIRST
        model = made(config, shop, day)
        while day <= LAST:
            score(shop, lists, config, model=model, snapshot_date=day)
            day += timedelta(days=asked.every)
            shop = live("shop", day, list_contacts(lists, treatment, seed))
        contacts = list_contacts(lists, treatment, seed)
        day += timedelta(days=OPEN_DAYS + 1)
        later = day + timedelta(days=HORIZON)
        shop, what_came = live("shop", day, contacts), live("later", later, contacts)
        found = churnml.read_out(shop, lists, day, config).measured["retention"]["save_share"]
        row = {"save share": found["value"] if found else float("nan")}
        for how in ("reweigh", "keep"):
            training = config.training.model_copy(update={"treated": how, "lists": str(lists)})
            of_how = config.model_copy(update={"training": training})
            model = made(of_how, shop, day)
            row |= {f"{how}, {part}": d for part, d in differences(model, of_how, shop, what_came, day).items()}
        shop, what_came = live("alone", day), live("alone later", later)
        model = made(config, shop, day)
        row |= {f"no lists, {part}": d for part, d in differences(model, config, shop, what_came, day).items()}
    return row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--every", type=int, default=7)
    parser.add_argument("--capacity", type=int, default=150)
    parser.add_argument("--strength", type=float, default=0.8)
    parser.add_argument("--share", type=float, default=0.1)
    asked = parser.parse_args()
    rows = []
    for seed in range(1, asked.seeds + 1):
        rows.append(of_seed(seed, asked))
        print(seed, {name: round(value, 4) for name, value in rows[-1].items()}, flush=True)
    table = pd.DataFrame(rows)
    for part in PARTS:
        for how in ("reweigh", "keep"):
            table[f"{how} less no lists, {part}"] = table[f"{how}, {part}"] - table[f"no lists, {part}"]
    for name, values in table.items():
        error = values.std() / len(values) ** 0.5
        print(f"{name}: {values.mean():+.4f} (s.e. {error:.4f}; {values.mean() / error:+.1f})")
