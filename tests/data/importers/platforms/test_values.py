"""Numbers, times and yes or no, as exports write them."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnml.data.importers.platforms.values import folded, read_flag, read_number, read_time


@pytest.mark.parametrize(
    ("text", "number", "sign"),
    [
        ("12", "12", None),
        ("12.5", "12.5", "."),
        ("12,5", "12.5", ","),
        ("1,234.50", "1234.50", "."),
        ("1.234,50", "1234.50", ","),
        ("1'234.50", "1234.50", "."),
        ("1\u202f234,56 €", "1234.56", ","),
        ("1.234.567", "1234567", ","),
        ("1234.567", "1234.567", "."),  # four digits are no group
        ("0.123", "0.123", "."),
        (".5", "0.5", "."),
        ("-3.20", "-3.20", "."),
        ("-$3.20", "-3.20", "."),
        ("$-3.20", "-3.20", "."),
        ("(12.00)", "-12.00", "."),
        ("₺1.664,10", "1664.10", ","),
        ("1.664,10 TL", "1664.10", ","),
    ],
)
def test_a_number_is_read_in_the_only_way_there_is(text: str, number: str, sign: str | None) -> None:
    for assumed in (".", ","):
        assert read_number(text, assumed) == (Decimal(number), sign)  # type: ignore[arg-type]


def test_three_digits_behind_one_sign_are_what_the_platform_writes() -> None:
    assert read_number("1.664", ",") == (Decimal(1664), None)
    assert read_number("1.664", ".") == (Decimal("1.664"), None)
    assert read_number("1,664", ".") == (Decimal(1664), None)
    assert read_number("1,664", ",") == (Decimal("1.664"), None)


@pytest.mark.parametrize("text", ["abc", "1.23.456", "1,2,3", "12,-", "12e3", "--1", "-1-", "1 2 TL 3", "1.,2"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        read_number(text, ".")


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.sampled_from([("{:,.2f}", "."), ("{:.2f}", "."), ("{:.2f}", ",")]),
)
def test_what_was_written_with_two_decimals_comes_back(number: Decimal, form: tuple[str, Any]) -> None:
    pattern, sign = form
    text = pattern.format(number).replace(".", sign) if sign == "," else pattern.format(number)
    assert read_number(text, ",")[0] == number
    assert read_number(text, ".")[0] == number


@pytest.mark.parametrize(
    ("text", "time", "is_utc"),
    [
        ("2024-03-01", datetime(2024, 3, 1), False),
        ("2024-03-01 10:00", datetime(2024, 3, 1, 10), False),
        ("2024-03-01T10:00:00.1234567", datetime(2024, 3, 1, 10, 0, 0, 123456), False),
        ("2024-03-01 00:30:00 +0300", datetime(2024, 2, 29, 21, 30), True),
        ("2024-02-28T23:30:00-05:30", datetime(2024, 2, 29, 5), True),
        ("2024-03-01 10:00:00 UTC", datetime(2024, 3, 1, 10), True),
        ("2024-03-01T10:00:00Z", datetime(2024, 3, 1, 10), True),
        ("Jan 5, 2024 12:15:22 AM", datetime(2024, 1, 5, 0, 15, 22), False),
        ("Jan 5, 2024 12:15:22 PM", datetime(2024, 1, 5, 12, 15, 22), False),
        ("5 Ağustos 2024 09:00", datetime(2024, 8, 5, 9), False),
        ("12 Şub 2024", datetime(2024, 2, 12), False),
        ("3. Mai 2024", datetime(2024, 5, 3), False),
        ("31.12.2024", datetime(2024, 12, 31), False),
        ("12/31/2024 1:05 pm", datetime(2024, 12, 31, 13, 5), False),
        ("04/04/2024", datetime(2024, 4, 4), False),
    ],
)
def test_a_time_is_read_in_the_only_way_there_is(text: str, time: datetime, is_utc: bool) -> None:
    assert read_time(text) == (time, is_utc)


def test_day_and_month_are_exchanged_by_the_platform_alone() -> None:
    assert read_time("03.04.2025", day_first=True)[0] == datetime(2025, 4, 3)
    assert read_time("03/04/2025", day_first=False)[0] == datetime(2025, 3, 4)
    with pytest.raises(ValueError, match="03/04/2025"):
        read_time("03/04/2025")


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-13-01", "2023-02-29", "31.04.2024", "2024-01-01 25:00", "1:00", "Foo 5, 2024", "45321"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is that of the calendar
        read_time(text, day_first=True)


def test_yes_and_no() -> None:
    assert [read_flag(word) for word in ("yes", "TRUE", "1", "Evet", "Ja")] == [True] * 5
    assert [read_flag(word) for word in ("no", "False", "0", "HAYIR", "nein")] == [False] * 5
    with pytest.raises(ValueError, match="maybe"):
        read_flag("maybe")


def test_titles_are_told_apart_by_their_letters_alone() -> None:
    assert folded("Sipariş Numarası") == folded("SİPARİŞ NUMARASI") == folded("siparis_numarasi")
    assert folded("amazon-order-id") == folded("Amazon Order ID")
    assert folded("Email") != folded("Email (Billing)")
