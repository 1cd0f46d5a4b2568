"""The words of a feature's sentence: those of a language's catalogue, or those that its declaration brings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from churnml.features.family import Feature
from churnml.words import LANGUAGES, Language, words

USUAL = "other"
"""The text where no condition of another one holds."""
OF_ZERO = "value=0"
COMPARED = re.compile("[=<]")
"""What parts the sides of a condition."""

_WINDOW = re.compile(r"\d+d$")
_CLOCK = re.compile(r"_(hours|minutes)(?=_|$)")
_OF_WINDOW = re.compile(r"(?<=_)Nd\b")
_OF_CLOCK = re.compile(r"_U(?=_|\b)")


def texts_of(feature: Feature, language: Language) -> tuple[Language, Mapping[str, str]]:
    """Return the texts of a feature in a language.

    Catalogues keep one text for all windows of a feature and for both units of the clock: ``N`` stands for the days of
    the window, ``U`` for ``hours`` or ``minutes``, in the key as in the names of other features.

    Parameters
    ----------
    feature : Feature
        Feature whose texts are given.
    language : str
        Language of the texts.

    Returns
    -------
    str
        Language of the texts: another one where a declaration brings none in the language that was asked for.
    Mapping
        Texts by condition, of which the first that holds is said, ``other`` last: ``value=0``, or a feature's name and
        a number, or two names, whose numbers are then written alike; ``orders_total<4`` holds below a number. An empty
        text says nothing; no text at all means that the feature has none.
    """
    if feature.sentence:
        return _declared(feature, language)
    kept = words(language)["features"].get(feature.family, {})
    of_window = _WINDOW.sub("Nd", feature.name)
    key = next((key for key in (feature.name, of_window, _CLOCK.sub("_U", of_window)) if key in kept), None)
    if key is None:
        return language, {}
    texts = {USUAL: kept[key]} if isinstance(kept[key], str) else kept[key]
    return language, {_filled(condition, feature): _filled(text, feature) for condition, text in texts.items()}


def features_of(condition: str, text: str) -> set[str]:
    """Name the features whose numbers a text and its condition look at; ``value`` is the feature's own.

    Examples
    --------
    >>> sorted(features_of("orders_total=1", "{orders_30d:number} of {value}"))
    ['orders_30d', 'orders_total', 'value']
    """
    sides = () if condition == USUAL else COMPARED.split(condition)
    compared = {side for side in sides if not side[:1].isdigit()}
    return compared | {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _filled(text: str, feature: Feature) -> str:
    """Put the feature's own window and unit in their places."""
    window, clock = _WINDOW.search(feature.name), _CLOCK.search(feature.name)
    if window is not None:
        text = _OF_WINDOW.sub(window[0], text).replace("{N}", window[0].removesuffix("d"))
    return text if clock is None else _OF_CLOCK.sub(clock[0], text)


def _declared(feature: Feature, language: Language) -> tuple[Language, Mapping[str, str]]:
    """Return the texts that a declaration brings, in another language where it brings none in this one."""
    if isinstance(feature.sentence, str):
        spoken, usual = language, feature.sentence
    else:
        spoken = next((own for own in (language, *LANGUAGES) if feature.sentence.get(own)), language)
        usual = feature.sentence.get(spoken, "")
    of_zero = feature.sentence_zero
    if of_zero is not None and not isinstance(of_zero, str):
        of_zero = of_zero.get(spoken)
    return spoken, {USUAL: usual} if of_zero is None else {OF_ZERO: of_zero, USUAL: usual}
