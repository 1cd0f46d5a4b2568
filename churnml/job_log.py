"""What a job says while it works, for machines: steps with their counts and seconds."""

from __future__ import annotations

import logging

STEPS = logging.getLogger("churnml.steps")
"""Logger of steps; without a format for machines, only ``-v`` shows them."""


def log_step(step: str, done: int | None = None, of: int | None = None, seconds: float | None = None) -> None:
    """Log that a step begins, how far it is, or how long it took.

    Parameters
    ----------
    step : str
        Name of the step.
    done, of : int, optional
        Parts done, and all parts.
    seconds : float, optional
        Seconds that it took; None while it goes on.
    """
    state = "begins" if done is None and seconds is None else f"{done} of {of}" if seconds is None else f"{seconds} s"
    STEPS.info(f"{step}: {state}", extra={"step": step, "done": done, "of": of, "seconds": seconds})
