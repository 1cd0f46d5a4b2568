"""The law of the house: data flows one way through the rooms."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import ONE_BY_ONE

PACKAGE = Path(__file__).parents[1] / "churnml"
ROOMS = [
    {"lazy", "version"},
    {"errors", "failures", "job_log", "plain", "printable", "days", "yaml_file", "statistics", "plots"},
    {"words"},
    {"config", "definition"},
    {"metrics"},
    {"data"},
    {"datasets"},
    {"features"},
    {"analytics"},
    {"shop_jobs"},
    {"models"},
    {"campaigns"},
    {"training"},
    {"tracking"},
    {"scoring"},
    {"monitoring"},
    {"reporting"},
    {"workflow"},
    {"cli"},
]
PLACE = {room: place for place, rooms in enumerate(ROOMS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported(tree: ast.AST) -> set[str]:
    """Give what a module imports when it is used; the bodies of ``if TYPE_CHECKING:`` never run."""
    names = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            node = ast.Module(node.orelse, [])
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which room is meant"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        names |= imported(node)
    return names


@cache
def imports_of(path: Path) -> set[str]:
    return imported(ast.parse(path.read_text(encoding="utf-8"), path.name))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_only_what_runs_counts_as_imported() -> None:
    code = """
    import a
    if TYPE_CHECKING:
        import b
        if True:
            from b import c
    else:
        import d
    if TYPE_CHECKING or True:
        import e
    def f():
        from g import h
    """
    assert imported(ast.parse(dedent(code))) == {"a", "d", "e", "g.h"}


@pytest.mark.slow
@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_to_its_left(path: Path) -> None:
    place = PLACE[room_of(path)]
    for name in imports_of(path):
        if name.startswith("churnml."):
            other = name.split(".")[1]
            assert other in PLACE, f"{name} is in no room"
            assert PLACE[other] <= place, f"{path.name} imports {name} from a room to its right"


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("shap", {"models/attribution.py"}),
        ("woodelf", {"models/attribution.py"}),
        ("mlflow", {"tracking/mlflow_store.py", "tracking/runs.py"}),
        ("duckdb", {f"data/engines/{name}.py" for name in ("databases", "duckdb", "folders", "sources")}),
        ("psycopg", {"data/engines/postgres.py"}),
        ("pyspark", {"data/engines/spark.py", "data/engines/spark_rows.py"}),
        ("matplotlib", {f"plots/{path.name}" for path in (PACKAGE / "plots").glob("*.py")}),
    ],
)
def test_a_library_with_one_home_is_imported_there_alone(library: str, homes: set[str]) -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if any(name == library or name.startswith(f"{library}.") for name in imports_of(path))
    }
    assert found <= homes


def test_only_the_history_compares_times_with_a_snapshot() -> None:
    for path in (PACKAGE / "features").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "ibis.timestamp" not in text, path
        assert "timedelta" not in text, path
        assert "ibis.date(" not in text, path


@pytest.mark.slow
def test_print_stands_in_the_one_place_alone_that_escapes_what_it_prints() -> None:
    for path in MODULES:
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        ]
        assert path == PACKAGE / "cli" / "say.py" or not calls, path


def test_importing_churnml_imports_nothing_heavy() -> None:
    code = (
        "import sys, churnml; "
        "print([name for name in ('pandas', 'numpy', 'ibis', 'sklearn', 'mlflow', 'shap', 'lightgbm', 'matplotlib', "
        "'pydantic') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_command_line_imports_nothing_heavy() -> None:
    code = (
        "import sys, churnml.cli; "
        "print([name for name in ('pandas', 'numpy', 'ibis', 'rich', 'pydantic', 'mlflow') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("names", "imported"),
    [(["check", "window", "features"], []), (["kpis"], ["sklearn"])],  # which finds the topics of what customers write
)
def test_commands_on_a_shop_alone_import_neither_models_nor_reports(
    names: list[str], imported: list[str], simulated: Path, tmp_path: Path
) -> None:
    days = ["--snapshot", "2025-03-01"]
    options = {"kpis": days, "features": [*days, "--out", "features.parquet"]}
    commands = [[name, str(simulated), *options.get(name, [])] for name in names]
    rooms = ("lightgbm", "sklearn", "mlflow", "shap", "jinja2", "xlsxwriter", "matplotlib")
    rooms += tuple(f"churnml.{room}" for room in ("models", "training", "tracking", "scoring", "reporting"))
    code = f"{ONE_BY_ONE}\nprint([name for name in {rooms} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, json.dumps(commands)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.endswith(f"{len(names)} commands done\n{imported}\n"), done.stdout + done.stderr


@pytest.mark.parametrize("package", ["churnml", "churnml.features"])
def test_every_public_name_can_be_used(package: str) -> None:
    public = importlib.import_module(package)
    assert sorted(public.__all__) == sorted(public._HOMES)
    assert set(public.__all__) <= set(dir(public))
    for name in public.__all__:
        assert name.isupper() or getattr(public, name).__name__ == name
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
        public.nonsense  # noqa: B018


def test_readme_docs_and_notebooks_need_public_modules_only() -> None:
    pages = [PACKAGE.parent / "README.md", *(PACKAGE.parent / "docs" / "pages").rglob("*.md")]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    for notebook in (PACKAGE.parent / "notebooks").glob("*.ipynb"):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        texts += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    modules = {found for text in texts for found in re.findall(r"(?:from|import) (churnml[\w.]*)", text)}
    public = {"churnml", "churnml.datasets", "churnml.features", "churnml.metrics", "churnml.plots"}
    assert {"churnml", "churnml.features", "churnml.metrics"} <= modules <= public


def test_no_message_of_the_library_names_a_flag() -> None:
    said = {
        f"{path.relative_to(PACKAGE)}: {node.value[:80]!r}"
        for path in MODULES
        if room_of(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"(?<![\w-])--[a-z]", node.value)
    }
    # Which command writes the page of features is told in that page.
    assert {one for one in said if "Made by `churnml features" not in one} == set()
