"""The ranking: who is most likely to leave, why, and what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from churnml.campaigns.holdout import HoldoutPlan
from churnml.config import Config, ScoringSettings
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.data.timeline import timeline
from churnml.definition import failures_of
from churnml.errors import ConfigError, InputError
from churnml.features.available import available
from churnml.features.builder import build
from churnml.features.sentences import Sentences
from churnml.features.trace import trace
from churnml.models.attribution import sum_concepts
from churnml.models.model import Model
from churnml.plots import plot_reasons
from churnml.scoring.changes import name_causes, name_changes, snapshot_of
from churnml.scoring.explaining import Explained, make_writer
from churnml.scoring.plays import Play
from churnml.scoring.reason_stability import compute_stability
from churnml.scoring.reasons import ReasonWriter
from churnml.scoring.story import Explanation, Story, say_events
from churnml.scoring.worklist import Worklist, make_worklist

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEAD = 10
_SHOWN = ("risk_rank", "customer_id", "churn_probability", "risk_band", "value_at_risk", "reason_1")
_LOST = "already lost"
_SHARED_BY = 5
"""Customers who share a text of the shop, such as a topic, before a pseudonymous ranking tells it."""
_CHANGEABLE = ("capacity", "budget", "rank_by", "order_by")


class Ranking:
    """Every eligible customer of a snapshot, the most likely to leave first.

    Attributes
    ----------
    frame
        One row per customer; see the columns in the documentation of the files.
    snapshot_date, model, shop, config
        What was ranked, and how.
    plays
        What one does for a customer, by the name in the column ``play``.
    language, currency
        How sentences are written; a null currency writes plain numbers.
    earlier
        The ranking of an earlier day that it is compared with, or None.
    """

    def __init__(
        self,
        *,
        frame: pd.DataFrame,
        X: pd.DataFrame,
        explained: Explained,
        against: pd.Series,
        writer: ReasonWriter,
        model: Model,
        shop: Shop,
        plays: dict[str, Play],
        config: Config,
        sentences: Sentences,
        earlier: pd.DataFrame | None = None,
        real_ids: pd.Series | None = None,
    ) -> None:
        self.frame = frame
        self.model = model
        self.shop = shop
        self.plays = plays
        self.config = config
        self.language = sentences.language
        self.currency = sentences.currency
        self._sentences = sentences
        self.snapshot_date = frame["snapshot_date"].iloc[0]
        self._X = X
        self._explained = explained
        self._against = against
        self._writer = writer
        self.earlier = earlier
        self._real_ids = real_ids
        if earlier is not None:
            named = self._named_changes.set_index("customer_id")["change"]
            self.frame = frame.assign(change=frame["customer_id"].map(named).astype("str"))
            del self.__dict__["_worklist"]  # chosen from the frame without it

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        shown = self.top(_HEAD)[list(_SHOWN)].to_string(index=False)
        return f"Ranking of {len(self):,} customers on {self.snapshot_date}, most likely to leave first:\n{shown}"

    def _repr_html_(self) -> str:
        title = f"Ranking of {len(self):,} customers on {self.snapshot_date}, most likely to leave first"
        shown = self.top(_HEAD)[list(_SHOWN)].style.hide(axis="index").set_caption(title)
        shown.format({"churn_probability": "{:.1%}", "value_at_risk": "{:,.2f}"}, escape="html", na_rep="")
        return str(shown.to_html())

    def top(self, n: int) -> pd.DataFrame:
        """Give the n customers who are most likely to leave; the work list is another list.

        The name of its columns says which list it is.

        Raises
        ------
        InputError
            Where ``n`` is not a number of customers.
        """
        return self.frame.head(_customers(n)).rename_axis(columns="ranking, most likely to leave first")

    def worklist(self, n: int | None = None) -> pd.DataFrame:
        """Give the customers to contact, in the order in which to contact them; see ``select``.

        Parameters
        ----------
        n
            At most so many; None takes the configured capacity.

        Returns
        -------
        pandas DataFrame
            ``list_rank`` (1 first) and the columns of the ranking.

        Raises
        ------
        InputError
            Where ``n`` is not a number of customers.
        """
        return self.select(capacity=None if n is None else _customers(n)).frame

    def select(self, **settings: Any) -> Worklist:
        """Choose whom to contact.

        On the list is who is overdue against her own pace but not yet lost, likely enough to leave, may be contacted,
        was not contacted lately, has a play that contacts, and is not in the holdout: those for whom capacity and
        budget last, by what ``rank_by`` says.

        Parameters
        ----------
        **settings
            ``capacity``, ``budget``, ``rank_by`` and ``order_by``, where they differ from the configuration; None is
            passed over.

        Raises
        ------
        ConfigError
            With every setting that is not known or cannot be.
        """
        given = {name: value for name, value in settings.items() if value is not None}
        if not given:
            return self._worklist
        failures = [
            f"{name}: cannot be changed here. Choose among {', '.join(_CHANGEABLE)}."
            for name in given
            if name not in _CHANGEABLE
        ]
        try:
            chosen = ScoringSettings(**{**self.config.scoring.model_dump(), **given})
        except ValidationError as error:
            failures += failures_of(error)
        if failures:
            raise ConfigError(failures)
        return make_worklist(self.frame, self._against, self.plays, chosen, self.config.plays)

    @cached_property
    def _worklist(self) -> Worklist:
        return make_worklist(self.frame, self._against, self.plays, self.config.scoring, self.config.plays)

    @property
    def pseudonymous(self) -> bool:
        """Whether other ids stand for the shop's own."""
        return self._real_ids is not None

    @property
    def excluded(self) -> dict[str, int]:
        """Ranked customers who are not on the work list, by reason."""
        return self._worklist.excluded

    @property
    def holdout(self) -> HoldoutPlan | None:
        """What the holdout can show; None where nobody is held out."""
        return self._worklist.holdout

    @property
    def drivers(self) -> pd.DataFrame:
        """``concept`` and ``weight``: mean absolute weight over all customers in log-odds, heaviest first."""
        weights = self._explained.weights.abs().mean().sort_values(ascending=False, kind="stable")
        return weights.astype("float64").rename_axis("concept").rename("weight").reset_index()

    def plot_drivers(self, ax: Axes | None = None) -> Axes:
        """Draw what the model looks at, by concept."""
        table = self.drivers.rename(columns={"concept": "label", "weight": "contribution"})
        return plot_reasons(table, ax, title="Mean absolute weight of each concept (log-odds)")

    @cached_property
    def changes(self) -> pd.DataFrame | None:
        """What changed since the earlier list, and the feature that did it; None without one.

        ``customer_id, change, before, now, feature, sentence``; see ``churnml.scoring.changes``.
        """
        if self.earlier is None:
            return None
        changes = self._named_changes
        X = self._X.loc[self._X.index.isin(changes["customer_id"])]
        X_before = self._features_on(snapshot_of(self.earlier))
        X_before = X_before.loc[X_before.index.isin(X.index)]
        return name_causes(
            changes,
            X,
            self.model.contributions(X)[1],
            self.model.contributions(X_before)[1],
            self._sentences,
        )

    def stories(self, customers: Sequence[str]) -> dict[str, Story]:
        """Tell the stories of customers of the ranking; others are left out.

        Parameters
        ----------
        customers
            Their ids.

        Returns
        -------
        dict
            By id, in the order given.
        """
        known = [customer for customer in dict.fromkeys(customers) if customer in self._X.index]
        X = self._X.loc[known]
        told = dict(zip(known, self._writer.write(X, self.model.contributions(X)[1]), strict=True)) if known else {}
        shared_by = _SHARED_BY if self.pseudonymous else 1
        happened = timeline(History(self.shop, self.snapshot_date), self._real(known), shared_by=shared_by)
        happened["customer_id"] = self._public(happened["customer_id"])
        said = say_events(happened, self.language, self.currency)
        events = said.drop(columns="customer_id")
        places = said.groupby("customer_id").indices
        none = np.array([], dtype=np.intp)
        rows = {row["customer_id"]: row for _, row in self.frame[self.frame["customer_id"].isin(known)].iterrows()}
        weights = self._explained.weights.loc[known].astype("float64")
        return {
            customer: Story(
                customer,
                rows[customer],
                told[customer].leaving,
                told[customer].staying,
                _heaviest_first(pd.Series(row, index=weights.columns)),
                events.iloc[places.get(customer, none)].reset_index(drop=True),
            )
            for customer, row in zip(known, weights.to_numpy(), strict=True)
        }

    def stability(self, customers: Sequence[str], snapshots: int = 3, every_days: int = 30) -> pd.DataFrame:
        """Count on how many of the last snapshots a concept was among customers' reasons, by today's model.

        Parameters
        ----------
        customers
            Their ids.
        snapshots
            So many, this one included.
        every_days
            Days between two.

        Returns
        -------
        pandas DataFrame
            ``customer_id, concept, days, of_days, share, last_told_on``; see ``compute_stability``.
        """
        told = {}
        for back in range(snapshots):
            day = self.snapshot_date - timedelta(days=back * every_days)
            if History(self.shop, day).first_day == day:
                break
            X = self._features_on(day) if back else self._X
            if X.empty:
                break
            writer = self._writer_of(X) if back else self._writer
            rows = X.loc[X.index.isin(list(customers))]
            told[day] = dict(zip(rows.index, writer.write(rows, self.model.contributions(rows)[1]), strict=True))
        return compute_stability(told)

    def explain(self, customer_id: str) -> Explanation:
        """Explain one customer.

        Raises
        ------
        InputError
            Where she is not in the ranking.
        """
        if customer_id not in self._X.index:
            raise InputError(
                f"{customer_id}: is not in the ranking of {self.snapshot_date}. Only customers with an order in the "
                f"{self.model.definition.active_days} days before are."
            )
        story = self.stories([customer_id])[customer_id]
        base, contributions = self.model.contributions(self._X.loc[[customer_id]])
        names = list(contributions.columns)
        features = pd.DataFrame(
            {
                "feature": names,
                "describe": [feature.describe for feature in self.model.features],
                "concept": [feature.concept for feature in self.model.features],
                "value": self._X.loc[customer_id, names].to_numpy(),
                "contribution": contributions.iloc[0].to_numpy(),
            }
        )
        return Explanation(
            customer_id,
            story.row.drop("customer_id"),
            story.leaving,
            story.staying,
            _heaviest_first(sum_concepts(contributions, self.model.concepts).iloc[0]),
            story.events,
            features.sort_values("contribution", ascending=False, ignore_index=True, kind="stable"),
            base,
        )

    def renamed(self, public_ids: pd.Series) -> Ranking:
        """Give the same ranking with other customer ids in all that it gives out, such as pseudonyms.

        Parameters
        ----------
        public_ids
            The new id of each customer of the ranking and of the earlier list, indexed by the shop's own; unique.
        """

        def rename(table: pd.DataFrame) -> pd.DataFrame:
            return table.assign(customer_id=table["customer_id"].map(public_ids))

        def reindexed(table: pd.DataFrame) -> pd.DataFrame:
            return table.set_axis(pd.Index(public_ids.loc[table.index].to_numpy(), name=table.index.name))

        explained = replace(
            self._explained, reasons=reindexed(self._explained.reasons), weights=reindexed(self._explained.weights)
        )
        return Ranking(
            frame=rename(self.frame),
            X=reindexed(self._X),
            explained=explained,
            against=self._against,
            writer=self._writer,
            model=self.model,
            shop=self.shop,
            plays=self.plays,
            config=self.config,
            sentences=self._sentences,
            earlier=None if self.earlier is None else rename(self.earlier),
            real_ids=pd.Series(public_ids.index, index=pd.Index(public_ids)),
        )

    def trace(self, customer_id: str, feature: str) -> pd.DataFrame:
        """Give the source rows of one value; see ``churnml.features.trace.trace``."""
        return trace(self.shop, self._real([customer_id])[0], feature, self.snapshot_date)

    @cached_property
    def _named_changes(self) -> pd.DataFrame:
        assert self.earlier is not None
        lost = (self._against == _LOST).fillna(False)
        return name_changes(
            self.frame,
            self.worklist()["customer_id"],
            self.earlier,
            pd.Series(lost.to_numpy(dtype=bool), index=self.frame["customer_id"]),
            self._contacted_since((self.snapshot_date - snapshot_of(self.earlier)).days),
        )

    def _features_on(self, day: date) -> pd.DataFrame:
        wanted = set(self.model.names)
        features = [feature for feature in available(self.shop) if feature.name in wanted]
        X = build(History(self.shop, day), self.model.definition, features)[list(self.model.names)]
        return X.set_axis(self._public(X.index.to_series()))

    def _writer_of(self, X: pd.DataFrame) -> ReasonWriter:
        return make_writer(self.model, X, self._sentences, self.config.scoring.min_reason_weight)

    def _contacted_since(self, days: int) -> pd.Series:
        """Tell to whom an offer was sent in the last days, by id; null for all where the shop does not say."""
        ids = self.frame["customer_id"]
        if not self.shop.has("contacts"):
            return pd.Series(pd.NA, index=ids, dtype="boolean")
        history = History(self.shop, self.snapshot_date)
        sent = history.sent_offers
        reached = sent.filter(history.within(sent.sent_at, days)).select("customer_id").distinct().to_pandas()
        return pd.Series(np.isin(ids, self._public(reached["customer_id"])), index=ids, dtype="boolean")

    def _real(self, customers: Sequence[str]) -> list[str]:
        """Give the shop's own ids of customers."""
        return list(customers) if self._real_ids is None else self._real_ids.loc[list(customers)].tolist()

    def _public(self, real: pd.Series) -> pd.Series:
        """Give the ids of the ranking for the shop's own; null for customers who have none."""
        if self._real_ids is None:
            return real
        return real.map(pd.Series(self._real_ids.index, index=pd.Index(self._real_ids)))


def _heaviest_first(weights: pd.Series) -> pd.Series:
    return weights.sort_values(ascending=False, kind="stable")


def _customers(n: int) -> int:
    """Give a number of customers, 1 or more."""
    if isinstance(n, bool | np.bool_) or not isinstance(n, Integral) or n < 1:
        raise InputError(f"n: must be a whole number of customers, 1 or more (received {n!r:.80}). Correct the number.")
    return int(n)
