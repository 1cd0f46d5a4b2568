"""Commands about settings files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from churnml.cli.app import app
from churnml.cli.options import AsJson, Language, file_here
from churnml.cli.say import say, say_json
from churnml.errors import InputError

config_app = typer.Typer(no_args_is_help=True, help="Look at settings files: their schema, and what is wrong in one.")
app.add_typer(config_app, name="config")


@config_app.command()
def schema(
    out: Annotated[str | None, typer.Option("--out", help="File to write; without it, it is printed.")] = None,
    plays: Annotated[bool, typer.Option("--plays", help="That of a file of plays instead.")] = False,
) -> None:
    """Give the JSON Schema, by which editors complete and explain every key."""
    from churnml.config import config_schema
    from churnml.scoring.plays import plays_schema

    text = json.dumps(plays_schema() if plays else config_schema(), indent=2, ensure_ascii=False)
    _give(f"{text}\n", out)


@config_app.command()
def plays(
    language: Language = "en",
    out: Annotated[str | None, typer.Option("--out", help="File to write; without it, it is printed.")] = None,
) -> None:
    """Give churnml's own plays and rules with their words, as a file to start from; see plays.file in the settings."""
    from churnml.scoring.plays import write_plays

    _give(write_plays(language or "en"), out)


@config_app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML file with settings, or with plays.")],
    as_json: AsJson = False,
) -> None:
    """Check a settings file, report all failures at once, and list what differs from the defaults."""
    from churnml.scoring.config_check import check_config

    found = check_config(file)
    if as_json:
        differs = {key: {"value": value, "default": default} for key, (value, default) in found.differs.items()}
        say_json({"file": found.file, "holds": found.holds, "failures": found.failures, "differs": differs})
        raise typer.Exit(1 if found.failures else 0)
    if found.failures:
        raise InputError(found.failures)
    if found.holds == "plays":
        say(f"{file}: all plays and rules are in order.")
        return
    say(f"{file}: all settings are in order; {len(found.differs) or 'none'} differ from the defaults.")
    for key, (value, default) in found.differs.items():
        say(f"  {key}: {json.dumps(value, ensure_ascii=False)} (default: {json.dumps(default, ensure_ascii=False)})")


def _give(text: str, out: str | None) -> None:
    """Print a file's text, or write it."""
    if out is None:
        say(*text.rstrip("\n").split("\n"))
        return
    try:
        file_here(out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out: {out} cannot be written ({error.strerror}). Name another file.") from error
    say(f"Written to {out}.")
