"""A shop as known on one day: the two clocks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from churnml.data.contract import TABLES, Table
from churnml.data.history import History
from churnml.data.shop import Shop
from tests.data.unchecked import unchecked

SNAPSHOT = date(2024, 3, 1)  # the day after a leap day
NOW = datetime.combine(SNAPSHOT, time.min)
BEFORE = NOW - timedelta(microseconds=1)
AFTER = NOW + timedelta(days=1)
LONG_AGO = NOW - timedelta(days=40)

Rows = list[dict[str, Any]]


def shop(tables: Mapping[str, Rows]) -> Shop:
    """A shop without a check; missing columns are null."""
    return unchecked({name: pd.DataFrame(rows).astype(object) for name, rows in tables.items() if rows})


def known(tables: Mapping[str, Rows], name: str, column: str, snapshot: date = SNAPSHOT) -> list[Any]:
    frame = History(shop(tables), snapshot).table(name).to_pandas()
    return [None if pd.isna(value) else value for value in frame.sort_values(list(TABLES[name].key))[column]]


def order(order_id: str, ordered_at: datetime, **more: Any) -> dict[str, Any]:
    return {"order_id": order_id, "customer_id": "c", "ordered_at": ordered_at, "amount": 1, **more}


ORDERS = [order("1", LONG_AGO), order("2", BEFORE), order("3", NOW), order("4", AFTER)]


def test_rows_are_visible_before_midnight_only() -> None:
    assert known({"orders": ORDERS}, "orders", "order_id") == ["1", "2"]
    assert known({"orders": ORDERS}, "orders", "order_id", date(2024, 3, 2)) == ["1", "2", "3"]
    assert known({"orders": ORDERS}, "orders", "order_id", date(2024, 2, 29)) == ["1"]


def test_rows_are_visible_once_recorded() -> None:
    rows = [
        order("1", LONG_AGO, recorded_at=BEFORE),
        order("2", LONG_AGO, recorded_at=NOW),
        order("3", LONG_AGO, recorded_at=None),
        order("4", NOW, recorded_at=LONG_AGO),
    ]
    assert known({"orders": rows}, "orders", "order_id") == ["1", "3"]
    assert "recorded_at" not in History(shop({"orders": rows}), SNAPSHOT).table("orders").columns


def test_a_cancellation_of_tomorrow_is_not_known() -> None:
    rows = [order(str(i), LONG_AGO, cancelled_at=at) for i, at in enumerate([None, BEFORE, NOW, AFTER])]
    assert known({"orders": rows}, "orders", "cancelled_at") == [None, pd.Timestamp(BEFORE), None, None]
    history = History(shop({"orders": rows}), SNAPSHOT)
    assert sorted(history.uncancelled_orders.to_pandas().order_id) == ["0", "2", "3"]


@pytest.mark.slow
def test_an_order_delivered_tomorrow_is_under_way() -> None:
    rows = [
        {"order_id": "1", "promised_at": AFTER, "shipped_at": BEFORE, "delivered_at": NOW},
        {"order_id": "2", "promised_at": BEFORE, "shipped_at": None, "delivered_at": BEFORE},
        {"order_id": "3", "promised_at": BEFORE, "shipped_at": BEFORE, "delivered_at": BEFORE},
        {"order_id": "9", "promised_at": BEFORE, "shipped_at": BEFORE, "delivered_at": BEFORE},
    ]
    tables = {"orders": ORDERS, "deliveries": rows}
    # Deliveries begin with their order: that of order 3 is not seen yet, order 9 does not exist.
    assert known(tables, "deliveries", "order_id") == ["1", "2"]
    assert known(tables, "deliveries", "promised_at") == [pd.Timestamp(AFTER), pd.Timestamp(BEFORE)]
    assert known(tables, "deliveries", "shipped_at") == [pd.Timestamp(BEFORE), None]
    assert known(tables, "deliveries", "delivered_at") == [None, pd.Timestamp(BEFORE)]
    assert known(tables, "deliveries", "customer_id") == ["c", "c"]
    assert known(tables, "deliveries", "ordered_at") == [pd.Timestamp(LONG_AGO), pd.Timestamp(BEFORE)]


def test_order_items_begin_with_their_order_and_their_own_record() -> None:
    orders = [order("1", LONG_AGO, cancelled_at=BEFORE), order("2", BEFORE, recorded_at=NOW), order("3", NOW)]
    items = [
        {"order_id": order_id, "product_id": "p", "quantity": 1, "unit_price": price, "recorded_at": recorded}
        for order_id, price, recorded in [("1", 1, BEFORE), ("1", 2, NOW), ("2", 3, BEFORE), ("3", 4, BEFORE)]
    ]
    tables = {"orders": orders, "order_items": items}
    assert known(tables, "order_items", "unit_price") == [1]
    assert known(tables, "order_items", "order_cancelled") == [True]
    assert known(tables, "order_items", "order_cancelled", date(2024, 2, 29)) == []


def test_a_complaint_resolved_tomorrow_is_open() -> None:
    rows = [
        {
            "complaint_id": "1",
            "customer_id": "c",
            "opened_at": LONG_AGO,
            "first_response_at": BEFORE,
            "resolved_at": NOW,
        },
        {"complaint_id": "2", "customer_id": "c", "opened_at": NOW, "first_response_at": NOW, "resolved_at": NOW},
    ]
    assert known({"orders": ORDERS, "complaints": rows}, "complaints", "resolved_at") == [None]
    assert known({"orders": ORDERS, "complaints": rows}, "complaints", "first_response_at") == [pd.Timestamp(BEFORE)]


def test_what_a_customer_does_with_a_message_tomorrow_is_not_known() -> None:
    rows = [
        {
            "contact_id": "1",
            "customer_id": "c",
            "campaign": "x",
            "sent_at": LONG_AGO,
            "opened_at": BEFORE,
            "clicked_at": NOW,
        }
    ]
    assert known({"orders": ORDERS, "contacts": rows}, "contacts", "opened_at") == [pd.Timestamp(BEFORE)]
    assert known({"orders": ORDERS, "contacts": rows}, "contacts", "clicked_at") == [None]


def sent(offers: bool) -> History:
    rows = [
        {"contact_id": str(place), "customer_id": "c", "campaign": "x", "sent_at": at, "arm": arm, "offer": offer}
        for place, (at, arm, offer) in enumerate(
            [
                *((BEFORE, "treatment", "10 %"), (BEFORE, "control", "10 %"), (BEFORE, None, "10 %")),
                *((BEFORE, None, None), (NOW, "treatment", "10 %")),
            ]
        )
    ]
    kept = [row if offers else {name: value for name, value in row.items() if name != "offer"} for row in rows]
    return History(shop({"orders": ORDERS, "contacts": kept}), SNAPSHOT)


def test_a_control_group_was_sent_nothing() -> None:
    assert sorted(sent(True).sent_contacts.to_pandas().contact_id) == ["0", "2", "3"]
    assert sorted(sent(True).treatments("y").to_pandas().contact_id) == ["0", "2"]
    # A contact of the campaign treats, whatever it held.
    assert sorted(sent(True).treatments("x").to_pandas().contact_id) == ["0", "2", "3"]
    # A shop that names no offers may have made one in every contact.
    assert sorted(sent(False).treatments("y").to_pandas().contact_id) == ["0", "2", "3"]


def test_a_message_of_no_campaign_treats_by_its_offer_alone() -> None:
    rows = [
        {"contact_id": name, "customer_id": "c", "campaign": campaign, "sent_at": BEFORE, "offer": offer}
        for name, campaign, offer in [("a", None, None), ("b", None, "10 %"), ("c", "x", None), ("d", "y", None)]
    ]
    history = History(shop({"orders": ORDERS, "contacts": rows}), SNAPSHOT)
    assert sorted(history.treatments("x").to_pandas().contact_id) == ["b", "c"]
    assert sorted(history.treatments("x", "y").to_pandas().contact_id) == ["b", "c", "d"]


def test_a_history_of_some_orders_knows_what_belongs_to_them() -> None:
    rows = [{"order_id": order_id, "promised_at": AFTER} for order_id in ("1", "2")]
    history = History(shop({"orders": ORDERS, "deliveries": rows}), SNAPSHOT)
    raw = history.shop.tables["orders"]
    some = history.of_orders(raw.filter(raw.order_id != "1"))
    assert sorted(some.table("orders").to_pandas().order_id) == ["2"]
    assert sorted(some.table("deliveries").to_pandas().order_id) == ["2"]
    assert some.snapshot_date == SNAPSHOT


@pytest.mark.slow
def test_a_cancelled_subscription_tells_its_reason_with_the_time_and_its_plan_from_the_start() -> None:
    rows = [
        {
            "subscription_id": str(place),
            "customer_id": "c",
            "started_at": LONG_AGO,
            "ended_at": ended,
            "cancelled_at": cancelled,
            "cancel_reason": "price",
        }
        for place, (ended, cancelled) in enumerate(
            [
                (AFTER, BEFORE),
                (AFTER, NOW),
                (None, None),
                (NOW, None),
                (BEFORE, None),
                (NOW + timedelta(microseconds=1), None),
            ]
        )
    ]
    tables = {"orders": ORDERS, "subscriptions": rows}
    assert known(tables, "subscriptions", "cancelled_at") == [pd.Timestamp(BEFORE), *[None] * 5]
    assert known(tables, "subscriptions", "cancel_reason") == ["price", *[None] * 5]
    assert known(tables, "subscriptions", "ended_at")[1] == pd.Timestamp(AFTER)
    running = History(shop(tables), SNAPSHOT).running_subscriptions
    # 0 is cancelled; 3 ends as the snapshot begins, 4 has ended.
    assert sorted(running.to_pandas().subscription_id) == ["1", "2", "5"]


def test_the_first_day_is_that_of_the_first_order_or_the_day_itself() -> None:
    made = shop({"orders": ORDERS})
    assert History(made, SNAPSHOT).first_day == LONG_AGO.date()
    assert History(made, SNAPSHOT).first_day == LONG_AGO.date(), "asked again"
    assert History(made, date(2024, 1, 1)).first_day == date(2024, 1, 1)


def test_an_old_order_that_is_recorded_late_moves_no_first_day() -> None:
    week = timedelta(days=7)
    rows = [
        order("1", LONG_AGO, recorded_at=AFTER),
        order("2", NOW - 2 * week, recorded_at=NOW - week),
        order("3", NOW - week, recorded_at=NOW - week),
    ]
    made = shop({"orders": rows})
    assert History(made, SNAPSHOT).first_day == (NOW - 2 * week).date()
    assert History(made, (NOW - week).date()).first_day == (NOW - week).date(), "nothing is known"
    assert History(made, date(2024, 3, 3)).first_day == LONG_AGO.date()


def test_a_subscription_runs_until_it_is_cancelled_or_its_planned_end() -> None:
    common = {"customer_id": "c", "started_at": LONG_AGO}
    rows = [
        {"subscription_id": "open", **common},
        {"subscription_id": "cancelled", **common, "cancelled_at": BEFORE},
        {"subscription_id": "cancelled tomorrow", **common, "cancelled_at": AFTER},
        {"subscription_id": "ended", **common, "ended_at": BEFORE},
        {"subscription_id": "ends at midnight", **common, "ended_at": NOW},
        {"subscription_id": "ends tomorrow", **common, "ended_at": AFTER},
        {"subscription_id": "both", **common, "cancelled_at": BEFORE, "ended_at": AFTER},
    ]
    running = History(shop({"orders": ORDERS, "subscriptions": rows}), SNAPSHOT).running_subscriptions
    assert set(running.to_pandas().subscription_id) == {"open", "cancelled tomorrow", "ends tomorrow"}


def test_a_later_history_knows_what_came_in_between() -> None:
    history = History(shop({"orders": ORDERS}), SNAPSHOT)
    assert history.later(2).snapshot_date == date(2024, 3, 3)
    assert set(history.later(2).table("orders").to_pandas().order_id) == {"1", "2", "3", "4"}
    assert set(history.later(-1).table("orders").to_pandas().order_id) == {"1"}


def test_seconds_are_counted_whole_up_to_midnight() -> None:
    history = History(shop({"orders": [order("1", NOW - timedelta(seconds=90)), order("2", BEFORE)]}), SNAPSHOT)
    orders = history.table("orders")
    found = orders.select("order_id", seconds=history.seconds_since(orders.ordered_at)).to_pandas()
    assert dict(zip(found.order_id, found.seconds, strict=True)) == {"1": 90, "2": 1}


def test_customers_of_unknown_age_are_always_visible() -> None:
    rows = [
        {"customer_id": "a", "signed_up_at": None, "city": "x"},
        {"customer_id": "b", "signed_up_at": BEFORE, "city": "y"},
        {"customer_id": "c", "signed_up_at": NOW, "city": "z"},
        {"customer_id": "d", "signed_up_at": None, "city": "z", "recorded_at": NOW},
    ]
    assert known({"orders": ORDERS, "customers": rows}, "customers", "customer_id") == ["a", "b"]
    assert known({"orders": ORDERS, "customers": rows}, "customers", "city") == ["x", "y"]


@pytest.mark.parametrize(
    ("days", "inside"),
    [
        (1, ["2024-02-29 00:00", "2024-02-29 23:59:59.999999"]),
        (2, ["2024-02-28 00:00", "2024-02-29 00:00", "2024-02-29 23:59:59.999999"]),
    ],
)
def test_a_window_is_half_open(days: int, inside: list[str]) -> None:
    times = [
        "2024-02-27 23:59:59.999999",
        "2024-02-28 00:00",
        "2024-02-29 00:00",
        "2024-02-29 23:59:59.999999",
        "2024-03-01 00:00",
    ]
    rows = [{"order_id": "1", "promised_at": datetime.fromisoformat(at)} for at in times] + [{"order_id": "1"}]
    history = History(shop({"orders": ORDERS, "deliveries": rows}), SNAPSHOT)
    deliveries = history.table("deliveries")
    found = deliveries.mutate(inside=history.within(deliveries.promised_at, days)).to_pandas()
    assert found.inside.notna().all()
    assert sorted(found[found.inside].promised_at) == [pd.Timestamp(at) for at in inside]


def test_an_earlier_window_ends_where_the_later_one_begins() -> None:
    # [1 March - 3 days, 1 March - 1 day) is 27 and 28 February of a leap year.
    times = ["2024-02-26 23:59:59", "2024-02-27 00:00", "2024-02-28 23:59:59", "2024-02-29 00:00", "2024-03-01 00:00"]
    rows = [{"order_id": "1", "promised_at": datetime.fromisoformat(at)} for at in times]
    history = History(shop({"orders": ORDERS, "deliveries": rows}), SNAPSHOT)
    deliveries = history.table("deliveries")
    found = deliveries.mutate(inside=history.within(deliveries.promised_at, 2, ago=1)).to_pandas()
    assert sorted(found[found.inside].promised_at) == [pd.Timestamp(at) for at in times[1:3]]


@pytest.mark.slow
@settings(max_examples=10)
@given(
    snapshot=st.dates(date(1985, 1, 1), date(2090, 1, 1)) | st.sampled_from([date(2024, 2, 29), date(2000, 3, 1)]),
    offsets=st.lists(
        st.integers(-400 * 86_400, 400 * 86_400) | st.sampled_from([0, -1, 1, 86_400, -86_400]), min_size=1, max_size=15
    ),
    days=st.integers(1, 400),
)
def test_windows_and_days_are_those_of_the_calendar(snapshot: date, offsets: list[int], days: int) -> None:
    now = datetime.combine(snapshot, time.min)
    times = [now + timedelta(seconds=offset) for offset in offsets]
    rows = [order(f"{place:02}", at) for place, at in enumerate(times)]
    history = History(shop({"orders": rows}), snapshot)
    orders = history.table("orders")
    found = orders.mutate(inside=history.within(orders.ordered_at, days), ago=history.days_since(orders.ordered_at))
    result = found.order_by("order_id").to_pandas()
    seen = [at for at in times if at < now]
    assert result.ordered_at.tolist() == [pd.Timestamp(at) for at in seen]
    assert result.inside.tolist() == [at >= now - timedelta(days=days) for at in seen]
    assert result.ago.tolist() == [(snapshot - at.date()).days for at in seen]


MOMENTS = [
    *(LONG_AGO, NOW - timedelta(days=1), BEFORE, NOW, NOW + timedelta(microseconds=1), AFTER),
    NOW + timedelta(days=400),
]
FUTURE = [moment for moment in MOMENTS if moment >= NOW]


def random_row(table: Table, random: Random, name: str) -> dict[str, Any]:
    values: dict[str, list[Any]] = {
        "id": ["a", "b", "c", None],
        "text": ["x", "y", None],
        "flag": [True, False, None],
        "number": [0.0, 1.5, None],
        "money": [0, 1.25, None],
        "time": [*MOMENTS, None],
        "plan": [*MOMENTS, None],
    }
    row = {column.name: random.choice(values[column.type]) for column in table.columns}
    row["recorded_at"] = random.choice([None, None, LONG_AGO, BEFORE, NOW, AFTER])
    if table.event_time is None:
        row["order_id"] = f"orders-{random.randrange(40)}"
    elif table.key[0] != "customer_id" or table.name == "customers":
        row[table.key[0]] = name
    if table.event_time is not None and table.name != "customers":
        row[table.event_time] = random.choice(MOMENTS)
    return row


def is_visible(row: dict[str, Any], table: Table, visible_orders: set[str]) -> bool:
    if row["recorded_at"] is not None and row["recorded_at"] >= NOW:
        return False
    if table.event_time is None:
        return row["order_id"] in visible_orders
    return row[table.event_time] is None or row[table.event_time] < NOW


def with_another_future(row: dict[str, Any], table: Table, random: Random) -> dict[str, Any]:
    """The same row as far as it is known: what is not known yet becomes anything."""
    other = dict(row)
    for column in table.columns:
        late = column.type == "time" and column.name != table.event_time
        if late and (row[column.name] is None or row[column.name] >= NOW):
            other[column.name] = random.choice([None, *FUTURE])
        with_ = column.known_with and row[column.known_with]
        if column.known_with and (with_ is None or with_ >= NOW):
            other[column.name] = random.choice(["other", None])
    return other


@pytest.mark.slow
@settings(max_examples=2)
@given(st.integers(0, 2**32))
def test_nothing_at_or_after_the_snapshot_changes_what_is_known(seed: int) -> None:
    random = Random(seed)
    before: dict[str, Rows] = {}
    after: dict[str, Rows] = {}
    visible_orders: set[str] = set()
    for name, table in TABLES.items():
        before[name] = [random_row(table, random, f"{name}-{place}") for place in range(40)]
        visible = [row for row in before[name] if is_visible(row, table, visible_orders)]
        if name == "orders":
            visible_orders = {row["order_id"] for row in visible}
        after[name] = [with_another_future(row, table, random) for row in visible]
        # Rows that are not visible yet are edited, deleted or new.
        for place in range(random.randrange(1, 30)):
            row = random_row(table, random, f"{name}-new-{place}")
            after[name].append(row if not is_visible(row, table, visible_orders) else row | {"recorded_at": AFTER})
        random.shuffle(after[name])
    then, now = History(shop(before), SNAPSHOT), History(shop(after), SNAPSHOT)
    for name in TABLES:
        columns = then.table(name).columns
        assert columns == now.table(name).columns
        frames = [history.table(name).to_pandas() for history in (then, now)]
        first, second = (frame.sort_values(list(frame.columns), ignore_index=True) for frame in frames)
        assert_frame_equal(first, second)
