"""Failures of what lies outside: the disk, a database, a store. The same command may do another time."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from churnml.errors import ChurnmlError, OutsideError

_ROOM = "Make room there, and run it again."
_RIGHT = "Close programs that use it, or give the right to write there, and run it again."
_REACH = "Look whether it can be reached, and run it again."
_REMEDIES = (
    dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _ROOM)
    | dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _RIGHT)
    | dict.fromkeys((errno.ENOENT, errno.EIO, errno.ESTALE, errno.EBUSY, errno.ENODEV, errno.ENXIO), _REACH)
    | dict.fromkeys((errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH), _REACH)
    | dict.fromkeys((errno.ENETUNREACH, errno.EMFILE, errno.ENFILE, errno.ENOMEM), _REACH)
)
"""What to do by the number that the system gives to a failure."""
_STORES = {"alembic", "requests", "sqlalchemy", "sqlite3", "urllib3"}
"""Libraries that speak to stores and say nothing but that this failed; told by name, for none is imported here."""
_ERRORS = {
    "duckdb": {"IOException", "OutOfMemoryException", "FatalException"},
    "_duckdb": {"IOException", "OutOfMemoryException", "FatalException"},
    "psycopg": {"OperationalError", "InterfaceError"},
}
"""Errors of libraries whose others speak of the data."""


@contextmanager
def outside_told(place: str | Path) -> Iterator[None]:
    """Make what the outside did to a block one sentence.

    Parameters
    ----------
    place : str or Path
        What is worked on, for failures that name no file.

    Raises
    ------
    OutsideError
        Where the disk, a database or a store failed.
    """
    try:
        yield
    except ChurnmlError:
        raise
    except Exception as error:
        failure = outside_failure(error, place)
        if failure is None:
            raise
        raise failure from error


def outside_failure(error: BaseException, place: str | Path) -> OutsideError | None:
    """Return what to tell of an error that the outside brought about, itself or as its cause; None for others."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _REMEDIES:
            reason, remedy = cause.strerror or type(cause).__name__, _REMEDIES[cause.errno]
            return OutsideError(f"{cause.filename or place}: failed ({reason}). {remedy}")
        library = type(cause).__module__.partition(".")[0]
        if library in _STORES or _ERRORS.get(library, set()) & {kind.__name__ for kind in type(cause).__mro__}:
            reason = next(iter(str(cause).splitlines()), "") or type(cause).__name__
            return OutsideError(f"{place}: failed ({reason}). {_REACH}")
        # What MLflow tells of a store, it often raises anew without naming the cause.
        cause = cause.__cause__ or (cause.__context__ if library == "mlflow" else None)
    return None
