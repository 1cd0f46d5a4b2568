"""YAML files that people write: bounded in size, depth and what aliases stand for, and no tag builds an object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from churnml.errors import ConfigError

_MOST_BYTES = 100_000
_DEEPEST = 20
_MOST_VALUES = 5_000
_UNDER_WAY = (0, 0)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read the keys and values of a YAML file; a key given twice is refused.

    Raises
    ------
    ConfigError
        Where that is not what the file holds, or it holds more than settings ever do.
    """
    try:
        values = yaml.load(_text(path), Loader=_StrictLoader)  # noqa: S506, a SafeLoader
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Name a configuration file.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text. Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not valid YAML ({_place(error)}). Correct the file.") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must hold keys and values, but holds a {type(values).__name__}. Correct the file.")
    return {str(key): value for key, value in values.items()}


def read_value(text: str) -> Any:
    """Read the text of one value as it would be read in a file; text that is no YAML stays what it is."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506, a SafeLoader
    except yaml.YAMLError:
        return text


def _text(path: Path) -> str:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ConfigError(f"{path}: is not a regular file. Name a configuration file.")
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"{path}: is larger than {_MOST_BYTES:,} bytes, which no settings are. Name another file.")
    return content.decode("utf-8-sig")


class _StrictLoader(yaml.SafeLoader):
    """YAML as its standard has it: a key given twice is refused, not overwritten in silence."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        self._values += 1
        if self._depth > _DEEPEST or self._values > _MOST_VALUES:  # before it is read to its end
            raise _too_much(self._depth > _DEEPEST, self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None:
            _measure(node, {})
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
            # PyYAML lets what a value is built with fail: a day such as 2025-02-30, a number of 5,000 digits.
            raise _refusal(f"the value {str(node.value)[:40]!r} cannot be read", node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise _refusal(f"the key {key.value} is given twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _measure(node: yaml.Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Count the values of a node and its levels with what its aliases stand for, which are not unfolded for it."""
    if id(node) not in known:
        known[id(node)] = _UNDER_WAY
        below = node.value if isinstance(node, yaml.CollectionNode) else []
        values, levels = 1, 1
        for child in (child for each in below for child in (each if isinstance(each, tuple) else (each,))):
            if known.get(id(child)) == _UNDER_WAY:
                raise _refusal("an alias refers to what it stands in", node.start_mark)
            more, deeper = _measure(child, known)
            values, levels = values + more, max(levels, deeper + 1)
        if levels > _DEEPEST or values > _MOST_VALUES:
            raise _too_much(levels > _DEEPEST, node.start_mark)
        known[id(node)] = values, levels
    return known[id(node)]


def _too_much(nested: bool, mark: yaml.Mark) -> yaml.constructor.ConstructorError:
    too_many = f"it holds more than {_MOST_VALUES:,} values, those of aliases counted"
    return _refusal(f"it is nested more than {_DEEPEST} levels deep" if nested else too_many, mark)


def _refusal(problem: str, mark: yaml.Mark) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, mark)


def _place(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())
