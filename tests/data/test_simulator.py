"""Laws of the simulated shop: same bytes, the table contract, and leaving as the written hazards say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from churnml.config import Config
from churnml.data.contract import TABLES, Table
from churnml.data.simulator import DRIVERS, KINDS, Effects, Season, simulate
from churnml.errors import InputError
from churnml.shop_jobs import check_shop

pytestmark = pytest.mark.slow

END = "2025-07-01"
CUSTOMERS = 3_000
Shop = dict[str, pd.DataFrame]


def read_shop(folder: Path) -> Shop:
    """Read every file of a simulated shop, the truth as ``truth/...``."""
    return {
        str(path.relative_to(folder).with_suffix("").as_posix()): pd.read_parquet(path)
        for path in folder.rglob("*.parquet")
    }


def file_bytes(folder: Path) -> dict[str, bytes]:
    """Read the bytes of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def decisions(shop: Shop) -> pd.DataFrame:
    """Give the orders whose decision falls within the data, with ``leaves``: whether it was to leave."""
    orders = shop["truth/orders"].merge(shop["truth/customers"][["customer_id", "left"]], on="customer_id")
    is_last = ~orders["customer_id"].duplicated(keep="last")
    return orders.assign(leaves=orders["left"] & is_last)[orders["decided_at"].notna()]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Give the kinds one by one: most laws hold for all."""
    return str(request.param)


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate the shop that most tests look at."""
    out = tmp_path_factory.mktemp("simulated") / "shop"
    simulate(out, customers=CUSTOMERS, end=END, kind=kind)
    return out


@pytest.fixture(scope="module")
def shop(folder: Path) -> Shop:
    """Read that shop."""
    return read_shop(folder)


@pytest.fixture(scope="module")
def textbook(simulated: Callable[..., Shop]) -> Shop:
    """Simulate the shop of clear signals."""
    return simulated(Effects(), "textbook")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Shop]:
    """Give a function that simulates a shop with other effects."""

    def make(effects: Effects, kind: str = "textbook") -> Shop:
        out = tmp_path_factory.mktemp("other") / "shop"
        simulate(out, customers=CUSTOMERS, effects=effects, end=END, kind=kind)
        return read_shop(out)

    return make


def test_same_arguments_give_same_bytes(kind: str, folder: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "again", customers=CUSTOMERS, end=END, kind=kind)
    assert file_bytes(tmp_path / "again") == file_bytes(folder)


def test_another_seed_gives_other_orders(tmp_path: Path) -> None:
    simulate(tmp_path / "a", customers=50, seed=0)
    simulate(tmp_path / "b", customers=50, seed=1)
    assert file_bytes(tmp_path / "a")["orders.parquet"] != file_bytes(tmp_path / "b")["orders.parquet"]


def test_number_of_processes_changes_no_byte(tmp_path: Path) -> None:
    for jobs in (1, 2):
        simulate(tmp_path / str(jobs), customers=450, chunk_customers=100, jobs=jobs)
    assert file_bytes(tmp_path / "1") == file_bytes(tmp_path / "2")


def test_later_chunks_change_no_earlier_customer(tmp_path: Path) -> None:
    simulate(tmp_path / "few", customers=100, chunk_customers=100)
    simulate(tmp_path / "more", customers=250, chunk_customers=100, jobs=1)
    few, more = read_shop(tmp_path / "few"), read_shop(tmp_path / "more")
    for name in ("orders", "visits", "contacts", "truth/orders"):
        pd.testing.assert_frame_equal(more[name][more[name]["customer_id"] <= "C0000100"], few[name])


