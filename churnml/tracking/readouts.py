"""Readouts in MLflow: a run for each campaign that was read out, with the sequence as metrics over time."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.campaigns.readout import Readout
from churnml.config import Config
from churnml.tracking.aliases import CHAMPION, version_at
from churnml.tracking.mlflow_store import at_store, experiment_of
from churnml.tracking.processes import tags_of_this_process
from churnml.words.campaigns import say_brought
from churnml.words.value_names import ALL_CAMPAIGNS

KIND = "kind"
"""Tag that says what a run is: ``training`` or ``readout``."""
_DIGEST_BYTES = _PRINT_BYTES = 8


def log_readout(readout: Readout, config: Config | None = None, files: Sequence[str | Path] = ()) -> list[str]:
    """Keep a readout in MLflow, and say in the champion's version what its lists brought.

    Parameters
    ----------
    readout : Readout
        What was read out.
    config : Config, optional
        Settings of tracking, campaigns and plays; None takes the defaults.
    files : sequence of path, optional
        Files that are kept with the run, such as those of `churnml.reporting.readout.write_readout`.

    Returns
    -------
    list of str
        Ids of the runs, one for each campaign; a readout without a holdout has one run.
    """
    config = config or Config()
    sentence = " ".join(say_brought(readout, "en", None))
    runs = []
    with at_store(config.tracking, makes=True) as mlflow:
        experiment = experiment_of(mlflow, config.tracking)
        for campaign in readout.campaigns or ("",):
            tags = tags_of_this_process() | {KIND: "readout", "campaign": campaign, "verdict.sentence": sentence}
            name = f"readout {campaign} {readout.as_of}".replace("  ", " ")
            with mlflow.start_run(
                run_name=name, experiment_id=experiment, nested=True, log_system_metrics=False, tags=tags
            ):
                mlflow.set_tags(_tags(readout, campaign) | {"causal": str(readout.causal).lower()})
                mlflow.log_params(_params(readout, campaign, config))
                for step, metrics in _metrics(readout, campaign).items():
                    mlflow.log_metrics(metrics, step=step)
                if len(readout.rows):
                    ledger = readout.rows[readout.rows["campaign"] == campaign]
                    seen = ledger[["entered_on", "arm", "chance", "churn_probability"]].astype({"entered_on": "str"})
                    mlflow.log_input(mlflow.data.from_pandas(seen, name="ledger", digest=_digest(ledger)), "readout")
                for file in files:
                    mlflow.log_artifact(str(file))
                runs.append(mlflow.active_run().info.run_id)
        version = version_at(mlflow, config.tracking.model_name, CHAMPION)
        if version is not None and readout.causal:
            client = mlflow.MlflowClient()
            for campaign in readout.campaigns:
                client.set_model_version_tag(config.tracking.model_name, version, f"readout.{campaign}", sentence)
    return runs


def _tags(readout: Readout, campaign: str) -> dict[str, str]:
    main = _of(readout, campaign)
    main = main[(main["outcome"] == "churned") & (main["estimand"] == "ITT")]
    versions = sorted(set(readout.rows["model_version"].dropna())) if "model_version" in readout.rows else []
    verdict = str(main["verdict"].iloc[0]) if len(main) else "not_causal"
    return {"verdict": verdict, "model_version": ", ".join(versions)}


def _params(readout: Readout, campaign: str, config: Config) -> dict[str, object]:
    rows = readout.rows[readout.rows["campaign"] == campaign] if len(readout.rows) else readout.rows
    # Who knows the key could draw the arms; its print only tells whether two keys are the same.
    key = blake2b(config.plays.holdout.key.encode(), digest_size=_PRINT_BYTES, person=b"churnml key").hexdigest()
    return {
        "campaign": campaign,
        "as_of": readout.as_of,
        "definition": rows["definition"].iloc[0] if len(rows) else "",
        "share": float(rows["chance"].mean()) if len(rows) else float("nan"),
        "key_fingerprint": key,
        "covariate": "churn_probability",
        "alpha": 0.05,
        "planned_on": readout.planned_on.get(campaign),
    }


def _metrics(readout: Readout, campaign: str) -> dict[int, dict[str, float]]:
    """Return metrics by the number of matured cohorts, so that MLflow draws the sequence."""
    found: dict[int, dict[str, float]] = {}
    if not readout.causal:
        return found
    ends = ("low", "high", "low_always", "high_always")
    for row in readout.sequence[readout.sequence["campaign"] == campaign].to_dict("records"):
        told = {"effect.churned": row["effect"], "listed": row["listed"], "held_out": row["held_out"]}
        found[int(row["cohorts"])] = told | {f"effect.churned.{end}": row[end] for end in ends}
    last = found.setdefault(max(found, default=1), {})
    for row in _of(readout, campaign).to_dict("records"):
        name = f"effect.{row['outcome']}" if row["estimand"] == "ITT" else f"contacted.{row['outcome']}"
        last |= {name: row["effect"], **{f"{name}.{end}": row[end] for end in ends}}
    for name, share in readout.measured.get(campaign, {}).items():
        if isinstance(share, dict):
            last |= {name: share["value"], f"{name}.low": share["low"], f"{name}.high": share["high"]}
    for check in readout.checks:
        if check.name in ("delivery", "contamination") and check.campaign == campaign:
            last[check.name] = float(check.numbers["share"])
    has_plays = readout.rows["play"].notna().any() and campaign != ALL_CAMPAIGNS
    for row in readout.by("play").to_dict("records") if has_plays else []:
        last[f"play.{row['play']}.effect"] = row["shrunken"]
    return {
        step: {name: float(value) for name, value in told.items() if value is not None and np.isfinite(value)}
        for step, told in found.items()
    }


def _of(readout: Readout, campaign: str) -> pd.DataFrame:
    effects = readout.effects
    return effects[(effects["campaign"] == campaign) & (effects["entry"] == "first")]


def _digest(ledger: pd.DataFrame) -> str:
    proofs = "\n".join(sorted(ledger["proof"]))
    return blake2b(proofs.encode(), digest_size=_DIGEST_BYTES).hexdigest()
