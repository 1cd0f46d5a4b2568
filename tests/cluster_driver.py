"""What a driver does on a cluster, in a process of its own: it ranks a shop's customers and writes all files."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from churnml.config import Config
from churnml.models.artefact import load_model
from churnml.scoring import scorer
from churnml.workflow import score
from tests.data.unchecked import unchecked_at


def kill_an_executor() -> None:
    """Kill one of the executors that run on this machine."""
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
        except OSError:
            continue
        if b"CoarseGrainedExecutorBackend" in command:
            os.kill(int(process.name), signal.SIGKILL)
            return
    raise LookupError("no executor runs")


def main(address: str, model: str, day: str, out: str, kill: bool) -> None:
    """Rank the shop of an address; kill an executor when features lie on it."""
    if kill:
        score_rows = scorer.score_rows

        def interrupted(*arguments: Any) -> Any:
            kill_an_executor()
            return score_rows(*arguments)

        scorer.score_rows = interrupted
    config = Config.model_validate({"reporting": {"periods": 0}})
    outcome = score(unchecked_at(address), out, config, model=load_model(model), snapshot_date=day, in_sample=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"files": [path.name for path in outcome.files], "peak_mib": peak // 1024}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:5], kill="kill" in sys.argv[5:])
