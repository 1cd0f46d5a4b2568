"""The scorer: a model and a shop make a ranking."""

from __future__ import annotations

import dataclasses
import os
from datetime import date, timedelta

import numpy as np
import pandas as pd

from churnml.analytics.lifecycle import LIFE, against_own_pace, lifecycle_stages
from churnml.analytics.segments import RFM, rfm_segments
from churnml.analytics.value import VALUE, expected_value
from churnml.campaigns.ledger import check_ledger, empty
from churnml.config import Config
from churnml.data.history import History
from churnml.data.population import eligible, resolve_day
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.errors import InputError, ModelError
from churnml.features.available import available
from churnml.features.builder import build
from churnml.features.description import differences
from churnml.features.families.buy_till_you_die import INPUTS
from churnml.features.family import Feature
from churnml.features.family_catalogue import catalogue
from churnml.features.plugins import with_plugins
from churnml.features.sentences import Sentences
from churnml.models.model import Model
from churnml.models.plain_files import shown
from churnml.models.value import LEFT, NEEDED, PACE, RETURNED, STAYED
from churnml.scoring.changes import check_earlier
from churnml.scoring.compare import compare
from churnml.scoring.contact_by import contact_days
from churnml.scoring.entries import enter_list, find_arms, with_entries
from churnml.scoring.explain_all import explain_all
from churnml.scoring.explainer import Explainer
from churnml.scoring.plays import BANDS, PlayBook, read_plays
from churnml.scoring.ranking import Ranking
from churnml.scoring.worklist import make_worklist, reasons_against
from churnml.statistics.logodds import sigmoid
from churnml.words.value_names import ValueNames

_COLUMNS = (
    *("risk_rank", "customer_id", "churn_probability", "risk_band", "value_at_risk", "segment", "lifecycle_stage"),
    *("last_order_at", "reason_1", "reason_1_concept", "reason_2", "reason_2_concept", "reason_3", "reason_3_concept"),
    *("play", "contactable", "holdout", "contact_by", "snapshot_date", "measure_on", "model_version"),
    *("expected_profit", "play_rule", "change", "arm_until", "against", "place", "entered_on"),
)


