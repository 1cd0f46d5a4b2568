from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.data.timeline import timeline

pytestmark = pytest.mark.slow


def little_shop() -> Shop:
    def times(texts: list[str | None]) -> pd.DatetimeIndex:
        return pd.to_datetime(texts, format="ISO8601")

    return read(
        {
            "orders": pd.DataFrame(
                {
                    "order_id": ["o1", "o2", "o3", "o4"],
                    "customer_id": ["a", "a", "b", "a"],
                    "ordered_at": times(["2025-01-01 10:00", "2025-02-01", "2025-01-05", "2025-03-01"]),
                    "amount": [10.0, 20.0, 30.0, 40.0],
                    "cancelled_at": times([None, "2025-02-02", None, None]),
                }
            ),
            "deliveries": pd.DataFrame(
                {
                    "order_id": ["o1", "o3"],
                    "promised_at": times(["2025-01-04", "2025-01-08"]),
                    "delivered_at": times(["2025-01-06 12:00", "2025-03-02"]),
                }
            ),
            "complaints": pd.DataFrame(
                {
                    "complaint_id": ["k1"],
                    "customer_id": ["a"],
                    "opened_at": times(["2025-01-07"]),
                    "resolved_at": times(["2025-01-10"]),
                    "topic": ["delivery"],
                }
            ),
        }
    )


def test_events_are_told_as_known_on_the_day() -> None:
    found = timeline(History(little_shop(), date(2025, 2, 2)), ["a"])
    # The cancellation of o2 on that very day, o4 and the other customer are not known or not asked for.
    assert list(found.kind) == ["order", "delivery", "complaint", "complaint_resolved", "order"]
    assert found.number.tolist()[:2] == [10.0, 2.0]
    assert pd.isna(found.number[2])
    assert found.number.tolist()[3:] == [3.0, 20.0]
    assert found.detail[2] == "delivery"
    assert set(timeline(History(little_shop(), date(2025, 2, 3)), ["a"]).kind) > {"order_cancelled"}


def test_only_the_newest_are_given() -> None:
    found = timeline(History(little_shop(), date(2025, 4, 1)), ["a", "b"], at_most=2)
    assert found.groupby("customer_id").size().to_dict() == {"a": 2, "b": 2}
    assert list(found[found.customer_id == "a"].kind) == ["order_cancelled", "order"]


def test_texts_that_few_share_are_left_out_where_that_is_asked_for() -> None:
    days = pd.to_datetime(["2025-01-01"] * 5)
    orders = {"order_id": list("12345"), "customer_id": list("abcde"), "ordered_at": days, "amount": 1.0}
    opened = {"complaint_id": list("12345"), "customer_id": list("aabce"), "opened_at": days}
    topics = ["late", "Mrs Smith's parcel", "late", "late", None]
    shop = read({"orders": pd.DataFrame(orders), "complaints": pd.DataFrame(opened | {"topic": topics})})
    for shared_by, told in ((1, {*topics[:2]}), (3, {"late"}), (4, set())):  # late is of a, b and c
        events = timeline(History(shop, date(2025, 2, 1)), list("abcde"), shared_by=shared_by)
        assert len(events) == 10
        assert set(events.detail.dropna()) == told


def test_nobody_asked_for_is_nobody_told() -> None:
    assert len(timeline(History(little_shop(), date(2025, 4, 1)), [])) == 0


def test_deliveries_by_the_clock_are_told_in_its_unit() -> None:
    shop = little_shop()
    times = ["2025-01-01 10:40", "2025-02-01 00:35", "2025-01-05 00:30"]
    came = ["2025-01-01 10:52:30", "2025-02-01 00:30", None]
    deliveries = pd.DataFrame({"order_id": ["o1", "o2", "o3"], "promised_at": times, "delivered_at": came})
    tables = {name: table.to_pandas() for name, table in shop.tables.items()} | {"deliveries": deliveries}
    found = timeline(History(read(tables), date(2025, 2, 2)), ["a"])
    found = found[found.kind == "delivery"]
    assert found[["number", "detail"]].to_numpy().tolist() == [[12.5, "minutes"], [-5, "minutes"]]
