"""How well rankings by effect do, and how often their gate opens.

Hillstrom's e-mails (2008): each mail against none, effect on visits. Rankings learned on one half are judged on the
other by Qini of doubly robust scores, on the same halves as other libraries, each in its own environment:

    python benchmarks/uplift.py hillstrom hillstrom.csv [--splits 20] [--rankings NAME.npz ...]
    python benchmarks/uplift.py permuted hillstrom.csv [--times 200]
    VENV/bin/python benchmarks/uplift_others.py hillstrom.csv {scikit-uplift,causalml,econml} NAME.npz [--splits 20]

Drawn customers with ten features, where the truth is known, and a holdout of a tenth:

    python benchmarks/uplift.py drawn [--times 100]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from uplift_others import MAILS, halves, read_mails

from churnml.models.uplift import with_risk
from churnml.statistics.figure import Figure
from churnml.statistics.logodds import sigmoid
from churnml.statistics.uplift import doubly_robust, qini
from churnml.training.uplift.gate import Entrants, fit, is_open, judge

WEEKS = 52


def entrants(X: pd.DataFrame, listed: np.ndarray, visit: np.ndarray, alone: np.ndarray, cohorts: int) -> Entrants:
    """Take the customers of an experiment for those of a campaign."""
    n = len(X)
    held = 1 - listed.mean()
    return Entrants(
        X=with_risk(X, 1 - alone),
        listed=listed,
        kept=visit,
        profit=visit,
        chance=np.full(n, held),
        kept_alone=alone,
        profit_alone=alone,
        cohort=np.arange(n) * cohorts // n,
        in_use=-alone,
        weights=np.ones(n),
    )


def expected_alone(X: pd.DataFrame, held_out: np.ndarray, visit: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
    """Learn the probability of a visit without mail."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[held_out], visit[held_out])
    return model.predict_proba(asked)[:, 1]


def ridge_ranking(X: pd.DataFrame, w: np.ndarray, y: np.ndarray, asked: pd.DataFrame) -> np.ndarray:
    """Rank by what churnml learns."""
    effect, _ = fit(entrants(X, w, y, expected_alone(X, ~w, y, X), 1))
    return effect.predict(with_risk(asked, 1 - expected_alone(X, ~w, y, asked)))


def hillstrom(file: str, splits: int, others: list[str]) -> None:
    """Compare rankings on the same halves, by paired differences."""
    told = {Path(name).stem: np.load(name) for name in others}
    for mail in MAILS:
        X, w, y = read_mails(file, mail)
        found: dict[str, list[Figure]] = {}
        for split, (learn, test) in enumerate(halves(len(y), splits)):
            alone = expected_alone(X.iloc[learn], ~w[learn], y[learn], X.iloc[test])
            scores = doubly_robust(w[test], y[test], np.full(len(test), 1 - w.mean()), alone, 0.0)
            rankings = {"churnml": ridge_ranking(X.iloc[learn], w[learn], y[learn], X.iloc[test]), "risk": -alone}
            rankings |= {
                f"{name} {key.split('|')[1]}": kept[key][split]
                for name, kept in told.items()
                for key in kept
                if key.startswith(mail)
            }
            for name, ranking in rankings.items():
                found.setdefault(name, []).append(qini(scores, ranking))
        ours = found["churnml"]
        for name, figures in found.items():
            values = 1e4 * np.array([figure.value for figure in figures])
            paired = 1e4 * np.array([one.value - other.value for one, other in zip(ours, figures, strict=True)])
            # Halves overlap: the error of a difference is the mean of its errors within a half.
            error = 1e4 * np.mean([figure.error for figure in figures])
            pairs = 1e4 * np.mean([(one - other).error for one, other in zip(ours, figures, strict=True)])
            print(
                f"{mail} | {name} | Qini {values.mean():.1f} (s.e. {error:.1f}) | churnml less this "
                f"{paired.mean():+.1f} (paired s.e. {pairs:.1f})",
                flush=True,
            )


