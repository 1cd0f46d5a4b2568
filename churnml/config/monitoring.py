"""A model in service: who is told how a run went."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from churnml.config.section import Section


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
    """A model in service."""

    notify: NotifySettings = Field(NotifySettings(), description="Who is told how a run went.")
