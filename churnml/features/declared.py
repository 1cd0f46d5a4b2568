"""What a declaration of a family must hold, before any number is computed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import get_args

from churnml.data.contract import TABLES
from churnml.features.description import Unit
from churnml.features.family import Aggregate, Derived, Family, Feature
from churnml.features.texts import USUAL, features_of, texts_of
from churnml.words import LANGUAGES

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORDS_OF_UNIT = {
    **{unit: (unit,) for unit in ("days", "hours", "minutes")},
    "ratio": ("ratio", "per"),
    "share": ("share",),
    "probability": ("probability",),
}


def failures_of_family(family: Family, others: Iterable[Family] = ()) -> list[str]:
    """Find all faults in the declaration of a family.

    Parameters
    ----------
    family : Family
        Family to check.
    others : iterable of Family, optional
        Families that are declared already; derived features may read theirs.

    Returns
    -------
    list of str
        Sentence for each fault; none where all is well.
    """
    owners = {feature.name: other.name for other in others for feature in other.features}
    failures = []
    if not _NAME.fullmatch(family.name):
        failures.append(f"{family.name!r}: a family's name is small letters, digits and underscores. Rename it.")
    if not family.concept.strip():
        failures.append(f"{family.name}: the concept is empty. Say in a word or two what its reasons are about.")
    if not family.features:
        failures.append(f"{family.name}: has no features. Declare some.")
    known = set(owners)
    for feature in family.features:
        failures += [f"{family.name}.{feature.name}: {failure}" for failure in _failures_of(feature, known)]
        if feature.measures and family.measure is None:
            failures.append(f"{feature.name}: names measures, but {family.name} has none. Declare how it is found.")
        if feature.name in owners:
            failures.append(f"{feature.name}: declared by {owners[feature.name]} and by {family.name}. Rename one.")
        owners[feature.name] = family.name
        known.add(feature.name)
    return failures


def _failures_of(feature: Feature, known: set[str]) -> Iterator[str]:
    if not _NAME.fullmatch(feature.name):
        yield "a name is small letters, digits and underscores. Rename it."
    if feature.unit not in get_args(Unit):
        yield f"the unit {feature.unit!r} is not known. Choose among {', '.join(get_args(Unit))}."
    if not feature.describe.strip():
        yield "describe is empty. Say in words what the number is."
    spoken_in = {language: texts for language in LANGUAGES for language, texts in [texts_of(feature, language)]}
    if not any(USUAL in texts for texts in spoken_in.values()):  # churnml's own may be silent on purpose
        yield "has no sentence. Give it as sentence; one language is enough."
    strange = [] if isinstance(feature.sentence, str) else sorted(set(feature.sentence) - set(LANGUAGES))
    if strange:
        yield f"has sentences in {', '.join(strange)}, which have no catalogue. Take some of: {', '.join(LANGUAGES)}."
    if feature.sentence_zero is not None and not feature.sentence:
        yield "sentence_zero is given without sentence. Give both, or none."
    words = _WORDS_OF_UNIT.get(feature.unit, ())
    if words and not set(words) & set(feature.name.split("_")):
        yield f"counts {feature.unit}, so its name must carry {' or '.join(words)}. Rename it."
    if feature.window_days is not None:
        if not feature.name.endswith(f"_{feature.window_days}d"):
            yield f"looks at {feature.window_days} days, so its name must end with _{feature.window_days}d. Rename it."
        if f"{feature.window_days} days" not in feature.describe:
            yield f"looks at {feature.window_days} days, but its description does not say so. Describe it."
    inputs = set(feature.inputs) if isinstance(feature, Derived) else set()
    spoken = {"value", feature.name, *inputs}
    for condition, text in dict.fromkeys(said for texts in spoken_in.values() for said in texts.items()):
        strangers = features_of(condition, text) - spoken
        if strangers:
            yield f"{text!r} names {', '.join(sorted(strangers))}, which is not an input. Use {{value}} or an input."
    if isinstance(feature, Derived) and not inputs <= known:
        yield f"reads {', '.join(sorted(inputs - known))}, which no feature before it declares. Correct the inputs."
    if isinstance(feature, Aggregate):
        table = TABLES.get(feature.source.table)
        if table is None:
            yield f"reads the table {feature.source.table}, which is not in the contract. Correct its source."
        elif not table.attributes and not set(feature.needs) <= set(table.column):
            missing = ", ".join(sorted(set(feature.needs) - set(table.column)))
            yield f"needs {missing}, which {table.name} does not have. Correct it."
