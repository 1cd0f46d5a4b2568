"""Laws of feeding lists back: who is contacted, when, and that a shop goes on as it was."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.data.simulator import KINDS, Effects, Season, Treatment, list_contacts, read_settings, simulate
from churnml.errors import InputError
from tests.conftest import Run
from tests.data.test_simulator import file_bytes, read_shop

LISTED = [f"C{number:07}" for number in range(1, 2_001)]
HELD_OUT = [f"C{number:07}" for number in range(2_001, 4_001)]


def write_list(folder: Path, day: str, listed: list[str], held_out: list[str], campaign: str | None = None) -> None:
    """Write a list and the held out who enter with it, as scoring writes them."""
    path = folder / "lists" / day
    path.mkdir(parents=True)
    ranking = pd.DataFrame({"customer_id": listed + held_out, "play": "voucher", "snapshot_date": day})
    ranking["holdout"] = ranking["customer_id"].isin(held_out)
    ranking["list_rank"] = pd.Series(range(1, len(listed) + 1), dtype="Int64").reindex(ranking.index)
    ranking.to_parquet(path / "ranking.parquet")
    plan = None if campaign is None else {"campaign": campaign}
    (path / "run.json").write_text(json.dumps({"holdout": plan}))
    entered = pd.Timestamp(day).date()
    rows = pd.DataFrame({"campaign": campaign or "retention", "customer_id": listed + held_out, "entered_on": entered})
    rows["arm"] = ["listed"] * len(listed) + ["held out"] * len(held_out)
    rows["chance"] = 0.5
    ledger = folder / "ledger.parquet"
    earlier = [pd.read_parquet(ledger)] if ledger.exists() else []
    pd.concat([*earlier, rows]).to_parquet(ledger)


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """Write one list."""
    write_list(tmp_path / "campaign", "2025-03-03", LISTED, HELD_OUT)
    return tmp_path / "campaign"


def test_who_is_listed_is_contacted_that_morning_and_nobody_else(campaign: Path) -> None:
    contacts = list_contacts(campaign, Treatment(cost=2.5), seed=7)
    assert contacts["customer_id"].tolist() == LISTED
    assert contacts["sent_at"].between(pd.Timestamp("2025-03-03 10:00"), pd.Timestamp("2025-03-03 10:59")).all()
    assert contacts["sent_at"].nunique() == 60
    same = contacts[["campaign", "arm", "offer", "cost"]].drop_duplicates().to_dict("records")
    assert same == [{"campaign": "retention", "arm": "treatment", "offer": "voucher", "cost": 2.5}]


def test_shares_are_those_of_delivery_and_contamination(campaign: Path) -> None:
    contacts = list_contacts(campaign, Treatment(delivery=0.9, contamination=0.05), seed=7)
    for group, share in ((LISTED, 0.9), (HELD_OUT, 0.05)):
        sent = contacts["customer_id"].isin(group).sum()
        assert abs(sent - 2_000 * share) < 3 * np.sqrt(2_000 * share * (1 - share))


def test_permuted_arms_say_nothing_of_who_is_contacted(campaign: Path) -> None:
    treatment = Treatment(delivery=0.9, contamination=0.1, permute=True)
    before = list_contacts(campaign, treatment, seed=7)
    for group in (LISTED, HELD_OUT):
        # Held out anew with a chance of .5: .5 x .9 + .5 x .1 are contacted of both.
        assert abs(before["customer_id"].isin(group).sum() - 1_000) < 3 * np.sqrt(2_000 * 0.25)
    write_list(campaign, "2025-03-10", LISTED, [])
    # Arms hold: of one half nine in ten get each of both contacts, and of the other one in ten.
    both = list_contacts(campaign, treatment, seed=7)
    again = both[both["customer_id"].isin(LISTED)].groupby("customer_id").size()
    share = 0.5 * 0.9**2 + 0.5 * 0.1**2
    assert abs((again == 2).sum() - 2_000 * share) < 3 * np.sqrt(2_000 * share * (1 - share))
    assert len(before.merge(both, on=["customer_id", "sent_at"])) == len(before)


def test_another_seed_contacts_others(campaign: Path) -> None:
    drawn = [set(list_contacts(campaign, Treatment(delivery=0.5), seed)["customer_id"]) for seed in (7, 8)]
    # Of 2,000, half of one half is in the other by chance: 500, s.e. 19.
    assert 400 < len(drawn[0] & drawn[1]) < 600


def test_a_later_list_changes_no_earlier_contact(campaign: Path) -> None:
    treatment = Treatment(delivery=0.8, contamination=0.1)
    before = list_contacts(campaign, treatment, seed=7)
    write_list(campaign, "2025-03-10", LISTED[:500], HELD_OUT[:100], campaign="spring")
    after = list_contacts(campaign, treatment, seed=7)
    later = after["sent_at"] >= pd.Timestamp("2025-03-10")
    assert set(after.loc[later, "campaign"]) == {"spring"}
    key = ["customer_id", "sent_at"]
    pd.testing.assert_frame_equal(
        after[~later].sort_values(key, ignore_index=True), before.sort_values(key, ignore_index=True)
    )


def test_folders_without_readable_lists_are_refused(campaign: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("holds no lists/<day>/ranking.parquet")):
        list_contacts(tmp_path, Treatment(), seed=7)
    pd.DataFrame({"customer_id": LISTED}).to_parquet(campaign / "ledger.parquet")
    with pytest.raises(InputError, match=re.escape("the column entered_on is missing. Write the list anew.")):
        list_contacts(campaign, Treatment(), seed=7)
    (campaign / "lists" / "2025-03-03" / "run.json").unlink()
    with pytest.raises(InputError, match=re.escape("run.json: cannot be read")):
        list_contacts(campaign, Treatment(), seed=7)
    (campaign / "lists" / "2025-03-03").rename(campaign / "lists" / "monday")
    with pytest.raises(InputError, match=re.escape("monday: is not a day")):
        list_contacts(campaign, Treatment(), seed=7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_kept_settings_give_the_same_bytes(tmp_path: Path, kind: str) -> None:
    simulate(tmp_path / "a", customers=30, seed=3, kind=kind, season=0.2, treatment=Treatment(strength=0.3), years=2)
    simulate(tmp_path / "b", **read_settings(tmp_path / "a").arguments)
    assert file_bytes(tmp_path / "a") == file_bytes(tmp_path / "b")


def test_other_settings_than_the_kept_are_refused_all_at_once(tmp_path: Path) -> None:
    simulate(tmp_path, customers=30, treatment=Treatment(strength=0.3))
    kept = read_settings(tmp_path)
    kept.refuse_others(customers=30, kind="gift", season=0.6, effects=Effects(), strength=0.3, seed=None)
    message = "simulate.kind: is yearly, but the shop was simulated with gift. Leave it out, or simulate another shop."
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        kept.refuse_others(kind="yearly", seed=7, season=Season().amplitude, strength=0.4)
    assert len(refused.value.failures) == 3


def test_a_shop_without_kept_settings_cannot_be_continued(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("simulation.json: cannot be read")):
        read_settings(tmp_path)


@pytest.mark.slow
def test_a_shop_lives_on_with_its_lists(run: Run, tmp_path: Path) -> None:
    asked = ("simulate", "--out", "shop")
    code, _, err = run(*asked, "--customers", 600, "--kind", "subscription", "--until", "2025-03-03")
    assert code == 0, err
    first = read_shop(tmp_path / "shop")
    assert first["orders"]["ordered_at"].max() < pd.Timestamp("2025-03-03")

    listed = first["customers"]["customer_id"].tolist()
    write_list(tmp_path / "lists", "2025-03-03", listed[100:], listed[:100])
    shares = ("--strength", 0.6, "--delivery", 0.9, "--contamination", 0.05)
    again = (*asked, "--campaigns", "lists", "--until")
    assert run(*again, "2025-04-07", *shares)[0] == 0
    second = read_shop(tmp_path / "shop")
    early = second["orders"][second["orders"]["ordered_at"] < pd.Timestamp("2025-03-03")]
    pd.testing.assert_frame_equal(
        early.drop(columns="cancelled_at").reset_index(drop=True), first["orders"].drop(columns="cancelled_at")
    )
    ours = second["contacts"][second["contacts"]["campaign"] == "retention"]
    assert 0.85 < ours["customer_id"].isin(listed[100:]).sum() / len(listed[100:]) < 0.95
    assert set(ours["offer"].dropna()) == {"voucher"}
    assert second["truth/potential"]["contacted"].any()

    write_list(tmp_path / "lists", "2025-04-07", listed[:300], [])
    assert run(*again, "2025-05-05", "--kind", "subscription")[0] == 0, "the shares are remembered"
    third = read_shop(tmp_path / "shop")["truth/potential"]
    known = third[third["due_at"] < pd.Timestamp("2025-04-07")].reset_index(drop=True)
    pd.testing.assert_frame_equal(known, second["truth/potential"])

    code, out, err = run(*again, "2025-05-12", "--customers", 5_000, "--seed", 1, "--strength", 0.5)
    assert (code, out) == (1, "")
    for name, value, kept in (("customers", 5000, 600), ("seed", 1, 7), ("strength", 0.5, 0.6)):
        assert f"simulate.{name}: is {value}, but the shop was simulated with {kept}." in err
    assert "2027-01-04. Lives are drawn for 4 years up to 2026-03-03." in run(*again, "2027-01-04")[2]
    assert "--campaigns: needs the day on which the data end then." in run(*asked, "--campaigns", "lists")[2]
