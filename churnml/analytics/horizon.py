"""The horizon: after how many days of silence a customer of this shop counts as gone, by the shop's own gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.data.population import MIN_SNAPSHOTS, eligible, resolve_day
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.sources import ORDER_DAYS
from churnml.plots import plot_horizon
from churnml.statistics.kaplan_meier import kaplan_meier, survival_at
from churnml.words.findings import say_horizon

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Because = Literal["enough", "too few snapshots", "nobody twice"]
LADDER = (30, 45, 60, 90, 120, 150, 180, 270, 365)
SHARES = (0.7, 0.75, 0.8, 0.85, 0.9)
_SHARE = 0.8
_YEAR = 365


@dataclass(frozen=True, kw_only=True)
class HorizonAdvice:
    """What the shop's own gaps say of the horizon.

    Attributes
    ----------
    recommended_days : int or None
        Recommended horizon in days; None where the data does not tell.
    because : {'enough', 'too few snapshots', 'nobody twice'}
        Code of the reason; ``say_horizon`` says it.
    numbers : dict of str to float
        Numbers of the reason, by name: ``share``, ``rule`` and ``within`` (shares), ``days``, ``snapshots`` and
        ``least``; empty where nobody ordered twice.
    data_end : date
        Day at which the data ends: nothing on or after it was looked at.
    follow_up_days : int
        Number of days after a horizon within which a return counts as coming back anyway.
    curve : pandas DataFrame
        Kaplan-Meier estimate of the days between order days: ``duration, at_risk, ended, open, survival, low, high``.
    horizons : pandas DataFrame
        One row per horizon: ``horizon_days, returned_share, low, high`` (with open gaps), ``observed_share`` (of the
        gaps that ended alone: too many), ``snapshots``, ``base_rate, base_rate_min, base_rate_max`` (share that left),
        ``left`` (customers with a complete follow-up) and ``came_back_share`` of these.
    base_rates : pandas DataFrame
        Churn rates of all complete snapshots: ``horizon_days, snapshot_date, customers, churn_rate``.
    sensitivity : pandas DataFrame
        Horizons that would be recommended with another share in the rule: ``share, horizon_days``.
    """

    recommended_days: int | None
    because: Because
    numbers: dict[str, float]
    data_end: date
    follow_up_days: int
    curve: pd.DataFrame
    horizons: pd.DataFrame
    base_rates: pd.DataFrame
    sensitivity: pd.DataFrame

    @property
    def reason(self) -> str:
        """The reason in English, with the rule and its numbers."""
        return say_horizon(self.because, self.numbers, "en")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many order again within so many days, and the recommended horizon."""
        return plot_horizon(self.curve, self.horizons, self.recommended_days, ax)


def advise_horizon(
    shop: Shop,
    definition: ChurnDefinition | None = None,
    as_of: Day | None = None,
    every_days: int = 30,
    follow_up_days: int = 180,
) -> HorizonAdvice:
    """Recommend a horizon from the shop's own days between orders.

    The horizon is the shortest of a ladder at which 80 % of those who come back within a year (or within as long as
    the data can tell) have come back. The gap that is still open at the end of the data is censored, not left out: gaps
    that ended alone are the short ones, and say that nearly everybody comes back soon.

    Parameters
    ----------
    shop : Shop
        Shop whose orders are looked at.
    definition : ChurnDefinition, optional
        Definition of leaving, whose activity window and lead time are used; its horizon is one of the ladder. None
        takes the defaults.
    as_of : date or str, optional
        Day at which the data ends: nothing on or after it is seen. None takes the start of the last day with an order.
    every_days : int, optional
        Number of days between two snapshots of the base rate.
    follow_up_days : int, optional
        Number of days after a horizon within which a return counts as coming back anyway.

    Raises
    ------
    InputError
        Where leaving is not the absence of orders, the data is shorter than the shortest horizon, or the day lies
        outside of it.
    """
    definition = definition or ChurnDefinition()
    if definition.kind != "no_order":
        raise InputError(
            f"definition.kind: is {definition.kind}, but a horizon is found from the days between orders. Use no_order."
        )
    end = resolve_day(shop, as_of, definition.horizon_days)
    shortest = definition.lead_days + LADDER[0]
    if (end - shop.first_day).days <= shortest:
        raise InputError(
            f"orders: the data covers {shop.first_day} to {end}, but a horizon is found from more than {shortest} "
            "days. Bring more history."
        )
    gaps = _gaps(shop, end)
    curve = kaplan_meier(gaps["days"], gaps["ended"], gaps["open"])
    ladder = sorted({*LADDER, definition.horizon_days})
    returns = _returns(shop, definition, end, every_days)
    first_day = History(shop, end).first_day
    rates = [_rates(returns, horizon, first_day, definition, end) for horizon in ladder]
    rows = [
        {
            "horizon_days": horizon,
            "returned_share": 1 - survival_at(curve, horizon),
            "low": 1 - survival_at(curve, horizon, "high"),
            "high": 1 - survival_at(curve, horizon, "low"),
            "observed_share": _share(gaps["ended"][gaps["days"] <= horizon].sum(), gaps["ended"].sum()),
            **_summary(rate),
            **_came_back(returns, horizon, follow_up_days, first_day, definition, end),
        }
        for horizon, rate in zip(ladder, rates, strict=True)
    ]
    horizons = pd.DataFrame(rows)
    sensitivity = pd.DataFrame({"share": SHARES, "horizon_days": [_shortest(horizons, curve, s) for s in SHARES]})
    because, numbers = _recommend(horizons, curve)
    return HorizonAdvice(
        recommended_days=int(numbers["days"]) if because == "enough" else None,
        because=because,
        numbers=numbers,
        data_end=end,
        follow_up_days=follow_up_days,
        curve=curve,
        horizons=horizons,
        base_rates=pd.concat(rates, ignore_index=True),
        sensitivity=sensitivity,
    )


