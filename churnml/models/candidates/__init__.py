"""The candidates, simplest first; adding one is one file and one line here."""

from __future__ import annotations

from churnml.models.candidates.base import Candidate
from churnml.models.candidates.blend import Blend
from churnml.models.candidates.lightgbm import LightGbm
from churnml.models.candidates.logistic import BgNbd, RecencyRule, RfmLogistic
from churnml.models.candidates.spline import SplineLogistic

CANDIDATES: dict[str, type[Candidate]] = {
    candidate.name: candidate for candidate in (RecencyRule, BgNbd, RfmLogistic, SplineLogistic, LightGbm, Blend)
}

__all__ = ["CANDIDATES", "Candidate"]
RULE = "recency_rule"
"""The candidate that every other one must beat."""
SIMPLE = (RULE, RfmLogistic.name)
"""The candidates that look at recency, frequency and spend alone."""
