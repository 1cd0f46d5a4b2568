"""Commands about campaigns: what their lists brought."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnml.cli.app import app
from churnml.cli.options import AsJson, ConfigFile, Data, Language, Secrets, config_of, day_of, real_ids_of
from churnml.cli.say import say_json
from churnml.cli.show_outcome import print_files
from churnml.cli.show_readout import print_plan, print_readout, print_recorded, print_uplift

ListFolders = Annotated[
    list[Path] | None, typer.Option("--list", help="Folder of the lists, with its ledger; may be given several times.")
]


@app.command()
def readout(
    data: Data,
    lists: ListFolders = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", help="Arms from elsewhere instead: customer_id, arm, entered_on [, chance]."),
    ] = None,
    campaign: Annotated[str | None, typer.Option("--campaign", help="Read out this campaign only.")] = None,
    window: Annotated[
        int | None, typer.Option("--window", help="Days from entry over which outcomes are told, while arms hold.")
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Nothing on or after this day is seen.")] = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="Tell the effect apart by play, band, segment or entered_on.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for readout.html and the figures.")] = None,
    secrets: Secrets = None,
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Read out what the lists brought: the listed beside those whom the lot held out."""
    from churnml.campaigns.readout import read_out
    from churnml.data.files import read_table
    from churnml.errors import InputError
    from churnml.reporting.readout import to_json, write_readout
    from churnml.shop_jobs import open_shop
    from churnml.tracking.readouts import log_readout

    if (table is None) == (not lists):
        raise InputError("--list: name the folder of the lists, or arms from elsewhere with --table.")
    config = config_of(config_file, language=language)
    day = day_of("--as-of", as_of)
    shop = open_shop(data, config)
    told = read_out(
        shop,
        read_table(table) if table is not None else list(lists or []),
        day,
        config,
        campaign=campaign,
        window=window,
        real_ids=real_ids_of(secrets),
    )
    groups = by or ["play"]
    if told.causal:
        for what in by or []:
            told.by(what)
    files = []
    if out is not None:
        files = write_readout(told, out, config, shop.currency, groups)
        log_readout(told, config, files)
    if as_json:
        say_json(to_json(told, groups))
    else:
        print_readout(told, config.scoring.language, shop.currency, groups)
        if files:
            print_files(files, config.scoring.language)
    if not told.causal:
        raise typer.Exit(3)


@app.command()
def plan(
    data: Data,
    lists: Annotated[Path | None, typer.Option("--list", help="Folder of the lists, with its ledger.")] = None,
    secrets: Secrets = None,
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Say what the newest list can be expected to do, before anything is sent."""
    from churnml.errors import InputError
    from churnml.scoring.plan_of_folder import plan_of_folder
    from churnml.shop_jobs import open_shop

    if lists is None:
        raise InputError("--list: name the folder of the lists.")
    config = config_of(config_file, language=language)
    shop = open_shop(data, config)
    told, plays = plan_of_folder(shop, lists, config, real_ids_of(secrets))
    if as_json:
        say_json(vars(told) | {"plays": told.plays.to_dict("records")})
    else:
        print_plan(told, {name: play.title for name, play in plays.items()}, config.scoring.language, shop.currency)


@app.command("train-uplift")
def train_uplift(
    data: Data,
    lists: ListFolders = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Nothing on or after this day is seen.")] = None,
    secrets: Secrets = None,
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Learn whom a contact keeps, and judge whether the list should be ranked by it."""
    from churnml.errors import InputError
    from churnml.shop_jobs import open_shop
    from churnml.tracking.uplift import UpliftTrainer

    if not lists:
        raise InputError("--list: name the folder of the lists.")
    config = config_of(config_file, language=language)
    day = day_of("--as-of", as_of)
    training = UpliftTrainer(config).fit(open_shop(data, config), list(lists), day, real_ids_of(secrets))
    if as_json:
        model = training.model
        said = {name: getattr(model, name) for name in ("gate_open", "sentence", "version", "as_of", "figures")}
        arms = {name: getattr(training, name) for name in ("listed", "held_out", "campaign")}
        say_json(said | {"candidate": model.effect.candidate} | arms)
    else:
        print_uplift(training, config.scoring.language)
    if not training.gate.open:
        raise typer.Exit(3)


@app.command()
def record(
    source: Annotated[
        Path, typer.Argument(metavar="SHEET|OUT", help="A filled-in work list (xlsx, csv), or the folder of the lists.")
    ],
    lists: Annotated[Path, typer.Option("--list", help="Folder of the lists, which says who had which play.")],
    out: Annotated[Path, typer.Option("--out", help="File of the contacts: csv or parquet; what it holds stays.")],
    secrets: Secrets = None,
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Turn what the team wrote into the lists into rows of the table contacts."""
    from churnml.reporting.record import record as record_contacts

    config = config_of(config_file, language=language)
    found = record_contacts(source, lists, out, config, real_ids_of(secrets))
    if as_json:
        say_json({"contacts": len(found.contacts), "new": found.new, "file": out})
    else:
        print_recorded(len(found.contacts), found.new, out, config.scoring.language)
