"""A sample of the malformed shops; ``python -m tests.malformed`` judges thousands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.malformed.judge import judge


@pytest.mark.parametrize("seed", range(40))
def test_a_malformed_shop_is_refused_with_a_sentence_or_read_as_it_stands(seed: int, tmp_path: Path) -> None:
    assert judge(seed, tmp_path) in ("refused", "accepted", "not compared")
