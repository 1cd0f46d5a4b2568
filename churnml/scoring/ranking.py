"""The ranking: who is most likely to leave, why, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from churnml.data.shop import Shop
from churnml.errors import InputError
from churnml.features.registry import concept_of
from churnml.features.registry import feature as feature_of
from churnml.features.trace import trace
from churnml.plots import plot_reasons
from churnml.scoring.reasons import Reason
from churnml.training.attribution import sum_concepts
from churnml.training.model import Model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEAD = 10
_SHOWN = ("risk_rank", "customer_id", "churn_probability", "risk_band", "value_at_risk", "reason_1")
_LEAST_PROBABILITY = 0.25


@dataclass(frozen=True)
class Explanation:
    """Why one customer stands where she stands.

    Attributes
    ----------
    customer_id
        The customer.
    row
        Her row of the ranking.
    reasons
        Reasons in sentences.
    concepts
        Weight of every concept in log-odds, heaviest towards leaving first.
    features
        Every feature: ``feature``, ``describe``, ``concept``, ``value`` and ``contribution`` (SHAP value, log-odds).
    base
        Log-odds before any feature is looked at; base plus all contributions is her log-odds.
    """

    customer_id: str
    row: pd.Series
    reasons: list[Reason]
    concepts: pd.Series
    features: pd.DataFrame
    base: float

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the weight of every concept as bars for and against leaving."""
        sentences = {reason.concept: f"{reason.concept}: {reason.sentence}" for reason in self.reasons}
        labels = [sentences.get(concept, concept) for concept in self.concepts.index]
        table = pd.DataFrame({"label": labels, "contribution": self.concepts.to_numpy()})
        title = f"Customer {self.customer_id}: {self.row.churn_probability:.0%} likely to leave"
        return plot_reasons(table, ax, title=title)


class Ranking:
    """Every eligible customer of a snapshot, the most likely to leave first.

    Attributes
    ----------
    frame
        One row per customer; see the columns in the documentation of the files.
    snapshot_date, model, shop
        What was ranked.
    base
        Base value of the SHAP values, in log-odds.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        flags: pd.DataFrame,
        X: pd.DataFrame,
        contributions: pd.DataFrame,
        base: float,
        reasons: dict[str, list[Reason]],
        model: Model,
        shop: Shop,
    ) -> None:
        self.frame = frame
        self.base = base
        self.model = model
        self.shop = shop
        self.snapshot_date = frame.snapshot_date.iloc[0]
        self._flags = flags
        self._X = X
        self._contributions = contributions
        self._reasons = reasons

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        shown = self.top(_HEAD)[list(_SHOWN)].to_string(index=False)
        return f"Ranking of {len(self):,} customers on {self.snapshot_date}, most likely to leave first:\n{shown}"

    def _repr_html_(self) -> str:
        return self.top(_HEAD).to_html(index=False)

    def top(self, n: int) -> pd.DataFrame:
        """Give the n customers who are most likely to leave; the work list is another list."""
        return self.frame.head(n)

    def worklist(self, n: int | None = None) -> pd.DataFrame:
        """Give the customers to contact first.

        Those who are overdue against their own pace but not yet lost, whose risk is at least medium (25 %), and who
        may be contacted (where the shop brings consent), by value at risk.

        Parameters
        ----------
        n
            At most so many; None gives all.

        Returns
        -------
        pandas DataFrame
            ``list_rank`` (1 first) and the columns of the ranking.
        """
        listed = self._worklist if n is None else self._worklist.head(n)
        return listed.copy()

    @cached_property
    def _worklist(self) -> pd.DataFrame:
        flags = self._flags.loc[self.frame.customer_id]
        in_time = (flags.overdue & ~flags.lost).to_numpy()
        contactable = self.frame.contactable.fillna(True).to_numpy(dtype=bool)
        likely = (self.frame.churn_probability >= _LEAST_PROBABILITY).to_numpy()
        listed: pd.DataFrame = self.frame.loc[in_time & contactable & likely]
        listed = listed.sort_values(["value_at_risk", "risk_rank"], ascending=[False, True], ignore_index=True)
        listed.insert(0, "list_rank", range(1, len(listed) + 1))
        return listed

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
        contributions = self._contributions.loc[[customer_id]]
        names = list(contributions.columns)
        features = pd.DataFrame(
            {
                "feature": names,
                "describe": [feature_of(name).describe for name in names],
                "concept": [concept_of(name) for name in names],
                "value": self._X.loc[customer_id, names].to_numpy(),
                "contribution": contributions.iloc[0].to_numpy(),
            }
        )
        return Explanation(
            customer_id,
            self.frame[self.frame.customer_id == customer_id].drop(columns="customer_id").iloc[0],
            self._reasons[customer_id],
            sum_concepts(contributions).iloc[0].sort_values(ascending=False),
            features.sort_values("contribution", ascending=False, ignore_index=True),
            self.base,
        )

    def trace(self, customer_id: str, feature: str) -> pd.DataFrame:
        """Give the source rows of one value; see ``churnml.features.trace.trace``."""
        return trace(self.shop, customer_id, feature, self.snapshot_date)
