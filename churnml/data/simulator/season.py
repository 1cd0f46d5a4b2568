"""The year's season as a warp of the clock: customers live evenly, and their shop sees it by the calendar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from churnml.errors import InputError

Floats = npt.NDArray[np.float64]

DAY = 86_400
YEAR_DAYS = 365.25
_YEAR = YEAR_DAYS * DAY
_STEPS = 4 * 365 + 1  # a quarter of a day each


@dataclass(frozen=True)
class Season:
    """How busy each day of the year is, and how the customers' own time runs by the calendar.

    At second ``t`` since 1970, ``w = 2 pi (t - peak) / year`` after the peak, customers are
    ``1 + amplitude ((1 - second) cos(w) + second cos(2 w))`` times as busy as on average. Their own time, in which
    nothing has a season, is the integral of that. The integral is exact at every quarter of a day and straight in
    between, so that each way undoes the other.

    Attributes
    ----------
    amplitude : float
        How much busier than the average the peak is: 0 (no season) or more, below 1.
    second : float
        Share of the amplitude that comes twice a year: 0 gives one broad season, about 0.4 a narrower one, 1 two.
    peak_day : int
        Day of the year with most orders, from 1.

    Raises
    ------
    InputError
        Where there would be days on which nobody orders, or a number is outside its range.

    Examples
    --------
    >>> season = Season(amplitude=0.6, second=0.4, peak_day=320)
    >>> bool(np.isclose(season.calendar(season.own_time(np.array([1.7e9]))), 1.7e9))
    True
    """

    amplitude: float = 0.0
    second: float = 0.0
    peak_day: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no season."""
        failures = [
            f"season.{name}: is {value}. Give a number {range_}."
            for name, value, range_, fits in (
                ("amplitude", self.amplitude, "from 0 (no season) to below 1", 0 <= self.amplitude < 1),
                ("second", self.second, "from 0 to 1", 0 <= self.second <= 1),
                ("peak_day", self.peak_day, "from 1 to 365", 1 <= self.peak_day <= 365),
            )
            if not fits
        ]
        if failures:
            raise InputError(failures)

    def intensity(self, seconds: Floats) -> Floats:
        """Give how busy customers are at seconds since 1970, 1 on average."""
        after_peak = 2 * np.pi * (seconds / _YEAR - self._peak)
        waves = (1 - self.second) * np.cos(after_peak) + self.second * np.cos(2 * after_peak)
        return np.asarray(1 + self.amplitude * waves, dtype=np.float64)

    def own_time(self, seconds: Floats) -> Floats:
        """Turn seconds since 1970 into the customers' own time."""
        return seconds if not self.amplitude else self._mapped(seconds, *self._knots)

    def calendar(self, own_seconds: Floats) -> Floats:
        """Turn the customers' own time into seconds since 1970."""
        return own_seconds if not self.amplitude else self._mapped(own_seconds, *reversed(self._knots))

    @property
    def _peak(self) -> float:
        """The peak as a part of the year; 1970 began with a first of January."""
        return (self.peak_day - 0.5) / YEAR_DAYS

    @cached_property
    def _knots(self) -> tuple[Floats, Floats]:
        """Seconds of a year, and the customers' own time up to each."""
        part = np.linspace(0.0, 1.0, _STEPS)

        def waves(part: Floats | float) -> Floats:
            angle = 2 * np.pi * (np.asarray(part) - self._peak)
            once, twice = np.sin(angle), np.sin(2 * angle) / 2
            return np.asarray(((1 - self.second) * once + self.second * twice) / (2 * math.pi))

        own = part + self.amplitude * (waves(part) - waves(0.0))
        own[-1] = 1.0  # a year of waves adds nothing
        return part * _YEAR, own * _YEAR

    @staticmethod
    def _mapped(seconds: Floats, origin: Floats, target: Floats) -> Floats:
        years = np.floor(seconds / _YEAR)
        return np.asarray(years * _YEAR + np.interp(seconds - years * _YEAR, origin, target), dtype=np.float64)
