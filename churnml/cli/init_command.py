"""The command that proposes the settings of a shop, and asks where they cannot be known."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnml.cli.app import app
from churnml.cli.options import Language, file_here
from churnml.cli.say import say
from churnml.cli.shop_commands import check
from churnml.errors import InputError

if TYPE_CHECKING:
    from churnml.data.guessing.asking import Ask
    from churnml.data.guessing.proposal import Proposal, Question


@app.command()
def init(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Folder of files, a file, or a database's address.")],
    out: Annotated[str, typer.Option("--out", help="File for the settings.")] = "settings.yaml",
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: what is not certain is left out, or refused.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file of settings that is there.")] = False,
    lang: Language = None,
) -> None:
    """Propose the settings of a shop's own files: which table and column is which, and how they are written."""
    from churnml.data.engines import without_password
    from churnml.data.files import whole_file
    from churnml.data.guessing.asking import proposal_for
    from churnml.data.guessing.settings_text import settings_text
    from churnml.words import words

    language = lang or "en"
    said = words(language)["init"]
    file = file_here(out)
    if file.exists() and not force:
        raise InputError(f"{out}: is there already. Name another --out, or replace it with --force.")
    ask = None if yes or not sys.stdin.isatty() else _ask_in(language)
    proposal = proposal_for(source, ask, language)
    shown = without_password(source)
    text = settings_text(proposal, shown, out, language)
    with whole_file(file) as scratch:
        scratch.write_text(text, encoding="utf-8")
    _print(proposal, language)
    say("", said["written"].format(file=out), "")
    check(source, file)
    say(said["next"].format(source=shown, file=out))


def _print(proposal: Proposal, language: str) -> None:
    """Print which table and column is which, by what, and what is left out."""
    from churnml.data.guessing.settings_text import column_text, left_out_texts, rows_text
    from churnml.words import words

    said = words(language)["init"]
    for table in proposal.tables:
        rows = rows_text(table, language)
        say(said["recognised"].format(table=table.name, theirs=table.source.title, rows=rows))
        for column in table.columns:
            written = f" [{column.date_format}]" if column.date_format else ""
            say(f"  {column.name:<18}{column.source.name}{written}: {column_text(column, language)}")
        if table.unused:
            say(f"  {said['unused_columns'].format(names=', '.join(table.unused))}")
    say(*left_out_texts(proposal, language))


def _ask_in(language: str) -> Ask:
    """Return what asks a question on the terminal, with numbered answers."""
    from churnml.data.guessing.settings_text import option_texts, question_text
    from churnml.words import words

    said: Any = words(language)["init"]

    def ask(question: Question) -> Any:
        say(question_text(question, language))
        options = [*option_texts(question, language), said["options"]["none"]]
        say(*(f"  {number}  {text}" for number, text in enumerate(options, 1)))
        number = 0
        while not 1 <= number <= len(options):
            number = typer.prompt(said["choose"], type=int)
        return None if number == len(options) else question.options[number - 1]

    return ask
