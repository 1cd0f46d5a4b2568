"""A proposal as a file of settings, with a comment on everything: what it was taken from, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from churnml.data.guessing.proposal import Proposal, ProposedColumn, ProposedTable, Question, Reason
from churnml.data.guessing.shapes import NumberFormat
from churnml.printable import printable
from churnml.words import Language, for_count, words

_LONGEST = 30
_EXAMPLES = 3


def settings_text(proposal: Proposal, source: str, file: str, language: Language = "en") -> str:
    """Write a proposal as YAML.

    Parameters
    ----------
    proposal : Proposal
        Proposal without open questions.
    source : str
        Source as it is shown, without a password.
    file : str
        Name of the file that the settings go to.
    language : str, optional
        Language of the comments.
    """
    said = words(language)["init"]
    lines = [f"# {line}" for line in said["header"].format(source=source, file=file).split("\n")]
    lines += [*_clock(proposal, said), "", "tables:"]
    for table in proposal.tables:
        lines += _table(table, language)
    lines += [f"# {line}" for line in left_out_texts(proposal, language)]
    return "\n".join(printable(line) for line in lines) + "\n"


def left_out_texts(proposal: Proposal, language: Language = "en") -> list[str]:
    """Say what of the source is not used, and what could not be known."""
    said = words(language)["init"]
    texts = [reason_text(reason, language) for reason in proposal.left_out]
    if proposal.unused:
        texts.append(said["unused_tables"].format(names=", ".join(table.title for table in proposal.unused)))
    texts += [said["unread"].format(name=name, why=why) for name, why in proposal.unread.items()]
    if proposal.currency:
        texts.append(said["currency"].format(currency=proposal.currency))
    return texts


def reason_text(reason: Reason, language: Language = "en") -> str:
    """Say why something is proposed or left out."""
    written = {float: "{:.0%}", int: "{:,}", str: "{}"}
    shown = {name: written[type(value)].format(value) for name, value in reason.values.items()}
    text: str = words(language)["init"]["reasons"][reason.key].format(**shown)
    return text


def question_text(question: Question, language: Language = "en") -> str:
    """Ask what cannot be known."""
    asked = words(language)["init"]["questions"]
    kind = "orders" if question.kind == "table" and not question.theirs else question.kind
    text: str = asked[kind].format(
        table=question.table,
        column=question.column,
        theirs=question.theirs,
        examples=", ".join(map(_short, question.examples[:_EXAMPLES])),
        options=", ".join(option_texts(question, language)),
    )
    return text


def option_texts(question: Question, language: Language = "en") -> list[str]:
    """Return the answers to a question as a person reads them."""
    said = words(language)["init"]["options"]
    if question.kind == "column":
        return [f"{name} ({_short(shown)})" for name, shown in zip(question.options, question.examples, strict=True)]
    if question.kind == "number_format":
        return [_number_example(option) for option in question.options]
    if question.kind in ("total", "pieces"):
        return [said[option] for option in question.options]
    if question.kind == "date_format":
        return [
            f"{option} ({said['day_first' if _is_day_first(option) else 'month_first']})" for option in question.options
        ]
    return [str(option) for option in question.options]


def setting_of(question: Question) -> str:
    """Name the setting that answers a question."""
    where = f"tables.{question.table}"
    return {
        "table": f"{where}.name",
        "column": f"{where}.columns.{question.column}",
        "date_format": f"{where}.date_format",
        "number_format": f"{where}.decimal",
        "total": f"{where}.total",
        "pieces": f"{where}.columns.quantity",
        "key": f"{where}.columns.{question.column}",
        "scale": f"{where}.columns.scale",
        "timezone": "timezone",
    }[question.kind]


def column_text(column: ProposedColumn, language: Language = "en") -> str:
    """Say what a column was recognised by, with examples."""
    said = words(language)["init"]
    reasons = [reason_text(reason, language) for reason in column.reasons]
    examples = [_short(example) for example in column.source.examples]
    return "; ".join([*reasons, *([said["examples"].format(values=", ".join(examples))] if examples else [])])


def rows_text(table: ProposedTable, language: Language = "en") -> str:
    """Say how many rows a table has."""
    rows = table.source.rows
    return for_count(words(language)["init"]["rows"], rows, language).format(n=f"{rows:,}")


def _clock(proposal: Proposal, said: Any) -> list[str]:
    zone = proposal.timezone
    return [f"timezone: {zone or 'UTC'}  # {said['zone' if zone else 'no_zone']}"]


def _table(table: ProposedTable, language: Language) -> Iterator[str]:
    said = words(language)["init"]
    yield f"  {table.name}:"
    yield f"    name: {_quoted(table.source.name)}  # {rows_text(table, language)}"
    settings = {
        "sheet": table.source.sheet,
        "encoding": table.source.encoding,
        "delimiter": table.source.delimiter,
        "skip": table.source.skip or None,
        "footer": table.source.footer or None,
        "decimal": table.decimal,
        "thousands": table.thousands,
        "date_format": table.date_format,
    }
    yield from (f"    {name}: {_quoted(value)}" for name, value in settings.items() if value is not None)
    if not table.source.header:
        yield f"    header: false  # {said['no_header']}"
    if table.source.where:
        yield f"    where: {_flow(table.source.where)}  # {said['where']}"
    if table.lines:
        yield f"    lines: true  # {said['lines']}"
        if table.total:
            yield f"    total: {table.total}  # {said['options'][table.total]}"
    if table.same_lines == "add":
        yield f"    same_lines: add  # {said['same_lines']}"
    if table.negative:
        yield f"    negative: returns  # {said['negative']}"
    if table.several:
        yield f"    several: one  # {said['several']}"
    yield "    columns:"
    for column in table.columns:
        theirs = _quoted(column.source.name) if column.setting is None else _flow(column.setting)
        if column.setting is None and column.date_format not in (None, table.date_format):
            theirs = f"{{from: {theirs}, date_format: {_quoted(column.date_format)}}}"
        yield f"      {column.name}: {theirs}  # {column_text(column, language)}"
    if table.unused:
        yield f"    # {said['unused_columns'].format(names=', '.join(table.unused))}"


def _flow(setting: Mapping[str, Any]) -> str:
    return f"{{{', '.join(f'{name}: {_quoted(value)}' for name, value in setting.items())}}}"


def _quoted(text: Any) -> str:
    return json.dumps(text, ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _number_example(form: NumberFormat) -> str:
    decimal, thousands = form
    return f"1{thousands or ''}234{decimal or '.'}50"


def _is_day_first(date_format: str) -> bool:
    return date_format.index("%d") < date_format.index("%m")
