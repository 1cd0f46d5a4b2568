"""Carried columns are in lists, sheet and page, and nowhere else."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date
from pathlib import Path

import ibis
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from churnml.config import Config, ReportingSettings
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.errors import ConfigError
from churnml.features import Aggregate, Family, Source, count
from churnml.features.builder import build_features
from churnml.models.model import Model
from churnml.reporting.carried import FILE, check_carried
from churnml.reporting.csv_files import read_csv
from churnml.reporting.page.summary import summarise
from churnml.scoring.scorer import Scorer
from churnml.workflow import score

DAY = date(2025, 3, 1)
CARRY = ["email", "points"]
CUSTOMERS = Source("customers", "customers", "signed_up_at", lambda history: history.table("customers"))
NO_FIGURES = Config(reporting=ReportingSettings(periods=0, rows=150, carry=CARRY))


def with_contacts(shop: Shop) -> Shop:
    """Give customers an address, which every tenth has not, and a whole number that is stored as a fraction."""
    customers = shop.tables["customers"]
    number = customers.customer_id.re_extract("([0-9]+)", 1).cast("int64")
    addresses = ibis.ifelse(number % 10 == 0, ibis.null("string"), customers.customer_id.lower() + "@shop.example")
    told = customers.mutate(email=addresses, points=number.cast("float64"))
    brought = {**shop.brought, "customers": shop.brought["customers"] | set(CARRY)}
    return dataclasses.replace(shop, tables={**shop.tables, "customers": told}, brought=brought)


@pytest.fixture(scope="module")
def out(shop: Shop, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("carried")
    score(with_contacts(shop), folder, NO_FIGURES, model=model, snapshot_date=DAY)
    return folder


def test_lists_and_sheet_show_them_and_the_ranking_does_not(out: Path) -> None:
    listed = read_csv(out / "worklist.csv", language="en")
    assert list(listed.columns)[-2:] == CARRY
    numbers = listed["customer_id"].str[1:].astype(int)
    expected = [None if n % 10 == 0 else f"c{n:07d}@shop.example" for n in numbers]
    assert listed["email"].astype(object).where(listed["email"].notna(), None).tolist() == expected
    assert listed["points"].tolist() == [str(n) for n in numbers], "no 17.0"
    assert listed["email"].notna().any()
    titles, first, *_ = CalamineWorkbook.from_path(out / "worklist.xlsx").get_sheet_by_index(0).to_python()
    assert titles[:4] == ["Place", "Customer", "E-mail", "Points"]
    assert first[2] == (expected[0] or "")
    for name in ("ranking.parquet", "ranking.csv", "run.json", "ledger.parquet"):
        assert b"@shop.example" not in (out / name).read_bytes()


def test_the_file_beside_the_list_knows_who_is_listed_and_who_must_not_be_contacted(out: Path) -> None:
    carried = pd.read_parquet(out / FILE).set_index("customer_id")
    ranking = pd.read_parquet(out / "ranking.parquet")
    ledger = pd.read_parquet(out / "ledger.parquet")
    against = ranking["holdout"] | ~ranking["contactable"].fillna(True).astype(bool)
    listed = [
        read_csv(path, language="en")["customer_id"] for path in (out / "worklist.csv", *(out / "lists").glob("*.csv"))
    ]
    assert len(listed) == 4, "the lists of the built-in plays"
    held_out = ledger["customer_id"][ledger["arm"] == "held out"]
    assert set(carried.index) == set(pd.concat([*listed, held_out, ranking["customer_id"][against]]))
    assert carried["points"].tolist() == [str(int(name[1:])) for name in carried.index]


def test_the_page_has_them_for_all_that_it_shows(shop: Shop, model: Model) -> None:
    summary = summarise(Scorer(model, NO_FIGURES).rank(with_contacts(shop), DAY), rows=40)
    assert json.loads(json.dumps(summary["carried"])) == summary["carried"]
    assert summary["carried"]["points"] == [str(int(one["customer_id"][1:])) for one in summary["customers"]]


def test_a_list_that_carries_nothing_has_no_file_of_it_and_none_of_before(shop: Shop, model: Model, out: Path) -> None:
    again = out.parent / "again"
    score(with_contacts(shop), again, NO_FIGURES, model=model, snapshot_date=DAY)
    assert (again / FILE).exists()
    score(shop, again, Config(reporting=ReportingSettings(periods=0, rows=150)), model=model, snapshot_date=DAY)
    assert not (again / FILE).exists()


def test_under_pseudonyms_nothing_is_carried(shop: Shop, model: Model, tmp_path: Path) -> None:
    score(
        with_contacts(shop),
        tmp_path / "list",
        NO_FIGURES,
        model=model,
        snapshot_date=DAY,
        secrets=tmp_path / "keys",
    )
    assert not (tmp_path / "list" / FILE).exists()
    assert "email" not in read_csv(tmp_path / "list" / "worklist.csv", language="en")


ORDERS = pd.DataFrame({"order_id": [1], "customer_id": ["a"], "ordered_at": ["2025-01-01"], "amount": [5]})


def tiny_shop() -> Shop:
    customers = pd.DataFrame({"customer_id": ["a"], "email": ["a@shop.example"], "city": ["Bursa"]})
    return read({"orders": ORDERS, "customers": customers})


def test_features_are_the_same_with_and_without_them() -> None:
    found = build_features(tiny_shop(), "2025-02-01")
    pd.testing.assert_frame_equal(found, build_features(read({"orders": ORDERS}), "2025-02-01"))


def test_columns_that_cannot_be_carried_are_all_told() -> None:
    lives_there = Aggregate(
        name="customers_of_bursa",
        unit="orders",
        describe="Whether the customer lives in Bursa",
        source=CUSTOMERS,
        reduce=count(),
        needs=("city",),
        fill=0,
        sentence="lives in Bursa",
    )
    shop = tiny_shop().with_family(Family("home", concept="home", actionable=False, features=(lives_there,)))
    check_carried(shop, ["email"])
    with pytest.raises(ConfigError) as raised:
        check_carried(shop, ["phone", "segment", "city"])
    phone, segment, city = raised.value.failures
    assert phone.startswith("reporting.carry: customers have no column phone (they have: ")
    assert re.search(r"email.*city|city.*email", phone)
    assert segment == "reporting.carry: segment is a column of every list already. Take it out."
    assert city.startswith("reporting.carry: city is read by the feature customers_of_bursa, but what is carried")


@pytest.mark.parametrize("carry", [["email", "email"], [" "]])
def test_a_column_is_named_once(carry: list[str]) -> None:
    with pytest.raises(ValueError, match="each column is named once"):
        ReportingSettings(carry=carry)