def test_progress_counts_customers_up_to_all(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    simulate(
        tmp_path / "out", customers=25, chunk_customers=10, jobs=1, progress=lambda done, of: seen.append((done, of))
    )
    assert seen == [(10, 25), (20, 25), (25, 25)]


# Columns that no feature reads yet.
NOT_SIMULATED = {
    "orders": {"discount_code"},
    "customers": {"referred_by"},
    "returns": {"product_id", "refunded_at"},
    "contacts": {"redeemed_at", "outcome"},
}


def test_every_table_is_written(shop: Shop) -> None:
    assert set(shop) == {*TABLES, "truth/customers", "truth/orders"}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_table_keeps_the_contract(folder: Path, shop: Shop, table: Table) -> None:
    frame, schema = shop[table.name], pq.read_schema(folder / f"{table.name}.parquet")
    declared = set(table.column) - {table.line} - NOT_SIMULATED.get(table.name, set())  # lines have a key of their own
    assert declared == set(frame.columns) or (table.attributes and declared <= set(frame.columns))
    assert not frame[list(table.required)].isna().any(axis=None)
    assert not frame.duplicated(list(table.key)).any()
    arrow = {
        "id": pa.types.is_string,
        "text": pa.types.is_string,
        "flag": pa.types.is_boolean,
        "number": pa.types.is_integer,
        "money": lambda kind: kind == pa.decimal128(18, 4),
        "time": lambda kind: kind == pa.timestamp("us"),
        "plan": lambda kind: kind == pa.timestamp("us"),
    }
    for column in (column for column in table.columns if column.name in declared):
        values = frame[column.name]
        assert arrow[column.type](schema.field(column.name).type), column.name
        assert values.notna().any(), f"{column.name} is always empty"
        if column.type == "time":
            assert values.max() < pd.Timestamp(END), column.name
            assert (values.dropna() != values.dropna().dt.normalize()).mean() > 0.99, column.name
        if column.bounds is not None:
            assert values.dropna().between(column.bounds.minimum, column.bounds.maximum).all()
        if column.known_with is not None:
            assert (values.isna() == frame[column.known_with].isna()).all()


def test_a_shop_passes_the_check(folder: Path) -> None:
    report = check_shop(folder, Config())
    assert report.failures == []
    assert report.notes == []


@pytest.mark.parametrize("name", TABLES)
def test_rows_refer_to_customers_and_orders_that_exist(shop: Shop, name: str) -> None:
    for column, owner in (("customer_id", "customers"), ("order_id", "orders")):
        if column in shop[name]:
            assert shop[name][column].isin(shop[owner][column]).all()


def test_items_add_up_to_amount_and_discount_exactly(folder: Path) -> None:
    items, orders = pq.read_table(folder / "order_items.parquet"), pq.read_table(folder / "orders.parquet")
    lines = pa.table(
        {
            "order_id": items["order_id"],
            "line": pc.multiply(items["unit_price"], items["quantity"].cast(pa.decimal128(10, 0))),
        }
    )
    sums = lines.group_by("order_id").aggregate([("line", "sum"), ("line", "count")]).sort_by("order_id")
    orders = orders.sort_by("order_id")
    assert sums["order_id"].to_pylist() == orders["order_id"].to_pylist()
    assert sums["line_sum"].to_pylist() == pc.add(orders["amount"], orders["discount"]).to_pylist()
    assert (pc.min(sums["line_count"]).as_py(), pc.max(sums["line_count"]).as_py()) == (1, 4)


def test_cancelled_orders_are_few_quick_and_not_delivered(shop: Shop) -> None:
    orders = shop["orders"]
    cancelled = orders[orders["cancelled_at"].notna()]
    assert 0.01 < len(cancelled) / len(orders) < 0.02
    assert (cancelled["cancelled_at"] - cancelled["ordered_at"]).between(pd.Timedelta(0), pd.Timedelta(days=2)).all()
    for name in ("deliveries", "returns", "reviews", "complaints"):
        assert not shop[name]["order_id"].isin(cancelled["order_id"]).any()


def test_times_of_a_row_follow_each_other(shop: Shop) -> None:
    orders = shop["orders"].set_index("order_id")["ordered_at"]
    deliveries = shop["deliveries"].assign(ordered_at=lambda table: table["order_id"].map(orders))
    assert (deliveries["promised_at"] == deliveries["promised_at"].dt.normalize()).all()
    first_order = shop["orders"].groupby("customer_id")["ordered_at"].min()
    customers = shop["customers"].assign(first_at=lambda table: table["customer_id"].map(first_order))
    for table, earlier, later in (
        (deliveries, "ordered_at", "promised_at"),
        (deliveries, "ordered_at", "shipped_at"),
        (deliveries, "shipped_at", "delivered_at"),
        (shop["complaints"], "opened_at", "first_response_at"),
        (shop["complaints"], "first_response_at", "resolved_at"),
        (shop["contacts"], "sent_at", "opened_at"),
        (shop["contacts"], "opened_at", "clicked_at"),
        (shop["subscriptions"], "started_at", "cancelled_at"),
        (customers, "signed_up_at", "first_at"),
    ):
        known = table[table[later].notna()]
        assert (known[earlier] < known[later]).all(), (earlier, later)


def test_reward_points_are_never_overdrawn(shop: Shop) -> None:
    assert (shop["rewards"].groupby("customer_id")["points"].cumsum() >= 0).all()


def test_ids_sort_like_time(shop: Shop) -> None:
    orders = shop["orders"]
    assert orders["order_id"].is_monotonic_increasing
    assert (orders.groupby("customer_id")["ordered_at"].diff().dropna() > pd.Timedelta(0)).all()


def test_sizes_of_the_textbook_are_those_of_a_shop(textbook: Shop) -> None:
    shop, orders = textbook, len(textbook["orders"])
    assert 8 < orders / CUSTOMERS < 12
    assert 0.8 < shop["customers"]["contactable"].mean() < 0.9
    assert 0.5 < len(shop["visits"]) / orders < 1.5
    assert len(shop["contacts"]) < orders
    exposed = shop["truth/orders"].filter(like="exposed_").mean()
    assert 0.08 < exposed["exposed_late_delivery"] < 0.15
    assert (exposed.drop("exposed_late_delivery").between(0.02, 0.06)).all()


def test_exposure_is_visible_in_the_tables(kind: str, shop: Shop) -> None:
    truth = shop["truth/orders"].merge(shop["orders"], on=["order_id", "customer_id"])
    seen = truth.merge(shop["deliveries"], on="order_id", how="left")
    known_by = seen[["delivered_at", "decided_at"]].min(axis=1).fillna(pd.Timestamp(END))
    late = known_by - seen["promised_at"] >= pd.Timedelta(days=2)
    settled = seen["decided_at"].notna()
    assert (late == seen["exposed_late_delivery"])[settled].all()
    assert (truth.loc[truth["exposed_price"], "discount"].astype(float) == 0).all()
    pace = truth["customer_id"].map(shop["truth/customers"].set_index("customer_id")["pace_days"])
    # In the time of the customers, which runs by the season; the gap before the first day is not in the tables.
    seconds = (truth["ordered_at"] - pd.Timestamp("1970-01-01")).dt.total_seconds().to_numpy()
    own_days = pd.Series(KINDS[kind].season.own_time(seconds) / 86_400)
    gap = own_days.groupby(truth["customer_id"]).diff()
    slow = truth["exposed_own_pace"] & gap.notna()
    assert slow.sum() > 10
    assert (gap > 1.6 * pace)[slow].all()


def test_leave_probability_is_that_of_competing_hazards(shop: Shop) -> None:
    hazards = shop["truth/orders"].filter(like="hazard_")
    np.testing.assert_allclose(shop["truth/orders"]["leave_probability"], 1 - np.exp(-hazards.sum(axis=1)), rtol=1e-12)


@pytest.mark.parametrize("driver", DRIVERS)
def test_exposed_customers_leave_as_often_as_their_hazards_say(shop: Shop, driver: str) -> None:
    made = decisions(shop)
    exposed = made[f"exposed_{driver}"]
    for group in (made[exposed], made[~exposed]):
        probability = group["leave_probability"]
        noise = np.sqrt((probability * (1 - probability)).sum())
        assert abs(group["leaves"].sum() - probability.sum()) < 4 * noise


@pytest.mark.parametrize("driver", DRIVERS)
def test_exposure_is_clear_in_the_textbook(textbook: Shop, driver: str) -> None:
    made = decisions(textbook)
    exposed = made[f"exposed_{driver}"]
    assert made.loc[exposed, "leaves"].mean() > 3 * made.loc[~exposed, "leaves"].mean()
    assert 0.2 < made.loc[exposed, "leaves"].mean() < 0.5
    calm = ~made.filter(like="exposed_").any(axis=1)
    assert 0.02 < made.loc[calm, "leaves"].mean() < 0.05


@pytest.mark.parametrize("cause", [*DRIVERS, "base"])
def test_causes_are_drawn_in_proportion_to_the_hazards(shop: Shop, cause: str) -> None:
    customers = shop["truth/customers"]
    last = shop["truth/orders"].drop_duplicates("customer_id", keep="last").set_index("customer_id")
    leavers = customers[customers["left"]].set_index("customer_id")
    hazards = last.loc[leavers.index].filter(like="hazard_")
    share = hazards[f"hazard_{cause}"] / hazards.sum(axis=1)
    noise = np.sqrt((share * (1 - share)).sum())
    assert abs((leavers["cause"] == cause).sum() - share.sum()) < 4 * noise


def test_who_left_orders_no_more_and_who_stayed_is_not_due_yet(shop: Shop) -> None:
    customers = shop["truth/customers"].set_index("customer_id")
    last_order = shop["orders"].groupby("customer_id")["ordered_at"].max()
    left = customers["left"]
    assert 0.2 < left.mean() < 0.95
    assert (customers["left_at"].notna() == left).all()
    assert (customers["cause"].notna() == left).all()
    assert (last_order < customers["left_at"])[left].all()
    assert customers["left_at"].max() < pd.Timestamp(END)
    last_decision = (
        shop["truth/orders"].drop_duplicates("customer_id", keep="last").set_index("customer_id")["decided_at"]
    )
    assert (last_decision.isna() == ~left).all()
    visits = shop["visits"]
    assert not (visits["visited_at"] > visits["customer_id"].map(customers["left_at"])).any()


@pytest.fixture(scope="module")
def switched_off(simulated: Callable[..., Shop]) -> Shop:
    """Simulate a shop that people leave without any reason; with one driver on, what it takes would be mixed up."""
    return simulated(Effects(late_delivery=0, open_complaint=0, price=0, own_pace=0))


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_switched_off_is_recorded_but_takes_nobody(switched_off: Shop, driver: str) -> None:
    made = decisions(switched_off)
    exposed = made[f"exposed_{driver}"]
    assert exposed.mean() > 0.02
    assert (made[f"hazard_{driver}"] == 0).all()
    shares = made.groupby(exposed)["leaves"].agg(["mean", "count"])
    noise = np.sqrt((shares["mean"] * (1 - shares["mean"]) / shares["count"]).sum())
    assert shares["mean"][True] - shares["mean"][False] < 4 * noise


def test_one_driver_alone_can_be_switched_off(simulated: Callable[..., Shop]) -> None:
    shop = simulated(Effects(late_delivery=0))
    assert (shop["truth/orders"]["hazard_late_delivery"] == 0).all()
    assert shop["truth/orders"]["exposed_late_delivery"].any()
    assert (shop["truth/orders"].loc[shop["truth/orders"]["exposed_own_pace"], "hazard_own_pace"] > 0).all()
    assert set(shop["truth/customers"]["cause"].dropna()) == {"open_complaint", "price", "own_pace", "base"}


@pytest.fixture(scope="module", params=["gift", "yearly", "textbook"])
def memoryless(request: pytest.FixtureRequest, simulated: Callable[..., Shop]) -> Shop:
    """Simulate a shop in which nothing predicts who stops."""
    return simulated(Effects.none(), request.param)


def test_without_effects_nobody_leaves(memoryless: Shop) -> None:
    assert not memoryless["truth/customers"]["left"].any()
    assert (memoryless["truth/orders"]["leave_probability"] == 0).all()
    pace = memoryless["truth/customers"]["pace_days"]
    assert (pace == pace.iloc[0]).all()


@pytest.mark.parametrize("snapshot_date", ["2024-03-01", "2025-04-01"])
@pytest.mark.parametrize("known", ["days_since_last_order", "orders", "visits_60d", "late"])
def test_without_effects_nothing_known_tells_who_stops(memoryless: Shop, snapshot_date: str, known: str) -> None:
    snapshot = pd.Timestamp(snapshot_date)
    orders, visits = memoryless["orders"], memoryless["visits"]
    before = orders[orders["ordered_at"] < snapshot]
    table = before.groupby("customer_id")["ordered_at"].agg(last="max", orders="count")
    table["days_since_last_order"] = (snapshot - table["last"]).dt.days
    recent = visits[(visits["visited_at"] < snapshot) & (visits["visited_at"] >= snapshot - pd.Timedelta(days=60))]
    table["visits_60d"] = recent.groupby("customer_id").size().reindex(table.index, fill_value=0)
    late = memoryless["truth/orders"].merge(before[["order_id"]]).groupby("customer_id")["exposed_late_delivery"].sum()
    table["late"] = late.reindex(table.index, fill_value=0)
    after = orders[(orders["ordered_at"] >= snapshot) & (orders["ordered_at"] < snapshot + pd.Timedelta(days=90))]
    stops = ~table.index.to_series().isin(after["customer_id"])
    above = table[known] > table[known].median()
    # One Poisson process with a mean gap of 75 days: no order in 90 days for exp(-90 / 75) = 30.1 % of all.
    expected = 0.3012
    for group in (stops[above], stops[~above]):
        assert len(group) > 300
        assert abs(group.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(group))


@pytest.mark.parametrize("effects", [Effects(), Effects.none()], ids=["default", "none"])
@pytest.mark.parametrize("customers", [1, 10])
def test_tiny_shops_have_no_empty_table(tmp_path: Path, customers: int, effects: Effects) -> None:
    for seed in range(5):
        rows = simulate(tmp_path / "shop", customers=customers, seed=seed, effects=effects)
        shop = read_shop(tmp_path / "shop")
        assert rows["customers"] == customers
        assert rows == {name: len(table) for name, table in shop.items() if not name.startswith("truth/")}
        assert min(len(table) for table in shop.values()) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_shop_of_one_day_works(tmp_path: Path, kind: str) -> None:
    assert simulate(tmp_path / "shop", customers=20, years=1 / 365.25, kind=kind)["customers"] == 20
    orders = read_shop(tmp_path / "shop")["orders"]
    assert orders["ordered_at"].between(pd.Timestamp("2025-06-30"), pd.Timestamp(END), inclusive="left").all()


def test_unusable_arguments_are_refused_all_at_once(tmp_path: Path) -> None:
    message = "simulate.customers: is 0. Give a whole number from 1 on."
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        simulate(tmp_path / "shop", customers=0, end="tomorrow", years=0)
    assert refused.value.failures[1:] == [
        "simulate.years: is 0. Give a number above 0 and up to 20.",
        "simulate.end: is not a day (received 'tomorrow'). Write it as 2025-04-10, or give a date, a "
        "datetime or a pandas Timestamp.",
    ]
    assert not (tmp_path / "shop").exists()


def orders_per_day(folder: Path, season: float | None = None) -> pd.Series:
    """Simulate a gift shop, and count the orders of each of the 1,095 days before the end."""
    simulate(folder, customers=12_000, end=END, jobs=1, kind="gift", season=season)
    day = pd.read_parquet(folder / "orders.parquet", columns=["ordered_at"])["ordered_at"].dt.normalize()
    days = pd.date_range(end=pd.Timestamp(END) - pd.Timedelta(days=1), periods=1_095)
    return day.value_counts().reindex(days)


@pytest.mark.parametrize("season", [None, 0.3, 0.0])
def test_the_season_is_as_strong_as_the_setting_says(tmp_path: Path, season: float | None) -> None:
    count = orders_per_day(tmp_path / "shop", season)
    # lambda(t) = 1 + a (0.6 cos w + 0.4 cos 2 w), w = 2 pi (t - peak) / 365.25 and the peak on day 319, 15 November.
    days = pd.DatetimeIndex(count.index)
    w = 2 * np.pi * ((days - pd.Timestamp("1970-01-01")).days.to_numpy() - 318) / 365.25
    intensity = 1 + (0.6 if season is None else season) * (0.6 * np.cos(w) + 0.4 * np.cos(2 * w))
    peak, trough = days.month == 11, days.month == 7
    expected = np.log(intensity[peak].mean() / intensity[trough].mean())
    found = np.log(count[peak].mean() / count[trough].mean())
    # A customer's orders shun each other a little, so that counts vary no more than by chance.
    assert abs(found - expected) < 4 * np.sqrt(1 / count[peak].sum() + 1 / count[trough].sum())


def test_time_by_the_season_and_back_is_the_same_time() -> None:
    season = Season(amplitude=0.9, second=0.3, peak_day=345)
    seconds = np.random.default_rng(0).uniform(0.0, 4e9, 10_000)
    np.testing.assert_allclose(season.calendar(season.own_time(seconds)), seconds, atol=1e-3)
    # A year stays a year, and the slope is the intensity: 0.1 on the quietest day would be 1 - 0.9.
    np.testing.assert_allclose(np.diff(season.own_time(np.array([0.0, 365.25, 730.5]) * 86_400)), 365.25 * 86_400)
    day = season.own_time(seconds + 43_200) - season.own_time(seconds - 43_200)
    np.testing.assert_allclose(day / 86_400, season.intensity(seconds), atol=1e-2)
    assert Season().own_time(seconds) is seconds


def test_the_volume_of_the_gift_shop_is_steady(tmp_path: Path) -> None:
    by_year = orders_per_day(tmp_path / "shop").to_numpy().reshape(3, 365).sum(axis=1)
    assert 0.9 < by_year[2] / by_year[0] < 1.1
    first_days = pd.read_parquet(tmp_path / "shop" / "truth" / "customers.parquet")["joined_at"]
    new = ((pd.Timestamp(END) - first_days).dt.days // 365).value_counts()
    assert 0.9 < new[0] / new[2] < 1.1
    assert (first_days < pd.Timestamp("2022-07-01")).mean() > 0.2


@pytest.mark.parametrize(
    ("kind", "least", "most"), [("gift", 0.25, 0.35), ("marketplace", 0.85, 0.95), ("grocery", 0.1, 0.25)]
)
def test_so_many_buy_once(tmp_path: Path, kind: str, least: float, most: float) -> None:
    simulate(tmp_path / "shop", customers=CUSTOMERS, end=END, kind=kind)
    orders = pd.read_parquet(tmp_path / "shop" / "orders.parquet", columns=["customer_id"])
    assert least < (orders["customer_id"].value_counts() == 1).mean() < most


def test_most_gaps_of_a_yearly_shop_are_a_year(simulated: Callable[..., Shop]) -> None:
    orders = simulated(Effects(), "yearly")["orders"]
    gaps = orders.groupby("customer_id")["ordered_at"].diff().dt.days.dropna()
    assert gaps.between(300, 430).mean() > 0.6
    assert gaps.between(140, 225).mean() > 0.08  # some come twice
    assert gaps.between(0, 90).mean() < 0.01


def test_subscribers_who_leave_cancel_and_others_go_on(simulated: Callable[..., Shop]) -> None:
    shop = simulated(Effects(), "subscription")
    rows = shop["subscriptions"].merge(shop["truth/customers"], on="customer_id")
    assert len(rows) > 0.75 * CUSTOMERS
    monthly = rows[rows["ended_at"].isna()]
    settled = ~monthly["left"] | (monthly["left_at"] < pd.Timestamp(END) - pd.Timedelta(days=30))
    cancels = monthly[settled].groupby("left")["cancelled_at"].agg(lambda at: at.notna().mean())
    assert cancels[True] > 0.85
    assert cancels[False] < 0.05


def test_orders_before_the_first_day_are_counted_and_not_written(simulated: Callable[..., Shop]) -> None:
    shop = simulated(Effects(), "gift")
    truth, start = shop["truth/customers"].set_index("customer_id"), pd.Timestamp("2022-07-01")
    assert shop["orders"]["ordered_at"].min() >= start - pd.Timedelta(days=1)
    assert ((truth["joined_at"] < start) == (truth["orders_before_start"] > 0)).mean() > 0.999
    first = shop["orders"].groupby("customer_id")["ordered_at"].min()
    new = truth["orders_before_start"] == 0
    assert (truth["joined_at"] == first)[new].all()
    assert (truth["joined_at"] < first)[~new].all()
    assert (shop["customers"].set_index("customer_id")["signed_up_at"] < truth["joined_at"]).all()


def test_seasons_without_a_quiet_day_are_refused_all_at_once() -> None:
    with pytest.raises(InputError, match=re.escape("season.amplitude: is 1. Give a number from 0")) as refused:
        Season(amplitude=1, second=2, peak_day=0)
    assert len(refused.value.failures) == 3


def test_strengths_below_zero_are_refused() -> None:
    message = "effects.price: is -1. Give a hazard of 0 (switched off) or more."
    with pytest.raises(InputError, match=re.escape(message)):
        Effects(price=-1)
