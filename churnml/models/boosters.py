"""LightGBM's boosters: grown without MLflow's log, and as texts, which are looked through before they are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from churnml.models.forest import check_forest

if TYPE_CHECKING:  # its import takes a third of the start of a command that needs no trees
    import lightgbm


def train(*arguments: Any, **options: Any) -> lightgbm.Booster:
    """Grow trees as ``lightgbm.train`` does.

    MLflow replaces that one to log by itself, and would log our fits into a run of the user's.
    """
    from lightgbm.engine import train as grow

    return grow(*arguments, **options)


def write_booster(booster: lightgbm.Booster) -> str:
    """Write all trees as LightGBM's text, without the number of threads, on which they do not depend."""
    return re.sub(r"\[num_threads: \d+\]\n", "", booster.model_to_string(num_iteration=-1))


def read_booster(name: str, text: str, objective: str = "binary sigmoid:1") -> lightgbm.Booster:
    """Read trees from LightGBM's text.

    Raises
    ------
    ValueError
        Where the text, which ``name`` names, is no whole forest of the objective; see `check_forest`.
    """
    import lightgbm

    try:
        check_forest(text, objective)
        return lightgbm.Booster(model_str=text)
    except (ValueError, lightgbm.basic.LightGBMError) as error:
        raise ValueError(f"{name} does not hold trees of LightGBM ({error})") from error
