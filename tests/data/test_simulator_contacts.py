"""Laws of contacts that act on simulated customers: who is kept, whose life stays as it is, and what is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnml.config import Config
from churnml.data.contract import TABLES
from churnml.data.simulator import KINDS, Treatment, simulate
from churnml.errors import InputError
from churnml.shop_jobs import check_shop
from tests.data.test_simulator import Shop, file_bytes, read_shop

pytestmark = pytest.mark.slow

DAY = 86_400
CUSTOMERS = 2_000
STRENGTH = 0.6
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Give a function that simulates a shop into a folder of its own."""

    def make(
        contacts: pd.DataFrame | None = None, strength: float | None = None, kind: str = "subscription", **more: object
    ) -> Path:
        out = tmp_path_factory.mktemp("contacts") / "shop"
        treatment = None if strength is None else Treatment(strength=strength)
        arguments: dict[str, object] = {"customers": CUSTOMERS, "jobs": 1, "kind": kind} | more
        simulate(out, contacts=contacts, treatment=treatment, **arguments)  # type: ignore[arg-type]
        return out

    return make


@pytest.fixture(scope="module")
def left_alone(made: Make) -> Path:
    return made()


@pytest.fixture(scope="module")
def before(left_alone: Path) -> Shop:
    return read_shop(left_alone)


def leavers(shop: Shop) -> pd.DataFrame:
    """Give each leaver's last decision, with the hazard of leaving."""
    truth = shop["truth/orders"].merge(shop["orders"][["order_id", "ordered_at"]])
    last = truth.drop_duplicates("customer_id", keep="last").merge(shop["truth/customers"], on="customer_id")
    return last[last["left"]].assign(hazard=lambda table: -np.log1p(-table["leave_probability"]))


def in_time(shop: Shop, days: float = 1.0) -> pd.DataFrame:
    """Give one contact of every leaver, so many days before the decision to leave and after the last order."""
    last = leavers(shop).assign(sent_at=lambda table: table["left_at"] - pd.Timedelta(days=days))
    return last.loc[last["sent_at"] >= last["ordered_at"], ["customer_id", "sent_at"]].assign(campaign="retention")


@pytest.fixture(scope="module")
def contacts(before: Shop) -> pd.DataFrame:
    return in_time(before)


@pytest.fixture(scope="module")
def treated(made: Make, contacts: pd.DataFrame) -> Path:
    return made(contacts, STRENGTH)


@pytest.fixture(scope="module")
def after(treated: Path) -> Shop:
    return read_shop(treated)


def kept(before: Shop, after: Shop) -> set[str]:
    """Give the customers who have more orders than without contacts."""
    orders = [shop["orders"].groupby("customer_id").size() for shop in (before, after)]
    assert (orders[1] >= orders[0]).all()
    return set(orders[0].index[orders[1] > orders[0]])


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_contact_a_treatment_changes_no_byte(made: Make, kind: str) -> None:
    plain, other = made(customers=300, kind=kind), made(customers=300, kind=kind, strength=0.4, until="2025-07-01")
    files = file_bytes(other)
    assert files.pop("truth/potential.parquet")
    assert b'"strength": 0.4' in files.pop("truth/simulation.json")
    without = file_bytes(plain)
    assert b'"treatment": null' in without.pop("truth/simulation.json")
    assert files == without


@pytest.mark.parametrize("strength", [None, 0.0])
def test_contacts_without_strength_change_the_table_of_contacts_alone(
    made: Make, left_alone: Path, before: Shop, contacts: pd.DataFrame, strength: float | None
) -> None:
    folder = made(contacts, strength)
    changed = {"contacts.parquet", "truth/simulation.json", "truth/potential.parquet"}
    ours, theirs = file_bytes(folder), file_bytes(left_alone)
    assert {name for name in ours if name not in changed} == {name for name in theirs if name not in changed}
    assert all(ours[name] == theirs[name] for name in ours if name not in changed)
    table = read_shop(folder)["contacts"]
    own = table["contact_id"].str.startswith("M")
    pd.testing.assert_frame_equal(table[own].reset_index(drop=True), before["contacts"])
    assert len(table[~own]) == len(contacts)


