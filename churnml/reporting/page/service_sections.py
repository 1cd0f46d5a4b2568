"""The blocks of the page about service: complaints, answers and messages, returns, promotion codes and referrals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from churnml.reporting.page.shop_cells import Cell, Say, difference, number, text
from churnml.reporting.page.shop_texts import texts_block

Records = Sequence[Mapping[str, Any]]
_WAITS = {"answer_hours": "hours", "resolution_days": "days"}


def service_blocks(summary: Mapping[str, Any], say: Say) -> Iterator[dict[str, Any]]:
    """Write the blocks about service; see `churnml.reporting.page.shop_sections.shop_sections`.

    Parameters
    ----------
    summary : mapping of str to object
        Figures of the shop, as from `summarise_shop`.
    say : Say
        Words and numbers of a language.
    """
    yield _support(summary["support"], "support", say, [say.write.day(row["period_end"]) for row in summary["support"]])
    topics = summary["support_topics"]
    yield _support(topics, "support_topics", say, [_value(row["value"], say) for row in topics])
    yield texts_block(summary["text_topics"], summary["text_months"], say)
    yield _after(summary["after_service"], say)
    yield _promotions(summary["promotions"], say)
    yield _referrals(summary["referrals"], say)


def _support(table: Records, name: str, say: Say, firsts: Sequence[str]) -> dict[str, Any]:
    rows = [
        [
            text(first),
            number(say.write.whole(row["complaints"])),
            *(_with_interval(row, measure, unit, say) for measure, unit in _WAITS.items()),
            number(say.write.whole(row["unresolved"])),
        ]
        for first, row in zip(firsts, table, strict=True)
    ]
    titles = [say.t["until" if name == "support" else "topic"], say.t["complaints"], *(say.t[each] for each in _WAITS)]
    return say.block(name, [*titles, say.t["unresolved"]], 1, rows)


def _after(table: Records, say: Say) -> dict[str, Any]:
    rows = [
        [text(say.t["events"][row["event"]]), text(_value(row["value"], say), _small(row, say)), *_rates(row, say)]
        for row in table
        if row["customers"]
    ]
    titles = [say.t[name] for name in ("event", "is", "customers", "came_back", "interval", "difference")]
    return say.block("after_service", titles, 2, rows)


def _promotions(table: Records, say: Say) -> dict[str, Any]:
    rows = [
        [
            text(_value(row["value"], say), _small(row, say)),
            number(say.write.whole(row["customers"])),
            _with_interval(row, "repeat_rate", "share", say),
            _with_interval(row, "churn_rate", "share", say),
            number(difference(row, say)),
            _with_interval(row, "code_share", "share", say),
        ]
        for row in table
    ]
    titles = [say.t[name] for name in ("first_code", "customers", "repeat_rate", "left", "difference", "code_share")]
    return say.block("promotions", titles, 1, rows)


def _referrals(table: Records, say: Say) -> dict[str, Any]:
    rows = [[text(_value(row["value"], say), _small(row, say)), *_rates(row, say)] for row in table]
    titles = [say.t[name] for name in ("is", "customers", "stayed", "interval", "difference")]
    return say.block("referrals", titles, 1, rows)


def _rates(row: Mapping[str, Any], say: Say) -> list[Cell]:
    return [
        number(say.write.whole(row["customers"])),
        number(say.figure(row["retention_rate"], "share"), row["retention_rate"]),
        number(say.between(row["low"], row["high"])),
        number(difference(row, say)),
    ]


def _with_interval(row: Mapping[str, Any], name: str, unit: str, say: Say) -> Cell:
    return number(say.figure(row[name], unit), small=say.between(row[f"{name}_low"], row[f"{name}_high"], unit))


def _small(row: Mapping[str, Any], say: Say) -> str:
    return str(say.t["small"]) if row["is_small"] else ""


def _value(value: str, say: Say) -> str:
    return str(say.t["kinds"].get(value) or say.words["values"].get(value, value))
