"""Skill on shops with known outcomes: churnml, each of its candidates, and outside peers, side by side in one run.

    python benchmarks/quality.py --shop retail=retail,90,365,2011-09-01 --dates 5 --step 30 --out quality.md

A shop is NAME=FOLDER,HORIZON,ACTIVE,LAST_AS_OF; several may be given. For every as-of day, counted back from the last
one, all of them learn from the same labelled rows and are held against what the eligible customers of that day did
next. ``--lifetimes PYTHON`` and ``--autogluon PYTHON`` name the Python of an environment with that library.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

import churnml
from churnml.config import Config
from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import ChurnmlError
from churnml.features.available import available
from churnml.features.builder import build
from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.rows import TrainingFrame
from churnml.statistics.bootstrap import bootstrap_interval, paired_difference
from churnml.statistics.logodds import logit, row_log_loss
from churnml.statistics.metrics import auroc, shape_loss
from churnml.statistics.shifts import shift_per_group
from churnml.tracking.trainer import Trainer
from churnml.training.result import Training

RFM = ["days_since_last_order", "orders_365d", "amount_sum_365d"]
LIFETIMES = """
import sys, numpy as np, pandas as pd
from lifetimes import BetaGeoFitter
train, test, out, horizon = sys.argv[1:]
def rfm(path):
    X = pd.read_parquet(path)
    age = X.days_since_first_order
    return X.order_days_total - 1, age - X.days_since_last_order, age
model = BetaGeoFitter(penalizer_coef=0.001).fit(*rfm(train))
x, t_x, T = rfm(test)
h = float(horizon)
alive = np.where(x > 0, model.conditional_probability_alive(x, t_x, T), 1.0)
r, alpha = model.params_["r"], model.params_["alpha"]
stay = alive * (1 - ((alpha + T) / (alpha + T + h)) ** (r + x))
pd.DataFrame({"churn": 1 - stay}).to_parquet(out)
"""
AUTOGLUON = """
import sys, pandas as pd
from autogluon.tabular import TabularPredictor
train, test, out, seconds = sys.argv[1:]
rows = pd.read_parquet(train)
folder = out + ".model"
model = TabularPredictor("churned", eval_metric="log_loss", path=folder, verbosity=0)
model.fit(rows, time_limit=float(seconds), presets="medium_quality")
p = model.predict_proba(pd.read_parquet(test))
pd.DataFrame({"churn": p[p.columns[-1]].to_numpy()}).to_parquet(out)
"""


def predictions_of(
    training: Training, X: pd.DataFrame, definition: ChurnDefinition, asked: argparse.Namespace
) -> dict[str, np.ndarray]:
    """Give the log-odds of churnml, its candidates and its peers; without skill churnml says the same of everyone."""
    frame = training.frame
    found = {"churnml": np.zeros(len(X)) if training.model is None else training.model.predict_logodds(X)}
    X = X[list(frame.X.columns)]
    settings = FitSettings(7, 2)
    for name, candidate in CANDIDATES.items():
        if candidate.suits(list(X.columns)):
            found[name] = candidate().fit(frame, settings).logodds(X)
    found["LightGBM defaults, RFM"] = default_lightgbm(frame, X, RFM)
    found["LightGBM defaults, all"] = default_lightgbm(frame, X, list(X.columns))
    newest = frame.take(frame.snapshots == frame.days[-1])
    if asked.lifetimes:
        found["lifetimes BG/NBD"] = outside(asked.lifetimes, LIFETIMES, newest.X, X, definition.horizon_days)
    if asked.autogluon:
        rows = frame.X.assign(churned=frame.churned.astype(int))
        found["AutoGluon"] = outside(asked.autogluon, AUTOGLUON, rows, X, asked.seconds)
    return found


def default_lightgbm(frame: TrainingFrame, X: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Fit LightGBM as it comes."""
    model = lightgbm.LGBMClassifier(verbose=-1, n_jobs=2, random_state=7)
    model.fit(frame.X[columns].to_numpy(), frame.churned.astype(int))
    return logit(np.clip(model.predict_proba(X[columns].to_numpy())[:, 1], 1e-6, 1 - 1e-6))


