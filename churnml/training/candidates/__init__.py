"""The candidates, simplest first; adding one is one file and one line here."""

from __future__ import annotations

from churnml.training.candidates.base import Candidate
from churnml.training.candidates.blend import Blend
from churnml.training.candidates.lightgbm import LightGbm
from churnml.training.candidates.logistic import BgNbd, RecencyRule, RfmLogistic
from churnml.training.candidates.spline import SplineLogistic

CANDIDATES: dict[str, type[Candidate]] = {
    candidate.name: candidate for candidate in (RecencyRule, BgNbd, RfmLogistic, SplineLogistic, LightGbm, Blend)
}

__all__ = ["CANDIDATES", "Candidate"]
