"""Olist: orders of Brazilian shops on a marketplace, 2016 to 2018, with payments, deliveries and reviews.

Published by Olist on Kaggle as "Brazilian E-Commerce Public Dataset by Olist" (CC BY-NC-SA 4.0: no commercial use).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from churnml.data.importers.csv_files import as_money, as_ten_thousandths, as_times, read_files
from churnml.data.importers.imported import Imported, existing
from churnml.errors import InputError

_REMEDY = "Give the folder with the published files, each as .csv or .csv.gz."
_ORDERS, _ITEMS = "olist_orders_dataset.csv", "olist_order_items_dataset.csv"
_PAYMENTS, _REVIEWS = "olist_order_payments_dataset.csv", "olist_order_reviews_dataset.csv"
_CUSTOMERS, _PRODUCTS = "olist_customers_dataset.csv", "olist_products_dataset.csv"
_TRANSLATION = "product_category_name_translation.csv"
_COLUMNS = {
    _ORDERS: (
        "order_id",
        "customer_id",
        "order_status",
        "order_purchase_timestamp",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    _ITEMS: ("order_id", "product_id", "price", "freight_value"),
    _PAYMENTS: ("order_id", "payment_value"),
    _REVIEWS: (
        "review_id",
        "order_id",
        "review_score",
        "review_comment_title",
        "review_comment_message",
        "review_answer_timestamp",
    ),
    _CUSTOMERS: ("customer_id", "customer_unique_id", "customer_city", "customer_state"),
    _PRODUCTS: ("product_id", "product_category_name"),
    _TRANSLATION: ("product_category_name", "product_category_name_english"),
}
_TIME = "%Y-%m-%d %H:%M:%S"
_STARS = 5.0


def read(source: Path) -> Imported:
    """Read the published files.

    The customer is the person, ``customer_unique_id``; the file's ``customer_id`` is another one for each order. An
    order's amount is the sum of its payments, or of its lines with freight where no payment is known. ``order_status``
    says how an order ended and not when, so it is not used: orders that were cancelled in the end are orders, as they
    were on the day, and there is no ``cancelled_at``. A delivery is promised for the estimated date. A review is known
    from its answer on; where it speaks of several orders it is a review of each. A customer's city and state are those
    of the first order, with which they begin.

    Parameters
    ----------
    source : Path
        Folder that holds the published files.

    Raises
    ------
    InputError
        With every file and column that is missing, or the values that are not as published.
    """
    folder = existing(source, _REMEDY)
    if not folder.is_dir():
        raise InputError(f"{source}: is a file, but a folder is needed. {_REMEDY}")
    files = read_files(folder, _COLUMNS, _REMEDY)
    orders = _orders(files)
    reviews, unanswered, strange = _reviews(files[_REVIEWS], orders)
    cancelled = int(orders["order_status"].isin(["canceled", "unavailable"]).sum())
    unpaid = int(orders["paid"].isna().sum())
    amount = orders["paid"].fillna(orders["lines"]).fillna(0)
    tables = {
        "orders": pa.table(
            {
                "order_id": pa.array(orders["order_id"], pa.string()),
                "customer_id": pa.array(orders["customer_unique_id"], pa.string()),
                "ordered_at": pa.array(orders["ordered_at"]),
                "amount": as_money(amount),
                "currency": pa.array(["BRL"] * len(orders), pa.string()),
            }
        ),
        "order_items": _items(files, orders),
        "deliveries": _deliveries(orders),
        "reviews": reviews,
        "customers": _customers(orders),
    }
    return Imported(
        tables=tables,
        left_out={
            "reviews without an answer time": unanswered,
            "reviews of an order that is not in the file of orders": strange,
        },
        notes=(
            f"Orders that ended as cancelled or unavailable, kept as no time says when: {cancelled:,}.",
            f"Orders without a payment, for the amount of their lines: {unpaid:,}.",
        ),
    )


def _orders(files: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Join orders with their person, payments and the sum of their lines; in the order of time."""
    orders = files[_ORDERS].merge(files[_CUSTOMERS], on="customer_id", how="left", validate="many_to_one")
    if orders["customer_unique_id"].isna().any():
        count = int(orders["customer_unique_id"].isna().sum())
        raise InputError(f"{_ORDERS}: {count:,} orders have no customer in {_CUSTOMERS}. Give the files as published.")
    orders["ordered_at"] = as_times(orders["order_purchase_timestamp"], _TIME)
    payments = files[_PAYMENTS]
    paid = as_ten_thousandths(payments["payment_value"]).groupby(payments["order_id"]).sum()
    items = files[_ITEMS]
    lines = as_ten_thousandths(items["price"]) + as_ten_thousandths(items["freight_value"])
    orders["paid"] = orders["order_id"].map(paid)
    orders["lines"] = orders["order_id"].map(lines.groupby(items["order_id"]).sum())
    return orders.sort_values(["ordered_at", "order_id"], ignore_index=True)


