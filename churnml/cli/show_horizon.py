"""Printing which horizon a shop's own days between orders recommend, in the language of the settings."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from churnml.cli.say import say
from churnml.cli.show import records
from churnml.words import Language, for_count, words
from churnml.words.findings import say_horizon
from churnml.words.numbers import write_percent

if TYPE_CHECKING:
    from churnml.analytics.horizon import HorizonAdvice

_WIDTHS = {
    "horizon_days": 5,
    "returned_share": 12,
    "interval": 11,
    "observed_share": 12,
    "base_rate": 6,
    "base_rates": 11,
    "snapshots": 10,
    "came_back_share": 12,
}
_NO_SHARE = "   -"
"""As wide as a share."""


def print_horizon(advice: HorizonAdvice, language: Language) -> None:
    """Print the recommendation and the table that it comes from."""
    t, days = words(language)["horizon"], advice.recommended_days
    reason = say_horizon(advice.because, advice.numbers, language)
    say(t["recommended"].format(days=_days(days, language), reason=reason))
    changed = ", ".join(
        f"{write_percent(row['share'], language)}: {_days(row['horizon_days'], language)}"
        for row in records(advice.sensitivity)
    )
    say(t["other_shares"].format(listed=changed), "")
    titles: dict[str, str] = t["columns"]
    widths = {name: max(width, len(titles[name]) + 1) for name, width in _WIDTHS.items()}
    rows = [titles, *(_cells(row, language) for row in advice.horizons.itertuples(index=False))]
    say(*(" ".join(f"{row[name]:>{width}}" for name, width in widths.items()) for row in rows))
    say("", *(t[f"note {line}"].format(days=advice.follow_up_days) for line in (1, 2, 3)))
    shown = days if days is not None else int(advice.horizons.horizon_days.iloc[0])
    rates = advice.base_rates[advice.base_rates.horizon_days == shown].sort_values("snapshot_date")
    if len(rates):
        listed = ", ".join(
            f"{row['snapshot_date']}: {write_percent(row['churn_rate'], language)}" for row in records(rates)
        )
        say("", t["left"].format(days=shown, listed=listed))


def _cells(row: Any, language: Language) -> dict[str, str]:
    def share(name: str) -> str:
        value = getattr(row, name)
        return _NO_SHARE if isnan(value) else write_percent(value, language)

    return {
        "horizon_days": str(row.horizon_days),
        "interval": f"{share('low')}-{share('high')}",
        "base_rates": f"{share('base_rate_min')}-{share('base_rate_max')}",
        "snapshots": str(row.snapshots),
        **{name: share(name) for name in ("returned_share", "observed_share", "base_rate", "came_back_share")},
    }


def _days(days: float | None, language: Language) -> str:
    t = words(language)["horizon"]
    return str(t["none"]) if days is None else for_count(t["days"], days, language).format(n=f"{days:.0f}")
