"""Training under one's own lists: labelled rows of customers whom lists may have kept, put right by those held out.

The probability of leaving is that of a customer who is left alone. Of customers who entered a campaign within a label
window, only those whom the lot held out show that; they stand for the listed, who are left out.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from churnml.campaigns.ledger import LISTED
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.models.card import ListedPart
from churnml.models.rows import TrainingFrame, customer_hashes, salted
from churnml.words.value_names import ALL_CAMPAIGNS

_NEARLY = 1e-9
MOST = 20.0
"""Greatest number of rows for which one of a held-out customer stands."""


def without_listed(
    frame: TrainingFrame, ledger: pd.DataFrame, definition: ChurnDefinition, how: str, seed: int
) -> tuple[TrainingFrame, ListedPart | None]:
    """Leave out rows of those who were listed within their label window, and let the held out stand for them.

    A row belongs to an entry if its label window meets ``[entered_on, measure_on)``. Rows of held-out customers count
    one over their chance of being held out, at most 20: they are repeated so often, the fraction by a lot that depends
    on customer and day alone. So fits, losses, levels and the gate's figures weigh them alike, and errors, which go by
    customer, stay what they are.

    Parameters
    ----------
    frame : TrainingFrame
        Labelled rows.
    ledger : pandas DataFrame
        Ledger of the lists.
    definition : ChurnDefinition
        Definition of leaving.
    how : {'reweigh', 'keep', 'drop'}
        What is done: the above; nothing; or the listed are left out, and nobody stands for them.
    seed : int
        Seed of the customers' hashes in the frame.

    Returns
    -------
    tuple of TrainingFrame and ListedPart or None
        The rows, and what was done to them; None where no row belongs to an entry.

    Raises
    ------
    InputError
        Where listed customers are to be dropped on a day on whose window nobody was held out.
    """
    entries = ledger[ledger["campaign"] != ALL_CAMPAIGNS]
    hashes = customer_hashes(pd.Index(entries["customer_id"]), seed)
    repeats, lots = np.ones(len(frame)), np.zeros(len(frame))
    listed_rows, held_rows = np.zeros((2, len(frame)), dtype=bool)
    as_they_ran = []
    for day in frame.days:
        rows = frame.snapshots == day
        start = day.astype(object) + timedelta(days=definition.lead_days)
        end = start + timedelta(days=definition.horizon_days)
        meets = ((entries["entered_on"] < end) & (entries["measure_on"] > start)).to_numpy(dtype=bool)
        part = pd.DataFrame(
            {
                "hash": hashes[meets],
                "listed": (entries["arm"] == LISTED).to_numpy()[meets],
                "stands_for": 1 / entries["chance"].to_numpy(dtype=np.float64)[meets],
            }
        )
        part["stands_for"] = part["stands_for"].mask(part["listed"], 1.0)
        by_customer = part.groupby("hash").agg({"listed": "any", "stands_for": "prod"}).reindex(frame.hashes[rows])
        listed = by_customer["listed"].eq(True).to_numpy()
        held = by_customer["listed"].eq(False).to_numpy()
        if listed.any() and not held.any():
            as_they_ran.append(str(day))
            continue
        repeats[rows] = np.where(held, by_customer["stands_for"].to_numpy(), 1.0)
        listed_rows[rows], held_rows[rows] = listed, held
        lots[rows] = salted(frame.hashes[rows], f"listed {day}")
    if not as_they_ran and not listed_rows.any() and not held_rows.any():
        return frame, None
    if how == "drop" and as_they_ran:
        raise InputError(
            f"training.treated: on {', '.join(as_they_ran)} customers were listed and nobody was held out, so that "
            "without the listed only those whom nobody cared for would be left. Choose reweigh, which keeps these days."
        )
    cut = held_rows & (repeats > MOST)
    told = ListedPart(
        how=how,
        listed=int(listed_rows.sum()),
        held_out=int(held_rows.sum()),
        treated_held_out=0 if frame.treated is None else int((frame.treated & held_rows).sum()),
        cut=int(cut.sum()) if how == "reweigh" else 0,
        as_they_ran=tuple(as_they_ran),
    )
    if how == "keep":
        return frame, told
    counts = np.floor(np.minimum(repeats, MOST) + _NEARLY + lots) if how == "reweigh" else np.ones(len(frame))
    counts[listed_rows] = 0
    return frame.repeated(counts.astype(np.int64)), told
