"""The application: its common options, and how errors end."""

from __future__ import annotations

import gc
import logging
import os
from typing import Annotated

import typer

from churnml.cli.ending import EXIT_CODES, ending_of
from churnml.cli.say import LogFormat, fail, say, set_up, warnings_as_log
from churnml.cli.stop import StoppedError, stoppable
from churnml.version import __version__

_NEW_OBJECTS = 50_000
_log = logging.getLogger(__name__)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich would double the time of --help
    help="Predict which customers of an online shop are about to leave, why, and what it is worth to keep them.",
    epilog=EXIT_CODES,
)


def main() -> None:
    """Run the command line; errors that a user can put right become one message and an exit code."""
    # Threads that wait for work should not burn the time of others: a busy machine would take 30 times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # What is imported stays: to look through it for garbage at every 700th new object takes a tenth of a command.
    gc.set_threshold(_NEW_OBJECTS)
    try:
        with stoppable(), warnings_as_log():
            app(prog_name="churnml")
    except StoppedError as stopped:
        fail("Stopped before the end. Results appear whole or not at all, so none is half-written.", stopped.code)
    except Exception as error:
        ending = ending_of(error)
        if ending is None:
            raise
        _log.debug("What happened:", exc_info=error)
        fail(*ending)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(__version__)
        raise typer.Exit


@app.callback()
def _common(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print what is done.")] = False,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="How log lines are written: as text, or a JSON object each.")
    ] = LogFormat.TEXT,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    set_up(level, log_format)
