"""Olist: small files by hand, what is missing, and the counts of the published ones."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.importers import import_dataset
from churnml.data.reading import check
from churnml.errors import InputError

FILES = {
    "olist_orders_dataset.csv": """\
order_id,customer_id,order_status,order_purchase_timestamp,order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date
o2,k2,canceled,2018-02-01 10:00:00,,,2018-02-20 00:00:00
o1,k1,delivered,2018-01-01 09:30:00,2018-01-02 08:00:00,2018-01-05 17:00:00,2018-01-04 00:00:00
o3,k3,delivered,2018-03-01 10:00:00,2018-03-02 10:00:00,2018-03-03 10:00:00,2018-03-20 00:00:00
""",
    "olist_order_items_dataset.csv": """\
order_id,product_id,price,freight_value
o1,p1,10.50,1.25
o1,p1,10.50,1.25
o1,p2,3.00,0.50
o3,p3,7.00,2.00
""",
    "olist_order_payments_dataset.csv": "order_id,payment_value\no1,20.00\no1,7.00\no2,5.55\n",
    "olist_order_reviews_dataset.csv": """\
review_id,order_id,review_score,review_comment_title,review_comment_message,review_answer_timestamp
r1,o1,4,Good,"Came, at last
late",2018-01-07 12:00:00
r1,o2,1,,,2018-02-07 12:00:00
r2,o3,5,,,
r3,o9,5,,,2018-02-07 12:00:00
""",
    "olist_customers_dataset.csv": """\
customer_id,customer_unique_id,customer_city,customer_state
k1,ann,campinas,SP
k2,ann,rio,RJ
k3,bob,natal,RN
""",
    "olist_products_dataset.csv": "product_id,product_category_name\np1,beleza\np2,casa\np3,\n",
    "product_category_name_translation.csv": "product_category_name,product_category_name_english\nbeleza,beauty\n",
}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def imported(source: Path, out: Path) -> dict[str, pd.DataFrame]:
    import_dataset("olist", source, out)
    return {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}


@pytest.mark.slow
def test_tables_are_those_made_by_hand(published: Path, tmp_path: Path) -> None:
    made = imported(published, tmp_path / "shop")
    orders = made["orders"]
    assert orders.customer_id.to_list() == ["ann", "ann", "bob"]
    # 20 + 7; 5.55; without a payment its line and freight, 7 + 2.
    assert [str(amount) for amount in orders.amount] == ["27.0000", "5.5500", "9.0000"]
    assert "cancelled_at" not in orders
    items = made["order_items"].set_index(["order_id", "product_id"])
    assert items.quantity.to_dict() == {("o1", "p1"): 2.0, ("o1", "p2"): 1.0, ("o3", "p3"): 1.0}
    assert items.category.fillna("").to_list() == ["beauty", "casa", ""]
    deliveries = made["deliveries"].set_index("order_id")
    assert deliveries.loc["o1", "delivered_at"] == pd.Timestamp("2018-01-05 17:00")
    assert deliveries.loc["o2"].isna().to_dict() == {"promised_at": False, "shipped_at": True, "delivered_at": True}
    reviews = made["reviews"].set_index("review_id")
    assert list(reviews.index) == ["r1-o1", "r1-o2"]
    assert reviews.text.fillna("").to_list() == ["Good\nCame, at last\nlate", ""]
    customers = made["customers"].set_index("customer_id")
    assert customers.loc["ann"].to_list() == [pd.Timestamp("2018-01-01 09:30"), "campinas", "SP"]
    assert check(tmp_path / "shop").failures == []


def test_what_is_left_out_or_cannot_be_told_is_counted(published: Path, tmp_path: Path) -> None:
    report = import_dataset("olist", published, tmp_path / "shop")
    assert report.left_out == {
        "reviews without an answer time": 1,
        "reviews of an order that is not in the file of orders": 1,
    }
    assert report.notes == (
        "Orders that ended as cancelled or unavailable, kept as no time says when: 1.",
        "Orders without a payment, for the amount of their lines: 1.",
    )


def test_gzipped_files_give_the_same_bytes(published: Path, tmp_path: Path) -> None:
    imported(published, tmp_path / "plain")
    for path in list(published.iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    imported(published, tmp_path / "zipped")
    for path in (tmp_path / "plain").iterdir():
        assert path.read_bytes() == (tmp_path / "zipped" / path.name).read_bytes(), path.name


def test_all_that_is_missing_is_said_at_once(published: Path, tmp_path: Path) -> None:
    (published / "olist_order_payments_dataset.csv").unlink()
    (published / "olist_products_dataset.csv").write_text("product_id\np1\n")
    with pytest.raises(InputError) as raised:
        import_dataset("olist", published, tmp_path / "shop")
    one, other = raised.value.failures
    assert f"{published}: holds no olist_order_payments_dataset.csv" in one
    assert "olist_products_dataset.csv: has no column product_category_name (found: product_id)." in other
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2018-01-01 09:30:00", "01/01/2018", "order_purchase_timestamp: 1 of 3 rows do not hold a time"),
        ("o1,20.00", "o1,much", "payment_value: 1 of 3 rows do not hold a number ('much')"),
        ("k3,bob,natal,RN", "k4,bob,natal,RN", "olist_orders_dataset.csv: 1 orders have no customer in"),
    ],
)
def test_values_that_are_not_as_published_are_refused(
    old: str, new: str, said: str, published: Path, tmp_path: Path
) -> None:
    for path in published.iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        import_dataset("olist", published, tmp_path / "shop")


@pytest.mark.slow
def test_the_published_files(shared_data: Path, tmp_path: Path) -> None:
    report = import_dataset("olist", shared_data / "olist", tmp_path / "shop")
    assert report.rows["orders"] == report.rows["deliveries"] == 99_441
    assert report.rows["reviews"] + report.left_out["reviews without an answer time"] == 99_224
    found = check(tmp_path / "shop")
    assert found.failures == []
    deliveries = pd.read_parquet(tmp_path / "shop" / "deliveries.parquet").dropna()
    late = deliveries.delivered_at.dt.normalize() > deliveries.promised_at
    assert round(late.mean(), 3) == 0.068
    orders = pd.read_parquet(tmp_path / "shop" / "orders.parquet")
    assert round((orders.customer_id.value_counts() == 1).mean(), 2) == 0.97
