"""One thread: BLAS has no other inside, and what it had before afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from threadpoolctl import threadpool_info, threadpool_limits

from churnml.statistics.bgnbd import fit_bgnbd
from churnml.statistics.gamma_gamma import fit_gamma_gamma
from churnml.statistics.one_thread import one_thread

FITS: dict[str, Callable[[], object]] = {
    "bgnbd": lambda: fit_bgnbd([0, 2, 1, 4, 0, 7], [0, 30, 5, 31, 0, 20], [39, 38, 35, 33, 39, 30]),
    "gamma_gamma": lambda: fit_gamma_gamma([1, 2, 3, 4], [10.0, 30.0, 20.0, 25.0]),
}


def threads_of_blas() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_blas_has_one_thread_inside_and_its_own_afterwards() -> None:
    with threadpool_limits(2):
        with one_thread():
            assert threads_of_blas() == {1}
            with one_thread():
                assert threads_of_blas() == {1}
            assert threads_of_blas() == {1}
        assert threads_of_blas() == {2}
        with pytest.raises(ZeroDivisionError), one_thread():
            raise ZeroDivisionError
        assert threads_of_blas() == {2}


@pytest.mark.parametrize("fit", FITS)
def test_a_fit_of_few_parameters_wakes_no_threads(fit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    minimize, seen = optimize.minimize, []

    def look(*arguments: Any, **more: Any) -> Any:
        seen.append(threads_of_blas())
        return minimize(*arguments, **more)

    expected = FITS[fit]()
    monkeypatch.setattr(optimize, "minimize", look)
    with threadpool_limits(2):
        assert FITS[fit]() == expected
    assert seen == [{1}]
    assert np.isfinite(list(vars(expected).values())).all()