def test_lives_without_a_turned_decision_are_the_same(before: Shop, after: Shop) -> None:
    turned = kept(before, after)
    assert 100 < len(turned) < len(before["customers"]) / 2
    for name in [*TABLES, "truth/customers", "truth/orders"]:
        key = "order_id" if "customer_id" not in before[name] else "customer_id"
        owners = (
            turned
            if key == "customer_id"
            else set(after["orders"].loc[after["orders"]["customer_id"].isin(turned), "order_id"])
        )
        ours, theirs = (shop[name][~shop[name][key].isin(owners)].reset_index(drop=True) for shop in (before, after))
        if name == "contacts":
            theirs = theirs[theirs["contact_id"].str.startswith("M")].reset_index(drop=True)
        pd.testing.assert_frame_equal(ours, theirs)


def test_lives_before_the_first_contact_are_the_same(before: Shop, after: Shop, contacts: pd.DataFrame) -> None:
    first = contacts.groupby("customer_id")["sent_at"].min()
    for name, table in TABLES.items():
        if table.event_time is None or name == "contacts":
            continue
        ours, theirs = (
            shop[name][~(shop[name][table.event_time] >= shop[name]["customer_id"].map(first))]
            for shop in (before, after)
        )
        if name == "subscriptions":  # who is kept has not cancelled
            ours, theirs = (part.drop(columns=["cancelled_at", "cancel_reason"]) for part in (ours, theirs))
        pd.testing.assert_frame_equal(ours.reset_index(drop=True), theirs.reset_index(drop=True))


@pytest.mark.parametrize("strength", [0.3, STRENGTH])
def test_as_many_decisions_turn_as_the_strength_says(
    made: Make, before: Shop, contacts: pd.DataFrame, strength: float
) -> None:
    shop = read_shop(made(contacts, strength))
    last = leavers(before).merge(contacts)
    # Of those who leave under h, (1 - exp(-(1 - s) h)) / (1 - exp(-h)) leave under (1 - s) h too.
    turns = 1 - np.expm1(-(1 - strength) * last["hazard"]) / np.expm1(-last["hazard"])
    orders = shop["orders"].set_index(["customer_id", "ordered_at"]).index
    turned = pd.MultiIndex.from_frame(last[["customer_id", "left_at"]]).isin(orders)
    assert len(last) > 1_000
    assert abs(turned.sum() - turns.sum()) < 3 * np.sqrt((turns * (1 - turns)).sum())


def test_who_is_kept_by_a_weak_contact_is_kept_by_a_strong_one(
    made: Make, before: Shop, after: Shop, contacts: pd.DataFrame
) -> None:
    weak = kept(before, read_shop(made(contacts, 0.3)))
    assert weak < kept(before, after)


@pytest.mark.parametrize(
    ("sent_days", "share"),
    [
        ([], 1.0),
        ([10], 0.6),  # 1 - 0.4
        ([0], 0.6),  # at the second of the order
        ([-1], 1.0),  # before the order
        ([40], 1.0),  # at the second of the decision: too late
        ([9.9], 1.0),  # 30.1 days before the decision
        ([10, 20], 0.48),  # the second is tired: (1 - 0.4) (1 - 0.2)
        ([10, 20, 30], 0.384),  # and the third: 0.6 * 0.8 * 0.8
        ([-40, 20], 0.8),  # tired by one that does not act
        ([-40.1, 20], 0.6),  # which lies more than 60 days back
    ],
)
def test_the_hazard_left_is_that_worked_out_by_hand(sent_days: list[float], share: float) -> None:
    sent_at = (np.array(sent_days) * DAY).astype(np.int64)
    due = 40 if sent_days != [0] else 30
    acting, shares = Treatment(strength=0.4).hazard_shares(sent_at, 0, due * DAY)
    assert acting.size == shares.size
    assert np.append(1.0, shares)[-1] == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(
    ("sent_days", "shares"),
    [
        ([40], [0.6]),  # at the second of the decision
        ([49.9], [0.6]),
        ([50], []),  # ten days after it
        ([20, 45], [0.6, 0.48]),  # before it, and tired after it
    ],
)
def test_a_decision_that_was_taken_can_be_turned_while_it_is_open(sent_days: list[float], shares: list[float]) -> None:
    sent_at = (np.array(sent_days) * DAY).astype(np.int64)
    acting, left = Treatment(strength=0.4, open_days=10).hazard_shares(sent_at, 0, 40 * DAY)
    assert left == pytest.approx(shares, abs=1e-12)
    assert acting.tolist() == sent_at[: len(shares)].tolist()


