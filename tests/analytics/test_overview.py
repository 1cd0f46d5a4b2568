from __future__ import annotations

from calendar import day_name
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from churnml.analytics.lifecycle import INACTIVE, NO_CUSTOMER, STAGES, compute_lifecycle, compute_transitions
from churnml.analytics.overview import analyse
from churnml.analytics.segments import SEGMENTS, compute_migration, compute_segments, segment_rules
from churnml.data.contract import TABLES
from churnml.data.reading import read
from churnml.data.shop import Shop

BEFORE, AFTER = date(2025, 1, 1), date(2025, 2, 1)


def standings() -> dict[date, pd.DataFrame]:
    """Four customers: a stays loyal, b goes from new to lapsed, c is gone, d comes."""
    rows = {BEFORE: ["loyal", "new", "lost", None], AFTER: ["loyal", "lapsed", None, "new"]}
    segments = {
        BEFORE: ["loyal_customers", "recent_customers", "long_gone", None],
        AFTER: ["loyal_customers", "long_gone", None, "recent_customers"],
    }
    return {
        day: pd.DataFrame(
            {
                "stage": pd.Categorical(stages, STAGES),
                "segment": pd.Categorical(segments[day], SEGMENTS),
                "amount": [60.0, 30.0, 10.0, 20.0],
            },
            index=list("abcd"),
        )
        for day, stages in rows.items()
    }


def test_stages_are_counted_of_the_eligible() -> None:
    table = compute_lifecycle(standings())
    counted = table[table["snapshot_date"] == AFTER].set_index("stage")
    assert list(counted.index) == list(STAGES)
    assert counted["customers"].sum() == 3
    assert counted.loc["loyal", "share"] == 1 / 3


def test_every_move_is_counted_once() -> None:
    table = compute_transitions(standings())
    moves = {(row.before, row.after): (row.customers, row.share) for row in table.itertuples()}
    assert moves == {
        ("loyal", "loyal"): (1, 1.0),
        ("new", "lapsed"): (1, 1.0),
        ("lost", INACTIVE): (1, 1.0),
        (NO_CUSTOMER, "new"): (1, 1.0),
    }


def test_segments_have_their_money_and_their_moves() -> None:
    table = compute_segments(standings())
    before = table[table["snapshot_date"] == BEFORE].set_index("segment")
    # d was not eligible: 60, 30 and 10 of 100.
    assert before.loc[["loyal_customers", "recent_customers", "long_gone"], "amount_share"].to_list() == [0.6, 0.3, 0.1]
    assert ("recent_customers", "long_gone") in set(
        compute_migration(standings())[["before", "after"]].itertuples(index=False, name=None)
    )


def test_the_rules_of_the_segments_cover_every_pair_of_fifths_once() -> None:
    covered = []
    for rule in segment_rules().values():
        for part in rule.split(", or "):
            recency, worth = part.removeprefix("R ").split(" and FM ")
            covered += [(r, w) for r in recency.split(" or ") for w in worth.split(" or ")]
    assert len(covered) == len(set(covered)) == 25


def test_nothing_after_the_day_changes_a_figure(shop: Shop, simulated: Path) -> None:
    day = date(2025, 1, 1)
    cut = {}
    for file in simulated.glob("*.parquet"):
        table, time = pd.read_parquet(file), TABLES[file.stem].event_time
        cut[file.stem] = table if time is None else table[~(table[time] >= pd.Timestamp(day))]
    again = analyse(read(cut), day).tables()
    for name, table in analyse(shop, day).tables().items():
        pd.testing.assert_frame_equal(table, again[name], obj=name)


@pytest.mark.parametrize("days", [35, 37])
def test_shifting_all_times_by_days_shifts_the_dates_alone(shop: Shop, simulated: Path, days: int) -> None:
    day, shift = date(2025, 1, 1), pd.Timedelta(days=days)
    moved = {}
    for file in simulated.glob("*.parquet"):
        table = pd.read_parquet(file)
        times = table.select_dtypes("datetime").columns
        moved[file.stem] = table.assign(**{name: table[name] + shift for name in times})
    again = analyse(read(moved), (pd.Timestamp(day) + shift).date()).tables()
    for name, table in analyse(shop, day).tables().items():
        if name in ("cohorts", "second_orders", "text_months"):  # go by the months of the calendar
            continue
        dates = table.columns.intersection(["period_start", "period_end", "snapshot_date"])
        for column in dates:
            shifted = pd.to_datetime(table[column]) + shift
            assert list(shifted) == list(pd.to_datetime(again[name][column])), name
        found, told = table.drop(columns=dates), again[name].drop(columns=dates)
        if name == "habit_shares":  # a Monday's orders are two days of the week later after 37 days
            later = {a: day_name[(place + days) % 7] for place, a in enumerate(day_name)}
            found["of"] = found["of"].replace(later)
            keys = ["group", "value", "habit", "of"]
            found, told = (frame.sort_values(keys, ignore_index=True) for frame in (found, told))
        pd.testing.assert_frame_equal(found, told, obj=name)


def test_the_same_shop_gives_the_same_tables_whatever_the_order_of_its_rows(shop: Shop, simulated: Path) -> None:
    mixed = {file.stem: pd.read_parquet(file).sample(frac=1, random_state=3) for file in simulated.glob("*.parquet")}
    found, again = analyse(shop), analyse(read(mixed))
    for name, table in found.tables().items():
        pd.testing.assert_frame_equal(table, again.tables()[name], obj=name, check_exact=True)


def test_the_stages_of_the_overview_are_those_of_the_list(shop: Shop) -> None:
    overview = analyse(shop)
    newest = overview.lifecycle[overview.lifecycle["snapshot_date"] == overview.snapshot_date]
    assert (
        newest["customers"].sum()
        == overview.segments[overview.segments["snapshot_date"] == overview.snapshot_date]["customers"].sum()
    )
    assert abs(newest["share"].sum() - 1) < 1e-12
    assert overview.figures["churn_rate"] + overview.figures["retention_rate"] == 1
