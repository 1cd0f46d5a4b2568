"""A sample of the malformed shops that ``python -m tests.malformed`` judges by the thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

import churnml
from churnml.data.shop import Shop
from tests.malformed import judge
from tests.malformed.judge import tell


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_malformed_shop_is_refused_or_read_as_polars_reads_it(seed: int) -> None:
    outcome, told = tell(seed)
    assert outcome in ("accepted", "refused"), told


@pytest.mark.slow
def test_the_judge_notices_rows_that_are_gone_and_crashes(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = next(seed for seed in range(100) if tell(seed)[0] == "accepted")
    read = churnml.read

    def lose_a_row(source: str | Path, **settings: object) -> Shop:
        shop = read(source, **settings)
        shop.tables["orders"] = shop.tables["orders"].limit(shop.report.rows["orders"] - 1)
        return shop

    monkeypatch.setattr(churnml, "read", lose_a_row)
    assert "AssertionError" in tell(accepted)[1]
    monkeypatch.setattr(churnml, "read", read)
    monkeypatch.setattr(judge, "write_shop", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in tell(accepted)[1]
