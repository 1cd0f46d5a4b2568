"""Commands about shops and their data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from churnml.cli.app import app
from churnml.cli.options import (
    Active,
    AsJson,
    ConfigFile,
    Data,
    Every,
    Horizon,
    Lead,
    Seed,
    Snapshot,
    config_of,
    day_of,
)
from churnml.cli.say import say, say_json
from churnml.cli.show import (
    print_audit,
    print_dictionary,
    print_rows,
    progress_bar,
    records,
)
from churnml.cli.show_check import print_check
from churnml.cli.show_horizon import print_horizon
from churnml.cli.show_outcome import print_files, print_finished, print_outcome
from churnml.errors import InputError
from churnml.words import words

KindOfShop = Annotated[
    str,
    typer.Option(
        "--kind", help="gift, grocery, fashion, yearly, subscription, marketplace, or textbook: clear signals."
    ),
]


@app.command()
def demo(
    out: Annotated[str, typer.Option("--out", help="Folder for the shop and its list, or its address.")] = "demo",
    customers: Annotated[int, typer.Option("--customers", help="Customers of the simulated shop.")] = 5_000,
    kind: KindOfShop = "gift",
    config_file: ConfigFile = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a shop and run everything on it."""
    from churnml.workflow import Finished
    from churnml.workflow import demo as run_demo

    config = config_of(config_file, seed=seed)
    with progress_bar() as progress:
        outcome = run_demo(out, config, customers, progress, kind)
    if isinstance(outcome, Finished):
        print_finished(outcome, config.scoring.language, as_json)
    else:
        print_outcome(outcome, as_json)


