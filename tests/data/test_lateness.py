"""How lateness is measured: by the date, or by the clock in hours or minutes, from what is known on a day."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.lateness import late, measure_of
from churnml.data.reading import read
from churnml.data.shop import Shop

pytestmark = pytest.mark.slow

DAY = date(2025, 3, 1)
Row = tuple[str, str, str | None]


def shop_of(rows: list[Row], **more: list[str]) -> Shop:
    """Make a shop from (ordered_at, promised_at, delivered_at), an order each."""
    made = pd.DataFrame(rows, columns=["ordered_at", "promised_at", "delivered_at"])
    made["order_id"] = range(len(made))
    orders = made[["order_id", "ordered_at"]].assign(customer_id="ann", amount=10)
    return read({"orders": orders, "deliveries": made[["order_id", "promised_at", "delivered_at"]].assign(**more)})


def rows_of(promised: list[str], *minutes_late: float) -> list[Row]:
    """Promise at times of day, on the first days of February, for orders of the noon before."""
    rows = []
    for number, clock in enumerate(promised):
        at = pd.Timestamp("2025-02-02") + pd.Timedelta(days=number % 20) + pd.Timedelta(clock)
        came = at + pd.Timedelta(minutes=minutes_late[number % len(minutes_late)])
        rows.append((str(at.normalize() - pd.Timedelta(hours=12)), str(at), str(came)))
    return rows


CLOCKS = [f"{9 + number}:{7 * number:02}:00" for number in range(8)]  # 9:00, 10:07, ... 16:49
CASES: dict[str, tuple[str, list[Row]]] = {
    # Promised times carry a clock where they tell more than the date.
    "midnight": ("days", rows_of(["00:00:00"] * 8, 10)),
    "the last second of a day": ("days", rows_of(["23:59:59"] * 8, 10)),
    "the last minute of a day": ("days", rows_of(["23:59:00"] * 8, 10)),
    "a constant time of day is a date": ("days", rows_of(["18:00:00"] * 8, 10)),
    "midnight elsewhere, in winter and in summer": ("days", rows_of(["01:00:00"] * 4 + ["02:00:00"] * 4, 10)),
    "many times of day": ("minutes", rows_of(CLOCKS, 10)),
    "two slots": ("minutes", rows_of(["12:00:00"] * 5 + ["18:00:00"] * 3, 10)),
    "nine in ten at one time": ("days", rows_of(["18:00:00"] * 9 + ["12:00:00"], 10)),
    "eight in ten at one time": ("minutes", rows_of(["18:00:00"] * 8 + ["12:00:00"] * 2, 10)),
    "half are dates": ("days", rows_of(CLOCKS + ["00:00:00"] * 8, 10)),
    "fewer than half are dates": ("minutes", rows_of(CLOCKS + ["00:00:00"] * 7, 10)),
    "a single one": ("days", rows_of(CLOCKS[:1], 10)),
    "two": ("minutes", rows_of(CLOCKS[:2], 10)),
    # As DataCo is imported: the time of the order plus the days promised, and plus those it took.
    "missed by whole days": ("days", rows_of(CLOCKS, 1440, -2880)),
    # The spread of the shop decides between hours and minutes.
    "most are within an hour": ("minutes", rows_of(CLOCKS[:3], 10, -59, 500)),
    "half are within an hour": ("hours", rows_of(CLOCKS[:4], 10, -59.9, 60, 60)),
    "an hour": ("hours", rows_of(CLOCKS[:3], 60, -60, 10)),
    "hours": ("hours", rows_of(CLOCKS[:3], -90, 200, 3000)),
    "on the dot": ("minutes", rows_of(CLOCKS[:3], 0, 0, 10)),
    "nothing came yet": ("hours", [(ordered, promised, None) for ordered, promised, _ in rows_of(CLOCKS, 0)]),
}


@pytest.fixture(scope="module")
def everything() -> Shop:
    """Read the orders of all cases, each case being a customer."""
    made = pd.DataFrame(
        [(case, *row) for case, (_, rows) in CASES.items() for row in rows],
        columns=["customer_id", "ordered_at", "promised_at", "delivered_at"],
    )
    made["order_id"] = range(len(made))
    orders = made[["order_id", "customer_id", "ordered_at"]].assign(amount=10)
    return read({"orders": orders, "deliveries": made[["order_id", "promised_at", "delivered_at"]]})


@pytest.mark.parametrize("case", list(CASES))
def test_the_measure_fits_the_promised_times(case: str, everything: Shop) -> None:
    orders = everything.tables["orders"]
    history = History(everything, DAY).of_orders(orders.filter(orders.customer_id == case))
    assert measure_of(history) == CASES[case][0]


def test_without_times_of_delivery_days_are_meant() -> None:
    orders = pd.DataFrame({"order_id": [1], "customer_id": "a", "ordered_at": ["2025-02-01"], "amount": 1})
    deliveries = pd.DataFrame({"order_id": [1], "promised_at": ["2025-02-01 10:30"]})
    assert measure_of(History(read({"orders": orders, "deliveries": deliveries}), DAY)) == "days"


@pytest.mark.parametrize("how", ["ordered on the day", "recorded on the day"])
def test_what_is_not_known_on_the_day_plays_no_part(how: str) -> None:
    dates, clocks = rows_of(["00:00:00"] * 3, 10), rows_of(CLOCKS * 9, 10)
    recorded = ["2025-02-27"] * len(dates) + ["2025-02-27"] * len(clocks)
    if how == "ordered on the day":
        later = pd.Timedelta(days=28)
        clocks = [("2025-03-01 00:00:00", *(str(pd.Timestamp(str(at)) + later) for at in row[1:])) for row in clocks]
    else:
        recorded[len(dates) :] = ["2025-03-01"] * len(clocks)
    shop = shop_of([*dates, *clocks], recorded_at=recorded)
    assert measure_of(History(shop, DAY)) == "days"
    assert measure_of(History(shop, date(2025, 4, 1))) == "minutes"


def test_lateness_is_told_in_the_unit_of_the_measure() -> None:
    shop = shop_of([("2025-02-01 08:00", "2025-02-01 23:30:00", "2025-02-02 01:00:00.9"), *rows_of(CLOCKS[:1], 10)])
    deliveries = History(shop, DAY).table("deliveries").order_by("order_id")
    assert [late(deliveries, measure).to_pandas()[0] for measure in ("days", "hours", "minutes")] == [1, 1.5, 90]
