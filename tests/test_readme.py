"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pytest
from typer.main import get_command

from churnml import cli
from churnml.config import Config
from churnml.data.population import resolve_day
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.data.simulator import simulate
from churnml.days import Day
from churnml.errors import NoSkillError
from churnml.features.builder import build_features
from churnml.features.store import Progress
from churnml.tracking.trainer import Trainer
from tests.conftest import Run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ROOT / "docs" / "pages"
HOME = (PAGES / "index.md").read_text(encoding="utf-8")
OWN_FEATURE = (PAGES / "how-to" / "own-feature.md").read_text(encoding="utf-8")
MOST_WORDS = 700
MOST_BYTES = 300_000


def _block(language: str, text: str = README) -> str:
    found = re.search(rf"```{language}(?: title=\S+)?\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.slow
def test_demo_and_python_lines_give_the_list_that_is_shown(run: Run, tmp_path: Path) -> None:
    # The demo ranks with the model that the lines trained; that it would train the same is the next test.
    simulate(tmp_path / "demo" / "shop", customers=5_000, seed=Config().seed)
    lines = _block("python") + "ranking.worklist(10).to_csv('ten.csv', index=False)\n"
    subprocess.run([sys.executable, "-W", "ignore", "-c", lines], cwd=tmp_path, check=True, capture_output=True)
    assert run("-q", "demo")[0] == 0
    shown = [line.split()[:5] for line in _block("text", HOME).strip().splitlines()[1:]]
    listed = [line.split(",") for line in (tmp_path / "demo/list/worklist.csv").read_text().splitlines()[1:11]]
    # Another processor rounds the last bit of a logarithm differently, which may swap a neighbour or two.
    assert len({row[1] for row in shown} & {row[2] for row in listed}) >= 8
    ten = [line.split(",") for line in (tmp_path / "ten.csv").read_text().splitlines()[1:]]
    assert [row[2] for row in ten] == [row[2] for row in listed]


@pytest.mark.slow
def test_the_demo_trains_as_the_python_lines_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fit(self: Trainer, shop: Shop, as_of: Day | None = None, progress: Progress | None = None) -> NoReturn:
        day = resolve_day(shop, as_of, self.definition.horizon_days)
        asked.append((self.definition, self.config, self.track, day, shop.report.rows))
        raise NoSkillError("asked")

    monkeypatch.setattr(Trainer, "fit", fit)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["churnml", "demo", "--customers", "300"])
    with pytest.raises(SystemExit):
        cli.main()
    with pytest.raises(NoSkillError, match="asked"):
        exec(_block("python"), {})
    of_demo, of_lines = asked
    assert of_demo == of_lines
    assert Path("demo/shop").exists()


@pytest.mark.slow
def test_the_family_that_is_shown_is_built_for_its_shop_alone() -> None:
    orders = {"order_id": [1, 2], "customer_id": "a", "ordered_at": ["2025-01-05", "2025-02-01"], "amount": 9.5}
    shop = read({"orders": pd.DataFrame({**orders, "channel": ["app", "web"]})})
    names: dict[str, Any] = {}
    exec(_block("python", OWN_FEATURE), names)
    assert build_features(shop.with_family(names["FAMILY"]), "2025-03-01").loc["a", "app_orders_90d"] == 1
    assert "app_orders_90d" not in build_features(shop, "2025-03-01")


def test_the_lines_are_the_same_on_the_home_page() -> None:
    assert _block("python", HOME) == _block("python")


def test_commands_that_are_named_exist() -> None:
    commands = set(get_command(cli.app).commands)
    named = set(re.findall(r"^churnml ([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= commands


def test_it_is_short_and_shows_two_small_pictures_before_its_first_heading_ends() -> None:
    assert len(README.split()) <= MOST_WORDS
    pictures = [ROOT / link for link in re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)]
    assert [picture.name for picture in pictures] == ["list.png", "page.png"]
    assert all(picture.stat().st_size < MOST_BYTES for picture in pictures)
    first_screen = README.partition("![")[0]
    assert "make demo" in first_screen
    assert "make test" in first_screen


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
@pytest.mark.parametrize("target", ["check", "test", "mutants"])
def test_make_targets_that_are_named_exist(target: str, page: str) -> None:
    assert re.search(rf"make {target}\b", (ROOT / page).read_text(encoding="utf-8"))
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("thing", ["A feature", "A candidate", "A play", "A word", "A column", "An engine"])
def test_one_sentence_says_where_to_change(thing: str) -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.search(rf"^- \*\*{thing}\*\* (.*?)$(?=\n(?:- |\n))", contributing, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert re.findall(r"\.(?=\s|$)", found[1]) == ["."]
    assert re.search(r"`(churnml|configs)/[^`]+`", found[1])


def test_files_that_are_linked_exist() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
