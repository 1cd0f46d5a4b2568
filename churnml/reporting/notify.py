"""Telling people that a job has ended: by a program of theirs, or a webhook."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from churnml.config import NotifySettings

_SECONDS = 10.0
_TRIES = 2
_log = logging.getLogger(__name__)


def notify(settings: NotifySettings, message: Mapping[str, Any]) -> None:
    """Hand a message to the program and the webhook of the settings, and warn where that fails.

    Each has 10 seconds and is tried once more. Nothing is sent to another address than the one that is named: a webhook
    that redirects has failed.

    Parameters
    ----------
    settings : NotifySettings
        Program and webhook; either may be missing.
    message : mapping
        What to tell, as JSON can hold it. Callers put no customer ids into it.

    Examples
    --------
    >>> notify(NotifySettings(), {"event": "run"})
    """
    body = json.dumps(message, ensure_ascii=False, default=str).encode()
    if settings.command is not None:
        _try("monitoring.notify.command", _run, settings.command, body)
    if settings.webhook is not None:
        _try("monitoring.notify.webhook", _post, settings.webhook, body)


def _try(key: str, send: Callable[[Any, bytes], None], target: object, body: bytes) -> None:
    reason = ""
    for _ in range(_TRIES):
        try:
            send(target, body)
        except (OSError, HTTPException, subprocess.SubprocessError) as error:
            reason = str(error) or type(error).__name__
        else:
            return
    _log.warning(f"{key}: nobody was told ({reason}). Correct it, or what it calls; the run itself is not affected.")


def _run(command: list[str], body: bytes) -> None:
    try:
        subprocess.run(  # noqa: S603 - the program is one that the settings name
            command, input=body, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        raise OSError(f"it ended with code {error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise OSError(f"it took longer than {_SECONDS:.0f} seconds") from error


def _post(address: str, body: bytes) -> None:
    """Post to an address, of which nothing is told: its path is often the secret."""
    parts = urlsplit(address)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=_SECONDS)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise OSError(f"it answered with status {status}")
