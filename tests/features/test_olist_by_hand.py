"""Ten customers of Olist, worked out from the published files in plain Python: every value of every family."""

from __future__ import annotations

import csv
import gzip
import math
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median, stdev
from typing import Any

import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.importers import import_dataset
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.available import fitting
from churnml.features.builder import build_features
from churnml.features.families.buy_till_you_die import fit
from churnml.features.families.rhythm import shop_gaps
from churnml.features.family_catalogue import OF_THE_DAY, catalogue

SNAPSHOT = date(2018, 3, 1)
NOW = datetime(2018, 3, 1)
DEFINITION = ChurnDefinition(horizon_days=180, active_days=400)
WINDOWS = (30, 60, 90, 180, 365)
FAMILIES = [
    *("recency", "frequency", "monetary", "rhythm", "basket", "delivery", "reviews", "season", "buy_till_you_die")
]
OF_THE_SHOP = {"pace_days", "overdue_ratio", "gap_last_to_usual_ratio"}
CUSTOMERS = [
    "8d50f5eadf50201ccdcedfb9e2ac8455",  # the most orders of all
    "0a609db8d244100909a15d65eadf8539",  # several orders on a day
    "02e4c56fefa30628768ffe326d332e2f",  # two orders far apart
    "0046311f458d8041b00063cb99482903",  # a delivery that came weeks late
    "004ad212c650c96c8a48f30855a7bcb8",  # an order that is not shipped and past its promise
    "04d3c2795b83634312bf3f86f41f7901",  # a last review below the mean
    "00053a61a98854899e70ed204dd4bafe",  # an order of yesterday
    "0209a0a5c96cc50dd1bbe71e3730af2a",  # many of one product
    "02168ea18740a0fdaaa15f11bebba5db",  # a product on two orders
    "c4ebedb09beb89cc0314c5c0c33f8053",  # an order that ended as cancelled
]

Row = dict[str, str]


def rows_of(folder: Path, name: str) -> list[Row]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def time_of(text: str) -> datetime | None:
    """Read a time that was known at the snapshot."""
    time = datetime.strptime(text, "%Y-%m-%d %H:%M:%S") if text else None
    return time if time is not None and time < NOW else None


def within(time: datetime | None, days: int, ago: int = 0) -> bool:
    return time is not None and NOW - timedelta(days=ago + days) <= time < NOW - timedelta(days=ago)


def mean(values: list[Any]) -> float:
    return float(sum(values, Decimal(0))) / len(values) if values else math.nan


def ratio(one: float, other: float) -> float:
    return one / other if other else math.nan


@pytest.fixture(scope="module")
def published(shared_data: Path) -> dict[str, dict[str, list[Row]]]:
    """Read the rows of the ten customers: orders, lines, payments and reviews by customer."""
    folder = shared_data / "olist"
    person = {row["customer_id"]: row["customer_unique_id"] for row in rows_of(folder, "olist_customers_dataset")}
    found: dict[str, dict[str, list[Row]]] = {customer: defaultdict(list) for customer in CUSTOMERS}
    owner = {}
    for row in rows_of(folder, "olist_orders_dataset"):
        customer = person[row["customer_id"]]
        if customer in found:
            found[customer]["orders"].append(row)
            owner[row["order_id"]] = customer
    for name in ("order_items", "order_payments", "order_reviews"):
        for row in rows_of(folder, f"olist_{name}_dataset"):
            if row["order_id"] in owner:
                found[owner[row["order_id"]]][name].append(row)
    categories = {row["product_id"]: row["product_category_name"] for row in rows_of(folder, "olist_products_dataset")}
    for rows in found.values():
        for line in rows["order_items"]:
            line["category"] = categories[line["product_id"]]
    return found


def of_orders(orders: list[tuple[datetime, Decimal]]) -> dict[str, float]:
    """Work out recency, frequency, monetary, rhythm and season from times and amounts."""
    days = sorted({time.date() for time, _ in orders})
    since = [(SNAPSHOT - day).days for day in days]
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    made: dict[str, float] = {"days_since_last_order": since[-1], "days_since_first_order": since[0]}
    for window in WINDOWS:
        amounts = [amount for time, amount in orders if within(time, window)]
        made[f"orders_{window}d"], made[f"amount_sum_{window}d"] = len(amounts), float(sum(amounts))
    year = [amount for time, amount in orders if within(time, 365)]
    last_day = float(sum(amount for time, amount in orders if time.date() == days[-1]))
    usual = median(gaps) if gaps else math.nan
    made |= {
        "orders_total": len(orders),
        "orders_90d_share_of_365d": ratio(made["orders_90d"], made["orders_365d"]),
        "amount_sum_total": float(sum(amount for _, amount in orders)),
        "amount_mean_365d": mean(year),
        "amount_max_365d": float(max(year)) if year else math.nan,
        "amount_last_order_day": last_day,
        "amount_last_to_mean_ratio": ratio(last_day, mean(year)),
        "order_days_total": len(days),
        "gap_mean_days": sum(gaps) / len(gaps) if gaps else math.nan,
        "gap_median_days": usual,
        "gap_deviation_days": stdev(gaps) if len(gaps) > 1 else math.nan,
        "gap_max_days": max(gaps) if gaps else math.nan,
        "gap_last_days": gaps[-1] if gaps else math.nan,
        "gap_earlier_median_days": median(gaps[:-1]) if len(gaps) > 1 else math.nan,
        "overdue_against_longest_ratio": since[-1] / max(gaps) if gaps else math.nan,
        "gap_last_to_median_ratio": gaps[-1] / usual if gaps else math.nan,
        "order_days_per_30_days": len(days) * 30 / since[0],
        "orders_year_ago_coming_90d": sum(within(time, 90, 275) for time, _ in orders),
        "orders_year_ago_past_90d": sum(within(time, 90, 365) for time, _ in orders),
        "order_days_coming_quarter": sum(back % 365 >= 275 for back in since),
    }
    made["order_days_coming_quarter_share"] = made["order_days_coming_quarter"] / len(days)
    return made


