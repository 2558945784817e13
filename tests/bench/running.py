"""Applications under the server that `make run` starts, with its workers and threads, while they are needed."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from configs.settings import ROOT, Settings
from tests.bench.load import HOST
from web import processes

OURS = "wsgi:app"
_PATIENCE = 60.0  # seconds for a server to come


@dataclass(frozen=True, slots=True)
class Running:
    """A server: its port, the process that its workers are children of, and what it said."""

    port: int
    pid: int
    log: Path

    def megabytes(self) -> list[int]:
        """Give the resident memory of each worker."""
        return [_resident((worker / "status").read_text()) for worker in self._workers()]

    def cpu_seconds(self) -> float:
        """Give the processor's time that the workers have used so far, the system's on their behalf included."""
        times = [(worker / "stat").read_text().rpartition(")")[2].split()[11:13] for worker in self._workers()]
        return sum(int(ticks) for each in times for ticks in each) / os.sysconf("SC_CLK_TCK")

    def _workers(self) -> list[Path]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [Path("/proc", child) for child in children.split()]


@contextmanager
def serve(urls: Mapping[str, str], folder: Path) -> Iterator[dict[str, Running]]:
    """Serve applications as ours is served, each on a port of its own, and end them by their process ids.

    Args:
        urls: the database of each application; the application is module and name, `wsgi:app` for ours.
        folder: in which each has a folder for what it makes, its log too.
    """
    started = {app: _started(app, folder / app, url) for app, url in urls.items()}
    try:
        for process, server in started.values():
            _wait_for(process, server)
        yield {app: server for app, (_, server) in started.items()}
    finally:
        for process, _ in started.values():
            process.send_signal(signal.SIGTERM)
        for process, _ in started.values():
            process.wait(timeout=20)


def _started(app: str, folder: Path, url: str) -> "tuple[subprocess.Popen[bytes], Running]":
    counts = folder / "counts"
    counts.mkdir(parents=True)
    port = _free_port()
    command = processes.server(Settings(PORT=port, DATABASE_URL=url, instance=folder))
    told = {"SCRIPTBENCH_INSTANCE": str(folder), "DATABASE_URL": url, "PROMETHEUS_MULTIPROC_DIR": str(counts)}
    said = folder / "server.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [app if word == OURS else word for word in command],
            cwd=ROOT,
            env=os.environ | told,
            stdout=log,
            stderr=log,
        )
    return process, Running(port, process.pid, said)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(process: "subprocess.Popen[bytes]", server: Running) -> None:
    give_up = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        connection = HTTPConnection(HOST, server.port, timeout=_PATIENCE)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()  # any answer will do
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"The server did not start:\n{server.log.read_text()}")


def _resident(status: str) -> int:
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) // 1024
