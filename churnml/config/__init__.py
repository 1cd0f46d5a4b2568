"""The configuration: every setting of a run, with its default."""

from churnml.config.lists import CampaignSettings, HoldoutSettings, PlaySettings, ProfitSettings, ScoringSettings
from churnml.config.load import load_config
from churnml.config.monitoring import FailOn, MonitoringSettings, NotifySettings
from churnml.config.reporting import NAMED_COLUMNS, ReportingSettings
from churnml.config.settings import Config, config_schema, differences, json_schema
from churnml.config.tables import DATE_CODES, EPOCH_FORMATS, LINES, ColumnSource, TableSettings, TableSource, misplaced
from churnml.config.training import (
    FeatureSettings,
    SnapshotSettings,
    SuppliedSettings,
    TrackingSettings,
    TrainingSettings,
)

__all__ = [
    "DATE_CODES",
    "EPOCH_FORMATS",
    "LINES",
    "NAMED_COLUMNS",
    "CampaignSettings",
    "ColumnSource",
    "Config",
    "FailOn",
    "FeatureSettings",
    "HoldoutSettings",
    "MonitoringSettings",
    "NotifySettings",
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
    "misplaced",
]
