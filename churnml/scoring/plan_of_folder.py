"""The plan of the newest list of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from churnml.campaigns.kept_lists import LISTS, days_in, read_columns
from churnml.campaigns.ledger import read_ledger
from churnml.campaigns.measured import measure
from churnml.campaigns.readout import read_out
from churnml.campaigns.windows import read_definition
from churnml.config import Config
from churnml.data.shop import Shop
from churnml.errors import NothingToReadError
from churnml.features.family_catalogue import catalogue
from churnml.features.plugins import with_plugins
from churnml.scoring.plan import NEEDED, CampaignPlan, make_plan
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.plays import Play, read_plays


def plan_of_folder(
    shop: Shop, folder: Path, config: Config, real_ids: Mapping[str, str] | None = None
) -> tuple[CampaignPlan, Mapping[str, Play]]:
    """Say what the newest list of a folder can be expected to do, by what its lists so far have shown.

    Parameters
    ----------
    shop : Shop
        Shop whose orders tell what earlier lists brought.
    folder : Path
        Folder of the lists, with their ledger.
    config : Config
        Campaign, plays and what is assumed; where ``scoring.profit.measured`` names a file, that is taken in place of a
        readout.
    real_ids : mapping of str to str, optional
        Customer ids by the pseudonyms that stand for them in the ledger.

    Returns
    -------
    tuple of CampaignPlan and mapping of str to Play
        The plan, and the plays by name.

    Raises
    ------
    NothingToReadError
        Where the folder has no list.
    InputError
        Where its files cannot be read, or a check refuses to compare the arms of earlier lists.
    """
    days = days_in(folder / LISTS)
    listed = read_columns(folder, days[-1], ["list_rank", *NEEDED]) if days else None
    if listed is None:
        raise NothingToReadError(f"{folder}: holds no list yet. Make one with churnml score or run.")
    ledger = read_ledger(folder)
    of_campaign = ledger[ledger["campaign"] == config.plays.campaign]
    effects = PlayEffects(assumed=config.scoring.profit)
    if config.scoring.profit.measured is not None and len(of_campaign):
        effects = PlayEffects.of(config.scoring.profit, read_definition(of_campaign["definition"].iloc[-1]))
    elif len(of_campaign):
        try:
            readout = read_out(shop, folder, config=config, campaign=config.plays.campaign, real_ids=real_ids)
            effects = PlayEffects(assumed=config.scoring.profit, measured=measure(readout, config))
        except NothingToReadError:  # all is assumed until an outcome is known
            pass
    plays = read_plays(
        config.plays.file, config.scoring.language, catalogue(with_plugins(shop, config.features.plugins))
    ).plays
    return make_plan(listed[listed["list_rank"].notna()], of_campaign, effects, plays), plays
