"""Who is looked at, and who left: worked out by hand."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnml.data.history import History
from churnml.data.population import (
    MIN_SNAPSHOTS,
    Churned,
    count_churned,
    eligible,
    eligible_by_orders,
    exclusions,
    labels,
    resolve_day,
    training_snapshots,
    treated,
)
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from tests.data.unchecked import unchecked

SNAPSHOT = date(2024, 3, 1)
# Active from 31 January (30 days before 1 March 2024, a leap year); the window is [8 March, 18 March).
DEFINITION = ChurnDefinition(active_days=30, lead_days=7, horizon_days=10)
END = date(2024, 3, 18)

Order = tuple[Any, ...]


def shop(orders: Sequence[Order], **tables: pd.DataFrame) -> Shop:
    """A shop from (customer, time[, amount[, cancelled_at]])."""
    rows = [
        {
            "order_id": place,
            "customer_id": customer,
            "ordered_at": at,
            "amount": amount[0] if amount else 1,
            "cancelled_at": amount[1] if len(amount) > 1 else "",
        }
        for place, (customer, at, *amount) in enumerate(orders)
    ]
    return unchecked({"orders": pd.DataFrame(rows), **tables})


def frame(of: Shop, definition: ChurnDefinition = DEFINITION, snapshot: date = SNAPSHOT) -> dict[str, Any]:
    found = eligible(History(of, snapshot), definition).to_pandas()
    assert list(found.columns) == ["customer_id", "last_order_at"]
    assert found.customer_id.is_unique
    return dict(zip(found.customer_id, found.last_order_at, strict=True))


def test_the_active_window_is_half_open() -> None:
    orders = shop(
        [
            ("too early", "2024-01-30 23:59:59.999999"),
            ("first moment", "2024-01-31 00:00"),
            ("last moment", "2024-02-29 23:59:59.999999"),
            ("too late", "2024-03-01 00:00"),
            ("twice", "2024-02-01"),
            ("twice", "2024-02-10"),
            ("twice", "2024-03-10"),
        ]
    )
    assert frame(orders) == {
        "first moment": pd.Timestamp("2024-01-31"),
        "last moment": pd.Timestamp("2024-02-29 23:59:59.999999"),
        "twice": pd.Timestamp("2024-02-10"),
    }


def test_cancelled_orders_count_as_known_on_the_day() -> None:
    orders = shop(
        [
            ("cancelled before", "2024-02-10", 1, "2024-02-29 23:59:59"),
            ("cancelled later", "2024-02-10", 1, "2024-03-01"),
            ("one stands", "2024-02-10", 1, "2024-02-11"),
            ("one stands", "2024-02-05"),
        ]
    )
    assert frame(orders) == {
        "cancelled later": pd.Timestamp("2024-02-10"),
        "one stands": pd.Timestamp("2024-02-05"),
    }


def test_orders_tell_who_is_eligible_where_they_decide() -> None:
    history = History(shop([("twice", "2024-01-02"), ("twice", "2024-02-10"), ("early", "2024-01-02")]), SNAPSHOT)
    orders = history.uncancelled_orders
    told = orders.group_by("customer_id").aggregate(told=eligible_by_orders(history, orders, DEFINITION)).to_pandas()
    assert dict(zip(told.customer_id, told.told, strict=True)) == {"twice": True, "early": False}
    assert eligible_by_orders(history, orders, SPEND) is None


def test_the_label_window_is_half_open_and_begins_after_the_lead() -> None:
    at = {
        "in the lead": "2024-03-07 23:59:59.999999",
        "first moment": "2024-03-08 00:00",
        "last moment": "2024-03-17 23:59:59.999999",
        "too late": "2024-03-18 00:00",
    }
    orders = shop([(name, "2024-02-20") for name in (*at, "never")] + list(at.items()) + [("new", "2024-03-10")])
    found = labels(orders, SNAPSHOT, DEFINITION, END)
    assert found.to_dict() == {
        "first moment": 0.0,
        "in the lead": 1.0,
        "last moment": 0.0,
        "never": 1.0,
        "too late": 1.0,
    }
    assert list(found.index) == sorted(found.index)
    assert (found.name, found.index.name, found.dtype) == ("churned", "customer_id", "float64")


def test_an_order_of_the_window_stands_as_known_at_its_end() -> None:
    orders = shop(
        [(name, "2024-02-20") for name in ("cancelled in time", "cancelled later")]
        + [
            ("cancelled in time", "2024-03-10", 1, "2024-03-17 23:59:59"),
            ("cancelled later", "2024-03-10", 1, "2024-03-18"),
        ]
    )
    assert labels(orders, SNAPSHOT, DEFINITION, END).to_dict() == {"cancelled in time": 1.0, "cancelled later": 0.0}
    # The same with more data behind it: a label never changes.
    assert labels(orders, SNAPSHOT, DEFINITION, date(2030, 1, 1)).to_dict() == {
        "cancelled in time": 1.0,
        "cancelled later": 0.0,
    }


def test_a_window_that_is_not_over_gives_null_and_never_0() -> None:
    orders = shop([("a", "2024-02-20"), ("b", "2024-02-21"), ("a", "2024-03-09")])
    found = labels(orders, SNAPSHOT, DEFINITION, END - timedelta(days=1))
    assert list(found.index) == ["a", "b"]
    assert found.isna().all()
    assert (found.name, found.index.name, found.dtype) == ("churned", "customer_id", "float64")


def test_nobody_eligible_gives_no_labels() -> None:
    orders = shop([("a", "2023-01-01"), ("a", "2025-01-01")])
    for end in (END, END - timedelta(days=1)):
        found = labels(orders, SNAPSHOT, DEFINITION, end)
        assert (len(found), found.name, found.dtype) == (0, "churned", "float64")


@pytest.mark.slow
def test_exclusions_are_counted_by_reason() -> None:
    customers = pd.DataFrame(
        {"customer_id": ["a", "b", "c", "d", "x", "y", "z"], "signed_up_at": [""] * 5 + ["2024-02-29", "2024-03-01"]}
    )
    orders = [
        ("a", "2024-02-20"),  # eligible
        ("b", "2024-01-01"),  # too long ago
        ("c", "2024-02-20", 1, "2024-02-21"),  # only cancelled
        ("c", "2023-02-20", 1, "2023-02-21"),
        ("d", "2024-03-01"),  # has not ordered yet
        ("e", "2023-01-01"),  # too long ago, not in the table of customers
        ("e", "2024-02-01", 1, "2024-02-02"),
    ]
    # x and y never ordered and d has not yet; z is not known before March.
    assert exclusions(History(shop(orders, customers=customers), SNAPSHOT), DEFINITION) == {
        "no order in the last 30 days": 2,
        "only cancelled orders": 1,
        "never ordered": 3,
    }
    assert exclusions(History(shop(orders), SNAPSHOT), DEFINITION) == {
        "no order in the last 30 days": 2,
        "only cancelled orders": 1,
    }
    assert exclusions(History(shop([("a", "2024-02-20")]), SNAPSHOT), DEFINITION) == {}


# -- spend_drop: churned if later spend x days < share x past spend x horizon

SPEND = ChurnDefinition(kind="spend_drop", active_days=100, horizon_days=10, spend_share=0.5)
SPEND_END = date(2024, 3, 11)


def test_a_drop_is_measured_against_the_own_past_rate() -> None:
    # 100 days before 1 March 2024 is 22 November 2023. An old customer with 200 in 100 days spends 20 in 10 days;
    # half of that is 10. Exactly half is no drop.
    past = [("2023-01-01", 1_000), ("2023-11-22", 150), ("2024-02-29", 50)]
    later = {"kept": 10, "dropped": 9.9999, "nothing": 0}
    orders = [(name, at, amount) for name in later for at, amount in past]
    orders += [(name, "2024-03-10 23:59", amount) for name, amount in later.items() if amount]
    found = labels(shop(orders), SNAPSHOT, SPEND, SPEND_END)
    assert found.to_dict() == {"dropped": 1.0, "kept": 0.0, "nothing": 1.0}


def test_no_order_is_a_drop_however_little_was_spent_before() -> None:
    # 10 in 100 days are 1 in 10 days, and half of that is .50: a later spend of 1 reaches it, and one of nothing not.
    orders = [(name, "2023-11-22", 10) for name in ("kept", "nothing")] + [("kept", "2024-03-05", 1)]
    assert labels(shop(orders), SNAPSHOT, SPEND, SPEND_END).to_dict() == {"kept": 0.0, "nothing": 1.0}


def test_the_share_is_compared_to_the_last_cent() -> None:
    # 100 in 100 days are 10 in 10 days; three quarters of that are 7.50.
    orders = [(name, "2023-11-22", 100) for name in ("kept", "dropped")]
    orders += [("kept", "2024-03-01", 7.5), ("dropped", "2024-03-01", 7.4999)]
    definition = ChurnDefinition(kind="spend_drop", active_days=100, horizon_days=10, spend_share=0.75)
    assert labels(shop(orders), SNAPSHOT, definition, SPEND_END).to_dict() == {"dropped": 1.0, "kept": 0.0}


def test_who_spent_half_a_euro_has_spent_and_drops_without_an_order() -> None:
    of = shop([("little", "2024-02-01", 0.5), ("other", "2024-03-10", 1)])
    assert frame(of, SPEND) == {"little": pd.Timestamp("2024-02-01")}
    assert labels(of, SNAPSHOT, SPEND, SPEND_END).to_dict() == {"little": 1.0}


def test_a_newer_customer_earned_it_over_fewer_days() -> None:
    # First order 20 days before: 80 in 20 days is 40 in 10 days, half of that is 20.
    orders = [(name, at, 40) for name in ("kept", "dropped") for at in ("2024-02-10 23:00", "2024-02-20")]
    orders += [("kept", "2024-03-01", 20), ("dropped", "2024-03-01", 19.99)]
    assert labels(shop(orders), SNAPSHOT, SPEND, SPEND_END).to_dict() == {"dropped": 1.0, "kept": 0.0}


def test_a_first_order_is_no_daily_habit() -> None:
    # First order yesterday: 80 counts as earned over the horizon's 10 days, not over one; half of it is 40.
    orders = [("kept", "2024-02-29", 80), ("kept", "2024-03-02", 40), ("dropped", "2024-02-29", 80)]
    orders += [("dropped", "2024-03-02", 39.99)]
    assert labels(shop(orders), SNAPSHOT, SPEND, SPEND_END).to_dict() == {"dropped": 1.0, "kept": 0.0}
    # Where the active window is shorter than the horizon, it is the least: 80 in 5 days is 160 in 10, half is 80.
    short = SPEND.model_copy(update={"active_days": 5})
    orders = [("kept", "2024-02-29", 80), ("kept", "2024-03-02", 80), ("dropped", "2024-02-29", 80)]
    orders += [("dropped", "2024-03-02", 79.99)]
    assert labels(shop(orders), SNAPSHOT, short, SPEND_END).to_dict() == {"dropped": 1.0, "kept": 0.0}


def test_cancelled_spend_is_no_spend_as_known() -> None:
    past = [(name, "2023-11-22", 200) for name in ("a", "b", "c", "d")]
    orders = [
        *past,
        ("a", "2024-02-01", 800, "2024-02-29"),  # known as cancelled: her past is 200, half a tenth of it 10
        ("a", "2024-03-01", 10),
        ("b", "2024-02-01", 800, "2024-03-01"),  # not cancelled yet on the snapshot: her past is 1,000, and 10 < 50
        ("b", "2024-03-01", 10),
        ("c", "2024-03-01", 10, "2024-03-10 23:59"),  # cancelled before the window ends
        ("d", "2024-03-01", 10, "2024-03-11"),  # and after
    ]
    assert labels(shop(orders), SNAPSHOT, SPEND, SPEND_END).to_dict() == {"a": 0.0, "b": 1.0, "c": 1.0, "d": 0.0}


def test_who_spent_nothing_has_nothing_to_drop_from() -> None:
    orders = [("gift", "2024-02-01", 0), ("gift", "2023-02-01", 5), ("late", "2023-02-01", 5), ("a", "2024-02-01", 5)]
    orders += [("a", "2024-02-02", 0)]
    history = History(shop(orders), SNAPSHOT)
    assert frame(history.shop, SPEND) == {"a": pd.Timestamp("2024-02-02")}
    assert exclusions(history, SPEND) == {"no order in the last 100 days": 1, "no spend in the last 100 days": 1}


def test_spend_is_compared_exactly() -> None:
    # A third of 30 days: 0.333 x 90,000,000,000 x 10 / 90 = 3,330,000,000 to the ten-thousandth.
    definition = ChurnDefinition(kind="spend_drop", active_days=90, horizon_days=10, spend_share=0.333)
    orders = [(name, "2023-12-02", "90000000000") for name in ("kept", "dropped")]
    orders += [("kept", "2024-03-01", "3330000000"), ("dropped", "2024-03-01", "3329999999.9999")]
    assert labels(shop(orders), SNAPSHOT, definition, SPEND_END).to_dict() == {"dropped": 1.0, "kept": 0.0}


# -- subscription_end

SUBSCRIPTION = ChurnDefinition(kind="subscription_end", lead_days=7, horizon_days=10)


def subscriptions(rows: dict[str, list[tuple[str, str, str]]]) -> pd.DataFrame:
    """(started, planned end, cancelled) per customer."""
    listed = [(customer, *row) for customer, several in rows.items() for row in several]
    frame = pd.DataFrame(listed, columns=["customer_id", "started_at", "ended_at", "cancelled_at"])
    return frame.assign(subscription_id=range(len(frame)))


PLANS = {
    "goes on": [("2024-01-01", "", "")],
    "ends in the window": [("2024-01-01", "2024-03-10", "")],
    "ends with the window": [("2024-01-01", "2024-03-18", "")],
    "ends a moment later": [("2024-01-01", "2024-03-18 00:00:00.000001", "")],
    "renewed": [("2024-01-01", "2024-03-10", ""), ("2024-03-10", "2025-03-10", "")],
    "renewed too late": [("2024-01-01", "2024-03-10", ""), ("2024-03-18", "2025-03-10", "")],
    "cancelled in the lead": [("2024-01-01", "2025-01-01", "2024-03-01")],
    "cancelled too late": [("2024-01-01", "2025-01-01", "2024-03-18")],
    "cancelled before": [("2024-01-01", "2025-01-01", "2024-02-29 23:59:59")],
    "ended with the snapshot": [("2024-01-01", "2024-03-01", "")],
    "begins tomorrow": [("2024-03-02", "", "")],
    "one of two goes on": [("2024-01-01", "2024-02-01", ""), ("2024-01-01", "", "")],
}


def test_subscribers_leave_when_none_of_their_subscriptions_runs() -> None:
    orders = [
        ("goes on", "2019-05-05"),
        ("goes on", "2020-01-01"),
        ("goes on", "2024-02-20", 1, "2024-02-21"),
        ("never", "2024-02-20"),
    ]
    of = shop(orders, subscriptions=subscriptions(PLANS))
    found = frame(of, SUBSCRIPTION)
    assert found.pop("goes on") == pd.Timestamp("2020-01-01")
    assert all(pd.isna(at) for at in found.values())
    churned = {
        "cancelled in the lead": 1.0,
        "cancelled too late": 0.0,
        "ends a moment later": 0.0,
        "ends in the window": 1.0,
        "ends with the window": 1.0,
        "goes on": 0.0,
        "one of two goes on": 0.0,
        "renewed": 0.0,
        "renewed too late": 1.0,
    }
    assert {*found, "goes on"} == set(churned)
    assert labels(of, SNAPSHOT, SUBSCRIPTION, END).to_dict() == churned
    assert labels(of, SNAPSHOT, SUBSCRIPTION, END - timedelta(days=1)).isna().all()
    # "cancelled before" and "ended with the snapshot"; "never", and "begins tomorrow" is not known at all.
    assert exclusions(History(of, SNAPSHOT), SUBSCRIPTION) == {"subscription ended": 2, "never subscribed": 1}


def test_subscription_end_needs_subscriptions() -> None:
    history = History(shop([("a", "2024-02-20")]), SNAPSHOT)
    with pytest.raises(
        InputError, match=r"^subscriptions: the table is missing, but definition\.kind is subscription_end"
    ):
        eligible(history, SUBSCRIPTION)
    with pytest.raises(InputError, match=r"^subscriptions: the table is missing"):
        exclusions(history, SUBSCRIPTION)


# -- days


def test_training_snapshots_go_back_from_the_last_complete_window() -> None:
    definition = ChurnDefinition(horizon_days=30, lead_days=5)
    # The last: 1 July - 35 days = 27 May; the first not before 1 January + 30 days = 31 January.
    days = training_snapshots(date(2024, 1, 1), date(2024, 7, 1), definition, 40)
    assert [day.isoformat() for day in days] == ["2024-03-08", "2024-04-17", "2024-05-27"]
    days = training_snapshots(date(2024, 1, 1), date(2024, 7, 1), definition, 39)
    assert [day.isoformat() for day in days] == ["2024-01-31", "2024-03-10", "2024-04-18", "2024-05-27"]
    assert training_snapshots(date(2024, 1, 1), date(2024, 7, 1), definition, 39, at_most=2) == days[-2:]


def test_training_snapshots_are_three_where_the_data_allows() -> None:
    definition = ChurnDefinition(horizon_days=30)
    # The last: 31 January; fewer than three would be left, so it goes on to the data's start.
    days = training_snapshots(date(2024, 1, 1), date(2024, 3, 1), definition, 14)
    assert [day.isoformat() for day in days] == ["2024-01-03", "2024-01-17", "2024-01-31"]
    assert training_snapshots(date(2024, 1, 1), date(2024, 3, 1), definition, 20) == [
        date(2024, 1, 11),
        date(2024, 1, 31),
    ]


def test_data_without_a_complete_window_is_refused() -> None:
    definition = ChurnDefinition(horizon_days=30, lead_days=5)
    assert training_snapshots(date(2024, 1, 1), date(2024, 2, 6), definition, 30) == [date(2024, 1, 2)]
    message = "orders: the data covers 2024-01-01 to 2024-02-05, but a complete window needs more than 35 days."
    with pytest.raises(InputError, match=re.escape(message)):
        training_snapshots(date(2024, 1, 1), date(2024, 2, 5), definition, 30)


@given(
    first=st.dates(date(2000, 1, 1), date(2020, 1, 1)),
    length=st.integers(0, 2_000),
    horizon=st.integers(1, 400),
    lead=st.integers(0, 60),
    every=st.integers(1, 365),
    at_most=st.none() | st.integers(1, 5),
)
@settings(deadline=None)
def test_training_snapshots_have_complete_windows_inside_the_data(
    first: date, length: int, horizon: int, lead: int, every: int, at_most: int | None
) -> None:
    definition = ChurnDefinition(horizon_days=horizon, lead_days=lead)
    end = first + timedelta(days=length)
    if length <= horizon + lead:
        with pytest.raises(InputError):
            training_snapshots(first, end, definition, every, at_most)
        return
    days = training_snapshots(first, end, definition, every, at_most)
    assert definition.window(days[-1])[1] == end
    assert all((later - day).days == every for day, later in pairwise(days))
    early = [day for day in days if day < first + timedelta(days=horizon)]
    assert not early or len(days) <= MIN_SNAPSHOTS
    assert days[0] > first
    if len(days) < min(MIN_SNAPSHOTS, at_most or math.inf):
        assert days[0] - timedelta(days=every) <= first


def test_the_data_ends_with_the_start_of_its_last_day_or_as_asked() -> None:
    of = shop([("a", "2024-01-05 10:00"), ("b", "2024-03-05 23:00")])
    assert resolve_day(of, None, 30) == date(2024, 3, 5)
    assert resolve_day(of, date(2024, 1, 6), 30) == date(2024, 1, 6)
    assert resolve_day(of, date(2024, 4, 4), 30) == date(2024, 4, 4)


@pytest.mark.parametrize(
    ("as_of", "message"),
    [
        (date(2024, 1, 5), "2024-01-05: no order lies before it; the first is of 2024-01-05. Name a later day."),
        (date(1000, 1, 1), "1000-01-01: no order lies before it"),
        (date(2024, 4, 5), "2024-04-05: lies more than 30 days after the last order (2024-03-05)"),
        (date(8999, 12, 31), "8999-12-31: lies more than 30 days after the last order"),
    ],
)
def test_a_day_outside_the_data_is_refused(as_of: date, message: str) -> None:
    of = shop([("a", datetime(2024, 1, 5, 10)), ("b", datetime(2024, 3, 5, 23))])
    with pytest.raises(InputError, match=re.escape(message)):
        resolve_day(of, as_of, 30)


def test_who_was_contacted_by_the_campaign_or_sent_an_offer_in_the_window_is_treated() -> None:
    sent = [
        ("before", "2024-02-29 23:59", None, "spring", "10 %"),
        ("at once", "2024-03-01 00:00", None, "spring", "10 %"),  # the lead time is for the campaign
        ("last moment", "2024-03-17 23:59", "treatment", "spring", None),  # a call of the campaign is no offer
        ("after", "2024-03-18 00:00", None, "spring", "10 %"),
        ("control", "2024-03-10 00:00", "control", "spring", "10 %"),
        ("newsletter", "2024-03-10 00:00", None, "news", None),
        ("other offer", "2024-03-10 00:00", None, "news", "5 %"),
    ]
    contacts = pd.DataFrame(sent, columns=["customer_id", "sent_at", "arm", "campaign", "offer"])
    contacts = contacts.assign(contact_id=range(7))
    of = shop([("at once", "2024-02-10")], contacts=contacts)
    assert treated(of, SNAPSHOT, DEFINITION, "spring").tolist() == ["at once", "last moment", "other offer"]
    assert treated(of, SNAPSHOT, DEFINITION, "summer").tolist() == ["at once", "other offer"]
    assert treated(shop([("at once", "2024-02-10")]), SNAPSHOT, DEFINITION, "spring").tolist() == []


def test_the_churned_are_counted_as_they_are_labelled() -> None:
    of = shop([("a", "2024-02-10"), ("b", "2024-02-11"), ("b", "2024-03-08"), ("c", "2024-02-12")])
    days = (END - SNAPSHOT).days
    assert count_churned(History(of, END), days, DEFINITION) == Churned(SNAPSHOT, 3, 2)
    assert labels(of, SNAPSHOT, DEFINITION, END).tolist() == [1.0, 0.0, 1.0]
    assert count_churned(History(of, END - timedelta(days=1)), days - 1, DEFINITION) is None
    assert count_churned(History(of, END), 400, DEFINITION) is None


def test_the_first_day_of_the_data_is_no_snapshot() -> None:
    days = training_snapshots(date(2025, 1, 1), date(2025, 1, 31), ChurnDefinition(horizon_days=10), 10)
    assert days == [date(2025, 1, 11), date(2025, 1, 21)]
