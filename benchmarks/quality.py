"""Skill on shops of every kind: churnml, each of its candidates, and outside peers, side by side in one table.

    python benchmarks/quality.py --shops benchmarks/quality.toml --data FOLDER --peers ENVIRONMENT/bin/python

``benchmarks/quality.toml`` lists the shops: imported ones by their folder in FOLDER, and simulated ones by kind, number
of customers, years and seed, with the definition of leaving and the as-of days. For every day all learn from the same
labelled rows, and are held against what the eligible customers of that day did next; an early day is a shortened
history. The figures stay in ``benchmarks/quality.json``; shops that are named after the options are measured again.

Peers are scripts of ``benchmarks/peers``, run by the Python of an environment with their libraries. Those that need
none are always there: a shallow LightGBM and a logistic regression on plain features, and LightGBM as it comes.

Whom churnml is held against is named by the other days (leave one day out), so that no peer is picked by its luck. The
mean over shops stands with its one-sided 95 % bound, from what differs between shops (Student's t): no more than this
is churnml behind on shops like these.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import churnml
from churnml.config import Config
from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.data.simulator import simulate
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
from churnml.training.result import Training
from churnml.training.rows.study import make_study
from churnml.training.train import train

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


def predictions_of(
    training: Training, X: pd.DataFrame, told: tuple[pd.DataFrame, pd.DataFrame], peers: Iterable[str], python: str
) -> Rows:
    """Give the log-odds of churnml, its candidates and its peers; without skill churnml says the same of everyone.

    What is told besides features: of the labelled rows the time to the next order, and of them and of the day's
    customers the orders before.
    """
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
    rows = pd.concat([rows.reset_index(drop=True), told[0]], axis=1)
    for name in peers:
        # A sequence reads the orders alone, and all others the features alone.
        train, test = (
            (rows[[*told[1], "offset", "churned"]], told[1]) if name == "gru" else (rows.drop(columns=told[1]), X)
        )
        found[name] = outside(name, python, train, test, training.card.definition.horizon_days)
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


def orders_before(shop: Shop, ids: np.ndarray, days: np.ndarray, end: date) -> pd.DataFrame:
    """Give each row's last 40 orders before its day, oldest first: days ago, and amounts."""
    orders = History(shop, end).uncancelled_orders.select("customer_id", "ordered_at", "amount").to_pandas()
    orders = orders.sort_values("ordered_at").assign(ordered_at=lambda rows: rows["ordered_at"].astype("datetime64[s]"))
    of = {one: own[["ordered_at", "amount"]] for one, own in orders.groupby("customer_id")}
    none = orders[["ordered_at", "amount"]].head(0)  # all that they ordered was cancelled since
    ago, amounts = [], []
    for one, day in zip(ids, days.astype("datetime64[s]"), strict=True):
        own = of.get(one, none)
        times, spent = own["ordered_at"].to_numpy(), own["amount"].to_numpy(dtype=float)
        before = slice(max(0, np.searchsorted(times, day) - 40), np.searchsorted(times, day))
        ago.append((day - times[before]) / np.timedelta64(1, "D"))
        amounts.append(spent[before])
    return pd.DataFrame({"days_ago": ago, "amounts": amounts})


def customers_of(shop: Shop, training: Training, definition: ChurnDefinition) -> np.ndarray:
    """Give the customer of each labelled row: the eligible ones of every snapshot, in the frame's order."""
    end = training.card.as_of
    days = training.frame.days.astype(object)
    return np.concatenate([labels(shop, day, definition, end).index.to_numpy() for day in days])


@contextmanager
def opened(entry: dict, data: Path) -> Iterator[Shop]:
    """Read an imported shop, or simulate one."""
    if "folder" in entry:
        yield churnml.read(data / entry["folder"])
        return
    with tempfile.TemporaryDirectory() as scratch:
        simulated = {name: entry[name] for name in ("kind", "customers", "years", "seed") if name in entry}
        simulate(scratch, **simulated)
        yield churnml.read(scratch)


