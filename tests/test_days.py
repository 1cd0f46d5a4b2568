"""Days as arguments: one way to read them, alike in every function."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import churnml
from churnml.config import FeatureSettings
from churnml.data.population import labels, treated
from churnml.data.shop import Shop
from churnml.days import parse_day
from churnml.errors import InputError
from churnml.features.trace import trace_value
from churnml.models.model import Model
from churnml.shop_jobs import build_feature_files
from churnml.workflow import score as score_shop

DAY = date(2025, 4, 10)
GOOD = [
    "2025-04-10",
    DAY,
    datetime(2025, 4, 10, 15, 30),
    pd.Timestamp("2025-04-10 23:59:59.999999999"),
    np.datetime64("2025-04-10"),
    np.datetime64("2025-04-10T12:00", "ns"),
]
BAD = [
    "10.04.2025",
    "04/10/2025",
    "2025-02-30",
    "2025-4-10",
    "20250410",
    "2025-W15-4",
    "2025-04-10T00:00:00",
    " 2025-04-10",
    "2025-04-10\n",
    "٢٠٢٥-٠٤-١٠",
    "today",
    "",
    20250410,
    1.0,
    True,
    None,
    float("nan"),
    pd.NaT,
    pd.NA,
    np.datetime64("NaT"),
    np.datetime64("2025-04"),
    np.array(["2025-04-10"], dtype="datetime64[D]"),
    pd.Period("2025-04-10"),
    ["2025-04-10"],
]


@pytest.mark.parametrize("value", GOOD, ids=repr)
def test_what_names_a_day_is_that_day(value: Any) -> None:
    day = parse_day(value)
    assert (day, type(day)) == (DAY, date)


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_what_does_not_is_refused_with_what_was_received(value: Any) -> None:
    with pytest.raises(InputError, match=re.escape(f"as_of: is not a day (received {value!r:.80}). Write it as")):
        parse_day(value, "as_of")


@pytest.mark.parametrize("value", [datetime(2025, 4, 10, tzinfo=UTC), pd.Timestamp("2025-04-10", tz="Asia/Tokyo")])
def test_a_time_with_a_zone_is_refused(value: datetime) -> None:
    with pytest.raises(InputError, match=re.escape(f"has a time zone (received {value})")):
        parse_day(value)


@pytest.mark.parametrize("value", ["0001-01-01", "0999-12-31", "9000-01-01", date(9999, 12, 31)])
def test_a_day_from_which_no_engine_can_look_back_or_ahead_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match="lies outside of the years 1000 to 8999"):
        parse_day(value)
    assert parse_day("1000-01-01") == date(1000, 1, 1)


@pytest.fixture(scope="module")
def small() -> Shop:
    """Four orders of two customers."""
    times = pd.to_datetime(["2025-01-01 10:00", "2025-02-01 11:00", "2025-03-03 12:00", "2025-04-12 12:00"])
    orders = {"order_id": list("1234"), "customer_id": list("aabb"), "ordered_at": times, "amount": [10.0, 20, 30, 40]}
    return churnml.read({"orders": pd.DataFrame(orders)})


TAKERS: dict[str, Callable[[Shop, Any, Model, Path], object]] = {
    "build_features": lambda shop, day, model, out: churnml.build_features(shop, day),
    "History": lambda shop, day, model, out: churnml.History(shop, day),
    "window": lambda shop, day, model, out: churnml.ChurnDefinition().window(day),
    "labels": lambda shop, day, model, out: labels(shop, day, churnml.ChurnDefinition(), DAY),
    "labels, its end": lambda shop, day, model, out: labels(shop, DAY, churnml.ChurnDefinition(), day),
    "treated": lambda shop, day, model, out: treated(shop, day, churnml.ChurnDefinition(), "c"),
    "analyse": lambda shop, day, model, out: churnml.analyse(shop, day, churnml.ChurnDefinition(horizon_days=30)),
    "advise_horizon": lambda shop, day, model, out: churnml.advise_horizon(shop, as_of=day),
    "audit": lambda shop, day, model, out: churnml.audit(shop, day, families=["recency"]),
    "trace": lambda shop, day, model, out: churnml.trace(shop, "a", "orders_90d", day),
    "trace_value": lambda shop, day, model, out: trace_value(shop, "a", "orders_90d", day),
    "fit": lambda shop, day, model, out: churnml.Trainer(track=False).fit(shop, day),
    "rank": lambda shop, day, model, out: churnml.Scorer(model).rank(shop, day),
    "score": lambda shop, day, model, out: score_shop(shop, out, churnml.Config(), model=model, snapshot_date=day),
    "simulate": lambda shop, day, model, out: churnml.simulate(out / "shop", customers=1, end=day, jobs=1),
    "supply": lambda shop, day, model, out: shop.supply(
        pd.DataFrame({"customer_id": ["a"], "snapshot_date": [day], "at": ["2025-04-01"], "stars": [1.0]}),
        family="crm",
        known_at="at",
    ),
}
OPTIONAL = {"analyse", "advise_horizon", "fit", "rank", "score"}  # None takes the start of the last day


@pytest.mark.parametrize("name", TAKERS)
def test_every_function_refuses_what_is_not_a_day(name: str, small: Shop, tmp_path: Path) -> None:
    model = object.__new__(Model)  # the day is refused before anything else of it is asked
    object.__setattr__(model, "definition", churnml.ChurnDefinition())
    for bad in ("10.04.2025", "2025-02-30", 20250410, *([] if name in OPTIONAL else [None])):
        with pytest.raises(InputError, match="not a day"):
            TAKERS[name](small, bad, model, tmp_path)


def test_every_way_to_say_a_day_gives_the_same_features(small: Shop) -> None:
    for good in GOOD:
        assert churnml.build_features(small, good, families=["recency"]).days_since_last_order.to_list() == [68, 38]


@pytest.mark.slow
def test_the_files_of_features_take_them_too(small: Shop, tmp_path: Path) -> None:
    config = churnml.Config(features=FeatureSettings(families=["recency"]))
    small.tables["orders"].to_pandas().to_csv(tmp_path / "orders.csv", index=False)
    made = build_feature_files(tmp_path, tmp_path / "f.parquet", config, ["2025-04-10", DAY])
    assert [part.snapshot_date for part in made] == [DAY]
    with pytest.raises(InputError, match="snapshot_date: is not a day"):
        build_feature_files(tmp_path, tmp_path / "f.parquet", config, ["10.04.2025"])


@pytest.mark.parametrize("bad", [20250401, "01.04.2025", "2025", pd.Timestamp("2025-04-01", tz="UTC"), "2025-04-01Z"])
def test_the_time_at_which_supplied_features_were_known_is_read_as_strictly(bad: object, small: Shop) -> None:
    frame = pd.DataFrame({"customer_id": ["a"], "snapshot_date": ["2025-04-10"], "at": [bad], "stars": [1.0]})
    with pytest.raises(InputError, match=re.escape("crm.at: 1 of 1 rows (customer_id a) are not a time.")):
        small.supply(frame, family="crm", known_at="at")
