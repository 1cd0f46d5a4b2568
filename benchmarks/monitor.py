"""How often monitoring raises an alarm where nothing changed, and at which look it finds what was planted.

    python benchmarks/monitor.py --seeds 101 102 103 --customers 2000

A seasonal shop of five years is simulated for each seed. A model is trained on what was known after four of them, its
past is replayed once, and it then ranks and is looked at every 30 days for a year: as the shop was, and with a feed
that stops, amounts in another currency, a new segment or a changed concept from a day on. Nobody is contacted. Printed
are looks and alarms (``fail``) and warnings without a change, by finding, and for each change the look after it at
which each finding first speaks; for a concept change looks are counted from the first at which a list made after it is
over. It turns about one in 45 customers of such a list, which the scan of residuals sees from about 2,500 ranked
customers on; ``--concept 0.9`` makes it stronger. What one look costs, ``benchmarks/look.py`` measures. With ``--rows``
the rows of all looks are written, which ``monitor_others.py`` shows to other tools.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import churnml
from churnml.config import Config, ScoringSettings, SnapshotSettings, TrainingSettings
from churnml.data.history import History
from churnml.data.population import eligible
from churnml.data.simulator import simulate
from churnml.data.simulator.changes import Change
from churnml.features.builder import build
from churnml.models.model import Model
from churnml.monitoring.health import Health, check_health
from churnml.monitoring.replay import make_baseline
from churnml.reporting.health import write_health
from churnml.scoring.scorer import Scorer
from churnml.statistics.logodds import logit, sigmoid

_END, _TRAINED, _CHANGED = date(2025, 7, 1), date(2024, 7, 1), date(2024, 11, 15)
_LOOKS = [_TRAINED + timedelta(days=30 * at) for at in range(1, 13)]
_CONFIG = Config(
    snapshots=SnapshotSettings(at_most=40),
    training=TrainingSettings(candidates=["recency_rule", "lightgbm"], folds=2, bootstrap_draws=20, threads=1),
    scoring=ScoringSettings(capacity=50),
)
_SHORT = {"feed": 3, "currency": 3, "segment": 3, "concept": 12}


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102])
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--kind", default="gift")
    parser.add_argument("--concept", type=float, help="Share of those whom the concept takes away; see Change.share.")
    parser.add_argument("--out", type=Path, help="File that a line of JSON is added to for each look.")
    parser.add_argument("--rows", type=Path, help="Folder for the rows of the looks, for monitor_others.py.")
    asked = parser.parse_args()
    rows = []
    for seed in asked.seeds:
        for row in _seed(seed, asked.customers, asked.kind, asked.concept, asked.rows):
            rows.append(row)
            if asked.out is not None:
                with asked.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
    report(rows)


def report(rows: list[dict[str, object]]) -> None:
    """Print false alarms, and when changes were found."""
    table = pd.DataFrame(rows)
    quiet = table[table["change"] == "none"]
    years = len(quiet) / 12.17
    print(f"No change: {quiet['seed'].nunique()} shops, {len(quiet)} looks, {years:.1f} shop-years")
    for grade in ("fail", "warn"):
        named = quiet[grade].explode().dropna()
        any_ = quiet[grade].str.len() > 0
        begun = any_ & ~any_.groupby(quiet["seed"]).shift(fill_value=False)
        print(f"  {grade}: {int(begun.sum())} episodes ({begun.sum() / years:.2f} a year), looks by finding:", end=" ")
        print(named.value_counts().to_dict())
    for change, part in table[table["change"] != "none"].groupby("change"):
        first: dict[str, list[int]] = {}
        for _, looks in part.groupby("seed"):
            at = looks["look"].where(looks["matured_after"]) if change == "concept" else looks["look"]
            base = at.min()
            for grade in ("fail", "warn"):
                for name in sorted({one for names in looks[grade] for one in names}):
                    hit = looks[[name in names for names in looks[grade]]]["look"].min()
                    first.setdefault(f"{name} ({grade})", []).append(int(hit - base + 1))
        print(f"{change}: {part['seed'].nunique()} shops; look at which a finding first speaks:")
        for name, numbers in sorted(first.items()):
            print(f"  {name}: {sorted(numbers)}")
        causes = part["cause"].explode().dropna()
        print(f"  named: {causes.value_counts().head(6).to_dict()}")


def _seed(seed: int, customers: int, kind: str, concept: float | None, rows_to: Path | None) -> list[dict[str, object]]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        model: Model | None = None
        for change in ("none", *_SHORT):
            start = time.process_time()
            share = f":{concept}" if change == "concept" and concept is not None else ""
            changes = [] if change == "none" else [Change.parse(f"{change}:{_CHANGED}{share}")]
            data = root / change
            simulate(data, customers=customers, seed=seed, kind=kind, end=_END, years=5, jobs=1, changes=changes)
            shop = churnml.read(data)
            out = root / f"{change} lists"
            out.mkdir()
            if model is None:
                model = churnml.Trainer(config=_CONFIG, track=False).fit(shop, _TRAINED)
                baseline = make_baseline(shop, _TRAINED, _CONFIG, model=model)
            baseline.write(out)
            looks = _LOOKS if change == "none" else _LOOKS[: _first_after() + _SHORT[change]]
            for number, day in enumerate(looks):
                _keep_list(shop, model, day, out)
                # Before the change all shops are the same.
                if change != "none" and day < _CHANGED:
                    continue
                health = check_health(shop, out, model, day, _CONFIG)
                write_health(health, out, "en")
                rows.append(_row(seed, change, number, health))
            if rows_to is not None:
                file = rows_to / str(seed) / f"{change}.parquet"
                file.parent.mkdir(parents=True, exist_ok=True)
                pd.concat([_rows(shop, model, at, looks) for at in range(-12, len(looks))]).to_parquet(file)
            print(f"seed {seed} {change}: {time.process_time() - start:.0f} s of processor", flush=True)
    return rows


def _first_after() -> int:
    return next(number for number, day in enumerate(_LOOKS) if day >= _CHANGED)


def _row(seed: int, change: str, number: int, health: Health) -> dict[str, object]:
    told = {grade: [one.name for one in health.answers if one.grade == grade] for grade in ("fail", "warn")}
    causes = [
        str(example.get("table") or example.get("feature") or example.get("column"))
        for one in health.answers
        if one.grade in ("fail", "warn")
        for example in one.examples
    ]
    numbers = {name: round(value, 5) for name, value in health.numbers.items() if value == value}
    newest = max(health.lists_used, default=date.min)
    return {
        "seed": seed,
        "change": change,
        "look": number,
        "matured_after": newest >= _CHANGED,
        "cause": causes,
        **told,
        **numbers,
    }


def _rows(shop: churnml.Shop, model: Model, at: int, looks: list[date]) -> pd.DataFrame:
    """Return the customers of a look, or of one of the months before the training: features, and what came."""
    day = looks[at] if at >= 0 else _TRAINED + timedelta(days=30 * (at + 1))
    X = build(History(shop, day), model.definition, Scorer(model, _CONFIG).features(shop))
    known = day + timedelta(days=model.definition.reach_days) <= shop.last_day
    churned = churnml.labels(shop, day, model.definition, shop.last_day).reindex(X.index) if known else np.nan
    return X.assign(look=at, probability=model.predict_proba(X), churned=churned).reset_index()


def _keep_list(shop: churnml.Shop, model: Model, day: date, out: Path) -> None:
    """Keep what monitoring reads of a list: everybody's probability, and nobody who is worked on."""
    features = Scorer(model, _CONFIG).features(shop)
    X = build(History(shop, day), model.definition, features)
    p = model.predict_proba(X)
    last = eligible(History(shop, day), model.definition).to_pandas().set_index("customer_id")["last_order_at"]
    folder = out / "lists" / day.isoformat()
    folder.mkdir(parents=True)
    table = pd.DataFrame(
        {"customer_id": X.index, "churn_probability": p, "last_order_at": last.reindex(X.index).to_numpy()}
    )
    table = table.assign(segment="all", contactable=True, list_rank=pd.array([None] * len(X), dtype="Int64"))
    table.to_parquet(folder / "ranking.parquet", index=False)
    level, mean = model.card.level, float(p.mean())
    assert level is not None
    reach = float(logit(level.high) - logit(level.rate))
    low, high = sigmoid([logit(mean) - reach, logit(mean) + reach])
    told = {"definition": model.definition.model_dump(), "model": {"version": model.version}}
    told["level"] = {"rate": mean, "low": float(low), "high": float(high), "coverage": level.coverage}
    (folder / "run.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
