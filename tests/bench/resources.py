"""What a piece of work takes: time, the processors' time, and memory, of this process and of a PostgreSQL of ours."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

_EVERY = 0.05  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Taken:
    """Seconds on the clock and of all processors, and megabytes that nobody else shares, at the most above before."""

    seconds: float = 0.0
    cpu: float = 0.0
    here: float = 0.0
    database: float = 0.0

    @property
    def memory(self) -> str:
        """Say whose memory it was."""
        return f"{self.here:.0f} MB here" + (f", {self.database:.0f} MB in the database" if self.database else "")


@contextmanager
def watched(url: URL) -> Iterator[Taken]:
    """Watch what the block takes.

    Args:
        url: the database that works; a PostgreSQL has to be one of ours, with its data beside its socket.
    """
    taken, over = Taken(), threading.Event()
    server = None if url.get_backend_name() == "sqlite" else Path(str(url.query["host"]), "data", "postmaster.pid")
    here, database = _private(_own()), _memory_of(server)

    def look() -> None:
        while not over.wait(_EVERY):
            taken.here = max(taken.here, _private(_own()) - here)
            taken.database = max(taken.database, _memory_of(server) - database)

    looking = threading.Thread(target=look)
    looking.start()
    began, cpu = time.perf_counter(), _cpu(server)
    try:
        yield taken
    finally:
        taken.seconds = time.perf_counter() - began
        over.set()
        looking.join()
        taken.cpu = _cpu(server) - cpu


def _own() -> Path:
    return Path("/proc", str(os.getpid()))


def _children(server: Path) -> list[Path]:
    pid = server.read_text().split()[0]
    return [Path("/proc", child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _memory_of(server: Path | None) -> float:
    return 0.0 if server is None else sum(map(_private, _children(server)))


def _private(process: Path) -> float:
    """Give a process's own memory; none when it has ended meanwhile."""
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), 0.0)


def _cpu(server: Path | None) -> float:
    """Give the seconds of all processors so far: this process's, and the server's, ended ones included."""
    used = time.process_time()
    if server is not None:
        ended = _times(Path("/proc", server.read_text().split()[0]))
        used += (sum(ended) + sum(sum(_times(child)[:2]) for child in _children(server))) / _TICKS
    return used


def _times(process: Path) -> list[int]:
    """Give ticks of a process and of its ended children: user, system, and theirs; none when it has ended meanwhile."""
    try:
        return [int(each) for each in (process / "stat").read_text().rpartition(")")[2].split()[11:15]]
    except OSError:
        return [0, 0, 0, 0]
