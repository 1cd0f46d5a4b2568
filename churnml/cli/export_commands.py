"""Commands that hand a list on to other tools."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from churnml.cli.app import app
from churnml.cli.options import AsJson, ConfigFile, Language, config_of
from churnml.cli.say import say_json


@app.command()
def export(
    folder: Annotated[str, typer.Argument(metavar="LIST", help="Folder of the list: the --out of its run.")],
    tool: Annotated[
        str, typer.Option("--for", metavar="TOOL", help="klaviyo, mailchimp, braze, hubspot or meta: who imports it.")
    ],
    out: Annotated[str, typer.Option("--out", help="CSV file; who must not be contacted stands in a second one.")],
    name: Annotated[str, typer.Option("--list", help="Name of the list.")] = "save",
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Write a list as the import file of a tool that sends messages, without the held out and without consent."""
    from churnml.cli.show_export import print_export
    from churnml.data.places import at_place
    from churnml.errors import InputError
    from churnml.reporting.exports import TOOLS
    from churnml.reporting.exports.export import export_list

    if tool not in TOOLS:
        raise InputError(f"--for: {tool!r:.80} is none of {', '.join(TOOLS)}. Name one of these.")
    config = config_of(config_file, language=language)
    with at_place(folder) as lists, at_place(out) as place:
        exported = export_list(lists.path, TOOLS[tool], place.path, name, config.reporting.calling_code)
        exported = replace(exported, files=tuple(place.shown(Path(file)) for file in exported.files))
    if as_json:
        say_json(vars(exported))
    else:
        print_export(exported, TOOLS[tool], config.scoring.language)
