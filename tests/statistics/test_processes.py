"""Processes that share work: results in order, and no interrupt but the parent's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from churnml.statistics.processes import in_processes

SCRIPT = """
import json, signal
from churnml.statistics.processes import in_processes
from tests.statistics.test_processes import held_back
found = list(in_processes(held_back, range(5), jobs=2))
print(json.dumps([found, held_back(5)]))
"""


def held_back(number: int) -> tuple[int, int, bool]:
    """Tell in which process a call is, and whether interrupts are held back there."""
    return number, os.getpid(), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.slow
def test_processes_hear_no_interrupt_and_the_parent_does() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=root, check=True, capture_output=True, text=True)
    found, (_, parent, held) = json.loads(done.stdout)
    assert [number for number, _, _ in found] == [0, 1, 2, 3, 4]
    assert parent not in {process for _, process, _ in found}
    assert all(of_process for _, _, of_process in found)
    assert not held


def test_one_job_is_done_here() -> None:
    assert list(in_processes(held_back, [7], jobs=1)) == [(7, os.getpid(), False)]
