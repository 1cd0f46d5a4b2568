"""A model in service: how it is watched, and who is told how a run went."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from churnml.config.section import Section

FailOn = Literal["alarm", "warn", "never"]
"""What makes a job end with exit code 4."""


class NotifySettings(Section):
    """Where a message goes when a run has ended; it holds no customer ids."""

    command: list[str] | None = Field(
        None, min_length=1, description="Program and its arguments, which get the message as JSON on their input."
    )
    webhook: str | None = Field(None, description="Address (https) to which the message is posted as JSON.")

    @field_validator("webhook")
    @classmethod
    def _only_https(cls, address: str | None) -> str | None:
        if address is not None and (urlsplit(address).scheme != "https" or not urlsplit(address).hostname):
            raise ValueError("must be an address that begins with https://, since messages go over the network")
        return address


class MonitoringSettings(Section):
    """How a model in service is watched, and who is told how a run went."""

    lists: str | None = Field(
        None, description="Folder of the lists that are judged; empty takes the one that is named."
    )
    false_alarms_per_year: float = Field(
        0.5, gt=0, le=12, description="So many false alarms a year are put up with; limits follow from it."
    )
    looks_per_year: float | None = Field(
        None, gt=0, description="Number of looks in a year; empty takes it from the days between the lists."
    )
    fail_on: FailOn = Field(
        "alarm", description="What makes churnml monitor end with exit code 4: an alarm, a warning too, or nothing."
    )
    retrain: Literal["every_days", "decay"] = Field(
        "every_days",
        description="When churnml run trains: every snapshots.every_days, or as rarely as the measured decay allows.",
    )
    retrain_cost: float | None = Field(
        None, gt=0, description="What a training and its review cost, in money; with it decay tells how often one pays."
    )
    notify: NotifySettings = Field(NotifySettings(), description="Who is told how a run went.")
