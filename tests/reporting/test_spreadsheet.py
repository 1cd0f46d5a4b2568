"""The spreadsheet says what the list says, in both languages, and stays what it is in other programs."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import time
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from churnml.campaigns.holdout import HoldoutPlan
from churnml.campaigns.team import WRITTEN
from churnml.config import ProfitSettings, ScoringSettings
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.reporting import spreadsheet
from churnml.reporting.about import Facts, facts_of
from churnml.reporting.columns import column, columns, names_in
from churnml.reporting.excel import sheet_names
from churnml.reporting.spreadsheet import write_workbook
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.plays import Play, read_plays
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer
from churnml.words import LANGUAGES, Language, words
from churnml.words.campaigns import say_holdout
from churnml.words.names import name_of

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning:openpyxl")

LANGUAGES = LANGUAGES
DAY = date(2025, 6, 1)
HOSTILE = [
    '=HYPERLINK("http://x","y")',
    "+1",
    "-2",
    "@x",
    "007",
    "1E5",
    "2025-01-02",
    "<script>alert(1)</script>",
    "a&b",
    "{=1+1}",
    "http://example.org/",
    "mailto:a@b.c",
    "internal:'Sheet'!A1",
    " padded ",
    "two\nlines",
    "tab\there",
    "_x0041_",
    "12345678901234567890",
    "TRUE",
    "Ayşe İĞ",
    "😀" * 40,
    "x" * 3000,
    "",
]
CONTROL = ["\x01=1", "bell\x07", "cr\rlf"]


def a_list(customers: list[str], plays: list[str], **changed: Any) -> pd.DataFrame:
    n = len(customers)
    frame = pd.DataFrame(
        {
            "list_rank": range(1, n + 1),
            "risk_rank": range(10, 10 + n),
            "customer_id": pd.array(customers, dtype="str"),
            "churn_probability": [0.5 + 0.4999 * (at % 5) / 4 for at in range(n)],
            "risk_band": pd.array([("very high", "high", "medium", "low")[at % 4] for at in range(n)], dtype="str"),
            "value_at_risk": [1234.56 + at for at in range(n)],
            "segment": pd.array(["slipping"] * n, dtype="str"),
            "lifecycle_stage": pd.array(["slowing"] * n, dtype="str"),
            "last_order_at": pd.to_datetime(["2025-05-01 10:55:25.5"] * n),
            "reason_1": pd.array(["No order for 5 days; usually orders once every 2 days"] * n, dtype="str"),
            "reason_1_concept": pd.array(["pace"] * n, dtype="str"),
            "reason_2": pd.array([None] * n, dtype="str"),
            "reason_2_concept": pd.array([None] * n, dtype="str"),
            "reason_3": pd.array([None] * n, dtype="str"),
            "reason_3_concept": pd.array([None] * n, dtype="str"),
            "play": pd.array([plays[at % len(plays)] for at in range(n)], dtype="str"),
            "contactable": pd.array([(True, False, None)[at % 3] for at in range(n)], dtype="boolean"),
            "holdout": [False] * n,
            "contact_by": pd.Series([(DAY + timedelta(days=at), None)[at % 2] for at in range(n)], dtype=object),
            "snapshot_date": pd.Series([DAY] * n, dtype=object),
            "measure_on": pd.Series([date(2025, 8, 30)] * n, dtype=object),
            "model_version": pd.array(["1b2f3ddfb5b9"] * n, dtype="str"),
            "expected_profit": [-1.5 + at for at in range(n)],
            "play_rule": pd.array(["late delivery"] * n, dtype="str"),
            "change": pd.array([("new", None)[at % 2] for at in range(n)], dtype="str"),
            "arm_until": pd.Series([date(2025, 8, 30)] * n, dtype=object),
            "against": pd.array([None] * n, dtype="str"),
            "place": range(1, n + 1),
            "entered_on": pd.Series([date(2025, 6, 1)] * n, dtype=object),
        }
    )
    return frame.assign(**changed)


def plan(listed: int, effect: float | None = 0.187) -> HoldoutPlan:
    return HoldoutPlan(
        campaign="retention", share=0.1, listed=listed, held_out=5, smallest_effect=effect, until=date(2025, 8, 30)
    )


def some_facts(listed: int, language: Language = "en") -> Facts:
    return Facts(
        customers=listed + 40,
        groups={"to_save": 20, "on_pace": listed, "gone": 20},
        excluded={"no_consent": 10, "unlikely": 25, "held_out": 5},
        holdout=say_holdout(plan(listed), "retention", None, language),
        definition=ChurnDefinition(),
        scoring=ScoringSettings(language=language),
        effects=PlayEffects(assumed=ProfitSettings()),
        measured=(),
        model_version="1b2f3ddfb5b9",
    )


def write(
    frame: pd.DataFrame,
    path: Path,
    language: Language = "en",
    currency: str | None = "EUR",
    plays: Mapping[str, Play] | None = None,
    facts: Facts | None = None,
    written: pd.DataFrame | None = None,
    outcomes: Sequence[str] = tuple(words("en")["codes"]["outcome"]),
) -> Path:
    known = read_plays(None, language).plays if plays is None else plays
    write_workbook(
        frame,
        path,
        language=language,
        currency=currency,
        snapshot_date=DAY,
        plays=known,
        facts=facts or some_facts(len(frame), language),
        written=written,
        outcomes=outcomes,
    )
    return path


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def opened(path: Path) -> list[Worksheet]:
    return list(openpyxl.load_workbook(path).worksheets)


def titles(language: Language) -> dict[str, str]:
    return {name: each.title for name, each in columns(language).items()}


def expected(frame: pd.DataFrame, name: str, language: Language) -> list[Any]:
    """What the sheet shows of a column: names of codes, days as times, nothing as an empty text."""
    if name in WRITTEN:
        return [""] * len(frame)
    described = column(name, language)
    shown = []
    for value in frame[name]:
        if pd.isna(value):
            shown.append("")
        elif name == "play":
            shown.append(read_plays(None, language).plays[value].title)
        elif described.codes:
            shown.append(name_of(described.codes, value, language))
        elif described.kind == "day":
            # Calamine gives midnight as a date.
            moment = pd.Timestamp(value).to_pydatetime()
            shown.append(moment.date() if moment == datetime.combine(moment, datetime.min.time()) else moment)
        else:
            shown.append(float(value) if described.kind in ("share", "money", "count") else value)
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_sheet_holds_the_list(language: Language, tmp_path: Path) -> None:
    frame = a_list([f"C{n}" for n in range(12)], ["call", "reminder"])
    found = sheets(write(frame, tmp_path / "w.xlsx", language))
    name, (head, *rows) = next(iter(found.items()))
    assert name == {"en": "Work list", "tr": "İş listesi", "de": "Arbeitsliste"}[language]
    by_title = {title: name for name, title in titles(language).items()}
    shown = [by_title[title] for title in head]
    assert set(shown) == {*frame.columns, *WRITTEN}
    assert shown[:4] == ["list_rank", "customer_id", "churn_probability", "risk_band"]
    for at, column_name in enumerate(shown):
        assert [row[at] for row in rows] == expected(frame, column_name, language), column_name


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_play_has_a_sheet_with_its_customers(language: Language, tmp_path: Path) -> None:
    frame = a_list([f"C{n}" for n in range(7)], ["reminder", "call", "a play of yesterday"])
    plays = read_plays(None, language).plays
    _, _, *of_plays = sheets(write(frame, tmp_path / "w.xlsx", language)).items()
    assert [name for name, _ in of_plays] == [plays["call"].title, plays["reminder"].title, "a play of yesterday"]
    call = of_plays[0][1]
    assert call[0][0] == plays["call"].title
    assert call[1][0] == plays["call"].wording
    said = {
        "en": "Cost of the contact: €5.00 · Offer: €0.00 · Not again for: 14 days · Customers: 2",
        "tr": "İletişimin maliyeti: €5,00 · Teklif: €0,00 · Bekleme süresi: 14 gün · Müşteri: 2",
        "de": "Kosten des Kontakts: 5,00\xa0€ · Angebot: 0,00\xa0€ · Kontaktpause: 14 Tage · Kunden: 2",
    }
    owner = {"en": "customer service", "tr": "müşteri hizmetleri", "de": "Kundenservice"}[language]
    assert call[2][0] == f"{titles(language)['owner']}: {owner} · {said[language]}"
    ids = [row[1] for _, rows in of_plays for row in rows if isinstance(row[0], float)]
    assert sorted(ids) == sorted(frame["customer_id"])  # each stands on one sheet
    assert titles(language)["play"] not in call[3]


def test_text_stays_text(tmp_path: Path) -> None:
    texts = [*HOSTILE, *CONTROL]
    frame = a_list(texts, ["call"], reason_1=pd.array(texts, dtype="str"), play_rule=pd.array(texts, dtype="str"))
    path = write(frame, tmp_path / "w.xlsx")
    rows = opened(path)[0].iter_rows(min_row=2)
    for row, text in zip(rows, texts, strict=True):
        for cell in row[1], row[7]:
            assert cell.data_type in ("s", "inlineStr"), text
            assert cell.hyperlink is None
            assert cell.number_format == "@"  # stays so when one edits the cell
    found = sheets(path)["Work list"][1:]
    assert [row[1] for row in found][: len(HOSTILE)] == HOSTILE
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            text = file.read(name).decode("utf-8")
            if "sheet" in name and "conditionalFormatting" in text:
                text = re.sub("<conditionalFormatting.*?</conditionalFormatting>", "", text)
            assert not re.search("<f[ >]|hyperlink|<script", text), name


def test_text_from_the_plays_stays_text(tmp_path: Path) -> None:
    play = Play(
        "p",
        "=1+1",
        "=2+2" * 400,
        "@owner",
        1.0,
        2.0,
        3,
        True,
    )
    path = write(a_list(["C1"], ["p"]), tmp_path / "w.xlsx", plays={"p": play})
    listed, about, of_play = opened(path)
    cells = [cell for sheet in (listed, about, of_play) for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert of_play.title == "=1+1"
    assert of_play.freeze_panes == "C8"  # title, four lines of the wording, facts, head


def test_what_no_file_can_hold_is_replaced(tmp_path: Path) -> None:
    long = "é" * 40_000
    texts = ["a\ufffeb", "c\uffffd", long]
    found = sheets(write(a_list(texts, ["call"]), tmp_path / "w.xlsx"))["Work list"][1:]
    assert [row[1] for row in found] == ["a\ufffdb", "c\ufffdd", long[:32_767]]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_and_days_are_real(language: Language, tmp_path: Path) -> None:
    sheet = opened(write(a_list(["C1"], ["call"]), tmp_path / "w.xlsx", language, "TRY"))[0]
    at = {cell.value: cell.column for cell in sheet[1]}
    cells = {name: sheet.cell(2, at[title]) for name, title in titles(language).items() if title in at}
    assert (cells["churn_probability"].value, cells["value_at_risk"].value) == (0.5, 1234.56)
    assert cells["contact_by"].is_date
    assert cells["last_order_at"].value == datetime(2025, 5, 1, 10, 55, 25, 500_000)
    assert cells["contactable"].value == {"en": "Yes", "tr": "Evet", "de": "Ja"}[language]
    money = {
        "en": '[$-409]"TRY"#,##0.00',
        "tr": '[$-41F]"₺"#,##0.00',
        "de": '[$-407]#,##0.00\xa0"TRY"',
    }[language]
    assert cells["value_at_risk"].number_format.startswith(money)
    assert cells["churn_probability"].number_format == {
        "en": '[>=0.995]">99%";[<0.005]"<1%";0%',
        "tr": '[>=0.995]">%99";[<0.005]"<%1";%0',
        "de": '[>=0.995]">99\xa0%";[<0.005]"<1\xa0%";0\xa0%',
    }.get(language)
    day = str(Locale(language).date_formats["medium"].pattern)  # type: ignore[union-attr]
    excel = day.replace("MMM", "mmm").replace("MM", "mm").replace("y", "yyyy")
    assert cells["contact_by"].number_format.split("]")[1] == excel


@pytest.mark.slow
@pytest.mark.parametrize(("currency", "number"), [(None, "#,##0.00"), ("JPY", '"¥"#,##0'), ("USD", '"$"#,##0.00')])
def test_money_is_written_as_its_currency(currency: str | None, number: str, tmp_path: Path) -> None:
    sheet = opened(write(a_list(["C1"], ["call"]), tmp_path / "w.xlsx", currency=currency))[0]
    assert sheet["E2"].number_format == f"[$-409]{number};[Red][$-409]-{number}"


def test_odd_values_are_empty_or_text(tmp_path: Path) -> None:
    frame = a_list(
        ["C1", "C2"],
        ["call"],
        value_at_risk=[float("inf"), float("nan")],
        last_order_at=pd.to_datetime(["1899-12-31", None]),
        region=pd.array(["north", None], dtype="str"),
        visits=pd.array([3, None], dtype="Int64"),
        list_rank=pd.array([1, None], dtype="Int64"),
    )
    rows = sheets(write(frame, tmp_path / "w.xlsx"))["Work list"]
    at = {title: place for place, title in enumerate(rows[0])}
    assert [row[at["Value at risk"]] for row in rows[1:]] == ["", ""]
    assert [row[at["Last order"]] for row in rows[1:]] == ["1899-12-31 00:00:00", ""]
    assert [(row[at["Region"]], row[at["Visits"]]) for row in rows[1:]] == [("north", 3.0), ("", "")]
    assert [row[0] for row in rows[1:]] == [1.0, ""]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_sheets_are_ready_to_work_with(language: Language, tmp_path: Path) -> None:
    frame = a_list([f"C{n}" for n in range(5)], ["call"])
    path = write(frame, tmp_path / "w.xlsx", language)
    for sheet, top in zip(opened(path)[::2], (1, 4), strict=True):
        bottom, last = top + 5, sheet.max_column
        assert sheet.freeze_panes == f"C{top + 1}"
        assert sheet.auto_filter.ref == f"A{top}:{sheet.cell(bottom, last).coordinate}"
        assert sheet.print_title_rows == f"${top}:${top}"
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        at = {cell.value: cell.column_letter for cell in sheet[top]}
        outcome = at[titles(language)["outcome"]]
        lists = [rule for rule in sheet.data_validations.dataValidation if rule.type == "list"]
        assert [str(rule.sqref) for rule in lists] == [f"{outcome}{top + 1}:{outcome}{bottom}"]
        assert lists[0].formula1 == '"{}"'.format(",".join(names_in(language)["outcome"].values()))
        rules = {str(each.sqref)[0]: [rule.type for rule in each.rules] for each in sheet.conditional_formatting}
        assert rules == {"C": ["dataBar"], "D": ["cellIs"] * 4, "E": ["dataBar"], "F": ["cellIs"]}
        folded = {letter for letter, width in sheet.column_dimensions.items() if width.hidden}
        assert folded
        assert not folded & {at[titles(language)[name]] for name in WRITTEN}
        tips = {rule.promptTitle for rule in sheet.data_validations.dataValidation if rule.promptTitle}
        assert {title[:32] for title in at} == tips


@pytest.mark.parametrize("language", LANGUAGES)
def test_tips_fit(language: Language) -> None:
    assert [each.title for each in columns(language).values() if len(each.title) > 32 or len(each.meaning) > 255] == []


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_is_explained(language: Language, tmp_path: Path) -> None:
    frame = a_list([f"C{n}" for n in range(60)], ["call", "reminder"])
    about = list(sheets(write(frame, tmp_path / "w.xlsx", language)).values())[1]
    explained = {row[2]: row[:2] for row in about if row[2]}
    for name in (*frame.columns, *WRITTEN):
        assert explained[name] == [column(name, language).title, column(name, language).meaning]
    counts = {row[0]: row[1] for row in about if isinstance(row[1], float)}
    reasons = [name_of("excluded", reason, language) for reason in some_facts(60).excluded]
    ranked, listed = (words(language)["sheet"][name] for name in ("ranked", "listed"))
    assert sum(counts[reason] for reason in reasons) + counts[listed] == counts[ranked] == 100
    assert [counts[name_of("group", group, language)] for group in ("to_save", "on_pace", "gone")] == [20, 60, 20]
    assert counts[column("value_at_risk", language).title] == pytest.approx(frame["value_at_risk"].sum())
    text = "\n".join(str(cell) for row in about for cell in row)
    assert {
        "en": "from 19 points",
        "tr": "19 puan ve üzerindeki",
        "de": "ab 19 Prozentpunkten",
    }[language] in text
    assert {"en": "a chance of 10%", "tr": "%10 olasılıkla", "de": "Wahrscheinlichkeit von 10\xa0%"}[language] in text
    assert date(2025, 6, 1) in [row[1] for row in about]
    assert {row[6] for row in about if row[0] == read_plays(None, language).plays["call"].title} == {30.0}
    assert not re.search(r"[{}]", text)  # nothing was left to fill in


def test_no_holdout_and_other_definitions(tmp_path: Path) -> None:
    frame = a_list(["C1"], ["call"])
    for kind, none in (("spend_drop", True), ("subscription_end", False)):
        definition = ChurnDefinition(kind=kind, lead_days=7)
        said = say_holdout(None if none else plan(1, None), "c", None, "en")
        scoring = ScoringSettings(budget=500.0, rank_by="expected_profit")
        effects = PlayEffects(assumed=ProfitSettings())
        facts = Facts(1, {"to_save": 1}, {}, said, definition, scoring, effects, (), "v")
        about = sheets(write(frame, tmp_path / "w.xlsx", facts=facts))["About this list"]
        text = "\n".join(str(cell) for row in about for cell in row)
        assert "7 days after the day of the list" in text
        assert ("Nobody is held out" if none else "too few to show any effect") in text
        assert [row[1] for row in about if row[0] == "Budget"] == [500.0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_list_has_its_sheets(language: Language, tmp_path: Path) -> None:
    found = sheets(write(a_list(["C1"], ["call"]).iloc[:0], tmp_path / "w.xlsx", language))
    assert len(next(iter(found.values()))) == 1
    assert len(found) == 2


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "Europe/Istanbul"])
def test_the_same_list_gives_the_same_bytes(zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = a_list([f"C{n}" for n in range(50)], ["call", "reminder"])
    write(frame, tmp_path / "a.xlsx")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    mask = os.umask(0o077)
    try:
        time.sleep(1.1)  # another second
        write(frame, tmp_path / "b.xlsx")
    finally:
        os.umask(mask)
        monkeypatch.undo()
        time.tzset()
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_list_that_no_sheet_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "_MOST_CUSTOMERS", 5)
    write(a_list(["C"] * 5, ["call"]), tmp_path / "w.xlsx")
    with pytest.raises(InputError, match=re.escape("The work list has 6 customers, but a sheet holds 5.")):
        write(a_list(["C"] * 6, ["call"]), tmp_path / "w.xlsx")


def test_names_of_sheets() -> None:
    assert sheet_names(["'Quoted'", "a" * 31, "a" * 32, "", "[]:*?/\\", "History", "ILIK", "ılık"]) == [
        "Quoted",
        "a" * 31,
        "a" * 30 + "…",
        "-",
        "- (2)",
        "History (2)",
        "ILIK",
        "ılık (2)",
    ]


@pytest.mark.slow
@given(st.lists(st.text(alphabet=st.sampled_from("aAıIiİ' []:*?/\\😀\n…ß"), max_size=40), max_size=40))
def test_names_of_sheets_are_legal_and_differ(given_titles: list[str]) -> None:
    names = sheet_names(given_titles)
    assert len({name.lower() for name in names}) == len({name.upper() for name in names}) == len(given_titles)
    for name in names:
        assert 1 <= len(name.encode("utf-16-le")) / 2 <= 31
        assert not re.search(r"[\[\]:*?/\\\n]|^'|'$", name)


@pytest.mark.slow
def test_forty_plays_with_turkish_titles(tmp_path: Path) -> None:
    plays = {
        f"p{n}": Play(
            f"p{n}",
            f"Şikâyet için özür / indirim: {'çok ' * n}güzel",
            "Önce arayın",
            "x",
            1.0,
            0.0,
            1,
            True,
        )
        for n in range(40)
    }
    found = sheets(write(a_list([f"C{n}" for n in range(80)], list(plays)), tmp_path / "w.xlsx", "tr", plays=plays))
    assert len(found) == 42
    assert all(rows[0][0] == play.title for rows, play in zip(list(found.values())[2:], plays.values(), strict=True))


@pytest.fixture(scope="module")
def ranking(shop: Any, model: Any) -> Ranking:
    return Scorer(model).rank(shop, "2025-03-01")


@pytest.mark.slow
def test_a_ranking_is_written(ranking: Ranking, tmp_path: Path) -> None:
    worklist = ranking.worklist()
    facts = facts_of(ranking)
    write_workbook(
        worklist,
        tmp_path / "w.xlsx",
        language="en",
        currency=ranking.currency,
        snapshot_date=ranking.snapshot_date,
        plays=ranking.plays,
        facts=facts,
    )
    found = sheets(tmp_path / "w.xlsx")
    assert [row[1] for row in found["Work list"][1:]] == worklist["customer_id"].tolist()
    assert facts.customers == len(worklist) + sum(facts.excluded.values())


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_libreoffice_reads_the_same(language: Language, libreoffice: str, tmp_path: Path) -> None:
    names = ["Müşteri'nin", "R1C1", "A1", "=1+1", "1st & 2nd", "TRUE", "İndirim ➜ kargo: 😀"]
    plays = read_plays(None, language).plays
    plays = {
        **plays,
        **{name: Play(name, name, name, name, 1.0, 2.0, 3, True) for name in names},
    }
    frame = a_list([*HOSTILE[:-1], *(f"C{n}" for n in range(100))], list(plays))
    path = write(frame, tmp_path / "worklist.xlsx", language, plays=plays)
    whole = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,1"
    for target in ("xlsx", whole):
        _convert(libreoffice, path, target, tmp_path)
    written, read = sheets(path), sheets(tmp_path / "out" / "worklist.xlsx")
    assert list(read) == list(written)
    for name, rows in written.items():
        for row, (there, here) in enumerate(zip(read[name], rows, strict=True)):
            assert [_rounded(cell) for cell in there[: len(here)]] == [_rounded(cell) for cell in here], (name, row)
            assert set(there[len(here) :]) <= {""}
    with next((tmp_path / "out").glob("*.csv")).open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    listed = written[next(iter(written))]
    assert head[: len(listed[0])] == listed[0]
    assert [line[1] for line in lines] == frame["customer_id"].tolist()
    assert [float(line[2]) for line in lines] == pytest.approx(frame["churn_probability"].tolist(), rel=1e-12)


def _convert(office: str, path: Path, target: str, folder: Path) -> None:
    own = [f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", target]
    subprocess.run([office, *own, "--outdir", folder / "out", path], check=True, capture_output=True, timeout=300)


def _rounded(cell: Any) -> Any:
    """Give times to the millisecond, in which both programs count, and numbers to 15 digits."""
    if isinstance(cell, datetime):
        return cell.replace(microsecond=round(cell.microsecond, -3) % 1_000_000)
    return float(f"{cell:.15g}") if isinstance(cell, float) else cell
