"""The page in every width, scheme and language: looked at, nothing wider than the screen, nothing that axe minds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from churnml.words import LANGUAGES
from tests.reporting.page.conftest import Open
from tests.reporting.page.made_up import make_summary

pytestmark = pytest.mark.slow

WIDTHS = (1440, 1280, 768, 390)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PICTURES = "CHURNML_TEST_PICTURES"
"""Environment variable that names the folder in which the pictures stay."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get(PICTURES) or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def serious(page: Page, part: str) -> list[str]:
    """Return what axe minds much, of a part of the page: all rules that can be serious or critical are asked."""
    options = {"resultTypes": ["violations"]}
    found = Axe().run(page, context=part, options=options).response["violations"]
    return [json.dumps(one)[:600] for one in found if one["impact"] in ("serious", "critical")]


def wider(page: Page) -> list[str]:
    """Name what sticks out: the page beyond the screen, the list and the story beyond their boxes."""
    names: list[str] = page.evaluate("""() => ["html", "#table", "#story"].filter((name) => {
        const one = document.querySelector(name);
        return one.scrollWidth > one.clientWidth;
    })""")
    return names


def unfold(page: Page, part: str, is_open: list[bool] | None = None) -> None:
    """Open what is folded, or fold as it was."""
    script = "(all, was) => all.forEach((one, at) => { one.open = was ? was[at] : true; })"
    page.locator(f"{part} details").evaluate_all(script, is_open)


def cells(page: Page) -> Iterator[str]:
    """Show the page in every width and scheme, and name each."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            yield f"{width}-{scheme}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_width_and_scheme_is_whole(
    open_page: Open, shop_part: dict[str, Any], pictures: Path, language: str
) -> None:
    with open_page(make_summary(12, language, listed=8, events=8) | {"shop": shop_part}) as page:
        as_opened = page.locator("main details").evaluate_all("(all) => all.map((one) => one.open)")
        first = page.locator("#customers tbody tr").first.locator("td.reason_1")
        for cell in cells(page):
            unfold(page, "main", as_opened)
            page.screenshot(path=pictures / f"{language}-{cell}.png", full_page=True)
            assert wider(page) == [], cell
            unfold(page, "main")
            assert wider(page) == [], cell
        # Rows of a table are alike, and axe looks at each for long.
        page.evaluate("document.querySelectorAll('#shop tbody tr:nth-child(n + 3)').forEach((row) => row.remove())")
        for cell in cells(page):
            assert serious(page, "html") == [], cell
            first.click()
            unfold(page, "#story")
            assert wider(page) == [], cell
            if cell in ("1440-light", "390-dark"):  # of either width and scheme, as each takes axe long
                assert serious(page, "#story") == [], cell
            page.keyboard.press("Escape")
