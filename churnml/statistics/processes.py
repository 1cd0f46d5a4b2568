"""Work that processes share; the Ctrl-C that a terminal sends to all of them is heard by the one that started them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from joblib import Parallel, delayed
from joblib.externals.loky.backend import resource_tracker as loky_tracker

_Result = TypeVar("_Result")


def in_processes(function: Callable[..., _Result], arguments: Iterable[Any], jobs: int) -> Iterator[_Result]:
    """Call a function once for each argument, in several processes, and give the results in order.

    Parameters
    ----------
    function : callable
        Function of one argument.
    arguments : iterable
        Arguments of the calls.
    jobs : int
        Number of processes; 1 calls here.
    """
    if jobs == 1:
        yield from map(function, arguments)
        return
    with _interrupts_held_back():
        results = Parallel(n_jobs=jobs, return_as="generator")(delayed(function)(one) for one in arguments)
    yield from results


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Hold interrupts back inside, and for good in the processes that are started inside.

    A process that is interrupted while it starts would tell so itself, and later than the parent has said its sentence.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # What looks after shared resources lets interrupts through again when it starts, so it starts before.
    for tracker in (resource_tracker, loky_tracker):
        tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
