"""Files of a model as plain bytes and JSON: regular, small, flat and finite, or refused."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

MOST_BYTES = 64 * 2**20
"""No file of a model is larger: five hundred trees of 64 leaves take 4 MB."""
_DEEPEST = 32
_LONGEST = 100_000
_LARGEST_WHOLE = 2**63
_SHOWN = 500


def read_bytes(path: Path) -> bytes:
    """Read a regular file of a folder, and no device or pipe, which may never end, nor what a link leads to outside.

    Raises
    ------
    OSError
        Where there is no such file.
    ValueError
        Where it is not a regular file of its folder, or larger than 64 MiB.
    """
    try:
        real, folder = path.resolve(strict=True), path.parent.resolve(strict=True)
    except RuntimeError as error:  # a circle of links, before Python 3.13
        raise ValueError(f"{path.name} is a link that leads nowhere") from error
    # What stands at the path may change in between, so the opened file is asked too; a pipe would wait for its writer.
    if not real.is_relative_to(folder) or not stat.S_ISREG(real.stat().st_mode):
        raise ValueError(f"{path.name} is not a regular file of its folder")
    careful = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(real, careful), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError(f"{path.name} is not a regular file of its folder")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path.name} is larger than {MOST_BYTES // 2**20} MiB")
    return content


def parse_json(content: bytes) -> Any:
    """Read JSON whose numbers are finite, whose keys stand once, and which is not nested deeply.

    Raises
    ------
    ValueError
        Where it is none, or holds more than 32 levels, a text of more than 100,000 letters, or a number that no 64 bits
        hold.
    """
    try:
        value = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_refuse_number,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError:
        raise ValueError(f"it is nested more than {_DEEPEST} levels deep") from None
    level = [value]
    for _ in range(_DEEPEST):
        level = [part for whole in level for part in _parts(whole)]
    if level:
        raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
    return value


def shown(text: object) -> str:
    """Write what a file says such that a terminal can print it: control characters escaped, 500 letters at most."""
    written = str(text)[: _SHOWN + 1]
    letters = [letter if letter.isprintable() else ascii(letter)[1:-1] for letter in written[:_SHOWN]]
    return "".join(letters) + ("..." if len(written) > _SHOWN else "")


def _parts(whole: Any) -> list[Any]:
    if isinstance(whole, str) and len(whole) > _LONGEST:
        raise ValueError(f"a text is longer than {_LONGEST:,} letters")
    if isinstance(whole, dict):
        return [*whole, *whole.values()]
    return whole if isinstance(whole, list) else []


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse_number(text)


def _whole(text: str) -> int:
    value = int(text) if len(text) <= 20 else _LARGEST_WHOLE
    return value if abs(value) < _LARGEST_WHOLE else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not a number that 64 bits hold")
