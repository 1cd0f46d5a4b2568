"""Addresses of shops: taking them apart, and writing them for people without their passwords."""

from __future__ import annotations

import os
import re
from urllib.parse import SplitResult, urlsplit

from churnml.errors import InputError

_SECRET = re.compile(
    r"([\w.%-]*(?:passw|pwd|secret|token|credential|key|sig)[\w.%-]*\s*=\s*)('(?:[^'\\]|\\.)*'|\"[^\"]*\"|[^&\s]*)",
    re.IGNORECASE,
)


def without_password(source: object) -> str:
    """Write a source for people to read: an address without its password, whatever its form.

    Examples
    --------
    >>> without_password("postgres://ann:secret@db/shop")
    'postgres://ann@db/shop'
    >>> without_password("postgres:ann:secret@db/shop")
    'postgres:...@db/shop'
    >>> without_password("postgres://db/shop?user=ann&password=secret")
    'postgres://db/shop?user=ann&password=...'
    """
    text = str(source)
    if isinstance(source, os.PathLike):
        # What pathlib makes of an address has one slash.
        text = re.sub(r"^(postgres(?:ql)?|pyspark|mysql|mariadb):/(?!/)", r"\1://", text)
    text = re.sub(r"(?<=://)([^:@/?]*):.*@", r"\1@", text)
    if "://" not in text:
        # Where the user ends is not told, so all between the first colon and the host goes.
        text = re.sub(r"^([^:@]*:).*@", r"\1...@", text, flags=re.DOTALL)
    return _SECRET.sub(r"\1...", text)


def split_address(address: str) -> SplitResult:
    """Take an address apart.

    Raises
    ------
    InputError
        Where it has a port that is none, or brackets that are not closed.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        # The library's own words may hold a part of the password.
        raise InputError(
            f"{without_password(address)}: is not an address. A port is a number up to 65535, a host of the kind ::1 "
            "stands in brackets, and signs such as / @ : # ? in a password are written as %2F %40 %3A %23 %3F."
        ) from None
    return parts
