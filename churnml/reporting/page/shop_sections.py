"""The page's part about the shop: a summary goes in, blocks of texts come out for the template.

A block is a table with a title and a note. Its cells are texts, with a shade from 0 to 9 where it is a heat map, the
length of a bar where shares stand side by side, and the points of a line where it is a trend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnml.analytics.habits import HABIT_DAYS
from churnml.reporting.page import shop_pictures as pictures
from churnml.reporting.page.service_sections import service_blocks
from churnml.reporting.page.shop_cells import Say, difference, line, number, text
from churnml.reporting.page.shop_faults import faults_block
from churnml.reporting.page.shop_first import first_blocks
from churnml.reporting.page.shop_habits import habits_block
from churnml.reporting.page.shop_loyalty import loyalty_blocks
from churnml.words import Language

Records = Sequence[Mapping[str, Any]]
_SEGMENT_FIGURES = ("churn_rate", "repeat_customer_rate", "purchase_frequency", "average_order_value")
_EXPERIENCE = {
    "late_share": "share",
    "complaint_rate": "share",
    "return_rate": "share",
    "mean_rating": "number",
    "nps": "number",
}
_BEST_SHARE, _BEST_SHOWN = 0.2, 0.5
_FINE = {"retention_share": 0.1, "amount_per_customer": 10.0}


def shop_sections(summary: Mapping[str, Any], language: Language, currency: str | None) -> dict[str, Any]:
    """Write the figures of a shop as text.

    Parameters
    ----------
    summary : mapping of str to object
        Figures of the shop, as from `summarise_shop`.
    language : str
        Language of the page.
    currency : str or None
        ISO code of the shop's currency; None writes money as a plain number.

    Returns
    -------
    dict
        ``title``, ``note`` and ``blocks``; a block has ``id, title, note, is_open, columns`` (``title, is_number``) and
        ``rows`` of cells (``text, small, is_number, shade, bar, line``). Tables without rows make no block.
    """
    say = Say(language, currency)
    t = say.t
    blocks = [
        faults_block(summary["faults"], say),
        _kpis(summary, say),
        _by_segment(summary, say),
        _standings(summary["lifecycle"], "stage", say),
        _moves(summary["transitions"], "transitions", "lifecycle_stage", say),
        _segments(summary, say),
        _moves(summary["migration"], "migration", "segment", say),
        _cohorts(summary["cohorts"], "retention_cohorts", "retention_share", say),
        _cohorts(summary["cohorts"], "revenue_cohorts", "amount_per_customer", say),
        _concentration(summary["concentration"], say),
        _reasons(summary, say),
        _topics(summary["topics"], say),
        _groups(summary["groups"], say),
        habits_block(summary["habits"], summary["habit_shares"], HABIT_DAYS, say),
        *loyalty_blocks(summary, say),
        _experience(summary["experience"], say),
        *first_blocks(summary, say),
        *service_blocks(summary, say),
    ]
    note = t["note"].format(days=summary["horizon_days"], day=say.write.day(summary["snapshot_date"]))
    return {"title": t["title"], "note": note, "blocks": [block for block in blocks if block["rows"]]}


def _kpis(summary: Mapping[str, Any], say: Say) -> dict[str, Any]:
    rows = []
    for name, named in say.words["kpis"].items():
        periods = [row for row in summary["kpis"] if row["kpi"] == name]
        if not periods:
            continue
        unit, newest = summary["units"][name], periods[-1]
        change = number("–")
        if newest["change"] is not None:
            sure = {True: "noise", False: "moved", None: "unsure"}[newest["is_noise"]]
            change = number(say.change(newest["change"], unit), small=say.t[sure])
        values = [row["value"] for row in periods]
        rows.append(
            [
                text(named["title"], named["formula"]),
                number(say.figure(newest["value"], unit), small=say.between(newest["low"], newest["high"], unit)),
                change,
                {
                    **number("", small=", ".join(say.figure(value, unit) for value in values)),
                    "line": line(values),
                },
            ]
        )
    titles = [say.t["kpi"], f"{say.t['value']} ({say.t['interval']})", say.t["change"], say.t["trend"]]
    churned = [row for row in summary["kpis"] if row["kpi"] == "churn_rate"]
    picture = pictures.over_time(churned, say.write.share, say.write.day)
    title = {"picture_title": say.words["kpis"]["churn_rate"]["title"]}
    return say.block("kpis", titles, 1, rows, is_open=True, picture=picture and picture | title)


def _by_segment(summary: Mapping[str, Any], say: Say) -> dict[str, Any]:
    newest = _newest(summary["kpis_by_segment"], "period_end")
    rows = []
    for segment in dict.fromkeys(row["segment"] for row in newest):
        by = {row["kpi"]: row for row in newest if row["segment"] == segment}
        told = [
            say.figure(by[name]["value"], summary["units"][name]) + ("*" if by[name]["is_noise"] is False else "")
            for name in _SEGMENT_FIGURES
        ]
        count = say.write.whole(by["churn_rate"]["customers"])
        rows.append([text(say.name("segment", segment)), number(count), *map(number, told)])
    names = [say.words["kpis"][name]["title"] for name in _SEGMENT_FIGURES]
    return say.block("kpis_by_segment", [say.t["segment"], say.t["customers"], *names], 1, rows)


def _newest(rows: Records, column: str) -> list[Mapping[str, Any]]:
    last = max((row[column] for row in rows), default=None)
    return [row for row in rows if row[column] == last]


def _standings(table: Records, column: str, say: Say) -> dict[str, Any]:
    days = list(dict.fromkeys(row["snapshot_date"] for row in table))
    top = _longest(table)
    rows = []
    for name in dict.fromkeys(row[column] for row in table):
        of = [row for row in table if row[column] == name]
        cells = [number(say.write.share(row["share"], 1), bar=row["share"] / top) for row in of]
        kind = "lifecycle_stage" if column == "stage" else "segment"
        rows.append([text(say.name(kind, name)), number(say.write.whole(of[-1]["customers"])), *cells])
    titles = [say.t[column], say.t["customers"], *(say.write.day(day) for day in days)]
    return say.block("lifecycle" if column == "stage" else "segments", titles, 1, rows)


def _longest(table: Records) -> float:
    return max((row[name] or 0.0 for row in table for name in ("share", "amount_share") if name in row), default=0) or 1


def _segments(summary: Mapping[str, Any], say: Say) -> dict[str, Any]:
    block = _standings(summary["segments"], "segment", say)
    newest = {row["segment"]: row for row in _newest(summary["segments"], "snapshot_date")}
    for row, segment in zip(block["rows"], newest, strict=True):
        share = newest[segment]["amount_share"]
        rule = summary["rules"][segment].replace(" and ", f" {say.t['and']} ").replace(" or ", f" {say.t['or']} ")
        bar = None if share is None else share / _longest(summary["segments"])
        row += [number(say.write.share(share, 1), bar=bar), text(rule)]
    more = [{"title": say.t["of_money"], "is_number": True}, {"title": say.t["rule"], "is_number": False}]
    return {**block, "columns": [*block["columns"], *more]}


def _moves(table: Records, name: str, kind: str, say: Say) -> dict[str, Any]:
    newest = _newest(table, "period_end")
    befores = list(dict.fromkeys(row["before"] for row in newest))
    there = {row["after"] for row in newest}
    afters = [after for after in dict.fromkeys([*befores, *(row["after"] for row in newest)]) if after in there]
    share = {(row["before"], row["after"]): row["share"] for row in newest}
    rows = [
        [
            text(say.name(kind, before)),
            *(
                number(say.write.whole(100 * share[before, after]), share[before, after])
                if (before, after) in share
                else number("·")
                for after in afters
            ),
        ]
        for before in befores
    ]
    note = ""
    if newest:
        start, end = (say.write.day(newest[0][place]) for place in ("period_start", "period_end"))
        note = say.t["moves_note"].format(start=start, end=end)
    picture = None
    if kind == "lifecycle_stage":
        picture = pictures.flow(newest, lambda stage: say.name(kind, stage), say.write.whole)
    titles = [say.t["before"], *(say.name(kind, after) for after in afters)]
    return say.block(name, titles, 1, rows, note=note, picture=picture)


def _cohorts(table: Records, name: str, column: str, say: Say) -> dict[str, Any]:
    months = sorted({row["month"] for row in table} - ({0} if column == "retention_share" else set()))
    top = max((row[column] for row in table if row["month"] > 0), default=0) or 1
    times, decimals = 100 if column == "retention_share" else 1, 1 if top < _FINE[column] else 0
    rows = []
    for cohort in dict.fromkeys(row["cohort"] for row in table):
        of = {row["month"]: row for row in table if row["cohort"] == cohort}
        known = {month: of[month][column] for month in months if month in of}
        write = {month: say.write.decimal(times * value, decimals) for month, value in known.items()}
        cells = [number(write[m], known[m] / top if m else None) if m in known else number("") for m in months]
        rows.append([text(cohort[:7]), number(say.write.whole(of[0]["size"])), *cells])
    titles = [say.t["cohort"], say.t["customers"], *map(str, months)]
    currency = f" ({say.write.currency})" if say.write.currency else ""
    picture = pictures.curves(table, column, say.write.share) if column == "retention_share" else None
    return say.block(name, titles, 1, rows, note=say.t[f"{name}_note"].format(currency=currency), picture=picture)


def _concentration(table: Records, say: Say) -> dict[str, Any]:
    rows = [
        [
            text(say.write.share(row["customer_share"])),
            number(say.write.whole(row["customers"])),
            number(say.write.share(row["amount_share"], 1), row["amount_share"]),
            number(say.between(row["low"], row["high"])),
        ]
        for row in table
        if row["customer_share"] <= _BEST_SHOWN
    ]
    said = [
        say.t["concentration_said"].format(
            share=say.write.share(row["customer_share"]),
            customers=say.write.whole(row["customers"]),
            amount=say.write.share(row["amount_share"], 1),
        )
        for row in table
        if row["customer_share"] == _BEST_SHARE and row["amount_share"] is not None
    ]
    titles = [say.t[name] for name in ("best", "customers", "bring", "interval")]
    return say.block("concentration", titles, 1, rows, note=" ".join(said))


def _reasons(summary: Mapping[str, Any], say: Say) -> dict[str, Any]:
    rows = [
        [
            text(say.name(None, row["reason"])),
            number(say.write.share(row["churned_share"], 1), row["churned_share"]),
            number(say.between(row["low"], row["high"])),
            number(say.write.share(row["stayed_share"], 1), row["stayed_share"]),
            number(say.between(row["stayed_low"], row["stayed_high"])),
            number(difference(row, say)),
        ]
        for row in summary["reasons"]
    ]
    t = say.t
    titles = [t["reason"], t["of_churned"], t["interval"], t["of_stayed"], t["interval"], t["difference"]]
    newest = _newest(summary["kpis"], "period_end")
    start, end = (say.write.day(newest[0][place]) for place in ("period_start", "period_end"))
    return say.block("reasons", titles, 1, rows, note=t["reasons_note"].format(start=start, end=end))


def _topics(table: Records, say: Say) -> dict[str, Any]:
    rows = [
        [
            text(say.words["values"].get(row["topic"], str(row["topic"])), say.t["small"] if row["is_small"] else ""),
            number(say.write.whole(row["complaints"])),
            number(say.write.whole(row["customers"])),
            number(say.write.share(row["churned_share"], 1), row["churned_share"]),
            number(say.between(row["low"], row["high"])),
        ]
        for row in table
    ]
    titles = [say.t[name] for name in ("topic", "complaints", "customers", "left", "interval")]
    return say.block("topics", titles, 1, rows)


def _groups(table: Records, say: Say) -> dict[str, Any]:
    rows = []
    for group in dict.fromkeys(row["group"] for row in table):
        for row in (row for row in table if row["group"] == group):
            value = str(row["value"])
            mark = "*" if row["differs"] else ""
            rows.append(
                [
                    text(say.words["groups"].get(group, group)),
                    text(say.words["values"].get(value, value)),
                    number(say.write.whole(row["customers"])),
                    number(say.write.share(row["churn_rate"], 1) + mark),
                    number(say.between(row["low"], row["high"])),
                ]
            )
    titles = [say.t[name] for name in ("group", "is", "customers", "left", "interval")]
    return say.block("groups", titles, 2, rows, note=say.t["groups_note"])


def _experience(table: Records, say: Say) -> dict[str, Any]:
    names = {name: unit for name, unit in _EXPERIENCE.items() if table and name in table[0]}
    rows = [
        [
            text(say.write.day(row["period_end"])),
            *(
                number(
                    say.figure(row[name], unit) + _scale(row, name),
                    small=say.between(row[f"{name}_low"], row[f"{name}_high"], unit),
                )
                for name, unit in names.items()
            ),
        ]
        for row in table
        if names
    ]
    return say.block("experience", [say.t["until"], *(say.t[name] for name in names)], 1, rows)


def _scale(row: Mapping[str, Any], name: str) -> str:
    return f" / {row['scale']:g}" if name == "mean_rating" and row["mean_rating"] is not None else ""
