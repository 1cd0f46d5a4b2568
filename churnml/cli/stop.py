"""Being stopped: by Ctrl-C, or by whoever runs the job."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# What looks after the semaphores of worker processes tells, after our sentence, which of them a signal let it miss.
_UNTOLD = "ignore:resource_tracker:UserWarning"


class StoppedError(BaseException):
    """The process was asked to stop; no ``except Exception`` on the way holds it up."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a signal end the block with ``StoppedError``, whatever the block makes of it; a second one ends at once.

    An engine that is interrupted in the middle of a query reports an error of its own: that is the signal's too.
    """
    asked: list[int] = []

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        if asked:
            os._exit(128 + number)
        asked.append(number)
        sys.unraisablehook = lambda _: None  # what is told by clean-up that is interrupted helps nobody
        raise StoppedError(number)

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    told, filters = sys.unraisablehook, os.environ.get("PYTHONWARNINGS", "")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (filters, _UNTOLD)))
    try:
        yield
    except BaseException as error:
        if asked:
            raise StoppedError(asked[0]) from error
        raise
    finally:
        sys.unraisablehook = told
        os.environ["PYTHONWARNINGS"] = filters
        for number, handler in before.items():
            signal.signal(number, handler)
