"""Printing a customer's story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.cli.say import say
from churnml.cli.show import SHOWN, records

if TYPE_CHECKING:
    import pandas as pd

    from churnml.features.sentences import Language
    from churnml.scoring.plays import Play
    from churnml.scoring.story import Explanation

_EVENTS = 15
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "head": "Customer {id} on {day}: {p} likely to leave ({band}), rank {rank}, value at risk {value}.",
        "life": "{segment}, {stage}.",
        "leaving": "Goes with leaving:",
        "staying": "Speaks for her staying:",
        "none": "  nothing that stands out",
        "told": " (told on {days} of the last {of_days} months)",
        "play": "What to do: {title} ({owner}; rule: {rule}). {wording}",
        "by": "Contact by {day}.",
        "held": "In the holdout until {day}: leave her alone.",
        "events": "What happened (newest last):",
        "concepts": "Weight in log-odds, towards leaving (+) or staying (-):",
        "features": "Features with the largest weight:",
        "no_value": "no value",
    },
    "tr": {
        "head": "{day} günü müşteri {id}: ayrılma olasılığı {p} ({band}), sıra {rank}, risk altındaki değer {value}.",
        "life": "{segment}, {stage}.",
        "leaving": "Ayrılmayla birlikte görülenler:",
        "staying": "Kalacağına işaret edenler:",
        "none": "  öne çıkan bir şey yok",
        "told": " (son {of_days} ayın {days} tanesinde söylendi)",
        "play": "Yapılacak: {title} ({owner}; kural: {rule}). {wording}",
        "by": "Son iletişim günü: {day}.",
        "held": "{day} tarihine kadar kontrol grubunda: iletişim kurmayın.",
        "events": "Neler oldu (en yenisi sonda):",
        "concepts": "Log-odds ağırlığı, ayrılmaya (+) ya da kalmaya (-) doğru:",
        "features": "Ağırlığı en büyük özellikler:",
        "no_value": "değer yok",
    },
}


def print_story(
    explanation: Explanation, stability: pd.DataFrame, play: Play, language: Language, currency: str | None
) -> None:
    """Print why a customer stands where she stands, what happened to her, and what to do."""
    from churnml.features.sentences import number_writer
    from churnml.reporting.columns import name_of
    from churnml.scoring.story import say_day

    words, row = _WORDS[language], explanation.row
    share = number_writer("share", language)
    say(
        words["head"].format(
            id=explanation.customer_id,
            day=say_day(row.snapshot_date, language),
            p=share(round(row.churn_probability, 3)),
            band=name_of("risk_band", row.risk_band, language),
            rank=f"{row.risk_rank:,}" if language == "en" else f"{row.risk_rank:,}".replace(",", "."),
            value=number_writer("money", language, currency)(row.value_at_risk),
        )
    )
    segment, stage = (
        name_of("segment", row.segment, language),
        name_of("lifecycle_stage", row.lifecycle_stage, language),
    )
    say(words["life"].format(segment=segment, stage=stage))
    told = {row["concept"]: words["told"].format(**row) for row in records(stability)}
    for side, reasons in (("leaving", explanation.leaving), ("staying", explanation.staying)):
        say("", words[side])
        for reason in reasons:
            steady = told.get(reason.concept, "") if side == "leaving" else ""
            say(f"  {name_of('concept', reason.concept, language)}: {reason.sentence}{steady}")
        if not reasons:
            say(words["none"])
    say("")
    if row.holdout:
        say(words["held"].format(day=say_day(row.arm_until, language)))
    say(words["play"].format(title=play.title, owner=play.owner, rule=row.play_rule, wording=play.wording))
    if row.contact_by is not None and row.contact_by == row.contact_by:
        say(words["by"].format(day=say_day(row.contact_by, language)))
    say("", words["events"])
    for event in explanation.events.tail(_EVENTS).itertuples():
        say(f"  {say_day(event.day, language):>14}  {event.text}")
    say("", words["concepts"])
    for concept, weight in explanation.concepts.items():
        say(f"  {weight:+.3f}  {name_of('concept', concept, language)}")
    say("", words["features"])
    order = explanation.features.contribution.abs().sort_values(ascending=False, kind="stable").index
    for feature in records(explanation.features.reindex(order).head(SHOWN)):
        value = words["no_value"] if feature["value"] is None else f"{feature['value']:,.4g}"
        say(f"  {feature['contribution']:+.3f}  {feature['feature']} = {value}  ({feature['describe']})")
