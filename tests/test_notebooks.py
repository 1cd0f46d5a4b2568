"""The notebooks: kept without outputs, and executed from the first cell to the last in an empty folder."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NAMES = ["01_first_list", "02_real_shop", "03_your_own_feature", "04_what_did_the_list_bring"]
LONGEST_FUNCTION = 5  # lines


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def code_of(notebook: nbformat.NotebookNode) -> str:
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return re.sub(r"^%", "# %", "\n".join(cells), flags=re.MULTILINE)


def test_all_notebooks_are_executed_here() -> None:
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_without_outputs(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell.id for cell in notebook.cells] == [f"cell-{n:02d}" for n in range(1, len(notebook.cells) + 1)]
    for cell in notebook.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_tells_before_it_shows_and_defines_nothing_long(name: str) -> None:
    notebook = read(name)
    assert notebook.cells[0].cell_type == "markdown"
    kinds = "".join(cell.cell_type[0] for cell in notebook.cells)
    assert "ccc" not in kinds, "three cells of code in a row, and not a word on what they show"
    for node in ast.walk(ast.parse(code_of(notebook))):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION


def test_the_first_list_takes_ten_cells() -> None:
    assert sum(cell.cell_type == "code" for cell in read("01_first_list").cells) == 10


@pytest.mark.parametrize("name", NAMES)
def test_files_that_a_notebook_links_exist(name: str) -> None:
    text = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (NOTEBOOKS / link).exists(), link


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "pictures", "said"),
    [
        ("01_first_list", 3, [r"Model \w{12}: ", r"\d\d% of the list left", "78% of orders are followed"]),
        ("02_real_shop", 5, ["failures: none", "4,335 customers, 64 features", "50.5% of 4,335 customers left"]),
        ("04_what_did_the_list_bring", 3, [r"planted: -\d", r"read out: -\d"]),
        ("03_your_own_feature", 3, ["the concept is empty", "promises_broken_since_last_order", "broken since the"]),
    ],
)
def test_a_notebook_runs(
    name: str,
    pictures: int,
    said: list[str],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    if name == "02_real_shop":
        published = request.getfixturevalue("shared_data") / "online_retail_ii" / "online_retail_II.parquet"
        monkeypatch.setenv("CHURNML_ONLINE_RETAIL_II", str(published))
    notebook = read(name)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output.get("data", {"text/plain": output.get("text", "")}) for output in outputs]
    assert sum("image/png" in data for data in shown) == pictures
    text = "\n".join(str(data.get("text/html", data.get("text/plain"))) for data in shown)
    for sentence in said:
        assert re.search(sentence, text), sentence
    assert not [output.text for output in outputs if output.get("name") == "stderr"], "a warning among the results"
