"""How fast the house answers calls, durably, beside four applications on the same server, in turns.

Whatever else the machine does hits all of them: read the ratios. Each is taken within a round, and what is printed is
their median, the least and the most in brackets. Afterwards the rows are counted: all that was acknowledged is there.
"""

import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from experiments import people
from experiments.do.assignments import Floor
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.store import Store
from migrations.run import upgrade
from tests.bench import disk
from tests.bench.desks import BATCH, Desks
from tests.bench.load import Load, drive
from tests.bench.running import OURS, Running, serve
from tests.builders import MONDAY, a_floor, a_running_experiment
from tests.postgres import Databases, temporary_server

CONNECTIONS = (1, 16, 64)
BATCHES_OVER = 4  # connections: batches come from servers, which are few
BARE, LEAST, ONE_COMMIT, PARSE_ONLY = (
    f"tests.bench.servers.{name}:app" for name in ("bare", "least", "one_commit", "parse_only")
)
_MOST, _MOST_ONE_BY_ONE, _MOST_BATCHES = 25_000, 5_000, 200  # a second; what is more is made while the clock runs


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one measurement, and the microseconds of its workers' CPU that a request took.

    Other work on the machine slows the one, and hardly changes the other.
    """

    load: Load
    cpu: float


@dataclass(frozen=True, slots=True)
class Rivals:
    """What runs beside each other, who asks each, and how many requests of each kind were acknowledged."""

    folder: Path
    servers: Mapping[str, Running]
    desks: Mapping[str, Desks]
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    probes: list[disk.Probe] = field(default_factory=list)

    def turn(self, app: str, what: str, connections: int, seconds: float) -> Turn:
        """Measure one of them.

        Raises:
            RuntimeError: something was not answered with 200, so that the figure would mean nothing.
        """
        supply = self.desks[app].supplies[what]
        ready = int(seconds * (_MOST_BATCHES if what == "batches" else min(_MOST, _MOST_ONE_BY_ONE * connections)))
        server = self.servers[app]
        used = server.cpu_seconds()
        load = drive(server.port, supply, connections=connections, seconds=seconds, ready=ready)
        used = server.cpu_seconds() - used
        if load.refused:
            said = "".join(server.log.read_text().splitlines(keepends=True)[-30:])
            raise RuntimeError(f"{app} refused {dict(load.refused)}, first by\n{load.first_refusal}\nIt said:\n{said}")
        self.kept[app, what] += load.answered
        return Turn(load, 1e6 * used / load.answered)

    def turns(self, apps: Sequence[str], what: str, connections: int, rounds: int, seconds: float) -> list[list[Turn]]:
        """Measure some of them in turns, and the disk in each round; give those of each, by round."""
        for app in apps:
            self.turn(app, what, connections, seconds / 4)  # to warm up
        self.probes.clear()
        loads = [self._round(apps, what, connections, seconds) for _ in range(rounds)]
        return [list(of_one) for of_one in zip(*loads, strict=True)]

    def _round(self, apps: Sequence[str], what: str, connections: int, seconds: float) -> list[Turn]:
        self.probes.append(disk.probe(self.folder))
        return [self.turn(app, what, connections, seconds) for app in apps]

    def tell_disk(self) -> None:
        """Print what the disk did in the rounds before."""
        print(
            f"      {disk.Probe(*(statistics.median(each) for each in zip(*map(astuple, self.probes), strict=True)))}"
        )


def serving(rounds: int, seconds: float) -> None:
    """Print every figure of serving, on SQLite and on PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{Path(folder) / name}.db" for name in ("ours", "theirs")]
        compare("SQLite", Path(folder), *urls, rounds=rounds, seconds=seconds)
    with tempfile.TemporaryDirectory() as folder, temporary_server(durable=True) as admin:
        databases = Databases(admin)
        with databases.new() as ours, databases.new() as theirs:
            urls = [address.render_as_string(hide_password=False) for address in (ours, theirs)]
            compare("PostgreSQL", Path(folder), *urls, rounds=rounds, seconds=seconds)


def compare(
    name: str,
    folder: Path,
    ours: str,
    theirs: str,
    *,
    rounds: int,
    seconds: float,
    counts: Sequence[int] = CONNECTIONS,
) -> None:
    """Print every figure on one kind of database.

    Args:
        name: of the kind of database.
        folder: for what the servers make.
        ours: an empty database.
        theirs: another one, of the same kind, for the classical way.
        rounds: of turns.
        seconds: of each turn.
        counts: of connections.

    Raises:
        RuntimeError: a request was refused, or what was acknowledged is not in the database.
    """
    print(f"{name}; {os.getloadavg()[0]:.1f} processes were running on {os.cpu_count()} cores")
    with rivals(folder, ours, theirs) as those:
        for connections in counts:
            assigned(those, connections, rounds, seconds)
        evaluated(those, counts[-1], rounds, seconds)
        asked_and_told(those, counts[-1], rounds, seconds)
        told_in_batches(those, rounds, seconds)
        for app, server in those.servers.items():
            print(f"  {app} has workers of {' and '.join(map(str, server.megabytes()))} MB")
    check(ours, those.kept, OURS)
    check(theirs, those.kept, ONE_COMMIT)


