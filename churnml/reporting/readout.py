"""A readout as files: one self-contained page for people, and JSON and Parquet for machines."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from churnml.campaigns.checks import Check
from churnml.campaigns.comparison import GROUPS, SHARES
from churnml.campaigns.measured import FILE as MEASURED
from churnml.campaigns.measured import measure, write_measured
from churnml.campaigns.readout import Readout
from churnml.config import Config
from churnml.data.files import whole_folder
from churnml.plain import plain
from churnml.reporting.columns import column
from churnml.reporting.page.numbers import Numbers
from churnml.reporting.templates import css_of_tables, template
from churnml.words import Language, words
from churnml.words.campaigns import say_brought, say_campaign, say_check
from churnml.words.names import name_of
from churnml.words.numbers import NOTHING, write_decimal

PAGE, FIGURES, EFFECTS = "readout.html", "readout.json", "effects.parquet"
"""Names of the files."""
_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 28
_TICKS = 5


def write_readout(
    readout: Readout, folder: str | Path, config: Config, currency: str | None, by: Sequence[str] = ("play",)
) -> list[Path]:
    """Write a readout: ``readout.html``, ``readout.json``, ``effects.parquet`` and ``measured.yaml``, all or none.

    Parameters
    ----------
    readout : Readout
        What was read out.
    folder : str or Path
        Folder to write to.
    config : Config
        Settings: the language of the page, the campaign, and what was assumed.
    currency : str or None
        ISO code of the shop's currency.
    by : sequence of str, optional
        What the page tells the effect apart by; see `churnml.campaigns.comparison.compare_groups`.

    Returns
    -------
    list of Path
        The files; without ``measured.yaml`` where nothing was measured that a list can use, see `measure`.
    """
    out = Path(folder)
    measured = measure(readout, config)
    with whole_folder(out, owned=[PAGE, FIGURES, EFFECTS, MEASURED]) as scratch:
        page = render_readout(summarise_readout(readout, config.scoring.language, currency, by))
        (scratch / PAGE).write_text(page, encoding="utf-8")
        told = json.dumps(to_json(readout, by), indent=2, allow_nan=False, default=str) + "\n"
        (scratch / FIGURES).write_text(told, encoding="utf-8")
        readout.effects.to_parquet(scratch / EFFECTS, index=False)
        if measured is not None:
            write_measured(measured, scratch / MEASURED)
    return [out / name for name in (PAGE, FIGURES, EFFECTS, *([MEASURED] if measured is not None else []))]


def to_json(readout: Readout, by: Sequence[str] = ()) -> dict[str, Any]:
    """Return a readout as plain values; what is not known is null."""
    groups = {what: _records(readout.by(what)) for what in by if readout.causal and _is_told(readout, what)}
    return {
        "causal": readout.causal,
        "campaigns": list(readout.campaigns),
        "as_of": str(readout.as_of),
        "window": readout.window,
        "effects": _records(readout.effects),
        "sequence": _records(readout.sequence),
        "by": groups,
        "checks": [plain(dataclasses.asdict(check)) for check in readout.checks],
        "measured": plain(readout.measured),
        "planned_on": {name: None if day is None else str(day) for name, day in readout.planned_on.items()},
        "waiting": _records(readout.waiting),
        "calibration": None if readout.calibration is None else _records(readout.calibration),
    }


def summarise_readout(
    readout: Readout, language: Language, currency: str | None, by: Sequence[str] = ("play",)
) -> dict[str, Any]:
    """Write the parts of a readout as text, for page and terminal.

    Parameters
    ----------
    readout : Readout
        What was read out.
    language : str
        Language of the texts.
    currency : str or None
        ISO code of the shop's currency.
    by : sequence of str, optional
        What the effect is told apart by.

    Returns
    -------
    dict
        Texts: ``brought`` (sentences), ``effects`` and ``groups`` (tables), ``sequences`` (pictures), ``checks`` and
        ``notes``.
    """
    t, write = words(language)["readout"], Numbers(language, currency)
    notes = [] if not readout.causal else [t["intervals"]]
    for name, day in readout.planned_on.items():
        campaign = f"{say_campaign(name, language)}: " if len(readout.planned_on) > 1 else ""
        when = t["not_planned"] if day is None else t["planned_on"].format(day=write.day(str(day)))
        notes.append(campaign + when)
    if readout.window is not None:
        notes.append(t["window"].format(days=write.whole(readout.window)))
    for row in _records(readout.waiting):
        notes.append(t["waiting"].format(customers=write.whole(row["customers"]), day=write.day(row["measure_on"])))
    return {
        "language": language,
        "t": t,
        "until": t["until"].format(as_of=write.day(str(readout.as_of))),
        "brought": say_brought(readout, language, currency),
        "causal": readout.causal,
        "effects": _effects(readout, t, write) if readout.causal else None,
        "contacted": t["contacted_note"] if (readout.effects["estimand"] == "CACE").any() else "",
        "groups": [_groups(readout, what, t, write) for what in by if readout.causal and _is_told(readout, what)],
        "sequences": [
            {
                "title": say_campaign(campaign, language),
                **_picture(readout.sequence[readout.sequence["campaign"] == campaign], write),
            }
            for campaign in readout.campaigns
        ],
        "measured": [text for name in readout.measured for text in _measured(readout.measured[name], t, write)],
        "checks": [(check.status, _said(check, readout, language)) for check in readout.checks],
        "notes": notes,
    }


def render_readout(summary: Mapping[str, Any]) -> str:
    """Write the page of a readout: HTML that needs no script and no network."""
    return template("readout.html.j2").render(**summary, css=css_of_tables())


def _said(check: Check, readout: Readout, language: Language) -> str:
    said = say_check(check.name, check.status, check.numbers, language)
    if check.campaign is None or len(readout.campaigns) < 2:
        return said
    return f"{say_campaign(check.campaign, language)}: {said}"


def _is_told(readout: Readout, what: str) -> bool:
    return what in GROUPS and bool(readout.rows[what].notna().any())


def _effects(readout: Readout, t: Mapping[str, Any], write: Numbers) -> dict[str, Any]:
    columns = t["columns"]
    several = len(readout.campaigns) > 1
    again = (readout.effects["entry"] == "again").any()
    names = ("effect", "interval", "always", "listed", "held_out", "mean_listed", "mean_held_out")
    heads = [columns["outcome"], columns["estimand"], *([columns["entry"]] if again else [])]
    rows = []
    for row in _records(readout.effects):
        shares = row["outcome"] in SHARES
        outcome = t["outcomes"][row["outcome"]]
        rows.append(
            [
                f"{say_campaign(row['campaign'], write.language)}: {outcome}" if several else outcome,
                t["estimands"][row["estimand"]],
                *([t["entries"][row["entry"]]] if again else []),
                _difference(row["effect"], shares, write),
                _interval(row["low"], row["high"], shares, write),
                _interval(row["low_always"], row["high_always"], shares, write),
                write.whole(row["listed"]),
                write.whole(row["held_out"]),
                write.share(row["mean_listed"]) if shares else write.money(row["mean_listed"]),
                write.share(row["mean_held_out"]) if shares else write.money(row["mean_held_out"]),
            ]
        )
    return {"heads": [*heads, *(columns[name] for name in names)], "texts": len(heads), "rows": rows}


def _groups(readout: Readout, what: str, t: Mapping[str, Any], write: Numbers) -> dict[str, Any]:
    table, columns, language = readout.by(what), t["columns"], write.language
    kinds = {"band": "risk_band", "segment": "segment"}
    title = column({"band": "risk_band"}.get(what, what), language).title
    rows = []
    for row in _records(table):
        group = row[what]
        named = write.day(group) if what == "entered_on" else name_of(kinds.get(what, ""), group, language)
        if what == "play":
            named = words(language)["plays"].get(group, {}).get("title", group)
        rows.append(
            [
                named,
                _difference(row["effect"], True, write),
                _interval(row["low"], row["high"], True, write),
                _difference(row["shrunken"], True, write),
                write.whole(row["listed"]),
                write.whole(row["held_out"]),
                write.share(row["mean_listed"]),
                write.share(row["mean_held_out"]),
            ]
        )
    heads = ("effect", "interval", "shrunken", "listed", "held_out", "mean_listed", "mean_held_out")
    alike = len(table) > 1 and len(set(table["shrunken"].dropna())) == 1
    return {
        "title": t["by_title"].format(what=title),
        "heads": [title, *(columns[name] for name in heads)],
        "texts": 1,
        "rows": rows,
        "note": " ".join([t["plays_note"]] * (what == "play") + [t["one_play"]] * alike),
    }


def _measured(measured: Mapping[str, Any], t: Mapping[str, Any], write: Numbers) -> list[str]:
    share = measured["save_share"]
    # Nothing is said of how many are kept before it is known that any are.
    if share is None or share["low"] is None or share["low"] <= 0:
        return [t["save_share_open"]]
    said = [t["save_share"].format(**{name: write.share(share[name]) for name in ("value", "low", "high")})]
    if measured["value_kept"] is not None:
        said.append(t["value_kept"].format(value=write.sum(measured["value_kept"])))
    return said


def _picture(sequence: pd.DataFrame, write: Numbers) -> dict[str, Any]:
    """Place the sequence on a drawing: two bands, a line, marks of the scale and days below."""
    rows = sequence[sequence["low_always"].notna()]
    if rows.empty:
        return {"points": ""}
    # The first weeks are wide; what comes later should still be seen.
    most = float(rows[["low_always", "high_always"]].abs().to_numpy().max())
    reach = min(max(0.1, float(rows[["low", "high"]].abs().to_numpy().max()) * 1.5), max(most, 0.1))

    def x(place: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place / max(len(rows) - 1, 1) if len(rows) > 1 else 0.5)

    def y(value: float) -> float:
        held = min(max(value, -reach), reach)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (reach - held) / (2 * reach)

    def line(name: str) -> list[str]:
        return [f"{x(place):.1f},{y(value):.1f}" for place, value in enumerate(rows[name])]

    ticks = [reach * (2 * at / (_TICKS - 1) - 1) for at in range(_TICKS)]
    marked = sorted({0, len(rows) // 2, len(rows) - 1})
    days = rows["entered_on"].tolist()
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "right": _WIDTH - _RIGHT,
        "always": " ".join(line("high_always") + line("low_always")[::-1]),
        "once": " ".join(line("high") + line("low")[::-1]),
        "points": " ".join(line("effect")),
        "zero": f"{y(0.0):.1f}",
        "ticks": [(f"{y(tick):.1f}", write_decimal(100 * tick, 0, write.language, signed=True)) for tick in ticks],
        "days": [(f"{x(place):.1f}", write.day(str(days[place]))) for place in marked],
    }


def _difference(value: float | None, shares: bool, write: Numbers) -> str:
    if value is None:
        return NOTHING
    return write_decimal(100 * value, 1, write.language, signed=True) if shares else write.money(value)


def _interval(low: float | None, high: float | None, shares: bool, write: Numbers) -> str:
    if low is None or high is None:
        return NOTHING
    return f"{_difference(low, shares, write)} … {_difference(high, shares, write)}"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values; infinite ends and what is missing are null, days are text."""
    rows = table.replace([float("inf"), -float("inf")], float("nan")).to_dict("records")
    return [
        {
            str(name): None if value is None or value is pd.NA or value != value else _value(value)
            for name, value in row.items()
        }
        for row in rows
    ]


def _value(value: Any) -> Any:
    return str(value) if hasattr(value, "isoformat") else plain(value)
