"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public datasets that lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the public datasets (../shared/data) are not beside this checkout")
    return SHARED_DATA
