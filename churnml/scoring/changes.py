"""What changed since an earlier list: who is new, worse, recovered or came back, and the feature that did it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnml.analytics.risk_groups import GONE
from churnml.errors import InputError
from churnml.features.family_catalogue import OF_THE_DAY
from churnml.features.sentences import Sentences

if TYPE_CHECKING:
    from churnml.scoring.explainer import Explainer

CHANGES = ("new", "worse", "better", "same", "recovered", "came back", "lost", "off the list")
_MARKED = 0.1  # change of the probability that counts
_TOWARDS_LEAVING = ("new", "worse", "lost")
_UNMOVED = ("same", "off the list")
NEEDED = ("customer_id", "churn_probability", "snapshot_date", "list_rank")
"""Columns of an earlier ranking that are compared."""


def snapshot_of(ranking: pd.DataFrame) -> date:
    """Return the day of a ranking with at least one row."""
    return pd.Timestamp(str(ranking["snapshot_date"].iloc[0])).date()


def check_earlier(earlier: pd.DataFrame, snapshot_date: date) -> None:
    """Refuse an earlier ranking that cannot be compared with the list of a day.

    Raises
    ------
    InputError
        Where columns are missing, it is empty, or it is not earlier.
    """
    missing = [name for name in NEEDED if name not in earlier.columns]
    if missing:
        raise InputError(
            f"The earlier list has no {', '.join(missing)}. Name a folder that churnml score wrote, with its "
            "ranking.parquet."
        )
    if earlier.empty or snapshot_of(earlier) >= snapshot_date:
        day = "no day" if earlier.empty else snapshot_of(earlier)
        raise InputError(
            f"The earlier list is of {day}, not before {snapshot_date}. Name the folder of an earlier list."
        )


def name_changes(frame: pd.DataFrame, listed: pd.Series, earlier: pd.DataFrame, contacted: pd.Series) -> pd.DataFrame:
    """Find what changed for each customer who is on the list or was on the earlier one.

    ``new``: on this list only; ``worse``, ``better`` and ``same``: on both, with a probability that rose or fell by
    10 points or more, or did not; off the list again, ``came back`` unaided, with an order since and no offer sent
    in between; ``recovered``: with an order after an offer, or where the shop does not say what it sent; ``lost``:
    no order, and now too long ago; ``off the list``: no order, and other customers stand on it.

    Parameters
    ----------
    frame : pandas DataFrame
        Rows of the ranking of these customers, as far as they are ranked.
    listed : pandas Series
        Ids of the customers on the work list.
    earlier : pandas DataFrame
        Ranking of an earlier day, with ``list_rank`` (null where they were not on its list).
    contacted : pandas Series
        Whether an offer was sent to the customer since the earlier day, by id; null where the shop does not say.

    Returns
    -------
    pandas DataFrame
        ``customer_id, change, before, now`` (probabilities; null where they were or are not ranked), sorted by change
        and id.
    """
    before = earlier.set_index("customer_id")
    was_on = before.index[before["list_rank"].notna()]
    now = frame.set_index("customer_id")
    ids = pd.Index(listed).union(was_on)
    table = pd.DataFrame(
        {
            "customer_id": ids,
            "before": before["churn_probability"].reindex(ids).to_numpy(),
            "now": now["churn_probability"].reindex(ids).to_numpy(),
        }
    )
    is_on, was = ids.isin(listed), ids.isin(was_on)
    day = pd.Timestamp(snapshot_of(earlier))
    ordered = (pd.to_datetime(now["last_order_at"]).reindex(ids) >= day).to_numpy()
    sent = contacted.reindex(ids).astype("boolean")
    unaided = (~sent).fillna(False).to_numpy(dtype=bool)
    moved = (table["now"] - table["before"]).to_numpy()
    table["change"] = np.select(
        [
            is_on & ~was,
            is_on & (moved >= _MARKED),
            is_on & (moved <= -_MARKED),
            is_on,
            ordered & ~unaided,
            ordered,
            # Who is not ranked ordered last too long ago.
            (now["against"].reindex(ids) == GONE).to_numpy() | ~ids.isin(now.index),
        ],
        list(CHANGES[:-1]),
        CHANGES[-1],
    )
    table["change"] = table["change"].astype("str")
    table = table.sort_values(["change", "customer_id"], ignore_index=True)
    return table[["customer_id", "change", "before", "now"]]


def explain_changes(explainer: Explainer, changed: pd.DataFrame, before: date) -> pd.DataFrame:
    """Add to changes the feature that caused each; see `name_causes`.

    Parameters
    ----------
    explainer : Explainer
        Explainer of the newer ranking.
    changed : pandas DataFrame
        Changes, as from `name_changes`.
    before : date
        Day of the earlier ranking.
    """
    names = list(explainer.model.names)
    X = explainer.X.of(changed["customer_id"])[names]
    X_before = explainer.features_on(before).of(X.index)[names]
    now, then = (explainer.model.contributions(rows)[1] for rows in (X, X_before))
    return name_causes(changed, X, now, then, explainer.sentences)


def name_causes(
    changes: pd.DataFrame,
    X: pd.DataFrame,
    contributions: pd.DataFrame,
    contributions_before: pd.DataFrame,
    sentences: Sentences,
) -> pd.DataFrame:
    """Add the feature whose weight moved most in the direction of the change and has something to say.

    Parameters
    ----------
    changes : pandas DataFrame
        Changes, as from `name_changes`.
    X, contributions : pandas DataFrame
        Features and SHAP values (log-odds) of these customers on the snapshot.
    contributions_before : pandas DataFrame
        SHAP values of the earlier day, by the same model; a customer who was not eligible then is compared with a
        weight of 0.
    sentences : Sentences
        Sentences of the features.

    Returns
    -------
    pandas DataFrame
        Table ``changes`` with ``feature`` and ``sentence``, null where none speaks, nothing changed, or they are not
        ranked.
    """
    names = [name for name in contributions.columns if sentences.known[name].family not in OF_THE_DAY]
    moved = contributions[names] - contributions_before.reindex(contributions.index)[names].fillna(0.0)
    rows = X.to_dict("index")
    told = [
        _cause(moved.loc[customer], change in _TOWARDS_LEAVING, rows[customer], sentences)
        if customer in rows and change not in _UNMOVED
        else (None, None)
        for customer, change in zip(changes["customer_id"], changes["change"], strict=True)
    ]
    return changes.assign(
        feature=pd.array([feature for feature, _ in told], dtype="str"),
        sentence=pd.array([sentence for _, sentence in told], dtype="str"),
    )


def _cause(
    moved: pd.Series, to_leaving: bool, row: Mapping[Any, float], sentences: Sentences
) -> tuple[str | None, str | None]:
    towards = moved if to_leaving else -moved
    for feature in map(str, towards[towards > 0].sort_values(ascending=False, kind="stable").index):
        # "No order for 5 days" is no news of somebody who came back; "3 orders in the last 30 days" is.
        is_news = to_leaving or sentences.known[feature].tells == "low"
        sentence = sentences.write(feature, row) if is_news else None
        if sentence is not None:
            return feature, sentence
    return None, None
