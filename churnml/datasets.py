"""Shops to learn and to test with: simulated ones, and public datasets from files that you downloaded."""

from churnml.data.importers import IMPORTERS, ImportReport, import_dataset
from churnml.data.simulator import Effects, simulate

__all__ = ["IMPORTERS", "Effects", "ImportReport", "import_dataset", "simulate"]
