"""Examples for schedulers: their commands are ours, and they treat each exit code as the docs say.

Neither Airflow, Dagster, Kubernetes nor a container tool is needed: programs of the first two run on stand-ins for what
they import, and the other files are read. Of the Containerfile the steps that install are not executed but held to the
environment of the tests; what it sets up is tried with a folder in the place of /data.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml
from typer.main import get_command

from churnml.cli import app
from tests.outside import container_tools, find_flock

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "schedule"
NEVER, LATER = (1, 2, 3, 4), (5, 6)
"""Exit codes after which it does not help, and helps, to try again."""


def check_command(words: list[str]) -> dict[str, Any]:
    """Let the command line read a command, without running it; gives the options of its last part."""
    assert words[0] == "churnml"
    group = get_command(app)
    outer = group.make_context("churnml", words[1:], resilient_parsing=False)
    name, command, rest = group.resolve_command(outer, [*outer._protected_args, *outer.args])
    assert name == "run"
    return dict(command.make_context(name, rest, parent=outer).params)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[list[str]]]:
    """Give a function that lets programs end with a code; it gives the list of their commands."""

    def ending(code: int) -> list[list[str]]:
        seen: list[list[str]] = []

        def run(command: list[str], **_: object) -> SimpleNamespace:
            seen.append(command)
            return SimpleNamespace(returncode=code)

        monkeypatch.setattr(subprocess, "run", run)
        return seen

    return ending


def stand_in(monkeypatch: pytest.MonkeyPatch, **modules: dict[str, object]) -> None:
    for name, members in modules.items():
        module = ModuleType(name.replace("__", "."))
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, module.__name__, module)


def executed(name: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": name}
    exec(compile((EXAMPLES / name).read_text(encoding="utf-8"), name, "exec"), names)
    return names


class SkippedError(Exception):
    """What Airflow takes for skipped."""


class FailedError(Exception):
    """What neither tries again."""


class AgainError(Exception):
    """What both try again."""


@pytest.mark.parametrize(
    ("code", "error"),
    [(0, None), *((code, FailedError) for code in NEVER), (5, SkippedError), (6, AgainError), (143, AgainError)],
)
def test_airflow(code: int, error: type[Exception] | None, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    tasks: list[Callable[..., None]] = []

    def dag(**settings: object) -> Callable[[Callable[[], None]], Callable[[], None]]:
        asked.update(settings)
        return lambda function: function

    def task(function: Callable[..., None]) -> Callable[[], None]:
        tasks.append(function)
        return lambda: None

    stand_in(
        monkeypatch,
        airflow={},
        airflow__decorators={"dag": dag, "task": task},
        airflow__exceptions={
            "AirflowException": AgainError,
            "AirflowFailException": FailedError,
            "AirflowSkipException": SkippedError,
        },
    )
    executed("airflow_dag.py")
    assert (asked["max_active_runs"], asked["catchup"], asked["default_args"]["retries"]) == (1, False, 3)
    commands = calls(code)
    assert ending_of(lambda: tasks[0]("2025-06-30")) is error
    assert check_command(commands[0])["snapshot"] == "2025-06-30"


@pytest.mark.parametrize(
    ("code", "error"), [(0, None), *((code, FailedError) for code in NEVER), *((code, AgainError) for code in LATER)]
)
def test_dagster(code: int, error: type[Exception] | None, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def failure(text: str, *, allow_retries: bool) -> Exception:
        assert not allow_retries
        return FailedError(text)

    stand_in(
        monkeypatch,
        dagster={
            "DailyPartitionsDefinition": lambda **_: None,
            "Failure": failure,
            "MaterializeResult": lambda metadata: metadata,
            "RetryRequested": lambda max_retries, seconds_to_wait: AgainError(max_retries, seconds_to_wait),
            "asset": lambda **_: lambda function: function,
        },
    )
    make = executed("dagster_asset.py")["churn_list"]
    commands = calls(code)
    assert ending_of(lambda: make(SimpleNamespace(partition_key="2025-06-30"))) is error
    assert check_command(commands[0])["snapshot"] == "2025-06-30"


def ending_of(action: Callable[[], object]) -> type[Exception] | None:
    try:
        action()
    except (SkippedError, FailedError, AgainError) as error:
        return type(error)
    return None


def test_kubernetes() -> None:
    job = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text(encoding="utf-8"))
    assert (job["kind"], job["spec"]["concurrencyPolicy"]) == ("CronJob", "Forbid")
    spec = job["spec"]["jobTemplate"]["spec"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    never = spec["podFailurePolicy"]["rules"][0]
    assert (never["action"], never["onExitCodes"]["values"]) == ("FailJob", list(NEVER))
    assert never["onExitCodes"]["containerName"] == container["name"]
    assert (spec["backoffLimit"], pod["restartPolicy"]) == (3, "Never")  # podFailurePolicy works with Never alone
    assert check_command(["churnml", *container["args"]])["wait"] == 600
    assert container["securityContext"]["readOnlyRootFilesystem"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"data": "/data", "scratch": "/tmp"}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize(("code", "tries"), [(0, 1), *((code, 1) for code in NEVER), *((code, 4) for code in LATER)])
def test_cron(code: int, tries: int, tmp_path: Path) -> None:
    find_flock()
    lines = (EXAMPLES / "crontab").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line[:1].isdigit()]
    times, command = re.match(r"((?:\S+ +){5})(.*)", line).groups()
    assert times.split() == ["30", "5", "*", "*", "*"]
    assert "%" not in command, "cron takes it for a line's end"
    inner = shlex.split(command)[-1]
    check_command(shlex.split(re.search(r"churnml .*?(?= >list.log)", inner)[0]))
    # The line itself, with programs that only count and do not wait.
    for name, does in (("churnml", f"echo . >>{tmp_path}/tries; exit {code}"), ("sleep", "exit 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", command.replace("/srv/churn", str(tmp_path))],
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    )
    assert (done.returncode, len((tmp_path / "tries").read_text().splitlines())) == (code, tries)


def steps() -> list[tuple[str, str]]:
    text = (EXAMPLES / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, rest in lines]


@pytest.mark.slow
def test_the_container(tmp_path: Path) -> None:
    """Build it where a tool has its base image, and otherwise go through its steps."""
    for tool in container_tools():
        base = steps()[0][1]
        if not subprocess.run([tool, "image", "inspect", base], capture_output=True).returncode:
            built = subprocess.run(
                [tool, "build", "-f", EXAMPLES / "Containerfile", ROOT], capture_output=True, text=True
            )
            assert built.returncode == 0, built.stderr
            return
    copied = [part for name, rest in steps() if name == "COPY" for part in rest.split()[:-1]]
    for part in copied:
        source, target = ROOT / part, tmp_path / "src" / part
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    pinned = dict(
        re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (tmp_path / "src/constraints.txt").read_text(), re.MULTILINE)
    )
    assert len(pinned) > 50
    assert (tmp_path / "src/constraints.txt").read_text().count("--hash=sha256:") >= len(pinned)
    assert version("lightgbm") == pinned["lightgbm"]
    variables = dict(pair.split("=", 1) for name, rest in steps() if name == "ENV" for pair in rest.split())
    (tmp_path / "data").mkdir()
    inside = {name: value.replace("/data", str(tmp_path / "data")) for name, value in variables.items()}
    (entry,) = [json.loads(rest) for name, rest in steps() if name == "ENTRYPOINT"]
    assert entry == ["churnml"]
    # From what was copied alone, as the user of the image sees it.
    done = subprocess.run(
        [sys.executable, "-m", "churnml.cli", "config", "plays"],
        cwd=tmp_path / "data",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "src")} | inside,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "plays:" in done.stdout
    assert [rest for name, rest in steps() if name == "USER"] == ["10001"]
