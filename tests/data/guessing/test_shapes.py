"""Shapes: the formats that fit all values, and several where they cannot be told apart."""

from __future__ import annotations

import pytest

from churnml.data.guessing.shapes import common_formats, says_format, shape_of


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["2025-03-31", "2025-04-01 14:05:00"], (None,)),
        (["2025-03-31T14:05:00+03:00"], (None,)),
        (["31.03.2025", "01.04.2025"], ("%d.%m.%Y",)),
        (["03.04.2025", "05.06.2025"], ("%d.%m.%Y",)),  # between dots the day stands first everywhere
        (["03/04/2025", "31/12/2025"], ("%d/%m/%Y",)),
        (["03/04/2025", "12/31/2025"], ("%m/%d/%Y",)),
        (["03/04/2025", "05/06/2025"], ("%d/%m/%Y", "%m/%d/%Y")),
        (["3/4/2025 1:05 PM", "3/31/2025 12:00 AM"], ("%m/%d/%Y %I:%M %p",)),
        (["3 Mär 2025", "12 Ağu 2025"], ("%d %b %Y",)),
        (["soon", "later"], ()),
    ],
)
def test_date_formats(values: list[str], formats: tuple[str | None, ...]) -> None:
    assert shape_of("text", values, len(values)).dates == formats


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["12.50", "3"], ((None, None),)),
        (["12,50", "3"], ((",", None),)),
        (["1.664,10 TL", "3,00 TL"], ((",", "."),)),
        (["1,234.50", "3.00"], ((None, ","),)),
        (["1.234", "5.678"], ((None, None), (",", "."))),
        (["1,234", "5,678"], ((",", None), (None, ","))),
        (["0.125", "0.250"], ((None, None),)),  # no thousands begin with 0
        (["1 234,50", "12,00"], ((",", " "),)),
        (["$12.50", "$3.00"], ((".", None),)),
    ],
)
def test_number_formats(values: list[str], formats: tuple[tuple[str | None, str | None], ...]) -> None:
    assert shape_of("text", values, len(values)).numbers == formats


@pytest.mark.parametrize(
    ("type_", "values", "kind"),
    [
        ("text", ["yes", "no"], "flag"),
        ("text", ["Evet", "HAYIR"], "flag"),
        ("whole", ["0", "1"], "flag"),
        ("whole", ["1", "2", "3"], "number"),
        ("text", ["a@b.de", "c@d.com"], "email"),
        ("text", ["ABC12", "XYZ34"], "text"),  # no currency of the world
        ("text", [], "empty"),
        ("time", ["2025-03-31 00:00:00"], "time"),
    ],
)
def test_kinds(type_: str, values: list[str], kind: str) -> None:
    assert shape_of(type_, values, len(values)).kind == kind


def test_formats_of_a_table_agree_or_stand_apart() -> None:
    cents, grouped, dotted = (shape_of("text", [value], 1) for value in ("12,50", "1.664,10", "12.50"))
    assert common_formats([cents, grouped]) == ([(",", ".")], [])
    assert common_formats([cents, dotted]) == ([(",", None)], [1])
    assert not says_format(shape_of("text", ["3", "17"], 2))


@pytest.mark.parametrize(
    ("values", "dates"),
    [
        (["1743429900", "1700000000"], ("epoch_s",)),
        (["1743429900007"], ("epoch_ms",)),
        (["1743429900000123"], ("epoch_us",)),
        (["1743429900", "7"], ()),
        (["3743429900"], ()),  # 2088
        (["123456789"], ()),  # 1973
    ],
)
@pytest.mark.parametrize("type_", ["text", "whole"])
def test_numbers_that_may_be_times(values: list[str], dates: tuple[str, ...], type_: str) -> None:
    shape = shape_of(type_, values, 9)
    assert (shape.kind, shape.dates) == ("number", dates)


@pytest.mark.parametrize("values", [["12.50", "(3.00)"], ["12.50", "3.00-"], ["₹1,29,999.00", "₹5.00"]])
def test_numbers_as_accountants_and_india_write_them(values: list[str]) -> None:
    assert shape_of("text", values, 2).kind == "number"
