"""Commands about campaigns: what their lists brought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from churnml.cli.app import app
from churnml.cli.options import AsJson, ConfigFile, Data, Language, Secrets, config_of, day_of, real_ids_of
from churnml.cli.say import say_json
from churnml.cli.show_outcome import print_files
from churnml.cli.show_readout import print_plan, print_readout, print_recorded, print_uplift

ListFolders = Annotated[
    list[str] | None, typer.Option("--list", help="Folder of the lists, with its ledger; may be given several times.")
]


@app.command()
def readout(
    data: Data,
    lists: ListFolders = None,
    table: Annotated[
        str | None,
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
    out: Annotated[str | None, typer.Option("--out", help="Folder for readout.html and the figures.")] = None,
    secrets: Secrets = None,
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Read out what the lists brought: the listed beside those whom the lot held out."""
    from churnml.campaigns.readout import read_out
    from churnml.data.files import read_table
    from churnml.data.places import optional_place
    from churnml.errors import InputError
    from churnml.reporting.readout import to_json, write_readout
    from churnml.shop_jobs import open_shop
    from churnml.tracking.readouts import log_readout

    if (table is None) == (not lists):
        raise InputError("--list: name the folder of the lists, or arms from elsewhere with --table.")
    config = config_of(config_file, language=language)
    day = day_of("--as-of", as_of)
    shop = open_shop(data, config)
    groups = by or ["play"]
    files: list[Path | str] = []
    with _at_places(lists or []) as folders, optional_place(table) as arms, optional_place(out) as place:
        told = read_out(
            shop,
            folders if arms is None else read_table(arms.path),
            day,
            config,
            campaign=campaign,
            window=window,
            real_ids=real_ids_of(secrets),
        )
        if told.causal:
            for what in by or []:
                told.by(what)
        if place is not None:
            written = write_readout(told, place.path, config, shop.currency, groups)
            log_readout(told, config, written)
            files += map(place.shown, written)
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
    lists: Annotated[str | None, typer.Option("--list", help="Folder of the lists, with its ledger.")] = None,
    secrets: Secrets = None,
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Say what the newest list can be expected to do, before anything is sent."""
    from churnml.data.places import at_place
    from churnml.errors import InputError
    from churnml.scoring.plan_of_folder import plan_of_folder
    from churnml.shop_jobs import open_shop

    if lists is None:
        raise InputError("--list: name the folder of the lists.")
    config = config_of(config_file, language=language)
    shop = open_shop(data, config)
    with at_place(lists) as place:
        told, plays = plan_of_folder(shop, place.path, config, real_ids_of(secrets))
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
    with _at_places(lists) as folders:
        training = UpliftTrainer(config).fit(open_shop(data, config), folders, day, real_ids_of(secrets))
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
        str, typer.Argument(metavar="SHEET|OUT", help="A filled-in work list (xlsx, csv), or the folder of the lists.")
    ],
    lists: Annotated[str, typer.Option("--list", help="Folder of the lists, which says who had which play.")],
    out: Annotated[str, typer.Option("--out", help="File of the contacts: csv or parquet; what it holds stays.")],
    secrets: Secrets = None,
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Turn what the team wrote into the lists into rows of the table contacts."""
    from churnml.data.places import at_place
    from churnml.reporting.record import record as record_contacts

    config = config_of(config_file, language=language)
    with at_place(source) as sheet, at_place(lists) as folder, at_place(out) as place:
        found = record_contacts(sheet.path, folder.path, place.path, config, real_ids_of(secrets))
        file = place.shown(place.path)
    if as_json:
        say_json({"contacts": len(found.contacts), "new": found.new, "file": file})
    else:
        print_recorded(len(found.contacts), found.new, file, config.scoring.language)


@contextmanager
def _at_places(places: Sequence[str]) -> Iterator[list[Path]]:
    """Open folders of lists, each of which may be an address."""
    from churnml.data.places import at_place

    with ExitStack() as opened:
        yield [opened.enter_context(at_place(place)).path for place in places]
