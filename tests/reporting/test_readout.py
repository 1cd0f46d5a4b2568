"""The readout as page, JSON and tables: what it says is what was computed, in every language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.axes import Axes

from churnml.campaigns.readout import Readout, read_out
from churnml.config import Config
from churnml.data.reading import read
from churnml.reporting.readout import summarise_readout, to_json, write_readout
from churnml.words import LANGUAGES, Language, words
from tests.campaigns.made_campaign import make_campaign, make_ledger, make_tables

Measure = Callable[..., list[str]]


def in_language(language: Language) -> Config:
    return Config.model_validate({"scoring": {"language": language}})


@pytest.fixture(scope="module")
def readout() -> Readout:
    shop, ledger = make_campaign(400, 4, effect=-0.2, delivery=0.8)
    return read_out(shop, ledger)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_was_found_and_needs_nothing_else(
    readout: Readout, language: Language, tmp_path: Path
) -> None:
    groups = ["play", "band", "entered_on", "segment"]
    page, figures, effects, *_ = write_readout(readout, tmp_path, in_language(language), "EUR", groups)
    text = page.read_text(encoding="utf-8")
    told = summarise_readout(readout, language, "EUR", ["play", "entered_on"])
    for sentence in [*told["brought"], *told["notes"], *(said for _, said in told["checks"])]:
        assert sentence in text
    assert "http" not in text.split("<main>")[1]
    assert "<script" not in text
    assert not re.search(r"\b(nan|None|inf)\b|[{}]", text.split("<main>")[1])
    assert text.count("<svg") == 1
    # What nobody told, such as segments, has no table.
    assert len(told["groups"]) == 2
    assert words(language)["columns"]["segment"]["title"] not in text
    assert json.loads(figures.read_text())["causal"] is True
    pd.testing.assert_frame_equal(pd.read_parquet(effects), readout.effects)


def test_the_same_readout_is_the_same_bytes(readout: Readout, tmp_path: Path) -> None:
    one, other = (write_readout(readout, tmp_path / name, Config(), "EUR") for name in ("a", "b"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_json_holds_the_numbers_themselves(readout: Readout) -> None:
    found = to_json(readout, ["play"])
    row = found["effects"][0]
    assert row["effect"] == readout.effects.effect[0]
    assert found["by"]["play"][0]["play"] == "call"
    assert found["planned_on"] == {"retention": None}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_an_effect_without_an_end_is_a_dash_and_null() -> None:
    ledger = make_ledger(200, 2)
    few = read_out(read(make_tables(ledger, effect=-0.1, delivery=0.01)), ledger)
    row = next(row for row in to_json(few)["effects"] if row["estimand"] == "CACE")
    assert (row["low"], row["high"], row["verdict"]) == (None, None, "too_few_sent")
    cells = summarise_readout(few, "en", None)["effects"]["rows"][1]
    assert cells[3] == "–"


def test_pictures_show_every_list(readout: Readout) -> None:
    axes = readout.plot_sequence()
    assert isinstance(axes, Axes)
    assert len(axes.lines[0].get_ydata()) == 4
    assert len(readout.plot_effects().get_yticklabels()) == len(
        readout.effects[readout.effects.outcome.str.startswith("churned")]
    )


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_on_every_screen(readout: Readout, chromium: str, tmp_path: Path, width: int) -> None:
    from playwright.sync_api import sync_playwright

    page, *_ = write_readout(readout, tmp_path, in_language("de"), "EUR", ["play", "entered_on"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": width, "height": 900})
        errors: list[str] = []
        opened.on("console", lambda message: errors.append(message.text))
        opened.goto(page.as_uri())
        wide = opened.evaluate("document.documentElement.scrollWidth")
        title = opened.title()
        browser.close()
    assert wide <= width
    assert title == words("de")["readout"]["title"]
    assert errors == []
