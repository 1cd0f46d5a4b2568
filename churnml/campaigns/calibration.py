"""Past lists of which nobody was left alone: what was predicted of the listed, and what happened. It is not causal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.campaigns.kept_lists import LISTS, days_in, read_columns, read_manifest
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.statistics.shares import NORMAL_95

_COLUMNS = ["customer_id", "churn_probability", "list_rank"]


def compare_with_predicted(
    shop: Shop, folders: Sequence[Path], data_end: date, real_ids: Mapping[str, str]
) -> pd.DataFrame:
    """Hold what was predicted of the customers of past lists against what happened.

    What was predicted is what happens if the model is right and nothing is done, so a difference may come from either.

    Parameters
    ----------
    shop : Shop
        Shop whose orders tell what happened.
    folders : sequence of Path
        Folders that keep the lists of each day.
    data_end : date
        Day at which the data ends.
    real_ids : mapping of str to str
        Customer ids by the pseudonyms that stand for them.

    Returns
    -------
    pandas DataFrame
        A row per list whose outcome is known: ``snapshot_date, listed, predicted, low, high`` (95 % interval of what is
        predicted, which holds the model's error of the level as well as chance) and ``happened``.
    """
    table = []
    for folder in folders:
        for day in days_in(folder / LISTS):
            manifest = read_manifest(folder, day)
            definition = manifest.definition
            ranking = read_columns(folder, day, _COLUMNS)
            if ranking is None or definition.window(day)[1] > data_end:
                continue
            listed = ranking[ranking["list_rank"].notna()]
            ids = pd.Index([real_ids.get(name, name) for name in listed["customer_id"]])
            left = labels(shop, day, definition, data_end).reindex(ids)
            p = listed["churn_probability"].to_numpy()[left.notna().to_numpy()]
            if not len(p):
                continue
            of_level = np.nan_to_num(max(manifest.high - manifest.rate, manifest.rate - manifest.low))
            half = math.hypot(NORMAL_95 * math.sqrt(float((p * (1 - p)).sum())) / len(p), of_level)
            predicted = float(np.mean(p))
            table.append(
                {
                    "snapshot_date": day,
                    "listed": len(p),
                    "predicted": predicted,
                    "low": max(predicted - half, 0.0),
                    "high": min(predicted + half, 1.0),
                    "happened": float(left.mean()),
                }
            )
    return pd.DataFrame(table)
