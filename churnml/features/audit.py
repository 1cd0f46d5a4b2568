"""The audit: a proof on a shop's own data that no feature knows what happened later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from churnml.data.contract import RECORDED_AT
from churnml.data.counterfactual import counterfactuals
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.data.suspects import Suspect, find_suspects
from churnml.days import Day, parse_day
from churnml.definition import ChurnDefinition
from churnml.features.available import fitting
from churnml.features.builder import build

Progress = Callable[[str, int, int], None]
_TRIALS = 5


@dataclass(frozen=True)
class Trial:
    """What became of the features when the future was another one.

    Attributes
    ----------
    name : str
        Description of what was done, in words.
    changed_rows : dict of str to int
        Number of rows that were added or left out, by table.
    changed_features : dict of str to int
        Number of customers whose values differ, by feature; empty where the proof holds.
    """

    name: str
    changed_rows: dict[str, int]
    changed_features: dict[str, int]


@dataclass(frozen=True)
class Audit:
    """The result of an audit.

    Attributes
    ----------
    snapshot_date : date
        Day whose features were compared.
    customers, features : int
        Number of customers and of features that were compared.
    trials : list of Trial
        Proof, a trial for each other future.
    suspects : list of Suspect
        Columns without a known-time.
    unrecorded : list of str
        Names of tables without ``recorded_at``: whether their rows arrived late cannot be known.
    """

    snapshot_date: date
    customers: int
    features: int
    trials: list[Trial]
    suspects: list[Suspect]
    unrecorded: list[str]

    @property
    def holds(self) -> bool:
        """Whether nothing after the day changed a feature."""
        return not any(trial.changed_features for trial in self.trials)


def audit(
    shop: Shop,
    snapshot_date: Day,
    definition: ChurnDefinition | None = None,
    families: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Build all features of a day on the shop as it is and with other futures, and compare them bit by bit.

    Parameters
    ----------
    shop : Shop
        Shop that is audited.
    snapshot_date : date or str
        Day whose features are built; it should lie well before the end of the data, so that there is a future to
        change.
    definition : ChurnDefinition, optional
        Definition of leaving, which says who is eligible; None takes the defaults.
    families : iterable of str, optional
        Names of families to look at; None takes all that the shop's tables allow, the shop's own among them.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.

    Returns
    -------
    Audit
        Proof and suspects.

    Raises
    ------
    InputError
        Where it is not a day, or lies before the data.
    """
    day = parse_day(snapshot_date)
    definition = definition or ChurnDefinition()
    families = None if families is None else list(families)
    features = fitting(History(shop, day), definition, families)
    report = progress or (lambda step, done, of: None)
    report("audit", 0, _TRIALS + 1)
    expected = build(History(shop, day), definition, features)
    trials = []
    for done, other in enumerate(counterfactuals(shop, day), 1):
        report("audit", done, _TRIALS + 1)
        history = History(other.shop, day)
        found = build(history, definition, fitting(history, definition, families))
        trials.append(Trial(other.name, other.changed, _differences(expected, found)))
    suspects = find_suspects(shop, day)
    report("audit", _TRIALS + 1, _TRIALS + 1)
    unrecorded = [name for name, table in shop.tables.items() if RECORDED_AT.name not in table.columns]
    return Audit(day, len(expected), len(features), trials, suspects, unrecorded)


def _differences(expected: pd.DataFrame, found: pd.DataFrame) -> dict[str, int]:
    """Count the customers whose value differs, by feature; who or what is in one table only differs in all."""
    customers, features = expected.index.union(found.index), list(dict.fromkeys([*expected, *found]))
    one, other = (table.reindex(index=customers, columns=features) for table in (expected, found))
    absent = np.logical_or(*(~customers.isin(table.index) for table in (expected, found)))
    new = np.logical_or(*(~np.isin(features, table.columns) for table in (expected, found)))
    same = (one.to_numpy() == other.to_numpy()) | (np.isnan(one.to_numpy()) & np.isnan(other.to_numpy()))
    counts = (~same | absent[:, None] | new).sum(axis=0)
    return {str(name): int(count) for name, count in zip(features, counts, strict=True) if count}