def test_who_left_comes_back_after_a_contact_while_the_decision_is_open(made: Make, before: Shop) -> None:
    last = leavers(before).assign(sent_at=lambda table: table["left_at"] + pd.Timedelta(days=20))
    end = before["orders"]["ordered_at"].max()
    last = last[last["sent_at"] < end - pd.Timedelta(days=90)]
    sent = last[["customer_id", "sent_at"]].assign(campaign="retention")
    arguments: dict[str, Any] = {"customers": CUSTOMERS, "jobs": 1, "kind": "subscription", "contacts": sent}
    shops = []
    for days in (20.0, 20.001):
        out = made(customers=10).parent / f"open {days}"
        simulate(out, treatment=Treatment(strength=STRENGTH, open_days=days), **arguments)
        shops.append(read_shop(out))
    assert not kept(before, shops[0])
    back = kept(before, shops[1])
    turns = 1 - np.expm1(-(1 - STRENGTH) * last["hazard"]) / np.expm1(-last["hazard"])
    assert len(last) > 500
    assert abs(len(back) - turns.sum()) < 3 * np.sqrt((turns * (1 - turns)).sum())
    orders = shops[1]["orders"].merge(sent, on="customer_id")
    new = orders[~orders["order_id"].isin(before["orders"]["order_id"])]
    first = new.drop_duplicates("customer_id")
    assert set(first["customer_id"]) == back
    waited = (first["ordered_at"] - first["sent_at"]).dt.total_seconds() / DAY
    assert waited.min() > 0
    assert waited.mean() == pytest.approx(3, rel=0.2)  # exponential with a mean of three days
    potential = shops[1]["truth/potential"].merge(sent[["customer_id"]])
    turned = potential[potential["contacted"] & potential["y0"] & ~potential["y1"]]
    assert set(turned["customer_id"]) == back


def test_potential_outcomes_are_those_that_happen(before: Shop, after: Shop, contacts: pd.DataFrame) -> None:
    potential = after["truth/potential"]
    assert not potential.duplicated(["customer_id", "number"]).any()
    decided = after["truth/orders"]["decided_at"].notna()
    assert len(potential) == decided.sum()
    np.testing.assert_allclose(potential["p0"], after["truth/orders"].loc[decided, "leave_probability"])
    # With s = 0.6, 1 - p1 = exp(-0.4 h) = (1 - p0) ** 0.4.
    np.testing.assert_allclose(1 - potential["p1"], (1 - potential["p0"]) ** 0.4)
    assert not (potential["y1"] & ~potential["y0"]).any()
    left = after["truth/customers"].set_index("customer_id")["left"]
    is_last = ~potential["customer_id"].duplicated(keep="last")
    happened = is_last & potential["customer_id"].map(left)
    assert (happened == potential["y1"].where(potential["contacted"], potential["y0"])).all()
    first = before["truth/orders"].groupby("customer_id").size()
    of_contact = potential[potential["number"] == potential["customer_id"].map(first)]
    assert set(of_contact.loc[of_contact["contacted"], "customer_id"]) == set(contacts["customer_id"])


