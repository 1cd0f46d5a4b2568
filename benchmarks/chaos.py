"""What is left of the nightly job when it is killed, meets another one, or loses disk or store.

    python benchmarks/chaos.py
    python benchmarks/chaos.py --kills 200 --seed 3

Kills `run`, `train` and `score` at random moments, by SIGKILL or SIGTERM, half of them in a
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
}
ENDINGS = {0, 1, 3, 5, 6, 130, 143, -signal.SIGKILL}
CHANGING = {"run.json"}


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


def check_next(folder: Path, expected: dict[str, bytes], found: Found) -> None:
    """Run the job undisturbed, and compare its list with that of a folder where nothing happened."""
    code = end(start(folder, RUN), folder, found, "next")
    if code:
        found.note("the next run fails", folder, code)
        return
    made = files_of(folder / "list")
    for name in sorted({*made, *expected}):
        if Path(name).name not in CHANGING and made.get(name) != expected.get(name):
            found.note("other bytes", folder, name)
    left = [path for place in ("list", "models", "tmp") for path in (folder / place).rglob("*churnml-*")]
    if left:
        found.note("scratch is left", folder, left)


def kill(folder: Path, name: str, number: int, seconds: float, found: Found) -> int:
    process = start(folder, COMMANDS[name])
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process, number) if number == signal.SIGKILL else os.kill(process, number)
    return end(process, folder, found, f"{name} {signal.Signals(number).name}")


def two_at_once(trial: Callable[[bool], Path], expected: dict[str, bytes], found: Found) -> None:
    """Start two in one folder, the second of which gives up or waits, and two with folders of their own."""
    for name, options in (("another run", ()), ("another run, waited for", ("--wait", "300"))):
        folder = trial(False)
        processes = [start(folder, RUN), start(folder, (*RUN, *options))]
        codes = sorted(end(process, folder, found, name) for process in processes)
        if codes not in ([0, 0], [0, 5]):
            found.note("two at once", folder, codes)
        check_next(folder, expected, found)
    folder = trial(False)
    processes = [start(folder, [out if part == "list" else part for part in RUN]) for out in ("list", "other")]
    if [end(process, folder, found, "two folders") for process in processes] != [0, 0]:
        found.note("two at once", folder, "one store")
    check_next(folder, expected, found)


def full_disk(folder: Path, size: int, expected: dict[str, bytes], found: Found) -> None:
    if mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder):
        try:
            run_where_it_fails(folder, lambda: None, f"disk of {size} bytes", found)
            assert mount("-o", "remount,size=200m", folder)
            check_next(folder, expected, found)
        finally:
            subprocess.run(["umount", folder], check=True)
    else:
        run_where_it_fails(
            folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)), f"files of {size} bytes", found
        )
        check_next(folder, expected, found)


def run_where_it_fails(folder: Path, prepare: Callable[[], object], what: str, found: Found) -> None:
    code = end(start(folder, RUN, prepare), folder, found, what.split(" of ")[0])
    if code not in (0, 6):
        found.note("another code than 6", folder, f"{code}: {what}")
    look(folder, {}, found)


def read_only(folder: Path, expected: dict[str, bytes], found: Found) -> None:
    out = folder / "list"
    out.mkdir()
    if not mount("--bind", out, out):
        found.endings["read-only: this process may not mount"] += 1
        return
    try:
        assert mount("-o", "remount,bind,ro", out)
        run_where_it_fails(folder, lambda: None, "read-only", found)
    finally:
        subprocess.run(["umount", out], check=True)
    check_next(folder, expected, found)


def mount(*arguments: str | Path) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0


def vanished_store(folder: Path, seconds: float, expected: dict[str, bytes], found: Found) -> None:
    process = start(folder, RUN)
    time.sleep(seconds)
    with suppress(OSError):
        (folder / "models").rename(folder / "gone")
    end(process, folder, found, "store gone")
    look(folder, {}, found)
    shutil.rmtree(folder / "models", ignore_errors=True)
    check_next(folder, expected, found)


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
        simulate(home / "shop", customers=300, seed=11, kind="textbook", jobs=1)
        (home / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
        # A folder in which an earlier day was listed, and the same one day later: what all others are held to.
        (home / "fresh").mkdir()
        began = time.monotonic()
        assert end(start(home / "fresh", RUN), home / "fresh", found, "reference") == 0
        took = time.monotonic() - began
        (home / "listed").mkdir()
        assert end(start(home / "listed", [*RUN[:-1], EARLIER]), home / "listed", found, "reference") == 0
        earlier = files_of(home / "listed" / "list")
        shutil.copytree(home / "listed", home / "after")
        began = time.monotonic()
        assert end(start(home / "after", RUN), home / "after", found, "reference") == 0
        took_score = time.monotonic() - began
        fresh, after = (files_of(home / name / "list") for name in ("fresh", "after"))
        trials = 0

        def trial(listed: bool) -> Path:
            nonlocal trials
            trials += 1
            folder = home / f"trial-{trials}"
            if listed:
                shutil.copytree(home / "listed", folder)
            else:
                folder.mkdir()
            return folder

        def wanted(kind: str) -> bool:
            return options.only in (None, kind)

        if wanted("pairs"):
            two_at_once(trial, fresh, found)
        for _ in range(options.outages):
            if wanted("disk"):
                full_disk(trial(False), round(10 ** draw.uniform(4.5, 6.8)), fresh, found)
            if wanted("read-only"):
                read_only(trial(False), fresh, found)
            if wanted("store"):
                vanished_store(trial(False), draw.uniform(0, took), fresh, found)
        lasts = {False: took, True: took_score}
        hit, number = 0, 0
        while hit < options.kills and wanted("kills"):
            name, listed = (("run", False), ("train", False), ("run", True), ("score", True))[number % 4]
            folder = trial(listed)
            how = draw.choice([signal.SIGKILL, signal.SIGTERM])
            code = kill(folder, name, how, draw.uniform(0, lasts[listed]), found)
            hit, number = hit + (code in (-how, 128 + how)), number + 1  # others had ended before
            look(folder, earlier if listed else {}, found)
            began = time.monotonic()
            check_next(folder, after if listed else fresh, found)
            lasts[listed] = min(lasts[listed], time.monotonic() - began)
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(home)
    print(f"{hit} kills that hit, {trials} trials; a run takes {took:.1f} s, a night {took_score:.1f} s")
    for name, count in sorted(found.endings.items()):
        print(f"  {name}: {count}")
    for name in ("traceback", "undocumented ending", "lost", "half-written", "a list of two days", "other bytes"):
        print(f"{name}: {found.counts.pop(name, 0)}")
    for name, count in found.counts.items():
        print(f"{name}: {count}")


if __name__ == "__main__":
    main()
