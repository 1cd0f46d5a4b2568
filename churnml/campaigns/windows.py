"""Over which days outcomes are told: those of the definition, or longer, as long as arms hold."""

from __future__ import annotations

import json
from datetime import timedelta

import pandas as pd

from churnml.definition import ChurnDefinition
from churnml.errors import InputError


def read_definition(text: str) -> ChurnDefinition:
    """Read a definition from a ledger.

    Raises
    ------
    InputError
        Where the text holds none.
    """
    try:
        return ChurnDefinition(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise InputError(f"ledger: definition cannot be read ({error}). Bring back the file that was there.") from error


def over(ledger: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return a ledger whose outcomes are told so many days after entry, by definitions that reach as far.

    Parameters
    ----------
    ledger : pandas DataFrame
        Rows of a ledger.
    days : int
        Days from entry.

    Returns
    -------
    pandas DataFrame
        The same rows with another ``measure_on`` and ``definition``.

    Raises
    ------
    InputError
        Where arms do not hold so long, nothing is told in so few days, or a definition does not count days without an
        order.
    """
    texts = ledger["definition"].drop_duplicates()
    definitions = {text: read_definition(text) for text in texts}
    failures = [
        f"window: a definition of {known.kind!r} is told in its own days only. Leave it out."
        for known in definitions.values()
        if known.kind != "no_order"
    ]
    lead = max((known.lead_days for known in definitions.values()), default=0)
    if days <= lead:
        failures.append(f"window: must be more than the {lead} days of lead (received {days}). Name more days.")
    until = [day + timedelta(days=days) for day in ledger["entered_on"]]
    ends = [held for held, end in zip(ledger["arm_until"], until, strict=True) if held < end]
    if ends:
        held = min((end - day).days for end, day in zip(ledger["arm_until"], ledger["entered_on"], strict=True))
        failures.append(
            f"window: {len(ends):,} arms end before, the first on {min(ends)}, {held} days after entry, and what comes "
            f"later is not the lists' (received {days}). Name at most {held} days, or hold arms longer from now on "
            "(plays.holdout.days)."
        )
    if failures:
        raise InputError(failures)
    longer = {
        text: json.dumps(
            known.model_copy(update={"horizon_days": days - known.lead_days}).model_dump(mode="json"), sort_keys=True
        )
        for text, known in definitions.items()
    }
    return ledger.assign(measure_on=until, definition=ledger["definition"].map(longer).astype("category"))
