"""The rows of a ranking: what is said of a customer by their own numbers and the constants of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from churnml.analytics.bought import USUAL, USUAL_ORDERS, Items, tells_items, usually_bought
from churnml.analytics.lifecycle import against_own_pace, lifecycle_stages
from churnml.analytics.risk_groups import GONE, groups_of
from churnml.analytics.segments import rfm_segments
from churnml.analytics.value import has_returns, returned_of
from churnml.config import Config
from churnml.data.history import History
from churnml.data.population import eligible
from churnml.data.stored_rows import StoredRows
from churnml.definition import ChurnDefinition
from churnml.models.artefact import PackedModel, pack_model, unpack_model
from churnml.models.attribution import sum_concepts
from churnml.models.model import Model
from churnml.models.uplift import UpliftModel
from churnml.models.value import LEFT, STAYED
from churnml.scoring.constants import DayConstants, worth_of
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.plays import OPEN_COMPLAINTS, PlayBook
from churnml.scoring.reasons import REASONS, Reason
from churnml.scoring.rules import BANDS, told_by
from churnml.scoring.worklist import against_column, against_list, reasons_against
from churnml.statistics.logodds import sigmoid

_PRECISION = 1e9
UPLIFT = "uplift"
"""Column of the effect that a contact is expected to have, null where lists are not ranked by it."""
_REASONS = [name for at in range(1, REASONS + 1) for name in (f"reason_{at}", f"reason_{at}_concept")]
BOUGHT = ("usually_buys", "goes_with")
"""Columns of what a customer usually buys, and of what goes with it."""
_TEXTS = ("risk_band", "segment", "lifecycle_stage", *_REASONS, "play", "play_rule", "against", "group", *BOUGHT)
_OFTEN = 2
_KNOWN = pa.schema(
    [
        ("customer_id", pa.string()),
        ("last_order_at", pa.timestamp("us")),
        ("contactable", pa.bool_()),
        ("days_since_contact", pa.float64()),
        ("returned", pa.float64()),
        *((name, pa.string()) for name in USUAL),
        (USUAL_ORDERS, pa.float64()),
    ]
)
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        *((name, pa.string()) for name in _TEXTS),
        *(
            (name, pa.float64())
            for name in ("churn_probability", "value_at_risk", "expected_profit", UPLIFT, STAYED, LEFT)
        ),
        ("last_order_at", pa.timestamp("us")),
        ("contactable", pa.bool_()),
        ("contact_by", pa.date32()),
    ]
)
"""What is said of a customer by themselves."""


def tells_consent(history: History) -> bool:
    """Check whether the shop says who may be contacted."""
    return history.shop.has("customers", ["contactable"])


def known_of(history: History, definition: ChurnDefinition, campaigns: Sequence[str], items: Items) -> StoredRows:
    """Find what is known of the eligible customers besides features, sorted by ``customer_id`` as these.

    Parameters
    ----------
    history : History
        The shop as known on the day.
    definition : ChurnDefinition
        Definition of leaving, which says who is eligible.
    campaigns : sequence of str
        Campaigns that treat a customer by whatever they send.
    items : {'categories', 'products'}
        What customers are said to buy.

    Returns
    -------
    StoredRows
        ``last_order_at``, ``contactable`` (consent; null where the shop does not say), ``days_since_contact`` (since a
        customer was treated; null for never), ``returned`` (money that was sent back in the last 365 days), and what
        they bought while they count as customers, as from `usually_bought`.
    """
    known = eligible(history, definition)
    if tells_consent(history):
        known = known.left_join(history.table("customers").select("customer_id", "contactable"), "customer_id")
        known = known.drop("customer_id_right")
    if history.shop.has("contacts"):
        sent = history.treatments(*campaigns)
        last = sent.group_by("customer_id").aggregate(
            days_since_contact=history.days_since(sent.sent_at.max()).cast("float64")
        )
        known = known.left_join(last, "customer_id").drop("customer_id_right")
    if has_returns(history):
        known = known.left_join(returned_of(history), "customer_id").drop("customer_id_right")
    if tells_items(history, items):
        usual = usually_bought(history, items, definition.active_days)
        known = known.left_join(usual, "customer_id").drop("customer_id_right")
    return history.shop.engine.store([known.order_by("customer_id")], _known, _KNOWN)


def _known(piece: pa.Table) -> pa.Table:
    columns = {
        field.name: piece[field.name].cast(field.type)
        if field.name in piece.column_names
        else pa.nulls(len(piece), field.type)
        for field in _KNOWN
    }
    columns["returned"] = columns["returned"].fill_null(0.0)
    return pa.table(columns, schema=_KNOWN)


@dataclass(frozen=True, kw_only=True)
class RowScorer:
    """Says of customers what can be said of each by themselves.

    Attributes
    ----------
    model : Model
        Model that ranks them.
    constants : DayConstants
        Constants of the day.
    book : PlayBook
        Plays and their rules.
    effects : PlayEffects
        What is assumed or was measured of plays.
    uplift : UpliftModel or None
        Learned effect of a contact; None where lists are not ranked by it.
    config : Config
        Settings of scoring.
    consent_told : bool
        Whether the shop says who may be contacted.
    """

    model: Model
    constants: DayConstants
    book: PlayBook
    effects: PlayEffects
    uplift: UpliftModel | None
    config: Config
    consent_told: bool

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other machines with the model as its plain files."""
        constants = replace(self.constants, contributions=None)
        rest = {name: getattr(self, name) for name in ("book", "effects", "uplift", "config", "consent_told")}
        return _unpacked, (pack_model(self.model), constants, rest)

    @property
    def schema(self) -> pa.Schema:
        """Types of the rows: what is said of every customer, and why they are not on each of the further lists."""
        return pa.schema([*SCHEMA, *(pa.field(against_column(name), pa.string()) for name in self.book.further_lists)])

    @property
    def concepts(self) -> list[str]:
        """What reasons may be about."""
        return list(dict.fromkeys(self.model.concepts[name] for name in self.model.names))

    def score(self, X: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
        """Score customers, none of whom depends on another.

        Parameters
        ----------
        X : pandas DataFrame
            Features of the customers, indexed by ``customer_id``.
        known : pandas DataFrame
            What is known of them besides, as from ``known_of``, in the same order.

        Returns
        -------
        pandas DataFrame
            Rows with the columns of ``schema``, and the absolute weight of each concept, in log-odds times a billion:
            whole numbers add up to the same in any order and in any pieces.
        """
        model, constants, settings = self.model, self.constants, self.config.scoring
        contributions, logodds = self._explained(X)
        worth = worth_of(X, known["returned"], model.value, constants.spend_rate, settings.value_days)
        lost = worth[STAYED] - worth[LEFT]
        frame = pd.DataFrame({"churn_probability": sigmoid(logodds)}, index=X.index)
        frame["risk_band"] = _bands(frame["churn_probability"])
        frame["value_at_risk"] = np.round((frame["churn_probability"] * lost).clip(lower=0.0), 2)
        frame["segment"] = rfm_segments(X, constants.fifths).astype("str")
        frame["lifecycle_stage"] = lifecycle_stages(X, worth[STAYED], model.definition, constants.life)
        frame["last_order_at"] = known["last_order_at"]
        frame[_REASONS] = _columns(constants.writer.write_leaving(X[list(model.names)], contributions), X.index)
        frame["contactable"] = known["contactable"].astype("boolean")
        frame[["play", "play_rule"]] = self.book.choose(frame, X)
        frame["expected_profit"] = self._profit(frame, lost)
        frame[UPLIFT] = np.nan if self.uplift is None else self.uplift.predict(X, frame["churn_probability"])
        pace = against_own_pace(X, model.definition)
        frame["group"] = groups_of(frame, pace, model.definition, settings)
        frame["contact_by"] = _contact_by(frame, pace, model.definition)
        pace["days_since_contact"] = known["days_since_contact"]
        pace["consent_unknown"] = frame["contactable"].isna() & self.consent_told
        frame["against"] = reasons_against(frame, pace, self.book.plays, settings, self.effects.stopped)
        frame[[STAYED, LEFT]] = worth[[STAYED, LEFT]]
        frame[list(BOUGHT)] = self._bought(known)
        pace["open_complaint"] = (X[OPEN_COMPLAINTS] >= 1) if OPEN_COMPLAINTS in X else False
        for name, declared in self.book.further_lists.items():
            pace["asked"] = told_by(declared.who, frame, X)
            frame[against_column(name)] = against_list(
                frame, pace, declared, self.book.plays, settings, self.effects.stopped
            )
        weights = _PRECISION * sum_concepts(contributions, model.concepts).abs()
        whole = weights.round().astype(np.int64).reset_index(drop=True)
        told: pd.DataFrame = frame.reset_index()[list(self.schema.names)]
        return told.join(whole)

    def _explained(self, X: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.float64]]:
        kept = self.constants.contributions
        if kept is not None:
            return kept.loc[X.index], self.model.predict_logodds(X)
        _, contributions, logodds = self.model.explained(X)
        return contributions, logodds

    def _bought(self, known: pd.DataFrame) -> pd.DataFrame:
        """Name what is in several orders of a customer, in most of them, and what goes with all that they buy."""
        often = known[USUAL_ORDERS].to_numpy() >= _OFTEN
        usual = known[USUAL[0]].astype("str").where(often)
        association = self.constants.association
        others = (
            pd.Series(None, known.index, dtype="str") if association is None else association.name(known[list(USUAL)])
        )
        return pd.DataFrame(dict(zip(BOUGHT, (usual, others), strict=True)))

    def _profit(self, frame: pd.DataFrame, lost: pd.Series) -> pd.Series:
        """Compute p g (v1 - v0 - offer) - (1 - p) g0 offer - contact, g and g0 assumed or measured."""
        p, play = frame["churn_probability"], frame["play"]
        saves = play.map({name: self.effects.save_share(name) for name in self.book.plays}).astype("float64")
        offer, contact = (
            play.map({name: getattr(play, cost) for name, play in self.book.plays.items()}).astype("float64")
            for cost in ("offer", "cost")
        )
        saved = p * saves * (lost - offer)
        return (saved - (1 - p) * self.effects.taken_anyway_share * offer - contact).round(2)


