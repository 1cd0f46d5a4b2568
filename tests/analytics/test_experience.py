"""Experience after an order: figures by hand, and outcomes that do not tell what came before them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.experience import (
    ANY_BAD,
    NONE_BAD,
    SETTLING_DAYS,
    compute_experience,
    compute_first_experience,
)
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.statistics.bootstrap import clustered_mean

pytestmark = pytest.mark.slow

DAY = date(2025, 3, 2)
DEFINITION = ChurnDefinition(horizon_days=60)


def at(days_before: float) -> pd.Timestamp:
    return pd.Timestamp(DAY) - pd.Timedelta(days=days_before)


def orders_of(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    orders = pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at"])
    return orders.assign(ordered_at=orders["ordered_at"].map(at), amount=10, cancelled_at=pd.NaT)


# Periods of 10 days: (20, 10] and (10, 0] days before the day.
ORDERS = orders_of([("1", "ann", 25), ("2", "ann", 20), ("3", "bob", 10.5), ("4", "bob", 10), ("5", "eve", 1)])
ORDERS.loc[4, "cancelled_at"] = at(0.5)
DELIVERIES = pd.DataFrame(
    {
        "order_id": ["1", "2", "3", "4", "5"],
        "promised_at": [at(22), at(18), at(7), at(8), at(0.8)],
        # A day late in the first period, in time in it, late in the second, not yet there; of a cancelled order.
        "delivered_at": [at(20.5 - 1), at(18), at(2), at(-1), at(0.6)],
    }
)
COMPLAINTS = pd.DataFrame({"complaint_id": ["1", "2", "3"], "customer_id": ["ann", "ann", "bob"]})
COMPLAINTS["opened_at"] = [at(19), at(11), at(3)]
RETURNS = pd.DataFrame({"return_id": ["1"], "customer_id": ["bob"], "returned_at": [at(0.1)], "amount": [4]})
REVIEWS = pd.DataFrame(
    [
        ("ann", 19, 4, 5),
        ("bob", 18, 2, None),
        ("bob", 5, 9, 10),
        ("eve", 4, 6, 10),
        ("eve", 3, 7, 10),
        ("x", 2, 10, 10),
    ],
    columns=["customer_id", "submitted_at", "rating", "scale"],
).assign(review_id=list("abcdef"))
REVIEWS["submitted_at"] = REVIEWS["submitted_at"].map(at)
TABLES = {
    "orders": ORDERS,
    "deliveries": DELIVERIES,
    "complaints": COMPLAINTS,
    "returns": RETURNS,
    "reviews": REVIEWS,
}


def experience_of(tables: dict[str, pd.DataFrame], periods: int = 2) -> pd.DataFrame:
    return compute_experience(History(read(tables), DAY), 10, periods)


def test_figures_are_those_counted_by_hand() -> None:
    found = experience_of(TABLES)
    assert list(found["period_start"]) == [date(2025, 2, 10), date(2025, 2, 20)]
    assert list(found["period_end"]) == [date(2025, 2, 20), DAY]
    assert found[["deliveries", "late_share"]].to_numpy().tolist() == [[2, 0.5], [1, 1]]
    # Orders 2 and 3, and 4: the order at 10 days begins the newer period, and eve's is cancelled.
    assert list(found["orders"]) == [2, 1]
    assert found[["complaints", "complaint_rate"]].to_numpy().tolist() == [[2, 1], [1, 1]]
    assert found[["returns", "return_rate", "returned_share"]].to_numpy().tolist() == [[0, 0, 0], [1, 1, 0.4]]
    # Shares: 4/5 and 2/5 (no scale is 5 stars); 9, 6, 7 and 10 of 10. Ten is the scale that is used most.
    assert found["mean_rating_share"].to_list() == pytest.approx([0.6, 0.8])
    assert list(found["scale"].dropna()) == [10]
    assert list(found["scale_ratings"]) == [0, 4]
    assert found["mean_rating"].fillna(-1).to_list() == [-1, 8]
    # NPS: 9 and 10 promote, 6 detracts: (2 - 1) / 4. With half a case in each of four cells: d = 1/6, error
    # sqrt((2.5 + 1.5) / 6 - 1/36) / sqrt(6) = .32632; 16.667 -+ 195.996 x .32632.
    row = found.iloc[1]
    assert row[["nps_ratings", "nps"]].to_list() == [4, 25]
    assert row[["nps_low", "nps_high"]].to_list() == pytest.approx([-47.290, 80.624], abs=1e-2)


def test_rates_have_the_error_of_customers_who_hang_together() -> None:
    rng = np.random.default_rng(2)
    rows = [(f"o{number}", f"c{rng.integers(12)}", 5) for number in range(60)]
    orders = orders_of(rows)
    complained = orders[rng.random(60) < 0.3]
    complaints = complained[["customer_id"]].assign(complaint_id=complained["order_id"], opened_at=at(4))
    found = experience_of({"orders": orders, "complaints": complaints}, periods=1).iloc[0]
    # One complaint at most per order makes the rate a mean of flags of orders.
    mean, error = clustered_mean(orders["order_id"].isin(complained["order_id"]), orders["customer_id"])
    assert found["complaint_rate"] == pytest.approx(mean)
    ends = [mean - 1.959964 * error, mean + 1.959964 * error]
    assert found[["complaint_rate_low", "complaint_rate_high"]].to_list() == pytest.approx(ends)


def test_missing_tables_give_no_columns_and_empty_periods_no_figures() -> None:
    assert list(experience_of({"orders": ORDERS})) == ["period_start", "period_end", "orders"]
    found = experience_of(TABLES, periods=9)
    assert len(found) == 9
    counts = ["deliveries", "orders", "complaints", "returns", "ratings", "nps_ratings"]
    assert (found.loc[0, counts] == 0).all()
    assert found.drop(columns=["period_start", "period_end", "scale_ratings", *counts]).loc[0].isna().all()


def test_nothing_is_known_of_the_future() -> None:
    later = pd.DataFrame({"complaint_id": ["9"], "customer_id": ["ann"], "opened_at": [at(0)]})
    more = {**TABLES, "complaints": pd.concat([COMPLAINTS, later], ignore_index=True)}
    pd.testing.assert_frame_equal(experience_of(TABLES), experience_of(more))


# Everybody's first order lies 200 days back; she came back if another one lies 30 to 89 days after it.
FIRST = [(f"{name}1", name, 200) for name in ("late", "slow", "fair", "wrote", "mute", "sent", "low", "good")]
AGAIN = [("late2", "late", 170), ("slow2", "slow", 111), ("fair2", "fair", 110), ("good2", "good", 150)]
AGAIN += [("mute2", "mute", 199), ("low2", "low", 171), ("good3", "good", 190)]


def first_of(**changed: pd.DataFrame) -> pd.DataFrame:
    tables = {
        # The first order of the new one lies a day too near.
        "orders": orders_of([*FIRST, *AGAIN, ("new1", "new", 89)]),
        "deliveries": pd.DataFrame(
            {
                "order_id": ["late1", "slow1", "fair1", "late2"],
                # A day late; never seen in the 30 days, and promised in them; promised after them; of a second order.
                "promised_at": [at(195), at(171), at(170), at(169)],
                "delivered_at": [at(194), at(160), at(160), at(150)],
            }
        ),
        "complaints": pd.DataFrame(
            {
                "complaint_id": ["1", "2", "3", "4"],
                # About the order; about no order, but in time; about another order; too late.
                "customer_id": ["wrote", "mute", "good", "good"],
                "order_id": ["wrote1", None, "good3", "good1"],
                "opened_at": [at(190), at(171), at(171), at(170)],
            }
        ),
        "returns": pd.DataFrame(
            {
                "return_id": ["1"],
                "customer_id": ["sent"],
                "order_id": ["sent1"],
                "returned_at": [at(200)],
                "amount": [1],
            }
        ),
        "reviews": pd.DataFrame(
            {
                "review_id": ["1", "2"],
                "customer_id": ["low", "good"],
                "order_id": ["low1", "good1"],
                "submitted_at": [at(190), at(190)],
                "rating": [4, 5],
                "scale": [10, 10],
            }
        ),
    }
    return compute_first_experience(History(read(tables | changed), DAY), DEFINITION).set_index("experience")


def test_first_experiences_are_those_found_by_hand() -> None:
    found = first_of()
    assert found[["customers", "returned"]].to_dict("index") == {
        "late delivery": {"customers": 2, "returned": 2},  # late (after 30 days) and slow (after 89)
        "complaint": {"customers": 2, "returned": 0},  # wrote, and mute, whose next order came too early
        "return": {"customers": 1, "returned": 0},
        "low rating": {"customers": 1, "returned": 0},  # came back after 29 days
        ANY_BAD: {"customers": 6, "returned": 2},
        NONE_BAD: {"customers": 2, "returned": 1},  # good; fair came back after 90 days
    }
    assert found.loc[ANY_BAD, "difference"] == pytest.approx(2 / 6 - 1 / 2)
    assert found.loc[NONE_BAD, ["difference", "difference_low", "difference_high"]].isna().all()


def test_nothing_of_the_outcome_tells_the_experience() -> None:
    expected = first_of()["customers"].to_dict()
    # After the 30 days: orders are gone, the first one is cancelled, it is complained about, sent back, rated.
    orders = orders_of([*FIRST, ("new1", "new", 89)])
    assert first_of(orders=orders)["customers"].to_dict() == expected
    cancelled = pd.Timestamp(at(200 - SETTLING_DAYS))
    orders["cancelled_at"] = pd.Series(cancelled, index=orders.index).where(orders["ordered_at"] <= cancelled)
    assert first_of(orders=orders)["customers"].to_dict() == expected
    complaints = pd.DataFrame({"complaint_id": ["1", "2"], "customer_id": ["wrote", "mute"], "opened_at": at(190)})
    more = pd.DataFrame({"complaint_id": ["8"], "customer_id": ["good"], "opened_at": [at(200 - SETTLING_DAYS)]})
    both = first_of(complaints=pd.concat([complaints, more], ignore_index=True))
    assert both["customers"].to_dict() == expected
    # And nothing of the 30 days tells the outcome.
    again = orders_of([*FIRST, ("good2", "good", 171), ("new1", "new", 89)])
    assert first_of(orders=again)["returned"].sum() == 0


def test_an_order_cancelled_at_once_is_no_first_order() -> None:
    orders = orders_of([("0", "late", 300), *FIRST, *AGAIN])
    orders.loc[0, "cancelled_at"] = at(299)
    assert first_of(orders=orders)["customers"].to_dict() == first_of()["customers"].to_dict()


def test_without_tables_of_experience_there_are_no_rows() -> None:
    found = compute_first_experience(History(read({"orders": ORDERS}), DAY), DEFINITION)
    assert found.empty
    assert {"experience", "customers", "difference_high"} <= set(found)


def test_nobody_with_a_whole_horizon_is_nobody() -> None:
    found = compute_first_experience(History(read(TABLES), DAY), DEFINITION)
    assert found["customers"].sum() == 0
    assert found["retention_rate"].isna().all()


def test_planted_effects_are_found(shop: Shop) -> None:
    found = compute_first_experience(History(shop, shop.last_day), ChurnDefinition()).set_index("experience")
    assert (found.loc[["late delivery", "complaint", ANY_BAD], "difference_high"] < 0).all()


# --- lateness by the clock -----------------------------------------------------------------------------------------

# Half an hour, a second, and nothing late; promised by the minute.
MINUTES = pd.DataFrame(
    {
        "order_id": ["1", "2", "3"],
        "promised_at": [at(20) + pd.Timedelta(minutes=7), at(18) + pd.Timedelta(minutes=99), at(7)],
        "delivered_at": [at(20) + pd.Timedelta(minutes=37), at(18) + pd.Timedelta("99m 1s"), at(7)],
    }
)


def test_late_deliveries_are_counted_by_the_clock_where_promises_carry_one() -> None:
    found = experience_of(TABLES | {"deliveries": MINUTES})
    assert found[["deliveries", "late_share"]].to_numpy().tolist() == [[2, 1], [1, 0]]


def test_a_first_delivery_is_late_by_the_clock() -> None:
    found = first_of(deliveries=MINUTES.assign(order_id=["late1", "slow1", "fair1"]))
    # In the 30 days nothing came: promised 20, 18 and 7 days before the day, when the first orders were long settled.
    assert found.loc["late delivery", "customers"] == 0
    days_earlier = pd.DataFrame({name: MINUTES[name] - pd.Timedelta(days=175) for name in MINUTES.columns[1:]})
    found = first_of(deliveries=days_earlier.assign(order_id=["late1", "slow1", "fair1"]))
    assert found.loc["late delivery", "customers"] == 2
