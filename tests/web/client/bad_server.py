"""A server that answers as it was told to, in turn: well, badly, half, late, or not at all."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Heard:
    """What a server was asked, in order, and where it listens."""

    address: str
    bodies: list[Any] = field(default_factory=list)


def answer(status: int, body: Any = None, **headers: str) -> bytes:
    """Write a whole answer."""
    told = json.dumps(body if body is not None else {}).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(told)}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + told


@contextmanager
def serving(script: Sequence[bytes], otherwise: bytes) -> Iterator[Heard]:
    """Answer requests by a script, then always alike. A request that is answered b"" is hung up on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.1)
        heard, ends, turns = Heard(f"http://127.0.0.1:{door.getsockname()[1]}"), threading.Event(), iter(script)

        def serve() -> None:
            while not ends.is_set():
                try:
                    visitor, _ = door.accept()
                except TimeoutError:
                    continue
                with visitor:
                    visitor.settimeout(0.3)
                    _converse(visitor, heard, turns, otherwise)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield heard
        finally:
            ends.set()
            thread.join()


def _converse(visitor: socket.socket, heard: Heard, turns: Iterator[bytes], otherwise: bytes) -> None:
    try:
        while body := _read(visitor):
            heard.bodies.append(json.loads(body))
            said = next(turns, otherwise)
            visitor.sendall(said)
            if not said or not said.startswith(b"HTTP/1.1 200"):
                return
    except OSError:
        return


def _read(visitor: socket.socket) -> bytes:
    told = b""
    while b"\r\n\r\n" not in told:
        part = visitor.recv(65_536)
        if not part:
            return b""
        told += part
    head, _, body = told.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += visitor.recv(65_536)
    return body
