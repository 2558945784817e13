"""Load on a server: so many connections in one thread, each asking again as soon as its answer is complete.

It knows as much of HTTP/1.1 as it needs, keep-alive, a status and a Content-Length, and must cost little beside the
server it measures: a request is some ten microseconds of one core, most of them the kernel's. Requests are bytes made
before the clock runs. Bounded: after `seconds` nothing more is asked, and what is under way is waited for.
"""

import select
import socket
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HOST = "127.0.0.1"
_PATIENCE = 30.0  # seconds without any answer, after which the server is taken for dead
_AT_ONCE = 1 << 18  # bytes read in one call

Make = Callable[[int], Sequence[bytes]]
"""Makes so many requests, whole, head and body."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load.

    `answered` counts every 200, those still under way when time was up included; `a_second` counts within the time.
    Milliseconds are from sending the first byte to having the last. `refused` counts other statuses, and those
    connections that the server closed as 0. `own` is what asking cost, in microseconds of CPU a request.
    """

    answered: int
    refused: Counter[int]
    first_refusal: str
    a_second: float
    p50: float
    p99: float
    longest: float
    own: float


class Supply:
    """Requests made ahead, in the order in which they were made; what one measurement leaves, the next one sends."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._ready: deque[bytes] = deque()

    def prepare(self, count: int) -> None:
        """Have so many at hand."""
        self._ready.extend(self._make(max(0, count - len(self._ready))))

    def take(self) -> bytes:
        """Give the next one, made now when none is left."""
        if not self._ready:
            self.prepare(100)
        return self._ready.popleft()

    @property
    def left(self) -> int:
        """Say how many of those made were not sent."""
        return len(self._ready)


def post(path: str, body: bytes, token: str = "") -> bytes:
    """Write a request as a desktop's client does: JSON, keep-alive."""
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n{bearer}Accept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(port: int, supply: Supply, *, connections: int, seconds: float, ready: int = 0) -> Load:
    """Ask for so long over so many connections.

    Args:
        port: of the server, on this machine.
        supply: where requests come from; share it between measurements when none may be sent twice.
        connections: each has one request under way at any time.
        seconds: after which nothing more is asked.
        ready: requests to make before the clock runs.

    Raises:
        RuntimeError: nothing was answered for half a minute.
        ValueError: an answer is not one that this understands.
    """
    supply.prepare(ready)
    asking = _Asking(supply)
    used, began = time.process_time(), time.perf_counter()
    try:
        asking.run(port, connections, began + seconds)
    finally:
        asking.close()
    used = time.process_time() - used
    times = sorted(asking.times)
    return Load(
        answered=len(times),
        refused=asking.refused,
        first_refusal=asking.first_refusal,
        a_second=asking.in_time / seconds,
        p50=1000 * _share(times, 0.5),
        p99=1000 * _share(times, 0.99),
        longest=1000 * _share(times, 1),
        own=1e6 * used / max(1, len(times)),
    )


class _Connection:
    """A socket, when its request began, and what is still to be sent and to be read."""

    __slots__ = ("answer", "began", "socket", "unsent")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=_PATIENCE)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.unsent: memoryview | None = None
        self.answer = b""


class _Asking:
    """One measurement under way."""

    def __init__(self, supply: Supply) -> None:
        self.times = array("d")
        self.in_time = 0
        self.refused: Counter[int] = Counter()
        self.first_refusal = ""
        self._take = supply.take
        self._poll = select.epoll()
        self._open: dict[int, _Connection] = {}

    def run(self, port: int, connections: int, until: float) -> None:
        """Ask until the moment has come and everything is answered."""
        for _ in range(connections):
            each = _Connection(port)
            self._open[each.socket.fileno()] = each
            self._poll.register(each.socket, select.EPOLLIN)
        for each in tuple(self._open.values()):
            self._ask(each, time.perf_counter())
        while self._open:
            events = self._poll.poll(_PATIENCE)
            if not events:
                raise RuntimeError(f"{len(self._open)} requests were not answered within {_PATIENCE:.0f} s.")
            for descriptor, _ in events:
                self._go_on(self._open[descriptor], until)

    def close(self) -> None:
        """Close what is open."""
        for each in tuple(self._open.values()):
            self._leave(each)
        self._poll.close()

    def _go_on(self, each: _Connection, until: float) -> None:
        if each.unsent is not None:
            self._send(each, each.unsent)
            return
        try:
            got = each.socket.recv(_AT_ONCE)
        except ConnectionError:
            got = b""
        each.answer += got
        status = status_when_complete(each.answer) if got else 0
        if status is not None:
            self._count(each, status, until)

    def _count(self, each: _Connection, status: int, until: float) -> None:
        now = time.perf_counter()
        if status == 200:
            self.times.append(now - each.began)
            self.in_time += now <= until
        else:
            self.refused[status] += 1
            self.first_refusal = self.first_refusal or each.answer.decode(errors="replace") or "closed by the server"
        if now <= until and status:
            self._ask(each, now)
        else:
            self._leave(each)

    def _ask(self, each: _Connection, now: float) -> None:
        each.began, each.answer = now, b""
        request = self._take()
        try:
            sent = each.socket.send(request)
        except (BlockingIOError, ConnectionError):
            sent = 0
        if sent < len(request):
            self._poll.modify(each.socket, select.EPOLLOUT)
            each.unsent = memoryview(request)[sent:]

    def _send(self, each: _Connection, unsent: memoryview) -> None:
        try:
            each.unsent = unsent[each.socket.send(unsent) :]
        except BlockingIOError:
            return
        except ConnectionError:
            each.unsent = None  # what the server said before it closed is read next
        if not each.unsent:
            each.unsent = None
            self._poll.modify(each.socket, select.EPOLLIN)

    def _leave(self, each: _Connection) -> None:
        del self._open[each.socket.fileno()]
        self._poll.unregister(each.socket)
        each.socket.close()


def status_when_complete(answer: bytes) -> int | None:
    """Read an answer's status; None while there is more to come.

    Raises:
        ValueError: it is not HTTP/1.1 with a Content-Length.
    """
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = answer[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0 or not head.startswith(b"http/1.1 "):
        raise ValueError(f"This is not an answer of a known length: {head.decode(errors='replace')}")
    length = int(head[at + 17 :].split(b"\r", 1)[0])
    return int(head[9:12]) if len(answer) >= end + 4 + length else None


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")
