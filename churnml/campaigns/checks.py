"""Checks before any claim: whether arms are as drawn, both alike, and treated as they should be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from churnml.campaigns.holdout import draw
from churnml.campaigns.ledger import HELD_OUT
from churnml.statistics.effects import Entered, effect_on_money
from churnml.statistics.sequences import mixture_half_width

_SHARE_ALPHA = 0.001
_UNBALANCED, _VERY_UNBALANCED = 3.0, 4.0
_CONTAMINATED = 0.05
DELIVERED = 0.95
"""Share of the listed who are contacted below which not all were."""
_DOMINATES = 0.5
_MOST_LOST = 0.01
_LOST_APART = 3.0
_PLANNED_ROWS = 1_000


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one check found.

    Attributes
    ----------
    name : str
        Code of the check.
    status : str
        ``passes``, ``warns`` or ``refuses``.
    numbers : mapping of str to float or str
        Numbers that the words of the check tell.
    campaign : str or None
        Campaign that was checked; None where it is all rows.
    """

    name: str
    status: Literal["passes", "warns", "refuses"]
    numbers: Mapping[str, float | str]
    campaign: str | None = None


def check_arms(rows: pd.DataFrame, key: str | None) -> Check:
    """Draw every arm again from id, campaign and chance; without the key that is not done."""
    if key is None:
        return Check(name="arms", status="warns", numbers={"rows": len(rows)})
    drawn = np.zeros(len(rows), dtype=bool)
    for campaign, at in rows.groupby("campaign", observed=True).indices.items():
        part = rows.iloc[at]
        drawn[at] = draw(part["customer_id"], part["entry_number"], part["chance"].to_numpy(), str(campaign), key)
    # Whoever stands where a list ends is listed by certainty of place, not of arm: they were drawn like the others.
    wrong = drawn != (rows["arm"] == HELD_OUT).to_numpy()
    examples = ", ".join(rows["customer_id"][wrong].head(3))
    numbers: dict[str, float | str] = {"wrong": int(wrong.sum()), "rows": len(rows), "examples": examples}
    return Check(name="arms", status="refuses" if wrong.any() else "passes", numbers=numbers)


def check_share(rows: pd.DataFrame) -> Check:
    """Compare how many were held out with how many should have been, by a test that holds at all looks."""
    held, chance = (rows["arm"] == HELD_OUT).to_numpy(), rows["chance"].to_numpy(dtype=np.float64)
    variances = chance * (1 - chance)
    planned = _PLANNED_ROWS * float(variances.mean())
    beyond = abs(float((held - chance).sum())) > mixture_half_width(float(variances.sum()), planned, _SHARE_ALPHA)
    numbers = {"held_out": int(held.sum()), "expected": float(chance.sum()), "rows": len(rows)}
    return Check(name="share", status="refuses" if beyond else "passes", numbers=numbers)


def check_balance(entered: Entered, probability: np.ndarray) -> Check:
    """Compare what was known before the draw: the probabilities of leaving of both arms."""
    apart = Entered.of(entered.listed, entered.cohort)[0]
    found = effect_on_money(apart, probability)
    z = found.value / math.sqrt(found.variance) if found.variance > 0 else 0.0
    status: Literal["passes", "warns", "refuses"] = "passes"
    if abs(z) > _UNBALANCED:
        status = "refuses" if abs(z) > _VERY_UNBALANCED else "warns"
    return Check(
        name="balance",
        status=status,
        numbers={"listed": found.mean_listed, "held_out": found.mean_held_out, "z": round(z, 1)},
    )


def check_contacts(rows: pd.DataFrame) -> list[Check]:
    """Say how many of the listed were contacted, and of the held out; and who got offers of other campaigns."""
    held = (rows["arm"] == HELD_OUT).to_numpy()
    treated = rows["treated"].to_numpy(dtype=np.float64)
    if np.isnan(treated).all():
        return [Check(name="no_contacts", status="warns", numbers={})]
    delivery, contamination = float(treated[~held].mean()), float(treated[held].mean())
    other = rows["other_offer"].to_numpy(dtype=np.float64)
    of_listed, of_held = float(other[~held].mean()), float(other[held].mean())
    error = math.sqrt(sum(p * (1 - p) / n for p, n in ((of_listed, (~held).sum()), (of_held, held.sum()))))
    differ = error > 0 and abs(of_listed - of_held) / error > _UNBALANCED
    return [
        Check(
            name="delivery",
            status="refuses" if delivery == 0 else "warns" if delivery < DELIVERED else "passes",
            numbers={"share": delivery},
        ),
        Check(
            name="contamination",
            status="warns" if contamination >= _CONTAMINATED else "passes",
            numbers={"share": contamination},
        ),
        Check(
            name="other_offers",
            status="warns" if differ else "passes",
            numbers={"listed": of_listed, "held_out": of_held},
        ),
    ]


def check_lost(rows: pd.DataFrame, unknown: np.ndarray) -> Check:
    """Count customers whom the shop does not know any more, and compare the arms."""
    held = (rows["arm"] == HELD_OUT).to_numpy()
    share = float(unknown.mean())
    of_listed, of_held = (float(unknown[arm].mean()) if arm.any() else 0.0 for arm in (~held, held))
    error = math.sqrt(share * (1 - share) * (1 / max((~held).sum(), 1) + 1 / max(held.sum(), 1)))
    apart = error > 0 and abs(of_listed - of_held) / error > _LOST_APART
    return Check(
        name="lost",
        status="refuses" if share > _MOST_LOST and apart else "warns" if share > _MOST_LOST else "passes",
        numbers={"lost": int(unknown.sum()), "listed": of_listed, "held_out": of_held},
    )


def check_dominance(entered: Entered, outcome: np.ndarray) -> Check:
    """Say whether one cohort alone decides: its part of the effect's variance."""
    design = entered.design
    moved = design.moved(design.fit(outcome)) ** 2
    parts = np.bincount(entered.cohort, weights=moved, minlength=entered.cohorts)
    share = float(parts.max() / parts.sum()) if parts.sum() > 0 else 0.0
    warns = entered.cohorts > 1 and share > _DOMINATES
    return Check(name="dominance", status="warns" if warns else "passes", numbers={"share": share})


def find_overlap(rows: pd.DataFrame, others: pd.DataFrame) -> set[str]:
    """Name the customers who stood in another campaign while they entered this one."""
    own = rows[["customer_id", "entered_on"]]
    both = own.merge(others[["customer_id", "entered_on", "arm_until"]], on="customer_id", suffixes=("", "_other"))
    meets = (both["entered_on_other"] <= both["entered_on"]) & (both["arm_until"] > both["entered_on"])
    return set(both["customer_id"][meets])


def check_overlap(customers: int, rows: int, effect: float, without: float) -> Check:
    """Tell how many stood in another campaign, and the effect with and without them."""
    numbers = {"customers": customers, "rows": rows, "effect": effect, "without": without}
    return Check(name="carry_over", status="passes", numbers=numbers)
