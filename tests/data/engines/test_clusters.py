"""A ranking on a cluster of Spark's, and by Spark Connect, is that of one machine, whatever happens to an executor."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote, urlencode

import pandas as pd
import pytest

from tests.cluster_driver import main
from tests.clusters import SETTINGS, connect, standalone
from tests.engine_shops import SHOPS, tables_of

pytestmark = pytest.mark.slow
DAY = str(SHOPS[0][1])
DRIVER = {"spark.driver.memory": "1g", "spark.driver.maxResultSize": "256m", "spark.executor.memory": "1g"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a random shop's tables."""
    folder = tmp_path_factory.mktemp("cluster") / "a shop"
    folder.mkdir()
    for name, table in tables_of(0).items():
        table.to_parquet(folder / f"{name}.parquet", index=False, coerce_timestamps="us")
    return folder


@pytest.fixture(scope="module")
def alone(tables: Path, trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the list that one machine makes."""
    folder = tmp_path_factory.mktemp("alone") / "list"
    main(str(tables), str(trained_model), DAY, str(folder), kill=False)
    return folder


@pytest.mark.parametrize(("cluster", "kill"), [(standalone, True), (connect, False)])
def test_a_cluster_ranks_as_one_machine_does(
    cluster: Callable[[Path], AbstractContextManager[str]],
    kill: bool,
    spark: str,
    tables: Path,
    alone: Path,
    trained_model: Path,
    tmp_path: Path,
) -> None:
    with cluster(tmp_path / "cluster") as address:
        settings = {"spark.remote": address} if cluster is connect else SETTINGS | DRIVER | {"spark.master": address}
        source = f"pyspark://{quote(str(tables))}?{urlencode(settings)}"
        script = [sys.executable, "-m", "tests.cluster_driver", source, str(trained_model), DAY, str(tmp_path / "list")]
        done = subprocess.run([*script, *["kill"] * kill], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    further = ["complaints.csv", "thank_you.csv", "win_back.csv"]
    assert told["files"] == ["worklist.xlsx", "worklist.csv", "report.html", "ranking.parquet", "run.json", *further]
    for name in ("worklist.csv", "report.html", *(f"lists/{one}" for one in further)):
        assert (tmp_path / "list" / name).read_bytes() == (alone / name).read_bytes()
    for ranking in (tmp_path / "list").rglob("ranking.parquet"):
        found = pd.read_parquet(ranking).sort_values("risk_rank", ignore_index=True)
        pd.testing.assert_frame_equal(found, pd.read_parquet(alone / "ranking.parquet"), rtol=1e-9)
