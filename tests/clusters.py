"""Real clusters of Spark on this machine: a master with two workers as processes of their own, and Spark Connect."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

_LEAST = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    # Queries of few rows take longer to be compiled by Java than to be interpreted.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""Settings of a session that computes little."""


@contextmanager
def standalone(folder: Path, workers: int = 2) -> Iterator[str]:
    """Start a master and workers of one core and 1 GiB, and give the master's address."""
    with ExitStack() as started:
        port = _free_port()
        master = "org.apache.spark.deploy.master.Master"
        options = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
        started.enter_context(_process(["spark-class", master, *options], folder / "master"))
        _wait_for(port)
        for number in range(workers):
            own = folder / f"worker {number}"
            order = ["spark-class", "org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "1g"]
            options = ["--host", "127.0.0.1", "--webui-port", "0", "--work-dir", str(own)]
            started.enter_context(_process([*order, *options, f"spark://127.0.0.1:{port}"], own))
        yield f"spark://127.0.0.1:{port}"


@contextmanager
def connect(folder: Path) -> Iterator[str]:
    """Start a server of Spark Connect with an engine of its own, and give its address."""
    port = _free_port()
    settings = SETTINGS | {
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.master": "local[2]",
        "spark.log.level": "WARN",
    }
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    order = ["spark-submit", *(part for key, value in settings.items() for part in ("--conf", f"{key}={value}"))]
    with _process([*order, "--class", server, "spark-internal"], folder, memory="1g"):
        _wait_for(port)
        yield f"sc://127.0.0.1:{port}"


@contextmanager
def _process(order: list[str], folder: Path, memory: str = "256m") -> Iterator[None]:
    import pyspark

    folder.mkdir(parents=True, exist_ok=True)
    home = Path(pyspark.__file__).parent
    root = Path(__file__).parents[1]
    environment = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_NO_DAEMONIZE": "1",
        "SPARK_LOCAL_DIRS": str(folder),
        "SPARK_DAEMON_MEMORY": memory,
        "SPARK_DAEMON_JAVA_OPTS": _LEAST,
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [home / "bin" / order[0], *order[1:]], cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with closing(socket.socket()) as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"nothing listens on port {port}")
