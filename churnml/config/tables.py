"""Where the shop's tables are found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from churnml.config.section import Section


class TableSource(Section):
    """Where a table of the contract is found under other names."""

    name: str | None = Field(None, description="Name of the table or file in the source.")
    columns: dict[str, str] = Field({}, description="Contract column: the source's column.")
    same_lines: Literal["drop", "add"] = Field(
        "drop",
        description="For order_items and rewards, what becomes of identical lines: all but one are dropped, or their "
        "quantity or points are added up.",
    )
    not_customers: list[str] = Field(
        [], description="Ids that are no customers, such as that of all guests: their rows of every table are left out."
    )


LINES = ("order_items", "rewards")
"""Tables whose lines can be added up."""


class TableSettings(Section):
    """Where the tables are found under other names, and what the views of a DuckDB file may read."""

    allow: list[str] = Field([], description="Folders that views within a DuckDB file may read; empty allows none.")
    orders: TableSource | None = Field(None, description="Where the table orders is found.")
    order_items: TableSource | None = Field(None, description="Where the table order_items is found.")
    customers: TableSource | None = Field(None, description="Where the table customers is found.")
    deliveries: TableSource | None = Field(None, description="Where the table deliveries is found.")
    complaints: TableSource | None = Field(None, description="Where the table complaints is found.")
    returns: TableSource | None = Field(None, description="Where the table returns is found.")
    reviews: TableSource | None = Field(None, description="Where the table reviews is found.")
    visits: TableSource | None = Field(None, description="Where the table visits is found.")
    rewards: TableSource | None = Field(None, description="Where the table rewards is found.")
    contacts: TableSource | None = Field(None, description="Where the table contacts is found.")
    subscriptions: TableSource | None = Field(None, description="Where the table subscriptions is found.")

    @property
    def sources(self) -> dict[str, TableSource]:
        """The tables that are set, by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: table for name, table in found.items() if isinstance(table, TableSource)}
