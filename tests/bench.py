"""How fast the house answers: `make bench`. Read the ratios; machines are shared, and so are their clocks.

Every round asks a bare JSON address and the measured one of the same server, side by side, so that whatever else the
machine does hits both. Bounded: some seconds a round, and the server is ended by its own process id.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from experiments import people
from experiments.check import rollup
from experiments.do import assignments, outcomes
from experiments.do.assignments import Floor
from experiments.do.serving import Call
from experiments.do.snapshot import Snapshot
from experiments.store import Store
from migrations.run import upgrade
from tests.builders import MONDAY, a_call, a_floor, a_running_experiment, outcome, snapshot_of

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests answered in a second, and how long the slowest hundredth took, in milliseconds."""

    a_second: float
    p99: float


Request = Callable[[HTTPConnection, int], None]


def main() -> None:
    """Print every measurement."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        floor, token = a_house(Path(folder))
        with server(Path(folder)) as port:
            for clients in (1, 8):
                compare(port, token, clients, given.seconds, given.rounds)
        sets(floor)


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


def sets(floor: Floor, calls: int = 20_000) -> None:
    """Time whole batches without a server: assignments, outcomes and the rollup of what they dirtied."""
    snapshot = snapshot_of(floor)
    dealt = [a_call(10_000 + i, at=MONDAY + timedelta(days=i % 10)) for i in range(calls)]
    took(f"assign {calls} calls, 500 a transaction", calls, lambda: in_batches(floor, snapshot, dealt))
    kinds = ("resolved", "invited", "accepted")
    facts = [outcome(call.call_id, kind, 60 * 24 * 11) for call in dealt for kind in kinds]
    took(f"record {len(facts)} outcomes, 500 a transaction", len(facts), lambda: told_in_batches(floor, facts))
    took("roll the dirty days up", calls, lambda: rollup.rebuild_dirty(floor.store))


def in_batches(floor: Floor, snapshot: Snapshot, calls: list[Call]) -> None:
    for start in range(0, len(calls), 500):
        assignments.assign(floor, snapshot, calls[start : start + 500])


def told_in_batches(floor: Floor, facts: list[dict[str, object]]) -> None:
    for start in range(0, len(facts), 500):
        with floor.store.write() as session:
            outcomes.record(
                session, "bench", facts[start : start + 500], pseudonyms=floor.pseudonyms, now=datetime.now(UTC)
            )


def took(what: str, rows: int, work: Callable[[], object]) -> None:
    """Time a piece of work and print it."""
    began = time.perf_counter()
    work()
    passed = time.perf_counter() - began
    print(f"{what}: {passed:.2f} s, {rows / passed:.0f} a second")


if __name__ == "__main__":
    main()
