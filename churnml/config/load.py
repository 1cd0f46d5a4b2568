"""Reading the settings: a file, environment variables over it, and what a call overrides."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from churnml.config.settings import Config
from churnml.definition import ChurnDefinition, failures_of
from churnml.errors import ConfigError
from churnml.yaml_file import read_value, read_yaml

_PREFIX = "CHURNML__"


def load_config(path: str | Path | None = None, **overrides: dict[str, Any] | str | int | None) -> Config:
    """Read a YAML configuration, and lay environment variables and then overrides over it.

    Parameters
    ----------
    path : str or Path, optional
        YAML file with settings; None takes the defaults.
    **overrides : dict, str, int or None
        Top-level keys with their values: a mapping is laid over the section key by key, its None values are passed
        over.

    Returns
    -------
    Config
        Settings, checked and complete.

    Raises
    ------
    ConfigError
        With every unknown key and wrong value at once.

    Notes
    -----
    The environment variable ``CHURNML__SCORING__CAPACITY`` is the setting ``scoring.capacity``; its value is written as
    in the file. One that names no setting is refused like a key.
    """
    values = read_yaml(Path(path)) if path is not None else {}
    variables = _variables()
    failures = [
        f"{name}: a key on its way holds no keys. Name a setting, such as CHURNML__SCORING__CAPACITY."
        for name, (keys, value) in variables.items()
        if not _lay_over(values, keys, value)
    ]
    if failures:
        raise ConfigError(failures)
    for key, override in overrides.items():
        if isinstance(override, dict):
            given = {name: value for name, value in override.items() if value is not None}
            section = values.get(key)
            if section is None or isinstance(section, dict):
                values[key] = {**(section or {}), **given}
        elif override is not None:
            values[key] = override
    config = None
    given = {key: value for key, value in values.items() if value is not None}
    definition = given.pop("definition", {})
    try:
        definition = _definition(definition)
    except ConfigError as error:
        failures += error.failures
    try:
        config = Config(**given)
    except ValidationError as error:
        failures += failures_of(error)
    if failures or config is None:
        raise ConfigError([_with_variable(failure, variables) for failure in failures])
    return config.model_copy(update={"definition": definition})


_Variables = Mapping[str, tuple[list[str], Any]]


def _variables() -> _Variables:
    """Return the settings that environment variables hold: by their names, the way to the key, and the value."""
    return {
        name: (name.removeprefix(_PREFIX).lower().split("__"), read_value(text))
        for name, text in sorted(os.environ.items())
        if name.startswith(_PREFIX)
    }


def _lay_over(values: dict[str, Any], keys: list[str], value: Any) -> bool:
    """Put a value in its place among nested ones; False where something on the way to it holds no keys."""
    *way, last = keys
    for key in way:
        inner = values.get(key)
        if inner is not None and not isinstance(inner, dict):
            return False
        values[key] = dict(inner or {})
        values = values[key]
    values[last] = value
    return True


def _with_variable(failure: str, variables: _Variables) -> str:
    """Say of a wrong setting that it comes from the environment."""
    for name, (keys, _) in variables.items():
        key = ".".join(keys)
        if failure.startswith((f"{key}:", f"{key}.", f"{keys[0]}: the key")):
            return f"{failure} It was read from the environment variable {name}."
    return failure


def _definition(values: object) -> ChurnDefinition:
    if not isinstance(values, dict):
        raise ConfigError(f"definition: must hold keys and values (received {values!r}). Correct the value.")
    return ChurnDefinition(**{str(key): value for key, value in values.items()})
