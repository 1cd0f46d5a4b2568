"""Log lines for machines: one JSON object a line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from uuid import uuid4

from churnml.printable import printable

_OF_STEPS = ("step", "done", "of", "seconds")


class JsonLines(logging.Formatter):
    """Writes ``ts, level, event, step, done, of, run_id, snapshot_date, seconds``; what a line does not say is null.

    ``run_id`` is the same for all lines of a command, and ``snapshot_date`` stays from the line that first tells it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._run_id = uuid4().hex[:12]
        self._snapshot_date: str | None = None

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line."""
        if (day := getattr(record, "snapshot_date", None)) is not None:
            self._snapshot_date = str(day)
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": "\n".join(map(printable, text.split("\n"))),
            "run_id": self._run_id,
            "snapshot_date": self._snapshot_date,
        }
        return json.dumps(line | {name: getattr(record, name, None) for name in _OF_STEPS}, ensure_ascii=False)
