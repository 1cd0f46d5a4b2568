"""The explainer: why customers of a ranking stand where they stand, down to the source rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.data.stored_rows import RenamedRows, StoredRows
from churnml.data.timeline import timeline
from churnml.errors import InputError
from churnml.features.available import available
from churnml.features.builder import build_rows
from churnml.features.sentences import Sentences
from churnml.features.trace import trace
from churnml.models.attribution import sum_concepts
from churnml.models.model import Model
from churnml.models.uplift import UpliftModel
from churnml.models.value import LEFT, STAYED
from churnml.plots import plot_reasons
from churnml.scoring.constants import DayConstants, make_writer
from churnml.scoring.effect_reasons import explain_effects
from churnml.scoring.public_ids import SHARED_BY, PublicIds
from churnml.scoring.reason_stability import compute_stability
from churnml.scoring.rows import UPLIFT
from churnml.scoring.story import Explanation, Story, say_events
from churnml.words.value_names import ValueNames

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class Explainer:
    """Explains the customers of a snapshot.

    Attributes
    ----------
    shop : Shop
        Shop whose customers were ranked.
    snapshot_date : date
        Day of the ranking.
    model : Model
        Model by which they were ranked.
    X : StoredRows
        Features of all customers, the model's among them.
    weights : pandas Series
        Mean absolute weight of each concept over all customers, in log-odds.
    constants : DayConstants
        Constants of the day, the writer of reasons among them.
    sentences : Sentences
        Sentences of the features in a language.
    min_weight : float
        Least weight of a reason, in log-odds.
    uplift : UpliftModel or None
        Learned effect of a contact; None where lists are not ranked by it.
    names : ValueNames
        Names of the shop's own values.
    ids : PublicIds
        Ids under which customers are given out; ``X`` carries these.
    """

    shop: Shop
    snapshot_date: date
    model: Model
    X: StoredRows
    weights: pd.Series
    constants: DayConstants
    sentences: Sentences
    min_weight: float
    uplift: UpliftModel | None = None
    names: ValueNames = field(default_factory=ValueNames)
    ids: PublicIds = field(default_factory=PublicIds)

    def renamed(self, public_ids: pd.Series) -> Explainer:
        """Return the explainer with other customer ids; see ``Ranking.renamed``."""
        ids = PublicIds(pd.Series(public_ids.index, index=pd.Index(public_ids)))
        return replace(self, X=RenamedRows(self.X, public_ids), ids=ids)

    @property
    def drivers(self) -> pd.DataFrame:
        """``concept`` and ``weight``: mean absolute weight over all customers in log-odds, heaviest first."""
        weights = self.weights.sort_values(ascending=False, kind="stable")
        return weights.rename_axis("concept").rename("weight").reset_index()

    def plot_drivers(self, ax: Axes | None = None) -> Axes:
        """Draw what the model looks at, by concept."""
        table = self.drivers.rename(columns={"concept": "label", "weight": "contribution"})
        return plot_reasons(table, ax, title="Mean absolute weight of each concept (log-odds)")

    def stories(self, ranked: StoredRows, customers: Sequence[str]) -> dict[str, Story]:
        """Return the stories of customers of the ranking; others are left out.

        Parameters
        ----------
        ranked : StoredRows
            Rows of the ranking, with what customers are worth.
        customers : sequence of str
            Ids of the customers.

        Returns
        -------
        dict
            Stories by customer id, in the order given.
        """
        X = self._features_of(customers)
        known = [customer for customer in dict.fromkeys(customers) if customer in X.index]
        X = X.loc[known]
        contributions = self._contributions(X)
        told = dict(zip(known, self.constants.writer.write(X, contributions), strict=True)) if known else {}
        events = self.events(known)
        ranks = ranked.of(known)
        rows = {row["customer_id"]: row for _, row in ranks.drop(columns=[STAYED, LEFT]).iterrows()}
        worth = ranks.set_index("customer_id")[[STAYED, LEFT]].loc[known].to_numpy()
        effects = self._effects(ranks)
        table = sum_concepts(contributions, self.model.concepts)
        weights = table.to_numpy()
        heaviest = np.argsort(-weights, axis=1, kind="stable")
        return {
            customer: Story(
                customer,
                rows[customer],
                told[customer].leaving,
                told[customer].staying,
                pd.Series(weights[at, heaviest[at]], index=table.columns[heaviest[at]]),
                events[customer],
                pd.Series(worth[at], index=[STAYED, LEFT], name=customer),
                effects.get(customer),
            )
            for at, customer in enumerate(known)
        }

    def events(self, customers: Sequence[str]) -> dict[str, pd.DataFrame]:
        """Return what happened to customers, ranked or not: ``day``, ``kind`` and ``text``, oldest first, by id."""
        if not customers:  # which is no reason to ask every table
            return {}
        shared_by = SHARED_BY if self.ids.pseudonymous else 1
        happened = timeline(History(self.shop, self.snapshot_date), self.ids.real(customers), shared_by=shared_by)
        happened["customer_id"] = self.ids.public(happened["customer_id"])
        said = say_events(happened, self.sentences.language, self.sentences.currency, self.names)
        told, places = said.drop(columns="customer_id"), _places(said["customer_id"])
        return {name: told.iloc[places.get(name, slice(0))].reset_index(drop=True) for name in customers}

    def stability(self, customers: Sequence[str], snapshots: int = 3, every_days: int = 30) -> pd.DataFrame:
        """Count on how many of the last snapshots a concept was among customers' reasons, by today's model.

        Parameters
        ----------
        customers : sequence of str
            Ids of the customers.
        snapshots : int, optional
            Number of snapshots, the one of the ranking included.
        every_days : int, optional
            Number of days between two snapshots.

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
            X = self.features_on(day) if back else self.X
            if not len(X):
                break
            writer = self.constants.writer
            if back:
                writer, _ = make_writer(self.model, X, self.sentences, self.min_weight)
            rows = X.of(customers)[list(self.model.names)]
            told[day] = dict(zip(rows.index, writer.write(rows, self.model.contributions(rows)[1]), strict=True))
        return compute_stability(told)

    def explain(self, ranked: StoredRows, customer_id: str) -> Explanation:
        """Explain one customer.

        Raises
        ------
        InputError
            Where they are not in the ranking.
        """
        X = self._features_of([customer_id])
        if X.empty:
            raise InputError(
                f"{customer_id}: is not in the ranking of {self.snapshot_date}. Only customers with an order in the "
                f"{self.model.definition.active_days} days before are."
            )
        story = self.stories(ranked, [customer_id])[customer_id]
        base, contributions = self.model.contributions(X)
        names = list(contributions.columns)
        features = pd.DataFrame(
            {
                "feature": names,
                "describe": [feature.describe for feature in self.model.features],
                "concept": [feature.concept for feature in self.model.features],
                "value": X.loc[customer_id, names].to_numpy(),
                "contribution": contributions.iloc[0].to_numpy(),
            }
        )
        return Explanation(
            customer_id,
            story.row.drop("customer_id"),
            story.leaving,
            story.staying,
            sum_concepts(contributions, self.model.concepts).iloc[0].sort_values(ascending=False, kind="stable"),
            story.events,
            story.worth,
            story.effect,
            features.sort_values("contribution", ascending=False, ignore_index=True, kind="stable"),
            base,
        )

    def trace(self, customer_id: str, feature: str) -> pd.DataFrame:
        """Return the source rows of one value; see ``churnml.features.trace.trace``."""
        return trace(self.shop, self.ids.real([customer_id])[0], feature, self.snapshot_date)

    def features_on(self, day: date) -> StoredRows:
        """Return the model's features of all customers of another day."""
        there = {feature.name: feature for feature in available(self.shop)}
        features = [there[name] for name in self.model.names]
        rows = build_rows(History(self.shop, day), self.model.definition, features)
        return self.ids.renamed(rows)

    def _features_of(self, customers: Sequence[str]) -> pd.DataFrame:
        """Return the model's features of customers, in the order of the rows."""
        return self.X.of(customers)[list(self.model.names)]

    def _effects(self, ranks: pd.DataFrame) -> dict[str, str]:
        """Say what effect a contact has on those whom the list ranks by it."""
        by_effect = ranks[ranks[UPLIFT].notna()].set_index("customer_id")
        if self.uplift is None or by_effect.empty:
            return {}
        X = self.X.of(list(by_effect.index)).loc[by_effect.index]
        return explain_effects(self.uplift, X, by_effect["churn_probability"], self.sentences)

    def _contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        kept = self.constants.contributions
        if kept is None:
            return self.model.contributions(X)[1]
        return kept.loc[self.ids.real(list(X.index))].set_axis(X.index)


def _places(customers: pd.Series) -> dict[str, slice]:
    """Return where the rows of each customer lie, which stand one below the other."""
    ids = customers.to_numpy(dtype=object)
    if not len(ids):
        return {}
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
    ends = np.append(starts[1:], len(ids))
    return {ids[start]: slice(start, end) for start, end in zip(starts, ends, strict=True)}
