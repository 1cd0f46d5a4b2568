"""Reasons of leaving: by hand, in a shop that plants them, and in one in which nothing predicts who stops."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from churnml.analytics.leaving import (
    NO_COMPLAINT,
    NONE_KNOWN,
    REASONS,
    compute_complaint_topics,
    compute_reasons_of_leaving,
)
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.data.simulator import simulate
from churnml.data.simulator.effects import Effects
from churnml.definition import ChurnDefinition

pytestmark = pytest.mark.slow

DAY, END = date(2025, 1, 1), date(2025, 4, 1)
DEFINITION = ChurnDefinition(horizon_days=90)


def orders_of(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "discount"])
    return orders.assign(order_id=[f"o{place}" for place in range(len(rows))], amount=20)


# Ann, bob and eve leave; sue and tim order again in January. Nobody else is eligible.
ORDERS = orders_of(
    [
        ("ann", "2024-09-01", 0),
        ("bob", "2024-06-01", 5),
        ("bob", "2024-07-01", 5),
        ("bob", "2024-12-01", 0),
        ("eve", "2024-12-20", 0),
        ("sue", "2024-12-01", 0),
        ("sue", "2025-01-01", 0),
        ("tim", "2024-12-01", 5),
        ("tim", "2025-03-31", 0),
        ("old", "2023-12-01", 0),
    ]
)
COMPLAINTS = pd.DataFrame(
    [
        # Answered after three days, and still open; that of tim after two, and resolved.
        ("1", "ann", "2024-09-05", "2024-09-08", None, " Late  Parcel"),
        ("2", "ann", "2024-09-06", "2024-09-07", "2024-09-08", "late parcel"),
        ("3", "tim", "2024-12-05", "2024-12-07", "2024-12-08", "Billing"),
        # Known on the day as neither answered nor resolved, but opened less than three days before.
        ("4", "sue", "2024-12-30", "2025-01-05", "2025-01-05", None),
        ("5", "eve", "2023-12-01", "2023-12-09", "2023-12-09", "too old"),
        ("6", "eve", "2025-01-02", None, None, "too new"),
    ],
    columns=["complaint_id", "customer_id", "opened_at", "first_response_at", "resolved_at", "topic"],
)
RETURNS = pd.DataFrame({"return_id": ["1", "2"], "customer_id": ["ann", "eve"], "amount": 5})
# Ann 30 days before her last order, eve 31 days before hers.
RETURNS["returned_at"] = ["2024-08-02", "2024-11-19"]
REVIEWS = pd.DataFrame({"review_id": ["1", "2"], "customer_id": ["tim", "sue"], "submitted_at": "2024-12-10"})
# 4 of 10 are 2 of 5; 5 of 10 are more.
REVIEWS = REVIEWS.assign(rating=[4, 5], scale=10)
DELIVERIES = pd.DataFrame(
    [
        ("o0", "2024-09-04", "2024-09-05"),  # ann: a day late
        ("o3", "2024-12-04", "2024-12-04"),  # bob: in time
        ("o4", "2024-12-30", "2025-01-03"),  # eve: under way and past its day
        ("o5", "2025-01-01", None),  # sue: under way, promised for the day itself
        ("o7", "2024-12-04", "2024-12-02"),  # tim: early
    ],
    columns=["order_id", "promised_at", "delivered_at"],
)
TABLES = {
    "orders": ORDERS,
    "complaints": COMPLAINTS,
    "returns": RETURNS,
    "reviews": REVIEWS,
    "deliveries": DELIVERIES,
}


def reasons_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return compute_reasons_of_leaving(read(tables), DAY, DEFINITION, END).set_index("reason")


def test_reasons_are_those_found_by_hand() -> None:
    found = reasons_of(TABLES)
    assert found["churned"].to_dict() == {
        "quality": 1,  # ann's return; eve's is too long before her last order
        "service": 1,  # ann
        "unresolved complaint": 1,  # ann
        "late delivery": 2,  # ann, eve
        "price": 1,  # bob: two of two on discount, then one at the full price
        NONE_KNOWN: 0,
    }
    # Tim's low rating; sue's complaint is open; of those who stayed nobody has anything else.
    assert found["stayed"].to_dict() == {
        "quality": 1,
        "service": 0,
        "unresolved complaint": 1,
        "late delivery": 0,
        "price": 0,
        NONE_KNOWN: 0,
    }
    late = found.loc["late delivery"]
    assert late[["churned_share", "stayed_share", "difference"]].to_list() == pytest.approx([2 / 3, 0, 2 / 3])
    # Wilson for 2 of 3: middle (2/3 + .64027) / 2.28049 = .57309; half 1.95996 / 2.28049 x sqrt(.074074 + .106712).
    assert late[["low", "high"]].to_list() == pytest.approx([0.2077, 0.9385], abs=5e-4)
    # Newcombe: 0 of 2 has Wilson's 0 to 3.8415 / (2 + 3.8415) = .65763.
    # 2/3 - sqrt((2/3 - .20766)^2 + .65763^2) = -.1353; 2/3 + sqrt((.93851 - 2/3)^2 + 0) = .9385.
    assert late[["difference_low", "difference_high"]].to_list() == pytest.approx([-0.1353, 0.9385], abs=5e-4)


def test_late_deliveries_go_by_the_clock_where_promises_carry_one() -> None:
    times = [
        ("o0", "2024-09-01 10:07", "2024-09-01 10:30"),  # ann: 23 minutes late, on the day
        ("o3", "2024-12-01 12:15", "2024-12-01 12:15"),  # bob: in time
        ("o4", "2024-12-31 23:40", "2025-01-01 00:10"),  # eve: under way and past its time
        ("o5", "2025-01-01 00:20", None),  # sue: under way, promised for later
        ("o7", "2024-12-01 18:50", "2024-12-01 18:20"),  # tim: early
    ]
    found = reasons_of(TABLES | {"deliveries": pd.DataFrame(times, columns=DELIVERIES.columns)})
    assert found.loc["late delivery", ["churned", "stayed"]].to_list() == [2, 0]


def test_a_reason_without_its_tables_is_left_out() -> None:
    assert list(reasons_of({"orders": ORDERS}).index) == ["price", NONE_KNOWN]
    assert list(reasons_of({"orders": ORDERS.drop(columns="discount")}).index) == [NONE_KNOWN]
    assert list(reasons_of({"orders": ORDERS, "reviews": REVIEWS}).index) == ["quality", "price", NONE_KNOWN]
    unanswered = COMPLAINTS.drop(columns="first_response_at")
    found = reasons_of({"orders": ORDERS, "complaints": unanswered})
    assert list(found.index) == ["unresolved complaint", "price", NONE_KNOWN]
    assert found.loc[NONE_KNOWN, ["churned", "stayed"]].to_list() == [1, 1]


def test_nothing_is_said_of_a_window_that_has_not_ended() -> None:
    assert compute_reasons_of_leaving(read(TABLES), DAY, DEFINITION, date(2025, 3, 31)).empty
    assert compute_complaint_topics(read(TABLES), DAY, DEFINITION, date(2025, 3, 31)).empty


def test_where_everybody_left_there_is_no_share_of_who_stayed() -> None:
    found = reasons_of({"orders": ORDERS[ORDERS["customer_id"] == "ann"]})
    assert found.loc[NONE_KNOWN, ["churned", "stayed", "churned_share"]].to_list() == [1, 0, 1]
    assert found[["stayed_share", "stayed_low", "difference", "difference_high"]].isna().all(axis=None)


def test_nothing_known_later_changes_what_preceded() -> None:
    later = {"complaint_id": "9", "customer_id": "bob", "opened_at": "2025-01-01", "topic": "late parcel"}
    more = pd.concat([COMPLAINTS, pd.DataFrame([later])], ignore_index=True)
    pd.testing.assert_frame_equal(reasons_of(TABLES), reasons_of({**TABLES, "complaints": more}))


def test_topics_are_those_found_by_hand() -> None:
    more = pd.DataFrame(
        [
            ("7", "bob", "2024-12-02", "late parcel"),
            ("8", "sue", "2024-12-03", "billing"),
            ("9", "ann", "2024-09-07", "Ann Example of 3 Mill Lane"),
        ],
        columns=["complaint_id", "customer_id", "opened_at", "topic"],
    )
    tables = {**TABLES, "complaints": pd.concat([COMPLAINTS, more], ignore_index=True)}
    found = compute_complaint_topics(read(tables), DAY, DEFINITION, END).set_index("topic")
    # Blanks and capitals do not count; ann is one customer with two complaints of late parcels, and what she alone
    # wrote is no topic; sue named none once.
    assert found[["complaints", "customers", "churned"]].to_dict("index") == {
        "late parcel": {"complaints": 3, "customers": 2, "churned": 2},
        "billing": {"complaints": 2, "customers": 2, "churned": 0},
        "other": {"complaints": 1, "customers": 1, "churned": 1},
        "no topic": {"complaints": 1, "customers": 1, "churned": 0},
        NO_COMPLAINT: {"complaints": 0, "customers": 1, "churned": 1},
    }
    assert found.loc["billing", "difference"] == -1
    assert found.loc[NO_COMPLAINT, ["difference", "difference_low"]].isna().all()
    assert found["is_small"].all()


def test_the_rest_of_many_topics_is_other() -> None:
    rows = [(f"{topic}-{number}", f"c{number}", f"topic {topic:02d}") for topic in range(20) for number in range(topic)]
    complaints = pd.DataFrame(rows, columns=["complaint_id", "customer_id", "topic"]).assign(opened_at="2024-12-05")
    orders = orders_of([(f"c{number}", "2024-12-01", 0) for number in range(40)])
    found = compute_complaint_topics(read({"orders": orders, "complaints": complaints}), DAY, DEFINITION, END)
    assert list(found["topic"]) == [*(f"topic {topic:02d}" for topic in range(19, 4, -1)), "other", NO_COMPLAINT]
    # Topics 1 to 4, all of customers c0 to c3; c0 to c18 complained at all.
    assert found.iloc[-2][["complaints", "customers"]].to_list() == [10, 4]
    assert found.iloc[-1]["customers"] == 21
    shared = compute_complaint_topics(
        read({"orders": orders, "complaints": complaints}), DAY, DEFINITION, END, shared_by=10
    )
    assert list(shared["topic"]) == [*(f"topic {topic:02d}" for topic in range(19, 9, -1)), "other", NO_COMPLAINT]
    # Topics 1 to 9 have 45 complaints, of customers c0 to c8.
    assert shared.iloc[-2][["complaints", "customers"]].to_list() == [45, 9]


def test_without_topics_there_are_none() -> None:
    untold = COMPLAINTS.drop(columns="topic")
    assert compute_complaint_topics(read({**TABLES, "complaints": untold}), DAY, DEFINITION, END).empty
    assert compute_complaint_topics(read({"orders": ORDERS}), DAY, DEFINITION, END).empty


def test_every_reason_is_described_and_told_by_one_table_each() -> None:
    assert len({reason.name for reason in REASONS}) == len(REASONS) == 5
    assert all(reason.describe[0].isupper() and "\n" not in reason.describe for reason in REASONS)


def test_planted_reasons_are_found(shop: Shop) -> None:
    found = compute_reasons_of_leaving(shop, date(2025, 3, 1), DEFINITION, date(2025, 6, 30)).set_index("reason")
    for reason in ("late delivery", "unresolved complaint", "service", "price"):
        assert found.loc[reason, "difference_low"] > 0, reason
    assert found.loc[NONE_KNOWN, "difference_high"] < 0
    held = found.drop(index=NONE_KNOWN)["churned"].sum() + found.loc[NONE_KNOWN, "churned"]
    assert held >= found.loc[NONE_KNOWN, "churned"] / found.loc[NONE_KNOWN, "churned_share"]


def test_where_nothing_predicts_who_stops_no_reason_stands_out(tmp_path: Path) -> None:
    excluded = 0
    for seed in range(8):
        simulate(tmp_path / str(seed), customers=1_500, seed=seed, effects=Effects.none(), kind="textbook")
        # Those of the tables that reasons are read from.
        tables = {name: pd.read_parquet(tmp_path / str(seed) / f"{name}.parquet") for name in TABLES}
        found = compute_reasons_of_leaving(read(tables), date(2025, 3, 1), DEFINITION, date(2025, 6, 30))
        excluded += int(((found["difference_low"] > 0) | (found["difference_high"] < 0)).sum())
    # Of 48 intervals of 95 % 2.4 miss by chance; more than seven (binomial) in less than one of 100 times.
    assert excluded <= 7
