"""What all tests share; heavy libraries are imported where they are used, since every test waits for this module."""

from __future__ import annotations

import atexit
import fcntl
import gc
import logging
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests import outside

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from churnml.data.shop import Shop
    from churnml.models.model import Model
    from churnml.models.rows import TrainingFrame
    from churnml.training.result import Training

COSTLY = {"chromium", "libreoffice", "mariadb", "postgres", "s3", "shared_data", "spark"}
COSTLY |= {"engine_shop", "model", "random_shop", "simulated", "train_on", "trained", "trained_model"}
"""Fixtures that take more than a second, so that a test which asks for one is slow."""
_COMMANDS = ("cli", "docs", "future", "notebooks", "readme", "real_shops")
LONGEST = {"spark", *(f"tests/test_{name}.py" for name in _COMMANDS)}
"""Modules, and the tests of Spark, that take minutes."""
SPARK = {
    "spark.master": "local[2]",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    # A session of a minute does not earn back what the optimising compiler costs, nor the check of Spark's own classes.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=256m "
    "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
}
INTERPRETED = {
    # For a few rows, to write Java for each query, to compile it and to plan anew after each step is most of the work.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.master": "local[1]",
    "spark.sql.shuffle.partitions": "1",
}
"""Settings under which Spark answers questions about few rows in two thirds of the time; a command runs without."""
ONE_BY_ONE = """
import json, sys
from churnml.cli import main
commands = json.loads(sys.argv[1])
for arguments in commands:
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
print(f"{len(commands)} commands done")
"""
"""Runs commands in one process, which starts and imports what they need once."""
Once = Callable[[str, Callable[[Path], object]], Path]
Run = Callable[..., tuple[int, str, str]]

