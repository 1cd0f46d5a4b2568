"""What lists brought: planted effects are found, and what could mislead is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

import churnml
from churnml.campaigns.holdout import draw
from churnml.campaigns.ledger import prove, write_ledger
from churnml.campaigns.readout import EFFECTS, Readout, read_out
from churnml.config import Config
from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.errors import InputError, NothingToReadError
from churnml.words import LANGUAGES, Language
from churnml.words.campaigns import say_brought, say_check
from tests.campaigns.made_campaign import DEFINITION, FIRST, make_campaign, make_ledger, make_tables
from tests.servers import load_postgres


def main_effect(readout: Readout, outcome: str = "churned", estimand: str = "ITT") -> pd.Series:
    effects = readout.effects
    return effects[(effects.outcome == outcome) & (effects.estimand == estimand)].iloc[0]


def test_a_planted_effect_is_found_and_called_kept() -> None:
    shop, ledger = make_campaign(1_000, 8, effect=-0.1)
    found = read_out(shop, ledger)
    assert list(found.effects.columns) == list(EFFECTS)
    row = main_effect(found)
    assert abs(row.effect + 0.1) <= 2 * 0.018  # sqrt(.24 x (1/7200 + 1/800)) = .018
    assert row.low < -0.1 < row.high
    assert row.low_always < row.low < row.high < row.high_always
    assert row.verdict == "less"
    # Who did not order in the window did not order until the arm ran out either.
    assert main_effect(found, "churned_while_arm_held").effect == pytest.approx(row.effect)
    assert "kept" in say_brought(found, "en", "EUR")[0]
    # Ten of a hundred order for 50 who would not have, and each contact costs 1.5.
    assert main_effect(found, "net_revenue").effect == pytest.approx(-50 * row.effect, abs=0.01)
    assert main_effect(found, "profit").effect == pytest.approx(-50 * row.effect - 1.5, abs=0.01)
    share = found.measured["retention"]["save_share"]
    # A tenth of all, of the six tenths who would have left.
    assert share["low"] < 0.1 / 0.6 < share["high"]


def test_a_list_that_was_not_sent_keeps_no_other_from_being_read() -> None:
    shop, ledger = make_campaign(1_000, 2, effect=-0.1)
    alone = main_effect(read_out(shop, ledger))
    unsent = ledger.assign(campaign="retention/win_back", proof="")
    both = read_out(shop, pd.concat([ledger.assign(proof=""), unsent], ignore_index=True))
    assert both.campaigns == ("retention",)
    assert main_effect(both).effect == alone.effect
    warned = [(one.campaign, one.numbers) for one in both.checks if one.name == "delivery" and one.status == "warns"]
    assert ("retention/win_back", {"share": 0.0}) in warned
    with pytest.raises(InputError, match="None of the listed was contacted"):
        read_out(shop, unsent)


def test_without_an_effect_nothing_is_claimed_and_each_entry_is_near_nothing() -> None:
    shop, ledger = make_campaign(1_000, 8)
    found = read_out(shop, ledger)
    assert main_effect(found).verdict == "unknown"
    assert found.sequence.cohorts.tolist() == list(range(1, 9))
    of_entries = found.by("entered_on")
    errors = np.sqrt(0.24 * (1 / of_entries.listed + 1 / of_entries.held_out))
    assert (of_entries.effect.abs() <= 2.8 * errors).all()
    assert found.measured["retention"]["save_share"]["low"] < 0
    assert found.causal


def test_only_what_has_matured_is_read_and_the_rest_waits() -> None:
    shop, ledger = make_campaign(300, 4, effect=-0.2)
    # The second list is known on April 9; that day may not be seen yet.
    found = read_out(shop, ledger, "2025-04-09")
    assert found.sequence.entered_on.tolist() == [FIRST, FIRST + timedelta(days=7)]
    assert found.waiting.customers.tolist() == [300, 300]
    assert found.waiting.measure_on.tolist() == [date(2025, 4, 16), date(2025, 4, 23)]
    assert len(read_out(shop, ledger, "2025-04-08").sequence) == 1
    with pytest.raises(NothingToReadError, match="The first will be known on 2025-04-02"):
        read_out(shop, ledger, "2025-04-01")


def test_later_lists_change_no_earlier_entry() -> None:
    ledger = make_ledger(300, 6)
    shop = read(make_tables(ledger, effect=-0.1))
    whole = read_out(shop, ledger)
    for weeks in (1, 3):
        part = read_out(shop, ledger[ledger.entered_on < FIRST + timedelta(days=7 * weeks)])
        pd.testing.assert_frame_equal(part.sequence, whole.sequence.head(weeks))


def test_order_duplicates_and_the_future_change_nothing() -> None:
    ledger = make_ledger(300, 2)
    tables = make_tables(ledger, effect=-0.1)
    told = read_out(read(tables), ledger, "2025-06-01")
    mixed = {name: pd.concat([table, table.iloc[:9]]).sample(frac=1, random_state=3) for name, table in tables.items()}
    again = read_out(read(mixed), ledger.sample(frac=1, random_state=4), "2025-06-01")
    pd.testing.assert_frame_equal(again.effects, told.effects)
    late = tables["orders"].assign(
        order_id=lambda frame: "late " + frame.order_id, ordered_at=pd.Timestamp("2025-06-01"), amount=999.0
    )
    # Orders that are placed, and orders that are cancelled, on the day or later.
    orders = pd.concat([tables["orders"], late], ignore_index=True)
    orders["cancelled_at"] = pd.Series(pd.NaT, index=orders.index).mask(
        orders.order_id.isin(["a1", "b2"]), "2025-06-02"
    )
    future = read_out(read({**tables, "orders": orders}), ledger, "2025-06-01")
    pd.testing.assert_frame_equal(future.effects, told.effects)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_every_engine_gives_the_same(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    ledger = make_ledger(60, 2)
    tables = make_tables(ledger, effect=-0.1, delivery=0.8, contamination=0.1)
    of_all = ledger.assign(campaign="global", chance=0.2)
    held = draw(of_all.customer_id, of_all.entry_number, 0.2, "global", "churnml")
    of_all["arm"] = np.where(held, "held out", "listed")
    ledger = pd.concat([ledger, of_all.assign(proof=prove(of_all, "churnml"))], ignore_index=True)
    told, longer = (read_out(read(tables), ledger, window=window) for window in (None, 50))
    assert told.campaigns == ("global", "retention")
    address = request.getfixturevalue(engine)
    if engine == "postgres":
        shop = read(load_postgres(address, "readout", tables))
    else:
        for name, table in tables.items():
            table.to_parquet(tmp_path / f"{name}.parquet", index=False, coerce_timestamps="us")
        shop = read(address.replace("pyspark://", f"pyspark://{quote(str(tmp_path))}"))
    for expected in (told, longer):
        found = read_out(shop, ledger, window=expected.window)
        pd.testing.assert_frame_equal(found.effects, expected.effects, rtol=1e-9)


def test_an_arm_that_was_changed_or_another_key_is_refused() -> None:
    shop, ledger = make_campaign(200, 2, effect=-0.1)
    changed = ledger.copy()
    changed.loc[[3, 4], "arm"] = np.where(changed.arm[[3, 4]] == "listed", "held out", "listed")
    with pytest.raises(InputError, match="2 of 400 arms are not those that the key draws: customers c00003, c00004"):
        read_out(shop, changed)
    with pytest.raises(InputError, match="are not those that the key draws"):
        read_out(shop, ledger, config=Config.model_validate({"plays": {"holdout": {"key": "another"}}}))


def test_rows_that_are_missing_show() -> None:
    shop, ledger = make_campaign(1_000, 4)
    kept = ledger[(ledger.arm == "listed") | (ledger.place > 700)]
    with pytest.raises(InputError, match="but by lot it should be about"):
        read_out(shop, kept)


def test_where_not_all_were_reached_the_effect_of_a_contact_is_told_too() -> None:
    shop, ledger = make_campaign(2_000, 8, effect=-0.2, delivery=0.6, contamination=0.1)
    found = read_out(shop, ledger)
    # Half of the listed more were contacted than of the held out: .2 x (.6 - .1).
    assert main_effect(found).effect == pytest.approx(-0.1, abs=0.03)
    contacted = main_effect(found, "churned", "CACE")
    assert contacted.low < -0.2 < contacted.high
    per_contact = main_effect(found, "profit_per_contact", "CACE")
    assert per_contact.low < 50 * 0.2 - 1.5 < per_contact.high
    status = {check.name: check.status for check in found.checks}
    assert (status["delivery"], status["contamination"]) == ("warns", "warns")
    share = found.measured["retention"]["save_share"]
    assert share["low"] < 0.2 / 0.6 < share["high"]


def test_nothing_sent_is_refused_and_no_table_of_contacts_is_said() -> None:
    ledger = make_ledger(200, 2)
    tables = make_tables(ledger, effect=-0.1)
    other = tables["contacts"].assign(campaign="another", offer=None)
    with pytest.raises(InputError, match="None of the listed was contacted"):
        read_out(read({**tables, "contacts": other}), ledger)
    without = read_out(read({"orders": tables["orders"]}), ledger)
    assert "no_contacts" in {check.name for check in without.checks}
    assert set(without.effects.estimand) == {"ITT"}
    assert main_effect(without, "profit").effect == pytest.approx(main_effect(without, "net_revenue").effect)


def test_costs_by_hand() -> None:
    ledger = make_ledger(40, 1, share=0.5).assign(play_offer=6.0)
    tables = make_tables(ledger)
    orders, contacts = tables["orders"], tables["contacts"].assign(cost=np.nan)
    listed = ledger.customer_id[ledger.arm == "listed"].tolist()
    ordered = [one for one in listed if (orders.order_id.str.startswith("a") & (orders.customer_id == one)).any()]
    discounted = orders.customer_id.eq(ordered[0]) & orders.order_id.str.startswith("a")
    orders = orders.assign(discount=np.where(discounted, 5.0, 0.0))
    shop = read({"orders": orders, "contacts": contacts})
    rows = read_out(shop, ledger).rows.set_index("customer_id")
    # Where the shop gives no cost, that of the play counts: 2; the offer of 6 where it was taken with an order, unless
    # a discount is in the amount already.
    assert rows.cost[ordered[0]] == 2.0
    assert set(rows.cost[ordered[1:]]) == {8.0}
    assert set(rows.cost[[one for one in listed if one not in ordered]]) == {2.0}
    assert set(rows.cost[rows.arm == "held out"]) == {0.0}


def test_entries_that_came_again_are_read_apart() -> None:
    ledger = make_ledger(200, 2)
    again = ledger.assign(entry_number=2)
    again["arm"] = np.where(
        draw(again.customer_id, again.entry_number, 0.1, "retention", "churnml"), "held out", "listed"
    )
    again["entered_on"] = [day + timedelta(days=60) for day in again.entered_on]
    again["measure_on"] = [day + timedelta(days=60) for day in again.measure_on]
    again["arm_until"] = [day + timedelta(days=60) for day in again.arm_until]
    again["proof"] = prove(again, "churnml")
    shop = read({"orders": make_tables(ledger)["orders"]})
    found = read_out(shop, pd.concat([ledger, again], ignore_index=True))
    assert set(found.effects.entry) == {"first", "again"}
    alone = read_out(shop, ledger).effects
    pd.testing.assert_frame_equal(found.effects[found.effects.entry == "first"].reset_index(drop=True), alone)


def test_several_campaigns_are_told_apart_with_adjusted_p_values() -> None:
    one, other = make_ledger(300, 2), make_ledger(300, 2, campaign="calls")
    tables = make_tables(one, effect=-0.1)
    calls = tables["contacts"].assign(contact_id="y" + tables["contacts"].contact_id, campaign="calls")
    both = pd.concat([tables["contacts"], calls])
    found = read_out(read({**tables, "contacts": both}), pd.concat([one, other], ignore_index=True))
    assert found.campaigns == ("calls", "retention")
    main = found.effects[(found.effects.outcome == "churned") & (found.effects.estimand == "ITT")]
    assert main.p_adjusted.notna().all()
    overlap = next(check for check in found.checks if check.name == "carry_over")
    assert overlap.numbers["customers"] == overlap.numbers["rows"] == 600
    alone = read_out(read({**tables, "contacts": both}), pd.concat([one, other]), campaign="calls")
    assert alone.campaigns == ("calls",)


def test_what_all_campaigns_bring_together_is_told_by_whom_a_lot_kept_out_of_all() -> None:
    # Two campaigns of three hundred each a week; a fifth of all is left alone by both.
    parts = [make_ledger(300, 4, seed=at, campaign=name) for at, name in enumerate(("news", "retention"))]
    parts = [part.assign(customer_id=f"{at}" + part.customer_id) for at, part in enumerate(parts)]
    of_all = pd.concat(parts, ignore_index=True).assign(campaign="global", chance=0.2)
    held = draw(of_all.customer_id, of_all.entry_number, 0.2, "global", "churnml")
    of_all["arm"] = np.where(held, "held out", "listed")
    of_all = of_all.assign(proof=prove(of_all, "churnml"))
    apart = set(of_all.customer_id[held])
    own = [part[~part.customer_id.isin(apart)] for part in parts]
    for part in own:
        part["arm"] = np.where(
            draw(part.customer_id, part.entry_number, 0.1, part.campaign.iloc[0], "churnml"), "held out", "listed"
        )
    ledger = pd.concat([*(part.assign(proof=prove(part, "churnml")) for part in own), of_all], ignore_index=True)
    listed = ledger[ledger.campaign != "global"]
    tables = make_tables(pd.concat([listed, of_all[held]], ignore_index=True), effect=-0.2)
    # A mail without an offer counts as well: it is of one of the campaigns.
    tables["contacts"] = tables["contacts"].assign(offer=None)
    found = read_out(read(tables), ledger)
    assert found.campaigns == ("global", "news", "retention")
    effects = found.effects[(found.effects.outcome == "churned") & (found.effects.estimand == "ITT")]
    effects = effects.set_index("campaign")
    # Nine in ten of those who may be contacted are: .9 * -.2.
    assert effects.effect["global"] == pytest.approx(-0.18, abs=0.05)
    assert effects.verdict["global"] == "less"
    assert effects.held_out["global"] == held.sum()
    checks = {check.name: check for check in found.checks if check.campaign == "global"}
    assert checks["delivery"].numbers["share"] == pytest.approx(0.9, abs=0.02)
    assert checks["contamination"].numbers["share"] == 0
    assert "carry_over" not in checks
    # Plays are told of those who entered a campaign, each once.
    assert found.by("play").listed.sum() == (listed.arm == "listed").sum()
    alone = read_out(read(tables), ledger, campaign="global")
    assert alone.effects.effect[0] == effects.effect["global"]
    assert say_brought(found, "en", None)[0].startswith("All campaigns together: ")


def test_a_longer_window_tells_what_came_of_it_as_long_as_arms_hold() -> None:
    shop, ledger = make_campaign(300, 4, effect=-0.2)
    tables = {name: shop.tables[name].to_pandas() for name in ("orders", "contacts")}
    # Of the held out, every second comes back 45 days after entry: those who were listed had merely ordered sooner.
    back = ledger[(ledger.arm == "held out") & (np.arange(len(ledger)) % 2 == 0)]
    later = pd.DataFrame(
        {
            "order_id": "later " + back.customer_id,
            "customer_id": back.customer_id,
            "ordered_at": pd.to_datetime(back.entered_on) + pd.Timedelta(days=45),
            "amount": 10.0,
        }
    )
    shop = read({**tables, "orders": pd.concat([tables["orders"], later], ignore_index=True)})
    short, long = read_out(shop, ledger), read_out(shop, ledger, window=60)
    assert (short.window, long.window) == (None, 60)
    churned = {
        told.window: told.effects.set_index(["outcome", "estimand"]).loc[("churned", "ITT")] for told in (short, long)
    }
    assert churned[60].mean_listed == churned[None].mean_listed
    came = set(later.customer_id)
    left = short.rows[(short.rows.arm == "held out") & (short.rows.churned == 1)].customer_id
    expected = (~left.isin(came)).sum() / churned[None].held_out
    assert churned[60].mean_held_out == pytest.approx(expected)
    # What is asked of the short window is the short readout to the last bit.
    same = read_out(shop, ledger, window=30)
    pd.testing.assert_frame_equal(same.effects, short.effects)
    with pytest.raises(InputError, match="1,200 arms end before, the first on 2025-05-02, 60 days after entry"):
        read_out(shop, ledger, window=61)
    with pytest.raises(InputError, match="more than the 0 days of lead"):
        read_out(shop, ledger, window=0)
    spending = ledger.assign(definition=ChurnDefinition(kind="spend_drop", horizon_days=30).model_dump_json())
    with pytest.raises(InputError, match="told in its own days only"):
        read_out(shop, spending, window=40)


def test_plays_are_told_each_within_its_own_customers() -> None:
    shop, ledger = make_campaign(1_000, 4, effect=-0.1)
    found = read_out(shop, ledger).by("play")
    assert found.play.tolist() == ["call", "mail"]
    assert (found.listed + found.held_out).sum() == 4_000
    # Level 1 - .05 / 2, wider than that of one play.
    assert ((found.high - found.low) > 2 * 1.96 * np.sqrt(0.2 * (1 / found.listed + 1 / found.held_out))).all()
    assert (found.shrunken - found.effect).abs().max() < 0.1
    with pytest.raises(InputError, match="by: is one of play, band, segment, entered_on"):
        read_out(shop, ledger).by("city")
    with pytest.raises(InputError, match="do not tell"):
        read_out(shop, ledger).by("segment")


def test_arms_from_elsewhere_are_read_with_what_is_known_of_them() -> None:
    ledger = make_ledger(400, 2, share=0.5)
    shop = read({"orders": make_tables(ledger, effect=-0.2)["orders"]})
    config = Config(definition=DEFINITION)
    table = ledger[["customer_id", "arm", "entered_on"]].astype({"entered_on": "str"})
    plain = read_out(shop, table, config=config)
    told = read_out(shop, table.assign(churn_probability=ledger.churn_probability), config=config)
    assert main_effect(told).high - main_effect(told).low < 0.97 * (main_effect(plain).high - main_effect(plain).low)
    assert any(check.name == "arms" and check.status == "warns" for check in plain.checks)
    # Nobody told what these customers are worth.
    assert plain.measured["retention"]["value_kept"] is None
    with pytest.raises(InputError, match="table: has no arm"):
        read_out(shop, table.drop(columns="arm"), config=config)
    with pytest.raises(InputError, match="is neither 'listed' nor 'held out'"):
        read_out(shop, table.assign(arm="Control"), config=config)
    with pytest.raises(InputError, match="entered_on holds what is no day"):
        read_out(shop, table.assign(entered_on="soon"), config=config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ledger: ledger.assign(arm="listed"), "so there is nobody to compare"),
        (lambda ledger: ledger.iloc[:1], "so there is nobody to compare"),
        (lambda ledger: ledger.assign(customer_id="other " + ledger.customer_id), "the shop knows none of"),
        (lambda ledger: ledger.assign(definition="{"), "definition cannot be read"),
        (lambda ledger: ledger.assign(arm="=1+1"), "is neither 'listed' nor 'held out'"),
    ],
)
def test_what_cannot_be_read_out_is_one_message(change: Callable[[pd.DataFrame], pd.DataFrame], message: str) -> None:
    shop, ledger = make_campaign(60, 1)
    with pytest.raises((InputError, NothingToReadError), match=message):
        read_out(shop, change(ledger))


def test_customers_who_all_do_the_same_are_no_error() -> None:
    ledger = make_ledger(100, 1)
    tables = make_tables(ledger)
    before = tables["orders"][~tables["orders"].order_id.str.startswith("a")]
    nobody = read_out(read({**tables, "orders": before}), ledger)
    assert main_effect(nobody).effect == pytest.approx(0.0, abs=1e-12)
    assert main_effect(nobody).verdict == "unknown"


def test_folders_are_read_and_pseudonyms_resolved(tmp_path: Path) -> None:
    shop, ledger = make_campaign(200, 2, effect=-0.1)
    told = read_out(shop, ledger)
    names = {f"p{at}": name for at, name in enumerate(ledger.customer_id)}
    hidden = ledger.assign(customer_id=list(names))
    write_ledger(hidden, tmp_path / "ledger.parquet")
    with pytest.raises(InputError, match="the folder of secrets"):
        read_out(shop, tmp_path)
    pd.testing.assert_frame_equal(read_out(shop, tmp_path, real_ids=names).effects, told.effects)
    with pytest.raises(InputError, match="is no folder"):
        read_out(shop, tmp_path / "none")


def test_lists_without_a_holdout_are_not_causal(tmp_path: Path) -> None:
    ledger = make_ledger(100, 1)
    shop = read(make_tables(ledger))
    folder = tmp_path / "lists" / FIRST.isoformat()
    folder.mkdir(parents=True)
    ranks = np.where(ledger.place > 50, np.nan, ledger.place)
    listed = ledger[["customer_id", "churn_probability"]].assign(list_rank=ranks)
    listed.to_parquet(folder / "ranking.parquet")
    level = {"rate": 0.6, "low": 0.5, "high": 0.7}
    manifest = {"definition": DEFINITION.model_dump(), "level": level}
    (folder / "run.json").write_text(json.dumps(manifest))
    found = read_out(shop, tmp_path)
    assert not found.causal
    assert found.calibration is not None
    row = found.calibration.iloc[0]
    p = ledger.churn_probability[ledger.place <= 50]
    assert (row.listed, row.predicted) == (50, pytest.approx(p.mean()))
    # Chance and a level that may be a tenth off: the root of both squares.
    half = np.hypot(1.96 * np.sqrt((p * (1 - p)).sum()) / 50, 0.1)
    assert row.high - row.low == pytest.approx(2 * half, rel=1e-4)
    for language in LANGUAGES:
        said = say_brought(found, language, None)
        assert len(said) == 4
    assert say_brought(found, "en", None)[0] == "Not causal: nobody was left alone by lot"
    with pytest.raises(NothingToReadError, match="no ledger and no list"):
        read_out(shop, tmp_path / "lists")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("effect", "verdict"), [(-0.3, "kept"), (0.3, "more"), (0.0, "unknown")])
def test_it_is_told_in_every_language(language: Language, effect: float, verdict: str) -> None:
    ledger = make_ledger(1_000, 2, share=0.3)
    ledger["churn_probability"] = 0.5
    found = read_out(read(make_tables(ledger, effect=effect)), ledger)
    said = say_brought(found, language, "EUR")
    assert len(said) == 2
    assert not any("{" in text or "nan" in text for text in said)
    kept = {"en": "kept", "de": "hielt", "tr": "elde tut"}[language]
    assert (kept in said[0]) is (verdict in ("kept", "unknown"))
    for check in found.checks:
        assert "{" not in say_check(check.name, check.status, check.numbers, language)


def test_rankings_and_several_folders_are_read(tmp_path: Path) -> None:
    shop, ledger = make_campaign(200, 2, effect=-0.1)
    told = read_out(shop, ledger)
    first = ledger.entered_on == FIRST
    for name, rows in (("one", ledger[first]), ("two", ledger[~first])):
        (tmp_path / name).mkdir()
        write_ledger(rows, tmp_path / name / "ledger.parquet")
    both = read_out(shop, [tmp_path / "one", tmp_path / "two"])
    pd.testing.assert_frame_equal(both.effects, told.effects)
    ranking = SimpleNamespace(ledger=ledger)
    pd.testing.assert_frame_equal(read_out(shop, ranking).effects, told.effects)


def test_lists_of_one_arm_each_are_nothing_to_compare() -> None:
    ledger = make_ledger(100, 2)
    one_arm = (ledger.entered_on == FIRST) == (ledger.arm == "listed")
    apart = ledger[one_arm].groupby("entered_on").head(12)
    shop = read({"orders": make_tables(ledger)["orders"]})
    with pytest.raises(NothingToReadError, match="customers of both arms"):
        read_out(shop, apart.assign(proof="", chance=0.5))


def test_outcomes_by_different_definitions_are_never_pooled() -> None:
    ledger = make_ledger(400, 2)
    later = ledger.entered_on > FIRST
    longer = json.dumps(churnml.ChurnDefinition(horizon_days=45).model_dump(mode="json"), sort_keys=True)
    ledger.loc[later, "definition"] = longer
    ledger.loc[later, "measure_on"] = [day + timedelta(days=15) for day in ledger.measure_on[later]]
    shop = read(make_tables(ledger, effect=-0.1))
    found = read_out(shop, ledger)
    main = found.effects[(found.effects.outcome == "churned") & (found.effects.estimand == "ITT")]
    assert (main.listed + main.held_out).tolist() == [400, 400]
    assert found.sequence.entered_on.tolist() == [FIRST + timedelta(days=7)]


def test_it_is_public() -> None:
    assert churnml.read_out is read_out
