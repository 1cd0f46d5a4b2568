r"""Ids: what stands for nobody is no id, and neither is what has lost digits.

Programs write their own words for nothing: Python ``nan``, ``None``, ``NaT`` and ``<NA>``, databases ``NULL``,
``(null)`` and ``\N``, spreadsheets ``#N/A`` and ``N/A``, JavaScript ``undefined``. As ids, in any case and with blanks
around them, they are null; taken for ids they would make one customer of many. ``NA``, ``0`` and ``-`` may be ids and
stay; ``checks`` names an id that has too many orders to be one customer's.

A float holds whole numbers only up to a bound that goes by its type, and a spreadsheet writes a long number as
``5.12346E+12`` (``5,12346E+12`` in some languages): beyond that, two customers would become one.
"""

from __future__ import annotations

import re

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

_STAND_INS = ("nan", "none", "null", "nat", "n/a", "#n/a", "<na>", "(null)", "\\n", "undefined")
# How they begin, and blanks.
_OPENERS = "".join(sorted({case for word in _STAND_INS for case in (word[0], word[0].upper())})) + " \t\n\r\f\v"
# Not "(?i)": whether I is i depends on the language of the database.
_IN_ANY_CASE = "|".join(
    "".join(f"[{sign}{sign.upper()}]" if sign.isalpha() else re.escape(sign) for sign in word) for word in _STAND_INS
)
_STAND_IN = rf"^\s*({_IN_ANY_CASE})\s*$"
_NOBODY = rf"^[\s\x0b]*({_IN_ANY_CASE}|)[\s\x0b]*$"
_SCIENTIFIC = r"^\s*[+-]?\d+([.,]\d+\s?[eE]\s?[+-]?|\s?[eE]\s?[+])\d{1,3}\s*$"
_WHOLE = r"^-?(0|[1-9]\d*)\.0$"
_FIRST_INEXACT = str(2**53)
_BITS: dict[type[dt.Floating], int] = {dt.Float16: 11, dt.Float32: 24, dt.Float64: 53}


def is_stand_in(text: ir.StringValue) -> ir.BooleanValue:
    """Check whether a text stands for nobody; blanks do not, which are empty."""
    return _seldom(text, _STAND_IN)


def somebody(text: ir.StringValue) -> ir.StringValue:
    """Return null for a text that stands for nobody, or is empty."""
    return ibis.ifelse(_seldom(text, _NOBODY), ibis.null("string"), text)


def exact_id(value: ir.Value) -> ir.StringValue:
    """Write an id as text; null where it is none, or not the one that it was."""
    kind = value.type()
    if kind.is_string():
        return ibis.cases(
            # Few ids end like that, and the engine looks closer at these alone.
            (value.endswith(".0"), _whole(value)),
            (value.re_search(_SCIENTIFIC), ibis.null("string")),
            else_=somebody(value),
        )
    if kind.is_floating():
        exact = ibis.ifelse(value.abs() < 2 ** _BITS[type(kind)], value, ibis.null(kind))
        whole = exact.cast("int64")
        return ibis.ifelse(whole.cast(kind) == exact, whole.cast("string"), exact.cast("string"))
    if kind.is_decimal():
        return value.cast("string").re_replace(r"\.0+$", "")
    return ibis.null("string") if kind.is_boolean() else value.cast("string")


def _whole(text: ir.StringValue) -> ir.StringValue:
    """Write the text of a whole float without its point; null beyond what floats tell apart."""
    digits = text.left(text.length() - 2)
    bare = digits.replace("-", "")
    is_exact = (bare.length() < len(_FIRST_INEXACT)) | (
        (bare.length() == len(_FIRST_INEXACT)) & (bare < _FIRST_INEXACT)
    )
    return ibis.ifelse(text.re_search(_WHOLE), ibis.ifelse(is_exact, digits, ibis.null("string")), text)


def _seldom(text: ir.StringValue, pattern: str) -> ir.BooleanValue:
    """Look for a pattern where a text begins as few ids do, which is told in a fraction of the time."""
    return ibis.ifelse(ibis.literal(_OPENERS).contains(text.left(1)), text.re_search(pattern), False)
