"""The ranking: who is most likely to leave, what that is worth, and whom to contact."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from churnml.analytics.association import Association
from churnml.analytics.bought import column_of
from churnml.campaigns.holdout import HoldoutPlan
from churnml.campaigns.team import SAVE
from churnml.config import Config, ScoringSettings
from churnml.data.open_complaints import CONSENT
from churnml.data.stored_rows import RANK, RenamedRows, StoredRows
from churnml.definition import failures_of
from churnml.errors import ConfigError, InputError
from churnml.scoring.changes import explain_changes, snapshot_of
from churnml.scoring.choice import COLUMNS, SCHEMA, counts_against
from churnml.scoring.entries import Entries
from churnml.scoring.explainer import Explainer
from churnml.scoring.groups import total_groups
from churnml.scoring.lists import NamedList
from churnml.scoring.plan import CampaignPlan, make_plan
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.plays import Play
from churnml.scoring.rows import BOUGHT
from churnml.scoring.story import Explanation, Story
from churnml.scoring.worklist import EXPLORE_LOT, LOOKED_AT, Worklist, make_worklist
from churnml.words.bought import say_bought, say_guesses
from churnml.words.campaigns import say_holdout, say_holdout_of_all
from churnml.words.measured import say_measured, say_source
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
    rows : StoredRows
        A row per customer: the columns of the files (see their documentation), and ``if_stayed`` and ``if_left``, what
        they are worth; of many customers in a scratch file, which goes with the ranking.
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
    effects : PlayEffects
        What is assumed of plays, or was measured.
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
        Ranking of an earlier day that this one is compared with; None without one.
    changed : pandas DataFrame or None
        What changed since then, as from `churnml.scoring.changes.name_changes`; None without one.
    lists : dict of str to NamedList
        The lists besides the work list, by name.
    """

    def __init__(
        self,
        *,
        rows: StoredRows,
        entries: Entries,
        explainer: Explainer,
        plays: dict[str, Play],
        effects: PlayEffects,
        rule_names: dict[str, str],
        config: Config,
        earlier: pd.DataFrame | None = None,
        changed: pd.DataFrame | None = None,
        lists: Mapping[str, NamedList] | None = None,
    ) -> None:
        self.rows = rows
        self.entries = entries
        self.explainer = explainer
        self.model, self.shop, self.snapshot_date = explainer.model, explainer.shop, explainer.snapshot_date
        self.language, self.currency = explainer.sentences.language, explainer.sentences.currency
        self.plays, self.effects = plays, effects
        self.rule_names = rule_names
        self.config = config
        self.earlier, self.changed = earlier, changed
        self.lists = dict(lists or {})

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per customer, all in memory; of millions, ask ``columns``, ``top`` or ``pieces``."""
        return self.rows.frame(COLUMNS)

    def columns(self, *names: str) -> pd.DataFrame:
        """Return some columns of all customers."""
        return self.rows.frame(names)

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Return all columns, one piece of the customers after another."""
        return (piece[list(COLUMNS)] for piece in self.rows.pieces())

    def write_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write all columns of all customers, the most likely to leave first.

        Parameters
        ----------
        path : str or path
            Parquet file to write; on Spark a folder of parts, which its executors write, or an address such as
            ``s3a://bucket/ranking`` that they reach.

        Raises
        ------
        InputError
            Where it cannot be written.
        """
        self.rows.write_parquet(os.fspath(path), _all_columns, SCHEMA)

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
        first = self.rows.head(_customers(n))[list(COLUMNS)]
        return first.rename_axis(columns="ranking, most likely to leave first")

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
        return self._listed(chosen)

    @cached_property
    def _worklist(self) -> Worklist:
        return self._listed(self.config.scoring)

    def _listed(self, settings: ScoringSettings) -> Worklist:
        chosen = make_worklist(*self._candidates, self.plays, settings)
        order, places = chosen.frame["customer_id"].tolist(), chosen.frame["place"].to_numpy()
        listed = self.rows.of(order)[list(COLUMNS)].set_index("customer_id", drop=False).loc[order]
        listed = listed.reset_index(drop=True).assign(place=pd.array(places, dtype="Int64"))
        listed.insert(0, "list_rank", range(1, len(listed) + 1))
        return replace(chosen, frame=listed)

    def of_list(self, name: str) -> pd.DataFrame:
        """Return the customers of a list, in the order in which to contact them.

        Parameters
        ----------
        name : str
            Name of the list: ``save`` for the work list, or one of ``lists``.

        Returns
        -------
        pandas DataFrame
            ``list_rank`` (1 first), the columns of the ranking (null for who is not ranked), and what the list's source
            tells.

        Raises
        ------
        InputError
            Where there is no such list.
        """
        if name == SAVE:
            return self.worklist()
        if name not in self.lists:
            raise InputError(f"{name}: is no list. Name one of {', '.join([SAVE, *self.lists])}.")
        one = self.lists[name]
        ids = one.rows["customer_id"].tolist()
        ranked = self.rows.of(ids)[list(COLUMNS)].set_index("customer_id").reindex(ids).reset_index(names="customer_id")
        first = self.top(1).iloc[0]
        told = ranked.assign(
            **self._entered(one, ranked["customer_id"]),
            snapshot_date=first["snapshot_date"],
            measure_on=first["measure_on"],
            model_version=first["model_version"],
            play=one.rows["play"].to_numpy(),
            place=one.rows["place"].to_numpy(),
            play_rule=ranked["play_rule"] if one.declared.play is None else None,
            holdout=False,
            against=None,
        )
        if CONSENT in one.rows:
            told[CONSENT] = told[CONSENT].fillna(one.rows[CONSENT].astype("boolean"))
        further = one.rows.drop(columns=["list_rank", *one.rows.columns.intersection(list(COLUMNS))])
        told.insert(0, "list_rank", range(1, len(told) + 1))
        return told.join(further)

    def _entered(self, one: NamedList, customers: pd.Series) -> dict[str, list[Any]]:
        """Return since when customers are in the campaign of a list, and until when their arm holds."""
        ledger = self.ledger[self.ledger["campaign"] == one.campaign].drop_duplicates("customer_id", keep="last")
        days = ledger.set_index("customer_id")[["entered_on", "arm_until"]]
        return {str(column): list(map(days[column].to_dict().get, customers)) for column in days}

    @cached_property
    def on_lists(self) -> dict[str, tuple[str, ...]]:
        """Names of the lists that each listed customer is on, by id."""
        found: dict[str, tuple[str, ...]] = {}
        ids = {SAVE: self.worklist()["customer_id"]} | {
            name: one.rows["customer_id"] for name, one in self.lists.items()
        }
        for name, customers in ids.items():
            for customer in customers:
                found[customer] = (*found.get(customer, ()), name)
        return found

    @cached_property
    def _candidates(self) -> tuple[pd.DataFrame, dict[str, int]]:
        """Those against whom nothing speaks, and the numbers of the others."""
        return self.rows.where_null("against", [*LOOKED_AT, RANK, "holdout", EXPLORE_LOT]), counts_against(self.rows)

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows of the ranking in which what customers buy has the shop's own names."""
        return rows.assign(**{name: rows[name].map(self._item, na_action="ignore") for name in BOUGHT})

    def _item(self, item: str) -> str:
        return self.names.of(column_of(self.config.scoring.items), item)

    @property
    def association(self) -> Association | None:
        """What goes with what customers buy; None where the shop does not tell it."""
        return self.explainer.constants.association

    def mention(self, row: Any) -> str:
        """Write what a message to a customer can name, by their row; empty where their play does not."""
        play = self.plays.get(row.play)
        if play is None or not play.names_items or self.association is None:
            return ""
        usual, others = (None if pd.isna(item) else self._item(item) for item in (row.usually_buys, row.goes_with))
        return say_bought(usual, others, is_popular=not self.association.is_better, language=self.language)

    @property
    def guesses_said(self) -> list[str]:
        """How good a guess of next orders ``usually_buys`` and ``goes_with`` are, in sentences of its language."""
        return say_guesses(None if self.association is None else self.association.to_json(), self.language)

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

    @cached_property
    def groups(self) -> dict[str, dict[str, Any]]:
        """Customers, those at high risk among them, and value at risk, by group; see `total_groups`."""
        return total_groups(self.rows)

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
    def profit_source(self) -> str:
        """What expected profit rests on, in words of the ranking's language."""
        return say_source(self.effects.measured, self.language)

    @property
    def plan(self) -> CampaignPlan:
        """What the list can be expected to do, by what was measured or is assumed of plays."""
        ledger = self.ledger[self.ledger["campaign"] == self.config.plays.campaign]
        return make_plan(self.worklist(), ledger, self.effects, self.plays)

    @property
    def measured_said(self) -> list[str]:
        """What was measured of plays, and which are stopped, in sentences; none where all is assumed."""
        titles = {name: play.title for name, play in self.plays.items()}
        return say_measured(self.effects.measured, titles, self.snapshot_date, self.language)

    @cached_property
    def changes(self) -> pd.DataFrame | None:
        """What changed since the earlier list, and the feature that did it; None without one.

        ``customer_id, change, before, now, feature, sentence``; see ``churnml.scoring.changes``.
        """
        if self.earlier is None or self.changed is None:
            return None
        return explain_changes(self.explainer, self.changed, snapshot_of(self.earlier))

    @property
    def drivers(self) -> pd.DataFrame:
        """See ``Explainer.drivers``."""
        return self.explainer.drivers

    def plot_drivers(self, ax: Axes | None = None) -> Axes:
        """Draw what the model looks at, by concept."""
        return self.explainer.plot_drivers(ax)

    def stories(self, customers: Sequence[str]) -> dict[str, Story]:
        """Return the stories of customers; see ``Explainer.stories``."""
        return self.explainer.stories(self.rows, customers)

    def stability(self, customers: Sequence[str], snapshots: int = 3, every_days: int = 30) -> pd.DataFrame:
        """Count on how many of the last snapshots a concept was among reasons; see ``Explainer.stability``."""
        return self.explainer.stability(customers, snapshots, every_days)

    def explain(self, customer_id: str) -> Explanation:
        """Explain one customer; see ``Explainer.explain``."""
        return self.explainer.explain(self.rows, customer_id)

    def trace(self, customer_id: str, feature: str) -> pd.DataFrame:
        """Return the source rows of one value; see ``churnml.features.trace.trace``."""
        return self.explainer.trace(customer_id, feature)

    def renamed(self, public_ids: pd.Series) -> Ranking:
        """Return the same ranking with other customer ids in all that it gives out, such as pseudonyms.

        Parameters
        ----------
        public_ids : pandas Series
            New id of each customer of the ranking, its lists, the earlier list and the ledger, indexed by the shop's
            own; unique.
        """

        def rename(table: pd.DataFrame) -> pd.DataFrame:
            return table.assign(customer_id=table["customer_id"].map(public_ids))

        return Ranking(
            rows=RenamedRows(self.rows, public_ids),
            entries=self.entries.renamed(public_ids),
            explainer=self.explainer.renamed(public_ids),
            plays=self.plays,
            effects=self.effects,
            rule_names=self.rule_names,
            config=self.config,
            earlier=None if self.earlier is None else rename(self.earlier),
            changed=None if self.changed is None else rename(self.changed),
            lists={name: one.renamed(public_ids) for name, one in self.lists.items()},
        )


def _all_columns(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[list(COLUMNS)]


def _customers(n: int) -> int:
    """Return a number of customers, 1 or more."""
    if isinstance(n, bool | np.bool_) or not isinstance(n, Integral) or n < 1:
        raise InputError(f"n: must be a whole number of customers, 1 or more (received {n!r:.80}). Correct the number.")
    return int(n)
