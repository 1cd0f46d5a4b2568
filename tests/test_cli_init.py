"""``churnml init``: what it writes, what it asks, and what it refuses, run as a user runs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from churnml import cli
from churnml.config import load_config

Run = Callable[..., tuple[int, str, str]]
ORDERS = pd.DataFrame(
    {
        "Bestellnummer": ["b1", "b2", "b3"],
        "Kundennummer": ["k1", "k2", "k1"],
        "Bestelldatum": ["13.01.2025", "14.02.2025", "15.03.2025"],
        "Gesamtbetrag": ["1.664,10 €", "12,50 €", "3,00 €"],
    }
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command in this process, in a folder of its own; answers are given as on a terminal."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, answers: list[int] | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["churnml", "init", *arguments])
        given = iter(answers or [])
        monkeypatch.setattr("typer.prompt", lambda *_, **__: next(given))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: answers is not None, raising=False)
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        output = capsys.readouterr()
        assert list(given) == []
        return int(stopped.value.code or 0), output.out, output.err

    return call


def brought(orders: pd.DataFrame = ORDERS) -> None:
    Path("shop").mkdir()
    orders.to_csv("shop/Bestellungen.csv", index=False, sep=";", encoding="cp1252")


def test_it_writes_settings_and_ends_with_the_check(run: Run) -> None:
    brought()
    code, out, err = run("shop", "--out", "own.yaml")
    assert (code, err) == (0, "")
    assert "orders is Bestellungen.csv (3 rows)" in out
    assert "Written to own.yaml. Now the check, by these settings:" in out
    assert out.endswith("Next: churnml run shop --config own.yaml --out list\n")
    written = load_config("own.yaml").tables.orders
    assert written is not None
    assert written.names == {
        "order_id": "Bestellnummer",
        "customer_id": "Kundennummer",
        "ordered_at": "Bestelldatum",
        "amount": "Gesamtbetrag",
    }
    assert (written.encoding, written.decimal, written.thousands) == ("cp1252", ",", ".")
    text = Path("own.yaml").read_text(encoding="utf-8")
    assert "by its name; each of 3 rows has its own; such as" in text
    assert "# All amounts are in EUR." in text


def test_what_is_there_is_not_replaced(run: Run) -> None:
    brought()
    Path("settings.yaml").write_text("seed: 1\n", encoding="utf-8")
    code, _, err = run("shop")
    assert code == 1
    assert err == "settings.yaml: is there already. Name another --out, or replace it with --force.\n"
    assert Path("settings.yaml").read_text(encoding="utf-8") == "seed: 1\n"
    assert run("shop", "--force")[0] == 0


AMBIGUOUS = ORDERS.assign(Bestelldatum=["03/04/2025", "05/06/2025", "07/08/2025"])


@pytest.mark.parametrize(("answer", "date_format"), [(1, "%d/%m/%Y"), (2, "%m/%d/%Y")])
def test_an_ambiguous_date_is_asked_for(run: Run, answer: int, date_format: str) -> None:
    brought(AMBIGUOUS)
    code, out, _ = run("shop", answers=[7, answer])  # 7 is none of the answers, so it is asked again
    assert code == 0
    assert "How are the dates of Bestelldatum in orders written" in out
    assert "  1  %d/%m/%Y (the day first)\n  2  %m/%d/%Y (the month first)\n  3  none of these; leave it out\n" in out
    orders = load_config("settings.yaml").tables.orders
    assert orders is not None
    assert orders.date_format == date_format


@pytest.mark.parametrize("arguments", [["shop"], ["shop", "--yes"], ["shop", "--lang", "de"]])
def test_without_a_terminal_it_is_refused(run: Run, arguments: list[str]) -> None:
    brought(AMBIGUOUS)
    code, _, err = run(*arguments)
    assert code == 1
    assert "tables.orders.date_format" in err
    assert not Path("settings.yaml").exists()


def test_an_answer_that_leaves_the_orders_out_is_refused_too(run: Run) -> None:
    brought(AMBIGUOUS)
    assert run("shop", answers=[3])[0] == 1


def test_comments_hold_no_line_ends(run: Run) -> None:
    brought(ORDERS.assign(Kundennummer=["k\n1", "k\n2", "k\n1"]))
    assert run("shop", "--lang", "tr")[0] == 0
    assert "k\\n" in Path("settings.yaml").read_text(encoding="utf-8")
    assert load_config("settings.yaml").tables.orders is not None
