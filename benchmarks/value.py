"""What is said of customers' spend over what they then spent, on shops with known outcomes.

    python benchmarks/value.py --shop retail=retail,90,365,2011-05-01 --dates 5 --step 30 --out value.md

A shop is NAME=FOLDER,HORIZON,ACTIVE,LAST_AS_OF; several may be given. For every as-of day, counted back from the last
one, a model is trained on what was known then, and the value that it says is held against what the eligible customers
spent over the same number of days, which must be in the data. ``--candidates`` names those that tell the probability.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import churnml
from churnml.analytics.customer_value import expected_customer_value
from churnml.analytics.value import VALUE, expected_value
from churnml.config import Config, TrainingSettings
from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.data.spend import net_spend
from churnml.definition import ChurnDefinition
from churnml.features.available import available
from churnml.features.builder import build
from churnml.models.value import LEFT, NEEDED, PACE, RETURNED, STAYED, columns_of
from churnml.models.value import Shop as Means
from churnml.statistics.bootstrap import bootstrap_intervals
from churnml.statistics.logodds import logit, sigmoid
from churnml.statistics.shifts import shift_to
from churnml.tracking.trainer import Trainer

DRAWS = 200
BANDS = {"stayed": (0.9, 1.1), "all": (0.85, 1.15)}
OTHERS = (0.8, 1.25)
ENOUGH = 1_000


@dataclass
class Day:
    """The customers of a day: what was said of them, and what they did."""

    rows: pd.DataFrame
    note: str


def held_against(shop: Shop, definition: ChurnDefinition, day: date, candidates: Sequence[str] | None) -> Day:
    """Train up to a day, and hold what is said of its customers against what they spent."""
    settings = TrainingSettings(candidates=list(candidates)) if candidates else TrainingSettings()
    config = Config(definition=definition, training=settings)
    training = Trainer(definition, config, track=False).train(shop, day)
    part, history = training.card.value, History(shop, day)
    assert part is not None, f"{day}: no value was learned"
    names = {*NEEDED, *PACE, RETURNED, *VALUE, *(() if training.model is None else training.model.names)}
    X = build(history, definition, [feature for feature in available(shop) if feature.name in names])
    spent = net_spend(shop, day, part.days, shop.last_day, X.index)
    if spent.isna().any():
        raise SystemExit(f"{day}: the {part.days} days after it are not in the data. Name an earlier day.")
    model = training.model
    if model is None or model.value is None:
        raise SystemExit(f"{day}: nothing ships ({training.verdict_sentence})")
    said = model.value.predict(X)
    p = model.predict_proba(X)
    ranking = churnml.Scorer(model, config).rank(shop, day)
    stayed = 1 - labels(shop, day, definition, shop.last_day).to_numpy()
    frame = training.frame
    order_days = X["order_days_total"].clip(upper=6)
    known = pd.DataFrame({"days": frame.X["order_days_total"].clip(upper=6), "spent": frame.spend[part.days]})
    by_orders = known[frame.churned == 0].groupby("days")["spent"].mean()
    repeat = columns_of(("log_repeats", "log_order_value"), X, Means.of(X)).sum(axis=1)
    rows = pd.DataFrame(
        {
            "customer": X.index,
            "day": day,
            "stayed": stayed == 1,
            "spent": spent.to_numpy(),
            "if_stayed": said[STAYED].to_numpy(),
            "if_left": said[LEFT].to_numpy(),
            "p": p,
            "one order day": (X["order_days_total"] == 1).to_numpy(),
            "first order within 60 days": (X["days_since_first_order"] <= 60).to_numpy(),
            "likely to leave": p > 0.5,
            "on the list": X.index.isin(ranking.worklist()["customer_id"]),
            "before": expected_value(X, history, part.days).to_numpy(),
            "by orders": order_days.map(by_orders).fillna(by_orders.mean()).to_numpy(),
            "BG/NBD": expected_customer_value(history, definition, part.days)["expected_value"].fillna(0.0).to_numpy(),
            "repeat spend": np.exp(repeat),
        }
    )
    tested = "forward" if part.forward else "customers apart"
    return Day(rows, f"{day}: {part.candidate}, {part.days} days, growth {part.growth:.2f}, {tested}")


def mixed(rows: pd.DataFrame, p: pd.Series) -> pd.Series:
    """Give what is expected of customers, whether they stay or leave."""
    return (1 - p) * rows["if_stayed"] + p * rows["if_left"]


def at_the_rate_that_came(rows: pd.DataFrame) -> pd.Series:
    """Bring the probabilities of each day to its churn rate: what is left is not the level's fault."""
    parts = []
    for _, of in rows.groupby("day"):
        logodds = logit(np.clip(of["p"].to_numpy(), 1e-6, 1 - 1e-6))
        moved = logodds + shift_to(1 - of["stayed"].mean(), logodds)
        parts.append(pd.Series(sigmoid(moved), index=of.index))
    return pd.concat(parts).reindex(rows.index)


