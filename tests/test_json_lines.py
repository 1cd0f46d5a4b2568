"""Log lines for machines: an object each, errors among them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest

from churnml.cli.json_lines import JsonLines
from churnml.cli.say import fail
from churnml.job_log import STEPS, log_step

KEYS = {"ts", "level", "event", "step", "done", "of", "run_id", "snapshot_date", "seconds"}


@pytest.fixture
def stream() -> Iterator[StringIO]:
    written = StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    levels = [(logger, logger.level) for logger in (logging.getLogger("churnml"), STEPS)]
    for logger, _ in levels:
        logger.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    for logger, level in levels:
        logger.setLevel(level)


def lines_of(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_is_an_object_of_the_same_keys(stream: StringIO) -> None:
    log = logging.getLogger("churnml.workflow")
    log_step("train")
    log.info("The day is known.", extra={"snapshot_date": date(2025, 6, 30)})
    log_step("features", 2, 7)
    log_step("train", seconds=1.25)
    log.warning("Ayşe\nsays \x1b[31mred")
    lines = lines_of(stream)
    assert all(set(line) == KEYS for line in lines)
    assert [line["step"] for line in lines] == ["train", None, "features", "train", None]
    assert [line["snapshot_date"] for line in lines] == [None, *["2025-06-30"] * 4]
    assert [(line["done"], line["of"], line["seconds"]) for line in lines[2:4]] == [(2, 7, None), (None, None, 1.25)]
    assert [line["event"] for line in lines[2:]] == ["features: 2 of 7", "train: 1.25 s", "Ayşe\nsays \\x1b[31mred"]
    assert [line["level"] for line in lines] == ["info"] * 4 + ["warning"]
    assert len({line["run_id"] for line in lines}) == 1
    assert datetime.fromisoformat(lines[0]["ts"]).tzinfo == UTC


def test_an_error_at_the_end_is_a_line_too(stream: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        fail("list: another run holds it. Add `wait`.", 5)
    assert stopped.value.code == 5
    (line,) = lines_of(stream)
    assert (line["level"], line["event"]) == ("error", "list: another run holds it. Add --wait.")
    assert capsys.readouterr().err == ""
