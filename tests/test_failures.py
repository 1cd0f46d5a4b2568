"""What the outside does to a command is one message and exit code 6; other endings have their own."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from churnml import shop_jobs
from churnml.errors import (
    AlarmError,
    ChurnmlError,
    InputError,
    LockedError,
    NoSkillError,
    NothingToReadError,
    OutsideError,
)
from churnml.failures import outside_failure, outside_told
from tests.conftest import Run


def of_system(number: int, name: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), name)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def of_mlflow(message: str) -> Exception:
    kind = type("MlflowException", (Exception,), {"__module__": "mlflow.exceptions"})
    return kind(message)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (of_system(errno.ENOSPC, "out/a.csv"), "out/a.csv: failed (No space left on device). Make room there"),
        (of_system(errno.EDQUOT), "here: failed (Disk quota exceeded). Make room there"),
        (of_system(errno.EROFS, "/data"), "/data: failed (Read-only file system). Close programs that use it, or give"),
        (of_system(errno.EACCES, "/data"), "/data: failed (Permission denied). Close programs that use it, or give"),
        (of_system(errno.ENOENT, "gone"), "gone: failed (No such file or directory). Look whether it can be reached"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "here: failed (Connection refused). Look"),
        (sqlite3.OperationalError("database is locked\nin 2 places"), "here: failed (database is locked). Look"),
        (duckdb.IOException("IO Error: Could not write"), "here: failed (IO Error: Could not write). Look"),
        (duckdb.OutOfMemoryException("Out of Memory"), "here: failed (Out of Memory). Look"),
        (caused(of_mlflow("broken"), sqlite3.OperationalError("disk I/O error")), "here: failed (disk I/O error)."),
    ],
)
def test_what_failed_is_named_with_what_to_do(error: Exception, message: str) -> None:
    failure = outside_failure(error, "here")
    assert isinstance(failure, OutsideError)
    assert str(failure).startswith(message)
    assert str(failure).endswith("run it again.")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("column"),
        of_system(errno.ENOTDIR, "a file"),
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        duckdb.BinderException("no such column"),
        of_mlflow("no such model"),
        InputError("orders: empty"),
    ],
)
def test_faults_of_the_program_and_of_the_input_are_not_the_outsides(error: Exception) -> None:
    assert outside_failure(error, "here") is None
    with pytest.raises(type(error)), outside_told("here"):
        raise error


def test_what_mlflow_says_of_a_store_without_naming_the_cause_is_the_outsides() -> None:
    def ask() -> None:
        try:
            raise of_system(errno.ECONNREFUSED)
        except OSError:
            raise of_mlflow("API request failed")  # noqa: B904 - as MLflow does it

    with pytest.raises(OutsideError, match=r"store: failed \(Connection refused\)"), outside_told("store"):
        ask()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("wrong"), 1),
        (ChurnmlError("wrong"), 1),
        (NoSkillError("none"), 3),
        (NothingToReadError("nothing"), 3),
        (AlarmError("look"), 4),
        (LockedError("held"), 5),
        (OutsideError("full"), 6),
        (of_system(errno.ENOSPC, "out"), 6),
        (duckdb.IOException("IO Error"), 6),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_one_line(
    error: Exception, code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_jobs, "check_shop", raising(error))
    ended, out, err = run("check", "shop")
    assert (ended, out, err.count("\n")) == (code, "", 1)


def test_a_fault_of_the_program_keeps_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_jobs, "check_shop", raising(KeyError("column")))
    with pytest.raises(KeyError):
        run("check", "shop")


def test_help_and_docs_name_every_exit_code(run: Run) -> None:
    said = " ".join(run("--help")[1].split())
    page = (Path(__file__).parents[1] / "docs/pages/how-to/nightly-job.md").read_text(encoding="utf-8")
    for code in (0, 1, 2, 3, 4, 5, 6, 130, 143):
        assert f" {code} " in said
        assert f"\n| {code} |" in page


def raising(error: Exception) -> Callable[..., None]:
    def command(*arguments: object) -> None:
        raise error

    return command
