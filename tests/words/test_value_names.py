"""Names of a shop's own values."""

from __future__ import annotations

from churnml.words.value_names import ValueNames

NAMES = ValueNames({"Other": "Diğer", "complaints.topic": {"Other": "Başka konu", "Wrong  ITEM": "Yanlış ürün"}})


def test_a_column_goes_before_all_columns() -> None:
    assert NAMES.of("complaints.topic", "other") == "Başka konu"
    assert NAMES.of("returns.reason", "other") == "Diğer"


def test_capitals_and_blanks_do_not_count() -> None:
    assert NAMES.of("complaints.topic", " wrong item") == "Yanlış ürün"
    assert ValueNames({"İADE": "x", "straße": "y"}).of("a.b", "i\u0307ade") == "x"
    assert ValueNames({"straße": "y"}).of("a.b", "STRASSE") == "y"


def test_what_has_no_name_stands_for_itself() -> None:
    assert NAMES.of("returns.reason", "Wrong item ") == "Wrong item "
    assert NAMES.of("returns.reason", "complaints.topic") == "complaints.topic"
    assert ValueNames().of("complaints.topic", "") == ""
