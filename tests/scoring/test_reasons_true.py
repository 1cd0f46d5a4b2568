"""Reasons on a simulated shop: sentences are true in the tables, and drivers are named for whom they made leave.

``benchmarks/reasons.py`` measures the same on larger shops with models chosen by the trainer.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml import ChurnDefinition, read
from churnml.data.history import History
from churnml.data.population import training_snapshots
from churnml.data.simulator import simulate
from churnml.features.available import learnable
from churnml.features.builder import build
from churnml.features.family_catalogue import catalogue
from churnml.features.sentences import Sentences
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.lightgbm import LightGbm
from churnml.scoring.reasons import Reason, ReasonWriter, Told
from churnml.training.rows.frame import build_training_frame
from churnml.words import Language
from tests.said import write
from tests.scoring.facts import compute_facts, read_tables

DAY = date(2025, 4, 2)
CONCEPTS = {"late_delivery": "delivery", "open_complaint": "complaints", "price": "price"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    simulate(folder, customers=2_000, seed=21, jobs=1, kind="textbook")
    return folder


@pytest.fixture(scope="module")
def explained(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Explain the shop of the fixture."""
    return explain(folder)


def explain(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train trees alone, and give features and SHAP values of a day."""
    shop, definition = read(folder), ChurnDefinition(horizon_days=90)
    features, off = learnable(shop, ChurnDefinition(), None, DAY)
    features = [declared for declared in features if declared.name not in off]
    snapshots = training_snapshots(shop.first_day, DAY, definition, 90)
    frame = build_training_frame(shop, definition, snapshots, features, DAY, 100_000, 7)
    trees = LightGbm().fit(frame, FitSettings(seed=7, threads=1, trees=150))
    X = build(History(shop, DAY), definition, features)
    return X, pd.DataFrame(trees.contributions(X)[1], X.index, X.columns)


def told_in(explained: tuple[pd.DataFrame, pd.DataFrame], language: Language) -> list[Told]:
    X, contributions = explained
    return ReasonWriter(X, Sentences(catalogue(), language, "EUR"), 0.1, contributions).write(X, contributions)


def sentences(X: pd.DataFrame, told: list[Told]) -> list[tuple[str, Reason]]:
    return [(c, reason) for c, one in zip(X.index, told, strict=True) for reason in (*one.leaving, *one.staying)]


@pytest.mark.parametrize("language", ["en", "tr"])
def test_every_sentence_is_true_in_the_tables(
    folder: Path, explained: tuple[pd.DataFrame, pd.DataFrame], language: Language
) -> None:
    X = explained[0]
    facts = compute_facts(read_tables(folder), pd.Timestamp(DAY), X.index)
    # What a model estimates is no fact of the tables; the numbers beside it are.
    estimates = [name for name in X if name.startswith("btyd_") or name == "gap_last_to_usual_ratio"]
    rows = pd.concat([facts, X[estimates]], axis=1).to_dict("index")
    said = sentences(X, told_in(explained, language))
    compared = [(customer, reason) for customer, reason in said if reason.feature in rows[X.index[0]]]
    assert len(compared) > 0.95 * len(said) > 1_000
    wrong = [
        (customer, reason.sentence)
        for customer, reason in compared
        if write(reason.feature, rows[customer], language, "EUR") != reason.sentence
    ]
    assert wrong == []


@pytest.mark.parametrize("language", ["en", "tr"])
def test_sentences_name_no_feature_and_no_cause(
    explained: tuple[pd.DataFrame, pd.DataFrame], language: Language
) -> None:
    for _, reason in sentences(explained[0], told_in(explained, language)):
        assert not re.search(r"_|\{|\bnan\b|because|çünkü|yüzünden", reason.sentence, re.IGNORECASE), reason
        assert not re.search(r"(?<![.,\d])1 (days|orders|deliveries|complaints|visits|messages)\b", reason.sentence), (
            reason
        )
        assert reason.feature not in reason.sentence


def test_drivers_are_named_for_whom_they_made_leave(folder: Path, explained: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    for driver, (among_two, among_never) in shares_named(folder, explained).items():
        if driver in CONCEPTS:
            assert among_two >= 0.85, driver
            assert among_never <= 0.08, driver  # 0.05 on larger shops


def test_drivers_are_named_in_a_shop_like_a_real_one(tmp_path: Path) -> None:
    simulate(tmp_path, customers=5_000, seed=21, jobs=1)
    named = shares_named(tmp_path, explain(tmp_path))
    for driver in CONCEPTS:
        assert named[driver][0] >= 0.85, driver
        assert named[driver][1] <= 0.08, driver
    # Whoever orders at long intervals anyway has slowed down by chance now and then.
    assert named["own_pace"][0] >= 0.5
    assert named["own_pace"][1] <= 0.2


def shares_named(folder: Path, explained: tuple[pd.DataFrame, pd.DataFrame]) -> dict[str, tuple[float, float]]:
    """Give per driver how many have it among two reasons of those it took, and among all of those never exposed."""
    X = explained[0]
    truth = pd.read_parquet(folder / "truth" / "customers.parquet").set_index("customer_id").reindex(X.index)
    orders = pd.read_parquet(folder / "truth" / "orders.parquet")
    told = told_in(explained, "en")
    named = {}
    for driver, concept in (CONCEPTS | {"own_pace": "pace"}).items():
        left = ((truth.cause == driver) & (truth.left_at < pd.Timestamp(DAY))).to_numpy()
        exposed = orders.groupby("customer_id")[f"exposed_{driver}"].any().reindex(X.index).to_numpy(dtype=bool)
        among_two = np.array([concept in [reason.concept for reason in one.leaving[:2]] for one in told])
        among_all = np.array([concept in [reason.concept for reason in one.leaving] for one in told])
        assert left.sum() >= 20
        named[driver] = (float(among_two[left].mean()), float(among_all[~exposed].mean()))
    return named
