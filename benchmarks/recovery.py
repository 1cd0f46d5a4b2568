"""Whether readouts find what was planted, with contacts that miss some listed customers and reach some held out.

python benchmarks/recovery.py [--shops 200] [--customers 3000] [--types]
PYTHONPATH=. python benchmarks/recovery.py --campaigns 200

By default each shop is simulated up to a list, lives on with its contacts, and is read out; its truth is the same shop
lived on with nobody contacted, and with everybody who entered. With --types customers are of four types, some of whom a
contact wakes, and everybody gets theirs. With --campaigns, plain tables with a planted effect.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnml import Config, Trainer, read, read_out
from churnml.campaigns.ledger import read_ledger
from churnml.campaigns.outcomes import find_outcomes
from churnml.campaigns.readout import Readout
from churnml.data.simulator import list_contacts, simulate
from churnml.datasets import Treatment
from churnml.models.model import Model
from churnml.workflow import score

DELIVERY, CONTAMINATION, EFFECT = 0.6, 0.1, -0.2
KIND = "grocery"
TREATMENT = Treatment(strength=0.7, delivery=DELIVERY, contamination=CONTAMINATION, open_days=120)
TYPES = Treatment(
    persuadable=0.3, sure_thing=0.4, lost_cause=0.2, sleeping_dog=0.1, strength=0.6, harm=0.3, open_days=120
)
DAY, REACH_DAYS = date(2025, 3, 3), 60
OUTCOMES = ["churned", "profit"]
Row = dict[str, float]


def of_shop(
    folder: Path, seed: int, customers: int, model: Model, config: Config, treatment: Treatment
) -> tuple[Row, Row]:
    """Return what the readout of a simulated shop tells, and what is true of it."""
    shop: dict[str, Any] = {"customers": customers, "seed": seed, "kind": KIND, "treatment": treatment}
    shop |= {"end": DAY + timedelta(365), "years": 3.0, "jobs": 1}

    def live(name: str, until: date, contacts: pd.DataFrame | None = None) -> Path:
        simulate(folder / name, until=until, contacts=contacts, **shop)
        return folder / name

    score(read(live("shop", DAY)), folder / "list", config, model=model)
    ledger = read_ledger(folder / "list")
    ledger = ledger[ledger["campaign"] == "retention"].reset_index(drop=True)  # the other lists are not sent
    day = ledger["entered_on"][0]
    known = day + timedelta(REACH_DAYS)
    sent = list_contacts(folder / "list", treatment, seed)
    everybody = ledger[["customer_id"]].assign(
        campaign="retention", sent_at=pd.Timestamp(day) + pd.Timedelta(hours=10), offer="voucher", cost=treatment.cost
    )
    shops = [read(live(name, known, contacts)) for name, contacts in [("a", sent), ("b", None), ("c", everybody)]]
    found = read_out(shops[0], ledger, known, config)
    y0, y1 = (
        find_outcomes(one, ledger, model.definition, known, config.campaigns.margin, ())[OUTCOMES].astype(float)
        for one in shops[1:]
    )
    counted, more = ledger["counted"].to_numpy(), treatment.delivery - treatment.contamination
    both = (y1 - y0)[counted].reset_index(drop=True)
    effect, told = both["churned"], {str(k): v for k, v in _told(found).items()}
    truth = {
        "ITT": more * effect.mean(),
        "CACE": effect.mean(),
        "save_share": -effect.sum() / y0["churned"][counted].sum(),
        "profit": more * both["profit"].mean(),
    }
    for play, rows in ledger[counted].reset_index(drop=True).groupby("play"):
        if f"play {play}" in told:
            truth[f"play {play}"] = more * effect[rows.index].mean()
    return told, truth


def of_shops(first: int, shops: int, customers: int, treatment: Treatment) -> Iterator[tuple[Row, Row]]:
    """Give both of each shop; all are scored with a model of a shop that is none of them."""
    with tempfile.TemporaryDirectory() as scratch:
        config = Config.model_validate(
            {
                "definition": {"horizon_days": REACH_DAYS},
                "plays": {"holdout": {"share": 0.5}},
                "scoring": {"capacity": customers},
                "reporting": {"periods": 0},
            }
        )
        simulate(f"{scratch}/first", customers=4_000, seed=0, kind=KIND, end=DAY)
        model = Trainer(config=config, track=False).fit(read(f"{scratch}/first"))
        for seed in range(first, first + shops):
            with tempfile.TemporaryDirectory() as folder:
                yield of_shop(Path(folder), seed, customers, model, config, treatment)


def of_tables(campaigns: int) -> Iterator[tuple[Row, Row]]:
    """Give both of made campaigns."""
    from tests.campaigns.made_campaign import make_ledger, make_tables

    for seed in range(campaigns):
        ledger = make_ledger(500, 4, seed=seed)
        ledger = ledger.assign(customer_id=f"s{seed}" + ledger.customer_id)
        ledger["arm"] = np.where(np.random.default_rng([seed, 9]).random(len(ledger)) < 0.1, "held out", "listed")
        planted = {"effect": EFFECT, "delivery": DELIVERY, "contamination": CONTAMINATION, "seed": 10_000 + seed}
        told = _told(read_out(read(make_tables(ledger, **planted)), ledger.assign(proof="")))
        itt = EFFECT * (DELIVERY - CONTAMINATION)
        yield told, dict.fromkeys(told, itt) | {"CACE": EFFECT, "save_share": -EFFECT / 0.6}


def _told(found: Readout) -> Row:
    effects = found.effects[found.effects.entry == "first"].set_index(["outcome", "estimand"])
    profit = effects.loc[("profit", "ITT")]
    told = {"ITT": effects.effect[("churned", "ITT")], "CACE": effects.effect.get(("churned", "CACE"), np.nan)}
    told |= {"profit": profit.effect, "profit low": profit.low, "profit high": profit.high}
    share = found.measured["retention"]["save_share"]
    told["save_share"] = np.nan if share is None else share["value"]
    plays = found.by("play").set_index("play").effect.dropna()
    return told | {f"play {name}": effect for name, effect in plays.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--first", type=int, default=1, help="Seed of the first shop.")
    parser.add_argument("--out", type=Path, help="File for what was told and what is true of each shop.")
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--types", action="store_true")
    parser.add_argument("--campaigns", type=int)
    asked = parser.parse_args()
    shops = of_shops(asked.first, asked.shops, asked.customers, TYPES if asked.types else TREATMENT)
    told, truth = map(pd.DataFrame, zip(*(of_tables(asked.campaigns) if asked.campaigns else shops), strict=True))
    if asked.out:
        told.join(truth.add_prefix("true ")).to_csv(asked.out, index=False)
    for name in truth:
        off = (told[name] - truth[name]).dropna()
        error = off.std() / np.sqrt(len(off))
        print(
            f"{name} ({len(off)}): true {truth[name][off.index].mean():+.4f}, "
            f"told {told[name][off.index].mean():+.4f}, "
            f"off by {off.mean():+.4f} +- {error:.4f}, {off.mean() / error:+.1f} errors"
        )
    if not asked.campaigns:
        low, high, true = told["profit low"], told["profit high"], truth["profit"]
        print(
            f"profit: the interval of 95 % holds the truth in {((low <= true) & (true <= high)).mean():.1%} of "
            f"{len(true)}, lies above it in {(low > true).sum()}, below it in {(high < true).sum()}"
        )
