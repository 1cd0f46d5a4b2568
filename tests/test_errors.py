"""An error says all of its lines, and shows what a reader cannot see."""

from __future__ import annotations

from churnml.errors import ChurnmlError


def test_each_line_is_one_whatever_a_shop_puts_into_it() -> None:
    assert str(ChurnmlError("orders: \x1b[2J\nis no table", "reviews: is none")) == (
        "orders: \\x1b[2J\\nis no table\nreviews: is none"
    )
