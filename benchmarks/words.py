"""Time of what people read: sentences, the spreadsheet, and a search in the page.

    python benchmarks/words.py

The search is timed in Chromium, where it is installed.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from churnml.features.family_catalogue import catalogue
from churnml.features.sentences import Sentences
from churnml.reporting.page import render_page
from tests.reporting.page.made_up import make_summary
from tests.reporting.test_spreadsheet import a_list
from tests.reporting.test_spreadsheet import write as write_list

SEARCHES = ["order", "c1", "complaint has been", "zzz", "late 3", ""]
SEARCH = """(texts) => {
    const box = document.querySelector("#controls [name=query]");
    return texts.map((text) => {
        box.value = text;
        const start = performance.now();
        box.dispatchEvent(new Event("input", { bubbles: true }));
        document.body.offsetHeight;
        return performance.now() - start;
    });
}"""


def sentences(rows: int = 20_000) -> float:
    """Give how many sentences are written in a second."""
    rng = random.Random(5)
    drawn = [{"amount_sum_90d": rng.randrange(10**7) / 100, "gap_mean_days": rng.uniform(1, 90)} for _ in range(rows)]
    written = Sentences(catalogue(), "tr", "TRY")
    start = time.perf_counter()
    for row in drawn:
        written.write("amount_sum_90d", row)
        written.write("gap_mean_days", row)
    return 2 * rows / (time.perf_counter() - start)


def spreadsheet(folder: Path, rows: int = 5_000) -> float:
    """Give the seconds that a work list of so many rows takes."""
    frame = a_list([f"C{number}" for number in range(rows)], ["call", "reminder"])
    start = time.perf_counter()
    write_list(frame, folder / "worklist.xlsx")
    return time.perf_counter() - start


def searches(folder: Path, browser: str, customers: int = 5_000) -> dict[str, float]:
    """Give the milliseconds that each search in the page of so many customers takes."""
    file = folder / "report.html"
    file.write_text(render_page(make_summary(customers, listed=400, events=20)), encoding="utf-8")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page()
        page.goto(file.as_uri())
        page.wait_for_selector("#controls:not([hidden])")
        page.get_by_text(f"All ({customers:,})").click()
        return dict(zip(SEARCHES, page.evaluate(SEARCH, SEARCHES), strict=True))


def main() -> None:
    """Print the three."""
    print(f"{sentences():,.0f} sentences a second")
    with tempfile.TemporaryDirectory() as name:
        print(f"5,000 rows of the spreadsheet: {spreadsheet(Path(name)):.1f} s")
        if browser := shutil.which("chromium") or shutil.which("google-chrome"):
            for text, taken in searches(Path(name), browser).items():
                print(f"search for {text!r} among 5,000 customers: {taken:.0f} ms")


if __name__ == "__main__":
    main()
