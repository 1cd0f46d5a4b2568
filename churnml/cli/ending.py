"""How commands end: the message and the exit code of each kind of error."""

from __future__ import annotations

from churnml.errors import AlarmError, ChurnmlError, LockedError, NoSkillError, NothingToReadError, OutsideError
from churnml.failures import outside_failure

EXIT_CODES = (
    "Exit codes: 0 done, 1 bad input or config, 2 wrong usage, 3 no skill (nothing is promoted) or nothing to read "
    "out, 4 alarm: look before you use it, 5 locked by another run: try later, 6 the outside failed (disk, database, "
    "store): try again, 130 interrupted, 143 ended by SIGTERM."
)
_CODES: dict[type[ChurnmlError], int] = {
    NoSkillError: 3,
    NothingToReadError: 3,
    AlarmError: 4,
    LockedError: 5,
    OutsideError: 6,
}


def ending_of(error: Exception) -> tuple[str, int] | None:
    """Return the message and the exit code of an error; None where it is a fault of the program."""
    told = error if isinstance(error, ChurnmlError) else outside_failure(error, "The command")
    if told is None:
        return None
    return str(told), next((code for kind, code in _CODES.items() if isinstance(told, kind)), 1)
