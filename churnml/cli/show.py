"""Printing: results for people and for machines, and progress on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnml.cli.say import say, say_json
from churnml.printable import printable

if TYPE_CHECKING:
    import pandas as pd

    from churnml.analytics.horizon import HorizonAdvice
    from churnml.data.checks import CheckReport
    from churnml.features.audit import Audit
    from churnml.features.store import Progress
    from churnml.features.trace import Trace
    from churnml.tracking.aliases import Change
    from churnml.workflow import Outcome

_LIST_COLUMNS = ("list_rank", "customer_id", "churn_probability", "value_at_risk", "last_order_at", "reason_1")
SHOWN = 10


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Show a bar on a terminal, and nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
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
                "worklist": records(worklist),
            }
        )
        return
    say(f"{len(ranking):,} customers ranked on {ranking.snapshot_date} by model {outcome.model.version}.")
    if len(listed):
        say(f"The work list: the first {len(worklist)} of {len(listed):,} customers to contact.", "")
        say(*_as_text(worklist))
    else:
        say("The work list is empty: nobody is to be contacted.")
    left_out = ", ".join(f"{count:,} {_name(reason)}" for reason, count in ranking.excluded.items())
    say("", f"Not on it: {left_out or 'nobody'}.")
    plan = ranking.holdout
    if plan is not None and len(listed):
        least = plan.smallest_effect
        shows = "is too small to show any effect"
        if least is not None:
            from churnml.reporting.page.numbers import Numbers

            shows = f"can show effects from {Numbers('en', None).points(least)} points of the churn rate on"
        say(f"The holdout ({plan.held_out:,} customers like the {plan.listed:,} on the list) {shows}.")
    say("", "Files: " + ", ".join(str(file) for file in outcome.files))


def _as_text(worklist: pd.DataFrame) -> list[str]:
    from churnml.reporting.page.numbers import Numbers

    shown = worklist[list(_LIST_COLUMNS)].assign(
        churn_probability=worklist.churn_probability.map(Numbers("en", None).chance),
        value_at_risk=worklist.value_at_risk.map("{:,.2f}".format),
        last_order_at=worklist.last_order_at.dt.strftime("%Y-%m-%d"),
        reason_1=worklist.reason_1.fillna(""),
    )
    rows = [list(_LIST_COLUMNS), *([printable(cell) for cell in row] for row in shown.astype(str).to_numpy())]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_LIST_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [line.rstrip() for line in lines]


def print_check(report: CheckReport) -> None:
    """Print the rows of each table, the files from which they were read, and what is tolerated."""
    for table, count in report.rows.items():
        say(f"{table:<14}{count:>12,} rows")
        files = report.files.get(table, {})
        for name, rows in list(files.items())[:SHOWN]:
            say(f"{rows:>26,} in {name}")
        if len(files) > SHOWN:
            rest = list(files.values())[SHOWN:]
            say(f"{sum(rest):>26,} in {len(rest):,} more files (--json names all)")
    for note in report.notes:
        say(note)


def print_rows(rows: dict[str, int], out: Path, as_json: bool) -> None:
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


def print_horizon(advice: HorizonAdvice) -> None:
    """Print the recommendation and the table that it comes from."""
    days = advice.recommended_days
    say(f"Recommended horizon: {'none' if days is None else f'{days} days'}. {advice.reason}")
    sensitivity = [(row["share"], row["horizon_days"]) for row in records(advice.sensitivity)]
    changed = ", ".join(f"{share:.0%}: {'none' if days is None else f'{days:.0f} days'}" for share, days in sensitivity)
    say(f"With another share in the rule: {changed}.", "")
    say(
        f"{'days':>5} {'order again':>12} {'95 %':>11} {'ended alone':>12} {'left':>6} {'least-most':>11} "
        f"{'snapshots':>10} {'back anyway':>12}"
    )
    for row in advice.horizons.itertuples(index=False):
        likely = f"{row.low:.0%}-{row.high:.0%}"
        spread = f"{row.base_rate_min:.0%}-{row.base_rate_max:.0%}"
        line = (
            f"{row.horizon_days:>5} {row.returned_share:>12.0%} {likely:>11} {row.observed_share:>12.0%} "
            f"{row.base_rate:>6.0%} {spread:>11} {row.snapshots:>10} {row.came_back_share:>12.0%}"
        )
        say(line.replace("nan%", "   -"))
    say(
        "",
        "order again: share of orders followed by another within so many days, the open last gap censored (ended "
        "alone: without it, too many).",
        "left: share of active customers without an order in the horizon, over snapshots. back anyway: of these, the "
        "share that",
        f"ordered within the next {advice.follow_up_days} days.",
    )
    shown = days if days is not None else int(advice.horizons.horizon_days.iloc[0])
    rates = advice.base_rates[advice.base_rates.horizon_days == shown].sort_values("snapshot_date")
    if len(rates):
        listed = ", ".join(f"{row.snapshot_date}: {row.churn_rate:.0%}" for row in rates.itertuples(index=False))
        say("", f"Left per snapshot within {shown} days: {listed}.")


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


def print_change(change: Change, name: str, as_json: bool) -> None:
    """Print who is the champion now, and who was before."""
    if as_json:
        say_json(vars(change))
        return
    before = "there was none before" if change.was is None else f"before it was version {change.was}"
    say(f"Version {change.version} (model {change.model_version}) is the champion of {name}; {before}.")


def _name(reason: str) -> str:
    """Name a reason for which customers are left out, within a sentence."""
    from churnml.words.names import name_of

    name = name_of("excluded", reason, "en")
    return name[:1].lower() + name[1:]
