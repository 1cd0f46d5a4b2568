"""The one place that writes to the terminal: values of a shop come out as text, never as control characters."""

from __future__ import annotations

import json
import logging
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from churnml.cli.json_lines import JsonLines
from churnml.job_log import STEPS
from churnml.printable import printable

_log = logging.getLogger(__name__)


class LogFormat(StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


_FLAGS = {
    "active_days": "--active",
    "as_of": "--as-of",
    "carry": "--carry",
    "churnml.features.dictionary": "churnml features --list",
    "horizon_days": "--horizon",
    "in_sample": "--in-sample",
    "out": "--out",
    "previous": "--previous",
    "secrets": "--pseudonymize",
    "wait": "--wait",
}
"""What the arguments that messages name in backquotes are called on the command line."""
_ARGUMENT = re.compile(f"`({'|'.join(map(re.escape, _FLAGS))})`")


def say(*lines: str) -> None:
    """Print lines for people; characters that one cannot see are escaped, those that end a line among them."""
    for line in lines:
        print(printable(with_flags(line)))


def with_flags(message: str) -> str:
    """Name the flags of the command line where a message names arguments.

    Examples
    --------
    >>> with_flags("Name an earlier `as_of`.")
    'Name an earlier --as-of.'
    """
    return _ARGUMENT.sub(lambda found: _FLAGS[found[1]], message)


def say_json(content: Mapping[str, Any]) -> None:
    """Print JSON for machines; numbers that JSON does not have are null."""
    print(json.dumps(_plain(content), indent=2, default=str, allow_nan=False))


def fail(message: str, code: int) -> None:
    """Print an error, or log it where logs are for machines, and end with a code."""
    if any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers):
        _log.error(with_flags(message))
        raise SystemExit(code)
    for line in message.split("\n"):
        print(printable(with_flags(line)), file=sys.stderr)
    raise SystemExit(code)


def set_up(level: int, log_format: LogFormat) -> None:
    """Let log lines come out on stderr, and no character of any output break its encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a test or a notebook puts other streams in their place
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == LogFormat.JSON else _Printable("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("churnml").setLevel(level)
    # People see the steps with -v alone.
    STEPS.setLevel(logging.NOTSET if log_format == LogFormat.JSON or level < logging.INFO else logging.WARNING)


@contextmanager
def warnings_as_log() -> Iterator[None]:
    """Let Python's warnings be lines that ``-v`` shows: they speak to authors of programs, not to their users."""

    def log(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        _log.debug("%s: %s", category.__name__, message)

    with warnings.catch_warnings():
        warnings.showwarning = log
        yield


class _Printable(logging.Formatter):
    """Log lines of this package are one line each; those of others may have several."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        lines: Iterable[str] = [text] if record.name.split(".")[0] == "churnml" else text.split("\n")
        return "\n".join(printable(with_flags(line)) for line in lines)


def _plain(value: Any) -> Any:
    """Give what JSON can hold: keys as text, and null for numbers that are none or have no end."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value
