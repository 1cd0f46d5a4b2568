"""What a readout measured of plays, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import format_decimal

from churnml.words import Language, words
from churnml.words.numbers import write_percent

if TYPE_CHECKING:
    from churnml.campaigns.measured import Measured


def say_source(measured: Measured | None, language: Language) -> str:
    """Say what expected profit rests on: assumed, or measured on so many.

    Examples
    --------
    >>> say_source(None, "en")
    'assumed'
    """
    t = words(language)
    if measured is None or measured.save_share is None:
        return str(t["page"]["assumed"])
    return str(t["measured"]["source"]).format(
        held_out=format_decimal(measured.save_share.held_out, locale=language), until=_day(measured.until, language)
    )


def say_measured(measured: Measured | None, titles: Mapping[str, str], day: date, language: Language) -> list[str]:
    """Write what was measured of plays, and which of them are stopped.

    Parameters
    ----------
    measured : Measured or None
        What was measured; None where nothing was.
    titles : mapping of str to str
        What people call the plays, by name.
    day : date
        Day of the list.
    language : str
        Language of the sentences.
    """
    if measured is None:
        return []
    t = words(language)["measured"]
    said = []
    if measured.save_share is not None:
        share = measured.save_share
        shares = {
            name: write_percent(getattr(share, name), language) for name in ("value", "low", "high", "assumed_before")
        }
        said.append(t["save_share"].format(source=say_source(measured, language), **shares))
    for name in measured.stopped:
        play = measured.plays[name]
        known = {"title": titles.get(name, name), "since": _day(play.stopped_on, language)}
        said.append(t["stopped"].format(**known))
    if measured.is_old(day):
        said.append(t["old"].format(until=_day(measured.until, language)))
    return said


def _day(day: date | None, language: Language) -> str:
    return str(format_date(day, format="medium", locale=language))
