"""How much memory a piece of work takes: that of this process, and of the PostgreSQL that works for it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

_EVERY = 0.01  # seconds


@dataclass
class Memory:
    """Megabytes of memory that nobody else shares, at the most while the work went on, above what there was before."""

    here: float = 0.0
    database: float = 0.0

    def __str__(self) -> str:
        return f"{self.here:.0f} MB here" + (f" and {self.database:.0f} MB in the database" if self.database else "")


@contextmanager
def watched(url: URL) -> Iterator[Memory]:
    """Watch memory while the block runs.

    Args:
        url: the database that works; a PostgreSQL has to be one of ours, with its data beside its socket.
    """
    memory, over = Memory(), threading.Event()
    server = None if url.get_backend_name() == "sqlite" else Path(str(url.query["host"]), "data", "postmaster.pid")
    before = _here(), _database(server)

    def look() -> None:
        while not over.wait(_EVERY):
            memory.here = max(memory.here, _here() - before[0])
            memory.database = max(memory.database, _database(server) - before[1])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield memory
    finally:
        over.set()
        looking.join()


def _here() -> float:
    return _private(Path("/proc", str(os.getpid())))


def _database(server: Path | None) -> float:
    if server is None:
        return 0.0
    pid = server.read_text().split()[0]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_private(Path("/proc", child)) for child in children)


def _private(process: Path) -> float:
    """Give a process's own memory; none when it has ended meanwhile."""
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), 0.0)
