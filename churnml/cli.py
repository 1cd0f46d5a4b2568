"""The command line: parse, call, print."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnml import __version__
from churnml.errors import ChurnmlError, InputError, NoSkillError

if TYPE_CHECKING:
    import pandas as pd

    from churnml.config import Config
    from churnml.training.frame import Progress
    from churnml.workflow import Outcome

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich would double the time of --help
    help="Predict which customers of an online shop are about to leave, why, and what it is worth to keep them.",
    epilog="Exit codes: 0 done, 1 bad input or config, 2 wrong usage, 3 no skill (nothing is promoted).",
)

Data = Annotated[str, typer.Argument(metavar="DATA", help="Folder of Parquet or CSV files, or a DuckDB file.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML file with settings.")]
Horizon = Annotated[int | None, typer.Option("--horizon", help="Days without an order that count as leaving.")]
Active = Annotated[int | None, typer.Option("--active", help="Days within which the last order must lie.")]
Lead = Annotated[int | None, typer.Option("--lead", help="Days between the snapshot and the horizon.")]
Every = Annotated[int | None, typer.Option("--every", help="Days between training snapshots.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of everything random.")]
Snapshot = Annotated[str | None, typer.Option("--snapshot", help="The day that is taken for now (YYYY-MM-DD).")]
ModelAddress = Annotated[str | None, typer.Option("--model", help="Folder or MLflow address; default: the champion.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
InSample = Annotated[bool, typer.Option("--in-sample", help="Allow a day that the model has seen.")]
_LIST_COLUMNS = ("list_rank", "customer_id", "churn_probability", "value_at_risk", "last_order_at", "reason_1")
_SHOWN = 10


def main() -> None:
    """Run the command line; errors that a user can put right become one message and an exit code."""
    # Threads that wait for work should not burn the time of others: a busy machine would take 30 times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app(prog_name="churnml")
    except NoSkillError as error:
        _fail(str(error), 3)
    except ChurnmlError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("Stopped.", 130)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _common(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print what is done.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("churnml").setLevel(level)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the shop and its list.")] = Path("demo"),
    customers: Annotated[int, typer.Option("--customers", help="Customers of the simulated shop.")] = 5_000,
    config_file: ConfigFile = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a shop and run everything on it."""
    from churnml.workflow import demo as run_demo

    with _progress() as progress:
        outcome = run_demo(out, _config(config_file, seed=seed), customers, progress)
    _print_outcome(outcome, as_json)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder for the tables.")],
    customers: Annotated[int, typer.Option("--customers", help="Number of customers.")] = 5_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything random.")] = 7,
    effects: Annotated[str, typer.Option("--effects", help="all, or none: nobody's leaving can be foreseen.")] = "all",
    as_json: AsJson = False,
) -> None:
    """Simulate a shop whose customers leave for known reasons."""
    if effects not in ("all", "none"):
        raise InputError(f"--effects: is all or none (received {effects!r}). Correct the option.")
    from churnml.data.simulator import Effects
    from churnml.data.simulator import simulate as run_simulation

    with _progress() as progress:
        rows = run_simulation(
            out,
            customers=customers,
            seed=seed,
            effects=Effects.none() if effects == "none" else Effects(),
            progress=lambda done, of: progress("customers", done, of) if progress is not None else None,
        )
    _print_rows(rows, out, as_json)


