"""A real PostgreSQL server for the tests, started in an empty folder and stopped after them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import pandas as pd

from tests.outside import POSTGRES

# The order of letters in which most databases run: a, B, b and not B, a, b. The package's server does not know it.
_NOT_BY_BYTES = ("--locale-provider=icu", "--icu-locale=en-US")


@contextmanager
def postgres_server(programs: Path) -> Iterator[str]:
    """Start a server and give the address of its empty database; ``initdb`` refuses root, so root becomes nobody."""
    order = _NOT_BY_BYTES if programs.is_relative_to(POSTGRES) else ()
    # Not pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="churnml-postgres-", dir="/tmp"))
    as_user: dict[str, Any] = {"cwd": folder, "check": True, "capture_output": True}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        as_user |= {"user": "nobody", "group": nobody.pw_gid, "extra_groups": []}
        if not programs.is_relative_to(POSTGRES):
            # Nobody may not enter root's folders, in which the package and its libraries may lie.
            package = programs.parents[1]
            for source in (programs.parent, package.with_name(f"{package.name}.libs")):
                shutil.copytree(source, folder / source.relative_to(package.parent))
            programs = folder / programs.relative_to(package.parent)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    try:
        subprocess.run(
            [
                programs / "initdb",
                "-D",
                data,
                "-U",
                "shop",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "-N",
                "--locale=C.UTF-8",
                *order,
            ],
            **as_user,
        )
        spared = "".join(f" -c {name}=off" for name in ("fsync", "synchronous_commit", "full_page_writes", "jit"))
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=20{spared}"
        subprocess.run(
            [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"],
            **(as_user | {"capture_output": False, "stdout": subprocess.DEVNULL}),
        )
        try:
            yield f"postgres://shop:secret@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **as_user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load_postgres(address: str, schema: str, tables: dict[str, pd.DataFrame]) -> str:
    """Write tables into a schema of their own, whose name begins with a word, and give its address."""
    unique = f"{schema}_{uuid4().hex}"
    backend = ibis.connect(address, autocommit=True)
    backend.create_database(unique)
    for name, table in tables.items():
        backend.create_table(name, table, database=unique)
    backend.disconnect()
    return f"{address}/{unique}"
