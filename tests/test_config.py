"""The configuration file."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from churnml.analytics.groups import column_of
from churnml.config import NAMED_COLUMNS, Config, TableSource, config_schema, differences, load_config
from churnml.data.contract import TABLES
from churnml.data.shop import Shop
from churnml.data.timeline import COLUMN_OF_DETAIL
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError
from churnml.features.builder import build_features
from churnml.scoring.plays import plays_schema
from churnml.tracking.trainer import Trainer

CONFIGS = Path(__file__).parents[1] / "configs"
DEFAULT = CONFIGS / "default.yaml"
SETTINGS = ["default.yaml", "marketplace.yaml", "subscription.yaml"]
SCHEMAS = {"schema.json": config_schema, "plays-schema.json": plays_schema}


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
        *("definition", "snapshots", "tables", "timezone", "features", "training", "scoring", "plays", "campaigns"),
        *("monitoring", "reporting", "tracking", "seed"),
    ]


def test_every_key_of_the_default_file_is_explained() -> None:
    lines = DEFAULT.read_text(encoding="utf-8").splitlines()
    sections = r"(features|tables):"  # the one is told by its name, the other by what stands above it
    bare = [
        line
        for before, line in pairwise(lines)
        if re.match(r" *\w+:", line) and "#" not in before and not re.match(sections, line)
    ]
    assert bare == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_describes_every_key_and_gives_its_default(name: str) -> None:
    schema = SCHEMAS[name]()
    for title, model in {"": schema, **schema["$defs"]}.items():
        assert model["additionalProperties"] is False, title
        for key, told in model.get("properties", {}).items():
            named = schema["$defs"].get(told.get("$ref", "").removeprefix("#/$defs/"), {})
            assert told.get("description") or named.get("description"), f"{title}.{key}"
            assert "\n" not in told.get("description", "") + model["description"]
            assert ("default" in told) != (key in model.get("required", [])), f"{title}.{key}"
    if name == "schema.json":
        assert {key: told["default"] for key, told in schema["properties"].items()} == Config().model_dump()


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_in_the_repository_is_what_the_command_gives(name: str) -> None:
    kept = json.loads((CONFIGS / name).read_text(encoding="utf-8"))
    option = " --plays" if name.startswith("plays") else ""
    assert kept == SCHEMAS[name](), f"Make it anew: churnml config schema{option} --out configs/{name}"
    jsonschema.Draft202012Validator.check_schema(kept)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SETTINGS, "plays.yaml"])
def test_editors_find_the_schema_and_it_takes_the_file(name: str) -> None:
    text = (CONFIGS / name).read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named is not None
    schema = json.loads((CONFIGS / named[1]).read_text(encoding="utf-8"))
    values = yaml.safe_load(text)
    jsonschema.validate(values, schema)
    for place in ("at the top", next(key for key in values if isinstance(values[key], dict) and values[key])):
        wrong = values | ({"horizont": 3} if place == "at the top" else {place: {"horizont": 3}})
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_numbers_out_of_range_are_marked_by_editors_too() -> None:
    for wrong in ({"horizon_days": 0}, {"spend_share": 1.5}, {"kind": "gone"}, {"horizon_days": "90"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"definition": wrong}, config_schema())
    jsonschema.validate({"definition": {"spend_share": 0.3}}, config_schema())


def test_differences_are_named_with_value_and_default() -> None:
    changed = load_config(
        definition={"horizon_days": 30},
        plays={"holdout": {"share": 0.2}},
        tables={"orders": {"name": "sales"}},
        seed=7,
    )
    assert differences(changed) == {
        "definition.horizon_days": (30, 90),
        "tables.orders": (TableSource(name="sales").model_dump(), None),
        "plays.holdout.share": (0.2, 0.1),
    }
    assert differences(Config()) == {}


@pytest.mark.parametrize("name", ["marketplace.yaml", "subscription.yaml"])
def test_a_prepared_file_holds_only_what_differs_each_with_its_reason(name: str) -> None:
    lines = (CONFIGS / name).read_text(encoding="utf-8").splitlines()
    given = {key for key in keys(yaml.safe_load("\n".join(lines))) if key not in Config.model_fields}
    assert given == set(differences(load_config(CONFIGS / name)))
    for before, line in pairwise(lines):
        assert before.strip().startswith("#") or not re.match(r" +\w+: \S", line), f"{line} is not explained"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "snapshots", "decisions"),
    [
        ("marketplace.yaml", 8, {"model", "rule"}),
        # 76 subscriptions are too few to tell anything from chance, which must be said and not hidden.
        ("subscription.yaml", 16, {"model", "rule", "no skill"}),
    ],
)
def test_a_prepared_file_trains_on_the_simulated_shop(
    name: str, snapshots: int, decisions: set[str], shop: Shop
) -> None:
    quick = {"folds": 2, "bootstrap_draws": 20, "candidates": ["rfm_logistic", "lightgbm"]}
    config = load_config(CONFIGS / name, training=quick, snapshots={"at_most": snapshots})
    X = build_features(shop, "2025-03-01", config.definition)
    training = Trainer(config=config, track=False).train(shop, "2025-03-01")
    assert set(training.frame.X.columns) <= set(X.columns)
    assert training.verdict.decision in decisions
    assert training.card.definition == config.definition
    assert 0 < training.base_rates["churn_rate"].mean() < 1


def test_an_empty_file_and_empty_sections_are_the_defaults(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, "")) == Config()
    assert load_config(written(tmp_path, "definition:\ntraining:\nseed:\n")) == Config()


def test_overrides_lie_over_the_file_key_by_key(tmp_path: Path) -> None:
    path = written(tmp_path, "definition: {horizon_days: 30, active_days: 100}\nseed: 1\n")
    config = load_config(path, definition={"horizon_days": 60, "lead_days": None}, snapshots={"every_days": 7}, seed=0)
    assert config.definition == ChurnDefinition(horizon_days=60, active_days=100)
    assert (config.snapshots.every_days, config.seed) == (7, 0)
    assert load_config(path, seed=None).seed == 1


def test_environment_variables_lie_over_the_file_and_under_the_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("scoring: {capacity: 50, budget: 9.5}\nseed: 1\n", encoding="utf-8")
    for name, text in {
        "SCORING__CAPACITY": "60",
        "DEFINITION__HORIZON_DAYS": "120",
        "TRACKING__URI": "sqlite:///a.db",
        "TABLES__ORDERS__COLUMNS__AMOUNT": "Total",
        "TRAINING__CANDIDATES": "[rfm_logistic, lightgbm]",
        "SEED": "5",
    }.items():
        monkeypatch.setenv(f"CHURNML__{name}", text)
    monkeypatch.setenv("CHURNML_CACHE", "elsewhere")  # another prefix
    config = load_config(file, seed=6)
    assert (config.scoring.capacity, config.scoring.budget, config.seed) == (60, 9.5, 6)
    assert config.definition.horizon_days == 120
    assert config.tracking.uri == "sqlite:///a.db"
    assert config.tables.sources["orders"].columns == {"amount": "Total"}
    assert list(config.training.candidates) == ["rfm_logistic", "lightgbm"]


def test_an_environment_variable_that_names_no_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNML__SCORING__CAPCITY", "60")
    monkeypatch.setenv("CHURNML__NOTHING", "1")
    monkeypatch.setenv("CHURNML__SEED", "many")
    monkeypatch.setenv("CHURNML__DEFINITION__HORIZON_DAYS", "-3")
    with pytest.raises(ConfigError) as found:
        load_config()
    for key in ("scoring.capcity: the key is not known", "nothing: the key is not known", "seed: ", "horizon_days: "):
        assert any(failure.startswith(key) or f".{key}" in failure for failure in found.value.failures), key
    assert "It was read from the environment variable CHURNML__SCORING__CAPCITY." in str(found.value)
    assert "It was read from the environment variable CHURNML__SEED." in str(found.value)
    monkeypatch.setenv("CHURNML__SEED__MORE", "1")
    monkeypatch.setenv("CHURNML__TIMEZONE", "UTC")
    monkeypatch.setenv("CHURNML__TIMEZONE__MORE", "1")
    with pytest.raises(ConfigError) as found:
        load_config()
    assert [failure.split(":")[0] for failure in found.value.failures] == [
        "CHURNML__SEED__MORE",
        "CHURNML__TIMEZONE__MORE",
    ]


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
    ends = ("Correct the value.", "correct its spelling.", 'Write it in quotes, such as "007".')
    assert all(failure.endswith(ends) for failure in caught.value.failures)
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


def test_names_of_values_are_for_all_columns_or_for_one(tmp_path: Path) -> None:
    names = {
        "other": "Diğer",
        "complaints.topic": {"delivery": "Teslimat"},
        "customers.city": {"Izmir": "İzmir"},
        "order_items.product_id": {"007": "Çay"},
    }
    assert load_config(written(tmp_path, yaml.safe_dump({"reporting": {"names": names}}))).reporting.names == names


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            {"complaint.topic": {"a": "b"}},
            "complaint.topic is no column whose values have names; those are orders.channel,",
        ),
        ({"complaints.opened_at": {"a": "b"}}, "complaints.opened_at is no column whose values have names"),
        ({"customers.": {"a": "b"}}, "and customers. with a column of your own (received"),
        ({"a": " "}, "a has an empty name"),
        ({"complaints.topic": {"Late delivery": "x", "late  Delivery": "y"}}, "late delivery is named twice"),
        ({"a": 3}, "reporting.names.a"),
    ],
)
def test_names_that_cannot_be_are_refused(tmp_path: Path, names: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_config(written(tmp_path, yaml.safe_dump({"reporting": {"names": names}})))


def test_columns_whose_values_have_names_hold_texts() -> None:
    for named in NAMED_COLUMNS:
        table, column = named.split(".")
        assert TABLES[table].column[column].type in ("text", "id"), named
    assert {*COLUMN_OF_DETAIL.values(), *map(column_of, ("tier", "channel", "first product", "first category"))} <= {
        *NAMED_COLUMNS
    }
