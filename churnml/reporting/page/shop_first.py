"""The page's blocks of first orders: who comes back after them, by month and by how they went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from churnml.reporting.page.shop_cells import Say, difference, number, text


def first_blocks(summary: Mapping[str, Any], say: Say) -> Iterator[dict[str, Any]]:
    """Write the blocks about first orders; see `churnml.reporting.page.shop_sections.shop_sections`.

    Parameters
    ----------
    summary : mapping of str to object
        Figures of the shop, as from `summarise_shop`.
    say : Say
        Words and numbers of a language.
    """
    yield _second_orders(summary["second_orders"], say)
    yield _first(summary, say)


def _second_orders(table: Sequence[Mapping[str, Any]], say: Say) -> dict[str, Any]:
    t = say.words["second_orders"]
    rows = [
        [
            text(row["month"][:7] + ("" if row["is_complete"] else "*")),
            number(say.write.whole(row["customers"])),
            number(say.write.share(row["second_order_rate"], 1), row["second_order_rate"]),
            number(say.between(row["low"], row["high"])),
        ]
        for row in table
    ]
    titles = [say.t["cohort"], say.t["customers"], t["rate"], say.t["interval"]]
    return say.block("second_orders", titles, 1, rows, title=t["second_orders"], note=t["note"])


def _first(summary: Mapping[str, Any], say: Say) -> dict[str, Any]:
    rows = [
        [
            text(say.name(None, row["experience"])),
            number(say.write.whole(row["customers"])),
            number(say.write.share(row["retention_rate"], 1), row["retention_rate"]),
            number(say.between(row["low"], row["high"])),
            number(difference(row, say)),
        ]
        for row in summary["first_experience"]
    ]
    t = say.t
    titles = [t["first_experience"], t["customers"], t["came_back"], t["interval"], t["difference"]]
    return say.block("first_experience", titles, 1, rows, note=say.t["association"])
