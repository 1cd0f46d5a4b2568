from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.shop import Shop
from churnml.scoring import files
from churnml.scoring.files import write_ranking
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer
from churnml.training.model import Model


@pytest.fixture(scope="module")
def ranking(shop: Shop, model: Model) -> Ranking:
    return Scorer(model).rank(shop, "2025-03-01")


def test_parquet_and_csv_hold_the_same(ranking: Ranking, tmp_path: Path) -> None:
    write_ranking(ranking, tmp_path, 50, {})
    parquet = pd.read_parquet(tmp_path / "ranking.parquet")
    csv = pd.read_csv(tmp_path / "ranking.csv")
    assert list(parquet.columns) == list(csv.columns) == list(ranking.frame.columns)
    assert list(csv.customer_id) == list(parquet.customer_id)
    assert (csv.churn_probability - parquet.churn_probability).abs().max() <= 5e-7
    assert list(csv.reason_1.fillna("")) == list(parquet.reason_1.fillna(""))
    assert len(pd.read_csv(tmp_path / "worklist.csv")) == min(50, len(ranking.worklist()))


def test_the_same_ranking_gives_the_same_bytes(ranking: Ranking, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_ranking(ranking, tmp_path / name, 50, {"score": len(name)})
    for name in ("ranking.parquet", "ranking.csv", "worklist.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_manifest_counts_everyone(ranking: Ranking, tmp_path: Path) -> None:
    write_ranking(ranking, tmp_path, 50, {"score": 1.234})
    manifest = json.loads((tmp_path / "run.json").read_text())
    assert manifest["customers_ranked"] == len(ranking)
    assert manifest["customers_on_work_list"] == 50
    assert manifest["seconds"] == {"score": 1.23}
    assert manifest["model"]["version"] == ranking.model.version
    assert sum(manifest["customers_left_out"].values()) > 0


def test_a_failure_half_way_leaves_the_old_list(
    ranking: Ranking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ranking(ranking, tmp_path, 50, {})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*_: object) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_manifest", fail)
    with pytest.raises(KeyboardInterrupt):
        write_ranking(ranking, tmp_path, 10, {})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert [path for path in tmp_path.parent.iterdir() if path.name.startswith(f".{tmp_path.name}.")] == []