@app.command("import")
def import_(
    dataset: Annotated[str, typer.Argument(help="online-retail-ii or cdnow.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="The published file, or a folder that holds it.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the tables.")],
    as_json: AsJson = False,
) -> None:
    """Import a public dataset that you have downloaded."""
    from churnml.data.importers import import_dataset

    report = import_dataset(dataset, source, out)
    if as_json:
        _print_json({"rows": report.rows, "left_out": report.left_out, "notes": report.notes})
        return
    _print_rows(report.rows, out, as_json=False)
    for reason, count in report.left_out.items():
        print(f"left out: {count:>9,} {reason}")
    for note in report.notes:
        print(note)


@app.command()
def check(data: Data, config_file: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check a shop's tables and report all failures at once."""
    from churnml.workflow import check_shop

    report = check_shop(data, _config(config_file))
    if as_json:
        _print_json({"rows": report.rows, "failures": report.failures, "notes": report.notes})
    else:
        for table, count in report.rows.items():
            print(f"{table:<14}{count:>12,} rows")
        for note in report.notes:
            print(note)
    if report.failures:
        if as_json:
            raise typer.Exit(1)
        raise InputError(report.failures)
    if not as_json:
        print("All tables are in order.")


@app.command()
def train(
    data: Data,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Nothing on or after this day is seen.")] = None,
    config_file: ConfigFile = None,
    horizon: Horizon = None,
    active: Active = None,
    lead: Lead = None,
    every: Every = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Train, compare and register a model."""
    from churnml.training.trainer import Trainer
    from churnml.workflow import open_shop

    config = _config(config_file, horizon, active, lead, every, seed)
    day = _day("--as-of", as_of)
    shop = open_shop(data, config)
    with _progress() as progress:
        model = Trainer(config=config).fit(shop, day, progress)
    if as_json:
        _print_json({"model_version": model.version, **model.card})
    else:
        print(f"Model {model.version} is the champion of {config.tracking.model_name}.")
        print(f"Next: churnml score {data} --out list")


@app.command()
def score(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    snapshot: Snapshot = None,
    model: ModelAddress = None,
    config_file: ConfigFile = None,
    in_sample: InSample = False,
    as_json: AsJson = False,
) -> None:
    """Rank the customers of a day with reasons."""
    from churnml.workflow import open_shop
    from churnml.workflow import score as run_score

    config = _config(config_file)
    day = _day("--snapshot", snapshot)
    shop = open_shop(data, config)
    outcome = run_score(shop, out, config, model=model, snapshot_date=day, in_sample=in_sample)
    _print_outcome(outcome, as_json)


@app.command()
def run(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    config_file: ConfigFile = None,
    horizon: Horizon = None,
    active: Active = None,
    lead: Lead = None,
    every: Every = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Check, train if needed, and score the newest day."""
    from churnml.workflow import run as run_all

    config = _config(config_file, horizon, active, lead, every, seed)
    with _progress() as progress:
        outcome = run_all(data, out, config, progress)
    _print_outcome(outcome, as_json)


@app.command()
def explain(
    data: Data,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id.")],
    snapshot: Snapshot = None,
    model: ModelAddress = None,
    config_file: ConfigFile = None,
    in_sample: InSample = False,
    as_json: AsJson = False,
) -> None:
    """Explain one customer: her reasons and every number behind them."""
    from churnml.scoring.scorer import Scorer
    from churnml.workflow import open_shop

    config = _config(config_file)
    day = _day("--snapshot", snapshot)
    shop = open_shop(data, config)
    explanation = Scorer(model, config).rank(shop, day, in_sample=in_sample).explain(customer)
    if as_json:
        _print_json(
            {
                **_records(explanation.row.to_frame().T)[0],
                "customer_id": customer,
                "concepts": explanation.concepts.to_dict(),
                "features": _records(explanation.features),
            }
        )
        return
    row = explanation.row
    print(
        f"Customer {customer} on {row.snapshot_date}: {row.churn_probability:.1%} likely to leave ({row.risk_band}), "
        f"rank {row.risk_rank:,}, value at risk {row.value_at_risk:,.2f}."
    )
    for reason in explanation.reasons:
        print(f"  {reason.concept}: {reason.sentence}")
    print("\nWeight in log-odds, towards leaving (+) or staying (-):")
    for concept, weight in explanation.concepts.items():
        print(f"  {weight:+.3f}  {concept}")
    print("\nFeatures with the largest weight:")
    shown = explanation.features.reindex(
        explanation.features.contribution.abs().sort_values(ascending=False, kind="stable").index
    ).head(_SHOWN)
    for feature in _records(shown):
        value = "no value" if feature["value"] is None else f"{feature['value']:,.4g}"
        print(f"  {feature['contribution']:+.3f}  {feature['feature']} = {value}  ({feature['describe']})")


def _config(
    path: Path | None,
    horizon: int | None = None,
    active: int | None = None,
    lead: int | None = None,
    every: int | None = None,
    seed: int | None = None,
) -> Config:
    from churnml.config import load_config

    return load_config(
        path,
        definition={"horizon_days": horizon, "active_days": active, "lead_days": lead},
        snapshots={"every_days": every},
        seed=seed,
    )


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise InputError(f"{option}: is not a day (received {text!r}). Write it as 2025-03-31.") from error


@contextmanager
def _progress() -> Iterator[Progress | None]:
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


def _print_outcome(outcome: Outcome, as_json: bool) -> None:
    ranking = outcome.ranking
    worklist = ranking.worklist(_SHOWN)
    if as_json:
        _print_json(
            {
                "snapshot_date": ranking.snapshot_date,
                "customers": len(ranking),
                "model_version": outcome.model.version,
                "files": outcome.files,
                "worklist": _records(worklist),
            }
        )
        return
    on_list = len(ranking.worklist())
    print(f"{len(ranking):,} customers ranked on {ranking.snapshot_date} by model {outcome.model.version}.")
    print(f"The work list: the first {len(worklist)} of {on_list:,} who are overdue, not yet lost and contactable.\n")
    print(_as_text(worklist))
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


def _print_rows(rows: dict[str, int], out: Path, as_json: bool) -> None:
    if as_json:
        _print_json({"out": out, "rows": rows})
        return
    for table, count in rows.items():
        print(f"{table:<14}{count:>12,} rows")
    print(f"Written to {out}. Next: churnml check {out}")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows with null where a value is missing."""
    return [
        {str(name): None if missing else value for (name, value), missing in zip(row.items(), gaps, strict=True)}
        for row, gaps in zip(table.astype(object).to_dict("records"), table.isna().to_numpy(), strict=True)
    ]


def _print_json(content: dict[str, Any]) -> None:
    print(json.dumps(content, indent=2, default=str))


def _fail(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
