"""Printing what the lists brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from churnml.cli.say import say
from churnml.cli.show import lines_of
from churnml.words import Language, words

if TYPE_CHECKING:
    from churnml.campaigns.readout import Readout
    from churnml.scoring.plan import CampaignPlan
    from churnml.training.uplift.train import UpliftTraining


def print_readout(readout: Readout, language: Language, currency: str | None, by: Sequence[str]) -> None:
    """Print the sentences of a readout, and its tables."""
    from churnml.reporting.readout import summarise_readout

    told = summarise_readout(readout, language, currency, by)
    t = told["t"]
    say(t["title"], told["until"], "", *told["brought"], *told["measured"], "")
    if told["effects"] is not None:
        say(t["arms"], *lines_of(told["effects"]), "")
    for group in told["groups"]:
        say(group["title"], *lines_of(group), "")
    if told["checks"]:
        say(t["checked"])
        for status, sentence in told["checks"]:
            say(f"{'!' if status == 'warns' else '-'} {sentence}")
        say("")
    if told["notes"]:
        say(*told["notes"], "")


def print_recorded(rows: int, new: int, file: Path | str, language: Language) -> None:
    """Print how many contacts were recorded."""
    from churnml.reporting.page.numbers import Numbers

    t, write = words(language)["record"], Numbers(language, None)
    if not rows:
        say(t["nothing"])
        return
    said = {"rows": rows, "added": new, "before": rows - new}
    say(t["done"].format(file=file, **{name: write.whole(count) for name, count in said.items()}), t["next"])


def print_plan(plan: CampaignPlan, titles: Mapping[str, str], language: Language, currency: str | None) -> None:
    """Print what a list can be expected to do."""
    from churnml.words.plan import say_plan

    say(words(language)["plan"]["title"], "", *say_plan(plan, titles, language, currency))


def print_uplift(training: UpliftTraining, language: Language) -> None:
    """Print the verdict on a ranking by effect."""
    say(training.sentence(language))
