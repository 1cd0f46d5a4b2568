"""Which lines a change touches, and which of them are mutated."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterable, Mapping

from tests.mutation.generate import Mutant


def changed_lines() -> tuple[str, dict[str, set[int]]]:
    """Give the commit, and for each module the lines that differ from the merge base with origin/main.

    Where that branch is not known, or is this very commit, the commit before stands for it.
    """
    commit = _git("rev-parse", "HEAD")
    base = _git("merge-base", "HEAD", "origin/main")
    if base in ("", commit):
        base = _git("rev-parse", "--verify", "--quiet", "HEAD~1")
    return commit, parse_diff(_git("diff", "--unified=0", "--no-color", base, "--", "churnml")) if base else {}


def parse_diff(diff: str) -> dict[str, set[int]]:
    """Give the new line numbers of each Python file of a diff without context.

    >>> parse_diff('+++ b/churnml/a.py\\n@@ -3,0 +4,2 @@ def f():\\n+x = 1\\n+y = 2')
    {'churnml/a.py': {4, 5}}
    """
    found: dict[str, set[int]] = {}
    file = ""
    for line in diff.splitlines():
        if line.startswith("+++ "):
            file = line.removeprefix("+++ b/")
        elif hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            if file.endswith(".py") and count:
                found.setdefault(file, set()).update(range(first, first + count))
    return found


def draw(rows: Mapping[str, set[int]], most: int, seed: str) -> dict[str, set[int]]:
    """Draw at most so many lines of all modules; the same ones for the same seed."""
    lines = sorted((file, row) for file, some in rows.items() for row in some)
    found: dict[str, set[int]] = {}
    for file, row in random.Random(seed).sample(lines, min(most, len(lines))):
        found.setdefault(file, set()).add(row)
    return found


def one_of_each_line(mutants: Iterable[Mutant], seed: str) -> list[Mutant]:
    """Draw a mutant of each line; the same one for the same seed."""
    by_line: dict[int, list[Mutant]] = {}
    for mutant in mutants:
        by_line.setdefault(mutant.row, []).append(mutant)
    return [random.Random(f"{seed} {row}").choice(some) for row, some in by_line.items()]


def _git(*arguments: str) -> str:
    """Give what git answers, or nothing where it cannot."""
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()