class Scorer:
    """Ranks the customers of a shop with a model.

    Parameters
    ----------
    model : Model, str or path, optional
        Trained model, the folder of one, an MLflow address such as ``models:/churn@champion``, or None for the champion
        of the configured store.
    config : Config, optional
        Settings of scoring, plays and tracking; None takes the defaults. The definition is the model's own.

    Raises
    ------
    ModelError
        Where there is no such model.
    """

    def __init__(self, model: Model | str | os.PathLike[str] | None = None, config: Config | None = None) -> None:
        self.config = config or Config()
        if isinstance(model, Model):
            self.model = model
        else:
            from churnml.tracking.runs import find_model

            self.model = find_model(None if model is None else os.fspath(model), self.config.tracking)

    def rank(
        self,
        shop: Shop,
        snapshot_date: Day | None = None,
        *,
        in_sample: bool = False,
        earlier: pd.DataFrame | None = None,
        ledger: pd.DataFrame | None = None,
    ) -> Ranking:
        """Rank every eligible customer by their probability of leaving.

        Parameters
        ----------
        shop : Shop
            Shop whose customers are ranked.
        snapshot_date : date or str, optional
            Day that is taken for now; None takes the start of the last day with an order.
        in_sample : bool, optional
            Whether to allow a day before the one up to which the model was trained, whose outcomes it may have seen.
        earlier : pandas DataFrame, optional
            Table ``ranking.parquet`` of an earlier day; the list says what changed since. None compares with none.
        ledger : pandas DataFrame, optional
            Table ``ledger.parquet`` of earlier lists: arms that still hold stay, and who entered before does not enter
            again. None begins a campaign.

        Returns
        -------
        Ranking
            Ranking of all eligible customers.

        Raises
        ------
        InputError
            Where it is not a day, lies outside of the data, nobody is eligible, or the earlier list cannot be compared.
        ConfigError
            Where a plug-in or the file of plays cannot be used.
        ModelError
            Where the day lies before the model's own, the shop lacks tables that the model needs, or features are
            computed differently now than when it was trained.
        """
        definition, settings = self.model.definition, self.config.scoring
        shop = with_plugins(shop, self.config.features.plugins)
        book = read_plays(self.config.plays.file, settings.language, catalogue(shop))
        day = self._day(shop, snapshot_date, in_sample)
        if earlier is not None:
            check_earlier(earlier, day)
        history = History(shop, day)
        features = self._features(shop)
        # What reasons are about may have been said in other words when it was trained.
        model = dataclasses.replace(self.model, features=tuple(declared.description() for declared in features))
        built = build(history, definition, [*features, *_besides(shop, features, book)])
        if built.empty:
            raise InputError(
                f"{day}: no customer ordered in the {definition.active_days} days before. Name another day, or train "
                "with longer `active_days`."
            )
        X = built.iloc[:, : len(features)]  # a view: the other columns lie behind
        currency = shop.currency
        sentences = Sentences(catalogue(shop), settings.language, currency)
        explained, writer = explain_all(model, X, sentences, settings.min_reason_weight)

        worth = self._worth(built, history)
        frame = pd.DataFrame({"churn_probability": sigmoid(model.predict_logodds(X))}, index=X.index)
        frame["risk_band"] = _bands(frame["churn_probability"])
        at_risk = frame["churn_probability"] * (worth[STAYED] - worth[LEFT])
        frame["value_at_risk"] = np.round(at_risk.clip(lower=0.0), 2)
        frame["segment"] = rfm_segments(built)
        frame["lifecycle_stage"] = lifecycle_stages(built, worth[STAYED], definition)
        known = eligible(history, definition).to_pandas().set_index("customer_id")
        frame["last_order_at"] = known["last_order_at"]
        frame[list(explained.reasons.columns)] = explained.reasons
        frame["contactable"] = _contactable(history, X.index)
        frame[["play", "play_rule"]] = book.choose(frame, built)
        frame["expected_profit"] = self._profit(frame, worth[STAYED] - worth[LEFT], book)
        pace = against_own_pace(built, definition)
        in_time = (pace["overdue"] & ~pace["lost"]).to_numpy()
        days = contact_days(built[in_time], history, definition, settings.contact_chance)
        frame["contact_by"] = _days_after(day, days.reindex(X.index))
        frame["snapshot_date"] = day
        frame["measure_on"] = day + timedelta(days=definition.reach_days)
        frame["model_version"] = model.version + (" (in sample)" if in_sample and day < model.as_of else "")

        frame = frame.reset_index().sort_values(
            ["churn_probability", "customer_id"], ascending=[False, True], ignore_index=True
        )
        frame["risk_rank"] = np.arange(1, len(frame) + 1)
        known_of = pace.loc[frame["customer_id"]]
        known_of["days_since_contact"] = _days_since_contact(history, self.config.plays.campaign).reindex(
            known_of.index
        )
        known_of["consent_unknown"] = frame["contactable"].isna().to_numpy() & _tells_consent(shop)
        against = reasons_against(frame, known_of, book.plays, settings)
        frame["change"] = pd.Series(pd.NA, index=frame.index, dtype="str")
        ledger = empty() if ledger is None else check_ledger(ledger)
        arms = find_arms(frame, against, ledger, day, self.config)
        frame[["entered_on", "arm_until"]] = arms.table[["entered_on", "arm_until"]]
        frame["holdout"] = arms.holdout
        worklist = make_worklist(frame, against, book.plays, settings)
        entries = enter_list(
            worklist,
            arms,
            ledger,
            expected_value=worth[STAYED],
            plays=book.plays,
            definition=definition,
            day=day,
            config=self.config,
            in_sample=day < model.as_of,
        )
        frame = with_entries(frame.assign(against=against, place=worklist.places), entries.new)
        ranking = Ranking(
            frame=frame[list(_COLUMNS)],
            entries=entries,
            explainer=Explainer(
                shop=shop,
                snapshot_date=day,
                model=model,
                X=X,
                explained=explained,
                writer=writer,
                sentences=sentences,
                min_weight=settings.min_reason_weight,
                names=ValueNames(self.config.reporting.names),
                worth=worth,
            ),
            plays=dict(book.plays),
            rule_names=book.rule_names,
            config=self.config,
        )
        return ranking if earlier is None else compare(ranking, earlier)

    def _day(self, shop: Shop, snapshot_date: Day | None, in_sample: bool) -> date:
        day = resolve_day(shop, snapshot_date, self.model.definition.horizon_days, "snapshot_date")
        as_of = self.model.as_of
        if day < as_of and not in_sample:
            raise ModelError(
                f"{day}: lies before {as_of}, up to which the model was trained, so it may know what happened "
                f"then. Train with `as_of` {day}, or allow it with `in_sample`."
            )
        return day

    def _features(self, shop: Shop) -> list[Feature]:
        there = {feature.name: feature for feature in available(shop)}
        missing = [name for name in self.model.names if name not in there]
        if missing:
            raise ModelError(
                f"The model was trained on features that this shop's tables do not give: {', '.join(missing[:5])}"
                f"{', ...' if len(missing) > 5 else ''}. Bring the same tables as in training, or train again."
            )
        differing = [said for was in self.model.features for said in differences(was, there[was.name])]
        if differing:
            raise ModelError(
                "The model was trained on features that are computed differently now "
                f"({shown('; '.join(differing))}). Train it again."
            )
        return [there[name] for name in self.model.names]

    def _worth(self, X: pd.DataFrame, history: History) -> pd.DataFrame:
        """Return what customers are worth if they stay and if they leave: as learned, or by the simple rule."""
        days = self.config.scoring.value_days
        if self.model.value is not None:
            return self.model.value.predict(X, days)
        return pd.DataFrame({STAYED: expected_value(X, history, days), LEFT: 0.0})

    def _profit(self, frame: pd.DataFrame, lost: pd.Series, book: PlayBook) -> pd.Series:
        """Compute p g (v1 - v0 - offer) - (1 - p) g0 offer - contact, with what is assumed about g and g0."""
        assumed, p = self.config.scoring.profit, frame["churn_probability"]
        offer, contact = (
            frame["play"].map({name: getattr(play, cost) for name, play in book.plays.items()}).astype("float64")
            for cost in ("offer", "cost")
        )
        saved = p * assumed.save_share * (lost - offer)
        return (saved - (1 - p) * assumed.taken_anyway_share * offer - contact).round(2)


