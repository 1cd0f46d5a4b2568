"""The checklist: every table once, with what it opens up, and what is missing would add."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.cli.show_check import print_check
from churnml.data.contract import TABLES
from churnml.data.reading import check, read
from churnml.features.available import available
from churnml.features.checklist import Item, added_by, checklist, opened_by
from churnml.features.family_catalogue import catalogue

ORDERS = pd.DataFrame(
    {
        "order_id": ["1", "2"], "customer_id": ["a", "b"], "ordered_at": ["2025-01-05", "2025-02-01"],
        "amount": ["9.50", "12"], "Status": ["paid", "paid"],
    }
)  # fmt: skip
CUSTOMERS = pd.DataFrame({"customer_id": ["a", "b"], "city": ["Izmir", "Bonn"], "contactable": ["yes", "no"]})


def items_of(**tables: pd.DataFrame) -> dict[str, Item]:
    return {item.table: item for item in checklist(check(tables), catalogue())}


def test_every_family_is_opened_by_a_table() -> None:
    opened = [opened_by(table, catalogue()) for table in TABLES]
    assert sorted(name for one in opened for name in one.families) == sorted(catalogue().families)
    assert sum(one.features for one in opened) == len(catalogue().features)


def test_what_columns_would_add() -> None:
    """By hand: 4 features of rewards need the tier, and no other column."""
    of_rewards = [feature.name for feature in catalogue().families["rewards"].features if "tier" in feature.name]
    assert added_by("rewards", {"customer_id", "changed_at", "points"}, catalogue())["tier"] >= len(of_rewards) > 0
    assert added_by("rewards", set(TABLES["rewards"].column), catalogue()) == {}


def test_what_is_counted_is_what_is_built() -> None:
    """A discount adds the features that the shop has with it and not without; a table opens those that it has."""
    plain, discounted = (read({"orders": orders}) for orders in (ORDERS, ORDERS.assign(discount=["1", "0"])))
    built = [len(available(shop)) for shop in (plain, discounted)]
    assert built[1] - built[0] == items_of(orders=ORDERS)["orders"].adds["discount"]
    assert items_of(orders=ORDERS)["orders"].opened.features == built[0]
    # Whether a customer was brought by another one is told by a column that is not there.
    opened = items_of(orders=ORDERS, customers=CUSTOMERS)["customers"].opened
    assert (opened.features, opened.families, opened.concepts) == (0, (), ())


def test_columns_stand_in_one_place() -> None:
    items = items_of(orders=ORDERS, customers=CUSTOMERS)
    assert list(items)[:2] == ["orders", "customers"]  # those that are there come first
    assert items["orders"].unused == ["Status"]
    assert items["orders"].columns == ["order_id", "customer_id", "ordered_at", "amount"]
    assert (items["customers"].kept, items["customers"].unused) == (["city"], [])
    assert not items["deliveries"].is_there
    assert "discount" in items["orders"].adds
    report = check({"orders": ORDERS, "customers": CUSTOMERS})
    assert not any("Status" in note for note in report.notes)


def test_a_table_that_fails_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    items = items_of(orders=ORDERS.assign(amount=["x", "1"]))
    assert (items["orders"].is_there, items["orders"].failed) == (True, True)
    print_check(list(items.values()), [], "en")
    legend = "[x] in order   [!] to correct   [ ] not there\n\n"
    assert capsys.readouterr().out.startswith(f"{legend}[!] orders         2 rows\n")


def test_what_a_newcomer_reads_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """What people see stands before the features; a missing table says the same in one line."""
    items = items_of(orders=ORDERS)
    print_check([items["customers"], items["returns"]], [], "en")
    assert capsys.readouterr().out.splitlines()[2:] == [
        "",
        "Not there, and what it would bring:",
        "[ ] customers      consent, sign-up cohorts, names on lists; reasons: Referrals; 1 feature",
        "[ ] returns        net value of customers; reasons: Returns; 10 features",
        "",
    ]
    print_check([items["orders"]], [], "en")
    lines = capsys.readouterr().out.splitlines()[3:]
    assert [line.split(":")[0].strip() for line in lines if line] == [
        "read", "not used", "shows", "reasons", "features", "with more columns",
    ]  # fmt: skip
    assert lines[-2] == "      with more columns: discount for 14 more features"


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ["[x] orders         2 rows", "      not used: Status", "[ ] complaints     "]),
        (
            "de",
            ["[x] orders         2 Zeilen", "      nicht verwendet: Status", "Nicht vorhanden, und was es brächte:"],
        ),
        ("tr", ["[x] orders         2 satır", "      kullanılmayan: Status", "Olmayanlar ve ekleyecekleri:"]),
    ],
)
def test_it_is_printed_in_the_language_of_the_settings(
    language: str, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    print_check(list(items_of(orders=ORDERS).values()), ["orders: a note"], language)
    printed = capsys.readouterr().out
    assert all(line in printed for line in lines)
    assert printed.count("Status") == printed.count("a note") == 1
