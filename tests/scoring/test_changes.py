from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.errors import InputError
from churnml.features.family_catalogue import catalogue
from churnml.features.sentences import Sentences
from churnml.scoring.changes import check_earlier, name_causes, name_changes

BEFORE = date(2025, 5, 1)
NOW = pd.DataFrame(
    {
        "customer_id": ["new", "worse", "better", "same", "alone", "helped", "lost", "off"],
        "churn_probability": [0.8, 0.7, 0.5, 0.6, 0.1, 0.1, 0.9, 0.7],
        "last_order_at": pd.to_datetime(
            ["2025-03-01"] * 4 + ["2025-05-01 00:00", "2025-05-20", "2025-01-01", "2025-04-30 23:59"], format="ISO8601"
        ),
    }
)
EARLIER = pd.DataFrame(
    {
        "customer_id": ["new", "worse", "better", "same", "alone", "helped", "lost", "off", "gone", "never"],
        "churn_probability": [0.7, 0.5, 0.75, 0.65, 0.7, 0.8, 0.9, 0.7, 0.9, 0.2],
        "list_rank": [None, 1, 2, 3, 4, 5, 6, 7, 8, None],
        "snapshot_date": BEFORE,
        "holdout": False,
        "arm_until": date(2025, 8, 1),
    }
)
NOW["against"] = pd.Series("gone", NOW.index, dtype="str").where(NOW.customer_id.eq("lost"))
SENT = pd.Series(NOW.customer_id.eq("helped").to_numpy(), index=NOW.customer_id, dtype="boolean")
LISTED = pd.Series(["new", "worse", "better", "same"])


def test_every_change_has_its_name() -> None:
    found = name_changes(NOW, LISTED, EARLIER, SENT).set_index("customer_id")
    assert found.change.to_dict() == {
        "new": "new",
        "worse": "worse",
        "better": "better",
        "same": "same",
        "alone": "came back",
        "helped": "recovered",
        "lost": "lost",
        "off": "off the list",
        "gone": "lost",  # not even eligible any more
    }
    assert found.loc["worse", ["before", "now"]].tolist() == [0.5, 0.7]
    assert pd.isna(found.loc["gone", "now"])


def test_nobody_came_back_unaided_where_the_shop_does_not_say_what_it_sent() -> None:
    unknown = pd.Series(pd.NA, index=NOW.customer_id, dtype="boolean")
    found = name_changes(NOW, LISTED, EARLIER, unknown).set_index("customer_id")
    assert found.change[["alone", "helped"]].tolist() == ["recovered", "recovered"]


def test_the_feature_that_moved_most_in_the_direction_speaks() -> None:
    changes = pd.DataFrame(
        {"customer_id": ["a", "b", "c"], "change": ["worse", "recovered", "same"], "before": 0.5, "now": 0.6}
    )
    X = pd.DataFrame(
        {"days_since_last_order": [40.0, 3.0, 9.0], "orders_30d": [0.0, 2.0, 1.0], "visits_30d": [0.0, 5.0, 1.0]},
        index=list("abc"),
    )
    now = pd.DataFrame({"days_since_last_order": [0.9, -0.9, 0], "orders_30d": [0.4, -0.5, 0.3]}, index=list("abc"))
    before = pd.DataFrame({"days_since_last_order": [0.7], "orders_30d": [0.0]}, index=["a"])
    told = name_causes(changes, X, now, before, Sentences(catalogue()))
    # a: orders moved by 0.4, days by 0.2. b, who was not eligible: days moved most, but is no news of a return.
    assert told.feature.tolist()[:2] == ["orders_30d", "orders_30d"]
    assert told.sentence.tolist()[:2] == ["No orders in the last 30 days", "2 orders in the last 30 days"]
    assert pd.isna(told.feature[2])


def test_what_is_no_earlier_list_is_refused() -> None:
    check_earlier(EARLIER, date(2025, 6, 1))
    with pytest.raises(InputError, match="has no list_rank"):
        check_earlier(EARLIER.drop(columns="list_rank"), date(2025, 6, 1))
    with pytest.raises(InputError, match="is of 2025-05-01, not before 2025-05-01"):
        check_earlier(EARLIER, BEFORE)
    with pytest.raises(InputError, match="is of no day"):
        check_earlier(EARLIER.iloc[:0], BEFORE)
