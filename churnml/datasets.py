"""Shops to learn and to test with: simulated ones, and public datasets from files that you downloaded."""

from churnml.data.importers import IMPORTERS, ImportReport, import_dataset
from churnml.data.simulator import KINDS, Effects, Kind, Season, Treatment, simulate

__all__ = ["IMPORTERS", "KINDS", "Effects", "ImportReport", "Kind", "Season", "Treatment", "import_dataset", "simulate"]
