"""The page's part about the shop."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from churnml.analytics.kpis import FORMULAS
from churnml.analytics.overview import Overview, analyse
from churnml.data.shop import Shop, read
from churnml.features.sentences import Language
from churnml.reporting.page import render_page
from churnml.reporting.page.shop_sections import shop_sections
from churnml.reporting.page.shop_summary import summarise_shop
from churnml.reporting.page.shop_words import FORMULAS_TR, KPI_NAMES, NAMES, TEXTS
from tests.reporting.page.made_up import make_summary


@pytest.fixture(scope="module")
def overview(shop: Shop) -> Overview:
    return analyse(shop, "2025-03-01")


def blocks(overview: Overview, language: Language = "en") -> dict[str, dict[str, Any]]:
    return {block["id"]: block for block in shop_sections(summarise_shop(overview), language, "EUR")["blocks"]}


def test_every_table_has_its_place(overview: Overview) -> None:
    shown = set(blocks(overview))
    assert shown == {*overview.tables()} - {"cohorts"} | {"retention_cohorts", "revenue_cohorts"}


def test_the_figures_stand_as_they_were_computed(overview: Overview) -> None:
    rows = {row[0]["text"]: row for row in blocks(overview)["kpis"]["rows"]}
    assert rows["Churn rate"][1]["text"] == f"{overview.figures['churn_rate']:.1%}"
    assert rows["Average order value"][1]["text"] == f"€{overview.figures['average_order_value']:,.2f}"
    assert rows["Churn rate"][0]["small"] == FORMULAS["churn_rate"]
    assert rows["Churn rate"][4]["line"].count(",") == 5


def test_both_languages_name_everything(overview: Overview) -> None:
    assert set(KPI_NAMES["en"]) == set(KPI_NAMES["tr"]) == set(FORMULAS) == set(FORMULAS_TR)
    assert set(TEXTS["en"]) == set(TEXTS["tr"])
    assert set(overview.reasons["reason"]) <= set(NAMES["tr"])
    assert set(overview.first_experience["experience"]) <= set(NAMES["tr"])
    english, turkish = blocks(overview), blocks(overview, "tr")
    for name in ("kpis", "lifecycle", "segments", "reasons", "first_experience"):
        said = {row[0]["text"] for row in turkish[name]["rows"]}
        assert not said & {row[0]["text"] for row in english[name]["rows"]} - {"VIP"}, name


def test_no_customer_is_named_and_all_is_json(overview: Overview, shop: Shop) -> None:
    told = json.dumps(summarise_shop(overview), allow_nan=False)
    customers = shop.tables["orders"].customer_id.to_pandas()
    assert not any(customer in told for customer in customers.unique()[:200])


def test_texts_of_the_shop_stay_texts(overview: Overview) -> None:
    hostile = "<script>window.hacked = 1</script>"
    topics = overview.topics.assign(topic=hostile)
    summary = make_summary(5) | {"shop": summarise_shop(replace(overview, topics=topics))}
    page = render_page(summary)
    assert hostile not in page
    assert "&lt;script&gt;window.hacked = 1&lt;/script&gt;" in page


def test_a_shop_with_orders_alone_leaves_out_what_it_does_not_tell(overview: Overview) -> None:
    orders = pd.DataFrame(
        [("1", "a", "2024-01-05", 10.0), ("2", "a", "2024-06-01", 12.5), ("3", "b", "2025-02-03", 8.0)],
        columns=["order_id", "customer_id", "ordered_at", "amount"],
    )
    found = blocks(analyse(read({"orders": orders}), "2024-09-01"))
    assert {"topics", "groups", "experience", "first_experience"}.isdisjoint(found)
    assert found["kpis"]["rows"]
