"""The configuration: every setting of a run, with its default."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from churnml.definition import ChurnDefinition, failures_of
from churnml.errors import ConfigError
from churnml.words import LANGUAGES
from churnml.words.value_names import ALL_CAMPAIGNS, as_compared
from churnml.yaml_file import read_value, read_yaml

_PREFIX = "CHURNML__"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SnapshotSettings(_Section):
    """Days on which customers are looked at for training."""

    every_days: int = Field(30, ge=1, le=365, description="Days between two training snapshots.")
    at_most: int | None = Field(None, ge=1, description="Use only so many of the newest snapshots; empty uses all.")


class TableSource(_Section):
    """Where a table of the contract is found under other names."""

    name: str | None = Field(None, description="Name of the table or file in the source.")
    columns: dict[str, str] = Field({}, description="Contract column: the source's column.")
    same_lines: Literal["drop", "add"] = Field(
        "drop",
        description="For order_items and rewards, what becomes of identical lines: all but one are dropped, or their "
        "quantity or points are added up.",
    )
    not_customers: list[str] = Field(
        [], description="Ids that are no customers, such as that of all guests: their rows of every table are left out."
    )


LINES = ("order_items", "rewards")
"""Tables whose lines can be added up."""


class TableSettings(_Section):
    """Where the tables are found under other names, and what the views of a DuckDB file may read."""

    allow: list[str] = Field([], description="Folders that views within a DuckDB file may read; empty allows none.")
    orders: TableSource | None = Field(None, description="Where the table orders is found.")
    order_items: TableSource | None = Field(None, description="Where the table order_items is found.")
    customers: TableSource | None = Field(None, description="Where the table customers is found.")
    deliveries: TableSource | None = Field(None, description="Where the table deliveries is found.")
    complaints: TableSource | None = Field(None, description="Where the table complaints is found.")
    returns: TableSource | None = Field(None, description="Where the table returns is found.")
    reviews: TableSource | None = Field(None, description="Where the table reviews is found.")
    visits: TableSource | None = Field(None, description="Where the table visits is found.")
    rewards: TableSource | None = Field(None, description="Where the table rewards is found.")
    contacts: TableSource | None = Field(None, description="Where the table contacts is found.")
    subscriptions: TableSource | None = Field(None, description="Where the table subscriptions is found.")

    @property
    def sources(self) -> dict[str, TableSource]:
        """The tables that are set, by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: table for name, table in found.items() if isinstance(table, TableSource)}


class SuppliedSettings(_Section):
    """A table of features that were computed elsewhere."""

    file: str = Field(description="Parquet or CSV file with customer_id, snapshot_date, the known-time and numbers.")
    known_at: str = Field(description="The column that says when the numbers of a row were known.")
    concept: str | None = Field(None, description="What their reasons are about; empty takes the family's name.")


class FeatureSettings(_Section):
    """Which features are built."""

    families: list[str] | None = Field(None, description="Families to use; empty uses all that the tables allow.")
    plugins: list[str] = Field([], description="Modules or Python files with feature families of your own.")
    supplied: dict[str, SuppliedSettings] = Field(
        {}, description="Features that were computed elsewhere, by the family that they make."
    )
    store: str | None = Field(
        "models/features", description="Folder that keeps built features until a training is done; empty keeps none."
    )


class TrainingSettings(_Section):
    """How models are fitted and compared."""

    candidates: list[str] = Field(
        ["recency_rule", "bg_nbd", "rfm_logistic", "spline_logistic", "lightgbm", "blend"],
        min_length=1,
        description="Models to compare, simplest first.",
    )
    folds: int = Field(6, ge=1, description="At most so many forward folds for the choice, the newest ones.")
    max_rows: int = Field(2_000_000, ge=1_000, description="Above this, a seeded sample of whole customers is used.")
    fold_rows: int = Field(
        150_000, ge=1_000, description="A fold learns from so many rows at most, of whole customers."
    )
    fade_days: int | None = Field(
        None,
        ge=0,
        description="Days in which the weight of a snapshot halves; 0 for none, empty lets the folds choose.",
    )
    tune_minutes: float = Field(
        0.0, ge=0, description="Minutes for tuning LightGBM with Optuna (extra tune); 0 does not."
    )
    tune_store: str = Field("models/tuning.db", description="File that keeps the trials, so that a search resumes.")
    bootstrap_draws: int = Field(200, ge=20, description="Draws for the intervals of the figures.")
    threads: int = Field(
        2, ge=1, description="Threads for training: folds side by side share them, as LightGBM does in one fit."
    )


