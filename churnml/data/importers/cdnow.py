"""CDNOW: the purchases of an online CD shop's new customers of early 1997, followed to June 1998.

Published by Peter Fader and Bruce Hardie as ``CDNOW_master.txt``.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from churnml.data.importers.imported import Imported, examples, existing, listing, money
from churnml.errors import InputError

_MASTER = "CDNOW_master.txt"
_REMEDY = f"Give the published {_MASTER}, or the folder that holds it."
_DOLLARS = re.compile(r"\d{1,9}(\.\d{1,4})?")
# Positions of customer, date, CDs and dollars in a line, by its number of fields: the master file, the 1/10 sample.
_LAYOUTS = {4: (0, 1, 2, 3), 5: (0, 2, 3, 4)}


def read(source: Path) -> Imported:
    """Read the master file, or the sample file where it is named directly.

    Lines are separated by white space: customer, yyyymmdd, number of CDs, dollars. The sample file has the master
    file's customer id first and its own second; the first is taken, so both files give the same ids. A heading line,
    which some copies have, is skipped.

    Every line becomes one order at midnight of its day. The file has no order ids, so an order is called
    ``customer-yyyymmdd-n``, where n counts the customer's lines of that day in the file's order; later lines change no
    earlier id. Orders of the same day stay apart, and orders of 0 dollars stay orders. There is no ``order_items``:
    one amount for several CDs gives no price of a CD.

    Parameters
    ----------
    source : Path
        Published file, or a folder that holds ``CDNOW_master.txt``.

    Raises
    ------
    InputError
        Where the file is missing, or lines of it are not of this shape; all kinds of failure at once.
    """
    path = _file(existing(source, _REMEDY))
    lines = _lines(path)
    failures = _failures(path, lines)
    if failures:
        raise InputError(failures)
    customer, day, _, dollars = zip(*(fields for _, fields in lines), strict=True)
    seen: Counter[tuple[str, str]] = Counter()
    order_ids = []
    for key in zip(customer, day, strict=True):
        seen[key] += 1
        order_ids.append(f"{key[0]}-{key[1]}-{seen[key]}")
    amounts = [Decimal(value) for value in dollars]
    orders = pa.table(
        {
            "order_id": order_ids,
            "customer_id": list(customer),
            "ordered_at": pa.array([_day(value) for value in day], pa.timestamp("us")),
            "amount": money([int(value * 10_000) for value in amounts]),
        }
    )
    return Imported(
        tables={"orders": orders},
        notes=(
            f"Orders of 0 dollars, kept: {sum(value == 0 for value in amounts):,}.",
            f"Days on which a customer has several orders, kept apart: {sum(count > 1 for count in seen.values()):,}.",
            "The number of CDs is not imported, as the price of one is not known.",
        ),
    )


def _file(source: Path) -> Path:
    if not source.is_dir():
        return source
    if not (source / _MASTER).is_file():
        raise InputError(f"{source}: holds no {_MASTER} (found: {listing(source)}). {_REMEDY}")
    return source / _MASTER


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Read line number and the four fields customer, date, CDs, dollars of each line.

    Raises
    ------
    InputError
        Where the file is no text, holds no lines, or its lines do not all have four, or all five, fields.
    """
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as plain text ({error}). {_REMEDY}") from error
    split = [(number, line.split()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, fields) for number, fields in split if fields]
    if lines and not any(character.isdigit() for field in lines[0][1] for character in field):
        del lines[0]
    if not lines:
        raise InputError(f"{path}: holds no lines. {_REMEDY}")
    width = len(lines[0][1])
    if width not in _LAYOUTS:
        raise InputError(
            f"{path}: line {lines[0][0]} has {width} fields, but 4 (customer, date, CDs, dollars) or, in the sample "
            f"file, 5 are needed. {_REMEDY}"
        )
    uneven = [f"line {number}: {len(fields)}" for number, fields in lines if len(fields) != width]
    if uneven:
        raise InputError(
            f"{path}: {len(uneven):,} of {len(lines):,} lines do not have {width} fields like the first "
            f"({examples(uneven)}). {_REMEDY}"
        )
    return [(number, [fields[position] for position in _LAYOUTS[width]]) for number, fields in lines]


def _failures(path: Path, lines: list[tuple[int, list[str]]]) -> list[str]:
    rules = (
        ("a customer number", lambda fields: fields[0].isdigit(), 0),
        ("a date such as 19970118", lambda fields: _day(fields[1]) is not None, 1),
        ("a whole number of CDs", lambda fields: fields[2].isdigit(), 2),
        ("an amount of dollars of 0 or more", lambda fields: _DOLLARS.fullmatch(fields[3]) is not None, 3),
    )
    failures = []
    for what, holds, position in rules:
        bad = [f"line {number}: {fields[position]!r}" for number, fields in lines if not holds(fields)]
        if bad:
            failures.append(
                f"{path}: {len(bad):,} of {len(lines):,} lines do not hold {what} ({examples(bad)}). {_REMEDY}"
            )
    return failures


def _day(text: str) -> datetime | None:
    try:
        return datetime(int(text[:4]), int(text[4:6]), int(text[6:])) if len(text) == 8 and text.isdigit() else None
    except ValueError:
        return None