def _unpacked(files: PackedModel, constants: DayConstants, rest: dict[str, Any]) -> RowScorer:
    return RowScorer(model=unpack_model(files), constants=constants, **rest)


def score_rows(rows: StoredRows, known: StoredRows, scorer: RowScorer) -> tuple[StoredRows, pd.Series]:
    """Score all customers, piece by piece.

    Parameters
    ----------
    rows, known : StoredRows
        Features of the customers, and what is known of them besides, in the same order.
    scorer : RowScorer
        Scorer of the rows.

    Returns
    -------
    tuple of StoredRows and pandas Series
        Rows with the columns of the scorer's schema, and the mean absolute weight of each concept in log-odds.
    """
    stored, sums = rows.mapped(scorer.score, scorer.schema, beside=known, summed=scorer.concepts)
    return stored, sums / _PRECISION / len(stored)


def _bands(probabilities: pd.Series) -> pd.Series:
    """Name the risk: very high from 75 %, high from 50 %, medium from 25 %, else low."""
    leasts, names = zip(*BANDS, strict=True)
    place = np.searchsorted(-np.array(leasts), -probabilities.to_numpy(), side="left")
    return pd.Series(np.array(names, dtype=object)[place], index=probabilities.index, dtype="str")


def _columns(told: list[tuple[Reason, ...]], index: pd.Index) -> pd.DataFrame:
    columns = {}
    for place in range(REASONS):
        found = [reasons[place] if len(reasons) > place else None for reasons in told]
        name = f"reason_{place + 1}"
        columns[name] = pd.array([None if reason is None else reason.sentence for reason in found], dtype="str")
        columns[f"{name}_concept"] = pd.array([None if reason is None else reason.concept for reason in found], "str")
    return pd.DataFrame(columns, index=index)


def _contact_by(frame: pd.DataFrame, pace: pd.DataFrame, definition: ChurnDefinition) -> pd.Series:
    """Return the day on which customers would count as lapsed; null for who is gone, and for kinds without a pace."""
    days = pd.to_timedelta(np.ceil(pace["lapses_after"].to_numpy()), unit="D")
    lapses = frame["last_order_at"].dt.normalize() + days
    told = lapses.notna() & (frame["group"] != GONE) & (definition.kind != "subscription_end")
    found: pd.Series = lapses.dt.date.astype(object).where(told, None)
    return found
