"""DataCo: a small file by hand, what is missing, and the counts of the published one."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.importers import import_dataset
from churnml.data.reading import check
from churnml.errors import InputError

HEAD = (
    "Order Id,Customer Id,Customer Segment,order date (DateOrders),Days for shipping (real),"
    "Days for shipment (scheduled),Order Item Quantity,Order Item Total,Sales,Product Name,Product Price,Category Name,"
    "Order Status,Delivery Status\n"
)
LINES = (
    "7,1,Consumer,01/31/2016 12:17,5,4,1,90,100,Tent,100,Camping,COMPLETE,Late delivery\n"
    "7,1,Consumer,01/31/2016 12:17,5,4,2,40.5,50,Rope,25,Climbing,COMPLETE,Late delivery\n"
    "7,1,Consumer,01/31/2016 12:17,5,4,1,25,25,Rope,25,Climbing,COMPLETE,Late delivery\n"
    "8,1,Corporate,02/29/2016 01:00,2,4,1,10,10,Café,10,Food,CANCELED,Shipping canceled\n"
)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "DataCoSupplyChainDataset.csv"
    path.write_bytes((HEAD + LINES).encode("latin-1"))
    return path


@pytest.mark.slow
def test_tables_are_those_made_by_hand(published: Path, tmp_path: Path) -> None:
    report = import_dataset("dataco", published, tmp_path / "shop")
    made = {path.stem: pd.read_parquet(path) for path in (tmp_path / "shop").glob("*.parquet")}
    orders = made["orders"].set_index("order_id")
    assert [str(value) for value in orders.loc["7", ["amount", "discount"]]] == ["155.5000", "19.5000"]
    deliveries = made["deliveries"].set_index("order_id")
    assert deliveries.loc["7"].to_list() == [pd.Timestamp("2016-02-04 12:17"), pd.Timestamp("2016-02-05 12:17")]
    items = made["order_items"].set_index(["order_id", "product_id"])
    assert items.quantity.to_dict() == {("7", "Rope"): 3.0, ("7", "Tent"): 1.0, ("8", "Café"): 1.0}
    assert made["customers"].segment.to_list() == ["Consumer"], "that of the first order"
    assert report.notes == ("Orders that ended as cancelled or suspected fraud, kept as no time says when: 1.",)
    assert check(tmp_path / "shop").failures == []


def test_a_column_that_is_missing_is_named(published: Path, tmp_path: Path) -> None:
    published.write_text((HEAD + LINES).replace("Sales", "Turnover"), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape("DataCoSupplyChainDataset.csv: has no column Sales")):
        import_dataset("dataco", published, tmp_path / "shop")


def test_an_order_of_two_customers_is_refused(published: Path, tmp_path: Path) -> None:
    published.write_text(HEAD + LINES.replace("7,1,Consumer", "7,2,Consumer", 1), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape("1 orders have lines with several customers or times (Order Id 7)")):
        import_dataset("dataco", published, tmp_path / "shop")


def test_a_missing_file_is_named_with_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "other.csv").touch()
    with pytest.raises(InputError, match=re.escape("holds no DataCoSupplyChainDataset.csv (found: other.csv)")):
        import_dataset("dataco", tmp_path, tmp_path / "shop")


@pytest.mark.slow
def test_the_published_file(shared_data: Path, tmp_path: Path) -> None:
    report = import_dataset("dataco", shared_data / "dataco", tmp_path / "shop")
    assert report.rows["orders"] == report.rows["deliveries"] == 65_752
    assert report.rows["customers"] == 20_652
    assert check(tmp_path / "shop").failures == []
    items = pd.read_parquet(tmp_path / "shop" / "order_items.parquet")
    assert items.quantity.sum() > 180_519
