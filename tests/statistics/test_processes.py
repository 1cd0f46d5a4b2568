"""Processes that share work: results in order, and no interrupt but the parent's."""

from __future__ import annotations

import os
import signal

import pytest

from churnml.statistics.processes import in_processes


def held_back(number: int) -> tuple[int, int, bool]:
    """Tell in which process a call is, and whether interrupts are held back there."""
    return number, os.getpid(), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.slow
def test_processes_hear_no_interrupt_and_the_parent_does() -> None:
    found = list(in_processes(held_back, range(5), jobs=2))
    assert [number for number, _, _ in found] == [0, 1, 2, 3, 4]
    assert os.getpid() not in {process for _, process, _ in found}
    assert all(held for _, _, held in found)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_one_job_is_done_here() -> None:
    assert list(in_processes(held_back, [7], jobs=1)) == [(7, os.getpid(), False)]
