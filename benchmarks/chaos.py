"""What is left of the nightly job when it is killed, meets another one, or loses disk or store.

    python benchmarks/chaos.py
    python benchmarks/chaos.py --kills 200 --seed 3

Kills `run`, `train`, `score` and `monitor` at random moments, by SIGKILL or SIGTERM, most of them in a
folder that holds a list of an earlier day; starts two at once; fills the disk, makes the folder of the lists read-only
(both where this process may mount; otherwise files may not grow beyond a limit), and takes the store away in the
middle. After each, the job runs again undisturbed.

Counted are tracebacks, endings that are not documented, files that are lost or half-written, scratch that the next run
does not sweep, and next runs whose lists differ in a byte from those of a folder where nothing happened. A process that
has imported everything forks the commands, so that moments fall into their work.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

import churnml.tracking.runs
import churnml.workflow  # noqa: F401 - so that commands need not import it
from churnml import cli
from churnml.data.simulator import simulate

SETTINGS = """
reporting: {periods: 0, rows: 50}
snapshots: {at_most: 3}
features: {families: [recency, frequency, monetary]}
training: {candidates: [recency_rule, rfm_logistic], folds: 2, bootstrap_draws: 20, fade_days: 0, threads: 1}
"""
EARLIER, DAY = "2025-06-20", "2025-06-30"
RUN = ("run", "../shop", "--out", "list", "--config", "../settings.yaml", "--snapshot", DAY)
COMMANDS = {
    "run": RUN,
    "train": ("train", "../shop", "--as-of", DAY, "--config", "../settings.yaml"),
    "score": ("score", "../shop", "--out", "list", "--snapshot", DAY, "--config", "../settings.yaml"),
    "monitor": ("monitor", "../shop", "--lists", "list", "--snapshot", DAY, "--config", "../settings.yaml"),
}
ENDINGS = {0, 1, 3, 4, 5, 6, 130, 143, -signal.SIGKILL}
CHANGING = {"run.json"}
LATER = (("run", "listed", "run"), ("score", "listed", "score"), ("monitor", "listed", "monitor"))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A folder as it is before, what is run in it then and once more undisturbed, and the files that it then holds."""

    name: str
    before: Path
    command: Sequence[str]
    again: Sequence[str]
    expected: dict[str, bytes]
    kept: dict[str, bytes]
    seconds: float


@dataclass
class Found:
    """What went wrong, by kind, with the places where it did."""

    counts: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)

    def note(self, kind: str, trial: Path, what: object) -> None:
        self.counts[kind] += 1
        print(f"{kind}: {trial.name}: {what}", file=sys.stderr)


def start(folder: Path, command: Sequence[str], prepare: Callable[[], object] = lambda: None) -> int:
    """Fork a command in a folder; gives its process, whose group it leads."""
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        os.setsid()
        os.chdir(folder)
        (folder / "tmp").mkdir(exist_ok=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
        output = os.open(f"said-{os.getpid()}", os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        sys.argv[:] = ["churnml", *command]
        prepare()
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()  # what a process does that was not forked
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def end(process: int, folder: Path, found: Found, name: str) -> int:
    """Wait for a command, and look at how it ended and what it said."""
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)  # workers that a kill left behind
    said = (read(folder / f"said-{process}") or b"").decode(errors="replace")
    if "Traceback" in said or "Exception ignored" in said:
        found.note("traceback", folder, said[-1500:])
    if code not in ENDINGS:
        found.note("undocumented ending", folder, f"{code}: {said[-300:]}")
    found.endings[f"{name}: {code}"] += 1
    print(f"{folder.name} {name}: {code}", file=sys.stderr)
    return code


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def look(folder: Path, earlier: dict[str, bytes], found: Found) -> None:
    """Look for files that are half-written, and for lists that are lost."""
    for path in (folder / "list").rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            try:
                check_whole(path)
            except Exception as error:
                found.note("half-written", folder, f"{path.name}: {error}")
    if (folder / "list" / "run.json").exists():
        day = json.loads((folder / "list" / "run.json").read_text(encoding="utf-8"))["snapshot_date"]
        for name in ("ranking.parquet", "ranking.csv", "worklist.csv", "worklist.xlsx", "report.html"):
            here, kept = folder / "list" / name, folder / "list" / "lists" / day / name
            if not here.exists() or here.read_bytes() != kept.read_bytes():
                found.note("a list of two days", folder, name)
    for name, content in earlier.items():
        if name.startswith(f"lists/{EARLIER}/") and content != read(folder / "list" / name):
            found.note("lost", folder, name)


def read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def check_whole(path: Path) -> None:
    if path.suffix == ".parquet":
        pq.read_table(path)
    elif path.suffix == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".xlsx":
        assert zipfile.ZipFile(path).testzip() is None
    elif path.suffix == ".html":
        assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")


def check_next(folder: Path, case: Case, found: Found) -> float:
    """Run the job undisturbed, compare its files with those of a folder where nothing happened; gives the seconds."""
    began = time.monotonic()
    code = end(start(folder, case.again), folder, found, "next")
    took = time.monotonic() - began
    if code:
        found.note("the next run fails", folder, code)
        return took
    made = files_of(folder / "list")
    for name in sorted({*made, *case.expected}):
        if Path(name).name not in CHANGING and made.get(name) != case.expected.get(name):
            found.note("other bytes", folder, name)
    left = [path for place in ("list", "models", "tmp") for path in (folder / place).rglob("*churnml-*")]
    if left:
        found.note("scratch is left", folder, left)
    return took


def kill(folder: Path, case: Case, number: int, seconds: float, found: Found) -> int:
    process = start(folder, case.command)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process, number) if number == signal.SIGKILL else os.kill(process, number)
    return end(process, folder, found, f"{case.name} {signal.Signals(number).name}")


