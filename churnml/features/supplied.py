"""Joining in features that were computed elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from churnml.data.shop import Shop
from churnml.data.supplied import as_pandas, supply
from churnml.features.family import Family, Supplied
from churnml.features.registry import families, register


def supply_features(
    shop: Shop,
    frame: pd.DataFrame,
    *,
    family: str,
    known_at: str,
    features: Sequence[Supplied] | None = None,
    concept: str | None = None,
    actionable: bool = False,
) -> Shop:
    """Join features that were computed elsewhere to those of a shop.

    Parameters
    ----------
    shop
        The shop.
    frame
        One row per customer and snapshot: ``customer_id``, ``snapshot_date``, the column ``known_at`` and numbers.
        Every snapshot that is built needs rows; a customer without one has null. Tables of Polars and Arrow will do.
    family
        Name of the family that the features make.
    known_at
        The column that says when the numbers of a row were known; all must lie before the start of their snapshot.
    features
        How the columns are described, with their sentences; None takes every other column as a number of its name.
    concept
        What their reasons are about; None takes the family's name.
    actionable
        Whether the shop can act on it.

    Returns
    -------
    Shop
        The shop with the features; the given one stays as it is.

    Raises
    ------
    InputError
        With everything in the table that is wrong, rows that were known too late among it.
    ConfigError
        Where the declaration breaks a law.
    """
    frame = as_pandas(frame, family)
    key = {"customer_id", "snapshot_date", known_at}
    declared = features or [_as_number(str(column)) for column in frame.columns if column not in key]
    supplied = supply(shop, family, frame, known_at, [feature.name for feature in declared])
    # Another shop may have supplied others under the same name: they stay known, and are built for that shop alone.
    names = {feature.name for feature in declared}
    known = families()[family].features if family in families() else ()
    others = [feature for feature in known if isinstance(feature, Supplied) and feature.name not in names]
    register(Family(family, concept or family.replace("_", " "), actionable, (*declared, *others)))
    return supplied


def _as_number(name: str) -> Supplied:
    words = name.replace("_", " ")
    return Supplied(
        name=name, unit="number", describe=f"{words} (supplied)", en=f"{words}: {{value}}", tr=f"{words}: {{value}}"
    )
