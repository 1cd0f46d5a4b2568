"""A shop whose truth is known: simulated customers, what happens to them, who leaves and what made them leave."""

from __future__ import annotations

from churnml.data.simulator.campaigns import list_contacts
from churnml.data.simulator.changes import Change
from churnml.data.simulator.effects import DRIVERS, Effects
from churnml.data.simulator.fault import Fault, read_fault
from churnml.data.simulator.kinds import DEFAULT_KIND, KINDS, Kind
from churnml.data.simulator.season import Season
from churnml.data.simulator.settings import read_settings
from churnml.data.simulator.treatment import Treatment, read_treatment
from churnml.data.simulator.write import simulate

__all__ = [
    "DEFAULT_KIND",
    "DRIVERS",
    "KINDS",
    "Change",
    "Effects",
    "Fault",
    "Kind",
    "Season",
    "Treatment",
    "list_contacts",
    "read_fault",
    "read_settings",
    "read_treatment",
    "simulate",
]
