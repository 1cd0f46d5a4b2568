"""Real PostgreSQL, MariaDB and S3 servers for the tests, started in an empty folder and stopped after them."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import ibis
import pandas as pd
import pymysql

from tests.outside import MARIADB_TABLES, POSTGRES

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


@contextmanager
def mariadb_server(program: Path) -> Iterator[str]:
    """Start a server without passwords and give its address, without a database."""
    folder = Path(tempfile.mkdtemp(prefix="churnml-mariadb-", dir="/tmp"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    as_user: list[str] = []
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        as_user = ["--user=nobody"]
    sql = "CREATE USER shop@'127.0.0.1' IDENTIFIED BY 'secret';\nGRANT ALL ON *.* TO shop@'127.0.0.1';\n"
    (folder / "first.sql").write_text(sql)
    common = [program, "--no-defaults", f"--datadir={folder}", *as_user]
    spared = ["--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M"]
    system = [(MARIADB_TABLES / f"mysql_{name}.sql").read_text() for name in ("system_tables", "system_tables_data")]
    try:
        # What mariadb-install-db does, without the texts of the help.
        subprocess.run(
            [*common, *spared, "--bootstrap"],
            input="\n".join(["CREATE DATABASE mysql;", "USE mysql;", *system]).encode(),
            check=True,
            capture_output=True,
        )
        server = subprocess.Popen(
            [
                *common,
                *spared,
                f"--port={port}",
                "--bind-address=127.0.0.1",
                f"--socket={folder / 'socket'}",
                f"--pid-file={folder / 'pid'}",
                f"--init-file={folder / 'first.sql'}",
                "--skip-name-resolve",
            ],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port, server)
            yield f"mysql://shop:secret@127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def s3_server(program: str) -> Iterator[str]:
    """Start a server that lets in who signs with the key ``shop`` and its secret, and give its address."""
    folder = Path(tempfile.mkdtemp(prefix="churnml-s3-", dir="/tmp"))
    key = {"accessKey": "shop", "secretKey": "verysecret"}
    rights = ["Admin", "Read", "Write", "List"]
    keys = {"identities": [{"name": "shop", "credentials": [key], "actions": rights}]}
    (folder / "keys.json").write_text(json.dumps(keys))
    with ExitStack() as bound:
        free = [bound.enter_context(socket.socket()) for _ in range(8)]
        for one in free:
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in free]
    parts = ("master", "volume", "filer", "s3")
    listens = [f"-{part}.port{kind}={ports.pop()}" for kind in (".grpc", "") for part in parts]
    server = subprocess.Popen(
        [
            program,
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={folder}",
            "-s3",
            f"-s3.config={folder / 'keys.json'}",
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=1000",
            *listens,
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = int(listens[-1].partition("=")[2])
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()  # it takes half a minute to end by itself
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the server has ended"
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the server does not answer")


def load_mariadb(address: str, tables: dict[str, pd.DataFrame]) -> str:
    """Write tables into a database of their own, and give its address."""
    database = f"shop_{uuid4().hex}"
    parts = urlsplit(address)
    server = {"host": parts.hostname, "port": parts.port, "user": parts.username, "password": parts.password}
    with closing(pymysql.connect(**server, charset="utf8mb4", autocommit=True)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {database}")
        for name, table in tables.items():
            columns = ", ".join(f"`{column}` {_mysql_type(table[column])}" for column in table)
            cursor.execute(f"CREATE TABLE {name} ({columns})")
            rows = table.astype(object).where(table.notna(), None).to_numpy().tolist()
            values = ", ".join(["%s"] * len(table.columns))
            cursor.executemany(f"INSERT INTO {name} VALUES ({values})", rows)
    return f"{address}/{database}"


def _mysql_type(values: pd.Series) -> str:
    kinds = {"b": "TINYINT(1)", "i": "BIGINT", "f": "DOUBLE", "M": "DATETIME(6)"}
    if values.dtype.kind in kinds:
        return kinds[values.dtype.kind]
    first = values.dropna().iloc[0] if values.notna().any() else ""
    return {Decimal: "DECIMAL(18,4)", bool: "TINYINT(1)"}.get(type(first), "VARCHAR(200)")
