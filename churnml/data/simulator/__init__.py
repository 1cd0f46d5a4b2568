"""A shop whose truth is known: simulated customers, what happens to them, who leaves and what made them leave."""

from __future__ import annotations

from churnml.data.simulator.effects import DRIVERS, Effects
from churnml.data.simulator.write import simulate

__all__ = ["DRIVERS", "Effects", "simulate"]