def _bands(probabilities: pd.Series) -> pd.Series:
    """Name the risk: very high from 75 %, high from 50 %, medium from 25 %, else low."""
    leasts, names = zip(*BANDS, strict=True)
    place = np.searchsorted(-np.array(leasts), -probabilities.to_numpy(), side="left")
    return pd.Series(np.array(names, dtype=object)[place], index=probabilities.index, dtype="str")


def _besides(shop: Shop, features: list[Feature], book: PlayBook) -> list[Feature]:
    """Return what is looked at besides the model's features: pace, stage, segment, value and rules of the plays."""
    looked_at = {*LIFE, *RFM, *VALUE, *INPUTS, *NEEDED, *PACE, RETURNED, *book.features}
    return [feature for feature in available(shop) if feature.name in looked_at and feature not in features]


def _tells_consent(shop: Shop) -> bool:
    return shop.has("customers", ["contactable"])


def _contactable(history: History, customers: pd.Index) -> pd.Series:
    """Return consent per customer; null where the shop does not say."""
    if not _tells_consent(history.shop):
        return pd.Series(pd.NA, index=customers, dtype="boolean")
    table = history.table("customers").select("customer_id", "contactable").to_pandas().set_index("customer_id")
    consent: pd.Series = table["contactable"].astype("boolean").reindex(customers)
    return consent


def _days_since_contact(history: History, campaign: str) -> pd.Series:
    """Return the days since a customer was treated, by id."""
    if not history.shop.has("contacts"):
        return pd.Series(dtype="float64")
    sent = history.treatments(campaign)
    last = sent.group_by("customer_id").aggregate(days=history.days_since(sent.sent_at.max()).cast("float64"))
    days: pd.Series = last.to_pandas().set_index("customer_id")["days"]
    return days


def _days_after(day: date, days: pd.Series) -> pd.Series:
    """Return dates some whole days after another; null stays null."""
    whole = [None if np.isnan(count) else day + timedelta(days=int(count)) for count in days]
    return pd.Series(whole, index=days.index, dtype=object)
