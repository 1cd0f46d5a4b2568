"""A browser, and the page opened in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from churnml.data.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

Open = Callable[..., AbstractContextManager["Page"]]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Open:
    """Open the page of a summary; on leaving, it must have asked for nothing and complained of nothing."""

    from churnml.reporting.page import render_page

    @contextmanager
    def opened(
        summary: dict[str, Any], scheme: str = "light", width: int = 1280, script: bool = True
    ) -> Iterator[Page]:
        file = tmp_path / "report.html"
        file.write_text(render_page(summary), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
        )
        page = context.new_page()
        asked: list[str] = []
        said: list[str] = []

        def note_request(request: Request) -> None:
            asked.append(request.url)

        def note_message(message: ConsoleMessage) -> None:
            said.append(f"{message.type}: {message.text}")

        page.on("request", note_request)
        page.on("console", note_message)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        if script:
            page.wait_for_selector("#controls:not([hidden])")
        yield page
        assert asked == [file.as_uri()]
        assert said == []
        context.close()

    return opened


@pytest.fixture(scope="module")
def shop_part(shop: Shop) -> dict[str, Any]:
    """What the page says of the shop as a whole."""
    from churnml.analytics.overview import analyse
    from churnml.reporting.page.shop_summary import summarise_shop

    return summarise_shop(analyse(shop, "2025-03-01"))
