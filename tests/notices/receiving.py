"""A receiver on this machine that takes what it is sent, or does as a test says, and everything to send to it with."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

from experiments.notices import outbox
from experiments.notices.events import Event
from experiments.notices.reach import Reach
from experiments.notices.targets import Post, Target, target
from experiments.store import Store
from experiments.wording import Message
from web.saying import say_in

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW_SECRET = "whsec_" + "QUFB" * 8
HERE = Reach((ip_network("127.0.0.0/8"),))


@dataclass(frozen=True, slots=True)
class Taken:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answering = Callable[[BaseHTTPRequestHandler], None]


def with_status(status: int, **headers: str) -> Answering:
    """Answer with a status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@dataclass
class Receiver:
    """Where it listens, what it took, and how it answers."""

    port: int
    taken: list[Taken] = field(default_factory=list)
    answer: Answering = field(default_factory=lambda: with_status(204))

    @property
    def ids(self) -> list[str]:
        return [each.headers["webhook-id"] for each in self.taken]


@contextmanager
def a_receiver() -> Iterator[Receiver]:
    """Listen on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.taken.append(Taken(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            receiver.answer(self)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def a_webhook(port: int, name: str = "erp", path: str = "/hook", host: str = "127.0.0.1", **changes: Any) -> Target:
    """Set a webhook up that goes to this machine."""
    told = {"kind": "webhook", "secrets": [SECRET], "events": [], "roles": [], "language": "en", "reach": HERE}
    return target(name, url=f"http://{host}:{port}{path}", **{**told, **changes})


def a_chat(port: int, name: str = "floor", **changes: Any) -> Target:
    """Set a chat up that Apprise sends JSON to, on this machine."""
    told = {"kind": "apprise", "secrets": [], "events": [], "roles": [], "language": "zh-CN", "reach": HERE}
    return target(name, **{"url": f"json://127.0.0.1:{port}/chat", **told, **changes})


@dataclass
class Wall:
    """A clock that goes by itself and can be put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_(self, **time: float) -> None:
        self.ahead += timedelta(**time)


def a_post(*targets: Target, clock: Callable[[], datetime] | None = None, reach: Reach = HERE) -> Post:
    """Set the post up."""
    return Post(targets, reach, say_in, lambda subject: f"https://house/{subject}", clock or Wall())


def told(
    store: Store, many: int = 1, event: Event = Event.STARTED, roles: tuple[str, ...] = (), **changes: Any
) -> None:
    """Write notices, each in a transaction of its own."""
    title = {"zh-CN": "批改：换一种利益点", "en": "Another benefit"}
    text = "“%(title)s” runs; %(who)s started it."
    for number in range(many):
        with store.write() as session:
            notice = {
                "subject": "experiment:change_benefit",
                "words": Message(text, {"title": title, "who": "lead"}),
                "roles": roles,
                "facts": {"number": number},
                "now": datetime.now(UTC),
            }
            outbox.tell(session, event, **{**notice, **changes})
