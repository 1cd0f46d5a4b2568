"""What the report shows."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field, field_validator

from churnml.config.section import Section
from churnml.words.value_names import as_compared

NAMED_COLUMNS = (
    *("orders.channel", "order_items.category", "order_items.product_id", "complaints.topic", "complaints.severity"),
    *("returns.reason", "rewards.kind", "rewards.tier", "contacts.campaign", "contacts.offer", "contacts.outcome"),
    *("subscriptions.plan", "subscriptions.cancel_reason"),
)
"""Columns of the contract whose values may have names; every column of one's own in customers may too."""
_OWN_COLUMNS = "customers."


class ReportingSettings(Section):
    """What the report shows, and in which words."""

    rows: int = Field(5_000, ge=1, le=20_000, description="At most so many customers on the page.")
    keep: int | None = Field(
        24,
        ge=1,
        description="Days of which the folder of the lists keeps all files, the newest; empty keeps all. One whose "
        "outcome is not known yet is always kept.",
    )
    periods: int = Field(
        5,
        ge=0,
        le=24,
        description="Horizons back for which the report shows the shop's key figures; 0 leaves them out.",
    )
    carry: list[str] = Field(
        [],
        description="Columns of customers that lists, page and exports show, such as email and phone; nothing is ever "
        "learned from them.",
    )
    calling_code: int | None = Field(
        None,
        ge=1,
        le=999,
        description="Country code of phone numbers without one, such as 90, for exports; empty leaves them out.",
    )
    tier_steps: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="Tiers of the loyalty programme and the points, earned in 365 days, from which on a customer has "
        "each; empty tells nothing of the next tier.",
    )
    names: dict[str, str | dict[str, str]] = Field(
        {},
        description="What people call the shop's own values: a value and its name, for all columns, or a table.column "
        "and a map of these.",
    )

    @field_validator("carry")
    @classmethod
    def _different_columns(cls, carry: list[str]) -> list[str]:
        twice = [name for name, count in Counter(carry).items() if count > 1 or not name.strip()]
        if twice:
            raise ValueError(f"{', '.join(map(repr, twice))}: each column is named once, and none is empty")
        return carry

    @field_validator("names")
    @classmethod
    def _known_columns(cls, names: dict[str, str | dict[str, str]]) -> dict[str, str | dict[str, str]]:
        of_all = {value: name for value, name in names.items() if isinstance(name, str)}
        by_column = {column: inner for column, inner in names.items() if isinstance(inner, dict)}
        wrong = [
            f"{column} is no column whose values have names; those are {', '.join(NAMED_COLUMNS)}, and customers. "
            "with a column of your own"
            for column in by_column
            if column not in NAMED_COLUMNS and (not column.startswith(_OWN_COLUMNS) or column == _OWN_COLUMNS)
        ]
        for values in (of_all, *by_column.values()):
            wrong += [f"{value} has an empty name" for value, name in values.items() if not name.strip()]
            counts = Counter(map(as_compared, values))
            wrong += [f"{value} is named twice, since capitals do not count" for value in counts if counts[value] > 1]
        if wrong:
            raise ValueError("; ".join(wrong))
        return names
