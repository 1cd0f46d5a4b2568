"""The choice among all: ranks, arms, the work list, and what changed since an earlier list."""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from churnml.campaigns.team import SAVE
from churnml.config import Config
from churnml.data.history import History
from churnml.data.stored_rows import RANK, StoredRows
from churnml.models.model import Model
from churnml.models.uplift import UpliftModel
from churnml.models.value import LEFT, STAYED
from churnml.scoring import rows as of_rows
from churnml.scoring.changes import name_changes, snapshot_of
from churnml.scoring.effect_support import beyond_support
from churnml.scoring.entries import Entries, Lots, enter_list, find_lots
from churnml.scoring.lists import Asked, NamedList, make_lists
from churnml.scoring.plays import PlayBook
from churnml.scoring.relearning import STOPPED, relearn
from churnml.scoring.worklist import EXPLORE_LOT, LOOKED_AT, make_worklist
from churnml.words.value_names import ALL_CAMPAIGNS

COLUMNS = (
    *("risk_rank", "customer_id", "churn_probability", "risk_band", "value_at_risk", "segment", "lifecycle_stage"),
    *("last_order_at", "reason_1", "reason_1_concept", "reason_2", "reason_2_concept", "reason_3", "reason_3_concept"),
    *("play", "contactable", "holdout", "contact_by", "snapshot_date", "measure_on", "model_version"),
    *("expected_profit", "play_rule", "change", "arm_until", "against", "place", "entered_on"),
    *("group", "usually_buys", "goes_with"),
)
"""Columns of a ranking, in their order."""
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
    lists : dict of str to NamedList
        The lists besides the work list, by name.
    """

    rows: StoredRows
    entries: Entries
    changed: pd.DataFrame | None
    lists: dict[str, NamedList]


def choose(
    scored: StoredRows,
    earlier: pd.DataFrame | None,
    ledger: pd.DataFrame,
    *,
    history: History,
    model: Model,
    book: PlayBook,
    stopped: Collection[str],
    uplift: UpliftModel | None,
    config: Config,
    held_back: bool = False,
) -> Choice:
    """Rank customers, find their arms, and choose whom to contact, list by list.

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
    book : PlayBook
        Plays by name, and the lists that are made.
    stopped : collection of str
        Names of those that are stopped.
    uplift : UpliftModel or None
        Learned effect by which the list is ranked; None where it is ranked by something else.
    config : Config
        Campaign, and what decides.
    held_back : bool, optional
        Whether the list is held back, so that nobody enters the campaign with it.
    """
    day = history.snapshot_date
    in_sample = day < model.as_of
    version = model.version + (" (in sample)" if in_sample else "")
    ranked = scored.ranked("churn_probability")
    candidates = ranked.where_null("against", [*LOOKED_AT, STAYED, RANK]).assign(model_version=version)
    holdout, capacity = config.plays.holdout, config.scoring.capacity
    if not book.lists[SAVE].holdout:
        holdout = holdout.model_copy(update={"share": 0.0, "effect": None})
    lots = find_lots(candidates, ledger, day, holdout, campaign=config.plays.campaign, capacity=capacity)
    again = relearn(candidates, lots.own.standing, stopped, config)
    lots = replace(lots, own=replace(lots.own, own_shares=again.chances))
    candidates = candidates[~candidates["customer_id"].isin(again.left_out)]
    beyond = beyond_support(candidates, uplift)
    candidates = candidates.assign(uplift=candidates["uplift"].mask(candidates["customer_id"].isin(beyond)))
    ids, explores = candidates["customer_id"], config.scoring.explore_share > 0
    candidates = candidates.assign(holdout=lots.arms(ids)["holdout"])
    if explores:
        candidates[EXPLORE_LOT] = lots.own.explore(ids, day)
    worklist = make_worklist(candidates, counts_against(scored), book.plays, config.scoring)
    entries = enter_list(
        worklist,
        lots,
        ledger,
        expected_value=candidates.set_index("customer_id")[STAYED],
        plays=book.plays,
        definition=model.definition,
        day=day,
        config=config,
        in_sample=in_sample,
        held_back=held_back,
    )
    asked = Asked(
        history=history,
        definition=model.definition,
        plays=book.plays,
        config=config,
        model_version=version,
        in_sample=in_sample,
        held_back=held_back,
        earlier=None if earlier is None else snapshot_of(earlier),
    )
    lists, whole_ledger = make_lists(book.further_lists, ranked, entries.ledger, asked)
    changed = None
    if earlier is not None:
        listed = worklist.frame["customer_id"]
        concerned = sorted({*listed, *earlier["customer_id"][earlier["list_rank"].notna()]})
        now = ranked.of(concerned, ["customer_id", "churn_probability", "last_order_at", "against"])
        sent = _contacted_since(history, snapshot_of(earlier), now["customer_id"], config.plays.campaign)
        changed = name_changes(now, listed, earlier, sent)
    entered = entries.new[entries.new["campaign"] != ALL_CAMPAIGNS].set_index("customer_id")
    decided = Decided(
        day=day,
        measure_on=day + timedelta(days=model.definition.reach_days),
        model_version=version,
        lots=lots,
        explores=explores,
        left_out=frozenset(again.left_out),
        beyond=beyond,
        places=worklist.places,
        entered=entered[["entered_on", "arm_until"]],
        changes=pd.Series(dtype="str") if changed is None else changed.set_index("customer_id")["change"],
    )
    rows, _ = ranked.mapped(decided.tell, _of_all())
    return Choice(rows=rows, entries=replace(entries, ledger=whole_ledger), changed=changed, lists=lists)


def counts_against(rows: StoredRows) -> dict[str, int]:
    """Count customers by the reason against contacting them, in the order of the number; candidates are left out."""
    return {reason: count for (reason,), count in rows.counts("against").items() if reason is not None}


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What the choice among all says of a customer, from which each row is told by itself.

    Attributes
    ----------
    day, measure_on : date
        Day of the list, and the day on which its outcome is known.
    model_version : str
        Version of the model, and whether it has seen what happened.
    lots : Lots
        Lots by which customers are held out.
    explores : bool
        Whether candidates below the list's reach are explored.
    left_out : frozenset of str
        Ids of candidates whose play is stopped, and who are not contacted all the same.
    beyond : set of str
        Ids of candidates on whom the effect of a contact is not known, who come after all others in a ranking by it.
    places : pandas Series
        Places of the candidates, by id.
    entered : pandas DataFrame
        ``entered_on`` and ``arm_until`` of who enters the campaign with the list, by id.
    changes : pandas Series
        What changed since the earlier list, by id.
    """

    day: date
    measure_on: date
    model_version: str
    lots: Lots
    explores: bool
    left_out: frozenset[str]
    beyond: Set[str]
    places: pd.Series
    entered: pd.DataFrame
    changes: pd.Series

    def tell(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return rows of the ranking with what was decided: ``COLUMNS``, effect of a contact, lot and worth."""
        ids = frame["customer_id"]
        arms = self.lots.arms(ids)
        told = frame.assign(
            snapshot_date=self.day,
            measure_on=self.measure_on,
            model_version=self.model_version,
            holdout=arms["holdout"],
            against=frame["against"].mask(ids.isin(self.left_out), STOPPED),
            place=ids.map(self.places).astype("Int64"),
            change=ids.map(self.changes).astype("str"),
            entered_on=self._since("entered_on", ids, arms),
            arm_until=self._since("arm_until", ids, arms),
        )
        told[of_rows.UPLIFT] = told[of_rows.UPLIFT].mask(ids.isin(self.beyond))
        told[EXPLORE_LOT] = self.lots.own.explore(ids, self.day) if self.explores else np.nan
        return told[[*COLUMNS, of_rows.UPLIFT, EXPLORE_LOT, STAYED, LEFT]]

    def _since(self, column: str, ids: pd.Series, arms: pd.DataFrame) -> pd.Series:
        """Return a day of who enters with the list, and of others that of the arm that holds."""
        return pd.Series(list(map(self.entered[column].to_dict().get, ids, arms[column])), ids.index, dtype=object)


def _of_all() -> pa.Schema:
    uplift, *worth = (of_rows.SCHEMA.field(name) for name in (of_rows.UPLIFT, STAYED, LEFT))
    return pa.schema([*SCHEMA, uplift, pa.field(EXPLORE_LOT, pa.float64()), *worth])


def _contacted_since(history: History, since: date, customers: pd.Series, campaign: str) -> pd.Series:
    """Find customers to whom an offer was sent since a day, by id; null for all where the shop does not say."""
    if not history.shop.has("contacts"):
        return pd.Series(pd.NA, index=customers, dtype="boolean")
    sent = history.treatments(campaign)
    lately = history.within(sent.sent_at, (history.snapshot_date - since).days)
    reached = sent.filter(lately).select("customer_id").distinct().to_pandas()
    return pd.Series(customers.isin(reached["customer_id"]).to_numpy(), index=customers, dtype="boolean")
