"""How long SHAP values of a million customers take, in how much memory, and whether they are shap's own.

    python benchmarks/attribution.py --rows 1000000 --features 60 --trees 300 --depth 6
    python benchmarks/attribution.py --rows 1000000 --features 180 --trees 400 --depth 3

All are timed in the same process, one after the other: trees of at most nine splits (a depth of 3) by their tables, and
woodelf, to which larger ones go. ``shap.TreeExplainer`` gets a sample of the rows, and its time
is scaled to all of them: its time per row does not depend on their number. Features have gaps; the trees are full.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings

import lightgbm
import numpy as np
import pandas as pd

from churnml.models.attribution import tree_contributions
from churnml.models.tree_tables import contributions_of, tables_of


def made(rows: int, features: int, trees: int, depth: int, seed: int = 7) -> tuple[lightgbm.Booster, pd.DataFrame]:
    """Make features of which every fifth value is missing, and grow full trees on a sample of them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, features))
    for column in range(features):
        X[rng.random(rows) < 0.2, column] = np.nan
    known = np.nan_to_num(X[:50_000])
    logodds = known[:, 0] + known[:, 1] * known[:, 2] + np.sin(3 * known[:, 3:]).sum(axis=1) * 0.2
    churned = rng.random(len(known)) < 1 / (1 + np.exp(-logodds))
    settings = {"objective": "binary", "max_depth": depth, "num_leaves": 2**depth, "verbosity": -1, "num_threads": 1}
    settings |= {"min_child_samples": 20, "min_gain_to_split": 0.0, "learning_rate": 0.05}
    booster = lightgbm.train(settings, lightgbm.Dataset(X[:50_000], churned), trees)
    return booster, pd.DataFrame(X, columns=[f"f{column}" for column in range(features)])


def clocks() -> np.ndarray:
    """Give the seconds by the clock and of the processor, which others who work on the machine do not change."""
    return np.array([time.perf_counter(), time.process_time()])


def main() -> None:
    """Time both and compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=60)
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--sample", type=int, default=20_000)
    options = parser.parse_args()
    booster, X = made(options.rows, options.features, options.trees, options.depth)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    tree_contributions(booster, X[:100])  # imports are not timed

    start = clocks()
    base, values = tree_contributions(booster, X)
    ours = clocks() - start
    start = clocks()
    tables = tables_of(booster)
    if tables is not None:
        told = contributions_of(tables, X.to_numpy())
        print(f"tables: {(clocks() - start)[1]:.1f} s of the processor; largest difference to woodelf", end=" ")
        print(f"{max(abs(told[0] - base), np.abs(told[1] - values).max()):.1e}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

    drawn = np.sort(np.random.default_rng(1).choice(options.rows, min(options.sample, options.rows), replace=False))
    explainer = shap.TreeExplainer(booster)
    start = clocks()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(explainer.shap_values(X.iloc[drawn]))
    theirs = (clocks() - start) * options.rows / len(drawn)
    off = np.abs(values[drawn] - expected).max()
    leaves = sum(tree["num_leaves"] for tree in booster.dump_model()["tree_info"]) / booster.num_trees()
    print(f"{options.rows:,} rows x {options.features} features, {booster.num_trees()} trees of {leaves:.0f} leaves")
    for clock, mine, other in zip(("by the clock", "of the processor"), ours, theirs, strict=True):
        print(f"{clock}: churnml {mine:.0f} s, shap {other:.0f} s (from {len(drawn):,} rows), {other / mine:.1f} times")
    print(f"peak memory {peak:.1f} GiB; largest difference {off:.1e} on {len(drawn):,} rows")
    print(f"base {base:.6f}, shap's {float(np.ravel(explainer.expected_value)[-1]):.6f}")


if __name__ == "__main__":
    main()
