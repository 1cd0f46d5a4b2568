"""Printing what a training, a promotion and a list came to, in the language of the settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from churnml.cli.say import say, say_json
from churnml.cli.show import SHOWN, records
from churnml.printable import printable
from churnml.words import Language, for_count, uncapitalised, words

if TYPE_CHECKING:
    import pandas as pd

    from churnml.reporting.page.numbers import Numbers
    from churnml.tracking.aliases import Change
    from churnml.workflow import Finished, Outcome

_LIST_COLUMNS = ("list_rank", "customer_id", "churn_probability", "value_at_risk", "last_order_at", "reason_1")


def print_outcome(outcome: Outcome, as_json: bool) -> None:
    """Print the top of a work list and where the files are."""
    ranking = outcome.ranking
    listed = ranking.worklist()
    worklist = listed.head(SHOWN)
    if as_json:
        say_json(
            {
                "snapshot_date": ranking.snapshot_date,
                "customers": len(ranking),
                "model_version": outcome.model.version,
                "files": outcome.files,
                "lists": {name: len(one.rows) for name, one in ranking.lists.items()},
                **({} if outcome.health is None else {"health": outcome.health.verdict}),
                "worklist": records(worklist),
            }
        )
        return
    from churnml.analytics.risk_groups import TO_SAVE
    from churnml.reporting.page.numbers import Numbers
    from churnml.words.names import name_of

    language = ranking.language
    t, write = words(language)["outcome"], Numbers(language, None)
    ranked = for_count(t["ranked"], len(ranking), language)
    day = ranking.snapshot_date
    say(ranked.format(customers=write.whole(len(ranking)), day=day, version=outcome.model.version))
    counts = {group: write.whole(told["customers"]) for group, told in ranking.groups.items()}
    at_stake = Numbers(language, ranking.currency).sum(ranking.groups[TO_SAVE]["value_at_risk"])
    say(t["groups"].format(**counts, value=at_stake))
    if len(listed):
        some = for_count(t["listed"], len(listed), language)
        say(some.format(shown=write.whole(len(worklist)), customers=write.whole(len(listed))), "")
        say(*_as_text(worklist, write))
    else:
        say(t["empty"])
    say("", t["left_out"].format(reasons=_left_out(ranking.excluded, write)))
    if ranking.lists:
        of_lists = [
            (name_of("list", name, language), write.whole(len(one.rows))) for name, one in ranking.lists.items()
        ]
        told = [t["left_out_reason"].format(reason=name, count=count) for name, count in of_lists]
        say(t["other_lists"].format(lists=", ".join(told)))
    if (ranking.holdout is not None or ranking.entries.plan_of_all is not None) and len(listed):
        for sentence in ranking.holdout_said:
            say(sentence)
    if outcome.not_recorded:
        some = for_count(t["not_recorded"], outcome.not_recorded, language)
        say(some.format(contacts=write.whole(outcome.not_recorded), folder=outcome.folder))
    say("")
    print_files(outcome.files, language)
    if outcome.health is not None:
        told = words(language)["monitor"]
        say(told["verdict"][outcome.health.verdict])
        if outcome.health.broken_data:
            say(told["held"].format(folder=outcome.folder))


def print_finished(finished: Finished, language: Language, as_json: bool) -> None:
    """Print that a list was there already, and where its files are."""
    day, version = finished.snapshot_date, finished.model.version
    if as_json:
        say_json({"snapshot_date": day, "model_version": version, "files": finished.files, "made": False})
        return
    say(words(language)["job"]["finished"].format(day=day, version=version))
    print_files(finished.files, language)


def print_files(files: Iterable[Path | str], language: Language) -> None:
    """Print where the files are."""
    say(words(language)["outcome"]["files"].format(files=", ".join(str(file) for file in files)))


def print_training(version: str, champion: str, name: str, command: str, language: Language) -> None:
    """Print what became of a trained model, and the command that comes next."""
    t = words(language)["training"]
    say(t["champion" if champion == version else "challenger"].format(version=version, name=name, champion=champion))
    say(t["next"].format(command=command))


def print_change(change: Change, name: str, language: Language, as_json: bool) -> None:
    """Print who is the champion now, and who was before."""
    if as_json:
        say_json(vars(change))
        return
    said = words(language)["training"]["promoted_first" if change.was is None else "promoted"]
    say(said.format(number=change.version, version=change.model_version, name=name, before=change.was))


def _left_out(excluded: Mapping[str, int], write: Numbers) -> str:
    """List the reasons for which customers are left out, within a sentence."""
    from churnml.words.names import name_of

    t = words(write.language)["outcome"]
    named = {
        uncapitalised(name_of("excluded", reason, write.language), write.language): count
        for reason, count in excluded.items()
    }
    listed = [t["left_out_reason"].format(reason=reason, count=write.whole(count)) for reason, count in named.items()]
    return ", ".join(listed) or str(t["nobody"])


def _as_text(worklist: pd.DataFrame, write: Numbers) -> list[str]:
    shown = worklist[list(_LIST_COLUMNS)].assign(
        churn_probability=worklist.churn_probability.map(write.chance),
        value_at_risk=worklist.value_at_risk.map(lambda value: write.decimal(value, 2)),
        last_order_at=worklist.last_order_at.dt.strftime("%Y-%m-%d"),
        reason_1=worklist.reason_1.fillna(""),
    )
    titles = [_title(name, write.language) for name in _LIST_COLUMNS]
    rows = [titles, *([printable(cell) for cell in row] for row in shown.astype(str).to_numpy())]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_LIST_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [line.rstrip() for line in lines]


def _title(column: str, language: Language) -> str:
    """Name a column; in English it has the name that it has in other files."""
    return column if language == "en" else str(words(language)["columns"][column]["title"])
