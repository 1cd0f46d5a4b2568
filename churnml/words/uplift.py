"""Whether customers may be ranked by the effect of a contact, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel.numbers import format_decimal

from churnml.words import Language, words
from churnml.words.numbers import write_decimal

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
