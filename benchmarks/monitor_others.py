"""What other tools say of the looks that `monitor.py --rows DIR` wrote; runs in their environments.

    VENV/bin/python benchmarks/monitor_others.py {nannyml,evidently,river} DIR [DIR ...]

Each tool is used as its documentation shows, with its own thresholds: the twelve months before the training are its
reference, each look is a chunk. Printed are the looks at which it alarms where nothing changed, and for each change
the first look after it at which it alarms; of what needs outcomes, the first look whose outcomes are of after it.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

NOT_FEATURES = ["look", "probability", "churned", "customer_id"]
Alarms = dict[str, set[int]]


def split(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return the rows of the reference, those of the looks, and the names of the features."""
    features = [name for name in rows if name not in NOT_FEATURES]
    rows = rows.assign(predicted=(rows["probability"] >= 0.5).astype(int))
    return rows[rows["look"] < 0].copy(), rows[rows["look"] >= 0].copy(), features


def nannyml(rows: pd.DataFrame) -> Alarms:
    """Ask NannyML: univariate drift, reconstruction error, and the estimated AUROC (CBPE)."""
    import nannyml as nml

    nml.disable_usage_logging()
    reference, looks, features = split(rows)
    chunks = {"chunker": nml.chunk.SizeBasedChunker(int(len(reference) / reference["look"].nunique()))}
    found: Alarms = {}
    univariate = nml.UnivariateDriftCalculator(
        column_names=features, continuous_methods=["jensen_shannon"], **chunks
    ).fit(reference)
    whole = nml.DataReconstructionDriftCalculator(column_names=features, **chunks).fit(reference)
    cbpe = nml.CBPE(
        y_pred_proba="probability",
        y_pred="predicted",
        y_true="churned",
        problem_type="classification_binary",
        metrics=["roc_auc"],
        **chunks,
    ).fit(reference.dropna(subset=["churned"]))
    for look, part in looks.groupby("look"):
        at = int(str(look))
        for name, calculator, ask in (
            ("univariate, any column", univariate, "calculate"),
            ("reconstruction", whole, "calculate"),
            ("CBPE", cbpe, "estimate"),
        ):
            table = getattr(calculator, ask)(part).filter(period="analysis").to_df()
            alarms = table.loc[:, [column for column in table if "alert" in column]]
            if bool(alarms.to_numpy().any()):
                found.setdefault(name, set()).add(at)
    return found


def evidently(rows: pd.DataFrame) -> Alarms:
    """Ask Evidently's drift preset: whether half of the columns drifted, its verdict, and whether any did."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    reference, looks, features = split(rows)
    found: Alarms = {}
    for look, part in looks.groupby("look"):
        run = Report([DataDriftPreset()]).run(part[features], reference[features])
        drifted = next(one["value"] for one in run.dict()["metrics"] if "DriftedColumnsCount" in one["metric_name"])
        alarms = {"verdict (half of the columns)": drifted["share"] >= 0.5, "any column": drifted["count"] > 0}
        for name in [name for name, is_one in alarms.items() if is_one]:
            found.setdefault(name, set()).add(int(str(look)))
    return found


def river(rows: pd.DataFrame) -> Alarms:
    """Ask river's ADWIN on the stream of log losses, one customer after the other, as outcomes become known."""
    from river.drift import ADWIN

    detector, found = ADWIN(), set()
    p = rows["probability"].clip(1e-6, 1 - 1e-6)
    losses = -np.where(rows["churned"] == 1, np.log(p), np.log(1 - p))
    known = rows["churned"].notna().to_numpy()
    for look, loss in zip(rows["look"].to_numpy()[known], losses[known], strict=True):
        detector.update(float(loss))
        if detector.drift_detected and look >= 0:
            found.add(int(look))
    return {"ADWIN on losses": found}


TOOLS: Mapping[str, Callable[[pd.DataFrame], Alarms]] = {"nannyml": nannyml, "evidently": evidently, "river": river}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=sorted(TOOLS))
    parser.add_argument("folders", type=Path, nargs="+")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for folder in asked.folders:
        for path in sorted(folder.glob("*.parquet")):
            rows = pd.read_parquet(path)
            alarms = TOOLS[asked.tool](rows)
            looks = sorted(set(rows["look"][rows["look"] >= 0]))
            told = {name: sorted(at) for name, at in alarms.items()}
            print(f"{folder.name} {path.stem}: looks {looks[0]} to {looks[-1]}; alarms at {told}", flush=True)
