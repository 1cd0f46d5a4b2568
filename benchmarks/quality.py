"""Skill on shops with known outcomes: churnml, each of its candidates, and outside peers, side by side in one run.

    python benchmarks/quality.py --shop retail=retail,90,365,2011-09-01 --dates 5 --step 30 \
        --peer catboost=/path/of/an/environment/bin/python --out quality.json

A shop is NAME=FOLDER,HORIZON,ACTIVE,LAST_AS_OF; several may be given. For every as-of day, counted back from the last
one, all of them learn from the same labelled rows and are held against what the eligible customers of that day did
next; an early day is a shortened history. ``--peer NAME=PYTHON`` adds a script of ``benchmarks/peers``, run by the
Python of an environment with its library. Peers that need nothing else are always there: a shallow LightGBM and a
logistic regression on plain features, and LightGBM as it comes.

Whom churnml is held against is named by the other days (leave one day out), so that no peer is picked by its luck.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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
from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.logodds import row_log_loss
from churnml.statistics.metrics import auroc, shape_loss
from churnml.statistics.shifts import shift_per_group
from churnml.tracking.trainer import Trainer
from churnml.training.result import Training

PLAIN = {"recency", "frequency", "monetary", "rhythm", "basket", "discounts", "delivery", "complaints", "returns"}
PEERS = Path(__file__).parent / "peers"
OUTSIDE = ("LightGBM, plain", "logistic, plain", "LightGBM as it comes")
Rows = dict[str, np.ndarray]


def shallow_lightgbm(frame: TrainingFrame, X: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Fit a shallow, slow LightGBM, levels of snapshots as the initial score."""
    data = lightgbm.Dataset(frame.X[columns].to_numpy(), frame.churned, init_score=frame.level_offsets())
    settings = {"objective": "binary", "num_leaves": 7, "learning_rate": 0.03, "feature_fraction": 0.5}
    settings |= {"min_child_samples": 40, "lambda_l2": 5.0, "num_threads": 2, "seed": 7, "verbosity": -1}
    return lightgbm.train(settings, data, 400).predict(X[columns].to_numpy(), raw_score=True)


