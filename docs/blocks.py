"""The code blocks of README and docs: found, executed from first to last, and shown with their output.

A page is executed in a folder of its own, where ``DATA`` is a simulated shop and ``models`` holds a model of it.

- ``sh``: each line is a command; ``# exit code 3`` at its end says how it ends, where that is not 0. ``CUSTOMER``
  stands for the customer at the top of the list.
- ``python``: executed in one namespace per page.
- ``yaml``, ``csv`` and others with ``title="name"``: written to a file of that name; YAML is checked as settings.
- ``text``: an output, which is not executed.

``<!-- not run: reason -->`` right above a block says why it is left out. ``<!-- output -->`` right below one is where
the built page shows what it printed; ``<!-- output: 12 -->`` keeps the first twelve lines.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

PAGES = Path(__file__).parent / "pages"
README = Path(__file__).parents[1] / "README.md"
CUSTOMER = "CUSTOMER"
_FENCE = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+?) -->\n)?"
    r'^```(?P<language>[a-z]+)(?: title="(?P<title>[^"]+)")?[^\n]*\n(?P<code>.*?)^```\n'
    r"(?P<shown>\n?<!-- output(?:: (?P<lines>\d+))? -->\n)?",
    re.DOTALL | re.MULTILINE,
)
_EXIT = re.compile(r"# exit code (\d+)\s*$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A code block.

    Attributes
    ----------
    language, title, code
        What stands in it; the title is empty where it has none.
    reason
        Why it is not run; empty where it is.
    shows, lines
        Whether the page shows what it prints, and how many lines of it; None shows all.
    start, end
        Where it lies in the page, with its comments.
    """

    language: str
    title: str
    code: str
    reason: str
    shows: bool
    lines: int | None
    start: int
    end: int

    @property
    def runs(self) -> bool:
        """Whether it is executed."""
        return not self.reason and self.language != "text"


def blocks_of(text: str) -> list[Block]:
    """Find the code blocks of a page."""
    return [
        Block(
            language=found["language"],
            title=found["title"] or "",
            code=found["code"],
            reason=found["reason"] or "",
            shows=found["shown"] is not None,
            lines=int(found["lines"]) if found["lines"] else None,
            start=found.start(),
            end=found.end(),
        )
        for found in _FENCE.finditer(text)
    ]


def pages() -> list[Path]:
    """Give README and all pages that are written by hand."""
    return [README, *sorted(PAGES.rglob("*.md"))]


def name_of(page: Path) -> str:
    """Name a page by its path within the repository."""
    return page.relative_to(README.parent).as_posix()


def run_page(text: str, folder: Path) -> list[str]:
    """Execute the blocks of a page in a folder and give what each printed.

    Raises
    ------
    AssertionError
        Where a command ends in another way than its block says.
    """
    names: dict[str, Any] = {"__name__": "__docs__"}
    customer = _first_customer(folder)
    said = []
    with _inside(folder):
        for block in blocks_of(text):
            try:
                said.append(_run(block, names, customer) if block.runs else "")
            except BaseException as error:
                error.add_note(f"In the block:\n{block.code}")
                raise
    return said


def with_outputs(text: str, said: list[str]) -> str:
    """Put what was printed below the blocks that show it."""
    parts, at = [], 0
    for block, printed in zip(blocks_of(text), said, strict=True):
        parts.append(text[at : block.end])
        at = block.end
        if block.shows:
            lines = [line.rstrip() for line in printed.rstrip().split("\n")]
            kept = lines if block.lines is None or len(lines) <= block.lines else [*lines[: block.lines], "..."]
            parts.append("\n".join(["", '``` { .text .output title="Output" }', *kept, "```", ""]))
    return "".join([*parts, text[at:]])


def run_command(arguments: list[str], folder: Path) -> str:
    """Run a command of churnml in a folder, and give what it printed."""
    with _inside(folder):
        return _expect(arguments, 0)


def _run(block: Block, names: dict[str, Any], customer: str) -> str:
    code = block.code.replace(CUSTOMER, customer)
    if block.title:
        Path(block.title).parent.mkdir(parents=True, exist_ok=True)
        Path(block.title).write_text(code, encoding="utf-8")
        if block.language == "yaml":
            _expect(["churnml", "config", "check", block.title], 0)
        return ""
    if block.language in ("python", "py"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "<docs>", "exec"), names)
        return printed.getvalue()
    assert block.language == "sh", f"a block in {block.language} needs a title, or the reason why it is not run"
    return "".join(_command(line) for line in code.replace("\\\n", " ").splitlines() if line.strip())


def _command(line: str) -> str:
    expected = _EXIT.search(line)
    arguments = shlex.split(line, comments=True)
    if not arguments:
        return ""
    if arguments[0] == "churnml":
        return _expect(arguments, int(expected[1]) if expected else 0)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", line], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == (int(expected[1]) if expected else 0), f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def _expect(arguments: list[str], code: int) -> str:
    """Run a command of churnml in this process, since importing everything anew takes longer than most commands."""
    from churnml import cli

    printed, errors, ended = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", arguments),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(errors),
    ):
        try:
            cli.main()
        except SystemExit as stopped:
            ended = int(stopped.code or 0)
    message = f"{shlex.join(arguments)}: exit code {ended}, not {code}\n{printed.getvalue()}{errors.getvalue()}"
    assert ended == code, message
    return printed.getvalue() + (errors.getvalue() if code else "")


def _first_customer(folder: Path) -> str:
    lines = (folder / "list" / "worklist.csv").read_text(encoding="utf-8-sig").splitlines()
    separator = ";" if ";" in lines[0] else ","
    at = [name.strip('"') for name in lines[0].split(separator)].index("customer_id")
    return lines[1].split(separator)[at].strip('"')


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    with contextlib.chdir(folder), mock.patch.dict(os.environ, {"MLFLOW_TRACKING_URI": ""}):
        del os.environ["MLFLOW_TRACKING_URI"]
        sys.path.insert(0, str(folder))  # modules that a page writes can be imported by its Python
        try:
            yield
        finally:
            sys.path.remove(str(folder))
            if "mlflow" in sys.modules:
                sys.modules["mlflow"].set_tracking_uri(None)