def measure(shop: Shop, entry: dict, python: str, store: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Train and test on every day: a row per customer and day, a column per contender; and what shipped on each day.

    Days a whole number of snapshots apart share the features of these, which the store keeps.
    """
    definition = ChurnDefinition(horizon_days=entry["horizon"], active_days=entry["active"])
    config = Config(definition=definition, features={"store": store})
    step = timedelta(days=entry.get("step", 30))
    days = [entry["last"] - step * number for number in range(entry.get("days", 3))][::-1]
    parts, shipped = [], {}
    for day in days:
        try:
            training = train(make_study(shop, config, day))
        except ChurnmlError as error:
            print(f"{day}: refused ({error})", flush=True)
            continue
        shipped[str(day)] = f"{training.card.candidate}, {training.verdict.decision}"
        print(f"{day}: {shipped[str(day)]}", flush=True)
        X = build(History(shop, day), definition, available(shop))
        churned = labels(shop, day, definition, day + timedelta(days=definition.reach_days))
        ids = customers_of(shop, training, definition)
        if len(ids) != len(training.frame):
            raise SystemExit(f"{entry['name']}: of so many rows churnml takes a sample. Bring fewer customers.")
        snapshots, at_day = training.frame.snapshots, np.full(len(X), np.datetime64(day))
        times = times_to_order(shop, training.frame, ids, day)
        times = pd.concat([times, orders_before(shop, ids, snapshots, day)], axis=1)
        told = times, orders_before(shop, X.index.to_numpy(), at_day, day)
        table = pd.DataFrame(predictions_of(training, X, told, entry["peers"], python))
        parts.append(table.assign(churned=churned.to_numpy(), customer=X.index.to_numpy(), day=str(day)))
    return pd.concat(parts, ignore_index=True), shipped


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


def mean_over_shops(shops: dict[str, dict]) -> dict[str, float]:
    """Give how far churnml is behind the named peers over all shops, and the one-sided 95 % bound of that."""
    behind = np.array([shop["behind"] for shop in shops.values() if "behind" in shop])
    if len(behind) < 2:
        return {}
    error = behind.std(ddof=1) / np.sqrt(len(behind))
    mean = float(behind.mean())
    return {"shops": len(behind), "behind": mean, "bound": mean + float(t.ppf(0.95, len(behind) - 1) * error)}


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
    """Measure all shops, or those that are named, and write the table of all that the file of figures holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = Path(__file__).parent
    parser.add_argument("only", nargs="*", help="names of shops to measure; none takes all")
    parser.add_argument("--shops", type=Path, default=folder / "quality.toml")
    parser.add_argument("--data", type=Path, required=True, help="folder of the imported shops")
    parser.add_argument("--peers", required=True, help="Python of an environment with the peers' libraries")
    parser.add_argument("--out", type=Path, default=folder / "quality.json")
    asked = parser.parse_args()
    listed = tomllib.loads(asked.shops.read_text(encoding="utf-8"))
    kept = json.loads(asked.out.read_text(encoding="utf-8"))["shops"] if asked.out.exists() else {}
    for entry in listed["shop"]:
        name = entry["name"]
        if asked.only and name not in asked.only:
            continue
        entry = {"peers": listed["peers"], **entry}
        began = sum(os.times()[:4])
        with opened(entry, asked.data) as shop, tempfile.TemporaryDirectory() as store:
            rows, shipped = measure(shop, entry, asked.peers, store)
        kept[name] = {**judge(rows, [*OUTSIDE, *entry["peers"]]), "shipped": shipped}
        print(
            table_of({name: kept[name]}), f"{sum(os.times()[:4]) - began:.0f} s of processor time", sep="\n", flush=True
        )
        kept = {own["name"]: kept[own["name"]] for own in listed["shop"] if own["name"] in kept}
        figures = {"mean_over_shops": mean_over_shops(kept), "shops": kept}
        asked.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table_of(kept), mean_over_shops(kept), sep="\n\n")


if __name__ == "__main__":
    main()