def _gaps(shop: Shop, end: date) -> pd.DataFrame:
    """Count the gaps between order days by their days: those that ended, and the last of each customer, still open."""
    history = History(shop, end)
    days = ORDER_DAYS.rows(history)
    by_days = days.group_by(days=days.gap_days.cast("int64"))
    ended = by_days.aggregate(ended=days.count()).drop_null("days")
    last = days.filter(days.is_last)
    open_ = last.group_by(days=history.days_since(last.ordered_at).cast("int64")).aggregate(open=last.count())
    one, other = (table.to_pandas().set_index("days") for table in (ended, open_))
    counts: pd.DataFrame = pd.concat([one, other], axis=1).fillna(0).sort_index().reset_index()
    return counts


def _returns(shop: Shop, definition: ChurnDefinition, end: date, every_days: int) -> pd.DataFrame:
    """Count the eligible customers of each snapshot by the days from the window's start to their next order.

    Snapshots go back from the last one with a window of the shortest horizon. ``days`` is null for who did not return.
    """
    later = History(shop, end)
    parts = []
    day = end - timedelta(days=definition.lead_days + LADDER[0])
    while day > later.first_day:
        start_days = (end - day).days - definition.lead_days
        orders = later.uncancelled_orders
        after = orders.filter(later.within(orders.ordered_at, start_days))
        following = after.group_by("customer_id").aggregate(back=later.days_since(after.ordered_at.min()))
        customers = eligible(History(shop, day), definition).select("customer_id")
        joined = customers.left_join(following, "customer_id")
        counted = joined.group_by("back").aggregate(customers=joined.count()).to_pandas()
        counted["days"] = start_days - counted.pop("back").astype("float64")
        parts.append(counted.assign(snapshot_date=day))
        day -= timedelta(days=every_days)
    counts: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return counts


def _complete(
    returns: pd.DataFrame, days: int, horizon: int, first_day: date, definition: ChurnDefinition, end: date
) -> pd.DataFrame:
    """Choose the snapshots after the first horizon of the data of which so many days ahead are seen."""
    latest = end - timedelta(days=definition.lead_days + days)
    earliest = first_day + timedelta(days=horizon)
    return returns[(returns["snapshot_date"] <= latest) & (returns["snapshot_date"] >= earliest)]


def _rates(
    returns: pd.DataFrame, horizon: int, first_day: date, definition: ChurnDefinition, end: date
) -> pd.DataFrame:
    seen = _complete(returns, horizon, horizon, first_day, definition, end)
    left = seen["customers"].where(~(seen["days"] < horizon), 0)
    table = seen.assign(left=left).groupby("snapshot_date", as_index=False)[["customers", "left"]].sum()
    table["churn_rate"] = table.pop("left") / table["customers"]
    table.insert(0, "horizon_days", horizon)
    return table


def _summary(rates: pd.DataFrame) -> dict[str, float]:
    rate = rates["churn_rate"]
    return {
        "snapshots": len(rates),
        "base_rate": float(rate.mean()),
        "base_rate_min": float(rate.min()),
        "base_rate_max": float(rate.max()),
    }


def _came_back(
    returns: pd.DataFrame, horizon: int, follow_up: int, first_day: date, definition: ChurnDefinition, end: date
) -> dict[str, float]:
    seen = _complete(returns, horizon + follow_up, horizon, first_day, definition, end)
    left = seen[~(seen["days"] < horizon)]
    back = left.loc[left["days"] < horizon + follow_up, "customers"].sum()
    return {"left": int(left["customers"].sum()), "came_back_share": _share(back, left["customers"].sum())}


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _shortest(horizons: pd.DataFrame, curve: pd.DataFrame, share: float) -> int | None:
    """Return the shortest horizon at which so large a share of those who come back within a year have come back."""
    within = _within_a_year(curve)
    enough = horizons[horizons["returned_share"] >= share * within]
    return int(enough["horizon_days"].iloc[0]) if len(enough) and within > 0 else None


def _within_a_year(curve: pd.DataFrame) -> float:
    last = float(curve["duration"].iloc[-1]) if len(curve) else np.nan
    return 1 - survival_at(curve, min(_YEAR, last))


def _recommend(horizons: pd.DataFrame, curve: pd.DataFrame) -> tuple[Because, dict[str, float]]:
    """Give the reason of the recommendation, or why there is none, and its numbers."""
    found = _shortest(horizons, curve, _SHARE)
    if found is None:
        return "nobody twice", {}
    row = horizons[horizons["horizon_days"] == found].to_dict("records")[0]
    numbers = {
        "share": float(row["returned_share"]),
        "days": found,
        "rule": _SHARE,
        "within": _within_a_year(curve),
        "snapshots": int(row["snapshots"]),
        "least": MIN_SNAPSHOTS,
    }
    return "enough" if row["snapshots"] >= MIN_SNAPSHOTS else "too few snapshots", numbers
