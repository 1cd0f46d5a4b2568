"""Ctrl-C and SIGTERM end every phase with one sentence and the code that shells give to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from churnml.cli.stop import StoppedError, stoppable

SENTENCE = "Stopped before the end. Results appear whole or not at all, so none is half-written.\n"
# Says in a file when a function begins, and waits there, so that the signal falls into the phase that is meant.
HOOK = """
import importlib, pathlib, sys, time
module, _, name = sys.argv.pop(1).rpartition(".")
wait = float(sys.argv.pop(1))
from churnml import cli
home = importlib.import_module(module)
first, done = getattr(home, name), pathlib.Path("begun")
def begun(*arguments, **more):
    done.touch()
    time.sleep(wait)
    return first(*arguments, **more)
setattr(home, name, begun)
cli.main()
"""
_SCORE = ("score", "SHOP", "--model", "MODEL", "--out", "list", "--config", "settings.yaml")
PHASES = {
    "read": ("churnml.data.reading.check_tables", ["check", "SHOP"]),
    "simulate": ("churnml.data.simulator.write._writer", ["demo", "--customers", "100000"]),
    "features": ("churnml.training.rows.study.build_training_frame", ["train", "SHOP", "--config", "settings.yaml"]),
    "train": ("churnml.training.train.choose", ["train", "SHOP", "--config", "settings.yaml"]),
    "score": ("churnml.scoring.scorer.score_rows", [*_SCORE]),
    "write": ("churnml.reporting.files.write_workbook", [*_SCORE]),
}


SETTINGS = """
reporting: {periods: 0, rows: 50}
snapshots: {at_most: 12}
features: {families: [recency, frequency, monetary]}
training: {candidates: [recency_rule, rfm_logistic, lightgbm], folds: 2, bootstrap_draws: 20}
"""


def stop(folder: Path, shop: Path, model: Path, phase: str, number: int, delay: float) -> tuple[int, str, str]:
    function, arguments = PHASES[phase]
    wait = 60 if phase == "write" else 0  # it is over in less time than a busy machine needs to send the signal
    (folder / "settings.yaml").write_text(SETTINGS)
    started = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOOK,
            function,
            str(wait),
            *[str({"SHOP": shop, "MODEL": model}.get(one, one)) for one in arguments],
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal sends Ctrl-C to all processes of a command
        env={key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"},
    )
    while not (folder / "begun").exists() and started.poll() is None:
        time.sleep(0.02)
    time.sleep(delay)
    os.killpg(started.pid, number)
    out, err = started.communicate(timeout=300)
    return started.returncode, out, err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "number", "delay"),
    [
        ("read", signal.SIGINT, 0.0),
        ("simulate", signal.SIGINT, 0.1),
        ("features", signal.SIGINT, 0.5),
        ("train", signal.SIGINT, 1.0),
        ("train", signal.SIGTERM, 1.0),
        ("score", signal.SIGINT, 0.2),
        ("write", signal.SIGTERM, 0.0),
    ],
)
def test_a_signal_in_any_phase_is_one_sentence(
    phase: str, number: int, delay: float, simulated: Path, trained_model: Path, tmp_path: Path
) -> None:
    code, out, err = stop(tmp_path, simulated, trained_model, phase, number, delay)
    assert code == 128 + number
    assert "Traceback" not in out + err
    assert "Exception ignored" not in err
    assert err.endswith(SENTENCE)
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"begun", "settings.yaml", "models"}, "neither a list nor a scratch folder"


def test_what_an_interrupted_engine_says_is_the_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.unraisablehook

    def query() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as error:
            raise RuntimeError("Query interrupted") from error

    with pytest.raises(StoppedError) as stopped, stoppable():
        query()
    assert stopped.value.code == 143
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.unraisablehook) == before


def test_what_looks_after_worker_processes_tells_nothing_after_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error::FutureWarning")
    tell = "import warnings; warnings.warn('resource_tracker: 1 leaked'); warnings.warn('another')"
    with stoppable():
        said = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True).stderr
        assert os.environ["PYTHONWARNINGS"].startswith("error::FutureWarning,")
    assert "another" in said
    assert "resource_tracker" not in said.replace(tell, "")
    assert os.environ["PYTHONWARNINGS"] == "error::FutureWarning"


def test_other_errors_pass_and_a_second_signal_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError), stoppable():
        raise ZeroDivisionError
    ended: list[int] = []

    def end(code: int) -> None:
        ended.append(code)
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", end)

    def clean_up_for_long() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except StoppedError:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(StoppedError), stoppable():
        clean_up_for_long()
    assert ended == [130]
