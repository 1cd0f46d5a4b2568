"""The scorer: a model and a shop make a ranking."""

from __future__ import annotations

import dataclasses
import os
from datetime import date

import pandas as pd

from churnml.analytics.association import learn_association
from churnml.analytics.bought import tells_items
from churnml.analytics.lifecycle import LIFE
from churnml.analytics.segments import SEGMENT_FEATURES
from churnml.analytics.value import VALUE
from churnml.campaigns.ledger import check_ledger, empty
from churnml.config import Config
from churnml.data.history import History
from churnml.data.population import resolve_day
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.errors import InputError, ModelError
from churnml.features.available import available
from churnml.features.builder import build_rows
from churnml.features.description import differences
from churnml.features.family import Feature
from churnml.features.family_catalogue import catalogue
from churnml.features.plugins import with_plugins
from churnml.features.sentences import Sentences
from churnml.models.model import Model
from churnml.models.plain_files import shown
from churnml.models.uplift import UpliftModel
from churnml.models.value import NEEDED, PACE, RETURNED
from churnml.scoring.changes import check_earlier
from churnml.scoring.choice import choose
from churnml.scoring.constants import find_constants
from churnml.scoring.explainer import Explainer
from churnml.scoring.lists import campaigns_of
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.plays import PlayBook, read_plays
from churnml.scoring.ranking import Ranking
from churnml.scoring.rows import UPLIFT, RowScorer, known_of, score_rows, tells_consent
from churnml.words.value_names import ValueNames


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
        held_back: bool = False,
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
        held_back : bool, optional
            Whether the list is held back, since the data is broken: nobody enters the campaign with it.

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
        effects = PlayEffects.of(settings.profit, definition)
        day = self._day(shop, snapshot_date, in_sample)
        if earlier is not None:
            check_earlier(earlier, day)
        history = History(shop, day)
        uplift = self._uplift(shop) if settings.rank_by == UPLIFT else None
        features = self.features(shop)
        # What reasons are about may have been said in other words when it was trained.
        model = dataclasses.replace(self.model, features=tuple(declared.description() for declared in features))
        rows = build_rows(history, definition, [*features, *_besides(shop, features, book, uplift)])
        if not len(rows):
            raise InputError(
                f"{day}: no customer ordered in the {definition.active_days} days before. Name another day, or train "
                "with longer `active_days`."
            )
        known = known_of(history, definition, campaigns_of(book.lists, self.config), settings.items)
        sentences = Sentences(catalogue(shop), settings.language, shop.currency)
        constants = find_constants(
            rows,
            known,
            model=model,
            sentences=sentences,
            association=learn_association(
                history, settings.items, definition.active_days, definition.horizon_days, len(rows)
            )
            if tells_items(history, settings.items)
            else None,
            min_reason_weight=settings.min_reason_weight,
            value_days=settings.value_days,
        )
        scorer = RowScorer(
            model=model,
            constants=constants,
            book=book,
            effects=effects,
            uplift=uplift,
            config=self.config,
            consent_told=tells_consent(history),
        )
        scored, weights = score_rows(rows, known, scorer)
        choice = choose(
            scored,
            earlier,
            empty() if ledger is None else check_ledger(ledger),
            history=history,
            model=model,
            book=book,
            stopped=effects.stopped,
            uplift=uplift,
            config=self.config,
            held_back=held_back,
        )
        return Ranking(
            rows=choice.rows,
            entries=choice.entries,
            explainer=Explainer(
                shop=shop,
                snapshot_date=day,
                model=model,
                X=rows,
                weights=weights,
                constants=constants,
                sentences=sentences,
                min_weight=settings.min_reason_weight,
                uplift=uplift,
                names=ValueNames(self.config.reporting.names),
            ),
            plays=dict(book.plays),
            effects=effects,
            rule_names=book.rule_names,
            config=self.config,
            earlier=earlier,
            changed=choice.changed,
            lists=choice.lists,
        )

    def _day(self, shop: Shop, snapshot_date: Day | None, in_sample: bool) -> date:
        day = resolve_day(shop, snapshot_date, self.model.definition.horizon_days, "snapshot_date")
        as_of = self.model.as_of
        if day < as_of and not in_sample:
            raise ModelError(
                f"{day}: lies before {as_of}, up to which the model was trained, so it may know what happened "
                f"then. Train with `as_of` {day}, or allow it with `in_sample`."
            )
        return day

    def _uplift(self, shop: Shop) -> UpliftModel:
        """Find the learned effect by which the list is ranked, where it may be."""
        from churnml.tracking.uplift import find_uplift

        uplift = find_uplift(self.config.tracking)
        there = {feature.name: feature for feature in available(shop)}
        failures = [name for name in uplift.names if name not in there]
        failures += [said for was in uplift.features if was.name in there for said in differences(was, there[was.name])]
        if uplift.definition != self.model.definition:
            failures.append("another definition of leaving")
        if failures:
            raise ModelError(
                f"scoring.rank_by: the effect was learned on what is not here now ({shown('; '.join(failures))}). "
                "Learn it again, or rank by another setting."
            )
        return uplift

    def features(self, shop: Shop) -> list[Feature]:
        """Return the model's features as the shop gives them, in order.

        Raises
        ------
        ModelError
            Where it lacks tables that the model needs, or features are computed differently now than in training.
        """
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


def _besides(shop: Shop, features: list[Feature], book: PlayBook, uplift: UpliftModel | None) -> list[Feature]:
    """Return what is looked at besides the model's features: pace, stage, segment, value, plays and learned effect."""
    looked_at = {
        *([] if uplift is None else uplift.names),
        *LIFE,
        *SEGMENT_FEATURES,
        *VALUE,
        *NEEDED,
        *PACE,
        RETURNED,
        *book.features,
    }
    return [feature for feature in available(shop) if feature.name in looked_at and feature not in features]
