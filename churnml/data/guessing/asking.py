"""From a source to a proposal: what cannot be known is counted where that tells it, asked, or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from churnml.data.contract import ORDERS
from churnml.data.engines.object_store import is_stored
from churnml.data.guessing.looking import Look
from churnml.data.guessing.match import fits
from churnml.data.guessing.proposal import Proposal, ProposedTable, Question, QuestionKey
from churnml.data.guessing.propose import propose
from churnml.data.guessing.settings_text import option_texts, question_text, setting_of
from churnml.data.places import optional_place
from churnml.errors import InputError
from churnml.words import Language, words

# Of so many orders with several rows, so many have one amount where it is that of the order; few do where it is not.
_ENOUGH, _NEARLY_ALL, _FEW = 5, 0.95, 0.5
_OF_LINES = 0.9
_COUNTED = ("key", "number")
_NONE = ""
_NONE = ""

Ask = Callable[[Question], Any]
"""Answers a question by one of its options, or None to leave it out."""


def proposal_for(source: Any, ask: Ask | None = None, language: Language = "en") -> Proposal:
    """Look at a source, and propose settings for it.

    Parameters
    ----------
    source : object
        Folder, file, database or tables in memory, as in ``churnml.read``.
    ask : callable, optional
        Function that answers a question; None means that nobody can be asked.
    language : str, optional
        Language of what is refused.

    Returns
    -------
    Proposal
        Proposal without open questions.

    Raises
    ------
    InputError
        Where the source cannot be opened; or the orders cannot be read without an answer, with every such question.
    """
    with optional_place(source if is_stored(source) else None) as fetched:
        return _proposal(Look(source if fetched is None else fetched.path), ask, language)


def _proposal(look: Look, ask: Ask | None, language: Language) -> Proposal:
    answers: dict[QuestionKey, Any] = {}
    refused: list[Question] = []
    while questions := (proposal := propose(look.source, answers)).questions:
        question = min(questions, key=_turn)
        answer = counted(look, proposal, question)
        if answer == _NONE:
            answers[question.key] = None
            continue
        if answer is not None and question.column == "order_id":
            answers["number", question.table, question.column] = answer
        if answer == _NONE:
            answers[question.key] = None
            continue
        if answer is None and ask is not None and question.kind not in _COUNTED:
            answer = ask(question)
        if answer is None and question.needed and not (question.or_none and ask is not None):
            refused.append(question)
        answers[question.key] = answer
    if refused:
        said = words(language)["init"]["refused"]
        raise InputError(
            said.format(
                question=question_text(question, language),
                options=", ".join(option_texts(question, language)) or "-",
                setting=setting_of(question),
            )
            for question in refused
        )
    return proposal


def _turn(question: Question) -> tuple[bool, bool, bool]:
    """Say when a question comes: orders first, and their number last, which may be counted by who ordered and when."""
    return (question.table != "orders", question.kind != "date_format", question.column == "order_id")


def counted(look: Look, proposal: Proposal, question: Question) -> object:
    """Return what the rows themselves tell: an empty text that there is nothing of the kind; None where they do not."""
    if question.kind == "key":
        return next((parts for parts in question.options if look.is_key(question.theirs, parts)), None)
    if question.kind == "pieces":
        return "one" if look.repeated(question.theirs, question.examples) >= _ENOUGH else None
    orders = next((table for table in proposal.tables if table.name == "orders"), None)
    if orders is None:
        return None
    if (question.table, question.column) == ("orders", "order_id"):
        return _number(look, orders, question.options)
    if question.kind != "total":
        return None
    names = {column.name: column.source.name for column in orders.columns}
    several, same = look.same_totals(orders.source, names["order_id"], names[question.column])
    if several < _ENOUGH:
        return None
    return "first" if same >= _NEARLY_ALL * several else "sum" if same <= _FEW * several else None


def _number(look: Look, orders: ProposedTable, options: Sequence[str]) -> str | None:
    """Return the column whose values have one customer and one time each, so that it numbers orders of several rows.

    Where several people share values of all that come into question, and no other column is a number, there is none.
    """
    used = {column.name: column.used for column in orders.columns}
    who, when = used.get("customer_id"), used.get("ordered_at")
    if not who or not when:
        return None
    title, known = orders.source.title, [*who, *when]
    if not any(look.tells(title, name, who) for name in options):
        placed = {name for columns in used.values() for name in columns}
        others = [column for column in orders.source.columns if column.name not in placed and column.distinct > 1]
        options = [column.name for column in others if fits(column.shape, ORDERS.column["order_id"])]
        if not any(look.tells(title, name, who) for name in options):
            return _NONE
    most = _OF_LINES * orders.source.rows  # what nearly every row has of its own, tells nothing
    open_ = [name for name in options if name not in known and orders.source.column[name].distinct <= most]
    found = [name for name in open_ if look.tells(title, name, known)]
    alike = all(look.tells(title, found[0], [other]) and look.tells(title, other, found[:1]) for other in found[1:])
    return found[0] if found and alike else None
