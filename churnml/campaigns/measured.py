"""What plays did, as a readout measured it: a file that takes the place of what profit assumes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from churnml.campaigns.comparison import Comparison, Plan, always_valid
from churnml.campaigns.ledger import HELD_OUT
from churnml.campaigns.readout import Readout
from churnml.campaigns.windows import read_definition
from churnml.config import Config
from churnml.definition import ChurnDefinition, failures_of
from churnml.errors import InputError
from churnml.plain import plain
from churnml.statistics.effects import FEWEST_ADJUSTED
from churnml.statistics.several_effects import shrink
from churnml.statistics.shares import NORMAL_95
from churnml.yaml_file import read_yaml

FILE = "measured.yaml"
OLD_DAYS = 365
"""Days after which a measurement may be of another time."""
PRIOR_SD = 0.15
"""Standard deviation of what is assumed of a share."""
_CERTAIN = 1e-6


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MeasuredShare(_Part):
    """A share of customers with its 95 % interval."""

    value: float = Field(description="The share; of a play, drawn towards all plays.")
    low: float = Field(description="Lower end of the 95 % interval.")
    high: float = Field(description="Upper end of the 95 % interval.")
    listed: int = Field(ge=0, description="Listed customers on whom it was measured.")
    held_out: int = Field(ge=0, description="Held-out customers on whom it was measured.")
    assumed_before: float = Field(description="What the settings assumed.")

    def beside(self, assumed: float) -> tuple[float, float]:
        """Weigh the measurement with what is assumed, whose standard deviation is .15.

        The mean of the normal posterior, ``(value / s^2 + assumed / .15^2) / (1 / s^2 + 1 / .15^2)``, held within 0
        and 1, and its standard deviation; the error s is the interval's half over 1.96.

        Examples
        --------
        An error of .15 weighs as much as the assumption:

        >>> half = 1.96 * 0.15
        >>> share = MeasuredShare(value=0, low=-half, high=half, listed=90, held_out=10, assumed_before=0.3)
        >>> [round(number, 3) for number in share.beside(0.3)]  # .15, and .15 over the root of 2
        [0.15, 0.106]
        """
        error = max((self.high - self.low) / (2 * NORMAL_95), _CERTAIN)
        measured, before = 1 / error**2, 1 / PRIOR_SD**2
        value = (self.value * measured + assumed * before) / (measured + before)
        return min(max(value, 0.0), 1.0), (measured + before) ** -0.5


class MeasuredProfit(_Part):
    """What a listed customer brought more than one left alone, costs taken off."""

    value: float = Field(description="Profit per listed customer, in the shop's currency.")
    low_always: float | None = Field(None, description="Lower end of the interval that holds at any number of looks.")
    high_always: float | None = Field(None, description="Upper end of it; empty where too few were held out.")


class MeasuredPlay(_Part):
    """What a play did for those to whom the rules give it."""

    save_share: MeasuredShare | None = Field(None, description="Of those who would have left, kept by a contact.")
    profit: MeasuredProfit | None = Field(None, description="Profit per listed customer; null where it is not known.")
    stopped_on: date | None = Field(None, description="Day on which it was known to lose money; null where it goes on.")


class Measured(_Part):
    """What the plays of a campaign did, by a readout."""

    campaign: str = Field(description="Name of the campaign.")
    until: date = Field(description="Day up to which outcomes were known.")
    definition: dict[str, Any] = Field(description="Definition of leaving by which they were told.")
    save_share: MeasuredShare | None = Field(None, description="Of those who would have left, kept by a contact.")
    taken_anyway_share: MeasuredShare | None = Field(
        None, description="Of those who would have stayed, who took the offer all the same: bounds, and the upper one."
    )
    plays: dict[str, MeasuredPlay] = Field({}, description="The same of each play, by name.")

    @property
    def stopped(self) -> list[str]:
        """Names of the plays that are known to lose money."""
        return [name for name, play in self.plays.items() if play.stopped_on is not None]

    def is_old(self, day: date) -> bool:
        """Whether more than a year passed since."""
        return day - self.until > timedelta(days=OLD_DAYS)


def measure(readout: Readout, config: Config) -> Measured | None:
    """Tell what a readout measured of what profit assumes.

    Shares of plays are drawn towards those of all (see `churnml.statistics.several_effects.shrink`). A play is stopped
    once the interval of its profit per listed customer, valid at any number of looks, lies below 0, and comes back once
    that of those who entered since lies above it; both are judged once for each list whose outcome is known.

    Parameters
    ----------
    readout : Readout
        What was read out.
    config : Config
        Settings, with the campaign and with what is assumed.

    Returns
    -------
    Measured or None
        Of the campaign of the settings, or else the first; None where nobody was held out, and where outcomes are told
        over another window than the definition's.
    """
    if not readout.campaigns or readout.window is not None:
        return None
    own = config.plays.campaign
    campaign = own if own in readout.campaigns else readout.campaigns[0]
    rows = readout.rows
    rows = rows[(rows["campaign"] == campaign) & (rows["entry_number"] == 1)]
    rows = rows[rows["definition"] == rows["definition"].iloc[-1]]
    assumed, told = config.scoring.profit, readout.measured[campaign]
    return Measured(
        campaign=campaign,
        until=readout.as_of,
        definition=read_definition(str(rows["definition"].iloc[0])).model_dump(mode="json"),
        save_share=_share(told["save_share"], assumed.save_share),
        taken_anyway_share=_share(told["taken_anyway_share"], assumed.taken_anyway_share),
        plays=_plays(rows, assumed.save_share),
    )


def write_measured(measured: Measured, path: Path) -> None:
    """Write what was measured as YAML."""
    text = yaml.safe_dump(plain(measured.model_dump(mode="json")), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def read_measured(path: str | Path, definition: ChurnDefinition) -> Measured:
    """Read what was measured by a definition of leaving.

    Raises
    ------
    InputError
        Where the file cannot be read, or another definition was measured by.
    """
    try:
        measured = Measured(**read_yaml(Path(path)))
    except ValidationError as error:
        raise InputError([f"{path}: {failure}" for failure in failures_of(error)]) from error
    now = definition.model_dump(mode="json")
    was = measured.definition
    differing = [f"{name} {was[name]!r}, now {now.get(name)!r}" for name in was if now.get(name) != was[name]]
    if differing:
        raise InputError(
            f"{path}: was measured by another definition of leaving ({'; '.join(differing)}). Read the lists of this "
            "definition out, or leave scoring.profit.measured empty."
        )
    return measured


def _share(told: object, assumed: float) -> MeasuredShare | None:
    if not isinstance(told, Mapping) or told["low"] is None or not all(map(math.isfinite, (told["low"], told["high"]))):
        return None
    return MeasuredShare(**told, assumed_before=assumed)


def _plays(rows: pd.DataFrame, assumed: float) -> dict[str, MeasuredPlay]:
    by_play = {str(name): part for name, part in rows.groupby("play", sort=True, observed=True)}
    shares = [_share(Comparison.of(part).measured()["save_share"], assumed) for part in by_play.values()]
    known = [share if share is not None and share.held_out >= FEWEST_ADJUSTED else None for share in shares]
    shrunk = shrink(
        [np.nan if share is None else share.value for share in known],
        [np.nan if share is None else (share.high - share.low) / (2 * NORMAL_95) for share in known],
    )
    found = {}
    for at, (name, part) in enumerate(by_play.items()):
        held_out = int((part["arm"] == HELD_OUT).sum())
        value, half = float(shrunk.effects[at]), NORMAL_95 * float(shrunk.errors[at])
        share = None
        if not math.isnan(value):
            share = MeasuredShare(
                value=value,
                low=value - half,
                high=value + half,
                listed=len(part) - held_out,
                held_out=held_out,
                assumed_before=assumed,
            )
        found[name] = MeasuredPlay(save_share=share, profit=_profit(part), stopped_on=stopped_on(part))
    return found


def _profit(rows: pd.DataFrame) -> MeasuredProfit | None:
    comparison = Comparison.of(rows)
    if not comparison.arms:
        return None
    effect = comparison.effect("profit")
    ends = always_valid(effect, Plan.of(rows).variance(rows, "profit"))
    low, high = (None if math.isnan(end) else end for end in ends)
    return MeasuredProfit(value=effect.value, low_always=low, high_always=high)


def stopped_on(rows: pd.DataFrame) -> date | None:
    """Tell since when a play is stopped, by what it earned list by list.

    Each decision looks at those alone who entered since the one before it was made.

    Parameters
    ----------
    rows : pandas DataFrame
        Matured first entries with this play, with their outcome, as ``Readout.rows``.

    Returns
    -------
    date or None
        Day on which it was known to lose money; None where it goes on.
    """
    stopped, since = None, date.min
    for day, known_on in sorted(set(zip(rows["entered_on"], rows["measure_on"], strict=True))):
        if day < since:
            continue
        within = [since <= entered <= day for entered in rows["entered_on"]]
        profit = _profit(rows[np.array(within, dtype=bool)])
        if profit is None or profit.high_always is None or profit.low_always is None:
            continue
        if stopped is None and profit.high_always < 0:
            stopped = since = known_on
        elif stopped is not None and profit.low_always > 0:
            stopped, since = None, known_on
    return stopped
