"""Which modules are mutated, by which tests they are judged, and which survivors are explained."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.generate import Mutant


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A mutant that no test can notice or need notice, and why."""

    file: str
    line: str
    becomes: str
    reason: str

    def covers(self, mutant: Mutant) -> bool:
        """Tell whether this is the mutant, wherever its line stands."""
        return (self.file, self.line, self.becomes) == (mutant.file, mutant.line, mutant.becomes)


def read_list(path: Path) -> tuple[list[str], list[Explained]]:
    """Read the modules that are mutated, and the survivors that are explained."""
    content = tomllib.loads(path.read_text())
    return content["modules"], [Explained(**one) for one in content.get("survivors", [])]


def judged_by(file: str) -> str:
    """Name the test file of a module: that of ``churnml/x/y.py`` is ``tests/x/test_y.py``."""
    path = Path(file)
    return Path("tests", *path.parts[1:-1], f"test_{path.stem}.py").as_posix()
