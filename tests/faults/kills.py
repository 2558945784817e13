"""The faults: workers, the server and PostgreSQL killed at random moments under load, and a database that is away."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.desks import Desks, Ledger, missing
from tests.faults.house import House, a_house
from tests.postgres import Databases, Server, server_to_kill

_PATIENCE = 60.0  # seconds for everything to be brought over


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a fault: the ledger, what is missing, and how often it struck."""

    ledger: Ledger
    lost: list[str]
    strikes: int

    def __str__(self) -> str:
        """Say it in a line."""
        ledger = self.ledger
        return (
            f"{self.strikes} strikes; {len(ledger.calls)} assignments ({ledger.fallback} as fallback) and "
            f"{len(ledger.facts)} outcomes acknowledged, {len(self.lost)} missing; not 200: {dict(ledger.failed)}, "
            f"broken off: {ledger.broken}; slowest answer {ledger.slowest:.2f} s"
        )


def workers_killed(database: str, times: int, luck: random.Random) -> Report:
    """Kill a worker, some times."""
    return _struck(database, times, luck, lambda house, _server: house.kill_worker())


def server_killed(database: str, times: int, luck: random.Random) -> Report:
    """Kill the server with its workers, some times, and start it again."""

    def strike(house: House, _server: Server | None) -> None:
        house.kill()
        house.start()

    return _struck(database, times, luck, strike)


def postgresql_killed(times: int, luck: random.Random) -> Report:
    """Kill PostgreSQL with everything it runs, some times, and start it again."""

    def strike(_house: House, server: Server | None) -> None:
        assert server is not None
        server.kill()
        time.sleep(luck.random())
        server.start()

    return _struck("postgresql", times, luck, strike)


def postgresql_away(seconds: float, luck: random.Random) -> Report:
    """Let PostgreSQL be away for so long."""

    def strike(_house: House, server: Server | None) -> None:
        assert server is not None
        server.kill()
        time.sleep(seconds)
        server.start()

    return _struck("postgresql", 1, luck, strike)


def _struck(database: str, times: int, luck: random.Random, strike: Callable[[House, Server | None], None]) -> Report:
    with _opened(database) as (url, house, token, server):
        desks = Desks(house.address, token, many=8)
        try:
            for _ in range(times):
                time.sleep(0.3 + luck.random())
                strike(house, server)
            time.sleep(0.5)
        finally:
            ledger = desks.stop()
        _wait_until_brought_over(house)
        return Report(ledger, missing(url, ledger), times)


@contextmanager
def _opened(database: str) -> Iterator[tuple[str, House, str, Server | None]]:
    with tempfile.TemporaryDirectory() as folder:
        if database == "sqlite":
            url = f"sqlite:///{Path(folder) / 'scriptbench.db'}"
            with _running(url, Path(folder)) as (house, token):
                yield url, house, token, None
            return
        with server_to_kill() as server, Databases(server.address).new() as address:
            url = address.render_as_string(hide_password=False)
            with _running(url, Path(folder)) as (house, token):
                yield url, house, token, server


@contextmanager
def _running(url: str, folder: Path) -> Iterator[tuple[House, str]]:
    token = a_house(url)
    house = House(url, folder)
    house.start()
    try:
        yield house, token
    finally:
        house.stop()


def _wait_until_brought_over(house: House) -> None:
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        told = house.ready() or ""
        if '"spooled":0' in told and '"ready"' in told:
            return
        time.sleep(0.1)
    raise RuntimeError(f"what waited was not brought over: {house.ready()}")
