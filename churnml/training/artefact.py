"""Models that were registered by churnml 0.1 name this module as their loader."""

from churnml.models.artefact import _load_pyfunc

__all__ = ["_load_pyfunc"]
