"""Traces: a value can be redone from the rows that its trace shows."""

from __future__ import annotations

import re
import runpy
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.available import available
from churnml.features.builder import build
from churnml.features.family import Aggregate
from churnml.features.family_catalogue import catalogue
from churnml.features.trace import trace, trace_value
from tests.features.redo import Redo
from tests.random_shop import Maker

SNAPSHOT = date(2025, 7, 1)
NOW = pd.Timestamp(SNAPSHOT)
AGGREGATES = [declared for declared in catalogue() if isinstance(declared, Aggregate)]


@pytest.fixture(scope="module")
def random_shop() -> Shop:
    return read(Maker(9, SNAPSHOT, 12).tables())


@pytest.fixture(scope="module")
def built(random_shop: Shop) -> pd.DataFrame:
    return build(History(random_shop, SNAPSHOT), ChurnDefinition(), available(random_shop))


@cache
def redo_of(family: str) -> dict[str, Redo]:
    return runpy.run_path(str(Path(__file__).with_name(f"test_{family}.py")))["REDO"]


def customers_for(declared: Aggregate, built: pd.DataFrame) -> list[str]:
    """Pick a customer with a value; for some features another one, and one without."""
    values = built[declared.name]
    told = values[values.notna() & (values != 0)]
    picked = [told.index[0]]
    if declared in AGGREGATES[::5]:
        untold = values[values.isna() | (values == 0)]
        picked += [told.index[-1], *untold.index[:1]]
    return picked


@pytest.mark.parametrize("declared", AGGREGATES, ids=lambda declared: declared.name)
def test_a_value_can_be_redone_from_its_traced_rows(
    declared: Aggregate, random_shop: Shop, built: pd.DataFrame
) -> None:
    family = next(family for family in catalogue().families.values() if declared in family.features)
    patterns = redo_of(family.name)
    (redo,) = [redo for pattern, redo in patterns.items() if re.fullmatch(pattern, declared.name)]
    for customer in customers_for(declared, built):
        rows = trace(random_shop, customer, declared.name, SNAPSHOT)
        value = built.loc[customer, declared.name]
        assert set(rows["customer_id"]) <= {customer}
        assert set(rows["source"]) <= {declared.source.name}
        if rows.empty:
            assert value == 0 if declared.fill == 0 else np.isnan(value)
        else:
            assert value == pytest.approx(redo(rows, NOW), rel=1e-12, nan_ok=True)


def test_the_trace_of_a_derived_feature_holds_the_rows_of_its_inputs(random_shop: Shop, built: pd.DataFrame) -> None:
    customer = built.index[built["orders_90d"] > 0][0]
    rows = trace(random_shop, customer, "orders_90d_share_of_365d", SNAPSHOT)
    counts = rows.groupby("feature").size()
    assert counts.to_dict() == {name: built.loc[customer, name] for name in ("orders_90d", "orders_365d")}


def test_a_trace_of_nothing_has_columns_but_no_rows(random_shop: Shop, built: pd.DataFrame) -> None:
    rows = trace(random_shop, built.index[built["complaints_365d"] == 0][0], "complaints_365d", SNAPSHOT)
    assert rows.empty
    assert {"complaint_id", "opened_at", "source"} <= set(rows)


@pytest.mark.slow
def test_a_trace_of_no_customer_or_no_feature_is_refused(random_shop: Shop) -> None:
    for stranger, said in (("nobody", "nobody: is no customer of this shop."), ("", ": is no customer of this shop.")):
        with pytest.raises(InputError, match=re.escape(said)):
            trace(random_shop, stranger, "orders_90d", SNAPSHOT)
    for other in (1, b"c01", ["c01"], None):
        with pytest.raises(InputError, match=re.escape(f"customer_id: ids are text (received {other!r}).")):
            trace(random_shop, other, "orders_total", SNAPSHOT)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=re.escape("['x']: not a feature of this shop.")):
        trace(random_shop, "c01", ["x"], SNAPSHOT)  # type: ignore[arg-type]


def test_a_trace_shows_what_was_known_on_the_day() -> None:
    made = Maker(9, SNAPSHOT, 1).tables()
    complaints = made["complaints"]
    complaints["resolved_at"] = complaints["opened_at"].clip(lower=NOW)  # at the snapshot: open as far as is known
    rows = trace(read(made), "c00", "complaints_open", SNAPSHOT)
    assert len(rows)
    assert rows["resolved_at"].isna().all()


def test_a_traced_value_says_what_it_is_made_of(random_shop: Shop, built: pd.DataFrame) -> None:
    customer = built.index[built["orders_90d"] > 0][0]
    traced = trace_value(random_shop, customer, "orders_90d_share_of_365d", SNAPSHOT)
    row = built.loc[customer]
    assert traced.inputs == {"orders_90d": row["orders_90d"], "orders_365d": row["orders_365d"]}
    assert traced.value == row["orders_90d_share_of_365d"] == row["orders_90d"] / row["orders_365d"]
    assert len(traced.rows) == row["orders_90d"] + row["orders_365d"]


def test_a_value_of_somebody_who_is_not_eligible_is_refused(random_shop: Shop) -> None:
    with pytest.raises(InputError, match=re.escape("nobody: is not eligible on 2025-07-01 (no order in the 365 days")):
        trace_value(random_shop, "nobody", "orders_90d", SNAPSHOT)
