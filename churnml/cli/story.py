"""Printing a customer's story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.cli.say import say
from churnml.cli.show import SHOWN, records

if TYPE_CHECKING:
    import pandas as pd

    from churnml.scoring.plays import Play
    from churnml.scoring.story import Explanation
    from churnml.words import Language

_EVENTS = 15


def print_story(
    explanation: Explanation,
    stability: pd.DataFrame,
    play: Play,
    rule: str,
    *,
    mention: str,
    value: str,
    days: int,
    language: Language,
    currency: str | None,
) -> None:
    """Print why a customer stands where they stand, what happened to them, what they are worth, and what to do."""
    from churnml.scoring.story import say_day
    from churnml.words import words
    from churnml.words.names import name_of
    from churnml.words.numbers import number_writer

    t, row = words(language)["terminal"], explanation.row
    share = number_writer("share", language)
    say(
        t["head"].format(
            id=explanation.customer_id,
            day=say_day(row.snapshot_date, language),
            p=share(round(row.churn_probability, 3)),
            band=name_of("risk_band", row.risk_band, language),
            rank=number_writer("number", language)(row.risk_rank),
            value=number_writer("money", language, currency)(row.value_at_risk),
        )
    )
    segment, stage = (
        name_of("segment", row.segment, language),
        name_of("lifecycle_stage", row.lifecycle_stage, language),
    )
    say(t["life"].format(segment=segment, stage=stage))
    money = number_writer("money", language, currency)
    say(t["worth"].format(days=days, **{str(name): money(amount) for name, amount in explanation.worth.items()}))
    say(value)
    told = {
        row["concept"]: t["told_each" if row["days"] == row["of_days"] else "told"].format(**row)
        for row in records(stability)
    }
    for side, reasons in (("leaving", explanation.leaving), ("staying", explanation.staying)):
        say("", t[side])
        for reason in reasons:
            steady = told.get(reason.concept, "") if side == "leaving" else ""
            say(f"  {name_of('concept', reason.concept, language)}: {reason.sentence}{steady}")
        if not reasons:
            say(t["none"])
    say("")
    if row.holdout:
        say(t["held"].format(day=say_day(row.arm_until, language)))
    say(t["play"].format(title=play.title, owner=play.owner, rule=rule, wording=f"{play.wording} {mention}".strip()))
    if explanation.effect is not None:
        say(explanation.effect)
    if row.contact_by is not None and row.contact_by == row.contact_by:
        say(t["by"].format(day=say_day(row.contact_by, language)))
    say("", t["events"])
    for event in explanation.events.tail(_EVENTS).itertuples():
        say(f"  {say_day(event.day, language):>14}  {event.text}")
    say("", t["concepts"])
    for concept, weight in explanation.concepts.items():
        say(f"  {weight:+.3f}  {name_of('concept', concept, language)}")
    say("", t["features"])
    order = explanation.features.contribution.abs().sort_values(ascending=False, kind="stable").index
    for feature in records(explanation.features.reindex(order).head(SHOWN)):
        value = t["no_value"] if feature["value"] is None else f"{feature['value']:,.4g}"
        say(f"  {feature['contribution']:+.3f}  {feature['feature']} = {value}  ({feature['describe']})")
