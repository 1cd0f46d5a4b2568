"""The ranking: who is most likely to leave, what that is worth, and whom to contact."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from churnml.campaigns.holdout import HoldoutPlan
from churnml.config import Config, ScoringSettings
from churnml.definition import failures_of
from churnml.errors import ConfigError, InputError
from churnml.scoring.compare import explain_changes
from churnml.scoring.entries import Entries
from churnml.scoring.explainer import Explainer
from churnml.scoring.plays import Play
from churnml.scoring.story import Explanation, Story
from churnml.scoring.worklist import GONE, Worklist, make_worklist
from churnml.words.campaigns import say_holdout, say_holdout_of_all
from churnml.words.value_names import ValueNames

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEAD = 10
_SHOWN = ("risk_rank", "customer_id", "churn_probability", "risk_band", "value_at_risk", "reason_1")
_CHANGEABLE = ("capacity", "budget", "rank_by", "order_by")


class Ranking:
    """Every eligible customer of a snapshot, the most likely to leave first.

    Attributes
    ----------
    frame : pandas DataFrame
        One row per customer; see the columns in the documentation of the files.
    snapshot_date : date
        Day of the ranking.
    model : Model
        Model by which the customers were ranked.
    shop : Shop
        Shop whose customers were ranked.
    config : Config
        Settings of the ranking.
    plays : dict of str to Play
        Plays by the name that the column ``play`` holds.
    rule_names : dict of str to str
        What people call the rules of the plays, by the code that the column ``play_rule`` holds.
    language : str
        Language of sentences.
    currency : str or None
        ISO code of the shop's currency; None writes money as a plain number.
    explainer : Explainer
        Explainer that tells why customers stand where they stand.
    entries : Entries
        Who enters the campaign with this list, and who did before.
    earlier : pandas DataFrame or None
        Ranking of an earlier day that this one is compared with; None without one. See `churnml.scoring.compare`.
    """

    def __init__(
        self,
        *,
        frame: pd.DataFrame,
        entries: Entries,
        explainer: Explainer,
        plays: dict[str, Play],
        rule_names: dict[str, str],
        config: Config,
        earlier: pd.DataFrame | None = None,
    ) -> None:
        self.frame = frame
        self.entries = entries
        self.explainer = explainer
        self.model, self.shop, self.snapshot_date = explainer.model, explainer.shop, explainer.snapshot_date
        self.language, self.currency = explainer.sentences.language, explainer.sentences.currency
        self.plays = plays
        self.rule_names = rule_names
        self.config = config
        self.earlier = earlier

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
        """Return the n customers who are most likely to leave; the work list is another list.

        The name of its columns says which list it is.

        Raises
        ------
        InputError
            Where ``n`` is not a number of customers.
        """
        return self.frame.head(_customers(n)).rename_axis(columns="ranking, most likely to leave first")

    def worklist(self, n: int | None = None) -> pd.DataFrame:
        """Return the customers to contact, in the order in which to contact them; see ``select``.

        Parameters
        ----------
        n : int, optional
            Greatest number of customers; None takes the configured capacity.

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
        """Choose the customers to contact.

        On the list is who is overdue against their own pace but not yet lost, likely enough to leave, may be contacted,
        was not contacted lately, has a play that contacts, and is not in the holdout: those for whom capacity and
        budget last, by what ``rank_by`` says.

        Parameters
        ----------
        **settings : float or str
            Settings ``capacity``, ``budget``, ``rank_by`` and ``order_by``, where they differ from the configuration;
            None is passed over.

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
        return make_worklist(self.frame, self.frame["against"], self.plays, chosen)

    @cached_property
    def _worklist(self) -> Worklist:
        return make_worklist(self.frame, self.frame["against"], self.plays, self.config.scoring)

    @property
    def names(self) -> ValueNames:
        """Names of the shop's own values."""
        return self.explainer.names

    @property
    def pseudonymous(self) -> bool:
        """Whether other ids stand for the shop's own."""
        return self.explainer.ids.pseudonymous

    @property
    def excluded(self) -> dict[str, int]:
        """Ranked customers who are not on the work list, by reason."""
        return self._worklist.excluded

    @property
    def holdout(self) -> HoldoutPlan | None:
        """What the holdout can show; None where nobody is held out."""
        return self.entries.plan

    @property
    def ledger(self) -> pd.DataFrame:
        """Who entered the campaign, with this list and before: what `churnml.read_out` and the next list read."""
        return self.entries.ledger

    @property
    def holdout_said(self) -> list[str]:
        """What the holdout is and can show, in sentences of the ranking's language."""
        campaign, of_all = self.names.of("contacts.campaign", self.config.plays.campaign), self.entries.plan_of_all
        said = say_holdout(self.holdout, campaign, self.entries.why_none, self.language)
        if of_all is None:
            return said
        return [*(said if self.holdout is not None else []), say_holdout_of_all(of_all, self.language)]

    @property
    def lost(self) -> pd.Series:
        """Whether a customer is too long gone for the list, by id."""
        lost = (self.frame["against"] == GONE).fillna(False).to_numpy(dtype=bool)
        return pd.Series(lost, index=self.frame["customer_id"])

    @cached_property
    def changes(self) -> pd.DataFrame | None:
        """What changed since the earlier list, and the feature that did it; None without one.

        ``customer_id, change, before, now, feature, sentence``; see ``churnml.scoring.changes``.
        """
        return None if self.earlier is None else explain_changes(self, self.earlier)

    @property
    def drivers(self) -> pd.DataFrame:
        """See ``Explainer.drivers``."""
        return self.explainer.drivers

    def plot_drivers(self, ax: Axes | None = None) -> Axes:
        """Draw what the model looks at, by concept."""
        return self.explainer.plot_drivers(ax)

    def stories(self, customers: Sequence[str]) -> dict[str, Story]:
        """Return the stories of customers; see ``Explainer.stories``."""
        return self.explainer.stories(self.frame, customers)

    def stability(self, customers: Sequence[str], snapshots: int = 3, every_days: int = 30) -> pd.DataFrame:
        """Count on how many of the last snapshots a concept was among reasons; see ``Explainer.stability``."""
        return self.explainer.stability(customers, snapshots, every_days)

    def explain(self, customer_id: str) -> Explanation:
        """Explain one customer; see ``Explainer.explain``."""
        return self.explainer.explain(self.frame, customer_id)

    def trace(self, customer_id: str, feature: str) -> pd.DataFrame:
        """Return the source rows of one value; see ``churnml.features.trace.trace``."""
        return self.explainer.trace(customer_id, feature)

    def but(self, **changes: Any) -> Ranking:
        """Return the same ranking with other parts, by the names of the arguments that make one."""
        parts = ("frame", "entries", "explainer", "plays", "rule_names", "config", "earlier")
        return Ranking(**{name: getattr(self, name) for name in parts} | changes)

    def renamed(self, public_ids: pd.Series) -> Ranking:
        """Return the same ranking with other customer ids in all that it gives out, such as pseudonyms.

        Parameters
        ----------
        public_ids : pandas Series
            New id of each customer of the ranking, the earlier list and the ledger, indexed by the shop's own; unique.
        """

        def rename(table: pd.DataFrame) -> pd.DataFrame:
            return table.assign(customer_id=table["customer_id"].map(public_ids))

        earlier = None if self.earlier is None else rename(self.earlier)
        return self.but(
            frame=rename(self.frame),
            entries=self.entries.renamed(public_ids),
            explainer=self.explainer.renamed(public_ids),
            earlier=earlier,
        )


def _customers(n: int) -> int:
    """Return a number of customers, 1 or more."""
    if isinstance(n, bool | np.bool_) or not isinstance(n, Integral) or n < 1:
        raise InputError(f"n: must be a whole number of customers, 1 or more (received {n!r:.80}). Correct the number.")
    return int(n)
