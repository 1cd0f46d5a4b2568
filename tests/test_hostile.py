"""Hostile text in every text column is text wherever it goes: page, sheet, CSV, manifest, MLflow and terminal."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import logging
import os
import re
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.escape import unescape

from churnml import cli
from churnml.printable import printable
from churnml.reporting.csv_files import read_csv
from tests.hostile import COLUMNS, MARK, NAMED, SHORT, TEXTS, hostile_shop
from tests.test_printable import ACTS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning:openpyxl"),
]
SETTINGS = """
features: {families: [recency, frequency, monetary, complaints, level]}
training: {candidates: [recency_rule, rfm_logistic], folds: 1, bootstrap_draws: 20}
snapshots: {every_days: 90}
"""
Run = Callable[..., str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a hostile shop and its settings, in which the commands run."""
    place = tmp_path_factory.mktemp("hostile")
    hostile_shop(place / "shop", customers=1_000)
    (place / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("CHURNML_CACHE", str(place / "cache"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield place


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    """Run a command on the shop; gives all that it prints."""

    def call(*arguments: str, code: int = 0) -> str:
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
            patch.setattr(sys, "argv", ["churnml", *arguments])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        assert (ended.value.code or 0) == code, printed.getvalue()
        return printed.getvalue()

    return call


@pytest.fixture(scope="module")
def listed(run: Run, place: Path) -> Path:
    """The folder of a list by a model that was trained on the shop."""
    run("train", "shop", "--config", "settings.yaml")
    said = run("score", "shop", "--config", "settings.yaml", "--out", "out")
    assert MARK in said
    assert not ACTS.findall(said)
    return place / "out"


@pytest.fixture(scope="module")
def ranking(listed: Path) -> pd.DataFrame:
    return pd.read_parquet(listed / "ranking.parquet")


class Page(HTMLParser):
    """What a browser makes of a page: elements, attributes and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[tuple[str, str]] = set()
        self.texts: list[str] = []
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def data_of(html: str) -> dict[str, Any]:
    packed = re.search(r'id="data">([A-Za-z0-9+/=]+)</script>', html)
    assert packed is not None
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    return data


def test_the_shop_holds_every_text_in_every_column(place: Path) -> None:
    for table, columns in COLUMNS.items():
        frame = pd.read_parquet(place / "shop" / f"{table}.parquet")
        for column in columns:
            held = set(frame[column].dropna()) - {NAMED}
            assert held <= set(TEXTS.values())
            assert TEXTS["long"] in held
            assert len(held) > min(len(SHORT), frame[column].notna().sum() - 4), (table, column)


def test_no_element_or_attribute_of_the_page_is_made_of_it(listed: Path, ranking: pd.DataFrame) -> None:
    html = (listed / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(html)
    assert not {"img", "iframe", "object", "base", "embed", MARK} & set(page.elements)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "autofocus"]
    assert not [value for _, value in page.attributes if MARK in value]
    assert page.comments == []
    assert page.elements.count("script") == 3, "two of the page's own, and the data"
    said = " ".join(page.texts)
    assert f"<script>alert('{MARK}')</script>" in said
    data = data_of(html)
    complaining = read_csv(listed / "lists" / "complaints.csv", language="en")["customer_id"]  # also the unranked
    assert set(data["customers"]["customer_id"]) == {*ranking["customer_id"], *complaining}


def test_no_cell_of_the_sheet_is_a_formula_or_a_link(listed: Path) -> None:
    with zipfile.ZipFile(listed / "worklist.xlsx") as book:
        parts = {name: book.read(name).decode("utf-8") for name in book.namelist() if name.endswith((".xml", ".rels"))}
    assert not [name for name, text in parts.items() if re.search(r"<f[ >]|<hyperlink|TargetMode=.External", text)]
    assert MARK not in parts["docProps/core.xml"] + parts["docProps/app.xml"]
    sheet = openpyxl.load_workbook(listed / "worklist.xlsx").worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    ids = [unescape(row[heads.index("Customer")].value) for row in sheet.iter_rows(min_row=2)]
    known = read_csv(listed / "worklist.csv", language="en")["customer_id"]
    assert ids == known.str.replace("[\ufffe\uffff]", "\ufffd", regex=True).tolist()


@pytest.mark.parametrize("name", ["ranking.csv", "worklist.csv"])
def test_no_cell_of_a_csv_file_is_a_formula(name: str, listed: Path, ranking: pd.DataFrame) -> None:
    known = ranking.sort_values("list_rank")["customer_id"] if name == "worklist.csv" else ranking["customer_id"]
    read = read_csv(listed / name, language="en")["customer_id"].tolist()
    assert read == known.tolist()[: len(read)]
    text = (listed / name).read_text(encoding="utf-8-sig")
    for separator in (",", ";", "\t"):  # the right one, and those that programs of other regions take for it
        cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]
        starts = [cell for cell in cells if re.match(r"[\x00-\x20\ufeff]*[=+@\-\uff1d]", cell) and MARK in cell]
        assert starts == [], separator


def test_the_manifest_is_json_and_the_ranking_what_it_was(listed: Path, ranking: pd.DataFrame, place: Path) -> None:
    json.loads((listed / "run.json").read_text(encoding="utf-8"))
    ours = pd.read_parquet(place / "shop" / "customers.parquet")["customer_id"]
    assert set(ranking["customer_id"]) <= set(ours)


def test_mlflow_and_the_model_hold_nothing_of_the_shops_texts(listed: Path, place: Path) -> None:
    files = [path for path in (place / "models").rglob("*") if path.is_file()]
    assert [path.name for path in files if MARK.encode() in path.read_bytes()] == []
    cards = [path.read_text(encoding="utf-8") for path in files if path.name == "model_card.md"]
    assert len(cards) == 1
    assert "<" not in cards[0]
    with sqlite3.connect(place / "models" / "mlflow.db") as database:
        notes = database.execute("select value from tags where key in ('mlflow.note.content', 'verdict.sentence')")
        assert len(said := [value for (value,) in notes]) == 2
    assert not [value for value in said if ACTS.findall(value.replace("\n", ""))]


def some(ranking: pd.DataFrame, text: str) -> str:
    return str(next(known for known in ranking["customer_id"] if known.startswith(TEXTS[text])))


@pytest.mark.parametrize(
    "arguments",
    [("check", "shop"), ("kpis", "shop", "--snapshot", "2025-03-01"), ("window", "shop")],
    ids=lambda arguments: arguments[0],
)
def test_nothing_acts_on_the_terminal(arguments: tuple[str, ...], run: Run) -> None:
    said = run(*arguments)
    assert not ACTS.findall(said)
    assert (MARK in said) is (arguments[0] == "kpis")


def test_a_story_is_lines_of_text(run: Run, ranking: pd.DataFrame) -> None:
    customer = some(ranking, "escape")
    said = run("explain", "shop", customer, "--config", "settings.yaml")
    assert said.startswith(f"Customer {printable(customer)} on ")
    assert not ACTS.findall(said)
    told: dict[str, Any] = json.loads(
        run("explain", "shop", some(ranking, "template"), "--config", "settings.yaml", "--json")
    )
    assert told["customer_id"] == some(ranking, "template")


def test_a_model_in_a_folder_explains_and_an_edited_one_is_one_line(
    listed: Path, run: Run, ranking: pd.DataFrame
) -> None:
    found = next((listed.parent / "models").rglob("model.json")).parent
    customer = some(ranking, "markdown")
    said = run("explain", "shop", customer, "--model", str(found))
    assert said.splitlines()[-1].startswith("  ")
    assert not ACTS.findall(said)
    edited = Path(shutil.copytree(found, listed.parent / "edited"))
    content = json.loads((edited / "model.json").read_text(encoding="utf-8"))
    content["features"][0]["name"] = TEXTS["escape"]
    (edited / "model.json").write_text(json.dumps(content), encoding="utf-8")
    for command in (("explain", "shop", customer), ("score", "shop", "--out", "none")):
        said = run(*command, "--model", "edited", code=1)
        assert printable(TEXTS["escape"])[:20] in said
        assert not ACTS.findall(said)
        assert "Traceback" not in said
    assert not (listed.parent / "none").exists()


def test_a_pseudonymous_list_names_nobody(
    listed: Path, run: Run, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = os.umask(0)
    try:
        said = run("-v", "score", "shop", "--config", "settings.yaml", "--out", "hidden", "--pseudonymize", "keys")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in [place / "keys", *(place / "keys").iterdir()]}
    assert modes == {"keys": 0o700, "key": 0o600, "mapping.csv": 0o600}
    held = {path.name: path.read_bytes() for path in (place / "hidden").rglob("*") if path.is_file()}
    held |= {path.name: path.read_bytes() for path in (place / "models").rglob("*") if path.is_file()}
    held |= {path.name: path.read_bytes() for path in (place / "cache").rglob("*") if path.is_file()}
    with zipfile.ZipFile(place / "hidden" / "worklist.xlsx") as book:
        held |= {name: book.read(name) for name in book.namelist()}
    page = data_of(held["report.html"].decode("utf-8"))
    held |= {"data": json.dumps(page, ensure_ascii=False).encode(), "log": (said + caplog.text).encode()}
    ranking = pd.read_parquet(place / "hidden" / "ranking.parquet")
    held |= {"ranking": ranking.to_csv().encode(), "mapping": b""}
    assert ranking["customer_id"].str.fullmatch("p[0-9a-f]{16}").all()
    for secret in (
        rb"C0000\d\d\d",
        rb"person\.example",
        "Ayşe".encode(),
        (place / "keys" / "key").read_bytes().strip(),
    ):
        assert [name for name, content in held.items() if re.search(secret, content)] == []
    open_page = data_of((listed / "report.html").read_text(encoding="utf-8"))
    assert NAMED in json.dumps(open_page, ensure_ascii=False), "in the list with ids it is told"
    assert MARK in json.dumps(page), "what many share is told in both"