def of_lines(lines: list[tuple[datetime, Row]]) -> dict[str, float]:
    year = [line for time, line in lines if within(time, 365)]
    # Equal products at one price on one order are one line with a quantity.
    quantities = Counter((line["order_id"], line["product_id"], line["price"]) for line in year)
    orders_of = defaultdict(set)
    for _, line in lines:
        orders_of[line["product_id"]].add(line["order_id"])
    repeated, orders = sum(len(orders) > 1 for orders in orders_of.values()), {line["order_id"] for line in year}
    return {
        "items_90d": sum(within(time, 90) for time, _ in lines),
        "items_365d": len(year),
        "products_365d": len({line["product_id"] for line in year}),
        "categories_365d": len({line["category"] for line in year} - {""}),
        "orders_with_items_365d": len(orders),
        "unit_price_mean_365d": mean([Decimal(price) for _, _, price in quantities]),
        "quantity_max_365d": max(quantities.values(), default=math.nan),
        "products_total": len(orders_of),
        "products_repeated": repeated,
        "products_repeated_share": ratio(repeated, len(orders_of)),
        "items_per_order_365d": ratio(len(year), len(orders)),
    }


def of_deliveries(orders: list[Row]) -> dict[str, float]:
    arrived, waiting = [], []
    for row in orders:
        promised = datetime.strptime(row["order_estimated_delivery_date"], "%Y-%m-%d %H:%M:%S").date()
        delivered = time_of(row["order_delivered_customer_date"])
        ordered = datetime.strptime(row["order_purchase_timestamp"], "%Y-%m-%d %H:%M:%S").date()
        if delivered is None:
            shipped = time_of(row["order_delivered_carrier_date"])
            waiting.append(((SNAPSHOT - promised).days, shipped, (SNAPSHOT - ordered).days))
        else:
            arrived.append((delivered, (delivered.date() - promised).days, (delivered.date() - ordered).days))
    arrived.sort()
    late = [time for time, delay, _ in arrived if delay > 0]
    made: dict[str, float] = {}
    for window in WINDOWS:
        delays = [delay for time, delay, _ in arrived if within(time, window)]
        made[f"deliveries_late_{window}d"] = sum(delay > 0 for delay in delays)
        made[f"delivery_delay_mean_days_{window}d"] = mean(delays)
        if window == 180:
            made["delivery_delay_max_days_180d"] = max(delays, default=math.nan)
        if window in (90, 365):
            made[f"deliveries_{window}d"] = len(delays)
            made[f"delivery_late_share_{window}d"] = ratio(made[f"deliveries_late_{window}d"], len(delays))
        if window in (180, 365):
            waits = [wait for time, _, wait in arrived if within(time, window)]
            made[f"order_to_delivery_mean_days_{window}d"] = mean(waits)
    return made | {
        "delivery_delay_last_days": arrived[-1][1] if arrived else math.nan,
        "delivery_delay_before_last_days": arrived[-2][1] if len(arrived) > 1 else math.nan,
        "delivery_delay_last_two_min_days": min(delay for _, delay, _ in arrived[-2:]) if arrived[1:] else math.nan,
        "delivery_delay_last_two_max_days": max(delay for _, delay, _ in arrived[-2:]) if arrived[1:] else math.nan,
        "days_since_last_late_delivery": (SNAPSHOT - max(late).date()).days if late else math.nan,
        "orders_under_way": len(waiting),
        "orders_under_way_late": sum(past > 0 for past, _, _ in waiting),
        "order_under_way_past_promise_max_days": max((past for past, _, _ in waiting), default=math.nan),
        "orders_not_shipped": sum(shipped is None for _, shipped, _ in waiting),
        "order_not_shipped_max_days": max((age for _, shipped, age in waiting if shipped is None), default=math.nan),
        "order_to_delivery_last_days": arrived[-1][2] if arrived else math.nan,
        "delivery_delay_trend_days": made["delivery_delay_mean_days_90d"] - made["delivery_delay_mean_days_365d"],
    }


