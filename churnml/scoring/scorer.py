"""The scorer: a model and a shop make a ranking."""

from __future__ import annotations

import os
from datetime import date, timedelta

import numpy as np
import pandas as pd

from churnml.analytics.lifecycle import PACE, against_own_pace
from churnml.analytics.value import expected_value
from churnml.config import Config
from churnml.data.history import History
from churnml.data.population import data_end, eligible
from churnml.data.shop import Shop
from churnml.errors import InputError, ModelError
from churnml.features.builder import build
from churnml.features.family import Feature
from churnml.features.registry import available, load_plugins
from churnml.features.registry import feature as feature_of
from churnml.scoring.ranking import Ranking
from churnml.scoring.reasons import REASONS, ReasonWriter
from churnml.statistics.logodds import sigmoid
from churnml.training.model import Model

BANDS = ((0.75, "very high"), (0.5, "high"), (0.25, "medium"), (0.0, "low"))


class Scorer:
    """Ranks the customers of a shop with a model.

    Parameters
    ----------
    model
        A trained model, the folder of one, an MLflow address such as ``models:/churn@champion``, or None for the
        champion of the configured store.
    config
        Settings of scoring and tracking; None takes the defaults. The definition is the model's own.

    Raises
    ------
    ModelError
        Where there is no such model.
    """

    def __init__(self, model: Model | str | os.PathLike[str] | None = None, config: Config | None = None) -> None:
        self.config = config or Config()
        load_plugins(self.config.features.plugins)
        if isinstance(model, Model):
            self.model = model
        else:
            from churnml.training.tracking import find_model

            self.model = find_model(None if model is None else os.fspath(model), self.config.tracking)

    def rank(self, shop: Shop, snapshot_date: str | date | None = None, *, in_sample: bool = False) -> Ranking:
        """Rank every eligible customer by her probability of leaving.

        Parameters
        ----------
        shop
            The shop.
        snapshot_date
            The day that is taken for now; None takes the start of the last day with an order.
        in_sample
            Allow a day before the one up to which the model was trained, whose outcomes it may have seen.

        Returns
        -------
        Ranking

        Raises
        ------
        InputError
            Where the day lies outside of the data, or nobody is eligible.
        ModelError
            Where the day lies before the model's own, or the shop lacks tables that the model needs.
        """
        model, definition = self.model, self.model.definition
        asked = pd.Timestamp(snapshot_date).date() if snapshot_date is not None else None
        day = data_end(shop, asked, definition.horizon_days)
        if day < model.as_of and not in_sample:
            raise ModelError(
                f"{day}: lies before {model.as_of}, up to which the model was trained, so it may know what happened "
                f"then. Train with --as-of {day}, or allow it with --in-sample."
            )
        history = History(shop, day)
        features = self._features(shop)
        pace = [declared for declared in map(feature_of, PACE) if declared not in features]
        built = build(history, definition, [*features, *pace])
        X = built[[declared.name for declared in features]]
        if X.empty:
            raise InputError(
                f"{day}: no customer ordered in the {definition.active_days} days before. Name another day, or train "
                "with a longer --active."
            )
        logodds = model.predict_logodds(X)
        base, contributions = model.contributions(X)
        settings = self.config.scoring
        writer = ReasonWriter(X, settings.language, _currency(shop), settings.min_reason_weight)
        reasons = [told.leaving for told in writer.write(X, contributions)]
        frame = pd.DataFrame({"customer_id": X.index, "churn_probability": sigmoid(logodds)})
        frame["risk_band"] = _bands(frame.churn_probability)
        value = expected_value(history, definition, settings.value_days).loc[X.index].to_numpy()
        frame["value_at_risk"] = np.round(frame.churn_probability * value, 2)
        known = eligible(history, definition).order_by("customer_id").to_pandas()
        frame["last_order_at"] = known.last_order_at
        for place in range(REASONS):
            frame[f"reason_{place + 1}"] = [row[place].sentence if len(row) > place else None for row in reasons]
            frame[f"reason_{place + 1}_concept"] = [row[place].concept if len(row) > place else None for row in reasons]
        frame["contactable"] = _contactable(history, X.index)
        frame["snapshot_date"] = day
        frame["measure_on"] = day + timedelta(days=definition.reach_days)
        frame["model_version"] = model.version
        if in_sample and day < model.as_of:
            frame["model_version"] = f"{model.version} (in sample)"
        frame = frame.sort_values(["churn_probability", "customer_id"], ascending=[False, True], ignore_index=True)
        frame.insert(0, "risk_rank", np.arange(1, len(frame) + 1))
        flags = against_own_pace(built, definition)
        by_customer = dict(zip(X.index, map(list, reasons), strict=True))
        return Ranking(frame, flags, X, contributions, base, by_customer, model, shop)

    def _features(self, shop: Shop) -> list[Feature]:
        there = {feature.name: feature for feature in available(shop)}
        missing = [name for name in self.model.features if name not in there]
        if missing:
            raise ModelError(
                f"The model was trained on features that this shop's tables do not give: {', '.join(missing[:5])}"
                f"{', ...' if len(missing) > 5 else ''}. Bring the same tables as in training, or train again."
            )
        return [there[name] for name in self.model.features]


def _bands(probabilities: pd.Series) -> list[str]:
    """Name the risk: very high from 75 %, high from 50 %, medium from 25 %, else low."""
    return [next(name for least, name in BANDS if probability >= least) for probability in probabilities]


def _contactable(history: History, customers: pd.Index) -> pd.Series:
    """Give consent per customer; null where the shop does not say."""
    if not history.shop.has("customers", ["contactable"]):
        return pd.Series([None] * len(customers), dtype="boolean")
    table = history.table("customers").select("customer_id", "contactable").to_pandas().set_index("customer_id")
    return pd.Series(table.contactable.astype("boolean").reindex(customers).array)


def _currency(shop: Shop) -> str | None:
    """Give the one currency of the shop, or None where it does not say."""
    if not shop.has("orders", ["currency"]):
        return None
    found = shop.tables["orders"].currency.max().to_pandas()
    return str(found) if isinstance(found, str) else None
