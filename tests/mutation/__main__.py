"""Mutates the modules whose numbers matter, and names the mutants that no test notices.

python -m tests.mutation                   all modules of tests/mutants.toml
python -m tests.mutation churnml/x/y.py    some of them
python -m tests.mutation --changed         at most 60 of the lines that a change touches, for ten minutes at most
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.changed import changed_lines, draw, one_of_each_line
from tests.mutation.explained import Explained, judged_by, read_list
from tests.mutation.generate import Mutant, generate, mutable_rows
from tests.mutation.run import TestsFailedError, judge, measure

LIST = Path("tests/mutants.toml")
_LINES = 60
_MINUTES = 10.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run(
    file: str, mutants: Sequence[Mutant], explained: Sequence[Explained], jobs: int, until: float
) -> tuple[list[Mutant], int]:
    """Run the tests of a module on its mutants, and print what was found.

    Returns
    -------
    tuple
        The survivors, and how many mutants were not reached in time.
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="churnml-mutants-") as folder:
        tempfile.tempdir = folder
        try:
            baseline = measure(file, judged_by(file), Path(folder), until)
            outcomes = list(judge(mutants, judged_by(file), baseline, Path(folder), jobs, until)) if baseline else []
        finally:
            tempfile.tempdir = None
    survivors = sorted((mutant for mutant, outcome in outcomes if outcome == "survived"), key=lambda one: one.row)
    unexplained = [mutant for mutant in survivors if not any(one.covers(mutant) for one in explained)]
    print(
        f"{file}: {len(outcomes)} mutants, {len(outcomes) - len(survivors)} killed, "
        f"{len(survivors) - len(unexplained)} explained, {len(unexplained)} unexplained "
        f"({time.monotonic() - start:.0f} s)"
    )
    for mutant in unexplained:
        print(f"  line {mutant.row}\n    - {mutant.line}\n    + {mutant.becomes}")
    sys.stdout.flush()
    return survivors, len(mutants) - len(outcomes)


def main() -> int:
    """Run the command; 1 where a survivor is not explained, or an explanation fits no survivor."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules to mutate; all of tests/mutants.toml without")
    parser.add_argument("--changed", action="store_true", help="mutate a sample of the changed lines alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tests run side by side")
    arguments = parser.parse_args()
    # Threads of linear algebra do not survive a fork.
    os.environ |= dict.fromkeys(_THREADS, "1")
    listed, explained = read_list(LIST)
    files: Sequence[str] = arguments.modules or listed
    until, drawn, commit = float("inf"), None, ""
    if arguments.changed:
        until = time.monotonic() + _MINUTES * 60
        commit, lines = changed_lines()
        able = [file for file in lines if Path(file).is_file() and Path(judged_by(file)).is_file()]
        rows = {file: lines[file] & mutable_rows(Path(file).read_text()) for file in able}
        drawn = draw(rows, _LINES, commit)
        print(
            f"{sum(map(len, drawn.values()))} of {sum(map(len, rows.values()))} changed lines are mutated.", flush=True
        )
        files = sorted(drawn, key=lambda file: (file not in listed, file))
    survivors, missed = [], 0
    for file in files:
        mutants = generate(file, Path(file).read_text(), None if drawn is None else drawn[file])
        if drawn is not None:
            mutants = one_of_each_line(mutants, commit)
        try:
            lived, beyond = run(file, mutants, explained, arguments.jobs, until)
        except TestsFailedError as failure:
            print(failure, file=sys.stderr)
            if file in (*listed, *arguments.modules):
                return 1
            continue
        survivors += lived
        missed += beyond
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{usage.ru_utime + usage.ru_stime:.0f} s of processor.")
    if missed:
        print(f"{missed} mutants were not reached in {_MINUTES:.0f} minutes.")
    counted = {*listed, *arguments.modules}
    failing = [one for one in survivors if one.file in counted and not any(entry.covers(one) for entry in explained)]
    entries = [] if arguments.changed else [entry for entry in explained if entry.file in files]
    stale = [entry for entry in entries if not any(map(entry.covers, survivors))]
    for entry in stale:
        print(f"{LIST}: no survivor of {entry.file} is\n    - {entry.line}\n    + {entry.becomes}\n  Remove the entry.")
    print(f"{len(failing)} unexplained survivors, {len(stale)} stale explanations.")
    return 1 if failing or stale else 0


if __name__ == "__main__":
    sys.exit(main())
