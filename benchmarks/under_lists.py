"""What training under one's own lists does to the probability of leaving, on a simulated shop contacted for a year.

python benchmarks/under_lists.py [--customers 2000] [--strength .4] [--every 28] [--capacity 250] [--seed 7]

Lists are made every four weeks, and their contacts are fed back to the shop. Then nobody is contacted any more; once no
contact acts any longer (35 days), models are trained with `training.treated: reweigh` and `keep`, and what becomes of
the customers is what becomes of those who are left alone. Calibration is said of all, and of those to save, whom lists
contact.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np

import churnml
from churnml.campaigns.ledger import read_ledger
from churnml.data.simulator.campaigns import list_contacts
from churnml.data.simulator.treatment import Treatment
from churnml.workflow import score

FIRST, LAST, QUIET_DAYS = date(2025, 7, 1), date(2026, 6, 30), 35


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--strength", type=float, default=0.4)
    parser.add_argument("--every", type=int, default=28)
    parser.add_argument("--capacity", type=int, default=250)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    treatment = Treatment(strength=asked.strength, open_days=60)
    told = {
        "customers": asked.customers,
        "seed": asked.seed,
        "end": "2026-12-31",
        "years": 2.5,
        "season": 0.0,  # the level moves with the season, which is another question
        "treatment": treatment,
    }
    config = churnml.Config.model_validate(
        {
            "scoring": {"capacity": asked.capacity},
            "reporting": {"rows": 5, "periods": 0, "keep": None},
            "plays": {"holdout": {"share": asked.share}},
            "training": {"candidates": ["recency_rule", "rfm_logistic", "spline_logistic"]},
        }
    )
    with tempfile.TemporaryDirectory() as scratch:
        shop, lists = Path(scratch) / "shop", Path(scratch) / "lists"
        churnml.simulate(shop, until=FIRST, **told)
        model = churnml.Trainer(config=config, track=False).fit(churnml.read(shop), FIRST)
        day, start = FIRST, time.perf_counter()
        while day <= LAST:
            score(churnml.read(shop), lists, config, model=model, snapshot_date=day)
            day += timedelta(days=asked.every)
            churnml.simulate(shop, until=day, contacts=list_contacts(lists, treatment, asked.seed), **told)
        ledger = read_ledger(lists)
        seconds, held = time.perf_counter() - start, int((ledger.arm == "held out").sum())
        print(f"{len(ledger):,} entered, {held:,} held out ({seconds:.0f} s)", flush=True)
        contacts = list_contacts(lists, treatment, asked.seed)
        day += timedelta(days=QUIET_DAYS)
        until = day + timedelta(days=90)
        churnml.simulate(shop, until=day, contacts=contacts, **told)
        churnml.simulate(Path(scratch) / "later", until=until, contacts=contacts, **told)
        now, later = churnml.read(shop), churnml.read(Path(scratch) / "later")
        left = churnml.labels(later, day, config.definition, until)
        for how in ("reweigh", "keep"):
            training = config.training.model_copy(update={"treated": how, "lists": str(lists)})
            trainer = churnml.Trainer(config=config.model_copy(update={"training": training}), track=False)
            model = trainer.fit(now, day)
            rows = churnml.Scorer(model, config).rank(now, day).columns("customer_id", "churn_probability", "group")
            rows = rows.assign(left=rows["customer_id"].map(left))
            print(how, model.card.listed, f"gate calibration slope {model.card.figures['calibration_slope'].value}")
            for name, part in (("all", rows), ("to save", rows[rows["group"] == "to_save"])):
                y, p = part["left"].to_numpy(dtype=float), part["churn_probability"].to_numpy(dtype=float)
                error = float(np.sqrt((p * (1 - p)).sum())) / len(p)
                print(
                    f"  {name}: {len(p):,} customers, said {p.mean():.3f}, left {y.mean():.3f}, difference "
                    f"{p.mean() - y.mean():+.3f} (sampling error {error:.3f}; z {(p.mean() - y.mean()) / error:+.1f})",
                    flush=True,
                )