def test_tables_with_kept_customers_keep_the_contract(treated: Path, after: Shop) -> None:
    report = check_shop(treated, Config())
    assert (report.failures, report.notes) == ([], [])
    for name, table in TABLES.items():
        assert not after[name].duplicated(list(table.key)).any(), name
        for column, owner in (("customer_id", "customers"), ("order_id", "orders")):
            assert column not in after[name] or after[name][column].isin(after[owner][column]).all()
    assert after["orders"]["order_id"].is_monotonic_increasing
    assert (after["rewards"].groupby("customer_id")["points"].cumsum() >= 0).all()
    by_time = after["contacts"].groupby("customer_id")["sent_at"]
    assert (by_time.diff().dropna() >= pd.Timedelta(0)).all()


def test_kept_customers_go_on_at_their_pace(before: Shop, after: Shop) -> None:
    turned = kept(before, after)
    orders = after["orders"].merge(after["truth/customers"][["customer_id", "pace_days"]])
    gap = orders.groupby("customer_id")["ordered_at"].diff().dt.total_seconds() / DAY / orders["pace_days"]
    later = ~orders["order_id"].isin(before["orders"]["order_id"]) & orders["customer_id"].isin(turned)
    later &= later.groupby(orders["customer_id"]).cumsum() > 1  # the first gap was drawn before the contact
    assert later.sum() > 500
    assert gap[later].median() == pytest.approx(gap[~later].median(), rel=0.05)


def test_kept_subscribers_do_not_cancel_before_they_leave(before: Shop, after: Shop) -> None:
    rows = after["subscriptions"].merge(after["truth/customers"])
    rows = rows[rows["customer_id"].isin(kept(before, after))]
    cancelled = rows["cancelled_at"].notna()
    assert (cancelled == rows["cancel_reason"].notna()).all()
    assert cancelled[rows["left"]].any()
    assert not cancelled[~rows["left"]].any()
    assert (rows["cancelled_at"] > rows["left_at"])[cancelled].all()
    assert not (cancelled & (rows["cancelled_at"] > rows["ended_at"])).any()


def test_processes_and_later_chunks_change_no_byte(made: Make, contacts: pd.DataFrame) -> None:
    few = contacts[contacts["customer_id"] <= "C0000450"]
    folders = [made(few, STRENGTH, customers=450, chunk_customers=100, jobs=jobs) for jobs in (1, 2)]
    assert file_bytes(folders[0]) == file_bytes(folders[1])
    whole = read_shop(folders[0])
    part = read_shop(made(few[few["customer_id"] <= "C0000200"], STRENGTH, customers=200, chunk_customers=100))
    for name in ("orders", "visits", "contacts", "truth/potential"):
        pd.testing.assert_frame_equal(whole[name][whole[name]["customer_id"] <= "C0000200"], part[name])


def test_later_contacts_change_nothing_that_was_known(made: Make, after: Shop, contacts: pd.DataFrame) -> None:
    until = pd.Timestamp("2025-01-01")
    contacts = contacts[contacts["sent_at"] >= until - pd.Timedelta(days=60)]
    again = in_time(after)
    both = pd.concat([contacts, again[again["sent_at"] >= until]]).drop_duplicates()
    ours, theirs = (made(frame, STRENGTH, until=until) for frame in (contacts, both))
    assert file_bytes(ours) == file_bytes(theirs)
    # Some who are contacted again are kept at another decision.
    assert kept(read_shop(made(contacts, STRENGTH)), read_shop(made(both, STRENGTH)))


def test_contacts_from_the_end_of_the_data_on_are_passed_over(
    made: Make, left_alone: Path, contacts: pd.DataFrame
) -> None:
    ours = file_bytes(made(contacts.assign(sent_at=pd.Timestamp("2025-07-01"))))
    assert ours == file_bytes(left_alone)


