"""Online Retail II: two years of invoices of a British gift shop (Chen 2019, UCI Machine Learning Repository)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from churnml.data.importers.imported import Imported, examples, existing, listing, money
from churnml.data.importers.online_retail_ii_file import REMEDY, read_lines
from churnml.errors import InputError

REPEATED = "lines that the second sheet repeats from the first"
BAD_DEBT = "bad-debt lines (invoice A..., stock code B)"
NO_CUSTOMER = "lines without a customer"
NO_PRICE = "lines without a price above zero"
NOT_SOLD = "lines of an invoice with a quantity of zero or below"
NOT_RETURNED = "lines of a cancellation with a quantity of zero or above"


def read(source: Path) -> Imported:
    """Read the published Excel file, or a Parquet file with its columns.

    Rules, in this order; a line left out counts under the first that applies:

    1. The sheets both cover 1 to 9 December 2010. An invoice that stands in both is taken once: of each line (equal
       in all columns used) as many copies are kept as the sheet with most copies has. Lines repeated inside one sheet
       are true lines and stay. A Parquet file tells the sheets apart by a column ``sheet``; without it nothing is
       removed, and a note says so.
    2. Bad-debt lines (invoice ``A...`` or stock code ``B``), lines without a customer, and lines whose price is not
       above zero are left out. So are lines whose quantity has the wrong sign: an invoice sells, a cancellation
       (invoice ``C...``) takes back. An invoice with no line left is no order.
    3. All other lines stay, also those that are no goods (postage, manual lines, adjustments, tests).

    ``orders``: one per invoice, at the first time of any of its lines (83 invoices span two minutes), with the exact
    sum of quantity times price. ``order_items``: quantities of the same invoice, stock code and price added up.
    ``returns``: one per cancellation, with the positive sum; the order is not known. ``customers``: everyone with a
    line that rule 1 and the bad-debt rule leave; ``country`` is that of the first invoice or cancellation, so that
    later lines change nothing.

    Parameters
    ----------
    source : Path
        Published file, or a folder that holds one ``.xlsx`` or one ``.parquet`` file.

    Raises
    ------
    InputError
        Where the file is missing or of another shape, or an invoice names several customers.
    """
    path = _file(existing(source, REMEDY))
    lines, has_sheets = read_lines(path)
    lines["first_time"] = lines.groupby("invoice")["time"].transform("min")
    cancels = lines["invoice"].str.startswith("C")
    reasons = {
        REPEATED: repeated_lines(lines),
        BAD_DEBT: lines["invoice"].str.startswith("A") | (lines["product"] == "B"),
        NO_CUSTOMER: lines["customer"].isna(),
        NO_PRICE: lines["price"] <= 0,
        NOT_SOLD: ~cancels & (lines["quantity"] <= 0),
        NOT_RETURNED: cancels & (lines["quantity"] >= 0),
    }
    first_reason = np.select([np.asarray(mask, bool) for mask in reasons.values()], range(len(reasons)), len(reasons))
    left_out = dict(zip(reasons, np.bincount(first_reason, minlength=len(reasons)).tolist(), strict=False))
    with_customer = lines[first_reason > list(reasons).index(NO_CUSTOMER)]
    _check_customers(path, with_customer)
    kept = first_reason == len(reasons)
    tables = {
        "orders": _totals(lines[kept & ~cancels], "order_id", "ordered_at", sign=1),
        "order_items": _items(lines[kept & ~cancels]),
        "customers": _customers(with_customer),
        "returns": _totals(lines[kept & cancels], "return_id", "returned_at", sign=-1),
    }
    without_orders = tables["customers"].num_rows - len(tables["orders"]["customer_id"].unique())
    notes = [
        "Customers without an order (all their invoices are cancellations or free of charge), kept: "
        f"{without_orders:,}."
    ]
    if not has_sheets:
        notes.append(
            "The file has no column sheet, so lines that both published sheets hold (1 to 9 December 2010) could not "
            "be told from true repeats: none was removed. If both sheets are in it, those days count twice."
        )
    return Imported(tables, left_out, tuple(notes))


def _file(source: Path) -> Path:
    if not source.is_dir():
        return source
    # Excel keeps a lock file ~$name.xlsx beside an open workbook.
    found = sorted(
        path
        for path in source.iterdir()
        if path.suffix.lower() in {".xlsx", ".parquet"} and not path.name.startswith(("~$", "."))
    )
    if len(found) != 1:
        count = f"{len(found)} Excel or Parquet files" if found else "no Excel or Parquet file"
        raise InputError(f"{source}: holds {count} (found: {listing(source)}), but one is needed. {REMEDY}")
    return found[0]


def repeated_lines(lines: pd.DataFrame) -> pd.Series[bool]:
    """Mark the copies of a line beyond those of the sheet that has most of them.

    Parameters
    ----------
    lines : pandas DataFrame
        All lines of all sheets, as ``read_lines`` gives them.

    Returns
    -------
    pandas Series of bool
        Whether each line is such a copy, in the lines' order.
    """
    repeated = pd.Series(False, index=lines.index)
    in_both = lines.groupby("invoice")["sheet"].transform("nunique") > 1
    content = ["invoice", "product", "quantity", "time", "price", "customer", "country"]
    shared = lines.loc[in_both, [*content, "sheet"]]
    copy = shared.groupby([*content, "sheet"], dropna=False).cumcount()
    repeated[shared.index] = shared[content].assign(copy=copy).duplicated()
    return repeated


def _check_customers(path: Path, lines: pd.DataFrame) -> None:
    per_invoice = lines.groupby("invoice")["customer"].nunique()
    several = per_invoice.index[per_invoice > 1].tolist()
    if several:
        raise InputError(
            f"{path}: Customer ID: {len(several):,} of {len(per_invoice):,} invoices name several customers "
            f"({examples(several)}). {REMEDY}"
        )


def _totals(lines: pd.DataFrame, key: str, time: str, sign: int) -> pa.Table:
    """Add up the lines of each invoice or cancellation."""
    valued = lines.assign(value=sign * lines["quantity"] * lines["price"])
    total = valued.groupby("invoice").agg(
        customer=("customer", "first"), first_time=("first_time", "first"), value=("value", "sum")
    )
    return pa.table(
        {
            key: pa.array(total.index, pa.string()),
            "customer_id": pa.array(total["customer"], pa.string()),
            time: pa.array(total["first_time"], pa.timestamp("us")),
            "amount": money(total["value"].to_numpy()),
        }
    )


def _items(lines: pd.DataFrame) -> pa.Table:
    items = lines.groupby(["invoice", "product", "price"], as_index=False)["quantity"].sum()
    return pa.table(
        {
            "order_id": pa.array(items["invoice"], pa.string()),
            "product_id": pa.array(items["product"], pa.string()),
            "quantity": pa.array(items["quantity"], pa.int64()),
            "unit_price": money(items["price"].to_numpy()),
        }
    )


def _customers(lines: pd.DataFrame) -> pa.Table:
    first = lines.sort_values(["first_time", "invoice", "country"]).drop_duplicates("customer")
    return pa.table(
        {
            "customer_id": pa.array(first["customer"], pa.string()),
            "country": pa.array(first["country"], pa.string()),
        }
    )
