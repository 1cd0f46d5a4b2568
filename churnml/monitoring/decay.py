"""How a model ages: the same recipe, fitted at earlier and later days, on the same day's customers."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churnml.config import Config
from churnml.data.files import whole_file
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.errors import InputError
from churnml.features.store import Progress
from churnml.models.model import Model
from churnml.monitoring.replay import predict_at
from churnml.plots.health import plot_decay
from churnml.scoring.scorer import Scorer
from churnml.statistics.metrics import auroc, shape_loss
from churnml.statistics.profit import expected_maximum_profit
from churnml.statistics.shares import NORMAL_95
from churnml.training.choose.recipe import Recipe
from churnml.training.rows.folds import MIN_CLASS
from churnml.training.rows.study import Study, make_study, silent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ("snapshot_date", "trained_on", "age_days", "customers", "shape_loss", "auroc", "profit")
"""Columns of the table of ages."""
FILE = "decay.json"
"""Name of the file in the folder of the lists."""
LONGEST_DAYS = 730
"""A model is trained again after two years at the latest."""


@dataclass(frozen=True, kw_only=True)
class Slope:
    """How a number changes with each day of age, within the days on which it is judged.

    Attributes
    ----------
    value, low, high : float
        Change a day, and its 95 % interval, by judged days; nan below three of them.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Decay:
    """How a model ages.

    Attributes
    ----------
    table : pandas DataFrame
        A row per judged day and earlier training: ``snapshot_date, trained_on`` (days), ``age_days, customers,
        shape_loss, auroc`` and ``profit`` (expected maximum profit per customer). The level is refitted, so that what
        grows with age is what a full training gains over one of the level alone.
    loss : Slope
        Change of the shape loss with each day of age.
    profit : Slope
        Change of the profit per customer with each day of age.
    every_days : int
        Days between trainings as they are set.
    retrain_every_days : int
        Number of days after which a training pays: as set where that cannot be told; at most two years.
    shortest, longest : int
        The same at the ends of the interval of ``profit``.
    is_priced : bool
        Whether the cost of a training is known.
    """

    table: pd.DataFrame
    loss: Slope
    profit: Slope
    every_days: int
    retrain_every_days: int
    shortest: int
    longest: int
    is_priced: bool

    @property
    def is_seen(self) -> bool:
        """Whether older models lose more than chance alone shows."""
        return self.loss.low > 0

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shape loss by age, as it differs from the mean of each judged day."""
        return plot_decay(self.table, ax)


def measure_decay(
    shop: Shop,
    as_of: Day | None = None,
    config: Config | None = None,
    *,
    model: Model | str | None = None,
    progress: Progress = silent,
) -> Decay:
    """Measure how a model ages, and after how many days training again pays. It takes as long as several trainings.

    On each past day all earlier trainings of the recipe are compared, each on the same number of snapshots, so that age
    is not mistaken for a season or for less data.

    Parameters
    ----------
    shop : Shop
        Shop whose past is replayed.
    as_of : date or str, optional
        Day at which the data ends: nothing on or after it is seen. None takes the start of the last day with an order.
    config : Config, optional
        Settings; ``monitoring.retrain_cost`` says what a training costs. None takes the defaults.
    model : Model or str, optional
        Model whose recipe is looked at; None takes the champion.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.
    """
    config = config or Config()
    model = Scorer(model, config).model
    config = config.model_copy(update={"definition": model.definition})
    study = make_study(shop, config, as_of, progress)
    table = compare_ages(study, Recipe.from_card(model.card.recipe))
    return decide(table, config)


def compare_ages(study: Study, recipe: Recipe) -> pd.DataFrame:
    """Fit a recipe at each past day on the same number of snapshots, and judge it on all later ones.

    Returns
    -------
    pandas DataFrame
        See `Decay`; no rows where the history is too short.
    """
    frame, reach = study.frame, study.definition.reach_days
    known = {day: frame.days[frame.days + reach <= day] for day in frame.days}
    outcomes = {day: frame.churned[np.isin(frame.snapshots, days)] for day, days in known.items()}
    enough = {day: known[day] for day, y in outcomes.items() if min(y.sum(), len(y) - y.sum()) >= MIN_CLASS}
    if not enough:
        return pd.DataFrame(columns=list(COLUMNS))
    count = min(map(len, enough.values()))
    rows = []
    for done, (cut, days) in enumerate(enough.items()):
        study.progress("decay", done, len(enough))
        later = frame.take(frame.snapshots >= cut)
        z = predict_at(study, recipe, np.isin(frame.snapshots, days[-count:]), later)
        for day in later.days:
            on_day = later.snapshots == day
            y = later.churned[on_day]
            if not 0 < y.mean() < 1:
                continue
            rows.append(
                {
                    "snapshot_date": day.item(),
                    "trained_on": cut.item(),
                    "age_days": int((day - cut).astype(int)),
                    "customers": int(on_day.sum()),
                    "shape_loss": shape_loss(y, z[on_day]),
                    "auroc": auroc(y, z[on_day]),
                    "profit": expected_maximum_profit(y, z[on_day]).profit,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def decide(table: pd.DataFrame, config: Config) -> Decay:
    """Say from losses by age after how many days a training pays.

    With K the cost of a training, c customers a list, a list every d days and b the profit that each customer loses
    with each day of age, ``K / T + (c b / d) T / 2`` is smallest at ``T = sqrt(2 K d / (c b))``: the economic order
    quantity of Harris (1913, "How many parts to make at once", Factory, The Magazine of Management 10).
    """
    loss, profit = slope_of(table, "shape_loss"), slope_of(table, "profit")
    every, cost = config.snapshots.every_days, config.monitoring.retrain_cost
    customers = float(table["customers"].mean()) if len(table) else 0.0

    def pays_after(lost: float) -> int:
        if cost is None or not loss.low > 0:
            return every if not np.isfinite(loss.low) or loss.low > 0 else LONGEST_DAYS
        if not lost > 0:
            return LONGEST_DAYS
        return int(min(max(round(math.sqrt(2 * cost * every / (customers * lost))), every), LONGEST_DAYS))

    return Decay(
        table=table,
        loss=loss,
        profit=profit,
        every_days=every,
        retrain_every_days=pays_after(-profit.value),
        shortest=pays_after(-profit.low),
        longest=pays_after(-profit.high),
        is_priced=cost is not None,
    )


def write_decay(decay: Decay, folder: Path) -> Path:
    """Write beside the lists what ``churnml run`` needs to know: after how many days a training pays."""
    told = {"retrain_every_days": decay.retrain_every_days, "shortest": decay.shortest, "longest": decay.longest}
    with whole_file(folder / FILE) as path:
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return folder / FILE


def read_retrain_days(folder: Path) -> int | None:
    """Read after how many days a training pays; None where it was not measured.

    Raises
    ------
    InputError
        Where the file cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["retrain_every_days"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Remove it, or measure the decay again.") from error


def slope_of(table: pd.DataFrame, column: str) -> Slope:
    """Compute how a column changes with a day of age, within judged days.

    ``b = sum (a - mean a) (x - mean x) / sum (a - mean a)^2``, with the means of each judged day; its error is
    clustered by judged day, ``G / (G - 1) sum_g (sum_i (a - mean a) e)^2 / (sum (a - mean a)^2)^2``.

    Parameters
    ----------
    table : pandas DataFrame
        ``snapshot_date``, ``age_days`` and the column.
    column : str
        Name of the column.
    """
    if table.empty:
        return Slope(value=math.nan, low=math.nan, high=math.nan)
    groups = table.groupby("snapshot_date")
    age = (table["age_days"] - groups["age_days"].transform("mean")).to_numpy(dtype=np.float64)
    x = (table[column] - groups[column].transform("mean")).to_numpy(dtype=np.float64)
    squares = float((age**2).sum())
    told = table.loc[age != 0, "snapshot_date"].nunique()
    if told < 3 or not squares:
        return Slope(value=math.nan, low=math.nan, high=math.nan)
    value = float((age * x).sum()) / squares
    sums = pd.Series(age * (x - value * age)).groupby(table["snapshot_date"].to_numpy()).sum()
    error = math.sqrt(told / (told - 1) * float((sums**2).sum())) / squares
    return Slope(value=value, low=value - NORMAL_95 * error, high=value + NORMAL_95 * error)
