"""Retention by group: values by hand, ties and the rest."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.analytics.groups import NOT_KNOWN, OTHER, by_difference, compute_retention_by_group
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition

DAY, END = date(2025, 1, 1), date(2025, 4, 1)
DEFINITION = ChurnDefinition(horizon_days=90)

# Ann and bob leave, sue and tim stay.
ORDERS = pd.DataFrame(
    [
        ("1", "ann", "2024-05-01 10:00", "web", None),
        ("2", "ann", "2024-06-01 10:00", "app", None),
        # Of one second: the lower id counts, as last channel and as first order.
        ("4", "bob", "2024-06-01 10:00", "web", None),
        ("3", "bob", "2024-06-01 10:00", "phone", None),
        ("5", "sue", "2024-06-01 10:00", "web", None),
        ("6", "sue", "2024-07-01 10:00", "app", "2024-07-02"),
        ("7", "sue", "2025-01-01 00:00", "app", None),
        ("8", "tim", "2024-03-01 10:00", "app", "2024-03-01"),
        ("9", "tim", "2024-08-01 10:00", None, None),
        ("10", "tim", "2025-02-01 10:00", "app", None),
    ],
    columns=["order_id", "customer_id", "ordered_at", "channel", "cancelled_at"],
).assign(amount=20)
ITEMS = pd.DataFrame(
    [
        ("1", "cup", 1, 9.0, "kitchen"),
        ("1", "pot", 2, 5.0, "kitchen"),  # 10 in all, more than the cup
        ("2", "hat", 9, 9.0, "wear"),
        ("3", "tea", 1, 5.0, None),  # the same amount as the hat; the lower product counts
        ("3", "zip", 1, 5.0, "wear"),
        ("4", "hat", 9, 9.0, "wear"),
        ("5", "pot", 1, 5.0, "kitchen"),
        ("8", "hat", 9, 9.0, "wear"),  # of a cancelled order
    ],
    columns=["order_id", "product_id", "quantity", "unit_price", "category"],
)
REWARDS = pd.DataFrame(
    [
        ("ann", "2024-05-01", "gold"),
        ("ann", "2024-06-01", "basic"),
        ("ann", "2024-07-01", None),
        ("bob", "2024-06-01", "gold"),
        ("sue", "2024-06-01", "basic"),
        ("sue", "2025-01-01", "gold"),
        # Two at once: which of them she holds is not known.
        ("tim", "2024-06-01", "gold"),
        ("tim", "2024-06-01", "basic"),
    ],
    columns=["customer_id", "changed_at", "tier"],
).assign(points=5, kind=list("aaaaaaab"))
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["ann", "bob", "sue", "tim", "old"],
        "country": ["TR", "TR", "DE", None, "FR"],
        "company": ["x", "x", "x", "x", "x"],
        "age": [30, 40, 30, 40, 30],
        "referrer_id": ["1", "2", "1", "2", "1"],
    }
)


def groups_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return compute_retention_by_group(read(tables), DAY, DEFINITION, END)


@pytest.mark.slow
def test_groups_are_those_found_by_hand() -> None:
    found = groups_of({"orders": ORDERS, "order_items": ITEMS, "rewards": REWARDS, "customers": CUSTOMERS})
    assert list(found[["group", "value", "customers", "churned"]].itertuples(index=False, name=None)) == [
        ("tier", "basic", 2, 1),
        ("tier", "gold", 1, 1),
        ("tier", NOT_KNOWN, 1, 0),
        ("channel", "app", 1, 1),
        ("channel", "phone", 1, 1),
        ("channel", "web", 1, 0),
        ("channel", NOT_KNOWN, 1, 0),
        ("first product", "pot", 2, 1),
        ("first product", "tea", 1, 1),
        ("first product", NOT_KNOWN, 1, 0),
        ("first category", "kitchen", 2, 1),
        ("first category", NOT_KNOWN, 2, 1),
        ("country", "TR", 2, 2),
        ("country", OTHER, 1, 0),  # sue alone is in Germany
        ("country", NOT_KNOWN, 1, 0),
    ]
    turkey = found[found["value"] == "TR"].iloc[0]
    assert turkey[["churn_rate", "difference"]].to_list() == [1, 1]
    # Wilson for 2 of 2: 2 / (2 + 3.84146) = .34238 to 1, and for 0 of 2 the mirror of it: 0 to .65762.
    assert turkey[["low", "high"]].to_list() == pytest.approx([0.34238, 1], abs=1e-5)
    # 1 - sqrt(.65762^2 + .65762^2) = .06999: it differs.
    assert turkey["difference_low"] == pytest.approx(0.06999, abs=1e-5)
    assert bool(turkey["differs"])
    assert not found["differs"][found["group"] != "country"].any()
    assert found["is_small"].all()


@pytest.mark.slow
def test_a_value_of_everybody_has_nobody_to_differ_from() -> None:
    found = groups_of({"orders": ORDERS.assign(channel="web")})
    assert list(found["customers"]) == [4]
    assert found[["difference", "difference_low", "differs"]].isna().all(axis=None)


@pytest.mark.slow
def test_only_the_largest_values_are_shown() -> None:
    rows = [(f"c{value}-{number}", f"v{value:02d}") for value in range(1, 18) for number in range(value)]
    table = pd.DataFrame(rows, columns=["customer_id", "channel"])
    orders = table.assign(order_id=table["customer_id"], ordered_at="2024-12-01", amount=5)
    # A channel that is really called other is counted with the rest.
    own = pd.DataFrame([("x", "other", "x", "2024-12-01", 5)], columns=list(orders))
    found = groups_of({"orders": pd.concat([orders, own], ignore_index=True)})
    assert list(found["value"]) == [*(f"v{value:02d}" for value in range(17, 2, -1)), OTHER]
    assert found["customers"].to_list() == [*range(17, 2, -1), 1 + 2 + 1]
    shop = read({"orders": pd.concat([orders, own], ignore_index=True)})
    shared = compute_retention_by_group(shop, DAY, DEFINITION, END, shared_by=5)
    assert list(shared["value"]) == [*(f"v{value:02d}" for value in range(17, 4, -1)), OTHER]
    assert shared["customers"].to_list() == [*range(17, 4, -1), 1 + 2 + 3 + 4 + 1]


@pytest.mark.slow
def test_attributes_of_many_values_are_left_out_but_countries_are_not() -> None:
    orders = pd.DataFrame({"customer_id": [f"c{number}" for number in range(31)]})
    orders = orders.assign(order_id=orders["customer_id"], ordered_at="2024-12-01", amount=5)
    names = [f"n{number:02d}" for number in range(31)]
    customers = orders[["customer_id"]].assign(
        Country=[*names[:15], *names[:15], "n30"],
        street=names,
        # 30 values of 31 customers tell them apart; six of 31, 5.2 each, do not, and seven do again.
        region=[*names[:30], "n00"],
        plan=[f"p{number % 6}" for number in range(31)],
        team=[f"t{number % 7}" for number in range(31)],
    )
    found = groups_of({"orders": orders, "customers": customers})
    assert found["group"].value_counts().to_dict() == {"Country": 16, "plan": 6}
    assert found.loc[found["value"] == OTHER, ["group", "customers"]].to_numpy().tolist() == [["Country", 1]]


@pytest.mark.slow
def test_an_attribute_that_few_have_is_judged_by_these() -> None:
    """25 addresses of 100 customers are below thirty values, and still tell them apart."""
    ids = [f"c{number}" for number in range(100)]
    orders = pd.DataFrame({"customer_id": ids, "order_id": ids}).assign(ordered_at="2024-12-01", amount=5)
    email = [f"{customer}@mail.example" if number < 25 else None for number, customer in enumerate(ids)]
    assert groups_of({"orders": orders, "customers": pd.DataFrame({"customer_id": ids, "email": email})}).empty


@pytest.mark.slow
def test_nothing_is_said_without_groups_or_labels() -> None:
    assert groups_of({"orders": ORDERS.drop(columns="channel")}).empty
    assert compute_retention_by_group(read({"orders": ORDERS}), DAY, DEFINITION, date(2025, 3, 31)).empty


def test_every_group_holds_every_customer(shop: Shop) -> None:
    found = compute_retention_by_group(shop, date(2025, 3, 1), DEFINITION, date(2025, 6, 30))
    totals = found.groupby("group")[["customers", "churned"]].sum()
    assert len(totals) == 6
    assert (totals == totals.iloc[0]).all(axis=None)


def test_people_read_the_greatest_difference_first_and_small_values_as_one() -> None:
    rows = [
        ("b", "x", 40, 10),
        ("b", "y", 29, 29),
        ("a", "u", 50, 5),
        ("a", "v", 30, 15),
        ("b", "z", 1, 0),
        ("b", "w", 90, 45),
    ]
    table = pd.DataFrame(rows, columns=["group", "value", "customers", "churned"])
    table["churn_rate"] = table.churned / table.customers
    table["difference"] = [-0.2, 0.5, -0.1, 0.3, -0.5, 0.1]
    table["is_small"] = table.customers < 30
    found = by_difference(table)
    assert [*zip(found.group, found.value, strict=True)] == [
        *(("b", "w"), ("b", "x"), ("b", "few"), ("a", "v"), ("a", "u")),
    ]
    few = found[found.value == "few"].iloc[0]
    assert (few.customers, few.churned, few.churn_rate) == (30, 29, 29 / 30)
    assert pd.isna(few.difference)
