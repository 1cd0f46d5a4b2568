"""What customers write in reviews and complaints: topics as words, over time, and who ordered again after them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnml.analytics.afterwards import SETTLING_DAYS, against_the_rest, count_returned, first_of_each
from churnml.analytics.groups import OTHER
from churnml.data.draw import place_below, place_of
from churnml.data.history import History
from churnml.definition import ChurnDefinition
from churnml.statistics.topics import find_topics

TOO_FEW = "too few messages"
"""Value of a source that has not enough messages for topics."""
FEWEST_MESSAGES = 100
"""Messages of a source from which on topics are looked for."""
TOPIC_MESSAGES = 20
"""Messages below which a topic goes under ``other``."""
MOST_MESSAGES = 20_000
"""Messages, about, that are read of a source: where there are more, customers are drawn by their ids."""
MONTHS = 12
"""Whole months whose messages are counted; the month of the day comes on top."""

_SOURCES = {"complaints": ("opened_at", "complaint_id"), "reviews": ("submitted_at", "review_id")}
_PER_TOPIC, _MOST_TOPICS = 30, 8
_FEWEST_CUSTOMERS = 5
_LETTERS = 2_000
_YEAR_DAYS = 365


def compute_text_topics(
    history: History, definition: ChurnDefinition, *, shared_by: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Show what customers write about in complaints and reviews, over time, and who ordered again after it.

    Topics are found among the messages of the last 365 + 30 + ``horizon_days`` days (`churnml.statistics.topics`): one
    for every 30 messages, at most 8, and none below 100. A message has the topic that weighs most in it. No sentence of
    a customer is shown, only words that at least five customers use.

    Who ordered again is told as in `churnml.analytics.afterwards`, of the first message of each customer in a year. It
    is an association and no effect.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is the time to come back.
    shared_by : int, optional
        Number of customers who must use a word before it is shown, and share a topic; five always must.

    Returns
    -------
    topics : pandas DataFrame
        For each ``source`` with texts (``complaints``, ``reviews``) a row per ``topic`` (its words, those of most
        messages first; then ``other``: less than 20 messages, or no word that enough customers use): ``messages``,
        ``writers`` (customers who wrote them), ``share`` of the source's messages; ``customers`` whose first message of
        the year had the topic, ``returned``, ``retention_rate``, ``low``, ``high``, ``difference`` from the customers
        whose message had not, ``difference_low``, ``difference_high``, ``is_small``. Below 100 messages the only topic
        is ``too few messages``.
    months : pandas DataFrame
        A row per ``source``, ``topic`` and ``month`` (its first day), the 12 whole months before the day and the
        running one: ``messages``, their ``share`` of the month's (null in a month without any), and ``is_complete``.
    """
    topics, months = [], []
    for source in _SOURCES:
        if history.shop.has(source, ["text"]):
            messages, first = _read(history, definition, source)
            messages["topic"] = _assign(messages, max(shared_by, _FEWEST_CUSTOMERS))
            counted = _count(messages, first)
            topics.append(counted.assign(source=source))
            months.append(_by_month(messages, counted["topic"], history).assign(source=source))
    nobody = pd.DataFrame({"customer_id": [], "id": [], "days_ago": [], "topic": []}, dtype="str")
    empty = _count(nobody, nobody[["id"]].assign(returned=0)).assign(source="")
    no_months = _by_month(nobody, empty["topic"], history).assign(source="")
    return _together(topics, empty), _together(months, no_months)


def _together(tables: list[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """Put the tables that have rows together, the source first."""
    table = pd.concat([each for each in tables if len(each)] or [empty], ignore_index=True)
    return table[["source", *table.columns.drop("source")]].astype({"source": "str", "topic": "str"})


def _read(history: History, definition: ChurnDefinition, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the messages of a source, and the first of each customer with whether they ordered again."""
    time, key = _SOURCES[source]
    rows = history.table(source)
    rows = rows.filter(
        history.within(rows[time], _YEAR_DAYS + SETTLING_DAYS + definition.horizon_days), rows.text.strip() != ""
    )
    count = int(rows.count().to_pandas())
    if count > MOST_MESSAGES:
        rows = rows.filter(place_of(rows.customer_id) < place_below(MOST_MESSAGES / count))
    messages = rows.select(
        "customer_id", id=rows[key], days_ago=history.days_since(rows[time]), text=rows.text.substr(0, _LETTERS)
    )
    first = first_of_each(history, definition, rows.select("customer_id", key, time), time, key)
    return messages.order_by("id").to_pandas(), first[[key, "returned"]].rename(columns={key: "id"})


def _assign(messages: pd.DataFrame, fewest: int) -> pd.Series:
    """Return the topic of each message: its words, or ``other``."""
    if len(messages) < FEWEST_MESSAGES:
        return pd.Series(TOO_FEW, messages.index, dtype="str")
    count = min(len(messages) // _PER_TOPIC, _MOST_TOPICS)
    found = find_topics(messages["text"].tolist(), messages["customer_id"].tolist(), count, fewest)
    names = np.array([*(", ".join(words) for words in found.words), OTHER], dtype=object)
    topic = pd.Series(names[found.of], messages.index, dtype="str")
    groups = messages["customer_id"].groupby(topic)
    is_known = (groups.transform("size") >= TOPIC_MESSAGES) & (groups.transform("nunique") >= fewest)
    return topic.where(is_known, OTHER)


def _count(messages: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """Count the messages of each topic, their writers, and those who ordered again after the first."""
    groups = messages.groupby("topic")["customer_id"]
    table = pd.DataFrame({"messages": groups.size(), "writers": groups.nunique()}).astype("int64").reset_index()
    table["share"] = table["messages"] / len(messages)
    topic = first["id"].map(messages.set_index("id")["topic"])
    counts = count_returned(topic, first["returned"]).set_index("value").reindex(table["topic"], fill_value=0)
    table[["customers", "returned"]] = counts[["customers", "returned"]].to_numpy()
    table = against_the_rest(table.sort_values(["messages", "topic"], ascending=[False, True]))
    last = table["topic"] == OTHER
    return pd.concat([table[~last], table[last]], ignore_index=True)


def _by_month(messages: pd.DataFrame, topics: pd.Series, history: History) -> pd.DataFrame:
    """Count the messages of each topic in the newest months."""
    day = pd.Timestamp(history.snapshot_date)
    newest = (day - pd.Timedelta(days=1)).to_period("M")
    months = pd.period_range(end=newest, periods=MONTHS + (day.day > 1), freq="M").to_timestamp()
    written = messages["days_ago"].map(lambda days: (day - pd.Timedelta(days=days)).replace(day=1)).rename("month")
    counts = messages.groupby(["topic", written]).size()
    grid = pd.MultiIndex.from_product([topics, months], names=["topic", "month"])
    table = counts.reindex(grid, fill_value=0).rename("messages").reset_index()
    totals = table.groupby("month")["messages"].transform("sum")
    is_complete = table["month"] < day.to_period("M").to_timestamp()
    share = table["messages"] / totals.where(totals > 0)
    return table.assign(month=table["month"].dt.date, share=share, is_complete=is_complete)
