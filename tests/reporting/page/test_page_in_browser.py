"""The page in a real browser: opened from a file, without network, by mouse and by keyboard, and looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from churnml.reporting.page import render_page
from tests.reporting.page.conftest import Open
from tests.reporting.page.made_up import bare, make_summary

pytestmark = pytest.mark.slow

ROWS = 5_000
MOST_BYTES = 3_000_000
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>window.hacked = 1</script>",
    "<!-- <script>",
    '"><img src=x onerror="window.hacked = 1">&amp;',
    "a\u2028b\u2029c 'quoted' \"twice\" & &lt;b&gt; {{ 7 * 7 }}",
)


@pytest.fixture(scope="module")
def large() -> dict[str, Any]:
    return make_summary(ROWS, listed=400, events=20)


def ids(page: Page) -> list[str]:
    return page.locator("#customers tbody td.customer_id").all_inner_texts()


def info(page: Page) -> str:
    return page.locator(".dt-info").inner_text()


def test_five_thousand_customers_open(open_page: Open, large: dict[str, Any]) -> None:
    assert len(render_page(large).encode()) < MOST_BYTES
    with open_page(large) as page:
        assert info(page) == "1–25 of 400"
        page.get_by_text("All (5,000)").click()
        assert info(page) == "1–25 of 5,000"


def test_the_search_finds_customers_reasons_and_plays_without_marks_and_case(open_page: Open) -> None:
    summary = make_summary(60, "tr", listed=60)
    summary["customers"][3]["leaving"] = [
        {"concept": "complaints", "sentence": "İADE EDİLEN ürün, ılık şikâyet", "weight": 1.0}
    ]
    with open_page(summary) as page:
        box = page.get_by_role("searchbox", name="Ara")
        box.fill(summary["carried"]["email"][3].upper())
        assert ids(page) == [summary["customers"][3]["customer_id"]]
        for query in ("iade edilen", "ILIK ŞİKAYET", "ılık sikayet", summary["customers"][3]["customer_id"].lower()):
            box.fill(query)
            assert ids(page) == [summary["customers"][3]["customer_id"]], query
        box.fill("yok böyle biri")
        expect(page.locator("#customers tbody")).to_contain_text("Eşleşen müşteri yok")


@pytest.mark.parametrize(
    ("label", "name", "of"),
    [
        ("Play", "play", lambda one: [one["play"]]),
        ("Segment", "segment", lambda one: [one["segment"]]),
        ("Reason", "reason", lambda one: [reason["concept"] for reason in one["leaving"]]),
    ],
)
def test_a_filter_keeps_those_who_have_it(
    open_page: Open, label: str, name: str, of: Callable[[dict[str, Any]], list[str]]
) -> None:
    summary = make_summary(40, listed=25)
    with open_page(summary) as page:
        value = of(summary["customers"][0])[0]
        page.get_by_role("combobox", name=label).select_option(value)
        expected = [one["customer_id"] for one in summary["customers"] if value in of(one) and one["list_rank"]]
        assert ids(page) == expected
        page.get_by_role("button", name="Clear").click()
        assert len(ids(page)) == 25
        assert page.locator(f"[name={name}]").input_value() == ""


def test_columns_sort_by_their_numbers_and_texts(open_page: Open) -> None:
    summary = make_summary(25, listed=25)
    summary["customers"][4]["play"] = None
    with open_page(summary) as page:
        by_value = sorted(summary["customers"], key=lambda one: -one["churn_probability"])
        page.locator("thead th.churn_probability .dt-column-order").press("Enter")
        expect(page.locator("thead th.churn_probability")).to_have_attribute("aria-sort", "descending")
        assert ids(page) == [one["customer_id"] for one in by_value]
        page.locator("thead th.play").click()
        expect(page.locator("thead th.play")).to_have_attribute("aria-sort", "ascending")
        titles = page.locator("#customers tbody td.play").all_inner_texts()
        assert titles[-1] == "–"
        assert titles[:-1] == sorted(titles[:-1], key=str.lower)


def test_a_story_opens_by_mouse_and_by_keyboard_and_gives_the_focus_back(open_page: Open) -> None:
    summary = make_summary(30, listed=20)
    first, second = summary["customers"][:2]
    with open_page(summary) as page:
        dialog = page.get_by_role("dialog", name=f"Story of {first['customer_id']}")
        page.locator("#customers tbody tr").first.locator("td.reason_1").click()
        expect(dialog).to_be_visible()
        expect(dialog).to_contain_text(first["leaving"][0]["sentence"])
        expect(dialog).to_contain_text(summary["plays"][first["play"]]["wording"])
        expect(dialog).to_contain_text("A contact keeps +8.2 of 100 such customers, it is expected. Moves that: ")
        expect(dialog).to_contain_text("assumed")
        expect(dialog).to_contain_text(summary["carried"]["email"][0])
        expect(dialog).not_to_contain_text("First name")
        for _, _, text in first["events"]:
            assert dialog.get_by_text(text, exact=True).count()
        assert dialog.locator(".timeline circle").count() == len(first["events"])
        assert (
            dialog.locator("ul.weights").first.locator("li").count()
            == len(first["leaving"]) + len(first["staying"]) + 2
        )
        assert page.evaluate("document.activeElement.id") == "story-title"
        page.keyboard.press("Escape")
        expect(page.locator("#story")).to_be_hidden()
        assert page.evaluate("document.activeElement.textContent") == first["customer_id"]

        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("dialog", name=f"Story of {second['customer_id']}")).to_be_visible()
        page.get_by_role("button", name="Previous customer").click()
        for _ in range(20):  # what one can reach stays within the story
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('#story')"
            )
        page.get_by_role("button", name="Close").click()
        assert page.evaluate("document.activeElement.textContent") == first["customer_id"]


@pytest.mark.parametrize("language", ["en", "tr"])
def test_the_page_is_in_the_language_of_the_list(open_page: Open, language: str) -> None:
    with open_page(make_summary(30, language)) as page:
        assert page.locator("html").get_attribute("lang") == language
        day, money = ("Jun 30, 2025", ",") if language == "en" else ("30 Haz 2025", ".")
        expect(page.locator("header.top")).to_contain_text(day)
        assert money in page.locator(".tiles dd").nth(1).inner_text()
        page.locator("#customers tbody tr").first.click()
        expect(page.locator("#story")).to_contain_text("What to do" if language == "en" else "Ne yapmalı")


@pytest.mark.parametrize("script", [True, False])
def test_hostile_texts_stay_texts(open_page: Open, script: bool) -> None:
    summary = make_summary(20, listed=20)
    for one, text in zip(summary["customers"], HOSTILE, strict=False):
        one |= {"customer_id": text, "segment": text, "play_rule": text, "lifecycle_stage": text, "change": text}
        one["leaving"] = [{"concept": text, "sentence": text, "weight": 0.5}]
        one["staying"] = [{"concept": text, "sentence": text, "weight": -0.5}]
        one["weights"] = {**one["weights"], text: 0.5}
        one["events"] = [["2025-05-01", text, text]]
        one["play"] = text
        summary["carried"] = {text: [text] * 20}
        summary["plays"][text] = dict.fromkeys(("title", "wording", "owner"), text) | {"cost": 1.0, "offer": 1.0}
    summary["changes"]["rows"] = [
        {"customer_id": text, "change": text, "before": 0.1, "now": 0.2, "sentence": text} for text in HOSTILE
    ]
    summary["changes"]["counts"] = dict.fromkeys(HOSTILE, 1)
    summary["drivers"] = [{"concept": text, "weight": 1.0} for text in HOSTILE]
    summary["excluded"] = dict.fromkeys(HOSTILE, 1)
    summary["holdout"][0] = HOSTILE[0]
    summary["model_version"] = HOSTILE[1]
    with open_page(summary, script=script) as page:
        page.on("dialog", lambda _: pytest.fail("a script ran"))
        shown = [one.strip() for one in page.locator("#customers tbody td.customer_id").all_text_contents()]
        assert shown[: len(HOSTILE)] == list(HOSTILE)
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 3
        if not script:
            return
        for column in ("customer_id", "reason_1", "segment", "change", "play"):
            page.locator(f"thead th.{column}").click()
        page.get_by_role("searchbox").fill("alert(1)")
        assert ids(page) == [HOSTILE[0]]
        page.get_by_role("searchbox").fill("")
        for _ in HOSTILE:
            page.locator("#customers tbody tr button").first.click()
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Escape")
        for text in HOSTILE:
            page.get_by_role("combobox", name="Segment").select_option(text)
            page.locator("#customers tbody tr button").first.click()
            assert page.locator("#story-title").text_content() == f"Story of {text}"
            assert page.locator("#story .events li span").first.text_content() == text
            page.keyboard.press("Escape")
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 3


@pytest.mark.parametrize("customers", [1, 60])
def test_a_list_that_has_little_opens_all_the_same(open_page: Open, customers: int) -> None:
    with open_page(bare(make_summary(customers))) as page:
        assert len(ids(page)) == min(customers, 25)
        expect(page.locator(".tiles")).to_contain_text("No earlier list")
        expect(page.locator("#left_out")).to_contain_text("Nobody is held out")
        assert page.get_by_role("combobox", name="Play").count() == 0
        assert page.locator("#trust svg").count() == 0
        page.locator("#customers tbody tr").first.click()
        expect(page.locator("#story")).to_contain_text("No events are known.")


def test_without_script_the_start_of_the_list_is_there(open_page: Open) -> None:
    summary = make_summary(80, listed=70)
    with open_page(summary, script=False) as page:
        assert len(ids(page)) == 50
        expect(page.get_by_text("Open the file in a browser")).to_be_visible()
        expect(page.locator("#controls")).to_be_hidden()


def test_a_browser_that_cannot_open_the_data_says_so(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_page(make_summary(80, listed=70)), encoding="utf-8")
    context = browser.new_context()
    context.add_init_script("delete globalThis.DecompressionStream;")
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.get_by_text("Please use a current version of Chrome")).to_be_visible()
    assert len(ids(page)) == 50
    context.close()


def test_what_is_printed_is_the_first_hundred_of_what_is_seen(open_page: Open, tmp_path: Path) -> None:
    with open_page(make_summary(300, listed=150)) as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert len(ids(page)) == 100
        expect(page.get_by_text("Printed: the first 100 of 150 customers.")).to_be_visible()
        for hidden in ("#controls", "nav", ".dt-paging"):
            expect(page.locator(hidden).first).to_be_hidden()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
        assert len(ids(page)) == 25
        page.locator("#customers tbody tr").first.click()
        page.emulate_media(media="print")
        expect(page.locator("main")).to_be_hidden()
        expect(page.locator("#story")).to_be_visible()
        page.emulate_media(media="screen")
        page.keyboard.press("Escape")
        page.pdf(path=tmp_path / "report.pdf", format="A4")
        assert (tmp_path / "report.pdf").stat().st_size > 10_000


@pytest.mark.parametrize("language", ["en", "tr"])
def test_the_shop_fits_on_paper(open_page: Open, shop_part: dict[str, Any], language: str) -> None:
    summary = make_summary(5, language) | {"shop": shop_part}
    with open_page(summary) as page:
        headings = page.locator("#shop summary h3")
        page.emulate_media(media="print")
        expect(headings.first).to_be_visible()
        expect(headings.nth(1)).to_be_hidden()  # a folded part is not printed
        page.emulate_media(media="screen")
        for details in page.locator("#shop details").all():
            details.evaluate("(one) => { one.open = true; }")
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 703, "height": 1000})  # A4 less margins of 12 mm: 186 mm x 96 / 25.4
        for table in page.locator("#shop .wide").all():
            assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth"), table.get_attribute("aria-label")
