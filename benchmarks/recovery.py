"""Whether readouts find what was planted: 200 made campaigns, with contacts that miss some and reach others by mistake.

PYTHONPATH=. python benchmarks/recovery.py [--campaigns 200]
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from churnml.campaigns.readout import read_out
from churnml.data.reading import read
from tests.campaigns.made_campaign import make_ledger, make_tables

EFFECT, DELIVERY, CONTAMINATION = -0.2, 0.6, 0.1

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=200)
    rows = []
    for seed in range(parser.parse_args().campaigns):
        ledger = make_ledger(500, 4, seed=seed)
        ledger = ledger.assign(customer_id=f"s{seed}" + ledger.customer_id)
        ledger["arm"] = np.where(np.random.default_rng([seed, 9]).random(len(ledger)) < 0.1, "held out", "listed")
        planted = {"effect": EFFECT, "delivery": DELIVERY, "contamination": CONTAMINATION, "seed": 10_000 + seed}
        found = read_out(read(make_tables(ledger, **planted)), ledger.assign(proof=""))
        effects = found.effects[found.effects.outcome == "churned"].set_index("estimand").effect
        plays = found.by("play").set_index("play")
        share = found.measured["retention"]["save_share"]
        rows.append(
            {"ITT": effects["ITT"], "CACE": effects["CACE"], "save_share": np.nan if share is None else share["value"]}
            | {f"play {name}": plays.effect[name] for name in plays.index}
            | {f"play {name}, shrunken": plays.shrunken[name] for name in plays.index}
        )
    table = pd.DataFrame(rows)
    truth = {"ITT": EFFECT * (DELIVERY - CONTAMINATION), "CACE": EFFECT, "save_share": -EFFECT / 0.6}
    for name in table:
        mean, error = table[name].mean(), table[name].std() / np.sqrt(table[name].notna().sum())
        true = truth.get(str(name), truth["ITT"])
        print(f"{name}: true {true:+.4f}, mean {mean:+.4f} +- {error:.4f}, {(mean - true) / error:+.1f} errors off")
