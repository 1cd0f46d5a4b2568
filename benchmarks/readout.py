"""Time and memory of a readout of a large ledger, on a simulated shop.

python benchmarks/readout.py [--customers 1000000] [--rows 1000000] [--weeks 50] [--shop FOLDER]
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import churnml
from churnml.campaigns.holdout import draw
from churnml.campaigns.ledger import COLUMNS, prove

DEFINITION = churnml.ChurnDefinition(horizon_days=60)
FIRST = date(2024, 3, 4)


def made_ledger(shop: churnml.Shop, rows: int, weeks: int) -> pd.DataFrame:
    """Let customers who ordered before enter week by week, at random."""
    rng = np.random.default_rng(7)
    orders = shop.tables["orders"]
    last = orders.filter(orders.ordered_at < FIRST.isoformat()).select("customer_id").distinct().to_pandas()
    ids = rng.permutation(last.customer_id.to_numpy(dtype=object))
    many = np.resize(ids, rows)
    frame = pd.DataFrame({"customer_id": many, "entry_number": np.arange(rows) // len(ids) + 1})
    frame["entered_on"] = [FIRST + timedelta(days=7 * int(week)) for week in np.arange(rows) * weeks // rows]
    held = draw(frame.customer_id, frame.entry_number, 0.1, "retention", "churnml")
    frame = frame.assign(
        campaign="retention",
        measure_on=[day + timedelta(days=60) for day in frame.entered_on],
        arm_until=[day + timedelta(days=120) for day in frame.entered_on],
        arm=np.where(held, "held out", "listed"),
        chance=0.1,
        counted=True,
        arm_before=None,
        explore_chance=np.nan,
        band="high",
        churn_probability=rng.uniform(0.3, 0.9, rows),
        expected_value=rng.lognormal(4, 1, rows),
        expected_profit=1.0,
        play=rng.choice(["call", "reminder", "price_offer"], rows),
        play_cost=1.0,
        play_offer=5.0,
        place=np.arange(rows),
        ranked_by="value_at_risk",
        model_version="m",
        definition=json.dumps(DEFINITION.model_dump(mode="json"), sort_keys=True),
        list_id="l",
    )
    return frame.assign(proof=prove(frame, "churnml"))[list(COLUMNS)]


def contacted_shop(folder: Path, out: Path, ledger: pd.DataFrame) -> Path:
    """Give the shop contacts of all who are listed but a tenth."""
    out.mkdir()
    for path in folder.glob("*.parquet"):
        if path.stem != "contacts":
            (out / path.name).symlink_to(path.resolve())
    sent = ledger[(ledger.arm == "listed") & (np.arange(len(ledger)) % 10 > 0)]
    contacts = pd.DataFrame({"contact_id": sent.index.astype(str), "customer_id": sent.customer_id, "cost": 1.0})
    contacts = contacts.assign(campaign="retention", offer=sent.play, sent_at=pd.to_datetime(sent.entered_on))
    contacts.to_parquet(out / "contacts.parquet", index=False)
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--weeks", type=int, default=50)
    parser.add_argument("--shop", type=Path, help="Folder of a simulated shop; without it, one is made.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.shop or Path(scratch)
        if asked.shop is None:
            churnml.simulate(folder, customers=asked.customers)
        ledger = made_ledger(churnml.read(folder), asked.rows, asked.weeks)
        shop = churnml.read(contacted_shop(folder, Path(scratch) / "contacted", ledger))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        start = time.perf_counter()
        found = churnml.read_out(shop, ledger)
        taken = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(found.effects.to_string())
        print(f"{len(ledger):,} rows of {asked.weeks} weeks: {taken:.0f} s; peak {peak:.2f} GiB, before {before:.2f}")
