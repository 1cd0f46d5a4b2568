"""Only runs of processes that have ended for certain are taken for abandoned."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from churnml.tracking import processes
from churnml.tracking.processes import has_ended, tags_of_this_process

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc, which is Linux's")


@pytest.fixture
def other() -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    """Give a process that waits, and its tags."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    tags = tags_of_this_process() | {"churnml.pid": str(process.pid)}
    tags["churnml.started"] = str(processes._started(process.pid))
    yield process, tags
    process.kill()
    process.communicate()


def test_a_process_has_ended_from_its_death_on(other: tuple[subprocess.Popen[bytes], dict[str, str]]) -> None:
    process, tags = other
    assert not has_ended(tags_of_this_process())
    assert not has_ended(tags)
    process.kill()
    while processes._started(process.pid):  # until the system says that it is a zombie
        pass
    assert has_ended(tags)
    process.communicate()
    assert has_ended(tags)


def test_another_process_with_the_same_number_is_not_the_same() -> None:
    assert has_ended(tags_of_this_process() | {"churnml.started": "1"})


@pytest.mark.parametrize(
    "changed",
    [{"churnml.host": "elsewhere"}, {"churnml.pid": ""}, {"churnml.pid": "-1"}, {"churnml.pid": "x"}],
)
def test_of_others_nothing_is_certain(changed: dict[str, str]) -> None:
    assert not has_ended(tags_of_this_process() | {"churnml.started": "1"} | changed)
    assert not has_ended({})
    assert not has_ended({"mlflow.user": "anyone"})


@pytest.mark.parametrize(("namespace", "ended"), [("pid:[4026531836]", True), ("pid:[4026532345]", False)])
def test_after_a_start_of_the_machine_all_have_ended_but_containers_may_be_others(
    monkeypatch: pytest.MonkeyPatch, namespace: str, ended: bool
) -> None:
    monkeypatch.setattr(processes, "_namespace", lambda: namespace)
    assert has_ended(tags_of_this_process() | {"churnml.boot": "before"}) is ended
