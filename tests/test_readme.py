"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from churnml import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_demo_and_python_lines_give_the_list_that_is_shown(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "churnml.cli", "-q", "demo"], cwd=tmp_path, check=True, capture_output=True)
    block = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert block is not None
    shown = [line.split()[:5] for line in block.group(1).strip().splitlines()[1:]]
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    lines = code.group(1) + "ranking.worklist(10).to_csv('ten.csv', index=False)\n"
    subprocess.run([sys.executable, "-W", "ignore", "-c", lines], cwd=tmp_path, check=True, capture_output=True)
    listed = [line.split(",") for line in (tmp_path / "demo/list/worklist.csv").read_text().splitlines()[1:11]]
    # Another processor rounds the last bit of a logarithm differently, which may swap a neighbour or two.
    assert len({row[1] for row in shown} & {row[2] for row in listed}) >= 8
    ten = [line.split(",") for line in (tmp_path / "ten.csv").read_text().splitlines()[1:]]
    assert [row[2] for row in ten] == [row[2] for row in listed]


def test_commands_that_are_named_exist() -> None:
    commands = set(get_command(cli.app).commands)
    named = set(re.findall(r"^churnml ([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= commands


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
@pytest.mark.parametrize("target", ["check", "test", "mutants"])
def test_make_targets_that_are_named_exist(target: str, page: str) -> None:
    assert re.search(rf"make {target}\b", (ROOT / page).read_text(encoding="utf-8"))
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_files_that_are_linked_exist() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