def test_a_shop_of_an_earlier_day_is_the_later_one_without_what_came_then(made: Make, before: Shop) -> None:
    until = pd.Timestamp("2024-10-01")
    folder = made(until=until)
    early = read_shop(folder)
    assert check_shop(folder, Config()).failures == []
    assert early["customers"]["customer_id"].isin(early["orders"]["customer_id"]).all()
    for name, table in TABLES.items():
        for column in table.columns:
            if column.type == "time" and column.name in early[name]:
                assert early[name][column.name].max() < until
        if table.event_time is not None:
            known = before[name][before[name][table.event_time] < until]
            known = known[known["customer_id"].isin(early["customers"]["customer_id"])]
            changing = [column.name for column in table.columns if column.type == "time"] + ["cancel_reason"]
            ours, theirs = (
                frame.drop(columns=changing, errors="ignore").reset_index(drop=True) for frame in (known, early[name])
            )
            pd.testing.assert_frame_equal(ours, theirs)
    left = before["truth/customers"].set_index("customer_id")["left_at"]
    truth = early["truth/customers"]
    assert (truth["left"].to_numpy() == (truth["customer_id"].map(left) < until).to_numpy()).all()


def test_what_a_contact_says_of_itself_is_written(made: Make, before: Shop) -> None:
    one = before["customers"]["customer_id"].iloc[0]
    frame = pd.DataFrame(
        {
            "customer_id": one,
            "campaign": ["retention", "retention", "other", "retention"],
            "sent_at": pd.to_datetime(["2025-01-06 10:07", "2025-01-13 10:00", "2025-01-06 10:07", "2025-07-01 00:00"]),
            "arm": ["treatment", "control", None, None],
            "offer": ["voucher", None, None, None],
            "cost": [1.25, None, 0.0, 1.0],
            "outcome": [None, "no answer", None, None],
        }
    )
    contacts = read_shop(made(frame))["contacts"]
    ours = contacts[~contacts["contact_id"].str.startswith("M")].drop(columns=["opened_at", "clicked_at"])
    expected = frame.iloc[[2, 0, 1]][list(ours.columns[1:])]
    got = ours.drop(columns="contact_id").assign(cost=ours["cost"].astype(float))
    pd.testing.assert_frame_equal(got.reset_index(drop=True), expected.reset_index(drop=True), check_dtype=False)


def test_a_control_contact_acts_on_nobody(made: Make, left_alone: Path, contacts: pd.DataFrame) -> None:
    folder = made(contacts.assign(arm="control"), STRENGTH)
    assert file_bytes(folder)["orders.parquet"] == file_bytes(left_alone)["orders.parquet"]


def test_contacts_that_cannot_be_used_are_refused_all_at_once(made: Make) -> None:
    day = pd.Timestamp("2025-01-06")
    frame = pd.DataFrame(
        {"customer_id": ["C0000001", "C0000001", "C9", "C0000002"], "campaign": ["a", "a", "a", None], "sent_at": day}
    )
    frame.loc[3, "sent_at"] = pd.NaT
    with pytest.raises(InputError, match=re.escape("contacts.customer_id: 1 of 4 rows")) as refused:
        made(frame)
    assert refused.value.failures == [
        "contacts.customer_id: 1 of 4 rows are of no customer of the shop (C9). Leave them out.",
        "contacts.campaign: 1 of 4 rows are empty (C0000002). Name the campaign.",
        "contacts.sent_at: 1 of 4 rows are no time (C0000002). Give naive times.",
        "contacts.sent_at: 1 of 4 rows are there twice for customer and campaign (C0000001). Keep one of each.",
    ]
    with pytest.raises(InputError, match=re.escape("contacts.sent_at: has a time zone")):
        made(frame.iloc[:1].assign(sent_at=day.tz_localize("UTC")))
    with pytest.raises(InputError, match=re.escape("contacts.campaign: the column is missing. Add it.")):
        made(frame.drop(columns="campaign"))


def test_a_day_outside_of_the_drawn_lives_is_refused(made: Make) -> None:
    for day in ("2022-06-30", "2025-07-02"):
        with pytest.raises(InputError, match=re.escape(f"simulate.until: is {day}. Lives are drawn for 3 years up to")):
            made(until=day)


def test_treatments_that_mean_nothing_are_refused_all_at_once() -> None:
    message = "treatment.strength: is 1.0. Give a number from 0 (no effect) to below 1."
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        Treatment(strength=1.0, delivery=1.1, contamination=-0.1, cost=float("nan"))
    assert len(refused.value.failures) == 4
