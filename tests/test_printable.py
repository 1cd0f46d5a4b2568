"""What people see of texts that others wrote: never a character that acts on their terminal."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from churnml import cli
from churnml.campaigns.holdout import HoldoutPlan
from churnml.cli import say as saying
from churnml.cli import show, show_outcome
from churnml.data.local_rows import RowsInMemory
from churnml.errors import InputError, ModelError, NoSkillError
from churnml.job_log import STEPS
from churnml.printable import printable
from churnml.scoring.groups import total_groups
from churnml.words.campaigns import say_holdout

# A title that is set, a bell, a colour, C1's own escape, a line that is overwritten or ended, text turned around.
NASTY = "\x1b]0;owned\x07\x1b[31mred\x9b2J\r\nnext\tcell\x00\x7f\u2028\u202egnp.exe\u2066\u200b\ufeff\U000e0041"
ACTS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Şikâyet: İğne 👩‍💻 – می‌خواهم", "Şikâyet: İğne 👩‍💻 – می‌خواهم"),
        ("\x1b[31m\a", r"\x1b[31m\x07"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x9b\x7f\x00", r"\x9b\x7f\x00"),
        ("\u202eabc\u2069", r"\u202eabc\u2069"),
        ("a\u200b\u2028", r"a\u200b\u2028"),
        ("half \ud83d", r"half \ud83d"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
    ],
)
def test_what_cannot_be_seen_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_every_control_character_of_unicode_is_one_of_them() -> None:
    import unicodedata

    hidden = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl")}
    assert len(hidden) == 65 + 2048 + 1
    assert not [one for one in hidden if printable(one) == one]


def test_errors_are_printable_however_they_are_raised() -> None:
    assert InputError([f"a {NASTY}", "b"]).failures == [f"a {printable(NASTY)}", "b"]
    for error in (InputError(NASTY), ModelError(NASTY), NoSkillError(NASTY)):
        assert str(error) == printable(NASTY)
    assert str(InputError(["a\nb", "c"])) == "a\\nb\nc", "each failure is one line"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Run a command in this process, in an empty folder; gives all that it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["churnml", *map(str, arguments)])
        with pytest.raises(SystemExit):
            cli.main()
        output = capsys.readouterr()
        return output.out + output.err

    return call


def nasty_shop(folder: Path, **changes: object) -> Path:
    folder.mkdir()
    times = pd.date_range("2024-01-01", "2025-04-01", periods=60)
    orders = {"order_id": [f"{NASTY}{n}" for n in range(60)], "customer_id": [f"{NASTY}{n % 7}" for n in range(60)]}
    table = pd.DataFrame({**orders, "ordered_at": times, "amount": 10.0, "channel": NASTY, "currency": "EUR"})
    table.assign(**changes).to_parquet(folder / "orders.parquet")
    opened = pd.DataFrame({"customer_id": orders["customer_id"], "opened_at": times, "topic": NASTY})
    opened.assign(complaint_id=range(60)).to_parquet(folder / "complaints.parquet")
    return folder


@pytest.mark.slow
def test_ids_topics_and_channels_reach_the_terminal_as_text(run: Callable[..., str], tmp_path: Path) -> None:
    shop = nasty_shop(tmp_path / "shop")
    seen = run("kpis", shop, "--snapshot", "2025-02-01", "--horizon", 60)
    assert printable(NASTY)[:24] in seen
    assert not ACTS.findall(seen)
    failed = run("check", nasty_shop(tmp_path / "bad", order_id=NASTY, amount=-1.0))
    assert printable(NASTY[:20]) in failed
    assert not ACTS.findall(failed)
    assert not ACTS.findall(run("explain", shop, f"{NASTY}1", "--trace", "orders_90d", "--snapshot", "2025-02-01"))
    assert not ACTS.findall(run("check", tmp_path / NASTY.replace("\x00", "")))


@pytest.mark.slow
def test_a_picture_draws_what_it_says(tmp_path: Path) -> None:
    from churnml.plots import plot_groups, plot_reasons, save_picture

    labels = [f"Topic {NASTY[:20]}", r"$\frac{", "{{7*7}} %s {value}"]
    table = pd.DataFrame({"label": labels, "contribution": [0.3, 0.2, 0.1]})
    drawn = plot_reasons(table, title=f"Customer $x {NASTY}")
    save_picture(drawn, tmp_path / "a.png")
    said = [label.get_text() for label in drawn.get_yticklabels()]
    assert said == [f"Topic {printable(NASTY[:20])}", r"\$\frac{", labels[2]]
    row = {"group": "channel", "value": f"$x^2$\a{NASTY}", "customers": 9, "churn_rate": 0.5, "low": 0.4, "high": 0.6}
    more = {"difference": 0.1, "differs": True, "is_small": False}
    drawn = plot_groups(pd.DataFrame([row | more]))
    save_picture(drawn, tmp_path / "b.png")
    assert [label.get_text() for label in drawn.get_yticklabels()][1].startswith(r"\$x^2\$\x07")


@pytest.mark.slow
def test_json_stays_json(run: Callable[..., str], tmp_path: Path) -> None:
    told = json.loads(run("kpis", nasty_shop(tmp_path / "shop"), "--snapshot", "2025-02-01", "--horizon", 60, "--json"))
    shown = NASTY.replace("\r\n", " ").replace("\t", " ").replace("\u2028", " ").replace("J", "j")
    assert shown in {row["topic"] for row in told["topics"]}, "a topic is lower case, and its blanks are one"


def test_numbers_that_json_does_not_have_are_null(capsys: pytest.CaptureFixture[str]) -> None:
    saying.say_json({"a": [float("nan"), float("inf"), 1.5], "b": {2: "\ud800"}})
    assert json.loads(capsys.readouterr().out) == {"a": [None, None, 1.5], "b": {"2": "\ud800"}}


def test_a_list_is_a_table_whatever_its_cells_hold(capsys: pytest.CaptureFixture[str]) -> None:
    listed = pd.DataFrame(
        {
            "list_rank": [1, 2],
            "customer_id": [NASTY, "b"],
            "churn_probability": [0.9, 0.8],
            "value_at_risk": [10.0, 9.0],
            "last_order_at": pd.to_datetime(["2025-01-01", "2025-01-02"]),
            "reason_1": [f"Topic {NASTY}", None],
        }
    )
    ranking = SimpleNamespace(
        language="en",
        currency=None,
        snapshot_date=date(2025, 2, 1),
        worklist=lambda: listed,
        excluded={},
        holdout=None,
        entries=SimpleNamespace(plan_of_all=None),
        lists={},
        __len__=lambda: 2,
    )
    model = SimpleNamespace(version="m")
    told = pd.DataFrame(
        {"group": ["gone", "to_save"], "risk_band": ["very high", "high"], "value_at_risk": [7.0, 40.0]}
    )
    methods = {
        "worklist": staticmethod(ranking.worklist),
        "groups": total_groups(RowsInMemory(told)),
        "__len__": lambda _: 2,
    }
    sized = type("Sized", (), {**vars(ranking), **methods})()
    show_outcome.print_outcome(
        SimpleNamespace(ranking=sized, files=[Path(NASTY)], model=model, not_recorded=0, health=None), as_json=False
    )  # type: ignore[arg-type]
    printed = capsys.readouterr().out
    assert not ACTS.findall(printed)
    assert printed.splitlines()[1] == "To save: 1 of these (value at risk 40); on pace: 0; gone: 1."
    head, first, second = printed.splitlines()[4:7]
    assert head.index("reason_1") == first.index(f"Topic {printable(NASTY)}")
    assert second.startswith("2          b ")
    for least, said in (
        (None, "They are too few to show any effect."),
        (0.19, "They can show effects from 19 points"),
        (0.0044, "They can show effects from 0.4 points"),
    ):
        sized.holdout = HoldoutPlan(
            campaign="c", share=0.1, listed=45, held_out=1, smallest_effect=least, until=date(2025, 6, 1)
        )
        sized.holdout_said = say_holdout(sized.holdout, "c", None, "en")
        outcome = SimpleNamespace(ranking=sized, files=[], model=model, not_recorded=0, health=None)
        show_outcome.print_outcome(outcome, as_json=False)
        printed = capsys.readouterr().out
        assert "45 listed and 1 held out" in printed
        assert said in printed


def test_log_lines_are_printable(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    saying.set_up(logging.INFO, saying.LogFormat.TEXT)
    logging.getLogger("churnml.data").info("seen %s", NASTY)
    logging.getLogger("other").warning("two\nlines\a")
    assert capsys.readouterr().err == f"seen {printable(NASTY)}\ntwo\nlines\\x07\n"


def test_warnings_of_libraries_are_lines_that_only_v_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    before = warnings.showwarning
    for level, shown in ((logging.INFO, ""), (logging.DEBUG, "RuntimeWarning: divided\\nby \\x1b[0m\n")):
        logging.getLogger().handlers = []
        saying.set_up(level, saying.LogFormat.TEXT)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            with saying.warnings_as_log():
                warnings.warn("divided\nby \x1b[0m", RuntimeWarning, stacklevel=1)
        assert capsys.readouterr().err == shown
    assert warnings.showwarning is before


@pytest.mark.slow
def test_no_warning_reaches_the_terminal_of_a_command(tmp_path: Path) -> None:
    nasty_shop(tmp_path / "shop")
    commands = "from churnml import cli\nimport numpy, sys, warnings\n"
    commands += "from churnml.data import reading\nfirst = reading.check\n"
    commands += "def check(*given, **more):\n    numpy.log(numpy.zeros(1))\n    warnings.warn('two\\nlines')\n"
    commands += "    return first(*given, **more)\nreading.check = check\ncli.main()\n"
    for more, shown in (([], False), (["-v"], True)):
        done = subprocess.run(
            [
                sys.executable,
                "-W",
                "always::UserWarning",
                "-W",
                "always::RuntimeWarning",
                "-c",
                commands,
                *more,
                "check",
                "shop",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert ("RuntimeWarning: divide by zero" in done.stderr) is shown
        assert ("UserWarning: two\\nlines" in done.stderr) is shown
        assert "warnings.warn(" not in done.stdout + done.stderr
        assert shown or done.stderr == ""


def test_a_bar_shows_its_text_and_not_its_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(STEPS, "disabled", True)  # an earlier test may have asked for them
    with show.progress_bar() as progress:
        assert progress is not None
        progress("[red]x[/red] \x1b]0;owned\x07", 1, 2)
    assert "[red]x[/red]" in terminal.getvalue()
    assert "\x1b]0;" not in terminal.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_no_text_breaks_the_encoding_of_the_output(encoding: str, tmp_path: Path) -> None:
    nasty_shop(tmp_path / "shop", channel="👩 Ş")
    command = [sys.executable, "-m", "churnml.cli", "check", os.fsdecode(b"sh\xffop")]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding}, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(b"sh\\udcffop: there is no such file or folder")