def outside(python: str, code: str, train: pd.DataFrame, test: pd.DataFrame, last: float) -> np.ndarray:
    """Fit and predict with the Python of another environment; where that fails, it says nothing of anybody."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = [str(Path(scratch) / name) for name in ("train.parquet", "test.parquet", "out.parquet")]
        train.reset_index(drop=True).to_parquet(paths[0])
        test.reset_index(drop=True).to_parquet(paths[1])
        done = subprocess.run([python, "-c", code, *paths, str(last)], check=False, capture_output=True, text=True)
        if done.returncode:
            print(f"a peer failed: {done.stderr.strip().splitlines()[-1]}", flush=True)
            return np.zeros(len(test))
        return logit(np.clip(pd.read_parquet(paths[2]).churn.to_numpy(dtype=float), 1e-6, 1 - 1e-6))


def measure(name: str, shop: Shop, definition: ChurnDefinition, days: list[date], asked: argparse.Namespace) -> str:
    """Train and test on every day, and write the table of a shop."""
    parts, notes = [], []
    for day in days:
        try:
            training = Trainer(config=Config(definition=definition), track=False).train(shop, day)
        except ChurnmlError as error:
            notes.append(f"{day}: refused ({error})")
            continue
        notes.append(f"{day}: {training.card.candidate}, {training.verdict.decision}")
        features = available(shop)
        X = build(History(shop, day), definition, features)
        churned = labels(shop, day, definition, day + timedelta(days=definition.reach_days))
        found = predictions_of(training, X, definition, asked)
        table = pd.DataFrame(found)
        parts.append(table.assign(churned=churned.to_numpy(), customer=X.index.to_numpy(), day=str(day)))
        print(name, notes[-1], flush=True)
    if not parts:
        return f"## {name}\n\n" + "\n".join(notes) + "\n"
    rows = pd.concat(parts, ignore_index=True)
    names = [column for column in rows.columns if column not in ("churned", "customer", "day")]
    table = pd.DataFrame([row_of(rows, who, names) for who in names]).sort_values("shape loss")
    return f"## {name}\n\n{markdown(table)}\n\n" + "\n".join(f"- {note}" for note in notes) + "\n"


def row_of(rows: pd.DataFrame, who: str, names: list[str]) -> dict[str, object]:
    """Give the figures of one contender: means over days, intervals, and how far churnml is behind it."""
    mine = _losses(rows, "churnml")
    behind, error = paired_difference(mine, _losses(rows, who), rows.customer)
    return {
        "contender": who,
        "AUROC": _with_interval(rows, who, auroc),
        "shape loss": _with_interval(rows, who, shape_loss),
        "churnml minus it": f"{behind:+.5f} ± {error:.5f}",
    }


def _losses(rows: pd.DataFrame, who: str) -> np.ndarray:
    y = rows.churned.to_numpy()
    return row_log_loss(y, shift_per_group(y, rows[who].to_numpy(), rows.day.to_numpy(dtype=str)))


def _with_interval(rows: pd.DataFrame, who: str, metric: Callable[..., float]) -> str:
    y, z, days = rows.churned.to_numpy(), rows[who].to_numpy(), pd.factorize(rows.day)[0]

    def mean(at: np.ndarray) -> float:
        return float(np.mean([metric(y[at][days[at] == day], z[at][days[at] == day]) for day in np.unique(days)]))

    low, high = bootstrap_interval(mean, rows.customer, draws=100)
    return f"{mean(np.arange(len(rows))):.4f} ({low:.4f} to {high:.4f})"


def markdown(table: pd.DataFrame) -> str:
    """Write a table as Markdown."""
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)])


def main() -> None:
    """Measure all shops and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shop", action="append", required=True, metavar="NAME=FOLDER,HORIZON,ACTIVE,LAST_AS_OF")
    parser.add_argument("--dates", type=int, default=5)
    parser.add_argument("--step", type=int, default=30)
    parser.add_argument("--lifetimes", metavar="PYTHON")
    parser.add_argument("--autogluon", metavar="PYTHON")
    parser.add_argument("--seconds", type=float, default=120.0, help="time limit of AutoGluon for each fit")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    tables = []
    for given in asked.shop:
        name, settings = given.split("=", 1)
        folder, horizon, active, last = settings.rsplit(",", 3)
        definition = ChurnDefinition(horizon_days=int(horizon), active_days=int(active))
        days = [date.fromisoformat(last) - timedelta(days=asked.step * number) for number in range(asked.dates)]
        tables.append(measure(name, churnml.read(folder), definition, days[::-1], asked))
        print(tables[-1], flush=True)
    if asked.out:
        asked.out.write_text("# Skill, side by side\n\n" + "\n".join(tables), encoding="utf-8")


if __name__ == "__main__":
    main()