def of_reviews(reviews: list[tuple[datetime, int]]) -> dict[str, float]:
    year = [stars for time, stars in reviews if within(time, 365)]
    latest = max((time for time, _ in reviews), default=None)
    last = min((stars for time, stars in reviews if time == latest), default=math.nan)
    return {
        "reviews_90d": sum(within(time, 90) for time, _ in reviews),
        "reviews_365d": len(year),
        "reviews_low_90d": sum(within(time, 90) and stars <= 2 for time, stars in reviews),
        "reviews_low_365d": sum(stars <= 2 for stars in year),
        "days_since_last_review": (SNAPSHOT - latest.date()).days if latest else math.nan,
        "review_stars_mean_365d": mean(year),
        "review_stars_min_365d": min(year, default=math.nan),
        "review_stars_last": last,
        "review_stars_last_against_mean": last - mean(year),
    }


def by_hand(rows: dict[str, list[Row]]) -> dict[str, float]:
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for payment in rows["order_payments"]:
        paid[payment["order_id"]] += Decimal(payment["payment_value"])
    times = {row["order_id"]: time_of(row["order_purchase_timestamp"]) for row in rows["orders"]}
    known = {order: time for order, time in times.items() if time is not None}
    answered = [(time_of(row["review_answer_timestamp"]), int(row["review_score"])) for row in rows["order_reviews"]]
    return (
        of_orders([(time, paid[order]) for order, time in known.items()])
        | of_lines([(known[line["order_id"]], line) for line in rows["order_items"] if line["order_id"] in known])
        | of_deliveries([row for row in rows["orders"] if row["order_id"] in known])
        | of_reviews([(time, stars) for time, stars in answered if time is not None])
    )


@pytest.fixture(scope="module")
def olist(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    out = tmp_path_factory.mktemp("olist") / "shop"
    import_dataset("olist", shared_data / "olist", out)
    return read(out)


@pytest.fixture(scope="module")
def built(olist: Shop) -> pd.DataFrame:
    return build_features(olist, SNAPSHOT, DEFINITION, families=FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize("customer", CUSTOMERS)
def test_every_value_is_the_one_worked_out_by_hand(
    customer: str, built: pd.DataFrame, published: dict[str, dict[str, list[Row]]]
) -> None:
    expected = by_hand(published[customer])
    found = built.loc[customer]
    fitted = {name for name in found.index if name.startswith("btyd")} | OF_THE_SHOP
    assert set(expected) == set(found.index) - fitted
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-12, abs=1e-12, nan_ok=True), name


@pytest.mark.slow
@pytest.mark.parametrize("customer", CUSTOMERS)
def test_the_fitted_model_is_applied_as_the_paper_says(customer: str, olist: Shop, built: pd.DataFrame) -> None:
    constants = fit(History(olist, SNAPSHOT), DEFINITION)
    assert constants is not None
    r, alpha, a, b = vars(constants.model).values()
    row = built.loc[customer]
    x, age = row["order_days_total"] - 1, row["days_since_first_order"]
    recency = age - row["days_since_last_order"]
    gone = a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x) if x else 0.0
    alive = 1 / (1 + gone)
    order = 1 - ((alpha + age) / (alpha + age + 180)) ** (r + x)
    assert row["btyd_no_order_probability"] == pytest.approx(1 - alive * order, rel=1e-9)
    assert row["btyd_alive_probability"] == pytest.approx(alive if x else math.nan, rel=1e-9, nan_ok=True)


@pytest.mark.slow
def test_the_last_gap_is_held_against_the_usual_ones_of_customer_and_shop(olist: Shop, built: pd.DataFrame) -> None:
    shop = shop_gaps(History(olist, SNAPSHOT), DEFINITION)
    assert shop is not None
    for customer in CUSTOMERS:
        row = built.loc[customer]
        days = int(row["order_days_total"])
        pace = shop.after[days - 1] if days < 4 else row["gap_median_days"]
        assert row["pace_days"] == pace
        assert row["overdue_ratio"] == pytest.approx(row["days_since_last_order"] / pace, rel=1e-12)
        earlier = days - 2
        if earlier < 1:
            assert math.isnan(row["gap_last_to_usual_ratio"])
            continue
        usual = (row["gap_earlier_median_days"] ** earlier * shop.usual**2) ** (1 / (earlier + 2))
        assert row["gap_last_to_usual_ratio"] == pytest.approx(row["gap_last_days"] / usual, rel=1e-9)
    assert built.loc[CUSTOMERS, "gap_last_to_usual_ratio"].notna().any()


@pytest.mark.slow
def test_all_features_that_the_shop_allows_are_among_them(olist: Shop, built: pd.DataFrame) -> None:
    # What is the same for all customers is worked out in tests of its own.
    of_the_day = {feature.name for feature in catalogue() if feature.family in OF_THE_DAY}
    assert {feature.name for feature in fitting(History(olist, SNAPSHOT), ChurnDefinition())} == set(
        built.columns
    ) | of_the_day
