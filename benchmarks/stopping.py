"""Whether a play that loses money is stopped by what lists measured, and comes back once the loss is taken out.

python benchmarks/stopping.py [--customers 8000] [--capacity 250] [--cost 40] [--cheap-from 5] [--weeks 52] [--seed 7]

A simulated shop with types of customers lives with weekly lists that have one play and hold half out. Each week what
the lists before brought is read out, and the next list goes by it. The contact costs more than it brings, until it
costs nothing any more: a play that was stopped by then has only its learning list to show that.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import churnml
from churnml import Config
from churnml.campaigns.measured import MeasuredPlay, measure, write_measured
from churnml.data.simulator.campaigns import list_contacts
from churnml.data.simulator.treatment import Treatment
from churnml.errors import NothingToReadError
from churnml.workflow import score

FIRST, HORIZON, PLAY = date(2025, 3, 3), 28, "voucher"
TREATMENT = Treatment(
    persuadable=0.8, sure_thing=0.1, lost_cause=0.05, sleeping_dog=0.05, strength=0.9, harm=0.3, open_days=60
)
PLAYS = f"""
plays:
  {PLAY}:
    title: Voucher
    wording: Send a voucher.
    owner: marketing
    cost: 0
    offer: 0
    cool_down_days: 7
rules:
  - name: everyone
    play: {PLAY}
"""


def read_play(shop: churnml.Shop, folder: Path, day: date, config: Config) -> MeasuredPlay | None:
    """Read out what the play brought, and write it for the next list; None while nothing is known."""
    try:
        measured = measure(churnml.read_out(shop, folder / "lists", day, config), config)
    except NothingToReadError:
        return None
    if measured is None:
        return None
    write_measured(measured, folder / "measured.yaml")
    return measured.plays[PLAY]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=8_000)
    parser.add_argument("--capacity", type=int, default=250)
    parser.add_argument("--cost", type=float, default=40.0)
    parser.add_argument("--cheap-from", type=int, default=5)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    told: dict[str, Any] = {"customers": asked.customers, "seed": asked.seed, "kind": "grocery", "jobs": 1}
    told |= {"end": FIRST + timedelta(7 * asked.weeks + 60), "years": 3.0, "treatment": TREATMENT}
    cheap_from = FIRST + timedelta(7 * asked.cheap_from)
    with tempfile.TemporaryDirectory() as scratch:
        folder, day = Path(scratch), FIRST
        (folder / "plays.yaml").write_text(PLAYS, encoding="utf-8")
        settings: dict[str, Any] = {
            "definition": {"horizon_days": HORIZON},
            "scoring": {"capacity": asked.capacity},
            "reporting": {"rows": 5, "periods": 0, "keep": None},
            "plays": {"file": str(folder / "plays.yaml"), "holdout": {"share": 0.5, "relearn_share": 1.0}},
            "training": {"candidates": ["recency_rule", "rfm_logistic", "spline_logistic"]},
        }
        churnml.simulate(folder / "shop", until=day, **told)
        shop, config = churnml.read(folder / "shop"), Config.model_validate(settings)
        model, was = churnml.Trainer(config=config, track=False).fit(shop, day), None
        for week in range(asked.weeks):
            play = read_play(shop, folder, day, config) if week else None
            if play is not None:
                settings["scoring"]["profit"] = {"measured": str(folder / "measured.yaml")}
                config = Config.model_validate(settings)
            score(shop, folder / "lists", config, model=model, snapshot_date=day)
            ledger = churnml.campaigns.ledger.read_ledger(folder / "lists")
            stopped = None if play is None else play.stopped_on
            print(
                f"week {week}: {len(ledger)} entered, costs {asked.cost if day < cheap_from else 0:g}, "
                f"profit {None if play is None else play.profit}, {f'stopped on {stopped}' if stopped else 'goes on'}",
                flush=True,
            )
            day += timedelta(7)
            contacts = list_contacts(folder / "lists", TREATMENT, asked.seed)
            contacts["cost"] = [asked.cost if sent < cheap_from else 0.0 for sent in contacts["sent_at"].dt.date]
            churnml.simulate(folder / "shop", until=day, contacts=contacts, **told)
            shop = churnml.read(folder / "shop")
