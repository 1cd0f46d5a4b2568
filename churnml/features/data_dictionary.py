"""The data dictionary: what each feature is, from the same declarations that compute it."""

from __future__ import annotations

from textwrap import wrap

import pandas as pd

from churnml.features.family import Aggregate, Derived, Feature
from churnml.features.family_catalogue import Catalogue, catalogue
from churnml.features.texts import USUAL, texts_of
from churnml.words import LANGUAGES, Language

COLUMNS = ("name", "family", "unit", "window", "fill", "table", "concept", "actionable", "describe", *LANGUAGES)
_WIDTH = 110


def dictionary(known: Catalogue | None = None) -> pd.DataFrame:
    """List all features of all families.

    Parameters
    ----------
    known : Catalogue, optional
        Families whose features are listed; None takes churnml's own.

    Returns
    -------
    pandas DataFrame
        A row per feature: ``name``, ``family``, ``unit``, ``window`` (text; empty where all of the past is looked at),
        ``fill`` (0 or null: what nothing is), ``table`` (those that it reads, separated by commas), ``concept``,
        ``actionable``, ``describe``, and its sentence under the code of each language; empty where it has none.
    """
    known = known or catalogue()
    rows = [
        (
            declared.name,
            declared.family,
            declared.unit,
            _window(declared),
            "0" if declared.fill == 0 else "null",
            ", ".join(sorted(_tables(declared, known))) or "supplied",
            declared.concept,
            family.actionable,
            declared.describe,
            *(_sentence(declared, language) for language in LANGUAGES),
        )
        for family in known.families.values()
        for declared in family.features
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def as_markdown(known: Catalogue | None = None) -> str:
    """Write the dictionary as a page of Markdown.

    Parameters
    ----------
    known : Catalogue, optional
        Families whose features are listed; None takes churnml's own.

    Returns
    -------
    str
        Text of the page, without a line break at its end.
    """
    known = known or catalogue()
    lines = [
        "# Features",
        "",
        "Made by `churnml features --list --markdown`; do not edit it by hand. Windows end at the start of the",
        "snapshot. *Nothing* is the value where there is nothing to count. In sentences `{value}` is the customer's",
        "own number, and another name in braces is that feature's.",
        "",
    ]
    for name, group in dictionary(known).groupby("family", sort=False):
        kind = "one can act on it" if group.actionable.iloc[0] else "gives context"
        lines += [f"## {name}", "", f"Reads {_listed(group.table)}; {kind}.", ""]
        lines += [line for note in [known.families[str(name)].note] if note for line in (*wrap(note, _WIDTH), "")]
        lines += [
            "| feature | what it is | unit | window | nothing | concept | sentence |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| `{row.name}` | {row.describe} | {row.unit} | {row.window} | {row.fill} | {row.concept} | {row.en} |"
            for row in group.itertuples(index=False)
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def _listed(tables: pd.Series) -> str:
    return ", ".join(f"`{name}`" for name in sorted({name for listed in tables for name in listed.split(", ")}))


def _window(declared: Feature) -> str:
    if declared.window_days is None:
        return ""
    return f"{declared.window_days} days" + (f", {declared.ago_days} days ago" if declared.ago_days else "")


def _tables(declared: Feature, known: Catalogue) -> set[str]:
    if isinstance(declared, Aggregate):
        return {declared.source.table}
    if isinstance(declared, Derived):
        return (
            set().union(*(_tables(known[name], known) for name in declared.inputs)) if declared.inputs else {"orders"}
        )
    return set()


def _sentence(declared: Feature, language: Language) -> str:
    return texts_of(declared, language)[1].get(USUAL, "").replace(f"{{{declared.name}}}", "{value}")
