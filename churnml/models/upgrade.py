"""Upgrade: what earlier formats of the artefact hold, brought up to today's before it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from churnml.words.findings import APART


def upgrade(content: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the content of an artefact of format 4 or earlier up to format 5.

    Until format 5 the log-odds had no bound, a simple rule told the value, and the card was not typed and held the
    sentences of the data gate; until format 4 those of the verdict too, and early ones of format 3 that of the level.
    Where a part has no codes, its sentence stays as what it said. Customers kept apart were named in English; they have
    codes.

    Parameters
    ----------
    content : mapping of str to object
        Content of ``model.json``; where it is nonsense, an error of its type, key or value comes out, or nonsense.
    """
    card = dict(content["card"])
    card["verdict"] = _with_said(card["verdict"], "because")
    if card.get("level") is not None:
        level = _with_said(card["level"], "day")
        card["level"] = {"day": None, "newest_day": None, "last_year_day": None, **level}
    card["folds"] = [_fold_code(name) for name in card["folds"]]
    card["gate"] = _fold_code(card["gate"])
    card["data_gate"] = [_with_said(finding, "details") for finding in card.get("data_gate", [])]
    return {"bound": None, "value": None, **content, "card": card}


def _with_said(part: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Keep the sentence of a part that lacks a code; one that has it is said from its codes."""
    rest = {key: value for key, value in part.items() if key != "sentence"}
    return rest if code in rest or "sentence" not in part else {**rest, "said": part["sentence"]}


def _fold_code(name: object) -> object:
    """Give the code of customers kept apart, and what else there is as it is."""
    if name == "customers kept apart":
        return APART
    part = re.fullmatch(r"customers, part (\d+) of (\d+)", str(name))
    return name if part is None else f"{APART} {part[1]}/{part[2]}"
