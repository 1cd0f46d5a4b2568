from __future__ import annotations

import numpy as np
import pandas as pd

from churnml.statistics.mean_ranks import mean_ranks


def test_the_same_values_share_the_middle_of_their_places() -> None:
    different, share = mean_ranks([4.0, np.nan, 4.0, 4.0, 9.0, 1.0])
    assert different.tolist() == [1.0, 4.0, 9.0]
    assert share.tolist() == [1 / 5, 3 / 5, 5 / 5]  # places 1; 2, 3 and 4; 5


def test_it_is_the_rank_of_pandas_value_by_value() -> None:
    values = pd.Series(np.random.default_rng(4).integers(0, 30, 500).astype(float))
    different, share = mean_ranks(values)
    expected = values.rank(method="average", pct=True).groupby(values).first()
    assert dict(zip(different, share, strict=True)) == expected.to_dict()


def test_of_nothing_there_is_none() -> None:
    assert [part.tolist() for part in mean_ranks([np.nan])] == [[], []]
