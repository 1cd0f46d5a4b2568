"""Readouts in MLflow: a run per campaign, its sequence as steps, and a word at the champion's version."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnml.campaigns.readout import read_out
from churnml.config import Config
from churnml.reporting.readout import write_readout
from churnml.tracking.readouts import _metrics, log_readout
from tests.campaigns.made_campaign import make_campaign


def test_metrics_stand_at_the_number_of_matured_lists() -> None:
    shop, ledger = make_campaign(200, 3, effect=-0.2)
    found = read_out(shop, ledger)
    metrics = _metrics(found, "retention")
    assert sorted(metrics) == [1, 2, 3]
    assert metrics[1]["effect.churned"] == found.sequence.effect[0]
    assert metrics[3]["effect.churned"] == found.effects.effect[0]
    assert (metrics[3]["delivery"], metrics[3]["contamination"]) == (1.0, 0.0)
    assert metrics[3]["save_share"] == found.measured["retention"]["save_share"]["value"]


@pytest.mark.slow
def test_a_readout_is_kept_with_its_sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    monkeypatch.chdir(tmp_path)
    store = f"sqlite:///{tmp_path}/mlflow.db"
    config = Config.model_validate({"tracking": {"uri": store}})
    shop, ledger = make_campaign(300, 3, effect=-0.2)
    found = read_out(shop, ledger)
    files = write_readout(found, tmp_path / "out", Config(), None)
    (run_id,) = log_readout(found, config, files)
    client = mlflow.MlflowClient(store)
    run = client.get_run(run_id)
    assert run.info.run_name == f"readout retention {found.as_of}"
    tags = run.data.tags
    assert (tags["kind"], tags["campaign"], tags["causal"]) == ("readout", "retention", "true")
    assert run.data.tags["verdict"] == found.effects.verdict[0]
    steps = client.get_metric_history(run_id, "effect.churned")
    by_step = {metric.step: metric.value for metric in steps}
    assert by_step == pytest.approx(dict(zip(found.sequence.cohorts, found.sequence.effect, strict=True)))
    assert {"effect.profit", "delivery", "contamination", "play.call.effect"} <= set(run.data.metrics)
    # The key is not told, only whether two are the same.
    assert "churnml" not in run.data.params["key_fingerprint"]
    assert {file.path for file in client.list_artifacts(run_id)} == {path.name for path in files}
    assert run.inputs.dataset_inputs
