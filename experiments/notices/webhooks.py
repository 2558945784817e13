"""Sends one signed webhook: one POST to one judged address, no redirect followed, nothing kept of the answer."""

import http.client
import socket
import ssl
import threading
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from experiments.notices import signing
from experiments.notices.faults import NotSent
from experiments.notices.reach import Reach
from experiments.notices.targets import Target

_GONE = 410
_LONGEST_WAIT = 3600


def send(target: Target, reach: Reach, body: bytes, *, message_id: str, at: datetime) -> None:
    """Send a message, and return when the receiver has taken it (2xx).

    Args:
        target: the webhook.
        reach: where it may go, and how long it may take.
        body: UTF-8 JSON.
        message_id: the same at each attempt, so that the receiver drops what it has.
        at: the moment of this attempt.

    Raises:
        NotSent: it was not taken, or nobody knows.
    """
    url = urlsplit(target.url)
    headers = signing.headers(target.keys, message_id, int(at.timestamp()), body)
    headers |= {"Content-Type": "application/json", "User-Agent": "Scriptbench"}
    connection = _Judged(url, reach)
    watchdog = threading.Timer(reach.seconds, connection.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.request("POST", (url.path or "/") + (f"?{url.query}" if url.query else ""), body, headers)
        with connection.getresponse() as answer:
            status, told = answer.status, answer.headers
    except (OSError, http.client.HTTPException) as error:
        slow = connection.was_cut or isinstance(error, TimeoutError)
        raise NotSent("too slow" if slow else type(error).__name__) from error
    finally:
        watchdog.cancel()
        connection.close()
    if connection.was_cut:  # in the middle of the answer's head, which looks whole then
        raise NotSent("too slow")
    if not 200 <= status < 300:
        raise NotSent(f"HTTP {status}", for_good=status == _GONE, wait=_asked_to_wait(told))


def _asked_to_wait(told: http.client.HTTPMessage) -> float:
    asked = told.get("Retry-After", "")
    return min(int(asked), _LONGEST_WAIT) if asked.isascii() and asked.isdigit() else 0


class _Judged(http.client.HTTPConnection):
    """A connection to an address that was judged, which can be cut however slowly the other side drips."""

    def __init__(self, url: SplitResult, reach: Reach) -> None:
        self._plain = url.scheme == "http"
        self.default_port = 80 if self._plain else 443
        super().__init__(url.hostname or "", url.port or self.default_port, timeout=reach.seconds)
        self._reach = reach
        self.was_cut = False

    def connect(self) -> None:
        """Resolve, judge and connect; encrypt for the name in the URL."""
        address = self._reach.address(self.host, self.port, plain=self._plain)
        self.sock = socket.create_connection((address, self.port), self.timeout)
        if not self._plain:
            encrypted = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = encrypted  # before the handshake, so that it can be cut
            encrypted.do_handshake()
        if self.was_cut:
            raise TimeoutError

    def cut(self) -> None:
        """End it from another thread: what waits for the other side gets an end of file."""
        self.was_cut = True
        if self.sock is not None:
            try:
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # below the encryption, which another thread uses
            except OSError:
                return  # it has just ended by itself