def plain_logistic(frame: TrainingFrame, X: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Fit a logistic regression on logarithms, nulls at the median, with an intercept for each snapshot."""
    middle = frame.X[columns].median().fillna(0.0)

    def logs(rows: pd.DataFrame) -> np.ndarray:
        values = rows[columns].fillna(middle).to_numpy()
        return np.sign(values) * np.log1p(np.abs(values))

    days = pd.get_dummies(frame.snapshots).to_numpy(dtype=float)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2_000))
    model.fit(np.hstack([logs(frame.X), days]), frame.churned.astype(int))
    return model.decision_function(np.hstack([logs(X), np.zeros((len(X), days.shape[1]))]))


def default_lightgbm(frame: TrainingFrame, X: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Fit LightGBM as it comes."""
    model = lightgbm.LGBMClassifier(verbose=-1, n_jobs=2, random_state=7)
    model.fit(frame.X[columns].to_numpy(), frame.churned.astype(int))
    return model.predict(X[columns].to_numpy(), raw_score=True)


def predictions_of(training: Training, X: pd.DataFrame, times: pd.DataFrame, asked: argparse.Namespace) -> Rows:
    """Give the log-odds of churnml, its candidates and its peers; without skill churnml says the same of everyone."""
    frame = training.frame
    found = {"churnml": np.zeros(len(X)) if training.model is None else training.model.predict_logodds(X)}
    X = X[list(frame.X.columns)]
    settings = FitSettings(7, 2)
    for name, candidate in CANDIDATES.items():
        if candidate.suits(list(X.columns)):
            found[name] = candidate().fit(frame, settings).logodds(X)
    plain = [feature.name for feature in frame.describe(X.columns) if feature.family in PLAIN]
    found["LightGBM, plain"] = shallow_lightgbm(frame, X, plain)
    found["logistic, plain"] = plain_logistic(frame, X, plain)
    found["LightGBM as it comes"] = default_lightgbm(frame, X, list(X.columns))
    day = frame.snapshots.astype("datetime64[D]").astype(int)
    rows = frame.X.assign(churned=frame.churned, offset=frame.level_offsets(), day=day, place=frame.places)
    rows = pd.concat([rows.reset_index(drop=True), times.reset_index(drop=True)], axis=1)
    for peer in asked.peer:
        name, python = peer.split("=", 1)
        found[name] = outside(name, python, rows, X, training.card.definition.horizon_days)
    return found


def outside(name: str, python: str, train: pd.DataFrame, test: pd.DataFrame, horizon: int) -> np.ndarray:
    """Fit and predict with the Python of another environment; where that fails, it says nothing of anybody."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = [str(Path(scratch) / file) for file in ("train.parquet", "test.parquet", "out.parquet")]
        train.to_parquet(paths[0])
        test.reset_index(drop=True).to_parquet(paths[1])
        command = [python, str(PEERS / f"{name}.py"), *paths, str(horizon)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            print(f"{name} failed: {done.stderr.strip().splitlines()[-1]}", flush=True)
            return np.zeros(len(test))
        return pd.read_parquet(paths[2])["logodds"].to_numpy(dtype=float)


def times_to_order(shop: Shop, frame: TrainingFrame, ids: np.ndarray, end: date) -> pd.DataFrame:
    """Give the days from each row's snapshot to the customer's next order, or to the end of the data without one."""
    orders = History(shop, end).uncancelled_orders.select("customer_id", "ordered_at").to_pandas()
    orders = orders.sort_values("ordered_at").assign(ordered_at=lambda rows: rows["ordered_at"].astype("datetime64[s]"))
    rows = pd.DataFrame({"customer_id": ids, "day": frame.snapshots.astype("datetime64[s]")})
    rows = rows.assign(at=np.arange(len(rows))).sort_values("day")
    next_one = pd.merge_asof(
        rows, orders, left_on="day", right_on="ordered_at", by="customer_id", direction="forward"
    ).sort_values("at")
    ordered = next_one["ordered_at"].notna()
    until = next_one["ordered_at"].fillna(pd.Timestamp(end))
    days = (until - next_one["day"]).dt.total_seconds() / 86_400
    return pd.DataFrame({"ordered": ordered.to_numpy(), "days_to_order": days.to_numpy()})


def customers_of(shop: Shop, training: Training, definition: ChurnDefinition) -> np.ndarray:
    """Give the customer of each labelled row: the eligible ones of every snapshot, in the frame's order."""
    end = training.card.as_of
    days = training.frame.days.astype(object)
    return np.concatenate([labels(shop, day, definition, end).index.to_numpy() for day in days])


def measure(shop: Shop, definition: ChurnDefinition, days: list[date], asked: argparse.Namespace) -> pd.DataFrame:
    """Train and test on every day: a row per customer and day, a column per contender."""
    parts = []
    for day in days:
        try:
            training = Trainer(config=Config(definition=definition), track=False).train(shop, day)
        except ChurnmlError as error:
            print(f"{day}: refused ({error})", flush=True)
            continue
        print(f"{day}: {training.card.candidate}, {training.verdict.decision}", flush=True)
        X = build(History(shop, day), definition, available(shop))
        churned = labels(shop, day, definition, day + timedelta(days=definition.reach_days))
        ids = customers_of(shop, training, definition)
        times = (
            times_to_order(shop, training.frame, ids, day)
            if len(ids) == len(training.frame)
            else pd.DataFrame({"ordered": False, "days_to_order": np.ones(len(training.frame))})
        )
        table = pd.DataFrame(predictions_of(training, X, times, asked))
        parts.append(table.assign(churned=churned.to_numpy(), customer=X.index.to_numpy(), day=str(day)))
    return pd.concat(parts, ignore_index=True)


def judge(rows: pd.DataFrame, outside_ones: list[str]) -> dict[str, object]:
    """Give each contender's mean figures, and how far churnml is behind the peer that the other days name."""
    days = list(rows["day"].unique())
    contenders = [name for name in rows.columns if name not in ("churned", "customer", "day")]
    losses = {name: _losses(rows, name) for name in contenders}
    at = {day: (rows["day"] == day).to_numpy() for day in days}
    of_day = pd.DataFrame({name: [loss[at[day]].mean() for day in days] for name, loss in losses.items()}, index=days)
    named = {day: str(of_day.drop(day)[outside_ones].mean().idxmin()) for day in days} if len(days) > 1 else {}
    behind = {}
    if named:
        against = np.concatenate([losses[named[day]][at[day]] for day in days])
        mine = np.concatenate([losses["churnml"][at[day]] for day in days])
        customers = np.concatenate([rows["customer"].to_numpy()[at[day]] for day in days])
        difference, error = paired_difference(mine, against, customers)
        behind = {"peer": named, "behind": difference, "error": error}
    return {
        "days": days,
        "customers": len(rows) / len(days),
        "churn_rate": float(rows["churned"].mean()),
        "figures": {
            name: {
                "auroc": _mean_of_days(rows, name, auroc, days),
                "shape_loss": _mean_of_days(rows, name, shape_loss, days),
                "minus_churnml": dict(
                    zip(
                        ("mean", "error"),
                        paired_difference(losses[name], losses["churnml"], rows["customer"]),
                        strict=True,
                    )
                ),
            }
            for name in contenders
        },
        **behind,
    }


def _losses(rows: pd.DataFrame, who: str) -> np.ndarray:
    y = rows["churned"].to_numpy()
    return row_log_loss(y, shift_per_group(y, rows[who].to_numpy(), rows["day"].to_numpy(dtype=str)))


def _mean_of_days(rows: pd.DataFrame, who: str, metric: Callable[..., float], days: list[str]) -> float:
    parts = [rows[rows["day"] == day] for day in days]
    return float(np.mean([metric(part["churned"].to_numpy(), part[who].to_numpy()) for part in parts]))


def table_of(shops: dict[str, dict]) -> str:
    """Write one table of all shops as Markdown: AUROC and shape loss, and churnml against the named peer."""
    names = list(dict.fromkeys(name for shop in shops.values() for name in shop["figures"]))
    head = ["shop", "days", "customers", "left", "churnml minus the named peer", *names]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, shop in shops.items():
        behind = f"{shop['behind']:+.4f} ± {shop['error']:.4f}" if "behind" in shop else "one day only"
        cells = [
            f"{shop['figures'][one]['auroc']:.3f}, {shop['figures'][one]['shape_loss']:.4f}"
            if one in shop["figures"]
            else ""
            for one in names
        ]
        row = [name, str(len(shop["days"])), f"{shop['customers']:,.0f}", f"{shop['churn_rate']:.2f}", behind, *cells]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure all shops, write the table, and keep the figures beside those of other shops in a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shop", action="append", required=True, metavar="NAME=FOLDER,HORIZON,ACTIVE,LAST_AS_OF")
    parser.add_argument("--dates", type=int, default=5)
    parser.add_argument("--step", type=int, default=30)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--out", type=Path, help="JSON of all figures; shops that it holds already stay")
    asked = parser.parse_args()
    shops = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out and asked.out.exists() else {}
    for given in asked.shop:
        name, settings = given.split("=", 1)
        folder, horizon, active, last = settings.rsplit(",", 3)
        definition = ChurnDefinition(horizon_days=int(horizon), active_days=int(active))
        days = [date.fromisoformat(last) - timedelta(days=asked.step * number) for number in range(asked.dates)]
        rows = measure(churnml.read(folder), definition, days[::-1], asked)
        shops[name] = judge(rows, [*OUTSIDE, *(peer.split("=", 1)[0] for peer in asked.peer)])
        print(table_of({name: shops[name]}), flush=True)
        if asked.out:
            asked.out.write_text(json.dumps(shops, indent=1) + "\n", encoding="utf-8")
    print(table_of(shops))


if __name__ == "__main__":
    main()