def two_at_once(trial: Callable[[Case], Path], fresh: Case, watched: Case, found: Found) -> None:
    """Start two in one folder, the second of which gives up or waits, and two with folders of their own.

    Looks at a model's health need no lock: both are done, beside each other and beside a run.
    """
    for name, options in (("another run", ()), ("another run, waited for", ("--wait", "300"))):
        folder = trial(fresh)
        processes = [start(folder, RUN), start(folder, (*RUN, *options))]
        codes = sorted(end(process, folder, found, name) for process in processes)
        if codes not in ([0, 0], [0, 5]):
            found.note("two at once", folder, codes)
        check_next(folder, fresh, found)
    folder = trial(fresh)
    processes = [start(folder, [out if part == "list" else part for part in RUN]) for out in ("list", "other")]
    if [end(process, folder, found, "two folders") for process in processes] != [0, 0]:
        found.note("two at once", folder, "one store")
    check_next(folder, fresh, found)
    folder = trial(watched)
    processes = [start(folder, watched.command) for _ in range(2)]
    if [end(process, folder, found, "two looks") for process in processes] != [0, 0]:
        found.note("two at once", folder, "looks")
    check_next(folder, watched, found)
    folder = trial(watched)
    processes = [start(folder, watched.command), start(folder, RUN)]
    if [end(process, folder, found, "a look beside a run") for process in processes] != [0, 0]:
        found.note("two at once", folder, "a look beside a run")
    look(folder, watched.kept, found)


def full_disk(folder: Path, case: Case, size: int, found: Found) -> None:
    """Leave so many bytes on the disk of a folder."""
    if mount("-t", "tmpfs", "tmpfs", folder):
        try:
            shutil.copytree(case.before, folder, dirs_exist_ok=True)
            holds = sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))
            assert mount("-o", f"remount,size={holds + size}", folder)
            run_where_it_fails(folder, case, lambda: None, f"disk of {size} bytes", found)
            assert mount("-o", "remount,size=200m", folder)
            check_next(folder, case, found)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
    else:
        shutil.copytree(case.before, folder, dirs_exist_ok=True)
        run_where_it_fails(
            folder,
            case,
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
            f"files of {size} bytes",
            found,
        )
        check_next(folder, case, found)


def run_where_it_fails(folder: Path, case: Case, prepare: Callable[[], object], what: str, found: Found) -> None:
    code = end(start(folder, case.command, prepare), folder, found, f"{case.name}, {what.split(' of ')[0]}")
    if code not in (0, 6):
        found.note("another code than 6", folder, f"{code}: {what}")
    look(folder, case.kept, found)


def read_only(folder: Path, case: Case, found: Found) -> None:
    out = folder / "list"
    out.mkdir(exist_ok=True)
    if not mount("--bind", out, out):
        found.endings["read-only: this process may not mount"] += 1
        return
    try:
        assert mount("-o", "remount,bind,ro", out)
        run_where_it_fails(folder, case, lambda: None, "read-only", found)
    finally:
        subprocess.run(["umount", "--lazy", out], check=True)
    check_next(folder, case, found)


