"""Predicts which customers of an online shop are about to leave, why, and what it is worth to keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.lazy import lazily
from churnml.version import __version__ as __version__

if TYPE_CHECKING:
    from churnml.analytics.horizon import advise_horizon
    from churnml.analytics.overview import analyse
    from churnml.campaigns.readout import read_out
    from churnml.config import Config, load_config
    from churnml.data.history import History
    from churnml.data.importers import import_dataset
    from churnml.data.population import labels
    from churnml.data.reading import check, read
    from churnml.data.shop import Shop
    from churnml.data.simulator import simulate
    from churnml.definition import ChurnDefinition
    from churnml.errors import ChurnmlError
    from churnml.features.audit import audit
    from churnml.features.builder import build_features
    from churnml.features.trace import trace
    from churnml.models.classifier import ChurnClassifier
    from churnml.monitoring.decay import measure_decay
    from churnml.monitoring.health import check_health
    from churnml.scoring.scorer import Scorer
    from churnml.tracking.health import log_health
    from churnml.tracking.readouts import log_readout
    from churnml.tracking.trainer import Trainer
    from churnml.tracking.uplift import UpliftTrainer
    from churnml.training.learning import learning_curve

_HOMES = {
    "ChurnClassifier": "churnml.models.classifier",
    "ChurnDefinition": "churnml.definition",
    "ChurnmlError": "churnml.errors",
    "Config": "churnml.config",
    "History": "churnml.data.history",
    "Scorer": "churnml.scoring.scorer",
    "Shop": "churnml.data.shop",
    "Trainer": "churnml.tracking.trainer",
    "UpliftTrainer": "churnml.tracking.uplift",
    "advise_horizon": "churnml.analytics.horizon",
    "analyse": "churnml.analytics.overview",
    "audit": "churnml.features.audit",
    "build_features": "churnml.features.builder",
    "check": "churnml.data.reading",
    "check_health": "churnml.monitoring.health",
    "import_dataset": "churnml.data.importers",
    "labels": "churnml.data.population",
    "learning_curve": "churnml.training.learning",
    "load_config": "churnml.config",
    "log_health": "churnml.tracking.health",
    "log_readout": "churnml.tracking.readouts",
    "measure_decay": "churnml.monitoring.decay",
    "read": "churnml.data.reading",
    "read_out": "churnml.campaigns.readout",
    "simulate": "churnml.data.simulator",
    "trace": "churnml.features.trace",
}

__all__ = [
    "ChurnClassifier",
    "ChurnDefinition",
    "ChurnmlError",
    "Config",
    "History",
    "Scorer",
    "Shop",
    "Trainer",
    "UpliftTrainer",
    "advise_horizon",
    "analyse",
    "audit",
    "build_features",
    "check",
    "check_health",
    "import_dataset",
    "labels",
    "learning_curve",
    "load_config",
    "log_health",
    "log_readout",
    "measure_decay",
    "read",
    "read_out",
    "simulate",
    "trace",
]

_MOVED = {
    "register": "Feature families belong to a shop: shop = shop.with_family(family)",
    "supply_features": "Supplied features belong to a shop: shop = shop.supply(frame, family=..., known_at=...)",
}

__getattr__, __dir__ = lazily(__name__, _HOMES, _MOVED)
