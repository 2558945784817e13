import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest

from tests.bench.load import Supply, drive, post, status_when_complete

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Desk(ThreadingHTTPServer):
    """Answers 200, every seventh request 429, and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.bodies: list[dict[str, Any]] = []
        self.answers: Counter[int] = Counter()
        self.lock = threading.Lock()
        self.hangs_up = False

    @property
    def port(self) -> int:
        return self.server_port


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Desk

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.hangs_up:
            self.close_connection = True
            return
        with self.server.lock:
            self.server.bodies.append(body)
            status = 429 if len(self.server.bodies) % 7 == 0 else 200
            self.server.answers[status] += 1
        self.send_response(status)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"fu")
        self.wfile.flush()
        self.wfile.write(b"ll")

    def log_message(self, *_: object) -> None:
        pass


def numbered() -> Supply:
    numbers = count()
    return Supply(lambda many: [post("/", b'{"number": %d}' % next(numbers)) for _ in range(many)])


def test_every_request_is_sent_once_and_every_answer_counted(desk: Desk) -> None:
    supply = numbered()
    loads = [drive(desk.port, supply, connections=connections, seconds=0.1, ready=10) for connections in (1, 5)]
    sent = sorted(body["number"] for body in desk.bodies)

    assert sum(load.answered for load in loads) == desk.answers[200] > 0
    assert sum(load.refused[429] for load in loads) == desk.answers[429] > 0
    assert "429 Too Many Requests" in loads[-1].first_refusal
    assert sent == list(range(len(sent)))  # what the first left unsent, the second sent: none is lost, none sent twice


def test_times_are_in_order_and_within_the_measurement(desk: Desk) -> None:
    load = drive(desk.port, numbered(), connections=3, seconds=0.1)

    assert 0 < load.p50 <= load.p99 <= load.longest < 1000
    assert 0 < load.a_second * 0.1 <= load.answered


def test_a_body_larger_than_a_sockets_buffer_arrives_whole(desk: Desk) -> None:
    body = json.dumps({"number": 1, "filler": "x" * 8_000_000}).encode()
    load = drive(desk.port, Supply(lambda many: [post("/", body)] * many), connections=2, seconds=0.05)

    assert load.answered + load.refused[429] == len(desk.bodies) > 0
    assert {len(each["filler"]) for each in desk.bodies} == {8_000_000}


def test_a_closed_connection_is_an_error_and_ends_it(desk: Desk) -> None:
    desk.hangs_up = True
    load = drive(desk.port, numbered(), connections=3, seconds=5)

    assert load.answered == 0
    assert load.refused == {0: 3}
    assert load.first_refusal == "closed by the server"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (HEAD[:20], None),  # half a head
        (HEAD + b"o", None),  # half a body
        (HEAD + b"ok", 200),
        (HEAD.replace(b"Content-L", b"content-l") + b"ok", 200),  # names of headers in any case
    ],
)
def test_an_answer_has_a_status_once_it_is_complete(answer: bytes, status: int | None) -> None:
    assert status_when_complete(answer) == status


def test_an_answer_of_unknown_length_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="known length"):
        status_when_complete(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


@pytest.fixture
def desk() -> Iterator[Desk]:
    server = Desk()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
