"""The constants of a shop's day: what decides about a customer apart from their own row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa

from churnml.analytics.association import Association
from churnml.analytics.lifecycle import ShopLife
from churnml.analytics.segments import RFM, fifths_of
from churnml.analytics.value import VALUE, spend_rate, value_at_rate
from churnml.data.stored_rows import ID, StoredRows
from churnml.features.sentences import Sentences
from churnml.models.model import Model
from churnml.models.value import LEFT, STAYED, LearnedValue
from churnml.plain import plain
from churnml.scoring.reasons import ReasonWriter

_DRAWN = 20_000


@dataclass(frozen=True, kw_only=True)
class DayConstants:
    """What is found once from all customers, so that each can then be told by themselves.

    Attributes
    ----------
    life : ShopLife
        What tells stages apart.
    fifths : mapping of str to tuple of float
        Where the fifths of recency, frequency and spend start.
    spend_rate : float or None
        The shop's net spend per customer-year; None where a model learned what customers are worth.
    writer : ReasonWriter
        Writer of reasons, who knows what is usual in the shop.
    association : Association or None
        What goes with what customers buy; None where the shop does not tell it.
    contributions : pandas DataFrame or None
        SHAP values of all customers in log-odds; None of more than 20,000.
    """

    life: ShopLife
    fifths: Mapping[str, tuple[float, ...]]
    spend_rate: float | None
    writer: ReasonWriter = field(repr=False)
    association: Association | None = field(default=None, repr=False)
    contributions: pd.DataFrame | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers for the manifest."""
        told: dict[str, Any] = plain(
            {
                "vip_from": self.life.vip_from,
                "fifths": dict(self.fifths),
                "spend_rate": self.spend_rate,
                "association": None if self.association is None else self.association.to_json(),
                "reasons": self.writer.to_json(),
            }
        )
        return told


def find_constants(
    rows: StoredRows,
    known: StoredRows,
    *,
    model: Model,
    sentences: Sentences,
    association: Association | None,
    min_reason_weight: float,
    value_days: int,
) -> DayConstants:
    """Find the constants of a day, column by column.

    Parameters
    ----------
    rows : StoredRows
        Features of all customers: the model's, and those that pace, stage, segment and value look at.
    known : StoredRows
        What is known of them besides, with ``returned``, the money that customers sent back in the last 365 days.
    model : Model
        Model that ranks them.
    sentences : Sentences
        Sentences of the features.
    association : Association or None
        What goes with what customers buy; None where the shop does not tell it.
    min_reason_weight : float
        Least weight of a reason, in log-odds.
    value_days : int
        Number of days ahead whose orders count for the value.
    """
    rate = None
    if model.value is None:
        paid = rows.mapped(_paid, _numbers(*VALUE, "returned"), beside=known)[0].values([*VALUE, "returned"])
        rate = spend_rate(paid, paid["returned"])
    writer, contributions = make_writer(model, rows, sentences, min_reason_weight)
    told = partial(_stayed, value=model.value, rate=rate, value_days=value_days)
    worth, _ = rows.mapped(told, _numbers(STAYED), beside=known)
    return DayConstants(
        life=ShopLife.of(worth.values([STAYED])[STAYED]),
        fifths=fifths_of(rows.values(RFM)),
        spend_rate=rate,
        writer=writer,
        association=association,
        contributions=contributions,
    )


def make_writer(
    model: Model, rows: StoredRows, sentences: Sentences, min_weight: float
) -> tuple[ReasonWriter, pd.DataFrame | None]:
    """Make the writer of the reasons of a population; what reasons usually weigh is learned from some of it.

    Parameters
    ----------
    model : Model
        Model whose SHAP values are explained.
    rows : StoredRows
        Features of all customers.
    sentences : Sentences
        Sentences of the features.
    min_weight : float
        Least weight of a reason, in log-odds.

    Returns
    -------
    tuple of ReasonWriter and pandas DataFrame or None
        The writer, and the SHAP values where they are those of all.
    """
    drawn = rows.drawn(_DRAWN)
    ids, X = drawn.index, drawn[list(model.names)].reset_index(drop=True)  # some ids of another day have no pseudonym
    contributions = model.contributions(X)[1]
    writer = ReasonWriter(X, sentences, min_weight, contributions)
    return writer, contributions.set_axis(ids) if len(drawn) == len(rows) else None


def worth_of(
    X: pd.DataFrame, returned: pd.Series, value: LearnedValue | None, rate: float | None, value_days: int
) -> pd.DataFrame:
    """Return what customers are worth if they stay and if they leave: as learned, or by the simple rule at a rate."""
    if value is not None:
        return value.predict(X, value_days)
    assert rate is not None
    return pd.DataFrame({STAYED: value_at_rate(X, returned, rate, value_days), LEFT: 0.0})


def _stayed(X: pd.DataFrame, known: pd.DataFrame, **settings: Any) -> pd.DataFrame:
    return worth_of(X, known["returned"], **settings)[[STAYED]].reset_index()


def _paid(X: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    return X[list(VALUE)].assign(returned=known["returned"]).reset_index()


def _numbers(*names: str) -> pa.Schema:
    return pa.schema([(ID, pa.string()), *((name, pa.float64()) for name in names)])
