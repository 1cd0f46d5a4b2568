"""The two pictures of the README, made of a list of the demo: ``python -m docs.pictures demo/list``.

The page is opened in Chromium. The spreadsheet becomes a page by LibreOffice, of which the first rows and columns are
shown. Both programs come from the system (Debian: ``chromium``, ``libreoffice-calc-nogui``).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).parent / "pages" / "pictures"
MOST_BYTES = 300_000
_ROWS, _COLUMNS = 11, 8
_WIDTH = 1280
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_CUT = """([rows, columns]) => {
  const table = document.querySelector("table");
  document.body.replaceChildren(table);
  document.body.style.margin = "0";
  [...table.rows].forEach((row, at) => { if (at >= rows) row.remove(); });
  [...table.rows].forEach(row => [...row.cells].forEach((cell, at) => {
    if (at >= columns) cell.remove();
    cell.removeAttribute("height");
    cell.style.cssText += "font: 15px 'DejaVu Sans', sans-serif; padding: 5px 10px; border-bottom: 1px solid #ddd;";
    cell.querySelectorAll("font").forEach(font => font.removeAttribute("size"));
  }));
  table.querySelectorAll("colgroup").forEach(group => group.remove());
}"""


def main() -> None:
    """Make both pictures of the folder of a list."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m docs.pictures FOLDER_OF_A_LIST")
    folder = Path(sys.argv[1])
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        sheet = _as_page(folder / "worklist.xlsx", Path(scratch))
        browser = playwright.chromium.launch(executable_path=_program("chromium", "chromium-browser"), args=_ARGUMENTS)
        _keep(_of_list(browser, sheet), PICTURES / "list.png")
        _keep(_of_page(browser, folder / "report.html"), PICTURES / "page.png")
        browser.close()


def _of_page(browser: Browser, report: Path) -> bytes:
    page = browser.new_page(viewport={"width": _WIDTH, "height": 900}, color_scheme="light")
    page.goto(report.resolve().as_uri())
    page.wait_for_timeout(1_000)
    return page.screenshot()


def _of_list(browser: Browser, sheet: Path) -> bytes:
    page = browser.new_page(viewport={"width": 2_400, "height": 900})
    page.goto(sheet.as_uri())
    page.evaluate(_CUT, [_ROWS, _COLUMNS])
    return page.locator("table").screenshot()


def _as_page(sheet: Path, folder: Path) -> Path:
    office = _program("soffice", "libreoffice")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [office, "--headless", profile, "--convert-to", "html", "--outdir", str(folder), str(sheet)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / f"{sheet.stem}.html"


def _keep(picture: bytes, path: Path) -> None:
    """Keep a picture in few colours, which looks the same and is a third as large."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{path}: {size:,} bytes, more than {MOST_BYTES:,}.")
    print(f"{path}: {size:,} bytes")


def _program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        sys.exit(f"{names[0]} is not installed.")
    return found


if __name__ == "__main__":
    main()
