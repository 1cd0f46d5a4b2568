"""What customers bought as known on a day: the products, or categories, of most of their orders."""

from __future__ import annotations

from typing import Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from churnml.data.draw import place_of
from churnml.data.history import History

Items = Literal["products", "categories"]
ITEM = "item"
USUAL_ORDERS = "usual_orders"
MOST_BOUGHT = 10
"""Number of a customer's products that are looked at: those of most orders."""
USUAL = tuple(f"{ITEM}_{place}" for place in range(1, MOST_BOUGHT + 1))

_COLUMNS = {"products": "product_id", "categories": "category"}


def tells_items(history: History, items: Items) -> bool:
    """Check whether the shop tells what was in its orders."""
    return history.shop.has("order_items", [_COLUMNS[items]])


def column_of(items: Items) -> str:
    """Return the column of the contract that holds them, as ``table.column``."""
    return f"order_items.{_COLUMNS[items]}"


def lines_with(history: History, items: Items, below: str | None = None) -> ir.Table:
    """Return the lines of orders that are not cancelled as far as is known, with the product or category as ``item``.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    items : {'products', 'categories'}
        What ``item`` is; lines without it are left out.
    below : str, optional
        Place (see `churnml.data.draw.place_of`) below which customers are drawn; None takes all.
    """
    lines = history.table("order_items")
    lines = lines.filter(~lines.order_cancelled).mutate(**{ITEM: lines[_COLUMNS[items]]}).drop_null([ITEM])
    return lines if below is None else lines.filter(place_of(lines.customer_id) < below)


def bought(history: History, items: Items, days: int, below: str | None = None) -> ir.Table:
    """Count the orders of each customer with each product in the last days.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    items : {'products', 'categories'}
        What is counted.
    days : int
        Number of days before the day.
    below : str, optional
        Place (see `churnml.data.draw.place_of`) below which customers are drawn; None takes all.

    Returns
    -------
    Ibis table
        ``customer_id, item, orders, last_at``: orders that are not cancelled as far as is known, and the last of them.
    """
    lines = lines_with(history, items, below)
    lines = lines.filter(history.within(lines.ordered_at, days))
    each = lines.select("customer_id", "order_id", ITEM, "ordered_at").distinct()
    return each.group_by("customer_id", ITEM).aggregate(orders=each.count(), last_at=each.ordered_at.max())


def usually_bought(history: History, items: Items, days: int, below: str | None = None) -> ir.Table:
    """Find what is in most orders of each customer in the last days; see ``bought``.

    Returns
    -------
    Ibis table
        ``customer_id``; ``item_1`` to ``item_10``, those in most orders first, then those bought last, then by name,
        null where there are fewer; and ``usual_orders``, the number of orders with the first.
    """
    table = bought(history, items, days, below)
    place = ibis.row_number().over(
        group_by="customer_id", order_by=[table.orders.desc(), table.last_at.desc(), table[ITEM].asc()]
    )
    first = table.mutate(place=place)
    first = first.filter(first.place < MOST_BOUGHT)
    return first.group_by("customer_id").aggregate(
        **{name: first[ITEM].max(where=first.place == number) for number, name in enumerate(USUAL)},
        **{USUAL_ORDERS: first.orders.max()},
    )


def next_bought(history: History, items: Items, days: int, below: str | None = None) -> pd.DataFrame:
    """Return what is in the first order of each customer in the last days, as ``customer_id, item``."""
    lines = lines_with(history, items, below)
    lines = lines.filter(history.within(lines.ordered_at, days))
    rows: pd.DataFrame = lines.select("customer_id", "ordered_at", "order_id", ITEM).distinct().to_pandas()
    rows = rows.sort_values(["customer_id", "ordered_at", "order_id", ITEM], ignore_index=True)
    first = rows.groupby("customer_id")["order_id"].transform("first")
    return rows.loc[rows["order_id"] == first, ["customer_id", ITEM]].reset_index(drop=True)