@app.command()
def simulate(
    context: typer.Context,
    out: Annotated[str, typer.Option("--out", help="Folder for the tables, or its address.")],
    customers: Annotated[int, typer.Option("--customers", help="Number of customers.")] = 5_000,
    kind: KindOfShop = "gift",
    season: Annotated[
        float | None, typer.Option("--season", help="Share by which the peak is above the average; 0: no season.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything random.")] = 7,
    effects: Annotated[str, typer.Option("--effects", help="all, or none: nobody's leaving can be foreseen.")] = "all",
    until: Annotated[
        str | None,
        typer.Option("--until", help="Day on which the data end (YYYY-MM-DD); --campaigns may go on for a year."),
    ] = None,
    campaigns: Annotated[
        Path | None,
        typer.Option("--campaigns", help="Continue the shop of --out: contact the customers of this folder's lists."),
    ] = None,
    treatment_file: Annotated[
        Path | None,
        typer.Option("--treatment", help="YAML file of what a contact does to whom; the options below lie over it."),
    ] = None,
    strength: Annotated[
        float | None, typer.Option("--strength", help="Share of the hazard of leaving that a contact takes away.")
    ] = None,
    delivery: Annotated[
        float | None, typer.Option("--delivery", help="Share of the listed who get their contact; 1 if not given.")
    ] = None,
    contamination: Annotated[
        float | None, typer.Option("--contamination", help="Share of the held out who get one all the same.")
    ] = None,
    open_days: Annotated[
        float | None, typer.Option("--open-days", help="Days for which a contact can still win back who left.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--change",
            help="What changes from a day on: feed:DAY, currency:DAY, segment:DAY or concept:DAY, or how strongly, as "
            "concept:DAY:0.4; repeatable.",
        ),
    ] = None,
    fault: Annotated[
        str | None,
        typer.Option(
            "--fault", help="returns:PRODUCT:DAY doubles the returns of a product (P0001 to P0500) from a day."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a shop whose customers leave for known reasons, and let lists act on it."""
    if effects not in ("all", "none"):
        raise InputError(f"--effects: is all or none (received {effects!r}). Correct the option.")
    if campaigns is not None and until is None:
        raise InputError("--campaigns: needs the day on which the data end then. Add --until YYYY-MM-DD.")
    from churnml.data.places import at_place
    from churnml.data.simulator import (
        Change,
        Effects,
        Treatment,
        list_contacts,
        read_fault,
        read_settings,
        read_treatment,
    )
    from churnml.data.simulator import simulate as run_simulation

    day = day_of("--until", until)
    arguments: dict[str, Any] = {"customers": customers, "seed": seed, "kind": kind, "season": season}
    arguments["effects"] = Effects.none() if effects == "none" else Effects()
    arguments["fault"] = None if fault is None else read_fault(fault)
    given = {"strength": strength, "delivery": delivery, "contamination": contamination, "open_days": open_days}
    named: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if treatment_file is not None:
        named = read_treatment(treatment_file) | named
    treatment = Treatment(**named) if named else None
    changes = {"changes": [Change.parse(text) for text in change]} if change else {}
    with at_place(out) as place:
        if campaigns is not None:
            kept = read_settings(place.path)
            kept.refuse_others(**named, **{name: arguments[name] for name in arguments if _is_named(context, name)})
            treatment = kept.treatment or treatment or Treatment()
            arguments = kept.arguments | {"contacts": list_contacts(campaigns, treatment, kept.seed)}
        elif day is not None:
            # Lives reach further than the data, so that the shop of a later day is the same one.
            arguments |= {"end": day + timedelta(365), "years": 4.0}
        arguments |= {"until": day, "treatment": treatment} | changes
        with progress_bar() as progress:
            rows = run_simulation(
                place.path,
                **arguments,
                progress=lambda done, of: progress("customers", done, of) if progress is not None else None,
            )
    print_rows(rows, place.shown(place.path), as_json)


def _is_named(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


@app.command("import")
def import_(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A platform or public dataset; --list names them.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SRC]", help="The exported file, a folder that holds it, or the shop's database."),
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", help="Folder for the tables; those of other imports in it stay.")
    ] = None,
    carry: Annotated[
        str | None, typer.Option("--carry", help="Personal columns to bring into customers, such as email,phone.")
    ] = None,
    customer_ids: Annotated[
        Literal["email", "platform"],
        typer.Option("--customer-ids", help="email: pseudonyms of the address; platform: the platform's numbers."),
    ] = "email",
    list_: Annotated[bool, typer.Option("--list", help="Name what can be imported, and the files it takes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import the exports of a shop system, or a public dataset that you have downloaded."""
    from churnml.data.engines.object_store import is_stored
    from churnml.data.importers import import_dataset, importers
    from churnml.data.places import at_place, optional_place

    if list_:
        if as_json:
            say_json({"importers": importers()})
        else:
            say(*(f"{known:<18}{files}" for known, files in importers().items()))
        return
    if name is None or source is None or out is None:
        raise typer.BadParameter("NAME, SRC and --out are needed, or --list.")
    personal = [column.strip() for column in (carry or "").split(",") if column.strip()]
    with optional_place(source if is_stored(source) else None) as fetched, at_place(out) as place:
        exports = source if fetched is None else fetched.path
        report = import_dataset(name, exports, place.path, carry=personal, customer_ids=customer_ids)
        folder = place.shown(place.path)
    if as_json:
        say_json({"rows": report.rows, "left_out": report.left_out, "notes": report.notes})
        return
    print_rows(report.rows, folder, as_json=False)
    for reason, count in report.left_out.items():
        say(f"left out: {count:>9,} {reason}")
    for note in report.notes:
        say(note)


@app.command()
def check(data: Data, config_file: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check a shop's tables and report all failures at once."""
    from churnml.features.checklist import checklist
    from churnml.features.family_catalogue import catalogue
    from churnml.shop_jobs import check_shop

    config = config_of(config_file)
    report = check_shop(data, config)
    items = checklist(report, catalogue())
    if as_json:
        found = {"rows": report.rows, "files": report.files, "tables": [asdict(item) for item in items]}
        say_json(found | {"failures": report.failures, "notes": report.notes})
    else:
        print_check(items, report.notes, config.scoring.language)
    if report.failures:
        if as_json:
            raise typer.Exit(1)
        say(f"{words(config.scoring.language)['checklist']['to_correct']}:")
        raise InputError(report.failures)
    if not as_json:
        say(words(config.scoring.language)["checklist"]["in_order"])


@app.command()
def features(
    data: Annotated[str | None, typer.Argument(metavar="[DATA]", help="As for check; not needed with --list.")] = None,
    snapshots: Annotated[
        list[str] | None, typer.Option("--snapshot", help="The day that is taken for now; may be given several times.")
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", help="A .parquet file for one day; for several a folder of partitions.")
    ] = None,
    training: Annotated[bool, typer.Option("--training", help="Build all snapshots that a training uses.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Print the data dictionary.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --list: as a page of Markdown.")] = False,
    config_file: ConfigFile = None,
    horizon: Horizon = None,
    active: Active = None,
    lead: Lead = None,
    every: Every = None,
    as_json: AsJson = False,
) -> None:
    """Build the features of every eligible customer, or list them."""
    config = config_of(config_file, horizon, active, lead, every)
    if list_:
        from churnml.features.data_dictionary import as_markdown, dictionary
        from churnml.features.family_catalogue import catalogue
        from churnml.features.plugins import load_plugins

        known = catalogue().with_families(load_plugins(config.features.plugins))
        table = dictionary(known)
        if as_json:
            say_json({"features": records(table)})
        elif markdown:
            say(*as_markdown(known).split("\n"))
        else:
            print_dictionary(table)
        return
    if data is None or out is None:
        raise typer.BadParameter("DATA and --out are needed, or --list.")
    from churnml.data.places import at_place
    from churnml.shop_jobs import build_feature_files

    days = [day for text in snapshots or [] if (day := day_of("--snapshot", text)) is not None]
    with at_place(out) as place:
        with progress_bar() as progress:
            written = build_feature_files(data, place.path, config, days, training=training, progress=progress)
        files, counts = [place.shown(made.path) for made in written], [made.rows for made in written]
    if as_json:
        say_json(
            {
                "partitions": [
                    {"snapshot_date": made.snapshot_date, "file": file, "rows": rows, "built": made.built}
                    for made, file, rows in zip(written, files, counts, strict=True)
                ]
            }
        )
        return
    for made, file, rows in zip(written, files, counts, strict=True):
        state = "built" if made.built else "was there already"
        say(f"{made.snapshot_date}  {rows:>12,} customers  {file}  ({state})")


@app.command()
def audit(
    data: Data,
    snapshot: Annotated[str, typer.Option("--snapshot", help="The day that is taken for now (YYYY-MM-DD).")],
    config_file: ConfigFile = None,
    active: Active = None,
    as_json: AsJson = False,
) -> None:
    """Prove on your own data that no feature knows what happened later."""
    from churnml.features.audit import audit as run_audit
    from churnml.shop_jobs import open_shop

    config = config_of(config_file, active=active)
    day = day_of("--snapshot", snapshot)
    assert day is not None
    shop = open_shop(data, config)
    with progress_bar() as progress:
        report = run_audit(shop, day, config.definition, config.features.families, progress)
    if as_json:
        say_json({"holds": report.holds, **asdict(report)})
    else:
        print_audit(report)
    if not report.holds:
        raise typer.Exit(1)


@app.command()
def kpis(
    data: Data,
    snapshot: Snapshot = None,
    periods: Annotated[int, typer.Option("--periods", min=1, help="How many horizons to look back.")] = 5,
    out: Annotated[str | None, typer.Option("--out", help="Folder for the tables (.csv) and pictures (.png).")] = None,
    config_file: ConfigFile = None,
    horizon: Horizon = None,
    active: Active = None,
    lead: Lead = None,
    as_json: AsJson = False,
) -> None:
    """Show the key figures of a shop, where its customers stand and go, and what preceded leaving."""
    from churnml.analytics.overview import analyse
    from churnml.cli import show_kpis
    from churnml.shop_jobs import open_shop
    from churnml.words.value_names import ValueNames

    config = config_of(config_file, horizon, active, lead)
    language = config.scoring.language
    overview = analyse(
        open_shop(data, config),
        day_of("--snapshot", snapshot),
        config.definition,
        periods,
        tier_steps=config.reporting.tier_steps,
    )
    names = ValueNames(config.reporting.names)
    files: list[Path | str] = []
    if out is not None:
        from churnml.data.places import at_place
        from churnml.reporting.overview_files import write_overview

        with at_place(out) as place:
            files += map(place.shown, write_overview(overview, place.path, names))
    if as_json:
        say_json(show_kpis.as_json(overview, records, language) | {"files": files})
        return
    show_kpis.print_overview(overview.named(names), language)
    if files:
        print_files(files, language)


@app.command()
def window(
    data: Data,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Nothing on or after this day is seen.")] = None,
    follow_up: Annotated[int, typer.Option("--follow-up", help="Days within which a return is 'anyway'.")] = 180,
    out: Annotated[str | None, typer.Option("--out", help="Draw it: a .png, .svg or .pdf file.")] = None,
    config_file: ConfigFile = None,
    active: Active = None,
    lead: Lead = None,
    every: Every = None,
    as_json: AsJson = False,
) -> None:
    """Recommend a horizon from the shop's own days between orders."""
    from churnml.analytics.horizon import advise_horizon
    from churnml.data.places import optional_place
    from churnml.shop_jobs import draw_horizon, open_shop
    from churnml.words import words
    from churnml.words.findings import say_horizon

    config = config_of(config_file, None, active, lead, every)
    day, language = day_of("--as-of", as_of), config.scoring.language
    shop = open_shop(data, config)
    advice = advise_horizon(shop, config.definition, day, config.snapshots.every_days, follow_up)
    drawn: Path | str | None = None
    with optional_place(out) as picture:
        if picture is not None:
            draw_horizon(advice, picture.path)
            drawn = picture.shown(picture.path)
    if as_json:
        tables = ("horizons", "base_rates", "sensitivity")
        reason = say_horizon(advice.because, advice.numbers, language)
        said = {"recommended_days": advice.recommended_days, "reason": reason, "data_end": advice.data_end}
        say_json(said | {name: records(getattr(advice, name)) for name in tables})
        return
    print_horizon(advice, language)
    if drawn is not None:
        say(words(language)["horizon"]["drawn"].format(file=drawn))
