"""What a list can be expected to do, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import format_decimal

from churnml.words import Language, words
from churnml.words.numbers import number_writer, write_decimal, write_percent, write_points

if TYPE_CHECKING:
    from churnml.scoring.plan import CampaignPlan


def say_plan(plan: CampaignPlan, titles: Mapping[str, str], language: Language, currency: str | None) -> list[str]:
    """Write what a list can be expected to do: play by play, then what it can show and when.

    Parameters
    ----------
    plan : CampaignPlan
        What it can be expected to do.
    titles : mapping of str to str
        What people call the plays, by name.
    language : str
        Language of the sentences.
    currency : str or None
        ISO code of the shop's currency.
    """
    t, money = words(language)["plan"], number_writer("money", language, currency)
    said = []
    for row in plan.plays.to_dict("records"):
        shares = ("save_share", "save_share_low", "save_share_high")
        told = {name: write_percent(row[name], language) for name in shares}
        told |= {name: write_decimal(row[name], 1, language) for name in ("leaving", "kept", "kept_low", "kept_high")}
        told |= {name: money(row[name]) for name in ("profit", "profit_low", "profit_high")}
        customers = format_decimal(row["customers"], locale=language)
        source = t["measured" if row["measured"] else "assumed"]
        said.append(
            t["play"].format(title=titles.get(row["play"], row["play"]), customers=customers, source=source, **told)
        )
    if plan.known_on is not None:
        days = {"on": plan.known_on, "so_far_on": plan.so_far_on}
        told = {name: format_date(day, format="medium", locale=language) for name, day in days.items()}
        told |= {name: format_decimal(getattr(plan, name), locale=language) for name in ("listed", "held_out")}
        of_list, so_far = (
            t["nothing"] if effect is None else t["points"].format(points=write_points(effect, language))
            for effect in (plan.smallest_effect, plan.so_far_effect)
        )
        said.append(t["shows"].format(of_list=of_list, so_far=so_far, **told))
    if plan.learning_weeks is not None:
        said.append(t["learning"].format(weeks=format_decimal(plan.learning_weeks, locale=language)))
    return said
