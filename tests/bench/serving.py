"""How fast the house answers calls: a bare JSON address and the measured one of the same server, in turns.

Whatever else the machine does hits both. Bounded: some seconds a round, and the server is ended by its own process id.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from experiments import people
from experiments.do.assignments import Floor
from experiments.store import Store
from migrations.run import upgrade
from tests.builders import MONDAY, a_floor, a_running_experiment

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests answered in a second, and how long the slowest hundredth took, in milliseconds."""

    a_second: float
    p99: float


Request = Callable[[HTTPConnection, int], None]


def a_house(folder: Path) -> tuple[Floor, str]:
    """Open a centre with a running test, and give a desk's token."""
    url = f"sqlite:///{folder / 'scriptbench.db'}"
    upgrade(url)
    floor = a_floor(Store(url))
    a_running_experiment(floor)
    with floor.store.write() as session:
        scopes = ["assign", "report"]
        return floor, people.issue_token(session, "bench", scopes, actor=people.system("bench"), now=MONDAY)


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """Serve the folder's house as `make run` does, and end it by its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    told = {"SCRIPTBENCH_INSTANCE": str(folder), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "wsgi:app", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--blocking-threads", "8", "--log-level", "error"]
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"} | told
    with (folder / "server.log").open("wb") as log:
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield port
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=20)


def wait_for(port: int) -> None:
    """Wait until the server answers, half a minute at most."""
    for _ in range(60):
        try:
            alive(HTTPConnection("127.0.0.1", port, timeout=5), 0)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("the server did not start")


def alive(connection: HTTPConnection, _number: int) -> None:
    """Ask for the bare JSON answer."""
    connection.request("GET", "/healthz")
    connection.getresponse().read()


def assign(token: str, numbers: Iterator[int]) -> Request:
    """Make a request that assigns a call nobody saw before, durably."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(connection: HTTPConnection, _number: int) -> None:
        body = {"call_id": f"b{next(numbers)}", "scenario": "policy_change", "agent_id": "A1"}
        connection.request("POST", "/api/v1/assignments", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"an assignment was answered {answer.status}")

    return ask


def compare(port: int, token: str, clients: int, seconds: float, rounds: int) -> None:
    """Measure bare answers and durable assignments in turns, and print the median of their ratio."""
    request = assign(token, count())
    ratios, last = [], (Rate(0, 0), Rate(0, 0))
    for _ in range(rounds):
        last = measured(port, alive, clients, seconds), measured(port, request, clients, seconds)
        ratios.append(last[1].a_second / last[0].a_second)
    bare, durable = last
    print(
        f"{clients} clients: assignments {durable.a_second:.0f}/s (p99 {durable.p99:.1f} ms), bare JSON "
        f"{bare.a_second:.0f}/s (p99 {bare.p99:.1f} ms); ratio {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f})"
    )


def measured(port: int, request: Request, clients: int, seconds: float) -> Rate:
    """Ask from so many threads for so long."""
    times: list[float] = []
    until = time.perf_counter() + seconds

    def run() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        while (began := time.perf_counter()) < until:
            request(connection, 0)
            times.append(time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    return Rate(len(times) / seconds, 1000 * times[int(len(times) * 0.99)])
