"""The check of a settings file, before anything runs with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from churnml.config import Config, PlaySettings, differences, load_config
from churnml.data.engines import without_password
from churnml.errors import ConfigError
from churnml.features.family_catalogue import Catalogue, catalogue
from churnml.features.plugins import load_plugins
from churnml.scoring.plays import read_plays
from churnml.yaml_file import read_yaml


@dataclass(frozen=True)
class ConfigCheck:
    """What a check of a file found.

    Attributes
    ----------
    file : Path
        File that was checked.
    holds : str
        Kind of its content: ``settings``, or ``plays`` and their rules.
    failures : list of str
        Sentences about what is wrong in it and in the file of plays that it names; none where both are in order.
    differs : dict of str to tuple of 2 object
        Settings that differ from the defaults: value and default, by the dotted name of the key.
    """

    file: Path
    holds: str
    failures: list[str] = field(default_factory=list)
    differs: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def check_config(file: str | Path) -> ConfigCheck:
    """Read a file of settings, or one of plays and rules, as every command does, and say what is wrong.

    Feature families of one's own are loaded, since rules may look at their features.
    """
    path = Path(file)
    try:
        values = read_yaml(path)
    except ConfigError as error:
        return ConfigCheck(path, "settings", error.failures)
    if _holds_plays(values):
        return ConfigCheck(path, "plays", _failures_of_plays(path))
    try:
        config = load_config(path)
    except ConfigError as error:
        plays = values.get("plays")
        named = plays.get("file") if isinstance(plays, dict) else None
        return ConfigCheck(path, "settings", [*error.failures, *_failures_of_plays(named)])
    differs = {key: (_public(value), default) for key, (value, default) in differences(config).items()}
    return ConfigCheck(path, "settings", _failures_beyond(config), differs)


def _public(value: object) -> object:
    return without_password(value) if isinstance(value, str) else value


def _holds_plays(values: dict[str, Any]) -> bool:
    plays = values.get("plays")
    return "rules" in values or (
        isinstance(plays, dict) and bool(plays) and not plays.keys() & PlaySettings.model_fields
    )


def _failures_beyond(config: Config) -> list[str]:
    try:
        known = catalogue().with_families(load_plugins(config.features.plugins))
    except ConfigError as error:
        return [*error.failures, *_failures_of_plays(config.plays.file)]
    return _failures_of_plays(config.plays.file, known)


def _failures_of_plays(file: object, known: Catalogue | None = None) -> list[str]:
    if not isinstance(file, str | Path):
        return []
    try:
        read_plays(file, "en", known)
    except ConfigError as error:
        return error.failures
    return []
