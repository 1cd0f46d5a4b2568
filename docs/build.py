"""Build the site: put its pages together, build it with warnings as errors, and check every link of the result.

Run by ``make docs``. The pages of ``docs/pages`` are copied, with the output of their commands; tutorials, reference,
pictures and the sample list are made. Nothing is fetched from a network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from html.parser import HTMLParser
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docs.blocks import PAGES, blocks_of, run_page, with_outputs
from docs.explain import draw_explanations
from docs.reference import write_reference
from docs.shop import light_training, make_shop
from docs.tutorials import write_tutorials

HERE = Path(__file__).parent
STAGE, SITE = HERE / ".build", HERE / "site"
SAMPLE = ("report.html", "worklist.xlsx", "worklist.csv", "run.json")
_FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
_AT_ONCE = 2
_WARNING = re.compile(r"\bwarning\b|\berror\b|^(griffe|mkdocstrings): ", re.IGNORECASE | re.MULTILINE)


def main() -> None:
    """Build the site; a warning, a broken link or code that fails ends it."""
    for folder in (STAGE, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PAGES, STAGE)
    with tempfile.TemporaryDirectory() as scratch:
        shop = make_shop(Path(scratch) / "shop")
        for name in SAMPLE:
            shutil.copy(shop / "list" / name, STAGE / "sample" / name)
        shown = [
            page for page in sorted(STAGE.rglob("*.md")) if any(block.shows for block in blocks_of(page.read_text()))
        ]
        with ProcessPoolExecutor(_AT_ONCE, get_context("spawn")) as pool:
            for page, text in zip(shown, pool.map(show_outputs, shown, [shop] * len(shown)), strict=True):
                page.write_text(text, encoding="utf-8")
    write_reference(STAGE / "reference")
    write_tutorials(STAGE / "tutorials")
    draw_explanations(STAGE / "explanations")
    (STAGE / "project").mkdir()
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(HERE.parent / name, STAGE / "project" / name.lower())
    _run_zensical()
    broken = sorted(set(broken_links(SITE)))
    if broken:
        sys.exit("\n".join(["Broken links:", *broken]))
    print(f"Built {sum(1 for _ in SITE.rglob('*.html'))} pages: {SITE / 'index.html'}")


def show_outputs(page: Path, shop: Path) -> str:
    """Execute a page on a copy of the shop, and give it with the outputs that it shows."""
    warnings.simplefilter("ignore")
    text, folder = page.read_text(encoding="utf-8"), Path(tempfile.mkdtemp(dir=shop.parent)) / page.stem
    shutil.copytree(shop, folder)
    try:
        with light_training():
            return with_outputs(text, run_page(text, folder))
    except BaseException as error:
        raise RuntimeError(f"{page.relative_to(STAGE)}: {error}\n{''.join(getattr(error, '__notes__', []))}") from None


def broken_links(site: Path) -> Iterator[str]:
    """Give the links within a site that lead nowhere, and whatever a page would fetch from elsewhere."""
    pages = {path: _Page(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        if path.name in ("404.html", *SAMPLE):  # the one has absolute links, the other is a file of its own
            continue
        for tag, link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if tag in _FETCHED and parts.scheme != "data":
                    yield f"{path.relative_to(site)}: fetches {link}"
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            target = target / "index.html" if target.is_dir() else target
            is_there = target.exists()
            if not is_there or (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids
            ):
                yield f"{path.relative_to(site)}: {link}"


class _Page(HTMLParser):
    """The links of a page, and the names of its places."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.ids = {"__top", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids |= {values[name] or "" for name in ("id", "name") if name in values}
        link = values.get("href") if tag == "a" else values.get(_FETCHED.get(tag, ""))
        if link is not None and not (tag == "link" and values.get("rel") == "canonical"):
            self.links.append((tag, link))


def _run_zensical() -> None:
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--clean", "--strict", "-f", "zensical.toml"]
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    said = f"{done.stdout}{done.stderr}"
    if done.returncode or _WARNING.search(said):
        sys.exit(said)


if __name__ == "__main__":
    main()