class ProfitSettings(_Section):
    """What is assumed about offers, until a holdout has measured it."""

    save_share: float = Field(
        0.3, ge=0, le=1, description="Share of the leaving customers whom a play keeps (assumed)."
    )
    taken_anyway_share: float = Field(
        1.0, ge=0, le=1, description="Share of the staying customers who take the offer all the same (assumed)."
    )


class ScoringSettings(_Section):
    """How the list is made."""

    capacity: int = Field(100, ge=1, description="Customers that can be contacted: the length of the work list.")
    budget: float | None = Field(
        None,
        ge=0,
        description="Money for contacts and offers, with which the work list ends; empty is no limit.",
    )
    rank_by: Literal["value_at_risk", "expected_profit", "churn_probability"] = Field(
        "value_at_risk", description="What decides who is on the work list."
    )
    order_by: Literal["rank", "urgency"] = Field(
        "rank", description="Order of the work list: by what decided, or by the day until which to contact."
    )
    min_probability: float = Field(0.25, ge=0, le=1, description="Least probability of leaving on the work list.")
    unknown_consent: Literal["leave_out", "include"] = Field(
        "leave_out",
        description="Customers of whom a shop that tells consent does not tell it: left out of the work list, or not.",
    )
    value_days: int = Field(365, ge=1, description="Days ahead over which a customer's value is counted.")
    profit: ProfitSettings = Field(ProfitSettings())
    language: Literal[LANGUAGES] = Field(  # type: ignore[valid-type]
        "en", description="Language of the lists and their reasons."
    )
    min_reason_weight: float = Field(0.1, ge=0, description="Weight (log-odds) from which on a reason is shown.")


class TrackingSettings(_Section):
    """Where MLflow keeps runs and models."""

    uri: str | None = Field(
        None, description="Tracking address; empty uses MLFLOW_TRACKING_URI, else models/mlflow.db."
    )
    experiment: str = Field("churnml", description="Name of the experiment.")
    model_name: str = Field("churn", description="Name of the registered model.")
    telemetry: bool = Field(False, description="Let MLflow tell its makers over the network how it is used.")


class HoldoutSettings(_Section):
    """Customers who are left alone on purpose, so that one sees what the plays bring."""

    share: float = Field(0.1, ge=0, le=0.5, description="Share of the customers in the holdout; 0 holds nobody out.")
    global_share: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of the customers whom no campaign contacts, for what they bring in all.",
    )
    effect: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Effect that one wants to see, as a difference of churn rates; the share is then computed from it.",
    )
    key: str = Field("churnml", min_length=1, description="Key of the draw; another key draws others.")
    days: int | None = Field(
        None, ge=1, description="Days for which an arm holds; empty: twice as long as an outcome takes to be known."
    )


class PlaySettings(_Section):
    """What is done for whom."""

    file: str | None = Field(None, description="YAML file with plays and rules; empty takes churnml's own.")
    campaign: str = Field("retention", min_length=1, description="Name of the campaign; each has a holdout of its own.")
    holdout: HoldoutSettings = Field(HoldoutSettings())

    @field_validator("campaign")
    @classmethod
    def _is_one(cls, campaign: str) -> str:
        if campaign == ALL_CAMPAIGNS:
            raise ValueError(f"{ALL_CAMPAIGNS!r} stands for all campaigns together. Choose another name.")
        return campaign


class CampaignSettings(_Section):
    """How what the lists brought is read out."""

    outcomes: list[Literal["churned", "net_revenue", "profit"]] = Field(
        ["churned", "net_revenue", "profit"], min_length=1, description="What is compared between the arms."
    )
    margin: float = Field(1.0, gt=0, le=1, description="Share of what customers spend that the shop earns by it.")
    looks: Literal["always", "planned"] = Field(
        "always",
        description="By which interval verdicts go: always, the one that holds however often one looks; planned, from "
        "the planned day on the one that holds for a single look.",
    )
    outcome_codes: list[str] = Field(
        ["reached", "offer taken", "declined", "not reached"],
        min_length=1,
        description="What people may write as the outcome of a contact.",
    )
    no_contact_codes: list[str] = Field(
        ["not reached"], description="Those of them that mean that nobody was reached, so that no contact was made."
    )


NAMED_COLUMNS = (
    *("orders.channel", "order_items.category", "order_items.product_id", "complaints.topic", "complaints.severity"),
    *("returns.reason", "rewards.kind", "rewards.tier", "contacts.campaign", "contacts.offer", "contacts.outcome"),
    *("subscriptions.plan", "subscriptions.cancel_reason"),
)
"""Columns of the contract whose values may have names; every column of one's own in customers may too."""
_OWN_COLUMNS = "customers."


