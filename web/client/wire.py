"""One POST over a connection that is kept open, with a time-out, and what the answer asks for."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same request may go through later."""
_LONGEST = 3_600.0  # seconds: a server that asks for more has made a mistake


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `retry_after` is how many seconds the server asks to be left alone, None when it does not say."""

    status: int
    body: Any
    retry_after: float | None

    @property
    def told(self) -> dict[str, Any]:
        """Give the body when it is a JSON object, as all that our server says is; else nothing."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def reason(self) -> str:
        """Say in a line what the server answered."""
        return f"{self.status} {self.told.get('code', 'refused')}: {self.told.get('detail', '')}"


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
        self._idle: deque[HTTPConnection] = deque()

    def post(self, path: str, body: Mapping[str, Any], timeout: float | None = None) -> Answer:
        """Send a body and read the answer.

        Raises:
            OSError, HTTPException: nothing came back, or nothing whole.
        """
        sent = json.dumps(body, ensure_ascii=False).encode()
        wait = min(self._timeout, timeout) if timeout is not None else self._timeout
        for fresh in (False, True):
            kept = None if fresh else self._kept()
            connection = kept or self._make(self._host, self._port, timeout=wait)
            try:
                answer = self._asked(connection, path, sent, wait)
            except (OSError, HTTPException) as fault:
                connection.close()
                if kept is None or isinstance(fault, TimeoutError):
                    raise
                continue  # a connection that was kept open may have been closed by the server meanwhile
            self._idle.append(connection)
            return answer
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connections that are kept open, when nobody asks any more."""
        while connection := self._kept():
            connection.close()

    def _kept(self) -> HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

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
    """Read a Retry-After: seconds, or a date; at most an hour of either."""
    if told is None:
        return None
    try:
        return min(_LONGEST, max(0.0, float(told)))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    # The old forms of a date name no zone; HTTP's are in UTC always (RFC 9110, section 5.6.7).
    left = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)
    return min(_LONGEST, max(0.0, left.total_seconds()))
