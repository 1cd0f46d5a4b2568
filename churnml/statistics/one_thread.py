"""Linear algebra on one thread, which keeps its last bits and wakes no others for work that is done sooner."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """Let BLAS work on one thread inside.

    Its threads wait for more work without rest: on two cores a fit of four parameters took ten times as long with two.
    """
    limit: AbstractContextManager[object] = _pools().limit(limits=1, user_api="blas")
    return limit


@cache
def _pools() -> ThreadpoolController:
    """Find the libraries once: to look through all that are loaded takes longer than many a fit."""
    import scipy.linalg  # noqa: F401  # brings the BLAS of SciPy beside that of NumPy

    return ThreadpoolController()
