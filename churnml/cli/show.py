"""Printing for those who run the job, in English: what data, features and progress look like.

What a retention team reads stands in the other ``show_*`` modules, in the language of the settings.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnml.cli.say import say, say_json
from churnml.job_log import STEPS, log_step
from churnml.printable import printable

if TYPE_CHECKING:
    import pandas as pd

    from churnml.features.audit import Audit
    from churnml.features.store import Progress
    from churnml.features.trace import Trace

SHOWN = 10


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Show a bar on a terminal; in a pipe log the steps where they are asked for."""
    if not sys.stderr.isatty() or STEPS.isEnabledFor(logging.INFO):
        yield log_step if STEPS.isEnabledFor(logging.INFO) else None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            group, text = step.split(" ")[0], escape(printable(step))
            if group not in tasks:
                tasks[group] = bar.add_task(text, total=total)
            bar.update(tasks[group], description=text, completed=done, total=total)

        yield report


def print_rows(rows: dict[str, int], out: Path | str, as_json: bool) -> None:
    """Print how many rows each table has."""
    if as_json:
        say_json({"out": out, "rows": rows})
        return
    for table, count in rows.items():
        say(f"{table:<14}{count:>12,} rows")
    say(f"Written to {out}. Next: churnml check {out}")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows with null where a value is missing."""
    return [
        {str(name): None if missing else value for (name, value), missing in zip(row.items(), gaps, strict=True)}
        for row, gaps in zip(table.astype(object).to_dict("records"), table.isna().to_numpy(), strict=True)
    ]


def print_audit(report: Audit) -> None:
    """Print what was tried, what changed, and which columns cannot be trusted."""
    say(f"{report.features} features of {report.customers:,} customers on {report.snapshot_date}:")
    for trial in report.trials:
        rows = ", ".join(f"{count:,} {table}" for table, count in trial.changed_rows.items()) or "times only"
        changed = trial.changed_features
        say(f"  {trial.name} ({rows}): {f'{len(changed)} FEATURES CHANGED' if changed else 'nothing changed'}")
        for name, customers in changed.items():
            say(f"    {name}: other values for {customers:,} customers")
    for suspect in report.suspects:
        kept = "attribute that only features of your own can read" if suspect.read else "never read"
        say(f"{suspect.table}.{suspect.column}: no time says when it became known ({kept}).")
        for sign in suspect.signs:
            say(f"  LIKELY LEAK: {sign}.")
    if report.unrecorded:
        say(f"Without recorded_at, so that late arrivals cannot be told: {', '.join(report.unrecorded)}.")
    say("No feature knows what happened later." if report.holds else "Features know what happened later.")


def print_trace(traced: Trace) -> None:
    """Print a value, what it is made of, and its source rows."""
    say(f"{traced.feature} of {traced.customer_id} on {traced.snapshot_date} = {_number(traced.value)}")
    say(f"{traced.describe}.")
    for name, value in traced.inputs.items():
        say(f"  {name} = {_number(value)}")
    if traced.constants is not None:
        say(f"  fitted on the shop as known on that day: {traced.constants}")
    say("", f"{len(traced.rows):,} source rows" + (":" if len(traced.rows) else "."))
    if len(traced.rows):
        rows = traced.rows.dropna(axis="columns", how="all")
        texts = {str(name): rows[name].map(_cell) for name in rows if rows[name].dtype.kind not in "biufM"}
        say(*rows.assign(**texts).to_string(index=False, na_rep="").split("\n"))


def _cell(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:,.10g}"


def print_dictionary(table: pd.DataFrame) -> None:
    """Print what each feature is, a block each, so that it fits any terminal and can be searched."""
    family = None
    for row in records(table):
        if row["family"] != family:
            family = row["family"]
            say(f"{family} ({'one can act on it' if row['actionable'] else 'gives context'})", "")
        window = f", {row['window']}" if row["window"] else ""
        say(f"  {row['name']}: {row['describe']}")
        say(f"    {row['unit']}{window}; nothing is {row['fill']}; from {row['table']}; about {row['concept']}")
        say(f"    en: {row['en']}", f"    tr: {row['tr']}", "")


def lines_of(table: Mapping[str, Any]) -> list[str]:
    """Write a table as text: names to the left, numbers to the right; the last columns stand below the others."""
    rows = [table["heads"], *table["rows"]]
    shown = [row[: table["texts"] + 5] for row in rows]
    widths = [max(len(row[at]) for row in shown) for at in range(len(shown[0]))]
    return [
        "  ".join(
            cell.ljust(width) if at < table["texts"] else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]
