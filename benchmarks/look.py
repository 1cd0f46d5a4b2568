"""What one look at a model in service costs: processor time of a small shop's, time and memory of many rows.

    python benchmarks/look.py --customers 12500 --rows 1000000

A gift shop of five years is simulated (of 12,500 customers about 5,500 are ranked) and a model of all features is
trained on it. A process of its own then imports churnml, reads the shop, whose check is remembered, and looks once,
against the same time last year. Printed is its processor time, import and all. With ``--rows`` rows of that shop are
drawn until there are so many, and what a look does with rows follows: predictions, profile, what moved, and the
classifier of both days. Printed are seconds and the memory above that of the rows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psutil

import churnml
from churnml.config import Config, SnapshotSettings, TrainingSettings
from churnml.data.history import History
from churnml.data.simulator import simulate
from churnml.features.builder import build
from churnml.models.artefact import load_model, save_model
from churnml.monitoring.drift import measure_features, replay_drift, steady_features
from churnml.monitoring.second_opinion import compare_days
from churnml.scoring.scorer import Scorer

_END, _TRAINED, _DAY = date(2025, 7, 1), date(2024, 7, 1), date(2025, 5, 27)
_CONFIG = Config(
    snapshots=SnapshotSettings(at_most=16),
    training=TrainingSettings(candidates=["recency_rule", "lightgbm"], folds=1, bootstrap_draws=20, threads=1),
)
_LOOK = """
import gc, os, sys, time
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"; gc.set_threshold(50_000)  # as a command does
import churnml
from churnml.monitoring.health import check_health
imported = time.process_time()
shop = churnml.read(sys.argv[1])
read = time.process_time()
health = check_health(shop, None, sys.argv[2], sys.argv[3])
looked = time.process_time()
features = (health.drift["weight"] > 0).sum()
print(f"import {imported:.2f} s, read {read - imported:.2f} s, look {looked - read:.2f} s, together {looked:.2f} s of")
print(f"processor; {len(health.drift)} features, {features} of which the model looks at")
"""


def main() -> None:
    """Print what a look costs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=12_500)
    parser.add_argument("--seed", type=int, default=113)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="Folder in which shop and model stay, or lie already.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        if not (folder / "model").exists():
            simulate(
                folder / "shop", customers=asked.customers, seed=asked.seed, kind="gift", end=_END, years=5, jobs=1
            )
            model = churnml.Trainer(config=_CONFIG, track=False).fit(churnml.read(folder / "shop"), _TRAINED)
            save_model(model, folder / "model")
        for _ in range(asked.repeat):
            subprocess.run([sys.executable, "-c", _LOOK, folder / "shop", folder / "model", str(_DAY)], check=True)
        if asked.rows:
            measure_rows(folder, asked.rows)


def measure_rows(folder: Path, rows: int) -> None:
    """Print seconds and memory of what a look does with so many rows."""
    model, shop = load_model(folder / "model"), churnml.read(folder / "shop")
    assert model.profile is not None
    features = Scorer(model, _CONFIG).features(shop)
    before = _DAY - timedelta(days=364)
    earlier, few = (build(History(shop, day), model.definition, features) for day in (before, _DAY))
    held = psutil.Process().memory_info().rss
    draw = np.random.default_rng(0)
    X = few.iloc[draw.integers(0, len(few), rows)]
    X.index = X.index.astype(object) + "-" + np.arange(rows).astype(str).astype(object)
    own = X.to_numpy(copy=False).nbytes
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak begins anew
    began, cpu = time.perf_counter(), time.process_time()
    logodds = model.predict_at_level(X)
    profile = model.profile.add(before, earlier, model.predict_at_level(earlier)).add(_DAY, X, logodds)
    first = model.card.first_day + timedelta(days=model.definition.active_days)
    steady = steady_features(profile, first)
    opinion = compare_days(X, earlier, before, steady, 0)
    measure_features(profile, {}, steady, opinion.distances)
    replay_drift(profile, first, steady)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    seconds, of_processor = time.perf_counter() - began, time.process_time() - cpu
    print(
        f"{rows:,} x {X.shape[1]}: {seconds:.1f} s, {of_processor:.1f} s of processor, "
        f"{(peak - held - own) / 2**30:.2f} GiB above the rows' own {own / 2**30:.2f}"
    )


if __name__ == "__main__":
    main()
