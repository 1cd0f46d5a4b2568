"""The parts of the page that stand still: a summary goes in, texts come out for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnml.analytics.risk_groups import TO_SAVE
from churnml.models.card import LearningPart, LevelPart, ValuePart, VerdictPart
from churnml.reporting.columns import columns as columns_in
from churnml.reporting.columns import names_in
from churnml.reporting.page import charts
from churnml.reporting.page.numbers import Numbers
from churnml.reporting.page.shop_sections import shop_sections
from churnml.words import Language, words
from churnml.words.findings import say_fold, say_learning, say_level, say_value, say_verdict
from churnml.words.names import name_of

Summary = Mapping[str, Any]
Words = Mapping[str, str]

_FIRST_ROWS = 50
_COLUMNS = (
    "list_rank",
    "risk_rank",
    "customer_id",
    "churn_probability",
    "value_at_risk",
    "reason_1",
    "play",
    "segment",
    "contact_by",
    "change",
)
_IN_THE_STORY = (
    *("group", "risk_band", "lifecycle_stage", "last_order_at", "usually_buys", "goes_with", "expected_profit"),
    *("play_rule", "holdout"),
)
_NAMED = ("column", "list", "group", "risk_band", "segment", "lifecycle_stage", "concept", "change")
_MAY_BE_EMPTY = ("list_rank", "value_at_risk", "play", "segment", "contact_by", "change")
_FIGURES = {"auroc": 3, "lift_at_10pct": 2, "precision_at_10pct": None, "calibration_error": None}
"""Decimals of the figures that are shown; None is a share."""


def sections(summary: Summary) -> dict[str, Any]:
    """Write the parts of the page as text.

    Parameters
    ----------
    summary : mapping of str to object
        Content of the page, as from `summarise`.

    Returns
    -------
    dict
        Texts and values that the template shows, without the data of the script.
    """
    language: Language = summary["language"]
    t, write = words(language)["page"], Numbers(language, summary["currency"])
    named = {kind: names for kind, names in names_in(language).items() if kind in _NAMED} | {
        "event": words(language)["timeline"]
    }
    customers, totals = summary["customers"], summary["totals"]
    columns = [
        name
        for name in _COLUMNS
        if name not in _MAY_BE_EMPTY or any(customer[name] is not None for customer in customers)
    ]
    explained = {*columns, *_IN_THE_STORY}
    ranked = sum(customer["risk_rank"] is not None for customer in customers)
    cut = ranked < totals["customers"]
    return {
        "language": language,
        "t": t,
        "names": named,
        "titles": named["column"],
        "day": write.day(summary["snapshot_date"]),
        "made_for": t["made_for"].format(
            day=write.day(summary["snapshot_date"]), measured=write.day(summary["measure_on"])
        ),
        "tiles": _tiles(summary, summary["profit_source"], t, write),
        "views": [
            (name, name_of("list", name, language), write.whole(count)) for name, count in summary["lists"].items()
        ],
        "bands": _bands(totals["bands"], write),
        "changes": _changes(summary["changes"], write),
        "shown": write.whole(len(customers)),
        "list_cut": t["list_cut"].format(shown=write.whole(ranked), customers=write.whole(totals["customers"]))
        if cut
        else "",
        "not_ranked": t["view_all_holds"].format(
            all=t["view_all"], ranked=write.whole(ranked), unranked=write.whole(len(customers) - ranked)
        )
        if ranked < len(customers)
        else "",
        "columns": columns,
        "first": [_row(customer, summary["plays"], t, write) for customer in customers[:_FIRST_ROWS]],
        "trust": _trust(summary, t, write),
        "drivers": _drivers(summary["drivers"], write),
        "excluded": [
            (_name("excluded", reason, write), write.whole(count)) for reason, count in summary["excluded"].items()
        ],
        "holdout": summary["holdout"],
        "plan": summary["plan"],
        "plan_title": words(language)["plan"]["title"],
        "brought": summary["brought"],
        "past": summary["past"],
        "past_title": words(language)["monitor"]["matured"],
        "guesses": summary["guesses"],
        "guesses_title": words(language)["bought"]["title"],
        "brought_title": words(language)["readout"]["last_lists"],
        "leaving": _leaving(summary["definition"], t, write),
        "meanings": [(each.title, each.meaning) for each in columns_in(language).values() if each.name in explained],
        "shop": shop_sections(summary["shop"], language, summary["currency"]) if summary.get("shop") else None,
        "model": t["model"].format(
            version=summary["model_version"],
            title=name_of("candidate", summary["model"]["candidate"], language),
            as_of=write.day(summary["model"]["as_of"]),
        ),
    }


def _tiles(summary: Summary, source: str, t: Words, write: Numbers) -> dict[str, Any]:
    totals, complaints = summary["totals"], summary["complaints"]
    notes, groups = [t["listed_none"]], totals["groups"]
    if totals["listed"]:
        notes = [t["listed_value"].format(value=write.sum(totals["listed_value_at_risk"]))]
        if totals["listed_expected_profit"] is not None:
            profit = write.sum(totals["listed_expected_profit"])
            notes.append(t["listed_profit"].format(profit=profit, source=source))
    return {
        "to_save": write.whole(groups["to_save"]["customers"]),
        "to_save_value": t["listed_value"].format(value=write.sum(groups["to_save"]["value_at_risk"])),
        "customers": write.whole(totals["customers"]),
        "others": [
            t["gone_note"].format(gone=write.whole(groups["gone"]["customers"])),
            t["on_pace_note"].format(
                on_pace=write.whole(groups["on_pace"]["customers"]),
                high=write.whole(groups["on_pace"]["at_high_risk"]),
            ),
        ],
        "listed": write.whole(totals["listed"]),
        "listed_notes": notes,
        "complaints": complaints and write.whole(complaints["customers"]),
        "complaints_note": t["complaints_none"]
        if not complaints or complaints["longest_days"] is None
        else t["complaints_note"].format(days=write.whole(complaints["longest_days"])),
        "notes": write.whole(summary["notes"]),
    }


def _bands(counts: Mapping[str, int], write: Numbers) -> list[dict[str, Any]]:
    placed = {name: (start, length) for name, start, length in charts.shares(counts)}
    return [
        {
            "name": _name("risk_band", band, write),
            "css": f"band-{place}",
            "count": write.whole(count),
            "start": placed.get(band, (0, 0))[0],
            "length": placed.get(band, (0, 0))[1],
        }
        for place, (band, count) in enumerate(counts.items(), start=1)
    ]


def _changes(changes: Summary | None, write: Numbers) -> dict[str, Any] | None:
    if changes is None:
        return None
    return {
        "counts": [(_name("change", kind, write), write.whole(count)) for kind, count in changes["counts"].items()],
        "cut": len(changes["rows"]) < sum(changes["counts"].values()),
        "rows": [
            {
                "customer": row["customer_id"],
                "change": _name("change", row["change"], write),
                "before": _chance(row["before"], write),
                "now": _chance(row["now"], write),
                "sentence": row["sentence"] or "–",
            }
            for row in changes["rows"]
        ],
    }


def _reason(customer: Summary, t: Words) -> str:
    """Say the first reason; without one, that nothing stands out of who is overdue, and of others the complaint."""
    if customer["leaving"]:
        return str(customer["leaving"][0]["sentence"])
    return t["no_reason"] if customer["group"] == TO_SAVE else customer["about"] or "–"


def _chance(chance: float | None, write: Numbers) -> str:
    return "–" if chance is None else write.chance(chance)


def _row(customer: Summary, plays: Summary, t: Words, write: Numbers) -> dict[str, str]:
    play = customer["play"]
    rank = customer["list_rank"]
    return {
        "list_rank": "–" if rank is None else write.whole(rank),
        "risk_rank": "–" if customer["risk_rank"] is None else write.whole(customer["risk_rank"]),
        "customer_id": customer["customer_id"],
        "churn_probability": _chance(customer["churn_probability"], write),
        "value_at_risk": write.money(customer["value_at_risk"]),
        "reason_1": _reason(customer, t),
        "play": plays[play]["title"] if play in plays else play or "–",
        "segment": _name("segment", customer["segment"], write),
        "contact_by": write.day(customer["contact_by"]),
        "change": _name("change", customer["change"], write),
    }


def _trust(summary: Summary, t: Words, write: Numbers) -> dict[str, Any]:
    model, language = summary["model"], summary["language"]
    share = write.share
    figures = model["figures"] or {}
    reliability, gains = (
        charts.reliability(model["reliability"] or [], share),
        charts.gains(model["gains"] or [], share),
    )
    gate = str(model["gate"] or "")
    gate = write.day(gate) if gate[:1].isdigit() else say_fold(gate, language)
    if reliability:
        reliability["rows"] = [
            (
                write.whole(row["customers"]),
                share(row["mean_predicted"], 1),
                share(row["churned_share"], 1),
                f"{share(row['low'], 1)} – {share(row['high'], 1)}",
            )
            for row in model["reliability"]
        ]
    if gains:
        gains["rows"] = [
            (share(row["contacted_share"]), share(row["captured_share"]), write.decimal(row["lift"], 2))
            for row in model["gains"]
            if row["lift"] is not None
        ]
    return {
        "verdict": say_verdict(VerdictPart.from_json(model["verdict"]), language) if model["verdict"] else "",
        "level": say_level(LevelPart.from_json(model["level"]), language) if model["level"] else "",
        "learning": say_learning(LearningPart.from_json(model["learning"]), language) if model.get("learning") else "",
        "value": say_value(ValuePart.from_json(model["value"]) if model["value"] else None, language),
        "gate": t["trust_gate"].format(gate=gate) if gate else "",
        "reliability": reliability,
        "gains": gains,
        "lists": _of_lists(model.get("lists"), t, write),
        "figures": [
            {
                "name": t[f"figure_{name}"],
                "value": _figure(figures[name]["value"], decimals, write),
                "interval": " – ".join(_figure(figures[name][end], decimals, write) for end in ("low", "high")),
            }
            for name, decimals in _FIGURES.items()
            if name in figures
        ],
        "compared": [
            {
                "title": name_of("candidate", row["candidate"], language),
                "shape_loss": write.decimal(row["shape_loss"], 4),
                "behind": write.decimal(row["behind"], 4),
                "auroc": write.decimal(row["auroc"], 3),
                "chosen": row["chosen"],
            }
            for row in model["comparison"] or []
        ],
    }


def _of_lists(lists: Summary | None, t: Words, write: Numbers) -> list[tuple[str, ...]]:
    """Write what was predicted of those whom lists are made of, and what they did."""
    if not lists:
        return []
    return [
        (
            title,
            write.whole(one["rows"]),
            write.share(one["predicted"]),
            write.share(one["churned"]),
            "–" if one["auroc"] is None else _with_interval(one["auroc"], write),
        )
        for title, one in ((_name("group", "to_save", write), lists["to_save"]), (t["listed"], lists["listed"]))
    ]


def _with_interval(figure: Summary, write: Numbers) -> str:
    value, low, high = (write.decimal(figure[end], 2) for end in ("value", "low", "high"))
    return f"{value} ({low} – {high})"


def _figure(value: float | None, decimals: int | None, write: Numbers) -> str:
    return write.share(value, 1) if decimals is None else write.decimal(value, decimals)


def _drivers(drivers: Sequence[Summary], write: Numbers) -> list[dict[str, Any]]:
    most = max([row["weight"] for row in drivers], default=0) or 1
    return [
        {
            "name": _name("concept", row["concept"], write),
            "length": round(100 * row["weight"] / most, 2),
            "weight": write.decimal(row["weight"], 2),
        }
        for row in drivers
    ]


def _leaving(definition: Summary, t: Words, write: Numbers) -> str:
    start = t["start_later" if definition["lead_days"] else "start_at_once"].format(**definition)
    share = write.share(definition.get("spend_share"))
    return t[definition["kind"]].format(**{**definition, "start": start, "spend_share": share})


def _name(kind: str, value: str | None, write: Numbers) -> str:
    return "–" if value is None else name_of(kind, value, write.language)
