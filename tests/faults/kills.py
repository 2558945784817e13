"""The faults: workers, the server and PostgreSQL killed at random moments under load, and a database that is away."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
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


@dataclass(frozen=True, slots=True)
class Scene:
    """What can be struck: the house, and its PostgreSQL if it has one."""

    house: House
    postgresql: Server | None
    luck: random.Random

    def kill_worker(self) -> None:
        """Kill a worker; the server starts another."""
        self.house.kill_worker()

    def kill_server(self) -> None:
        """Kill the server with its workers, and start it again."""
        self.house.kill()
        self.house.start()

    def kill_postgresql(self) -> None:
        """Kill PostgreSQL with everything it runs, and start it again within a second."""
        self.take_postgresql_away(self.luck.random())

    def take_postgresql_away(self, seconds: float) -> None:
        """Kill PostgreSQL, and start it again after so long."""
        assert self.postgresql is not None
        self.postgresql.kill()
        time.sleep(seconds)
        self.postgresql.start()


Strike = Callable[[Scene], None]


def struck(database: str, strikes: Sequence[Strike], luck: random.Random) -> Report:
    """Let desks work, strike at random moments, and count afterwards.

    Args:
        database: `sqlite` or `postgresql`.
        strikes: one after the other.
        luck: when.
    """
    with _opened(database) as (url, house, token, server):
        scene = Scene(house, server, luck)
        desks = Desks(house.address, token, many=8)
        try:
            for strike in strikes:
                time.sleep(0.3 + luck.random())
                strike(scene)
                _wait_until(lambda: bool(house.ready()), "the house did not come back")
            time.sleep(0.5)
        finally:
            ledger = desks.stop()
        _wait_until(lambda: _is_settled(house), "what waited was not brought over")
        return Report(ledger, missing(url, ledger), len(strikes))


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
    try:
        house.start()
        yield house, token
    finally:
        house.kill()  # asked to end, it would give a worker that is still starting ten seconds


def _is_settled(house: House) -> bool:
    told = house.ready() or ""
    return '"spooled":0' in told and '"ready"' in told


def _wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    give_up = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > give_up:
            raise RuntimeError(otherwise)
        time.sleep(0.1)
