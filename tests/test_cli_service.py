"""The parts about service on the page and in the terminal: numbers of the tables, in every language."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.free_text import TOO_FEW
from churnml.analytics.overview import Overview
from churnml.cli.show_service import service_parts
from churnml.definition import ChurnDefinition
from churnml.reporting.page.service_sections import service_blocks
from churnml.reporting.page.shop_cells import Say
from churnml.reporting.page.shop_summary import summarise_shop
from churnml.words import LANGUAGES, words
from churnml.words.value_names import ValueNames

RATES = {"retention_rate": 0.4, "low": 0.3, "high": 0.5, "difference": -0.1, "difference_low": -0.2}
RATES |= {"difference_high": 0.05, "customers": 1_200, "returned": 480, "is_small": False}
FIRST = RATES | dict.fromkeys(("difference", "difference_low", "difference_high"), np.nan)
WAITS: dict[str, Any] = {"complaints": 40, "answer_hours": 5.0, "answer_hours_low": 3.0, "answer_hours_high": 9.0}
WAITS |= {"resolution_days": 2.5, "resolution_days_low": 1.0, "resolution_days_high": np.nan, "unresolved": 7}
TEXTS = {"messages": 1_500, "writers": 1_300, "share": 0.25}
MONTHS = {date(2025, 1, 1): 0.1, date(2025, 2, 1): 0.3, date(2025, 3, 1): 0.9}
CODE = {"customers": 50, "asked": 40, "eligible": 30, "later_orders": 9, "is_small": True}
CODE |= {f"{name}{end}": 0.25 for name in ("repeat_rate", "churn_rate", "code_share") for end in ("", "_low", "_high")}
CODE |= {name: RATES[name] for name in ("difference", "difference_low", "difference_high")}
GROUPS = ["group", "value", "customers", "churned", "churn_rate", "difference", "is_small"]


@pytest.fixture(scope="module")
def overview() -> Overview:
    nothing = pd.DataFrame({"cohort": [], "month": [], "is_complete": []})
    names = [name for name in Overview.__dataclass_fields__ if name not in ("snapshot_date", "definition", "currency")]
    tables = dict.fromkeys(names, nothing) | {
        "topics": pd.DataFrame({"topic": []}),
        "groups": pd.DataFrame(columns=GROUPS),
        "faults": pd.DataFrame(columns=["group", "value"]),
        "tier_moves": pd.DataFrame(columns=["before", "after"]),
        "next_tiers": pd.DataFrame(columns=["tier"]),
        "habits": pd.DataFrame(columns=["group", "value"]),
        "habit_shares": pd.DataFrame(columns=["habit", "group", "value", "of"]),
        "support": pd.DataFrame([{"period_start": date(2025, 1, 1), "period_end": date(2025, 4, 1), **WAITS}]),
        "support_topics": pd.DataFrame([{"value": "delivery", **WAITS}, {"value": "other", **WAITS}]),
        "text_topics": pd.DataFrame(
            [
                {"source": "complaints", "topic": "late, parcel", **TEXTS, **RATES},
                {"source": "complaints", "topic": "other", **TEXTS, **RATES},
                {"source": "reviews", "topic": TOO_FEW, **TEXTS, **FIRST},
            ]
        ),
        "text_months": pd.DataFrame(
            [
                {"source": "complaints", "topic": "late, parcel", "month": month, "share": share}
                for month, share in MONTHS.items()
            ]
        ).assign(is_complete=[True, True, False]),
        "after_service": pd.DataFrame(
            [
                {"event": "answer", "value": "quick", **FIRST},
                {"event": "answer", "value": "slow", **RATES},
                {"event": "return reason", "value": "delivery", **RATES},
                {"event": "refund", "value": "slow", **RATES, "customers": 0},
            ]
        ),
        "promotions": pd.DataFrame([{"value": "spring", **CODE}, {"value": "no code", **CODE}]),
        "referrals": pd.DataFrame([{"value": "was referred", **RATES}, {"value": "was not referred", **FIRST}]),
    }
    return Overview(snapshot_date=date(2025, 4, 1), definition=ChurnDefinition(), currency="EUR", **tables)


def test_the_page_shows_the_numbers_of_the_tables_with_intervals(overview: Overview) -> None:
    support, topics, texts, after, codes, referrals = service_blocks(summarise_shop(overview), Say("en", "EUR"))
    assert [cell["text"] for cell in support["rows"][0]] == ["Apr 1, 2025", "40", "5 hours", "2.5 days", "7"]
    assert support["rows"][0][2]["small"] == "3 hours – 9 hours"
    assert support["rows"][0][3]["small"] == "–", "an end that is not known"
    assert [row[0]["text"] for row in topics["rows"]] == ["delivery", "other"]
    assert [[cell["text"] for cell in row] for row in texts["rows"]] == [
        ["Complaints", "late, parcel", "1,500", "25.0%", "", "1,200", "40.0%", "-10.0 (-20.0 – +5.0)"],
        ["Complaints", "other", "1,500", "25.0%", "", "1,200", "40.0%", "-10.0 (-20.0 – +5.0)"],
        ["Reviews", "too few messages; topics are told from 100 on", "1,500", "–", "", "1,200", "40.0%", "–"],
    ]
    assert [row[4]["line"] for row in texts["rows"]] == ["2.0,22.0 98.0,2.0", None, None], "whole months alone"
    assert [[cell["text"] for cell in row] for row in after["rows"]] == [
        ["First answer", "quick", "1,200", "40.0%", "30.0% – 50.0%", "–"],
        ["First answer", "slow", "1,200", "40.0%", "30.0% – 50.0%", "-10.0 (-20.0 – +5.0)"],
        ["Return", "delivery", "1,200", "40.0%", "30.0% – 50.0%", "-10.0 (-20.0 – +5.0)"],
    ]
    assert (codes["rows"][0][0]["small"], codes["rows"][0][2]["text"]) == ("small", "25.0%")
    assert referrals["rows"][0][0]["text"] == "was referred"
    for block in (after, codes, referrals):
        assert block["note"].startswith("This is an association, not an effect")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words_on_the_page_and_in_the_terminal(overview: Overview, language: str) -> None:
    named = overview.named(ValueNames({"complaints.topic": {"delivery": "Lieferung"}}))
    blocks = list(service_blocks(summarise_shop(named), Say(language, "EUR")))
    parts = dict(service_parts(named, language))
    t = words(language)["service"]
    assert list(parts) == [block["title"] for block in blocks]
    said = "\n".join(line for lines in parts.values() for line in lines)
    for code in ("quick", "slow", "no code", "was referred", "was not referred"):
        assert t["kinds"][code] in said
    assert "Lieferung" in said
    assert f"{t['events']['return reason']}: delivery" in said, "a reason is no topic"
    assert said.count(t["after_service_note"]) == said.count(t["referrals_note"]) == 1
    texts = words(language)["free_text"]
    late, other, few, note = parts[texts["text_topics"]]
    assert late.startswith(f"{texts['sources']['complaints']}: late, parcel; ")
    assert words(language)["values"]["other"] in other
    assert few.startswith(f"{texts['sources']['reviews']}: {texts['too_few'].format(fewest=100)}; ")
    assert "%" not in few, "nothing to compare"
    assert note == texts["note"]
    assert f"spring ({words(language)['shop']['small']})" in said


def test_nothing_is_said_where_there_is_nothing(overview: Overview) -> None:
    bare = Overview(**{**vars(overview), **{name: table.head(0) for name, table in overview.tables().items()}})
    assert not any(lines for _, lines in service_parts(bare, "en"))
    assert not any(block["rows"] for block in service_blocks(summarise_shop(bare), Say("en", None)))
