"""All settings together, and the schema of their file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, field_validator

from churnml.config.lists import CampaignSettings, PlaySettings, ScoringSettings
from churnml.config.monitoring import MonitoringSettings
from churnml.config.reporting import ReportingSettings
from churnml.config.section import Section
from churnml.config.tables import TableSettings, misplaced
from churnml.config.training import FeatureSettings, SnapshotSettings, TrackingSettings, TrainingSettings
from churnml.definition import ChurnDefinition


class Config(Section):
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
    monitoring: MonitoringSettings = Field(MonitoringSettings())
    reporting: ReportingSettings = Field(ReportingSettings())
    tracking: TrackingSettings = Field(TrackingSettings())
    seed: int = Field(7, ge=0, description="Seed of everything random.")

    @field_validator("tables")
    @classmethod
    def _settings_of_their_tables(cls, tables: TableSettings) -> TableSettings:
        if wrong := misplaced(tables.sources):
            raise ValueError(" ".join(wrong))
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


def _differing(
    values: Mapping[str, Any], defaults: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, value in values.items():
        default = defaults[name]
        if isinstance(default, dict) and default:
            yield from _differing(value, default, f"{prefix}{name}.")
        elif value != default:
            yield prefix + name, (value, default)
