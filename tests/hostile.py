"""Texts that were written to do harm, and a shop in which they stand in every text column."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import pandas as pd

from churnml.data.simulator import simulate

MARK = "q7z"
"""Stands in every text, so that it is found wherever it went."""

TEXTS = {
    "script": f"</script><script>alert('{MARK}')</script>",
    "element": f'"><img src=x onerror=alert("{MARK}")><!--',
    "attribute": f"' autofocus onfocus='{MARK}' x='",
    "entity": f"&lt;b&gt;{MARK}&#x3c;i&#x3e;&amp;",
    "template": f"{MARK}{{{{7*7}}}}{{% raw %}}${{7*7}}{{0}}{{n}}{{d}}%s%(x)s%n",
    "command": f"=cmd|'/C calc'!{MARK}",
    "link formula": f'=HYPERLINK("https://{MARK}.example","x")',
    "at": f"@SUM(1+1)*{MARK}",
    "plus": f"+1+{MARK}",
    "minus": f"-1-{MARK}",
    "wide equals": f"\uff1d1+{MARK}",
    "tab": f"\t=1+{MARK}",
    "return": f"\r=1+{MARK}",
    "line": f"{MARK}\n=1+1",
    "cells": f'{MARK},"a";=1+1;\t"b""c"\r\nnext,row',
    "markdown": f"[{MARK}](javascript:alert(1)) ![x](https://{MARK}.example/x.png) | a | b |\n\n# head\n- `x` **y**",
    "autolink": f"<https://{MARK}.example> www.{MARK}.example {MARK}@mail.example",
    "escape": f"\x1b]0;{MARK}\x07\x1b[31mred\x9b2J\b\b",
    "controls": f"{MARK}\x00\x01\x0b\x0c\x1f\x7f\x85",
    "direction": f"{MARK}\u202egnp.exe\u2066\u200f\u200b\ufeff\u2028\u2029",
    "backslash": f"{MARK}\\n\\x1b\\u202e\\",
    "picture": f"$\\frac{{{MARK}}}$ _x000A_ _x0041_",
    "injection": f"{MARK}'; drop table orders; --",
    "sign": f"{MARK} 👩‍💻 Ş ı İ \u0301 ﷽ \U0010ffff",
    "noncharacter": f"{MARK}\ufffe\uffff",
    "null word": f"NULL {MARK}",
    "path": f"../../{MARK}/%2e%2e/con",
    "long": MARK + "x" * 40_000,
}
"""Texts by what they try."""
NAMED = "Ayşe Yıldız called again; answer to ayse@person.example"
"""A topic of a few complaints, which says who complained."""
SHORT = [text for name, text in TEXTS.items() if name != "long"]
COLUMNS = {
    "orders": ["channel", "discount_code"],
    "order_items": ["category"],
    "customers": ["city", "campaign", "tier"],
    "complaints": ["topic", "severity", "text"],
    "returns": ["reason"],
    "reviews": ["text"],
    "rewards": ["kind", "tier"],
    "contacts": ["campaign", "offer", "outcome"],
    "subscriptions": ["plan", "cancel_reason"],
}
IDS = ("customer_id", "order_id", "product_id", "complaint_id", "return_id", "review_id", "contact_id")
IDS += ("subscription_id", "line_id", "referred_by")


def hostile_shop(folder: Path, customers: int, seed: int = 2) -> Path:
    """Simulate a shop whose every text, ids and attributes included, is a hostile one."""
    simulate(folder, customers=customers, seed=seed, kind="textbook")
    for path in sorted(folder.glob("*.parquet")):
        table = pd.read_parquet(path)
        for name in IDS:
            if name in table:
                table[name] = table[name].map(hostile_id)
        for place, name in enumerate(COLUMNS.get(path.stem, [])):
            texts = list(islice(cycle(SHORT), place, place + len(SHORT)))
            known = table[name].notna() if name in table else pd.Series(True, index=table.index)
            table[name] = pd.Series(list(islice(cycle(texts), len(table))), index=table.index).where(known)
            table.loc[table.index[known][:3], name] = TEXTS["long"]
        if path.stem == "complaints":
            table.loc[table.nlargest(4, "opened_at").index, "topic"] = NAMED
        if path.stem == "customers":
            table["email"] = [f"{known[-8:]}@person.example" for known in table["customer_id"]]
        table.to_parquet(path)
    return folder


def hostile_id(known: str | None) -> str | None:
    """Give the hostile id that stands for one of the simulator's."""
    return None if known is None else f"{SHORT[sum(map(ord, known)) % len(SHORT)]}{known}"
