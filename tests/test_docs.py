"""The documentation: its code is executed, its tutorials belong to their notebooks, and its reference is complete."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import churnml
from churnml import cli
from churnml.config import Config, load_config
from churnml.data.contract import TABLES
from churnml.features import dictionary
from churnml.reporting.columns import columns
from docs.blocks import PAGES, README, blocks_of, name_of, pages, run_page, with_outputs
from docs.build import broken_links
from docs.reference import MODULES, write_reference
from docs.shop import light_training, make_shop
from docs.tutorials import NOTEBOOKS, cells_of, fingerprint, read_outputs, write_tutorials

ROOT = README.parent
MOST_NOT_RUN = 12
WORDS = {page: page.read_text(encoding="utf-8") for page in pages()}
SAME_AS_README = PAGES / "index.md"  # a test of the README holds them together
EXECUTED = [page for page in pages() if page != SAME_AS_README and any(block.runs for block in blocks_of(WORDS[page]))]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder with a small shop, a model of it and its list."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHURNML_CACHE", str(tmp_path_factory.mktemp("cache")))
        with light_training():
            made = make_shop(tmp_path_factory.mktemp("docs") / "shop", customers=300)
        yield made


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the generated pages by name."""
    folder = tmp_path_factory.mktemp("reference")
    write_reference(folder)
    return {page.relative_to(folder).as_posix(): page.read_text(encoding="utf-8") for page in folder.rglob("*.md")}


@pytest.mark.slow
@pytest.mark.parametrize("page", EXECUTED, ids=name_of)
def test_the_code_of_a_page_runs(page: Path, shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop, tmp_path / "page")
    with light_training():
        said = run_page(WORDS[page], tmp_path / "page")
    for block, printed in zip(blocks_of(WORDS[page]), said, strict=True):
        assert printed.strip() or not block.shows, block.code


def test_code_that_is_not_run_has_a_reason_and_is_rare() -> None:
    left_out = [block for text in WORDS.values() for block in blocks_of(text) if block.reason]
    assert 0 < len(left_out) <= MOST_NOT_RUN
    assert all(len(block.reason.split()) >= 3 for block in left_out)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_fence_of_a_page_is_a_block(page: Path) -> None:
    """An indented fence, or one without a language, would be passed over."""
    fences = re.findall(r"^\s*```", WORDS[page], re.MULTILINE)
    assert len(fences) == 2 * len(blocks_of(WORDS[page]))
    assert WORDS[page].count("<!-- not run") == sum(1 for block in blocks_of(WORDS[page]) if block.reason)
    assert WORDS[page].count("<!-- output") == sum(1 for block in blocks_of(WORDS[page]) if block.shows)


def test_a_page_is_shown_with_what_it_printed(tmp_path: Path) -> None:
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "worklist.csv").write_text("list_rank,customer_id\n1,C7\n")
    text = (
        '```yaml title="a.yaml"\nseed: 8\n```\n\n<!-- not run: it would fail here -->\n```sh\nfalse\n```\n\n'
        "```sh\ncat a.yaml && echo CUSTOMER\nexit 3  # exit code 3\n```\n<!-- output: 1 -->\n\n"
        "```python\nimport sys\nprint(6 * 7)\n```\n<!-- output -->\n"
    )
    said = run_page(text, tmp_path)
    assert said == ["", "", "seed: 8\nC7\n", "42\n"]
    shown = with_outputs(text, said)
    assert 'title="Output" }\nseed: 8\n...\n```' in shown
    assert 'title="Output" }\n42\n```' in shown
    with pytest.raises(AssertionError, match="exit code 2, not 0"):
        run_page("```sh\nchurnml nonsense\n```\n", tmp_path)
    assert Path.cwd() != tmp_path
    assert os.environ.get("MLFLOW_TRACKING_URI") != ""


def test_light_trainings_leave_the_settings_as_they_were() -> None:
    before = Config()
    assert before.snapshots.at_most != 6
    with light_training():
        assert Config().training.folds == 2
        # As a command lays its options over a file that says nothing of the section.
        assert load_config(snapshots={"every_days": None}).snapshots.at_most == 6
    assert Config() == load_config(snapshots={"every_days": None}) == before


def test_every_page_is_in_the_navigation() -> None:
    settings = tomllib.loads((ROOT / "docs" / "zensical.toml").read_text(encoding="utf-8"))
    named = set(re.findall(r"'([\w/-]+\.md)'", str(settings["project"]["nav"])))
    written = {page.relative_to(PAGES).as_posix() for page in PAGES.rglob("*.md")}
    assert written <= named
    made = {name.rpartition("/")[0] for name in named - written}
    assert made == {"tutorials", "reference", "reference/api", "project"}


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_a_tutorial_shows_is_of_its_notebook(notebook: Path, tmp_path: Path) -> None:
    kept = read_outputs(notebook.stem)
    assert kept["code"] == fingerprint(notebook), "the code of the notebook has changed; run: make tutorials"
    write_tutorials(tmp_path)
    page = (tmp_path / f"{notebook.stem}.md").read_text(encoding="utf-8")
    assert ".ipynb)" not in page
    for cell in cells_of(notebook):
        assert cell["cell_type"] == "markdown" or cell["source"] in page
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)
    assert len(pictures) >= 3
    assert all((tmp_path / picture).exists() for picture in pictures)


def test_the_reference_names_every_command_and_option(reference: dict[str, str]) -> None:
    page = reference["commands.md"]
    for name, command in get_command(cli.app).commands.items():
        for inner in getattr(command, "commands", {"": command}):
            assert f"\n## {f'{name} {inner}'.strip()}\n" in page
    for option in ("--pseudonymize", "--as-of", "--trace", "--json"):
        assert f"`{option}`" in page


def test_the_reference_names_every_setting_with_its_default(reference: dict[str, str]) -> None:
    def leaves(values: dict[str, object], prefix: str = "") -> Iterator[str]:
        for key, value in values.items():
            if isinstance(value, dict) and value:
                yield from leaves(value, f"{prefix}{key}.")
            else:
                yield prefix + key

    for key in leaves(Config().model_dump()):
        section, _, name = key.rpartition(".")
        assert not section or f"# {section}\n" in reference["config.md"]
        assert f"\n| `{name}` |" in reference["config.md"]
    assert "| `horizon_days` | `90` | integer at least 1, at most 3650 |" in reference["config.md"]


def test_the_reference_names_every_table_column_and_feature(reference: dict[str, str]) -> None:
    for name, table in TABLES.items():
        assert f"\n## {name}\n" in reference["tables.md"]
        assert all(f"| `{column.name}` |" in reference["tables.md"] for column in table.columns)
    assert all(f"| `{name}` |" in reference["columns.md"] for name in columns("en"))
    assert all(f"| `{name}` |" in reference["features.md"] for name in dictionary()["name"])


def test_the_reference_names_all_that_is_public(reference: dict[str, str]) -> None:
    assert set(MODULES) == {"churnml", *(f"churnml.{name}" for name in ("features", "metrics", "plots", "datasets"))}
    api = "\n".join(reference.values())
    for name in churnml.__all__:
        assert f"::: churnml.{name}\n" in api


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "index.html").write_text('<h1 id="there">B</h1><script src="https://cdn.example/x.js"></script>')
    (tmp_path / "index.html").write_text(
        '<a href="b/">1</a><a href="b/#there">2</a><a href="b/#not">3</a><a href="c/">4</a><a href="https://x.example">5</a>'
    )
    assert list(broken_links(tmp_path)) == [
        "b/index.html: fetches https://cdn.example/x.js",
        "index.html: b/#not",
        "index.html: c/",
    ]
