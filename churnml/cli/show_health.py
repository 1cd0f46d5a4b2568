"""Printing the health of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from churnml.cli.say import say
from churnml.cli.show import lines_of
from churnml.errors import AlarmError
from churnml.words import Language, words

if TYPE_CHECKING:
    from churnml.config import Config
    from churnml.monitoring.decay import Decay
    from churnml.monitoring.health import Health
    from churnml.monitoring.replay import Baseline

_MARKS = {"pass": "-", "warn": "!", "fail": "!!", "unknown": "?"}


def print_health(health: Health, language: Language, currency: str | None) -> None:
    """Print the verdict of a health, its findings and past lists."""
    from churnml.reporting.health import summarise_health

    told = summarise_health(health, language, currency)
    t = told["t"]
    say(t["title"], told["as_of"], "", told["sentence"], *([told["right"]] if told["right"] else []), "")
    for answer in told["answers"]:
        notes = f" ({answer['notes']})" if answer["notes"] else ""
        say(f"{_MARKS[answer['grade']]} {answer['part']}: {answer['sentence']}{notes}")
    say("")
    if told["matured"]["rows"]:
        say(t["matured"], *lines_of(told["matured"]), "")
    say(*told["limits"], "")


def end_with_alarm(health: Health, config: Config) -> None:
    """End with exit code 4 where the settings ask for it.

    Raises
    ------
    AlarmError
        With the verdict, and where the list lies that is held back.
    """
    if health.ends_with_alarm(config.monitoring.fail_on):
        from churnml.words.findings import say_finding

        t, language = words(config.scoring.language)["monitor"], config.scoring.language
        bad = [say_finding(one, language) for one in health.answers if one.grade in ("warn", "fail")]
        raise AlarmError(t["verdict"][health.verdict], *bad)


def print_baseline(baseline: Baseline, file: Path | str, language: Language) -> None:
    """Print how many days were replayed, and where they are kept."""
    say(words(language)["monitor"]["baseline"].format(days=len(baseline.days), file=file))


def print_decay(decay: Decay, language: Language) -> None:
    """Print how a model ages, and when to train again."""
    from churnml.reporting.health import say_decay

    say(*say_decay(decay, language))