# Two workers share two cores: threads of LightGBM and BLAS that wait at full speed would take all of both.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
# Checks of an earlier run of the tests are not remembered; the workers of one run share theirs.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["CHURNML_CACHE"] = tempfile.mkdtemp(prefix="churnml-tests-cache-")
    atexit.register(shutil.rmtree, os.environ["CHURNML_CACHE"], ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Set no deadline to hypothesis' examples: a busy machine would make them fail."""
    from hypothesis import settings

    if settings.get_current_profile_name() == "default":  # mutants have their own
        settings.register_profile("without deadline", deadline=None)
        settings.load_profile("without deadline")


def pytest_collection() -> None:
    """Import without looking for garbage."""
    gc.disable()


def pytest_unconfigure() -> None:
    """Give back what was spared; some libraries count what is never collected, and complain."""
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what waits for a costly fixture, and begin with what takes longest, so that no worker waits at the end."""
    for item in items:
        if COSTLY & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    slow = Counter(_unit(item.nodeid) for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (_unit(item.nodeid) not in LONGEST, -slow[_unit(item.nodeid)]))


def pytest_collection_finish() -> None:
    """Spare the garbage collector what the imports made, through which it walked a quarter of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)  # as in a command; a test makes more than the usual 700 objects in no time
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Keep a module, and all modules that use Spark, on one worker, which makes their fixtures once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByModule(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _unit(nodeid)

    config.option.loadscopereorder = False
    return ByModule(config, log)


@cache
def _asks_for_spark(module: str) -> bool:
    text = (Path(__file__).parents[1] / module).read_text(encoding="utf-8")
    return re.search(r'spark: str|"spark"[,)\]]', text) is not None


def _unit(nodeid: str) -> str:
    module = nodeid.split("::")[0]
    return "spark" if _asks_for_spark(module) else module


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Once:
    """Give a function that makes a folder by name, or waits for the worker that makes it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if hasattr(pytestconfig, "workerinput") else base

    def make_once(name: str, make: Callable[[Path], object]) -> Path:
        folder = base / name
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                make(base / f"{name}.part")
                (base / f"{name}.part").rename(folder)
        return folder

    return make_once


@pytest.fixture(autouse=True)
def _copied_stores(once: Once) -> None:
    """Give a new store of MLflow the tables of one that it made itself: a second for each, of 45 migrations."""
    utils = sys.modules.get("mlflow.store.db.utils")
    if utils is None or hasattr(utils._initialize_tables, "copies"):
        return
    migrate = utils._initialize_tables

    def make(folder: Path) -> None:
        from sqlalchemy import create_engine

        folder.mkdir()
        engine = create_engine(f"sqlite:///{folder / 'mlflow.db'}")
        migrate(engine)
        engine.dispose()

    def copy(engine: Engine) -> None:
        if engine.dialect.name != "sqlite" or utils.sqlalchemy.inspect(engine).get_table_names():
            migrate(engine)
            return
        made = once("store", make) / "mlflow.db"
        with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(engine.url.database)) as target:
            source.backup(target)

    copy.copies = True
    utils._initialize_tables = copy


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Run a command in this process, in an empty folder; gives exit code, output and errors."""
    from churnml import cli
    from churnml.job_log import STEPS

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    levels = [(logger, logger.level) for logger in (logging.getLogger("churnml"), STEPS)]

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["churnml", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        output = capsys.readouterr()
        return int(stopped.value.code or 0), output.out, output.err

    yield call
    for logger, level in levels:  # which a command with -v sets
        logger.setLevel(level)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public datasets that lies beside the checkout."""
    return outside.find_shared_data()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    return outside.find_chromium()


@pytest.fixture(scope="session")
def libreoffice() -> str:
    """The path of a LibreOffice."""
    return outside.find_libreoffice()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server."""
    programs = outside.find_postgres()
    from tests.servers import postgres_server

    with postgres_server(programs) as address:
        yield address


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """The address of a real MariaDB server, to which the name of a database is added."""
    program = outside.find_mariadb()
    from tests.servers import mariadb_server

    with mariadb_server(program) as address:
        yield address


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a real S3 server, whose key is ``shop`` and whose secret is ``verysecret``."""
    program = outside.find_seaweedfs()
    from tests.servers import s3_server

    with s3_server(program) as address:
        yield address


@pytest.fixture(scope="session")
def spark() -> Iterator[str]:
    """The address of a real Spark session, which interprets its queries."""
    outside.find_java()
    yield f"pyspark://?{urlencode(SPARK | INTERPRETED)}"
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()
    gateway = SparkContext._gateway
    if gateway is not None:  # PySpark leaves its pipe to Java, and Java itself, to the garbage collector
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()


@pytest.fixture(scope="session")
def engine_shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, int], tuple[Shop, str]]:
    """Give a function that reads a random shop on PostgreSQL or Spark, once; gives the shop and its address."""
    from churnml.data.reading import read
    from tests.engine_shops import place

    @cache
    def read_on(engine: str, shop: int) -> tuple[Shop, str]:
        source = place(engine, shop, request.getfixturevalue(engine), tmp_path_factory.mktemp("engine"))
        return read(source), source

    return read_on


@pytest.fixture(scope="session")
def simulated(once: Once) -> Path:
    """A folder with a simulated shop of 2,000 customers, whose signals are clear."""
    from churnml.data.simulator import simulate

    return once("simulated", lambda folder: simulate(folder, customers=2_000, seed=11, kind="textbook"))


@pytest.fixture(scope="session")
def shop(simulated: Path) -> Shop:
    """The simulated shop."""
    from churnml.data.reading import read

    return read(simulated)


@pytest.fixture(scope="session")
def trained_model(shop: Shop, once: Once) -> Path:
    """The folder of a model trained on the simulated shop as of 2025-03-01, with a version."""
    from churnml.config import Config, SnapshotSettings, TrainingSettings
    from churnml.definition import ChurnDefinition
    from churnml.models.artefact import save_model
    from churnml.tracking.trainer import Trainer

    def train(folder: Path) -> None:
        settings = TrainingSettings(folds=2, bootstrap_draws=20)
        config = Config(snapshots=SnapshotSettings(every_days=60), training=settings)
        save_model(Trainer(ChurnDefinition(), config, track=False).fit(shop, "2025-03-01"), folder)

    return once("model", train)


@pytest.fixture(scope="session")
def model(trained_model: Path) -> Model:
    """The model itself."""
    from churnml.models.artefact import load_model

    return load_model(trained_model)


@pytest.fixture(scope="session")
def make_frame() -> Callable[..., TrainingFrame]:
    """Give a function that draws training frames, without a shop."""
    from tests.drawn import draw_frame

    return draw_frame


@pytest.fixture(scope="session")
def train_on() -> Callable[..., Training]:
    """Give a function that trains on a frame, without a shop and without MLflow."""
    from tests.drawn import train_on

    return train_on


@pytest.fixture(scope="session")
def trained(make_frame: Callable[..., TrainingFrame], train_on: Callable[..., Training]) -> Training:
    """Give a training that chose the trees."""
    training = train_on(make_frame(hidden=1.5))
    assert training.verdict.decision == "model"
    return training
