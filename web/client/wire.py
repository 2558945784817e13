"""One POST: over a connection that each thread keeps open, with a time-out, and what the answer asks for."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same request may go through later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `retry_after` is how many seconds the server asks to be left alone, None when it does not say."""

    status: int
    body: Any
    retry_after: float | None


class Wire:
    """Speaks with one server.

    Args:
        address: as `https://desk.example:8443`; a path is put before every path asked for.
        token: sent as the bearer.
        timeout: seconds to connect, and seconds between two bytes of an answer.
    """

    def __init__(self, address: str, token: str, timeout: float) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"address must be as https://desk.example, got {address!r}")
        self._make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": "scriptbench-desk",
        }
        self._timeout = timeout
        self._own = threading.local()
        self._open: set[HTTPConnection] = set()

    def post(self, path: str, body: Mapping[str, Any], timeout: float | None = None) -> Answer:
        """Send a body and read the answer.

        Raises:
            OSError, HTTPException: nothing came back, or nothing whole.
        """
        sent = json.dumps(body, ensure_ascii=False).encode()
        wait = min(self._timeout, timeout) if timeout is not None else self._timeout
        for fresh in (False, True):
            kept: HTTPConnection | None = getattr(self._own, "connection", None)
            connection = kept if kept is not None and not fresh else self._make(self._host, self._port, timeout=wait)
            self._own.connection = None
            self._open.add(connection)
            try:
                answer = self._asked(connection, path, sent, wait)
            except (OSError, HTTPException) as fault:
                connection.close()
                self._open.discard(connection)
                if connection is not kept or isinstance(fault, TimeoutError):
                    raise
                continue  # a connection that was kept open may have been closed by the server meanwhile
            self._own.connection = connection
            return answer
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connections of all threads, when none of them asks any more."""
        while self._open:
            self._open.pop().close()

    def _asked(self, connection: HTTPConnection, path: str, sent: bytes, wait: float) -> Answer:
        if connection.sock is not None:
            connection.sock.settimeout(wait)
        connection.request("POST", self._path + path, sent, self._headers)
        response = connection.getresponse()
        told = response.read()
        if response.will_close:
            connection.close()
        return Answer(response.status, _json(told), _seconds(response.headers.get("Retry-After")))


def _json(told: bytes) -> Any:
    try:
        return json.loads(told)
    except ValueError:
        return None


def _seconds(told: str | None) -> float | None:
    """Read a Retry-After: seconds, or a date."""
    if told is None:
        return None
    try:
        return float(told)
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return None
