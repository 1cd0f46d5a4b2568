"""One thread for linear algebra: sums keep their last bits, and a busy machine does not slow them down."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def on_one_thread() -> AbstractContextManager[Any]:
    """Hold the linear algebra of NumPy and SciPy to one thread, within a ``with`` block."""
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    """Find the libraries once: looking for them takes longer than a small fit."""
    import scipy.linalg  # noqa: F401  # brings its own

    return ThreadpoolController()