def figures(rows: pd.DataFrame, seed: int = 7) -> pd.DataFrame:
    """Compute said over spent by segment, with the 90 % interval over customers."""
    rows = rows.assign(mixed=mixed(rows, rows["p"]), levelled=mixed(rows, at_the_rate_that_came(rows)))
    one, everyone = rows["one order day"], pd.Series(True, index=rows.index)
    segments = {
        "stayed": everyone,
        "one order day": one,
        "first order within 60 days": rows["first order within 60 days"],
        "two or more order days": ~one,
        "likely to leave": rows["likely to leave"],
        "on the list": rows["on the list"],
    }
    asked = [(name, "if_stayed", held & rows["stayed"]) for name, held in segments.items()]
    asked += [("left", "if_left", ~rows["stayed"]), ("all", "mixed", everyone)]
    asked += [("all, at the churn rate that came", "levelled", everyone)]
    asked += [(f"before: {name}", "before", held & rows["stayed"]) for name, held in segments.items()]
    found = []
    for name, column, held in asked:
        of = rows[held]
        sums = of.groupby("customer")[[column, "spent"]].sum().to_numpy()

        def ratio(drawn: np.ndarray, sums: np.ndarray = sums) -> list[float]:
            said, spent = sums[drawn].sum(axis=0)
            return [said / spent if spent > 0 else np.nan]

        ((low, high),) = bootstrap_intervals(ratio, np.arange(len(sums)), DRAWS, seed, 0.9)
        value = ratio(np.arange(len(sums)))[0]
        least, most = BANDS.get(name.partition(",")[0], OTHERS)
        meets = low <= most and high >= least and (len(sums) < ENOUGH or least <= value <= most)
        judged = len(of) and not name.startswith("before") and name != "left"
        verdict = ("yes" if meets else "NO") if judged else ""
        found.append((name, len(of), len(sums), value, low, high, verdict))
    return pd.DataFrame(found, columns=["segment", "rows", "customers", "ratio", "low", "high", "in band"])


def ranks(rows: pd.DataFrame, seed: int = 7) -> pd.DataFrame:
    """Compare rank correlations with spend, mean over days, with the best simple rule's; paired over customers."""
    rows = rows.assign(mixed=mixed(rows, rows["p"]))
    rules = ["by orders", "BG/NBD", "repeat spend"]
    found = []
    for name, column, of in (("stayed", "if_stayed", rows[rows["stayed"]]), ("all", "mixed", rows)):
        of = of.reset_index(drop=True)

        def correlations(drawn: np.ndarray, of: pd.DataFrame = of, column: str = column) -> list[float]:
            taken = of.iloc[drawn]
            by_day = [
                day[[column, *rules]].corrwith(day["spent"], method="spearman") for _, day in taken.groupby("day")
            ]
            of_rules = pd.concat(by_day, axis=1).mean(axis=1)
            return [*of_rules, *(of_rules[column] - of_rules[rules])]

        every = correlations(np.arange(len(of)))
        intervals = bootstrap_intervals(correlations, of["customer"], 50, seed, 0.6827)
        best = int(np.argmax(every[1:4]))
        error = float(np.diff(intervals[4 + best])[0]) / 2
        behind = every[4 + best]
        found.append(
            (name, every[0], rules[best], every[1 + best], behind, error, "yes" if behind > -2 * error else "NO")
        )
    return pd.DataFrame(found, columns=["of", "rho", "best rule", "its rho", "ahead", "error", "not below"])


def main() -> None:
    """Print the tables of all shops."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shop", action="append", required=True, metavar="NAME=FOLDER,HORIZON,ACTIVE,LAST_AS_OF")
    parser.add_argument("--dates", type=int, default=5)
    parser.add_argument("--step", type=int, default=30)
    parser.add_argument("--candidates", nargs="*")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    written = []
    for one in asked.shop:
        name, _, told = one.partition("=")
        folder, horizon, active, last = told.split(",")
        shop = churnml.read(folder)
        definition = ChurnDefinition(horizon_days=int(horizon), active_days=int(active))
        days = [date.fromisoformat(last) - timedelta(days=asked.step * back) for back in range(asked.dates)]
        tested = [held_against(shop, definition, day, asked.candidates) for day in days]
        rows = pd.concat([day.rows for day in tested], ignore_index=True)
        part = [f"## {name}", *(f"- {day.note}" for day in tested)]
        tables = [f"```text\n{table.round(3).to_string(index=False)}\n```" for table in (figures(rows), ranks(rows))]
        written.append("\n\n".join(["\n".join(part), *tables]))
        print(written[-1], flush=True)
    if asked.out is not None:
        asked.out.write_text("\n\n".join(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
