"""CSV files open right, hold what they were given, and hold no formula."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnml.reporting.csv_files import guard, read_csv, unguard, write_csv
from churnml.words import Language

SEPARATORS: dict[Language | None, str] = {None: ",", "en": ",", "tr": ";"}
FORMULAS = [
    '=HYPERLINK("http://x","y")',
    "+1",
    "-2",
    "@x",
    "\tx",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "\ufeff=1",
]
PLAIN = [
    "007",
    "1E5",
    "<script>alert(1)</script>",
    'say "hi"',
    "a,b",
    "a;b",
    "two\nlines",
    "two\rlines",
    "Ayşe Çağrı",
    " x ",
]


def a_list(customers: list[str]) -> pd.DataFrame:
    n = len(customers)
    return pd.DataFrame(
        {
            "list_rank": range(1, n + 1),
            "customer_id": pd.array(customers, dtype="str"),
            "churn_probability": [0.1234567] * n,
            "value_at_risk": [1234.5] * n,
            "last_order_at": pd.to_datetime(["2025-05-30 14:05:07.25"] * n),
            "reason_1": pd.array([None] * n, dtype="str"),
            "contactable": pd.array([None] * n, dtype="boolean"),
            "holdout": [False] * n,
            "contact_by": pd.Series([date(2025, 6, 9)] * n, dtype=object),
            "expected_profit": [-5.0] * n,
        }
    )


def test_for_machines_by_hand(tmp_path: Path) -> None:
    write_csv(a_list(["C1", "C,2"]), tmp_path / "r.csv", language=None)
    assert (tmp_path / "r.csv").read_bytes() == (
        b"list_rank,customer_id,churn_probability,value_at_risk,last_order_at,reason_1,contactable,holdout,contact_by,"
        b"expected_profit\n"
        b"1,C1,0.123457,1234.50,2025-05-30 14:05:07,,,False,2025-06-09,-5.00\n"
        b'2,"C,2",0.123457,1234.50,2025-05-30 14:05:07,,,False,2025-06-09,-5.00\n'
    )


def test_for_people_by_hand(tmp_path: Path) -> None:
    frame = a_list(["Şükrü"])[["customer_id", "churn_probability", "contact_by", "expected_profit"]]
    for language, row in (("en", "Şükrü,0.123457,2025-06-09,-5.00"), ("tr", "Şükrü;0,123457;2025-06-09;-5,00")):
        write_csv(frame, tmp_path / "w.csv", language=language)
        head = SEPARATORS[language].join(frame.columns)
        # The mark of UTF-8, and lines as Excel ends them.
        assert (tmp_path / "w.csv").read_bytes() == b"\xef\xbb\xbf" + f"{head}\r\n{row}\r\n".encode()


@pytest.mark.parametrize("language", SEPARATORS)
def test_nothing_becomes_a_formula(language: Language | None, tmp_path: Path) -> None:
    write_csv(a_list(FORMULAS), tmp_path / "w.csv", language=language)
    text = (tmp_path / "w.csv").read_text(encoding="utf-8-sig")
    # Whatever separator a program takes, and however it reads quotes.
    for separator in ",;\t":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            with (tmp_path / "w.csv").open(encoding="utf-8-sig", newline="") as file:
                cells = [cell for row in csv.reader(file, delimiter=separator, quoting=quoting) for cell in row]
            starts = {cell.strip().strip('"').strip()[:1] for cell in cells}
            assert not starts & set("=+@＝＋－＠"), (separator, quoting)
    assert ",-5.00" in text or ";-5,00" in text  # a number is no formula


@pytest.mark.parametrize("language", SEPARATORS)
def test_ids_come_back(language: Language | None, tmp_path: Path) -> None:
    ids = [*PLAIN, *FORMULAS, *(f"'{text}" for text in FORMULAS), "'", "x" * 5000]
    write_csv(a_list(ids), tmp_path / "w.csv", language=language)
    assert read_csv(tmp_path / "w.csv", language=language)["customer_id"].tolist() == ids
    plain = pd.read_csv(tmp_path / "w.csv", sep=SEPARATORS[language], dtype=str)
    assert plain["customer_id"].tolist()[: len(PLAIN)] == PLAIN  # any reader gives most of them


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    write_csv(a_list(["C1"]), tmp_path / "tr.csv", language="tr")
    read = pd.read_csv(tmp_path / "tr.csv", sep=";", decimal=",")
    assert read.loc[0, ["churn_probability", "value_at_risk", "expected_profit"]].tolist() == [0.123457, 1234.5, -5.0]


def test_an_empty_list_has_its_head(tmp_path: Path) -> None:
    write_csv(a_list([]), tmp_path / "w.csv", language="en")
    assert read_csv(tmp_path / "w.csv", language="en").columns.tolist() == a_list([]).columns.tolist()
    assert len(read_csv(tmp_path / "w.csv", language="en")) == 0


def test_parts_are_written_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = a_list([*PLAIN, *FORMULAS])
    write_csv(frame, tmp_path / "whole.csv", language="en")
    monkeypatch.setattr("churnml.reporting.csv_files._ROWS", 3)
    write_csv(frame, tmp_path / "parts.csv", language="en")
    assert (tmp_path / "whole.csv").read_bytes() == (tmp_path / "parts.csv").read_bytes()


def test_odd_values(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "value_at_risk": [float("nan"), float("inf"), -0.001, 1e12],
            "ratio": [0.1, 1e-7, float("nan"), 2.0],
            "contactable": pd.array([True, False, None, True], dtype="boolean"),
            "risk_rank": pd.array([1, None, 3, 4], dtype="Int64"),
            "last_order_at": pd.to_datetime([None, "2025-01-01", None, "1899-12-31"]),
            "contact_by": pd.Series([None, date(2025, 1, 1), None, None], dtype=object),
        }
    )
    write_csv(frame, tmp_path / "r.csv", language=None)
    assert (tmp_path / "r.csv").read_text().splitlines()[1:] == [
        ",0.1,True,1,,",
        ",1e-7,False,,2025-01-01 00:00:00,2025-01-01",
        "0.00,,,3,,",
        "1000000000000.00,2,True,4,1899-12-31 00:00:00,",
    ]


@pytest.mark.slow
@given(st.text())
def test_a_guarded_text_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text


@pytest.mark.slow
@given(st.lists(st.text(alphabet=st.sampled_from("='\"+-@,;\t\r\n a＝"), min_size=1), min_size=1))
def test_texts_come_back_from_a_file(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "texts.csv"
    write_csv(pd.DataFrame({"customer_id": pd.array(texts, dtype="str"), "n": 1}), path, language="tr")
    assert read_csv(path, language="tr")["customer_id"].tolist() == texts