@contextmanager
def rivals(folder: Path, ours: str, theirs: str) -> Iterator[Rivals]:
    """Run ours, the floor, the least that is durable, the classical way, and the mere reading of batches."""
    (our_floor, token), (their_floor, _) = a_house(ours), a_house(theirs)
    for floor in (our_floor, their_floor):
        floor.store.dispose()
    urls = {OURS: ours, BARE: ours, LEAST: theirs, ONE_COMMIT: theirs, PARSE_ONLY: ours}
    desks = {app: Desks() for app in urls} | {OURS: (our_desks := Desks(token)), PARSE_ONLY: our_desks}
    with serve(urls, folder) as servers:
        yield Rivals(folder, servers, desks)


def a_house(url: str) -> tuple[Floor, str]:
    """Open a centre with a running test, and give a desk's token."""
    upgrade(url)
    floor = a_floor(Store(url))
    a_running_experiment(floor)
    with floor.store.write() as session:
        scopes = ["assign", "report"]
        return floor, people.issue_token(session, "bench", scopes, actor=people.system("bench"), now=MONDAY)


def assigned(those: Rivals, connections: int, rounds: int, seconds: float) -> None:
    """Print durable assignments beside the floor, the least that is durable, and the classical way."""
    apps = BARE, LEAST, OURS, ONE_COMMIT
    bare, little, ours, classical = those.turns(apps, "assignments", connections, rounds, seconds)
    told(f"durable assignments over {connections} connections", ours)
    beside("a bare Flask address", ours, bare)
    beside("the least that is durable", ours, little)
    beside("one commit a request", ours, classical)
    those.tell_disk()


def evaluated(those: Rivals, connections: int, rounds: int, seconds: float) -> None:
    """Print durable assignments that OpenFeature's protocol asks for, which take the long way, beside the floor."""
    bare, ours = those.turns((BARE, OURS), "evaluations", connections, rounds, seconds)
    told(f"OFREP evaluations over {connections} connections", ours)
    beside("a bare Flask address", ours, bare)
    those.tell_disk()


def asked_and_told(those: Rivals, connections: int, rounds: int, seconds: float) -> None:
    """Print what else desktops send one by one."""
    for what, name in (("repeats", "assignments asked for again"), ("outcomes", "outcomes told one by one")):
        (ours,) = those.turns((OURS,), what, connections, rounds, seconds)
        told(f"{name} over {connections} connections", ours)
    those.tell_disk()


def told_in_batches(those: Rivals, rounds: int, seconds: float) -> None:
    """Print batches of outcomes beside the mere reading of them."""
    read, ours = those.turns((PARSE_ONLY, OURS), "batches", BATCHES_OVER, rounds, seconds)
    told(f"batches of {BATCH} outcomes over {BATCHES_OVER} connections", ours)
    beside("reading and judging alone", ours, read)
    those.tell_disk()


def told(what: str, ours: Sequence[Turn]) -> None:
    """Print one's figures."""
    print(f"  {what}: {_figures(ours)}")


def beside(what: str, ours: Sequence[Turn], theirs: Sequence[Turn]) -> None:
    """Print another's figures, and what ours are of them: requests a second, and the time of the slowest hundredth."""
    turns = list(zip(ours, theirs, strict=True))
    rate = _spread([a.load.a_second / b.load.a_second for a, b in turns])
    slowest = _spread([a.load.p99 / b.load.p99 for a, b in turns])
    print(f"    ÷ {what}: {rate}; p99 {slowest} times   [{_figures(theirs)}]")


def check(url: str, kept: Counter[tuple[str, str]], app: str) -> None:
    """Count what is in a database.

    Raises:
        RuntimeError: it is not what was acknowledged.
    """
    calls = kept[app, "assignments"] + kept[app, "evaluations"]
    acknowledged = calls, kept[app, "outcomes"] + BATCH * kept[app, "batches"]
    store = Store(url)
    with store.read() as session:
        there = tuple(session.scalar(select(func.count()).select_from(each)) for each in (Assignment, Outcome))
    store.dispose()
    if there != acknowledged:
        raise RuntimeError(f"Assignments and outcomes: {acknowledged} were acknowledged, and {there} are there.")
    print(f"  {app}: {acknowledged[0]} assignments and {acknowledged[1]} outcomes acknowledged, and all are there")


def _figures(turns: Sequence[Turn]) -> str:
    rate, p50, p99 = (statistics.median(getattr(turn.load, of) for turn in turns) for of in ("a_second", "p50", "p99"))
    cpu = statistics.median(turn.cpu for turn in turns)
    return f"{rate:.0f}/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms, {cpu:.0f} µs of its workers' CPU each"


def _spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
