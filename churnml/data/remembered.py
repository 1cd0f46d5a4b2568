"""Checks that are remembered: what was found in order is not looked through again until a byte of it changes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from churnml.data.checks import CheckReport
from churnml.data.files import whole_file
from churnml.errors import InputError
from churnml.version import __version__

_BY_TABLE = ("plain", "impossible")
_OWNERS = 0o600  # a report names rows of the shop


def key_of(files: Mapping[str, Path] | None, settings: str) -> str | None:
    """Hash all that a check depends on: the bytes of the files, the settings and the rules themselves.

    Parameters
    ----------
    files : mapping of str to Path or None
        Files of a shop by their names within it; None where it is not made of files, so that nothing is remembered of
        it.
    settings : str
        Text that says how the files are read: by which engine, with which time zone and names.

    Returns
    -------
    str or None
        Hash of 64 hex digits; None where a file cannot be read, or there is none.
    """
    if files is None:
        return None
    digest = hashlib.sha256(f"{__version__}\n{settings}\n".encode())
    try:
        for name, file in [*((rule.name, rule) for rule in _rules()), *sorted(files.items())]:
            with file.open("rb") as content:
                digest.update(f"{name}\n{hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
    except OSError:
        return None
    return digest.hexdigest()


def recall(key: str) -> CheckReport | None:
    """Return the report that was remembered under a key; None where there is none, or none that can be read."""
    try:
        told = json.loads((cache_folder() / f"{key}.json").read_text(encoding="utf-8"))
        by_table = {
            name: {table: frozenset(columns) for table, columns in told.pop(name).items()} for name in _BY_TABLE
        }
        return CheckReport(**told | by_table | {"duplicated": frozenset(told["duplicated"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def remember(key: str, report: CheckReport) -> None:
    """Keep a report without failures; where the folder cannot be written, the next check starts from the data."""
    if report.failures:
        return
    told = dataclasses.asdict(report) | {
        "duplicated": sorted(report.duplicated),
        **{name: {table: sorted(columns) for table, columns in getattr(report, name).items()} for name in _BY_TABLE},
    }
    with suppress(OSError, InputError), whole_file(cache_folder() / f"{key}.json", mode=_OWNERS) as scratch:
        scratch.write_text(json.dumps(told), encoding="utf-8")


def _rules() -> list[Path]:
    """All modules of this room, so that no rule is forgotten."""
    return sorted(Path(__file__).parent.rglob("*.py"))


def cache_folder() -> Path:
    """Return the folder of what is kept between runs: `CHURNML_CACHE`, or the cache of the user."""
    named = os.environ.get("CHURNML_CACHE")
    return Path(named) if named else user_cache_path("churnml", appauthor=False)
