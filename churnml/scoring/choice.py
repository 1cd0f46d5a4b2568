"""The choice among all: ranks, arms, the work list, and what changed since an earlier list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from churnml.config import Config
from churnml.data.history import History
from churnml.data.stored_rows import StoredRows, store_frames
from churnml.models.model import Model
from churnml.models.value import LEFT, STAYED
from churnml.scoring import rows as of_rows
from churnml.scoring.changes import name_changes, snapshot_of
from churnml.scoring.entries import Entries, enter_list, find_arms, with_entries
from churnml.scoring.groups import GONE
from churnml.scoring.plays import Play
from churnml.scoring.worklist import make_worklist

COLUMNS = (
    *("risk_rank", "customer_id", "churn_probability", "risk_band", "value_at_risk", "segment", "lifecycle_stage"),
    *("last_order_at", "reason_1", "reason_1_concept", "reason_2", "reason_2_concept", "reason_3", "reason_3_concept"),
    *("play", "contactable", "holdout", "contact_by", "snapshot_date", "measure_on", "model_version"),
    *("expected_profit", "play_rule", "change", "arm_until", "against", "place", "entered_on"),
    "group",
)
"""Columns of a ranking, in their order."""
LOOKED_AT = (
    *("customer_id", "churn_probability", "risk_band", "value_at_risk", "expected_profit", "play", "contact_by"),
    *("last_order_at", "against"),
)
"""What decides among all customers, of what is said of each."""
DECIDED = ("risk_rank", "holdout", "change", "arm_until", "place", "entered_on")
_CHOSEN = pa.schema(
    [
        ("risk_rank", pa.int64()),
        ("holdout", pa.bool_()),
        *((name, pa.date32()) for name in ("snapshot_date", "measure_on")),
        *((name, pa.string()) for name in ("model_version", "change")),
        *((name, pa.date32()) for name in ("arm_until", "entered_on")),
        ("place", pa.int64()),
    ]
)
_FIELDS = {field.name: field for field in [*of_rows.SCHEMA, *_CHOSEN]}
SCHEMA = pa.schema([_FIELDS[name] for name in COLUMNS])
"""Types of a ranking's columns in a file."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was decided among all customers.

    Attributes
    ----------
    rows : StoredRows
        Rows of the ranking, the most likely to leave first: ``COLUMNS``, and what they are worth.
    entries : Entries
        Who enters the campaign with this list, and who did before.
    changed : pandas DataFrame or None
        What changed since the earlier list, as from `name_changes`; None without one.
    """

    rows: StoredRows
    entries: Entries
    changed: pd.DataFrame | None


def choose(
    scored: StoredRows,
    earlier: pd.DataFrame | None,
    ledger: pd.DataFrame,
    *,
    history: History,
    model: Model,
    plays: Mapping[str, Play],
    config: Config,
) -> Choice:
    """Rank customers, find their arms, and choose whom to contact.

    Parameters
    ----------
    scored : StoredRows
        What is said of each customer, as from `score_rows`.
    earlier : pandas DataFrame or None
        Ranking of an earlier day to compare with.
    ledger : pandas DataFrame
        Ledger of earlier lists.
    history : History
        The shop as known on the day.
    model : Model
        Model that ranks them.
    plays : mapping of str to Play
        Plays by name.
    config : Config
        Campaign, and what decides.
    """
    day = history.snapshot_date
    in_sample = day < model.as_of
    frame = scored.frame([*LOOKED_AT, STAYED])
    frame = frame.sort_values(["churn_probability", "customer_id"], ascending=[False, True])
    places = np.empty(len(frame), dtype=np.int64)
    places[frame.index.to_numpy()] = np.arange(len(frame))
    frame = frame.reset_index(drop=True)
    frame["risk_rank"] = np.arange(1, len(frame) + 1)
    frame["model_version"] = model.version + (" (in sample)" if in_sample else "")
    arms = find_arms(frame, frame["against"], ledger, day, config)
    frame[["entered_on", "arm_until"]] = arms.table[["entered_on", "arm_until"]]
    frame["holdout"] = arms.holdout
    worklist = make_worklist(frame, frame["against"], plays, config.scoring)
    entries = enter_list(
        worklist,
        arms,
        ledger,
        expected_value=frame.set_index("customer_id")[STAYED],
        plays=plays,
        definition=model.definition,
        day=day,
        config=config,
        in_sample=in_sample,
    )
    frame = with_entries(frame.assign(place=worklist.places), entries.new)
    changed = None
    frame["change"] = pd.Series(pd.NA, index=frame.index, dtype="str")
    if earlier is not None:
        changed = name_changes(
            frame,
            worklist.frame["customer_id"],
            earlier,
            pd.Series((frame["against"] == GONE).to_numpy(dtype=bool), index=frame["customer_id"]),
            _contacted_since(history, snapshot_of(earlier), frame["customer_id"], config.plays.campaign),
        )
        frame["change"] = frame["customer_id"].map(changed.set_index("customer_id")["change"]).astype("str")
    every = {"snapshot_date": day, "measure_on": day + timedelta(days=model.definition.reach_days)}
    decided = frame[[*DECIDED, "model_version"]].assign(**every)
    rows = store_frames(_joined(scored.sorted_by(places), decided), _of_all())
    return Choice(rows=rows, entries=entries, changed=changed)


def _of_all() -> pa.Schema:
    return pa.schema([*SCHEMA, of_rows.SCHEMA.field(STAYED), of_rows.SCHEMA.field(LEFT)])


def _joined(pieces: Iterator[pd.DataFrame], decided: pd.DataFrame) -> Iterator[pd.DataFrame]:
    start = 0
    for piece in pieces:
        own = decided.iloc[start : start + len(piece)]
        start += len(piece)
        yield piece.set_index(own.index).join(own)[[*COLUMNS, STAYED, LEFT]]


def _contacted_since(history: History, since: date, customers: pd.Series, campaign: str) -> pd.Series:
    """Find customers to whom an offer was sent since a day, by id; null for all where the shop does not say."""
    if not history.shop.has("contacts"):
        return pd.Series(pd.NA, index=customers, dtype="boolean")
    sent = history.treatments(campaign)
    lately = history.within(sent.sent_at, (history.snapshot_date - since).days)
    reached = sent.filter(lately).select("customer_id").distinct().to_pandas()
    return pd.Series(customers.isin(reached["customer_id"]).to_numpy(), index=customers, dtype="boolean")
