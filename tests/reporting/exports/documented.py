"""The documented rules of each tool's import, as checks of a file, by the documentation and not by the code."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

Rows = list[dict[str, str]]
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
E164 = re.compile(r"\+[1-9]\d{1,14}")
SHA256 = re.compile("[0-9a-f]{64}")
PROPERTIES = {"churnml_risk", "churnml_play", "churnml_reason", "churnml_list_date"}


def read(path: Path) -> tuple[list[str], Rows]:
    """Read a comma-separated UTF-8 file with one row of different titles, and as many cells in each row."""
    raw = path.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8", newline="") as file:
        head, *body = csv.reader(file)
    assert len(set(head)) == len(head)
    assert all(len(row) == len(head) for row in body)
    return head, [dict(zip(head, row, strict=True)) for row in body]


def check_klaviyo(path: Path) -> Rows:
    head, rows = read(path)
    assert head[0] in ("Email", "Email Address", "Phone Number")
    assert path.stat().st_size <= 50_000_000
    for row in rows:
        assert ADDRESS.fullmatch(row["Email"])
        assert row.get("Phone Number", "") == "" or E164.fullmatch(row["Phone Number"])
        assert row.get("Email Marketing Consent", "") in ("", "Subscribed", "Unsubscribed", "Never subscribed")
        if "churnml_list_date" in row:
            assert set(row) >= PROPERTIES
            datetime.strptime(row["churnml_list_date"], "%Y-%m-%d %H:%M:%S")
            assert re.fullmatch(r"\d+(\.\d+)?", row["churnml_risk"])
    return rows


def check_mailchimp(path: Path) -> Rows:
    _, rows = read(path)
    addresses = [row["Email Address"] for row in rows]
    assert len({address.lower() for address in addresses}) == len(addresses), "one contact for each address"
    for row in rows:
        assert ADDRESS.fullmatch(row["Email Address"])
        assert row["Email Address"].partition("@")[0].isascii()
        assert all(len(text.encode()) <= 255 for text in row.values())
        if "churnml_list_date" in row:
            date.fromisoformat(row["churnml_list_date"])
    return rows


def check_braze(path: Path) -> Rows:
    head, rows = read(path)
    default = {"external_id", "email", "phone", "first_name", "last_name", "home_city", "country", "email_subscribe"}
    assert {title for title in head if title in default or title.startswith("churnml_")} | {"vip"} >= set(head)
    assert "external_id" in head
    assert len({row["external_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["external_id"]
        assert row.get("email", "") == "" or ADDRESS.fullmatch(row["email"])
        assert row.get("phone", "") == "" or E164.fullmatch(row["phone"])
        assert row.get("email_subscribe", "") in ("", "opted_in", "subscribed", "unsubscribed")
        if "churnml_list_date" in row:
            date.fromisoformat(row["churnml_list_date"])
    return rows


def check_hubspot(path: Path) -> Rows:
    head, rows = read(path)
    assert len(head) <= 1_000
    assert "Email" in head
    for row in rows:
        assert ADDRESS.fullmatch(row["Email"])
        if "churnml_list_date" in row:
            date.fromisoformat(row["churnml_list_date"])
    return rows


def check_meta(path: Path) -> Rows:
    head, rows = read(path)
    assert set(head) <= {"email", "phone", "fn", "ln", "ct", "st", "zip", "country", "dob", "gen", "madid"}
    for row in rows:
        assert all(text == "" or SHA256.fullmatch(text) for text in row.values())
        assert row["email"] or row["phone"]
    return rows


CHECKS: dict[str, Callable[[Path], Rows]] = {
    "klaviyo": check_klaviyo,
    "mailchimp": check_mailchimp,
    "braze": check_braze,
    "hubspot": check_hubspot,
    "meta": check_meta,
}
