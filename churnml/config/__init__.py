"""The configuration: every setting of a run, with its default."""

from churnml.config.lists import CampaignSettings, HoldoutSettings, PlaySettings, ProfitSettings, ScoringSettings
from churnml.config.load import load_config
from churnml.config.reporting import NAMED_COLUMNS, ReportingSettings
from churnml.config.settings import Config, config_schema, differences, json_schema
from churnml.config.tables import LINES, TableSettings, TableSource
from churnml.config.training import (
    FeatureSettings,
    SnapshotSettings,
    SuppliedSettings,
    TrackingSettings,
    TrainingSettings,
)

__all__ = [
    "LINES",
    "NAMED_COLUMNS",
    "CampaignSettings",
    "Config",
    "FeatureSettings",
    "HoldoutSettings",
    "PlaySettings",
    "ProfitSettings",
    "ReportingSettings",
    "ScoringSettings",
    "SnapshotSettings",
    "SuppliedSettings",
    "TableSettings",
    "TableSource",
    "TrackingSettings",
    "TrainingSettings",
    "config_schema",
    "differences",
    "json_schema",
    "load_config",
]
