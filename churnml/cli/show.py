"""Printing: results for people and for machines, and progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from churnml.analytics.horizon import HorizonAdvice
    from churnml.features.audit import Audit
    from churnml.features.store import Progress
    from churnml.features.trace import Trace
    from churnml.training.aliases import Change
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
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            group = step.split(" ")[0]
            if group not in tasks:
                tasks[group] = bar.add_task(step, total=total)
            bar.update(tasks[group], description=step, completed=done, total=total)

        yield report


def print_outcome(outcome: Outcome, as_json: bool) -> None:
    """Print the top of a work list and where the files are."""
    ranking = outcome.ranking
    listed = ranking.worklist()
    worklist = listed.head(SHOWN)
    if as_json:
        print_json(
            {
                "snapshot_date": ranking.snapshot_date,
                "customers": len(ranking),
                "model_version": outcome.model.version,
                "files": outcome.files,
                "worklist": records(worklist),
            }
        )
        return
    print(f"{len(ranking):,} customers ranked on {ranking.snapshot_date} by model {outcome.model.version}.")
    if len(listed):
        print(f"The work list: the first {len(worklist)} of {len(listed):,} customers to contact.\n")
        print(_as_text(worklist))
    else:
        print("The work list is empty: nobody is to be contacted.")
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in ranking.excluded.items())
    print(f"\nNot on it: {left_out or 'nobody'}.")
    plan = ranking.holdout
    if plan is not None and len(listed):
        least = plan.smallest_effect
        shows = "no effect" if least is None else f"effects from {100 * least:.0f} points of the churn rate on"
        print(f"The holdout ({plan.held_out:,} customers like the {plan.listed:,} on the list) can show {shows}.")
    print("\nFiles: " + ", ".join(str(file) for file in outcome.files))


def _as_text(worklist: pd.DataFrame) -> str:
    shown = worklist[list(_LIST_COLUMNS)].assign(
        churn_probability=worklist.churn_probability.map("{:.0%}".format),
        value_at_risk=worklist.value_at_risk.map("{:,.2f}".format),
        last_order_at=worklist.last_order_at.dt.strftime("%Y-%m-%d"),
        reason_1=worklist.reason_1.fillna(""),
    )
    rows = [list(_LIST_COLUMNS), *shown.astype(str).to_numpy().tolist()]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_LIST_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def print_rows(rows: dict[str, int], out: Path, as_json: bool) -> None:
    """Print how many rows each table has."""
    if as_json:
        print_json({"out": out, "rows": rows})
        return
    for table, count in rows.items():
        print(f"{table:<14}{count:>12,} rows")
    print(f"Written to {out}. Next: churnml check {out}")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows with null where a value is missing."""
    return [
        {str(name): None if missing else value for (name, value), missing in zip(row.items(), gaps, strict=True)}
        for row, gaps in zip(table.astype(object).to_dict("records"), table.isna().to_numpy(), strict=True)
    ]


def print_audit(report: Audit) -> None:
    """Print what was tried, what changed, and which columns cannot be trusted."""
    print(f"{report.features} features of {report.customers:,} customers on {report.snapshot_date}:")
    for trial in report.trials:
        rows = ", ".join(f"{count:,} {table}" for table, count in trial.changed_rows.items()) or "times only"
        changed = trial.changed_features
        print(f"  {trial.name} ({rows}): {f'{len(changed)} FEATURES CHANGED' if changed else 'nothing changed'}")
        for name, customers in changed.items():
            print(f"    {name}: other values for {customers:,} customers")
    for suspect in report.suspects:
        kept = "attribute that only features of your own can read" if suspect.read else "never read"
        print(f"{suspect.table}.{suspect.column}: no time says when it became known ({kept}).")
        for sign in suspect.signs:
            print(f"  LIKELY LEAK: {sign}.")
    if report.unrecorded:
        print(f"Without recorded_at, so that late arrivals cannot be told: {', '.join(report.unrecorded)}.")
    print("No feature knows what happened later." if report.holds else "Features know what happened later.")


def print_horizon(advice: HorizonAdvice) -> None:
    """Print the recommendation and the table that it comes from."""
    days = advice.recommended_days
    print(f"Recommended horizon: {'none' if days is None else f'{days} days'}. {advice.reason}")
    sensitivity = [(row["share"], row["horizon_days"]) for row in records(advice.sensitivity)]
    changed = ", ".join(f"{share:.0%}: {'none' if days is None else f'{days:.0f} days'}" for share, days in sensitivity)
    print(f"With another share in the rule: {changed}.\n")
    print(
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
        print(line.replace("nan%", "   -"))
    print(
        f"\norder again: share of orders followed by another within so many days, the open last gap censored (ended "
        f"alone: without it, too many).\nleft: share of active customers without an order in the horizon, over "
        f"snapshots. back anyway: of these, the share that\nordered within the next {advice.follow_up_days} days."
    )
    shown = days if days is not None else int(advice.horizons.horizon_days.iloc[0])
    rates = advice.base_rates[advice.base_rates.horizon_days == shown].sort_values("snapshot_date")
    if len(rates):
        listed = ", ".join(f"{row.snapshot_date}: {row.churn_rate:.0%}" for row in rates.itertuples(index=False))
        print(f"\nLeft per snapshot within {shown} days: {listed}.")


def print_trace(traced: Trace) -> None:
    """Print a value, what it is made of, and its source rows."""
    print(f"{traced.feature} of {traced.customer_id} on {traced.snapshot_date} = {_number(traced.value)}")
    print(f"{traced.describe}.")
    for name, value in traced.inputs.items():
        print(f"  {name} = {_number(value)}")
    if traced.constants is not None:
        print(f"  fitted on the shop as known on that day: {traced.constants}")
    print(f"\n{len(traced.rows):,} source rows" + (":" if len(traced.rows) else "."))
    if len(traced.rows):
        print(traced.rows.dropna(axis="columns", how="all").to_string(index=False, na_rep=""))


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:,.10g}"


def print_dictionary(table: pd.DataFrame) -> None:
    """Print what each feature is, a block each, so that it fits any terminal and can be searched."""
    family = None
    for row in records(table):
        if row["family"] != family:
            family = row["family"]
            print(f"{family} ({'one can act on it' if row['actionable'] else 'gives context'})\n")
        window = f", {row['window']}" if row["window"] else ""
        print(f"  {row['name']}: {row['describe']}")
        print(f"    {row['unit']}{window}; nothing is {row['fill']}; from {row['table']}; about {row['concept']}")
        print(f"    en: {row['en']}\n    tr: {row['tr']}\n")


def print_json(content: dict[str, Any]) -> None:
    """Print JSON for machines."""
    print(json.dumps(content, indent=2, default=str))


def print_change(change: Change, name: str, as_json: bool) -> None:
    """Print who is the champion now, and who was before."""
    if as_json:
        print_json(vars(change))
        return
    before = "there was none before" if change.was is None else f"before it was version {change.was}"
    print(f"Version {change.version} (model {change.model_version}) is the champion of {name}; {before}.")