class ReportingSettings(_Section):
    """What the report shows, and in which words."""

    rows: int = Field(5_000, ge=1, le=20_000, description="At most so many customers on the page.")
    keep: int | None = Field(
        24,
        ge=1,
        description="Days of which the folder of the lists keeps all files, the newest; empty keeps all. One whose "
        "outcome is not known yet is always kept.",
    )
    periods: int = Field(
        5,
        ge=0,
        le=24,
        description="Horizons back for which the report shows the shop's key figures; 0 leaves them out.",
    )
    names: dict[str, str | dict[str, str]] = Field(
        {},
        description="What people call the shop's own values: a value and its name, for all columns, or a table.column "
        "and a map of these.",
    )

    @field_validator("names")
    @classmethod
    def _known_columns(cls, names: dict[str, str | dict[str, str]]) -> dict[str, str | dict[str, str]]:
        of_all = {value: name for value, name in names.items() if isinstance(name, str)}
        by_column = {column: inner for column, inner in names.items() if isinstance(inner, dict)}
        wrong = [
            f"{column} is no column whose values have names; those are {', '.join(NAMED_COLUMNS)}, and customers. "
            "with a column of your own"
            for column in by_column
            if column not in NAMED_COLUMNS and (not column.startswith(_OWN_COLUMNS) or column == _OWN_COLUMNS)
        ]
        for values in (of_all, *by_column.values()):
            wrong += [f"{value} has an empty name" for value, name in values.items() if not name.strip()]
            counts = Counter(map(as_compared, values))
            wrong += [f"{value} is named twice, since capitals do not count" for value in counts if counts[value] > 1]
        if wrong:
            raise ValueError("; ".join(wrong))
        return names


class Config(_Section):
    """All settings of churnml; what a file leaves out has its default."""

    definition: ChurnDefinition = Field(ChurnDefinition(), description="What counts as leaving.")
    snapshots: SnapshotSettings = Field(SnapshotSettings())
    tables: TableSettings = Field(TableSettings(), description="Where the tables are found, and what their views read.")
    timezone: str = Field("UTC", description="Wall clock of the shop, such as Europe/Istanbul.")
    features: FeatureSettings = Field(FeatureSettings())
    training: TrainingSettings = Field(TrainingSettings())
    scoring: ScoringSettings = Field(ScoringSettings())
    plays: PlaySettings = Field(PlaySettings())
    campaigns: CampaignSettings = Field(CampaignSettings())
    reporting: ReportingSettings = Field(ReportingSettings())
    tracking: TrackingSettings = Field(TrackingSettings())
    seed: int = Field(7, ge=0, description="Seed of everything random.")

    @field_validator("tables")
    @classmethod
    def _only_lines_are_added_up(cls, tables: TableSettings) -> TableSettings:
        wrong = [name for name, table in tables.sources.items() if table.same_lines == "add" and name not in LINES]
        if wrong:
            raise ValueError(
                f"{', '.join(wrong)}: same_lines is for {' and '.join(LINES)}, whose lines can be added up"
            )
        return tables

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("not a known time zone, such as Europe/Istanbul or UTC") from error
        return name


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration file: every key with its description and default.

    Examples
    --------
    >>> config_schema()["properties"]["seed"]["default"]
    7
    """
    return json_schema(Config)


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a file, such that editors complete and explain its keys."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    for part in (schema, *schema.get("$defs", {}).values()):
        if "description" in part:
            part["description"] = part["description"].partition("\n")[0]  # the rest is for readers of the code
        for key in part.get("properties", {}).values():
            key.pop("multipleOf", None)  # divides by binary fractions, which refuses 0.5 as a multiple of 0.001
    return schema


def differences(config: Config) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ from the defaults: value and default, by the dotted name of the key.

    Examples
    --------
    >>> differences(Config(seed=8))
    {'seed': (8, 7)}
    """
    return dict(_differing(config.model_dump(), Config().model_dump()))


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


def _differing(
    values: Mapping[str, Any], defaults: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, value in values.items():
        default = defaults[name]
        if isinstance(default, dict) and default:
            yield from _differing(value, default, f"{prefix}{name}.")
        elif value != default:
            yield prefix + name, (value, default)


def _definition(values: object) -> ChurnDefinition:
    if not isinstance(values, dict):
        raise ConfigError(f"definition: must hold keys and values (received {values!r}). Correct the value.")
    return ChurnDefinition(**{str(key): value for key, value in values.items()})
