"""The page's part about the shop."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.overview import Overview, analyse
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.reporting.page import render_page
from churnml.reporting.page.page import MOST_BYTES
from churnml.reporting.page.shop_cells import Say
from churnml.reporting.page.shop_sections import _groups, shop_sections
from churnml.reporting.page.shop_summary import summarise_shop
from churnml.words import Language, words
from churnml.words.value_names import ValueNames
from tests.reporting.page.made_up import make_summary


@pytest.fixture(scope="module")
def overview(shop: Shop) -> Overview:
    return analyse(shop, "2025-03-01")


def blocks(overview: Overview, language: Language = "en") -> dict[str, dict[str, Any]]:
    return {block["id"]: block for block in shop_sections(summarise_shop(overview), language, "EUR")["blocks"]}


def test_every_table_has_its_place(overview: Overview) -> None:
    shown = set(blocks(overview))
    untold = {"promotions", "referrals", "next_tiers"}  # the simulated shop tells no codes, referrals and steps
    elsewhere = {"cohorts", "faults", "fault_customers", "habit_shares", "text_months"}
    assert shown == {*overview.tables()} - elsewhere - untold | {"retention_cohorts", "revenue_cohorts"}


@pytest.mark.parametrize("language", ["en", "de", "tr"])
def test_faults_stand_first_with_their_size_and_nobody_is_named(overview: Overview, language: Language) -> None:
    figures = {"weeks": 4, "events": 32, "expected": 8.0, "ratio": 4.04, "low": 2.6, "high": np.nan}
    fault = {"fault": "returns", "group": "City", "value": "<Bursa>", **figures, "p_adjusted": 0.01, "looked_at": 9}
    counts = {"customers_hit": 30, "customers_under_way": pd.array([None], dtype="Int64")}
    faults = pd.DataFrame([fault]).assign(**counts)
    customers = pd.DataFrame({"customer_id": ["hit by a fault"]})
    shown = blocks(replace(overview, faults=faults, fault_customers=customers), language)
    assert next(iter(shown)) == "faults"
    point = "." if language == "en" else ","
    cells = [cell["text"] for cell in shown["faults"]["rows"][0]]
    assert cells[2:] == ["<Bursa>", "4", "32", f"8{point}0", f"4{point}0", "30", "–"]
    assert cells[:2] == [words(language)["faults"]["kinds"]["returns"], words(language)["faults"]["groups"]["city"]]
    assert shown["faults"]["rows"][0][6]["small"] == f"2{point}6 – –"
    assert "hit by a fault" not in json.dumps(shown)


def test_the_figures_stand_as_they_were_computed(overview: Overview) -> None:
    rows = {row[0]["text"]: row for row in blocks(overview)["kpis"]["rows"]}
    assert rows["Churn rate"][1]["text"] == f"{overview.figures['churn_rate']:.1%}"
    assert rows["Average order value"][1]["text"] == f"€{overview.figures['average_order_value']:,.2f}"
    assert rows["Churn rate"][0]["small"] == words("en")["kpis"]["churn_rate"]["formula"]
    assert rows["Churn rate"][3]["line"].count(",") == 5


@pytest.mark.parametrize("language", ["en", "de", "tr"])
def test_second_orders_are_told_by_month(overview: Overview, language: Language) -> None:
    months = [{"month": date(2025, 1, 1), "is_complete": True}, {"month": date(2025, 2, 1), "is_complete": False}]
    rates = {"customers": 1_200, "returned": 480, "second_order_rate": 0.4, "low": 0.3, "high": 0.5}
    named = replace(overview, second_orders=pd.DataFrame([month | rates for month in months]))
    rows = [[cell["text"] for cell in row] for row in blocks(named, language)["second_orders"]["rows"]]
    write = Say(language, "EUR")
    told = [write.write.whole(1_200), write.write.share(0.4, 1), write.between(0.3, 0.5)]
    assert rows == [["2025-01", *told], ["2025-02*", *told]]


def test_a_change_is_told_with_its_unit_and_whether_it_is_noise(overview: Overview) -> None:
    changes = {
        "churn_rate": (-0.0123, True, "-1.2 points", "noise"),
        "retention_rate": (-0.0004, False, "0.0 points", "more than noise"),  # -0.04 points are 0.0: no sign
        "average_order_value": (2.5, False, "+€2.50", "more than noise"),
        "days_between_orders": (-0.04, None, "0 days", "too few to tell"),
    }
    kpis = overview.kpis.astype({"is_noise": object})
    for name, (change, is_noise, _, _) in changes.items():
        kpis.loc[kpis["kpi"] == name, ["change", "is_noise"]] = [change, is_noise]
    rows = {row[0]["text"]: row for row in blocks(replace(overview, kpis=kpis))["kpis"]["rows"]}
    for name, (_, _, text, sure) in changes.items():
        cell = rows[words("en")["kpis"][name]["title"]][2]
        assert (cell["text"], cell["small"]) == (text, sure)


def test_bars_are_as_long_as_the_shares_of_the_largest(overview: Overview) -> None:
    rows = blocks(overview)["lifecycle"]["rows"]
    top = overview.lifecycle["share"].max()
    newest = overview.lifecycle[overview.lifecycle["snapshot_date"] == overview.lifecycle["snapshot_date"].max()]
    assert [row[-1]["bar"] for row in rows] == [round(100 * share / top, 1) for share in newest["share"]]
    assert max(cell["bar"] for row in rows for cell in row[2:]) == 100


def test_concentration_is_a_sentence_first(overview: Overview) -> None:
    twenty = overview.concentration[overview.concentration["customer_share"] == 0.2].iloc[0]
    said = blocks(overview)["concentration"]["note"]
    assert said == (
        f"The best 20% ({twenty['customers']:.0f} customers) brought {twenty['amount_share']:.1%} of the revenue of "
        "the last 365 days."
    )


def test_small_shares_of_cohorts_keep_a_decimal(overview: Overview) -> None:
    few = overview.cohorts.assign(retention_share=overview.cohorts["retention_share"] * 0.01)  # all below 1 %
    texts = [cell["text"] for cell in blocks(replace(overview, cohorts=few))["retention_cohorts"]["rows"][0][2:]]
    assert any(text not in ("", "0.0") for text in texts)
    assert all("." in text for text in texts if text)
    usual = blocks(overview)["retention_cohorts"]["rows"]
    assert not any("." in cell["text"] for row in usual for cell in row[2:])
    assert len(usual) <= 13


def test_values_that_differ_are_marked_and_small_ones_stand_as_one() -> None:
    row = {"group": "city", "customers": 40, "churned": 20, "churn_rate": 0.5, "low": 0.35, "high": 0.65}
    table = [{**row, "value": f"v{place}", "differs": place == 1} for place in range(2)]
    few = {**row, "value": "few", "low": None, "high": None, "differs": None}
    shown = _groups([*table, few], Say("en", None))["rows"]
    assert [cells[1]["text"] for cells in shown] == ["v0", "v1", "values with few customers"]
    assert [cells[3]["text"] for cells in shown] == ["50.0%", "50.0%*", "50.0%"]


def test_both_languages_name_everything(overview: Overview) -> None:
    assert set(overview.reasons["reason"]) <= set(words("tr")["names"])
    assert set(overview.first_experience["experience"]) <= set(words("tr")["names"])
    english, turkish = blocks(overview), blocks(overview, "tr")
    for name in ("kpis", "lifecycle", "segments", "reasons", "first_experience"):
        said = {row[0]["text"] for row in turkish[name]["rows"]}
        assert not said & {row[0]["text"] for row in english[name]["rows"]} - {"VIP"}, name


def test_no_customer_is_named_and_all_is_json(overview: Overview, shop: Shop) -> None:
    told = json.dumps(summarise_shop(overview), allow_nan=False)
    customers = shop.tables["orders"].customer_id.to_pandas()
    assert not any(f'"{customer}"' in told or f"{customer}@" in told for customer in customers.unique())


def test_words_of_the_shop_are_not_taken_for_names_of_ours(overview: Overview) -> None:
    own = overview.topics.assign(topic="quality")  # also a reason of leaving
    groups = overview.groups.assign(value="service", is_small=False)
    turkish = blocks(replace(overview, topics=own, groups=groups), "tr")
    assert {row[0]["text"] for row in turkish["topics"]["rows"]} == {"quality"}
    assert {row[1]["text"] for row in turkish["groups"]["rows"]} == {"service"}


def test_values_of_the_shop_have_the_names_that_people_use(overview: Overview) -> None:
    topics = overview.topics.head(2).assign(topic=["late delivery", "other"])
    groups = overview.groups.head(3).assign(group=["channel", "city", "city"], value=["web", "Izmir", "web"])
    names = ValueNames(
        {
            "Late Delivery": "Geç teslimat",
            "orders.channel": {"web": "İnternet"},
            "customers.city": {"Izmir": "<s>İzmir</s>"},
        }
    )
    named = replace(overview, topics=topics, groups=groups).named(names)
    shown = blocks(named, "tr")
    assert [row[0]["text"] for row in shown["topics"]["rows"]] == ["Geç teslimat", "diğer"]
    assert [(row[0]["text"], row[1]["text"]) for row in shown["groups"]["rows"]] == [
        ("kanal", "İnternet"),
        ("city", "<s>İzmir</s>"),
        ("city", "web"),
    ]
    page = render_page(make_summary(5) | {"shop": summarise_shop(named)})
    assert "Geç teslimat" in page
    assert "<s>" not in page
    assert "&lt;s&gt;İzmir&lt;/s&gt;" in page


@pytest.mark.slow
def test_an_address_that_passes_for_a_group_names_nobody() -> None:
    names = [f"customer-{place:02d}" for place in range(20)]
    days = ["2024-01-05", "2024-06-01", "2024-11-20", "2025-01-15"]
    orders = pd.DataFrame(
        [(f"{name}/{day}", name, day, 10.0) for name in names for day in days],
        columns=["order_id", "customer_id", "ordered_at", "amount"],
    )
    customers = pd.DataFrame(
        {
            "customer_id": names,
            "email": [f"{name}@mail.example" for name in names],
            "city": ["Izmir", "Ankara"] * 10,
        }
    )
    overview = analyse(read({"orders": orders, "customers": customers}), "2025-01-15")
    told = json.dumps(summarise_shop(overview)) + "".join(table.to_csv() for table in overview.tables().values())
    assert not any(name in told for name in names)
    assert "Izmir" in told


def test_texts_of_the_shop_stay_texts(overview: Overview) -> None:
    hostile = "<script>window.hacked = 1</script>"
    topics, groups = overview.topics.assign(topic=hostile), overview.groups.assign(group=hostile, value=hostile)
    groups = groups.assign(is_small=False)
    summary = make_summary(5) | {"shop": summarise_shop(replace(overview, topics=topics, groups=groups))}
    page = render_page(summary)
    assert hostile not in page
    shown = blocks(replace(overview, topics=topics, groups=groups))["groups"]["rows"]
    assert page.count("&lt;script&gt;window.hacked = 1&lt;/script&gt;") == len(topics) + 2 * len(shown)
    assert len(page.encode()) < MOST_BYTES


@pytest.mark.slow
def test_without_an_overview_the_part_is_not_there() -> None:
    for summary in (make_summary(5), make_summary(5) | {"shop": None}):
        assert 'id="shop"' not in render_page(summary)
        assert 'href="#shop"' not in render_page(summary)


@pytest.mark.parametrize("language", ["en", "tr"])
def test_the_part_has_no_style_of_its_own_and_opens_with_the_key_figures(overview: Overview, language: str) -> None:
    page = render_page(make_summary(5, language) | {"shop": summarise_shop(overview)})
    part = page[page.index('<section id="shop"') : page.index('<section id="drivers"')]
    assert "style=" not in part
    assert "<script" not in part
    assert part.count("<details open>") == 1
    assert part.count("<details>") == len(blocks(overview)) - 1


def test_a_shop_with_orders_alone_leaves_out_what_it_does_not_tell(overview: Overview) -> None:
    orders = pd.DataFrame(
        [("1", "a", "2024-01-05", 10.0), ("2", "a", "2024-06-01", 12.5), ("3", "b", "2025-02-03", 8.0)],
        columns=["order_id", "customer_id", "ordered_at", "amount"],
    )
    found = blocks(analyse(read({"orders": orders}), "2024-09-01"))
    assert {"topics", "groups", "experience", "first_experience"}.isdisjoint(found)
    assert found["kpis"]["rows"]


def test_habits_name_the_most_frequent_of_each(overview: Overview) -> None:
    rows = blocks(overview)["habits"]["rows"]
    first = overview.habits[overview.habits["customers"] > 0].iloc[0]
    shares = overview.habit_shares
    own = shares[(shares["group"] == first["group"]) & (shares["value"] == first["value"])]
    most = {habit: rows.loc[rows["share"].idxmax()] for habit, rows in own.groupby("habit")}
    texts = [cell["text"] for cell in rows[0]]
    assert texts[2:6] == [
        f"{first['customers']:,}",
        f"{first['orders_per_customer']:.2f}",
        f"€{first['order_value']:,.2f}",
        f"{first['lines_per_order']:.2f}",
    ]
    assert texts[6:9] == [most[habit]["of"] for habit in ("weekday", "channel", "category")]
    assert rows[0][6]["small"] == f"{most['weekday']['share']:.0%}"
    assert len(rows) == (overview.habits["customers"] > 0).sum()
