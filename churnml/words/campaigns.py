"""What the lists of a campaign can show, and what they brought, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import format_decimal

from churnml.words import Language, words
from churnml.words.numbers import write_percent, write_points

if TYPE_CHECKING:
    from churnml.campaigns.holdout import HoldoutPlan, SoFar


def say_holdout(plan: HoldoutPlan | None, campaign: str, why_none: str | None, language: Language) -> list[str]:
    """Write what the holdout of a list is, and which effects it can show.

    Parameters
    ----------
    plan : HoldoutPlan or None
        Plan of the holdout; None where nobody is held out.
    campaign : str
        What people call the campaign.
    why_none : str or None
        Code of why nobody enters with this list; None where customers may.
    language : str
        Language of the sentences.

    Returns
    -------
    list of str
        Sentences, each of which stands by itself.
    """
    t = words(language)["holdout"]
    if plan is None:
        return [t["none"]]
    if why_none is not None:
        said = [t[why_none]]
    else:
        of_list = _sizes(plan, language) | {
            "campaign": campaign,
            "share": write_percent(plan.share, language, 0),
            "until": format_date(plan.until, format="medium", locale=language),
        }
        told = t["no_effect"] if plan.smallest_effect is None else t["effect"].format(**of_list)
        said = [t["note"].format(**of_list), told]
    if plan.so_far is not None:
        sizes = _sizes(plan.so_far, language) | {"on": format_date(plan.so_far.on, format="medium", locale=language)}
        said.append(t["so_far_no_effect" if plan.so_far.smallest_effect is None else "so_far"].format(**sizes))
    return said


def _sizes(part: HoldoutPlan | SoFar, language: Language) -> dict[str, str]:
    return {
        "listed": format_decimal(part.listed, locale=language),
        "held_out": format_decimal(part.held_out, locale=language),
        "effect": "" if part.smallest_effect is None else write_points(part.smallest_effect, language),
    }
