"""The configuration file."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from churnml.config import Config, load_config
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError

DEFAULT = Path(__file__).parents[1] / "configs" / "default.yaml"


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def keys(values: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for key, value in values.items():
        found.add(prefix + key)
        found |= keys(value, f"{prefix}{key}.") if isinstance(value, dict) else set()
    return found


def test_the_default_file_is_the_defaults_and_names_every_key() -> None:
    assert load_config(DEFAULT) == Config() == load_config()
    named = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    assert keys(named) == keys(Config().model_dump())
    assert list(named) == [
        *("definition", "snapshots", "tables", "timezone", "features", "training", "scoring", "plays", "reporting"),
        *("tracking", "seed"),
    ]


def test_every_key_of_the_default_file_is_explained() -> None:
    lines = DEFAULT.read_text(encoding="utf-8").splitlines()
    bare = [line for before, line in pairwise(lines) if re.match(r"  \w+:", line) and "#" not in before]
    assert bare == []


def test_the_schema_describes_every_setting() -> None:
    def undescribed(model: type[BaseModel]) -> list[str]:
        return [
            f"{model.__name__}.{name}"
            for name, field in model.model_fields.items()
            if not field.description and not (isinstance(field.annotation, type) and field.annotation.__doc__)
        ]

    sections = [field.annotation for field in Config.model_fields.values()]
    models = [
        Config,
        *(section for section in sections if isinstance(section, type) and issubclass(section, BaseModel)),
    ]
    assert [name for model in models for name in undescribed(model)] == []
    assert "horizon_days" in str(Config.model_json_schema())


def test_an_empty_file_and_empty_sections_are_the_defaults(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, "")) == Config()
    assert load_config(written(tmp_path, "definition:\ntraining:\nseed:\n")) == Config()


def test_overrides_lie_over_the_file_key_by_key(tmp_path: Path) -> None:
    path = written(tmp_path, "definition: {horizon_days: 30, active_days: 100}\nseed: 1\n")
    config = load_config(path, definition={"horizon_days": 60, "lead_days": None}, snapshots={"every_days": 7}, seed=0)
    assert config.definition == ChurnDefinition(horizon_days=60, active_days=100)
    assert (config.snapshots.every_days, config.seed) == (7, 0)
    assert load_config(path, seed=None).seed == 1


def test_all_failures_come_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
definition: {horizon_days: 0, horizont: 3}
snapshot: {}
training: {folds: many, depth: 3, candidates: []}
tables: {order: {name: x}, orders: {columns: {amount: 5}, file: y}}
timezone: Europe/Istambul
scoring: [1]
1: 2
seed: true
""",
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert sorted(failure.split(":")[0] for failure in caught.value.failures) == [
        *("1", "definition.horizon_days", "definition.horizont", "scoring", "seed", "snapshot", "tables.order"),
        *("tables.orders.columns.amount", "tables.orders.file", "timezone", "training.candidates", "training.depth"),
        "training.folds",
    ]
    assert all(failure.endswith(("Correct the value.", "correct its spelling.")) for failure in caught.value.failures)
    assert "training.depth: the key is not known. Remove it, or correct its spelling." in caught.value.failures


@pytest.mark.parametrize("definition", ["0", "false", "[]", "soon"])
def test_a_definition_that_holds_no_keys_is_refused(tmp_path: Path, definition: str) -> None:
    with pytest.raises(ConfigError, match=r"^definition: must hold keys and values"):
        load_config(written(tmp_path, f"definition: {definition}"))


def test_an_override_does_not_hide_a_wrong_section(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^training: Input should be a valid dictionary"):
        load_config(written(tmp_path, "training: 3"), training={"folds": 2})


def test_an_unknown_override_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^sead: the key is not known"):
        load_config(sead=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: [1", r"is not valid YAML \(line \d+: .*\)\. Correct the file\.$"),
        ("seed: 1\nseed: 2", r"is not valid YAML \(line 2: the key seed is given twice\)\. Correct the file\.$"),
        ("- 1", r"must hold keys and values, but holds a list\. Correct the file\.$"),
        ("just text", r"must hold keys and values, but holds a str\. Correct the file\.$"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=f"^{re.escape(str(path))}: {message}") as caught:
        load_config(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read \(No such file or directory\)\. Name a configuration file"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("tracking: {experiment: ç}".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"is not UTF-8 text\."):
        load_config(tmp_path / "latin.yaml")
