"""Telling people: a program gets JSON, a webhook gets it by https, and a failure is a warning."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from churnml.config import NotifySettings
from churnml.reporting import notify as module
from churnml.reporting.notify import notify

MESSAGE = {"event": "run", "verdict": "done", "sentence": "The list is ready."}


def test_a_program_gets_the_message_on_its_input(tmp_path: Path) -> None:
    notify(NotifySettings(command=["tee", str(tmp_path / "told.json")]), MESSAGE)
    assert json.loads((tmp_path / "told.json").read_text(encoding="utf-8")) == MESSAGE


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ([sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write('x'); sys.exit(7)"], "it ended with code 7"),
        (["no-such-program"], "No such file or directory"),
    ],
)
def test_a_program_that_fails_is_tried_twice_and_is_a_warning(
    command: list[str], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notify(NotifySettings(command=[*command, str(tmp_path / "tries")]), MESSAGE)
    assert reason in caplog.text
    assert "monitoring.notify.command: nobody was told" in caplog.text
    if (tmp_path / "tries").exists():
        assert (tmp_path / "tries").read_text(encoding="utf-8") == "xx"


@contextmanager
def server(*answers: int) -> Iterator[tuple[int, list[tuple[str, Any]]]]:
    """Give the port of a server that answers so, and what it received."""
    received: list[tuple[str, Any]] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(left.pop(0))
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield http.server_port, received
        finally:
            http.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("answers", "warning"),
    [
        ([204], None),
        ([500, 200], None),
        ([500, 503], "it answered with status 503"),
        ([302, 302], "it answered with status 302"),
    ],
)
def test_a_webhook_is_posted_to_and_tried_once_more(
    answers: list[int], warning: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "HTTPSConnection", HTTPConnection)
    with server(*answers) as (port, received):
        notify(NotifySettings(webhook=f"https://127.0.0.1:{port}/hook?key=secret"), MESSAGE)
    assert received == [("/hook?key=secret", MESSAGE)] * len(answers)
    assert (warning in caplog.text) if warning else not caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("address", ["http://example.com/hook", "example.com", "https://", "file:///etc/passwd"])
def test_messages_go_by_https_alone(address: str) -> None:
    with pytest.raises(ValidationError, match="https"):
        NotifySettings(webhook=address)
