from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.contract import TABLES
from churnml.data.simulator import Fault, read_fault, read_settings, simulate
from churnml.errors import InputError

FAULT = Fault(product=1, day=dt.date(2024, 7, 1))
SHOP = {"customers": 1_500, "seed": 3, "kind": "fashion"}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folders = tmp_path_factory.mktemp("usual"), tmp_path_factory.mktemp("faulty")
    simulate(folders[0], **SHOP)  # type: ignore[arg-type]  # one dictionary of several types
    simulate(folders[1], **SHOP, fault=FAULT)  # type: ignore[arg-type]
    return folders


@pytest.mark.slow
def test_a_fault_doubles_the_returns_of_orders_with_the_product_and_changes_nothing_else(
    shops: tuple[Path, Path],
) -> None:
    usual, faulty = shops
    for name in TABLES:
        if name != "returns" and (usual / f"{name}.parquet").exists():
            assert (usual / f"{name}.parquet").read_bytes() == (faulty / f"{name}.parquet").read_bytes()
    before, after = (pd.read_parquet(folder / "returns.parquet") for folder in shops)
    pd.testing.assert_frame_equal(after[after["return_id"].isin(before["return_id"])].reset_index(drop=True), before)
    more = after[~after["return_id"].isin(before["return_id"])]
    orders = pd.read_parquet(usual / "orders.parquet").set_index("order_id")
    items = pd.read_parquet(usual / "order_items.parquet")
    holding = orders.loc[items.loc[items["product_id"] == "P0001", "order_id"].unique(), "ordered_at"]
    concerned = holding[holding >= pd.Timestamp(FAULT.day)]
    assert set(more["order_id"]) <= set(concerned.index)
    # Three in ten orders of a fashion shop come back, then six in ten: within four standard errors.
    n = len(concerned)
    assert n >= 30
    assert abs(len(more) - before["order_id"].isin(concerned.index).sum()) < 4 * (0.6 * n) ** 0.5
    assert (more["returned_at"] >= pd.Timestamp(FAULT.day)).all()


@pytest.mark.slow
def test_a_fault_is_kept_with_the_settings(shops: tuple[Path, Path]) -> None:
    assert read_settings(shops[1]).fault == FAULT
    assert read_settings(shops[0]).fault is None


@pytest.mark.parametrize(
    "written", ["returns:P0001", "complaints:P0001:2025-01-01", "returns:P0501:2025-01-01", "returns:P0000:2025-01-01"]
)
def test_what_is_no_fault_is_refused(written: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"simulate.fault: is {written!r}. Write returns:PRODUCT:DAY")):
        read_fault(written)


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=re.escape("simulate.fault")):
        read_fault("returns:P0001:tomorrow")
