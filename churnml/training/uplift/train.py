"""Learning the effect of contacts, step by step: from a readout to an effect and the verdict of its gate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from churnml.campaigns.readout import Readout
from churnml.config import Config
from churnml.data.shop import Shop
from churnml.errors import InputError, NothingToReadError
from churnml.features.available import learnable
from churnml.features.plugins import with_plugins
from churnml.models.uplift import RISK, SPREAD, UpliftModel
from churnml.statistics.figure import Figure
from churnml.training.uplift.entrants import first_entries, make_entrants, ranking_in_use
from churnml.training.uplift.gate import Gate, fit, judge
from churnml.words import Language
from churnml.words.uplift import say_gate


@dataclass(frozen=True, kw_only=True)
class UpliftTraining:
    """What was found in learning the effect of contacts.

    Attributes
    ----------
    gate : Gate
        Verdict on a ranking by it.
    model : UpliftModel
        The effect, fitted on all; it ranks a list only where the gate is open.
    criteria : mapping of str to float
        Squared error of each candidate by cross-validation on all rows; the least is chosen.
    listed, held_out : int
        Number of customers of each arm whose outcome is known.
    campaign : str
        Name of the campaign.
    """

    gate: Gate
    model: UpliftModel
    criteria: Mapping[str, float]
    listed: int
    held_out: int
    campaign: str

    @property
    def figures(self) -> dict[str, Figure]:
        """Figures of the ranking by effect, out of sample; see `churnml.training.uplift.gate.Gate`."""
        return self.gate.figures

    def with_model(self, model: UpliftModel) -> UpliftTraining:
        """Return the same with a model that has its version."""
        return replace(self, model=model)

    def sentence(self, language: Language) -> str:
        """Say the verdict in a language."""
        return say_gate(self.gate, self.held_out, self.model.against, language)


def train_uplift(shop: Shop, readout: Readout, config: Config) -> UpliftTraining:
    """Learn the effect of contacts from those who entered a campaign, and judge a ranking by it.

    Parameters
    ----------
    shop : Shop
        Shop whose customers they are.
    readout : Readout
        Readout of its lists; see `churnml.read_out`.
    config : Config
        Campaign, margin and families of features.

    Raises
    ------
    InputError
        Where the lists do not say what they were ranked by.
    NothingToReadError
        Where nobody was held out.
    """
    if not readout.causal:
        raise NothingToReadError(
            "Nobody was held out, so no effect can be learned. Make lists with plays.holdout.share above 0."
        )
    if readout.rows["ranked_by"].isna().all() if "ranked_by" in readout.rows else True:
        raise InputError("lists: arms from elsewhere do not say what the lists were ranked by. Name folders of lists.")
    shop = with_plugins(shop, config.features.plugins)
    rows, definition = first_entries(readout, config.plays.campaign)
    features, _ = learnable(shop, definition, config.features.families, rows["entered_on"].iloc[-1])
    entrants = make_entrants(shop, rows, definition, features, config)
    gate = judge(entrants)
    effect, criteria = fit(entrants)
    looked_at = set(effect.columns) - {RISK, SPREAD}
    held_out = int((~entrants.listed).sum())
    against = ranking_in_use(rows)
    model = UpliftModel(
        effect=effect,
        features=tuple(feature.description() for feature in features if feature.name in looked_at),
        definition=definition,
        as_of=readout.as_of,
        against=against,
        largest_place=int(rows["place"][rows["ranked_by"] == against].max()),
        gate_open=gate.open,
        sentence=say_gate(gate, held_out, against, "en"),
        figures=_plain(gate.figures),
    )
    return UpliftTraining(
        gate=gate,
        model=model,
        criteria=criteria,
        listed=len(rows) - held_out,
        held_out=held_out,
        campaign=str(rows["campaign"].iloc[0]),
    )


def _plain(figures: Mapping[str, Figure]) -> dict[str, float | None]:
    told = {name: figure.value for name, figure in figures.items()}
    told |= {f"{name}.error": figure.error for name, figure in figures.items()}
    return {name: value if math.isfinite(value) else None for name, value in told.items()}
