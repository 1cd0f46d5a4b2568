"""What all tests share."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from churnml.config import Config, TrainingSettings
from churnml.data.shop import Shop, read
from churnml.data.simulator import simulate
from churnml.definition import ChurnDefinition
from churnml.training.artefact import save_model
from churnml.training.model import Model
from churnml.training.trainer import Trainer
from tests.servers import postgres_server

# Checks of an earlier run of the tests are not remembered.
os.environ["CHURNML_CACHE"] = tempfile.mkdtemp(prefix="churnml-tests-cache-")
atexit.register(shutil.rmtree, os.environ["CHURNML_CACHE"], ignore_errors=True)

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public datasets that lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the public datasets (../shared/data) are not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated shop of 2,000 customers."""
    folder = tmp_path_factory.mktemp("simulated") / "shop"
    simulate(folder, customers=2_000, seed=11)
    return folder


@pytest.fixture(scope="session")
def shop(simulated: Path) -> Shop:
    """The simulated shop."""
    return read(simulated)


@pytest.fixture(scope="session")
def model(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model trained on the simulated shop as of 2025-03-01, with a version."""
    config = Config(training=TrainingSettings(folds=2, bootstrap_draws=20))
    trained = Trainer(ChurnDefinition(), config, track=False).fit(shop, "2025-03-01")
    return save_model(trained, tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server."""
    with postgres_server() as address:
        yield address


@pytest.fixture(scope="session")
def spark() -> Iterator[str]:
    """The address of a real Spark session on two cores."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 (Debian: openjdk-17-jre-headless)")
    settings = "spark.master=local[2]&spark.sql.shuffle.partitions=2&spark.driver.bindAddress=127.0.0.1"
    yield f"pyspark://?{settings}&spark.driver.host=127.0.0.1"
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()
