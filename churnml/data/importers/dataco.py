"""DataCo: orders of a sporting goods shop, 2015 to 2018, with scheduled against real shipping days.

Published by Constante, Silva and Pereira (2019) as "DataCo Smart Supply Chain for Big Data Analysis", Mendeley Data,
doi 10.17632/8gx2fvg2k6 (CC BY 4.0). Its customers order at random: a control that has nothing to be learnt.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from churnml.data.importers.csv_files import as_money, as_ten_thousandths, as_times, read_files
from churnml.data.importers.imported import Imported, existing
from churnml.errors import InputError

_FILE = "DataCoSupplyChainDataset.csv"
_REMEDY = f"Give the published {_FILE} (or {_FILE}.gz), or the folder that holds it."
_TIME = "%m/%d/%Y %H:%M"
_COLUMNS = (
    "Order Id",
    "Customer Id",
    "Customer Segment",
    "order date (DateOrders)",
    "Days for shipping (real)",
    "Days for shipment (scheduled)",
    "Order Item Quantity",
    "Order Item Total",
    "Sales",
    "Product Name",
    "Product Price",
    "Category Name",
    "Order Status",
)


def read(source: Path) -> Imported:
    """Read the published file.

    An order's amount is the sum of its lines after discount (``Order Item Total``), its discount what these are below
    ``Sales``. A delivery is promised for the order's time plus the scheduled shipping days and delivered after the
    real ones. ``Order Status``, ``Delivery Status`` and ``Late_delivery_risk`` say how an order ended and not when, so
    they are not used: orders that were cancelled in the end are orders. A product is known by its name. A customer's
    segment is that of the first line of their first order, with which they begin.

    Parameters
    ----------
    source : Path
        Published file, or a folder that holds it.

    Raises
    ------
    InputError
        Where the file or columns are missing, or values are not as published.
    """
    if source.name == f"{_FILE}.gz" and source.is_file():
        folder, name = source.parent, _FILE
    else:
        source = existing(source, _REMEDY)
        folder, name = (source, _FILE) if source.is_dir() else (source.parent, source.name)
    lines = read_files(folder, {name: _COLUMNS}, _REMEDY)[name].rename(
        columns={"Order Id": "order_id", "Customer Id": "customer_id", "Product Name": "product_id"}
    )
    lines["ordered_at"] = as_times(lines["order date (DateOrders)"], _TIME)
    lines["amount"] = as_ten_thousandths(lines["Order Item Total"])
    lines["discount"] = as_ten_thousandths(lines["Sales"]) - lines["amount"]
    lines["unit_price"] = as_ten_thousandths(lines["Product Price"])
    lines["quantity"] = as_ten_thousandths(lines["Order Item Quantity"]) / 10_000
    for days in ("real", "scheduled"):
        column = f"Days for {'shipping' if days == 'real' else 'shipment'} ({days})"
        lines[days] = pd.to_timedelta(as_ten_thousandths(lines[column]) // 10_000, unit="D")
    constant = ["customer_id", "ordered_at", "real", "scheduled"]
    several = lines.groupby("order_id")[constant].nunique().gt(1).any(axis=1)
    if several.any():
        raise InputError(
            f"{name}: {int(several.sum()):,} orders have lines with several customers or times (Order Id "
            f"{', '.join(several.index[several][:3])}). Give the file as published."
        )
    orders = lines.groupby("order_id", as_index=False).agg(
        {**dict.fromkeys(constant, "first"), "amount": "sum", "discount": "sum", "Order Status": "first"}
    )
    items = lines.groupby(["order_id", "product_id", "unit_price"], as_index=False).agg(
        {"quantity": "sum", "Category Name": "first"}
    )
    first = lines.sort_values(["ordered_at", "order_id"], kind="stable").drop_duplicates("customer_id")
    cancelled = int(orders["Order Status"].isin(["CANCELED", "SUSPECTED_FRAUD"]).sum())
    order_ids = pa.array(orders["order_id"], pa.string())
    return Imported(
        tables={
            "orders": pa.table(
                {
                    "order_id": order_ids,
                    "customer_id": pa.array(orders["customer_id"], pa.string()),
                    "ordered_at": pa.array(orders["ordered_at"]),
                    "amount": as_money(orders["amount"]),
                    "discount": as_money(orders["discount"]),
                    "currency": pa.array(["USD"] * len(orders), pa.string()),
                }
            ),
            "order_items": pa.table(
                {
                    "order_id": pa.array(items["order_id"], pa.string()),
                    "product_id": pa.array(items["product_id"], pa.string()),
                    "quantity": pa.array(items["quantity"]),
                    "unit_price": as_money(items["unit_price"]),
                    "category": pa.array(items["Category Name"], pa.string(), from_pandas=True),
                }
            ),
            "deliveries": pa.table(
                {
                    "order_id": order_ids,
                    "promised_at": pa.array(orders["ordered_at"] + orders["scheduled"]),
                    "delivered_at": pa.array(orders["ordered_at"] + orders["real"]),
                }
            ),
            "customers": pa.table(
                {
                    "customer_id": pa.array(first["customer_id"], pa.string()),
                    "signed_up_at": pa.array(first["ordered_at"]),
                    "segment": pa.array(first["Customer Segment"], pa.string(), from_pandas=True),
                }
            ),
        },
        notes=(f"Orders that ended as cancelled or suspected fraud, kept as no time says when: {cancelled:,}.",),
    )
