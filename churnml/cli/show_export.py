"""Printing what an export wrote and what it lacks, in the language of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.cli.say import say
from churnml.reporting.columns import column
from churnml.reporting.page.numbers import Numbers
from churnml.words import Language, for_count, words

if TYPE_CHECKING:
    from churnml.reporting.exports.export import Exported
    from churnml.reporting.exports.tool import Tool


def print_export(exported: Exported, tool: Tool, language: Language) -> None:
    """Print the files of an export, who is left out of them, and what would make them more useful."""
    t, write = words(language)["export"], Numbers(language, None)
    file, beside = exported.files
    written = for_count(t["written"], exported.written, language)
    say(written.format(customers=write.whole(exported.written), tool=tool.title, file=file))
    counts = {why: write.whole(exported.suppressed.get(why, 0)) for why in ("held_out", "no_consent")}
    say(t["suppressed"].format(**counts, file=beside))
    if exported.left_out:
        reasons = [t["reasons"][why].format(n=write.whole(n), tool=tool.title) for why, n in exported.left_out.items()]
        say(t["left_out"].format(reasons=", ".join(reasons)))
    if exported.not_carried:
        titles = [f"{name} ({column(name, language).title})" for name in exported.not_carried]
        say(t["not_carried"].format(columns=", ".join(titles)))
    for key in ("without_code", "consent_unknown"):
        if count := getattr(exported, key):
            say(for_count(t[key], count, language).format(n=write.whole(count)))
    if exported.written < tool.fewest:
        say(t["few"].format(tool=tool.title, n=write.whole(tool.fewest)))
