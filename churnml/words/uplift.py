"""What effect a contact has, and whether customers may be ranked by it, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from babel.numbers import format_decimal

from churnml.words import Language, words
from churnml.words.numbers import write_decimal, write_percent

if TYPE_CHECKING:
    from churnml.training.uplift.gate import Gate


def say_gate(gate: Gate, held_out: int, against: str, language: Language) -> str:
    """Write the verdict of the gate.

    Parameters
    ----------
    gate : Gate
        Verdict on a ranking by effect.
    held_out : int
        Number of held-out customers whose outcome is known.
    against : str
        Ranking in use, as ``scoring.rank_by`` names it.
    language : str
        Language of the sentence.
    """
    t = words(language)["uplift"]
    if not gate.looks:
        return str(t["too_few"]).format(held_out=format_decimal(held_out, locale=language))
    more = gate.figures["more_kept"]
    told = {
        name: write_decimal(100 * value, 1, language, signed=True)
        for name, value in zip(("more", "low", "high"), (more.value, *more.interval), strict=True)
    }
    ranking = words(language)["columns"][against]["title"]
    return str(t["open" if gate.open else "closed"]).format(**told, ranking=ranking)


def say_effect(effect: float, moves: Sequence[tuple[str, float]], language: Language) -> str:
    """Write the effect that is expected of a contact, and what moves it.

    Parameters
    ----------
    effect : float
        Customers kept per contact.
    moves : sequence of tuple of str and float
        Facts about the customer, and what each adds to the effect; none where it is the same for all.
    language : str
        Language of the sentences.

    Examples
    --------
    >>> say_effect(0.082, [("3 orders in the last 90 days", -0.02)], "en")
    'A contact keeps +8.2 of 100 such customers, it is expected. Moves that: 3 orders in the last 90 days (-2.0).'
    """
    t = words(language)["uplift"]
    told = str(t["effect"]).format(kept=write_decimal(100 * effect, 1, language, signed=True))
    if not moves:
        return told
    facts = "; ".join(f"{fact} ({write_decimal(100 * by, 1, language, signed=True)})" for fact, by in moves)
    return f"{told} {str(t['moves']).format(facts=facts)}"


def say_risk(churn_probability: float, language: Language) -> str:
    """Write the probability of leaving, as a fact that moves an effect."""
    return str(words(language)["uplift"]["risk"]).format(p=write_percent(churn_probability, language))
