"""Topics of what customers write, by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.analytics import free_text
from churnml.analytics.free_text import TOO_FEW, compute_text_topics
from churnml.data.history import History
from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.statistics.shares import newcombe, wilson

pytestmark = pytest.mark.slow

DAY = date(2025, 7, 1)
DEFINITION = ChurnDefinition(horizon_days=60)
LATE, BROKEN, BILL = "Paket gecikti", "Broken cup", "Falsche Rechnung"
TOPICS = ["broken, cup", "falsche, rechnung", "gecikti, paket"]
Tables = dict[str, pd.DataFrame]


def at(days_before: float) -> pd.Timestamp:
    return pd.Timestamp(DAY) - pd.Timedelta(days=days_before)


def customers(letter: str, count: int) -> list[str]:
    return [f"{letter}{number:02}" for number in range(count)]


def orders_of(days: dict[str, float]) -> pd.DataFrame:
    rows = [(name, at(200)) for letter in "abc" for name in customers(letter, 50)]
    orders = pd.DataFrame([*rows, *((name, at(day)) for name, day in days.items())])
    return orders.set_axis(["customer_id", "ordered_at"], axis=1).assign(order_id=range(len(orders)), amount=10)


def complaints_of(*groups: tuple[list[str], float, str | None]) -> pd.DataFrame:
    rows = [(name, at(day), text) for names, day, text in groups for name in names]
    table = pd.DataFrame(rows, columns=["customer_id", "opened_at", "text"])
    return table.assign(complaint_id=[f"k{place:03}" for place in range(len(table))])


def told(tables: Tables, day: date = DAY, shared_by: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    return compute_text_topics(History(read(tables), day), DEFINITION, shared_by=shared_by)


# 40 wrote of each matter: a and b 91 days ago; the a also, later, of the third.
COMPLAINTS = complaints_of(
    (customers("a", 40), 91, LATE),
    (customers("b", 40), 91, BROKEN),
    (customers("a", 40), 10, BILL),
    (customers("c", 50), -1, BILL),  # not known yet
    (customers("c", 50), 20, None),
    (customers("c", 50), 20, "  "),
)
# The outcome of what happened 91 days ago is [-61, -1): the first day counts, the day before does not.
RETURNED = dict.fromkeys([*customers("a", 10), *customers("b", 20)], 61.0) | dict.fromkeys(["a20", "b30"], 62.0)
SHOP: Tables = {"orders": orders_of(RETURNED), "complaints": COMPLAINTS}


def test_topics_are_counted_with_their_writers_and_who_came_back() -> None:
    topics, _ = told(SHOP)
    assert topics["topic"].tolist() == TOPICS
    assert set(topics["source"]) == {"complaints"}
    assert topics[["messages", "writers"]].to_numpy().tolist() == [[40, 40]] * 3
    assert topics["share"].tolist() == [1 / 3] * 3
    # The first message of each customer in the year counts, and that of ten days ago is too young in any case.
    assert topics[["customers", "returned"]].to_numpy().tolist() == [[40, 20], [0, 0], [40, 10]]
    late = topics.set_index("topic").loc["gecikti, paket"]
    assert late["retention_rate"] == 10 / 40
    assert late["difference"] == 10 / 40 - 20 / 40
    assert [late["low"], late["high"]] == list(wilson(10, 40))
    assert [late["difference_low"], late["difference_high"]] == list(newcombe(10, 40, 20, 40))
    assert topics["is_small"].tolist() == [False, True, False]


def test_months_are_those_of_the_calendar() -> None:
    _, months = told(SHOP)
    assert months["month"].drop_duplicates().tolist() == [
        *(date(2024, month, 1) for month in range(7, 13)),
        *(date(2025, month, 1) for month in range(1, 7)),
    ]
    assert months["is_complete"].all()
    by = months.set_index(["topic", "month"])
    # 91 days before July 1st is April 1st, 10 days before is June 21st.
    for topic, month, messages, share in [
        ("gecikti, paket", date(2025, 4, 1), 40, 0.5),
        ("broken, cup", date(2025, 4, 1), 40, 0.5),
        ("falsche, rechnung", date(2025, 4, 1), 0, 0.0),
        ("falsche, rechnung", date(2025, 6, 1), 40, 1.0),
    ]:
        assert by.loc[(topic, month), ["messages", "share"]].tolist() == [messages, share]
    assert months["messages"].sum() == 120
    assert months[months["month"] == date(2025, 5, 1)]["share"].isna().all(), "nobody wrote in May"
    _, later = told(SHOP, date(2025, 7, 2))
    assert later[~later["is_complete"]]["month"].unique().tolist() == [date(2025, 7, 1)]
    assert later["month"].nunique() == 13


def test_few_messages_are_counted_and_have_no_topic() -> None:
    few = SHOP | {"complaints": COMPLAINTS.iloc[:99]}
    topics, months = told(few)
    assert topics[["topic", "messages"]].to_numpy().tolist() == [[TOO_FEW, 99]]
    assert topics[["customers", "returned"]].to_numpy().tolist() == [[80, 30]]
    assert pd.isna(topics["difference"].iloc[0])
    assert set(months["topic"]) == {TOO_FEW}
    assert told(SHOP | {"complaints": COMPLAINTS.iloc[:100]})[0]["topic"].tolist()[:1] == ["broken, cup"]


def test_without_texts_nothing_is_told() -> None:
    for tables in (
        {"orders": SHOP["orders"]},
        SHOP | {"complaints": COMPLAINTS.drop(columns="text")},
        SHOP | {"complaints": COMPLAINTS.assign(text="")},
    ):
        topics, months = told(tables)
        full = told(SHOP)
        assert (len(topics), len(months)) == (0, 0)
        assert list(topics) == list(full[0])
        assert list(months) == list(full[1])


def test_rare_topics_go_under_other_and_no_sentence_is_shown() -> None:
    secret = "Ayşe Yıldız from Bursa"
    rare = complaints_of((customers("a", 19), 50, "Rude clerk"), (customers("b", 3), 50, secret))
    tables = SHOP | {"complaints": pd.concat([COMPLAINTS, rare]).assign(complaint_id=lambda t: range(len(t)))}
    topics, _ = told(tables)
    assert topics["topic"].tolist() == [*TOPICS, "other"]
    assert topics["messages"].tolist() == [40, 40, 40, 22]
    # Five customers must share a word, and more where more are asked for.
    assert "bursa" not in str(topics).lower()
    assert "other" in told(SHOP, shared_by=41)[0]["topic"].tolist()
    one = complaints_of((["a00"] * 40, 91, LATE), (customers("b", 40), 91, BROKEN), (customers("c", 40), 91, BILL))
    assert told(SHOP | {"complaints": one})[0]["topic"].tolist() == [*TOPICS[:2], "other"], "one customer is no topic"


def test_of_many_messages_those_of_some_customers_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_text, "MOST_MESSAGES", 110)
    topics, _ = told(SHOP)
    assert 60 < topics["messages"].sum() < 120
    late, bill = (topics.set_index("topic").loc[TOPICS[place], "writers"] for place in (2, 1))
    assert late == bill < 40, "whole customers are drawn: the a wrote of both"