def _items(files: dict[str, pd.DataFrame], orders: pd.DataFrame) -> pa.Table:
    products = files[_PRODUCTS].merge(files[_TRANSLATION], on="product_category_name", how="left")
    named = products["product_category_name_english"].fillna(products["product_category_name"])
    category = pd.Series(named.to_numpy(), index=products["product_id"])
    items = files[_ITEMS]
    items = items[items["order_id"].isin(orders["order_id"])]
    lines = items.assign(unit_price=as_ten_thousandths(items["price"]))
    lines = lines.groupby(["order_id", "product_id", "unit_price"], as_index=False).size()
    return pa.table(
        {
            "order_id": pa.array(lines["order_id"], pa.string()),
            "product_id": pa.array(lines["product_id"], pa.string()),
            "quantity": pa.array(lines["size"].astype("float64")),
            "unit_price": as_money(lines["unit_price"]),
            "category": pa.array(lines["product_id"].map(category), pa.string(), from_pandas=True),
        }
    )


def _deliveries(orders: pd.DataFrame) -> pa.Table:
    times = {
        "promised_at": "order_estimated_delivery_date",
        "shipped_at": "order_delivered_carrier_date",
        "delivered_at": "order_delivered_customer_date",
    }
    columns = {name: pa.array(as_times(orders[theirs], _TIME), from_pandas=True) for name, theirs in times.items()}
    return pa.table({"order_id": pa.array(orders["order_id"], pa.string()), **columns})


def _reviews(reviews: pd.DataFrame, orders: pd.DataFrame) -> tuple[pa.Table, int, int]:
    answered = reviews.assign(submitted_at=as_times(reviews["review_answer_timestamp"], _TIME))
    unanswered = answered["submitted_at"].isna()
    customer = pd.Series(orders["customer_unique_id"].to_numpy(), index=orders["order_id"])
    answered["customer_id"] = answered["order_id"].map(customer)
    strange = answered["customer_id"].isna() & ~unanswered
    kept = answered[~unanswered & ~strange]
    said = kept["review_comment_title"].fillna("") + "\n" + kept["review_comment_message"].fillna("")
    said = said.str.strip()
    table = pa.table(
        {
            "review_id": pa.array(kept["review_id"] + "-" + kept["order_id"], pa.string()),
            "customer_id": pa.array(kept["customer_id"], pa.string()),
            "submitted_at": pa.array(kept["submitted_at"]),
            "rating": pa.array(as_ten_thousandths(kept["review_score"]) / 10_000),
            "order_id": pa.array(kept["order_id"], pa.string()),
            "scale": pa.array([_STARS] * len(kept)),
            "text": pa.array(said.where(said != ""), pa.string(), from_pandas=True),
        }
    )
    return table, int(unanswered.sum()), int(strange.sum())


def _customers(orders: pd.DataFrame) -> pa.Table:
    first = orders.drop_duplicates("customer_unique_id")
    return pa.table(
        {
            "customer_id": pa.array(first["customer_unique_id"], pa.string()),
            "signed_up_at": pa.array(first["ordered_at"]),
            "city": pa.array(first["customer_city"], pa.string(), from_pandas=True),
            "state": pa.array(first["customer_state"], pa.string(), from_pandas=True),
        }
    )
