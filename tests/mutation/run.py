"""Runs the tests of a module against its mutants, each in a fork of one process that has the libraries loaded.

Starting Python with pandas, Ibis and pytest takes seconds, and there are a thousand mutants; a fork takes a tenth of
that. The parent never imports churnml or tests, starts no thread and opens no database.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Literal

import pytest

from tests.mutation.generate import Mutant, functions

Outcome = Literal["killed", "survived"]
_SHARED = ""
# Polars' threads do not survive a fork; the others are imported by each fork itself.
_OWN = ("churnml", "tests", "pytest", "_pytest", "xdist", "polars", "__main__", "__mp_main__")


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The tests of a module without a mutant.

    Attributes
    ----------
    seconds : dict of str to float
        Wall time of each test by its node id.
    entered : dict of str to list of int
        For each test the first lines of the module's functions that it ran; by an empty name those that were run by
        imports and fixtures.
    processor_seconds : float
        Processor time of all of them.
    """

    seconds: dict[str, float]
    entered: dict[str, list[int]]
    processor_seconds: float


class TestsFailedError(Exception):
    """The tests of a module fail, or there are none, before anything is mutated."""


def measure(file: str, tests: str, scratch: Path, until: float) -> Baseline | None:
    """Run the tests of a module as it is, and load into this process the libraries that they needed.

    None where that is not done by ``until``, a `time.monotonic`.

    Raises
    ------
    TestsFailedError
        Where a test fails.
    """
    report = scratch / "baseline.json"
    report.unlink(missing_ok=True)
    output = scratch / "baseline.txt"

    def run() -> int:
        recorder = _Recorder(str(Path(file).resolve()))
        code = _pytest(tests, scratch / "baseline", recorder)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        own = (*_OWN, Path(file).parts[0])
        libraries = [name for name in list(sys.modules) if name.split(".")[0] not in own]
        report.write_text(
            json.dumps(
                {
                    "seconds": recorder.seconds,
                    "entered": {test: sorted(lines) for test, lines in recorder.entered.items()},
                    "processor_seconds": usage.ru_utime + usage.ru_stime,
                    "libraries": libraries,
                }
            )
        )
        return code

    process, status = _fork(run, output), None
    while status is None:
        if time.monotonic() > until:
            _end(process)
            os.waitpid(process, 0)
            return None
        time.sleep(0.05)
        ended, code = os.waitpid(process, os.WNOHANG)
        status = code if ended else None
    if status:
        raise TestsFailedError(f"{file}: {tests} fails without any mutant.\n{output.read_text()[-3000:]}")
    found = json.loads(report.read_text())
    for name in found.pop("libraries"):
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except Exception:
                continue
    assert threading.active_count() == 1, "a library started a thread, which a fork does not survive"
    return Baseline(**found)


def judge(
    mutants: Sequence[Mutant], tests: str, baseline: Baseline, scratch: Path, jobs: int, until: float
) -> Iterator[tuple[Mutant, Outcome]]:
    """Tell of each mutant whether a test fails on it, in the order in which that turns out.

    Only tests that enter the mutant's function are run, quick ones before slow ones, and the first failure ends a run.
    Mutants that are not reached by ``until`` (a `time.monotonic`) are not told of.
    """
    waiting, running = list(reversed(mutants)), dict[int, tuple[Mutant, float, Path]]()
    # Nothing that is loaded so far is looked through, and thereby copied, in each fork.
    gc.collect()
    gc.freeze()
    # Endless loops are ended by the processor time that they take, so that a busy machine makes no difference; what
    # waits for ever takes none, and is ended after three times as long.
    limit = int(20 + 4 * baseline.processor_seconds)
    try:
        while (waiting or running) and time.monotonic() < until:
            while waiting and len(running) < jobs:
                mutant = waiting.pop()
                folder = Path(tempfile.mkdtemp(dir=scratch))
                pid = _fork(_one(mutant, tests, baseline, folder, limit), folder / "output.txt")
                running[pid] = (mutant, time.monotonic(), folder)
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in running:
                mutant, _, folder = running.pop(pid)
                _end(pid)
                shutil.rmtree(folder, ignore_errors=True)
                yield mutant, "killed" if status else "survived"
                continue
            for pid, (_, started, _) in running.items():
                if time.monotonic() > started + 3 * limit:
                    _end(pid)
            time.sleep(0.01)
    finally:
        for pid in running:
            _end(pid)
            os.waitpid(pid, 0)
        gc.unfreeze()


def _one(mutant: Mutant, tests: str, baseline: Baseline, folder: Path, limit: int) -> Callable[[], int]:
    def run() -> int:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        sys.meta_path.insert(0, _Mutated(mutant))
        return _pytest(tests, folder / "tests", _Chosen(mutant, baseline))

    return run


def _pytest(tests: str, folder: Path, plugin: object) -> int:
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    settings.load_profile("mutants")
    # Nothing is printed, so asserts need not be rewritten; collecting doctests would import the tests once more.
    chosen = ["-x", "-q", "-m", "not slow", "-o", "addopts=--import-mode=importlib", "--assert=plain"]
    chosen += [f"--basetemp={folder}", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    for name in ("cacheprovider", "xdist", "unraisableexception", "threadexception", "faulthandler", "logging"):
        chosen += ["-p", f"no:{name}"]
    return int(pytest.main([*chosen, tests], plugins=[plugin]))


def _fork(run: Callable[[], int], output: Path) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        # A session of its own can be ended whole, and no terminal stops it.
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.dont_write_bytecode = False
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        code = run()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end(pid: int) -> None:
    """End a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a mutant's source."""

    def __init__(self, mutant: Mutant) -> None:
        self.path = Path(mutant.file).resolve()
        self.name = ".".join(Path(mutant.file).with_suffix("").parts)
        self.source = mutant.source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)  # type: ignore[arg-type]

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


class _Recorder:
    """Records how long each test takes, and which functions of a file it enters.

    What is entered at import and in fixtures, which tests may share, counts for every test.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.seconds: dict[str, float] = {}
        self.entered: dict[str, set[int]] = {_SHARED: set()}
        self.now = self.entered[_SHARED]

    def pytest_sessionstart(self) -> None:
        sys.settrace(self._entering)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        start = time.perf_counter()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.perf_counter() - start

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        template = sys.modules.get("churnml.data.template")
        if template is not None:  # what an earlier test compiled would keep this one from entering what it holds
            template._shared_texts._answers.clear()
        self.now = self.entered.setdefault(item.nodeid, set())
        try:
            return (yield)
        finally:
            self.now = self.entered[_SHARED]

    def pytest_sessionfinish(self) -> None:
        sys.settrace(None)

    def _entering(self, frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code.co_filename == self.path:
            self.now.add(frame.f_code.co_firstlineno)


class _Chosen:
    """Keeps the tests that can notice a mutant, quick ones first."""

    def __init__(self, mutant: Mutant, baseline: Baseline) -> None:
        self.seconds = baseline.seconds
        around = [lines for lines in functions(Path(mutant.file).read_text()) if mutant.row in lines]
        self.able = {test for test, entered in baseline.entered.items() if _meet(around, entered)}
        # What no function holds, or none that a test alone enters, is noticed by any.
        self.all = not around or _SHARED in self.able

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self.all or item.nodeid in self.able]
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0.0))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK


def _meet(around: Sequence[range], entered: Sequence[int]) -> bool:
    return any(line in lines for lines in around for line in entered)