def permuted(file: str, times: int) -> None:
    """Count how often the gate opens, and Qini claims something, where arms are permuted."""
    most = 0.05 + 2 * np.sqrt(0.05 * 0.95 / times)
    for mail in MAILS:
        X, w, y = read_mails(file, mail)
        rng = np.random.default_rng(1)
        opened = claims = 0
        for _ in range(times):
            order, arms = rng.permutation(len(y))[:10_000], rng.permutation(w)
            part, kept, listed = X.iloc[order], y[order], arms[order]
            gate = judge(entrants(part, listed, kept, np.full(len(order), y.mean()), WEEKS))
            opened += gate.open
            z = np.array([look.z_kept for look in gate.looks])
            claims += z.sum() / np.sqrt(len(z)) > 1.645
        print(
            f"{mail}: gate opens {opened / times:.3f}, Qini claims {claims / times:.3f} (at most {most:.3f})",
            flush=True,
        )


def draw(rng: np.random.Generator, n: int, kind: str, held: float = 0.1) -> tuple[Entrants, np.ndarray]:
    """Draw customers of whom a contact keeps some, and by how much it keeps each."""
    x = rng.normal(size=(n, 10))
    p = sigmoid(0.4 + 1.1 * x[:, 0] + 0.5 * x[:, 1])
    contacted = p.copy()
    if kind == "constant":
        contacted = 0.7 * p
    if kind == "types":
        # Persuadables at medium risk, lost causes at the top, sleeping dogs among the regular.
        persuadable = (p <= 0.7) & (p > 0.35) & (rng.random(n) < sigmoid(3 * x[:, 2]))
        woken = (p <= 0.35) & (rng.random(n) < sigmoid(-0.5 + 2 * x[:, 3]))
        contacted = np.where(persuadable, 0.4 * p, np.where(woken, np.minimum(1.5 * p + 0.05, 1.0), p))
    listed = rng.random(n) >= held
    kept = (rng.random(n) >= np.where(listed, contacted, p)).astype(float)
    made = Entrants(
        X=with_risk(pd.DataFrame(x).rename(columns=str), p),
        listed=listed,
        kept=kept,
        profit=50 * kept - listed,
        chance=np.full(n, held),
        kept_alone=1 - p,
        profit_alone=50 * (1 - p),
        cohort=np.arange(n) * WEEKS // n,
        in_use=p,
        weights=np.ones(n),
    )
    return made, p - contacted


def drawn(times: int) -> None:
    """Count how often the gate opens in a year of weekly looks, and what lists by both rankings keep by the truth."""
    for kind, sizes, more in (
        ("none", (1_000, 3_000), 4),
        ("constant", (1_000, 3_000, 10_000), 3),
        ("types", (3_000, 10_000), 1),
    ):
        for n in sizes:
            opened = ever = 0
            kept = np.zeros(2)
            for seed in range(more * times):
                rng = np.random.default_rng([seed, n, len(kind)])
                rows, _ = draw(rng, n, kind)
                gate = judge(rows)
                opened += gate.open
                ever += any(is_open(gate.looks[:at]) for at in range(1, len(gate.looks) + 1))
                if seed < times // 2:
                    fresh, truth = draw(rng, 4_000, kind)
                    rankings = (fresh.in_use, fit(rows)[0].predict(fresh.X))
                    kept += [truth[np.argsort(-one, kind="stable")[:2_000]].mean() / (times // 2) for one in rankings]
            count = more * times
            print(
                f"{kind}, {n:,} entered: open at the end {opened / count:.3f}, at any look {ever / count:.3f} of "
                f"{count}; kept per contact by risk {kept[0]:.3f}, by effect {kept[1]:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["hillstrom", "permuted", "drawn"])
    parser.add_argument("file", nargs="?")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--rankings", nargs="*", default=[])
    asked = parser.parse_args()
    if asked.what == "hillstrom":
        hillstrom(asked.file, asked.splits, asked.rankings)
    elif asked.what == "permuted":
        permuted(asked.file, asked.times)
    else:
        drawn(asked.times)
