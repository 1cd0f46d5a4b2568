"""What the lists of a campaign can show, and what they brought, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from math import isnan
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from babel.numbers import format_decimal

from churnml.words import Language, words
from churnml.words.numbers import NOTHING, number_writer, write_decimal, write_percent, write_points
from churnml.words.value_names import ALL_CAMPAIGNS

if TYPE_CHECKING:
    from churnml.campaigns.holdout import HoldoutPlan, SoFar
    from churnml.campaigns.readout import Readout

STAYED_AWAY = "churned_while_arm_held"
"""Outcome of those who did not order until their arm ran out."""


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
        if plan.explored:
            said.append(t["explored"].format(explored=format_decimal(plan.explored, locale=language)))
    if plan.so_far is not None:
        sizes = _sizes(plan.so_far, language) | {"on": format_date(plan.so_far.on, format="medium", locale=language)}
        said.append(t["so_far_no_effect" if plan.so_far.smallest_effect is None else "so_far"].format(**sizes))
    return said


def say_holdout_of_all(plan: HoldoutPlan, language: Language) -> str:
    """Write how many customers are left alone by all campaigns, by a plan of all together."""
    return str(words(language)["holdout"]["of_all"]).format(
        share=write_percent(plan.share, language, 0),
        held_out=format_decimal(plan.held_out, locale=language),
        so_far=format_decimal((plan.so_far or plan).held_out, locale=language),
    )


def say_campaign(campaign: str, language: Language) -> str:
    """Name a campaign; what stands for all together is named in the language."""
    return str(words(language)["readout"]["all_campaigns"]) if campaign == ALL_CAMPAIGNS else campaign


def _sizes(part: HoldoutPlan | SoFar, language: Language) -> dict[str, str]:
    return {
        "listed": format_decimal(part.listed, locale=language),
        "held_out": format_decimal(part.held_out, locale=language),
        "effect": "" if part.smallest_effect is None else write_points(part.smallest_effect, language),
    }


def say_check(name: str, status: str, numbers: Mapping[str, float | str], language: Language) -> str:
    """Write what a check of a readout found.

    Parameters
    ----------
    name, status : str
        Codes of the check and of what it found.
    numbers : mapping of str to float or str
        Numbers of the check: shares below names such as ``share``, counts, and texts.
    language : str
        Language of the sentence.
    """
    told = {key: value if isinstance(value, str) else _number(key, value, language) for key, value in numbers.items()}
    return str(words(language)["readout"]["checks"][f"{name}_{status}"]).format(**told)


def _number(key: str, value: float, language: Language) -> str:
    if key in ("effect", "without"):
        return write_decimal(100 * value, 1, language, signed=True)
    if key == "z":
        return write_decimal(value, 1, language)
    whole = isinstance(value, int)
    return (
        format_decimal(round(value), locale=language) if whole or key == "expected" else write_percent(value, language)
    )


def say_brought(readout: Readout, language: Language, currency: str | None) -> list[str]:
    """Write what the lists brought: of each campaign, whether customers were kept, and whether that pays.

    Parameters
    ----------
    readout : Readout
        What was read out.
    language : str
        Language of the sentences.
    currency : str or None
        ISO code of the shop's currency.

    Returns
    -------
    list of str
        Sentences, each of which stands by itself.
    """
    t = words(language)["readout"]
    if not readout.causal:
        return [t["not_causal"], t["not_causal_note"], *_say_predicted(readout, language), t["from_now"]]
    said = []
    for campaign in readout.campaigns:
        effects = readout.effects
        of_campaign = effects[(effects["campaign"] == campaign) & (effects["entry"] == "first")]
        of_campaign = of_campaign[of_campaign["estimand"] == "ITT"].drop_duplicates("outcome").set_index("outcome")
        rows = of_campaign.to_dict("index")
        several = [f"{say_campaign(campaign, language)}:"] if len(readout.campaigns) > 1 else []
        if "churned" in rows:
            said.append(" ".join([*several, _say_churned(rows, readout, language)]))
        if "profit" in rows:
            said.append(" ".join([*several, _say_profit(rows["profit"], readout, language, currency)]))
    return said


def say_first_known(day: date, language: Language) -> str:
    """Say from which day on a readout will tell something."""
    return str(words(language)["readout"]["first_known"]).format(day=format_date(day, format="medium", locale=language))


def say_refused(language: Language) -> str:
    """Say that checks refuse to compare the arms."""
    return str(words(language)["readout"]["refused"])


def _say_churned(rows: Mapping[Any, Mapping[Any, Any]], readout: Readout, language: Language) -> str:
    row = rows["churned"]
    verdict = str(row["verdict"])
    # Who orders sooner is not kept yet: kept are those who order where the others do not in the time after either.
    if verdict == "less" and rows.get(STAYED_AWAY, {}).get("effect", 1.0) < 0:
        verdict = "kept"
    low, high = (-row[name] for name in _ends_of(readout, "high", "low"))
    fewer = verdict in ("less", "kept", "unknown")
    ends = (low, high) if fewer else (-high, -low)
    return str(words(language)["readout"][f"churned_{verdict}"]).format(
        **{name: write_percent(row[name], language) for name in ("mean_listed", "mean_held_out")},
        **{name: format_decimal(int(row[name]), locale=language) for name in ("listed", "held_out")},
        points=write_decimal(100 * abs(row["effect"]), 1, language),
        low=write_decimal(100 * ends[0], 1, language),
        high=write_decimal(100 * ends[1], 1, language),
    )


def _say_profit(row: Mapping[Any, Any], readout: Readout, language: Language, currency: str | None) -> str:
    money = number_writer("money", language, currency)
    low, high = (row[name] for name in _ends_of(readout, "low", "high"))
    verdict = row["verdict"]
    if verdict == "less":
        low, high = -high, -low
    effect = row["effect"] if verdict == "unknown" else abs(row["effect"])
    written = {"effect": effect, "low": low, "high": high}
    told = {name: NOTHING if isnan(value) else money(value) for name, value in written.items()}
    return str(words(language)["readout"][f"profit_{verdict}"]).format(**told)


def _ends_of(readout: Readout, *names: str) -> list[str]:
    """Return the columns of the interval by which verdicts go."""
    return [f"{name}_always" if readout.looks == "always" else name for name in names]


def _say_predicted(readout: Readout, language: Language) -> list[str]:
    assert readout.calibration is not None
    said = str(words(language)["readout"]["expected"])
    shares = ("happened", "predicted", "low", "high")
    return [
        said.format(
            snapshot_date=format_date(row["snapshot_date"], format="medium", locale=language),
            listed=format_decimal(row["listed"], locale=language),
            **{name: write_percent(row[name], language) for name in shares},
        )
        for row in readout.calibration.to_dict("records")
    ]