def mount(*arguments: str | Path) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0


def vanished_store(folder: Path, case: Case, seconds: float, found: Found) -> None:
    """Take the store away in the middle; a case that began with one gets it back."""
    process = start(folder, case.command)
    time.sleep(seconds)
    with suppress(OSError):
        (folder / "models").rename(folder / "gone")
    end(process, folder, found, f"{case.name}, store gone")
    look(folder, case.kept, found)
    shutil.rmtree(folder / "models", ignore_errors=True)
    if (case.before / "models").exists():
        shutil.copytree(case.before / "models", folder / "models")
    check_next(folder, case, found)


def prepare_cases(home: Path, found: Found) -> list[Case]:
    """Make the folders that all others are held to: nothing yet, and one in which an earlier day was listed."""
    simulate(home / "shop", customers=300, seed=11, kind="textbook", jobs=1)
    (home / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    (home / "nothing").mkdir()
    (home / "listed").mkdir()
    assert end(start(home / "listed", [*RUN[:-1], EARLIER]), home / "listed", found, "reference") == 0
    earlier = files_of(home / "listed" / "list")
    cases = []
    for name, before, command in (("a first run", "nothing", "run"), ("train", "nothing", "train"), *LATER):
        again = COMMANDS["monitor" if command == "monitor" else "run"]
        undisturbed = Path(shutil.copytree(home / before, home / f"{name} undisturbed"))
        began = time.monotonic()
        assert end(start(undisturbed, again), undisturbed, found, "reference") == 0
        case = Case(
            name=name,
            before=home / before,
            command=COMMANDS[command],
            again=again,
            expected=files_of(undisturbed / "list"),
            kept=earlier if before == "listed" else {},
            seconds=time.monotonic() - began,
        )
        cases.append(case)
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, help="kills that hit")
    parser.add_argument("--outages", type=int, default=4, help="trials of each kind of outage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("kills", "pairs", "disk", "read-only", "store"))
    options = parser.parse_args()
    draw, found = random.Random(options.seed), Found()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    home = Path(tempfile.mkdtemp(prefix="chaos-"))  # not one that goes with whichever fork ends first
    try:
        os.environ["CHURNML_CACHE"] = str(home / "cache")
        cases = prepare_cases(home, found)
        first, watched = cases[0], cases[-1]
        trials = 0

        def trial(case: Case, filled: bool = True) -> Path:
            nonlocal trials
            trials += 1
            folder = home / f"trial-{trials}"
            if filled:
                shutil.copytree(case.before, folder)
            else:
                folder.mkdir()
            return folder

        def wanted(kind: str) -> bool:
            return options.only in (None, kind)

        if wanted("pairs"):
            two_at_once(trial, first, watched, found)
        for case in (first, watched) * options.outages:
            if wanted("disk"):
                full_disk(trial(case, filled=False), case, round(10 ** draw.uniform(4.5, 6.8)), found)
            if wanted("read-only"):
                read_only(trial(case), case, found)
            if wanted("store"):
                vanished_store(trial(case), case, draw.uniform(0, case.seconds), found)
        lasts = [case.seconds for case in cases]
        hit, number = 0, 0
        while hit < options.kills and wanted("kills"):
            at = number % len(cases)
            case, folder = cases[at], trial(cases[at])
            how = draw.choice([signal.SIGKILL, signal.SIGTERM])
            code = kill(folder, case, how, draw.uniform(0, lasts[at]), found)
            hit, number = hit + (code in (-how, 128 + how)), number + 1  # others had ended before
            look(folder, case.kept, found)
            lasts[at] = min(lasts[at], check_next(folder, case, found))
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(home)
    took = ", ".join(f"{case.name} {case.seconds:.1f} s" for case in cases)
    print(f"{hit} kills that hit, {trials} trials; undisturbed: {took}")
    for name, count in sorted(found.endings.items()):
        print(f"  {name}: {count}")
    for name in ("traceback", "undocumented ending", "lost", "half-written", "a list of two days", "other bytes"):
        print(f"{name}: {found.counts.pop(name, 0)}")
    for name, count in found.counts.items():
        print(f"{name}: {count}")


if __name__ == "__main__":
    main()
