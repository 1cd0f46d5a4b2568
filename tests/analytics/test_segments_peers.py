"""RFM fifths against those of a peer on Online Retail II: the same but for ties."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.segments import RFM, fifths_of
from churnml.data.importers import import_dataset
from churnml.data.reading import read
from churnml.features.builder import build_features

pytestmark = pytest.mark.slow

# openretailscience 0.48.1 on the orders of Online Retail II in [2010-09-01, 2011-09-01):
#   year = pd.read_parquet("shop/orders.parquet").query("'2010-09-01' <= ordered_at < '2011-09-01'")
#   names = {"ordered_at": "transaction_date", "order_id": "transaction_id", "amount": "unit_spend"}
#   table = RFMSegmentation(year.rename(columns=names).astype({"unit_spend": float}), current_date="2011-09-01",
#                           r_segments=5, f_segments=5, m_segments=5).df
#   table.groupby("r_score")["recency_days"].agg(["size", "sum", "min", "max"])    # and so on
# for the scores 0 to 4: a fifth each of the 4,335 customers.
PEER = {
    "days_since_last_order": [
        (275248, 283, 365),
        (195335, 161, 283),
        (98941, 78, 160),
        (44488, 29, 78),
        (12338, 1, 29),
    ],
    "orders_365d": [(867, 1, 1), (1027, 1, 2), (1926, 2, 3), (3331, 3, 5), (10671, 5, 186)],
    "amount_sum_365d": [
        (132443.301, 2.90, 252.68),
        (308927.490, 253.04, 483.80),
        (573091.780, 484.27, 886.64),
        (1141776.571, 886.74, 1940.26),
        (6123632.463, 1944.65, 268575.55),
    ],
}


@pytest.fixture(scope="module")
def features(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("retail") / "shop"
    import_dataset("online-retail-ii", shared_data / "online_retail_ii" / "online_retail_II.parquet", folder)
    return build_features(read(folder), date(2011, 9, 1), families=["recency", "frequency", "monetary"])


def fifths(features: pd.DataFrame, column: str) -> np.ndarray:
    """Give our fifths of one column, from 1 to 5."""
    values = features[column] if column != RFM[0] else -features[column]
    return 1 + np.searchsorted(fifths_of(features)[column], values, side="right")


def split_ties(features: pd.DataFrame, column: str) -> np.ndarray:
    """Give fifths as the peer does (NTILE): customers with the same value are parted by their ids."""
    values = features[column] if column != RFM[0] else -features[column]
    rank = values.sort_index().rank(method="first").to_numpy()
    return np.ceil(rank * 5 / len(features)).astype(int)


@pytest.mark.parametrize("column", RFM)
def test_with_ties_split_the_fifths_are_those_of_the_peer(features: pd.DataFrame, column: str) -> None:
    assert len(features) == 4_335
    found = features[column].groupby(split_ties(features, column)).agg(["sum", "min", "max"])
    np.testing.assert_allclose(found, PEER[column], rtol=1e-12)


def test_where_nobody_is_tied_at_a_border_ours_are_the_same(features: pd.DataFrame) -> None:
    # Amounts: 151 customers share theirs with another, none of them across the border of a fifth.
    column = RFM[2]
    np.testing.assert_array_equal(fifths(features, column), split_ties(features, column))


@pytest.mark.parametrize("column", RFM[:2])
def test_tied_customers_share_a_fifth_of_ours_which_is_one_of_the_peers(features: pd.DataFrame, column: str) -> None:
    # The peer parts customers with one order by their ids: 867 are in its lowest fifth and 707 in the next, as if they
    # had ordered differently. Ours puts all into the fifth in which the middle one of them stands, so that a segment
    # depends on what a customer did alone; its fifths are unequal for that.
    table = pd.DataFrame(
        {"value": features[column], "ours": fifths(features, column), "peer": split_ties(features, column)}
    )
    by = table.groupby("value")
    assert (by["ours"].min() == by["ours"].max()).all()
    assert table["ours"].between(by["peer"].transform("min"), by["peer"].transform("max")).all()
    untied = by["peer"].transform("nunique") == 1
    assert (table["ours"] == table["peer"])[untied].all()
    if column == RFM[1]:
        assert table[table["value"] == 1].groupby("peer").size().to_dict() == {1: 867, 2: 707}
        assert set(table.loc[table["value"] == 1, "ours"]) == {1}
