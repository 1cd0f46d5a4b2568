"""Fits that do not need one another, side by side: a fit on one thread never waits for others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from joblib import effective_n_jobs
from threadpoolctl import threadpool_limits

from churnml.models.candidates.base import FitSettings

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


def side_by_side(
    work: Callable[[_Item, FitSettings], _Found], items: Sequence[_Item], settings: FitSettings
) -> list[_Found]:
    """Apply a function to several items, as many at a time as there are threads.

    Parameters
    ----------
    work : callable
        Function of an item, such as a fold, and settings with its part of the threads. It is called from other threads.
    items : sequence of object
        Items for which the work is done.
    settings : FitSettings
        Seed and threads; what is found does not depend on the threads.

    Returns
    -------
    list
        Results of the items, in their order.
    """
    import lightgbm  # noqa: F401  # brings OpenMP: a limit holds only for libraries that are loaded

    jobs = min(effective_n_jobs(settings.threads), len(items))
    if jobs < 2:
        return [work(item, settings) for item in items]
    each = dataclasses.replace(settings, threads=settings.threads // jobs)

    def on_its_threads(item: _Item) -> _Found:
        # OpenMP counts by thread, and LightGBM predicts with as many as it finds.
        with threadpool_limits(each.threads, "openmp"):
            return work(item, each)

    # BLAS has one count for all: who sets it to one and back would change that of those beside.
    # Whoever still worked after that would put back the one that it found, so what fails waits for those beside.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(jobs) as beside:
        return list(beside.map(on_its_threads, items))
