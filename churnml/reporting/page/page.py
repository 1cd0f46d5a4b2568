"""The page: a summary goes in, one self-contained HTML file comes out."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from churnml.reporting.columns import column
from churnml.reporting.page.sections import sections
from churnml.reporting.templates import template
from churnml.words import words

MOST_BYTES = 3_000_000
"""Size of a page; where it would be larger, fewer events of each customer are kept."""
_EVENTS = (40, 25, 15, 8, 0)


def render_page(summary: Mapping[str, Any]) -> str:
    """Write the page of a ranking.

    The page needs no network and forbids it: its policy allows its own two scripts and its style, by their hashes, and
    nothing else, so that no text from the shop can ever run. Data goes in compressed and is opened in the browser;
    where that cannot be done, the start of the list is there as plain HTML.

    Parameters
    ----------
    summary : mapping of str to object
        Content of the page, as from `summarise`.

    Returns
    -------
    str
        Text of the page in HTML, the same for the same summary; at most ``MOST_BYTES`` in UTF-8 for 5,000 customers.
    """
    parts = sections(summary)
    for at_most in _EVENTS:
        page = _fill({**parts, "data": _packed(summary, parts["names"], at_most)})
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


def _fill(parts: Mapping[str, Any]) -> str:
    library, script, css = _library(), _own("page.js"), _own("page.css")
    # Hashes rather than 'unsafe-inline': an attribute such as onerror, should one ever get in, does not run.
    policy = (
        f"default-src 'none'; script-src {_hash(library)} {_hash(script)}; style-src {_hash(css)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return template("page/template.html.j2").render(**parts, policy=policy, library=library, script=script, css=css)


def _packed(summary: Mapping[str, Any], names: Mapping[str, Any], events: int) -> str:
    """Write the data for the script: JSON with a list per column, compressed, in letters that mean nothing to HTML."""
    snapshot = date.fromisoformat(summary["snapshot_date"])
    concepts = sorted({concept for one in summary["customers"] for concept in one["weights"]})

    def reasons(told: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        return [[reason["concept"], reason["sentence"], reason["weight"]] for reason in told]

    def packed(one: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **one,
            "leaving": reasons(one["leaving"]),
            "staying": reasons(one["staying"]),
            "weights": [round(100 * one["weights"].get(concept, 0)) for concept in concepts],
            "events": [
                [(snapshot - date.fromisoformat(day)).days, kind, text]
                for day, kind, text in one["events"][len(one["events"]) - min(events, len(one["events"])) :]
            ],
        }

    customers = [packed(one) for one in summary["customers"]]
    columns = list(customers[0]) if customers else ["customer_id"]
    data = {
        **{name: summary[name] for name in ("language", "currency", "snapshot_date", "plays", "lists")},
        "words": words(summary["language"])["page"] | {"assumed": summary["profit_source"]},
        "names": names,
        "concepts": concepts,
        "kinds": list(names["event"]),
        "events_at_most": events,
        "customers": {name: [one[name] for one in customers] for name in columns},
        "carried": [
            {"title": column(name, summary["language"]).title, "values": values}
            for name, values in summary["carried"].items()
        ],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


@cache
def _library() -> str:
    """Return DataTables, as itables ships it, in a form that can stand inside a page.

    Its export becomes a global name for the script of the page, and nothing in it opens a comment or ends the script.
    """
    bundle = files("itables").joinpath("html", "dt_bundle.js").read_text(encoding="utf-8")
    inside = bundle.replace("<!--", "\\x3C!--").replace("</script", "<\\/script")
    ended, found = re.subn(r"export\{.*?([\w$]+) as default\b.*?\};", r"globalThis.DataTable=\1;", inside)
    if found != 1:
        raise RuntimeError("itables: its DataTables bundle has another form than expected. Install itables 2.5 to 2.9.")
    return ended


@cache
def _own(name: str) -> str:
    return files("churnml.reporting.page").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
