"""A running house that can be killed: the server as it is shipped, on one port, started as often as needed."""

import os
import signal
import socket
import subprocess
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from configs.settings import ROOT, Settings
from experiments import people
from experiments.store import Store
from migrations.run import upgrade
from tests.builders import MONDAY, a_floor, a_running_experiment
from web import processes

HOST = "127.0.0.1"
_PATIENCE = 60.0  # seconds for a server to come


def a_house(url: str) -> str:
    """Open a centre with a running test, and give a desk's token."""
    upgrade(url)
    floor = a_floor(Store(url))
    a_running_experiment(floor)
    with floor.store.write() as session:
        scopes = ["assign", "report"]
        token = people.issue_token(session, "desk", scopes, actor=people.system("test"), now=MONDAY)
    floor.store.dispose()
    return token


class House:
    """The server of a database: two workers.

    Args:
        url: the database.
        folder: its instance folder.
    """

    def __init__(self, url: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = int(probe.getsockname()[1])
        settings = Settings(PORT=self.port, DATABASE_URL=url, instance=folder, workers=2, threads=16)
        self._command = processes.server(settings)
        self._told = {"SCRIPTBENCH_INSTANCE": str(folder), "DATABASE_URL": url, "SCRIPTBENCH_SPOOL_RESERVE": "0"}
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Give where it listens."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=os.environ | self._told, stdout=log, stderr=log, start_new_session=True
            )
        give_up = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < give_up:
            if self.ready():
                return
            time.sleep(0.05)
        raise RuntimeError(f"The server did not start:\n{self._log.read_text()[-3000:]}")

    def ready(self) -> str | None:
        """Ask whether it answers; give what it says."""
        connection = HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().read().decode()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Give the process ids of its workers."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [int(child) for child in children if b"tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()]

    def kill_worker(self) -> None:
        """Kill the worker that has lived longest; the server starts another.

        One that dies twice within seconds would be taken for broken, and the server would end.
        """
        oldest, *_ = self.workers()
        os.kill(oldest, signal.SIGKILL)

    def kill(self) -> None:
        """Kill the server with all its workers."""
        assert self._process is not None
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
