"""The health of a model as files: one self-contained page for people, and JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from churnml.data.files import whole_folder
from churnml.models.finding import Finding
from churnml.monitoring.decay import Decay
from churnml.monitoring.health import PARTS, Health
from churnml.monitoring.looks import FOLDER
from churnml.monitoring.matured import LEFT_ALONE
from churnml.plain import plain
from churnml.reporting.page.numbers import Numbers
from churnml.reporting.templates import css_of_tables, template
from churnml.words import Language, words
from churnml.words.findings import say_finding

PAGE, FIGURES = "monitor.html", "monitor.json"
"""Names of the files."""
_MOST_FEATURES, _ON_PAGE = 20, 12
_LIBRARIES = ("churnml", "lightgbm", "numpy", "pandas", "scikit-learn")
_WIDTH, _HALF = 320, 150


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FindingPart(_Part):
    """One finding."""

    part: Literal["skill", "level", "quality", "drift"] = Field(description="What it is about.")
    name: str = Field(description="What was looked at.")
    grade: Literal["pass", "warn", "fail", "unknown"] = Field(description="Whether it is in order.")
    number: float = Field(description="The number that was seen.")
    limit: float = Field(description="The bound from which on it is not in order.")
    false_alarms_per_year: float | None = Field(description="How often the replay of the past would have raised it.")
    open_since: date | None = Field(description="Day of the first look in a row at which it was not in order.")
    sentence: str = Field(description="It in words, in the language of the page.")
    do: str = Field(description="Code of what to do: stop, retrain, watch, source; empty where nothing is to be done.")
    examples: list[dict[str, float | str]] = Field(description="The worst cases.")


class LimitPart(_Part):
    """A number of the look and its limit."""

    number: float = Field(description="The number of this look.")
    limit: float | None = Field(description="The limit above which it is not usual; null where too little is known.")


class MonitorFile(_Part):
    """What ``monitor.json`` holds."""

    snapshot_date: date = Field(description="Day that was taken for now.")
    model_version: str = Field(description="Version of the model.")
    verdict: Literal["healthy", "watch", "alarm", "unknown"] = Field(description="The verdict.")
    findings: list[FindingPart] = Field(description="What was looked at.")
    matured: list[dict[str, float | str | None]] = Field(description="Past lists by what happened.")
    expected: dict[str, dict[str, float | None]] = Field(description="What today's probabilities expect, by figure.")
    drift: list[dict[str, float | str | None]] = Field(description="The twenty features that moved most.")
    limits: dict[str, LimitPart] = Field(description="Numbers with their limits, by name.")
    lists_used: list[date] = Field(description="Days of the lists whose outcome is known.")
    data_fingerprint: str = Field(description="Hash of the tables as known on the day.")
    versions: dict[str, str] = Field(description="Versions of the libraries.")


def to_json(health: Health, language: Language = "en") -> dict[str, Any]:
    """Return a health as plain values; what is not known is null."""
    limits = {
        name: {"number": number, "limit": plain(health.numbers.get(f"{name}.limit"))}
        for name, number in health.numbers.items()
        if not name.endswith(".limit")
    }
    told = {
        "snapshot_date": health.day,
        "model_version": health.model_version,
        "verdict": health.verdict,
        "findings": [_finding(answer, health, language) for answer in health.answers],
        "matured": _records(health.matured),
        "expected": {
            row["figure"]: {name: row[name] for name in ("expected", "low", "high")}
            for row in _records(health.expected)
        },
        "drift": _records(health.drift.head(_MOST_FEATURES)),
        "limits": limits,
        "lists_used": list(health.lists_used),
        "data_fingerprint": health.data_fingerprint,
        "versions": {name: version(name) for name in _LIBRARIES},
    }
    return MonitorFile.model_validate(told).model_dump(mode="json")


def write_health(health: Health, folder: str | Path, language: Language, currency: str | None = None) -> list[Path]:
    """Write a health: ``monitor.html``, ``monitor.json`` and a copy of it that later looks read, all or none.

    Beside the list of the day, where it is kept, lies ``profile.json``, which later looks read too.

    Parameters
    ----------
    health : Health
        What was seen.
    folder : str or Path
        Folder to write to, that of the lists.
    language : str
        Language of the page.
    currency : str, optional
        ISO code of the shop's currency.

    Returns
    -------
    list of Path
        The files.
    """
    out, look = Path(folder), Path(FOLDER) / f"{health.day}.json"
    with whole_folder(out, owned=[PAGE, FIGURES], added_to=FOLDER) as scratch:
        (scratch / PAGE).write_text(render_health(summarise_health(health, language, currency)), encoding="utf-8")
        content = json.dumps(to_json(health, language), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        (scratch / FIGURES).write_text(content, encoding="utf-8")
        (scratch / FOLDER).mkdir()
        (scratch / look).write_text(content, encoding="utf-8")
    if health.profile is not None:
        health.profile.write(out)
    return [out / PAGE, out / FIGURES]


def summarise_health(health: Health, language: Language, currency: str | None = None) -> dict[str, Any]:
    """Write the parts of a health as text, for page and terminal.

    Parameters
    ----------
    health : Health
        What was seen.
    language : str
        Language of the texts.
    currency : str, optional
        ISO code of the shop's currency.

    Returns
    -------
    dict
        Texts: ``verdict``, ``answers`` (grade, part, sentence, notes), ``matured`` and ``expected`` (tables), ``moved``
        (features with their picture) and ``limits`` (sentences).
    """
    t, write = words(language)["monitor"], Numbers(language, currency)
    return {
        "language": language,
        "t": t,
        "as_of": t["as_of"].format(model_version=health.model_version, day=write.day(str(health.day))),
        "verdict": health.verdict,
        "sentence": t["verdict"][health.verdict],
        "answers": [_answer(answer, health, t, write) for answer in health.answers],
        "matured": _matured(health, t, write),
        "right": say_right(health, language),
        "expected": _expected(health, t, write),
        "moved": _moved(health, t, write),
        "limits": _limits(health, t, write),
    }


def render_health(summary: Mapping[str, Any]) -> str:
    """Write the page of a health: HTML that needs no script and no network."""
    return template("health.html.j2").render(**summary, css=css_of_tables())


def say_right(health: Health, language: Language) -> str:
    """Say in a sentence whether the newest judged list was right; empty where none could be judged."""
    rows = health.matured[(health.matured["group"] == LEFT_ALONE) & (health.matured["segment"] == "all")]
    rows = rows.dropna(subset=["auroc", "lift_at_10pct"])
    if rows.empty:
        return ""
    one, write = rows.iloc[-1], Numbers(language, None)
    sentence: str = words(language)["monitor"]["right"].format(
        customers=write.whole(one["customers"]),
        day=write.day(str(one["snapshot_date"])),
        said=write.share(one["said"]),
        seen=write.share(one["seen"]),
        lift=write.decimal(one["lift_at_10pct"], 1),
    )
    return sentence


def say_decay(decay: Decay, language: Language) -> list[str]:
    """Say how a model ages, and after how many days a training pays."""
    t, write = words(language)["monitor"], Numbers(language, None)
    longest = int(decay.table["age_days"].max()) if len(decay.table) else 0
    if not decay.is_seen:
        return [t["decay"], t["no_decay"].format(days=write.whole(longest))]
    grows = {name: write.decimal(100 * getattr(decay.loss, name), 4) for name in ("value", "low", "high")}
    said = [t["decay"], t["decayed"].format(slope=grows["value"], low=grows["low"], high=grows["high"])]
    if decay.is_priced:
        return [*said, t["retrain_every"].format(every=write.whole(decay.retrain_every_days))]
    return [*said, t["retrain_unknown"]]


def summarise_past(health: Health, language: Language) -> dict[str, Any] | None:
    """Say for the team whether past lists were right: a sentence, and a table of those left alone; None for none."""
    sentence = say_right(health, language)
    if not sentence:
        return None
    t, write = words(language)["monitor"], Numbers(language, None)
    alone = health.matured[(health.matured["group"] == LEFT_ALONE) & (health.matured["segment"] == "all")]
    rows = [
        [
            write.day(str(row["snapshot_date"])),
            write.whole(row["customers"]),
            write.share(row["said"]),
            write.share(row["seen"]),
            write.decimal(row["lift_at_10pct"], 1),
        ]
        for row in _records(alone.sort_values("snapshot_date", ascending=False, kind="stable").head(_ON_PAGE))
    ]
    heads = [t[name] for name in ("list", "customers", "said", "seen", "lift")]
    return {"sentence": sentence, "table": {"heads": heads, "texts": 1, "rows": rows}}


def _finding(answer: Finding, health: Health, language: Language) -> dict[str, Any]:
    return {
        "part": PARTS[answer.name],
        "name": answer.name,
        "grade": answer.grade,
        "number": answer.number,
        "limit": answer.bound,
        "false_alarms_per_year": answer.false_alarms_per_year,
        "open_since": health.open_since.get(answer.name),
        "sentence": say_finding(answer, language),
        "do": answer.do,
        "examples": list(answer.examples),
    }


def _answer(answer: Finding, health: Health, t: Mapping[str, Any], write: Numbers) -> dict[str, str]:
    since = health.open_since.get(answer.name)
    notes = [] if since is None or since == health.day else [t["since"].format(day=write.day(str(since)))]
    return {
        "grade": answer.grade,
        "title": t["grades"][answer.grade],
        "part": t["parts"][PARTS[answer.name]],
        "sentence": say_finding(answer, write.language),
        "notes": "; ".join(notes),
    }


def _matured(health: Health, t: Mapping[str, Any], write: Numbers) -> dict[str, Any]:
    rows = health.matured[health.matured["segment"] == "all"].sort_values(
        "snapshot_date", ascending=False, kind="stable"
    )
    heads = ("list", "group", "customers", "auroc", "interval", "auroc_expected", "lift", "said", "seen")
    return {
        "heads": [t[name] for name in heads],
        "texts": 2,
        "rows": [
            [
                write.day(str(row["snapshot_date"])),
                t["groups"][row["group"]],
                write.whole(row["customers"]),
                write.decimal(row["auroc"], 2),
                _interval(row["auroc_low"], row["auroc_high"], write),
                write.decimal(row["auroc_expected"], 2),
                write.decimal(row["lift_at_10pct"], 1),
                write.share(row["said"]),
                write.share(row["seen"]),
            ]
            for row in _records(rows)
        ],
    }


def _expected(health: Health, t: Mapping[str, Any], write: Numbers) -> dict[str, Any]:
    rows = [
        [
            t["figures"][row["figure"]],
            write.decimal(row["expected"], 2),
            _interval(row["low"], row["high"], write),
        ]
        for row in _records(health.expected)
    ]
    return {"heads": [t["figure"], t["value"], t["interval"]], "texts": 1, "rows": rows}


def _moved(health: Health, t: Mapping[str, Any], write: Numbers) -> dict[str, Any]:
    rows = _records(health.drift.head(_ON_PAGE))
    most = max((abs(row["moved_logodds"]) for row in rows), default=0.0) or 1.0
    heads = ("feature", "table", "log_odds", "mean", "mean_before", "null_share")
    return {
        "heads": [t[name] for name in heads],
        "texts": 2,
        "rows": [
            [
                row["feature"],
                row["table"],
                write.decimal(row["moved_logodds"], 3),
                write.decimal(row["mean"], 1),
                write.decimal(row["mean_before"], 1),
                write.share(row["null_share"]),
            ]
            for row in rows
        ],
        "bars": [
            {
                "x": f"{_HALF + min(row['moved_logodds'], 0.0) / most * (_HALF - 10):.1f}",
                "width": f"{abs(row['moved_logodds']) / most * (_HALF - 10):.1f}",
                "leaving": row["moved_logodds"] > 0,
                "name": row["feature"],
            }
            for row in rows
        ],
        "middle": _HALF,
        "wide": _WIDTH,
    }


def _limits(health: Health, t: Mapping[str, Any], write: Numbers) -> list[str]:
    said = []
    for answer in health.answers:
        if answer.name in ("drift", "predictions") and answer.grade == "unknown":
            said.append(t["no_limit"].format(name=answer.name))
        elif answer.name in ("drift", "predictions"):
            said.append(
                t["limit"].format(
                    name=answer.name,
                    limit=write.decimal(answer.bound, 3),
                    replayed=write.whole(answer.count or 0),
                    rate=write.decimal(answer.false_alarms_per_year, 1),
                    most=write.decimal(float(answer.details["most"]), 1),
                )
            )
    has_baseline = any(answer.name == "auroc" for answer in health.answers)
    return said if has_baseline else [*said, t["no_baseline"]]


def _interval(low: float | None, high: float | None, write: Numbers) -> str:
    return "–" if low is None or high is None else f"{write.decimal(low, 2)} … {write.decimal(high, 2)}"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values; what is missing is null, days are text."""
    return [
        {str(name): str(value) if isinstance(value, date) else plain(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]
