"""Days: every argument that names one is read here, alike in all functions."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from churnml.errors import InputError

if TYPE_CHECKING:
    import numpy as np

Day: TypeAlias = "str | date | np.datetime64"
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1000, 9000)  # windows that begin or end ten years away still lie in the calendar
_COARSER = ("Y", "M", "W")


def parse_day(value: Day, name: str = "snapshot_date") -> date:
    """Read a day from text or from a value that holds one.

    Parameters
    ----------
    value : str, date, datetime, pandas Timestamp or numpy datetime64
        ISO text such as ``2025-04-10``, or a value that holds a day; a time of day is passed over. A value with a time
        zone is refused: on which day it falls depends on the shop's clock.
    name : str
        Name of the day in the message.

    Returns
    -------
    date
        Day of the value.

    Raises
    ------
    InputError
        Where it is anything else: other ways to write a day, days that do not exist, numbers, None and NaT.

    Examples
    --------
    >>> parse_day("2025-04-10")
    datetime.date(2025, 4, 10)
    >>> parse_day("10.04.2025")
    Traceback (most recent call last):
        ...
    churnml.errors.InputError: snapshot_date: is not a day (received '10.04.2025'). Write it as 2025-04-10, or \
give a date, a datetime or a pandas Timestamp.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise InputError(
            f"{name}: has a time zone (received {value}), and on which day it falls depends on the shop's clock. Give "
            "the date itself."
        )
    day = _day(value)
    if day is None:
        raise InputError(
            f"{name}: is not a day (received {value!r:.80}). Write it as 2025-04-10, or give a date, a datetime or a "
            "pandas Timestamp."
        )
    if day.year not in _YEARS:
        raise InputError(
            f"{name}: lies outside of the years {_YEARS[0]} to {_YEARS[-1]} (received {day}). Name another day."
        )
    return day


def _day(value: Any) -> date | None:
    """Return the day of a value; None where it is none."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if _ISO.fullmatch(value) else None
        except ValueError:
            return None
    if isinstance(value, datetime):  # pandas' NaT is one too, and equals nothing
        return value.date() if value == value else None
    if isinstance(value, date):
        return value
    import numpy as np  # late: the command line reads its options without it

    if not isinstance(value, np.datetime64) or np.datetime_data(value.dtype)[0] in _COARSER:
        return None
    day = value.astype("datetime64[D]").item()  # None for NaT, a number beyond the calendar
    return day if isinstance(day, date) else None
