"""What results cost to read when a thousand times as many facts stand behind them, and beside asking the facts.

The same agents call on the same days, so that the rollup has as many rows of ten thousand facts as of ten million.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from experiments.calendar import day_number
from experiments.check import kept, looks, reading
from experiments.check.counting.tables import RollupCall
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.people import system
from experiments.plan.designs import experiment_named
from experiments.store import Store
from tests.bench.facts import FACTS_A_CALL, Crowd, a_crowd
from tests.bench.loading import load
from tests.bench.rollup import in_a_process, the_rest
from tests.builders import MONDAY, SCENARIO
from tests.postgres import Databases, temporary_server
from web.api import answers

FEW = 10_000
DAYS, AGENTS = 10, 20
TODAY = day_number(MONDAY.date().replace(month=12))
BARE = 3


def readings(facts: int, rounds: int) -> None:
    """Time readings over few facts and over many in turns, and one GROUP BY over the many, on both databases."""
    with tempfile.TemporaryDirectory() as folder:
        _told("SQLite", [f"sqlite:///{Path(folder) / name}.db" for name in ("few", "many")], facts, rounds)
    with temporary_server(durable=True) as admin, _two(Databases(admin)) as urls:
        _told("PostgreSQL", urls, facts, rounds)


@contextmanager
def _two(databases: Databases) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [stack.enter_context(databases.new()).render_as_string(hide_password=False) for _ in range(2)]


def _told(name: str, urls: list[str], facts: int, rounds: int) -> None:
    few, many = (_filled(url, several) for url, several in zip(urls, (FEW, facts), strict=True))
    rows = _rows(few), _rows(many)
    if rows[0] != rows[1]:
        raise SystemExit(f"the rollup has {rows[0]} rows of few facts and {rows[1]} of many: they must be as many")
    bare = statistics.median(_bare(many) for _ in range(BARE))
    for what, read in (("results", _results), ("watching anew", _watch), ("making a final look", _look)):
        first = 1000 * _timed(many, read)
        turns = [(_timed(few, read), _timed(many, read)) for _ in range(rounds)]
        ratio = statistics.median(b / a for a, b in turns)
        milliseconds = 1000 * statistics.median(b for _, b in turns)
        print(
            f"{name}, {facts} facts in {rows[1]} rows of a test: {what} {milliseconds:.1f} ms, the first time "
            f"{first:.1f}; {ratio:.2f} of what it takes over {FEW}; "
            f"one GROUP BY of the facts {bare:.1f} s, {1000 * bare / milliseconds:.0f} times as long"
        )
    for crowd in (few, many):
        crowd.floor.store.dispose()


def _filled(url: str, facts: int) -> Crowd:
    (crowd,) = a_crowd(url, {SCENARIO: "call"}, AGENTS)
    load([crowd], 0, DAYS, facts // FACTS_A_CALL // DAYS)
    in_a_process(the_rest, url)
    in_a_process(_looked_at, url, crowd.key)
    return crowd


def _looked_at(url: str, key: str) -> None:
    """Make the look that is read, and keep the watch; in a process of its own, so that this one has read nothing."""
    store = Store(url)
    with store.write() as session:
        experiment = experiment_named(session, key)
        looks.make_look(session, experiment, today=TODAY, final=True, actor=system("jobs"), now=MONDAY)
    kept.keep_all(store, today=TODAY, now=MONDAY)
    store.dispose()


def _rows(crowd: Crowd) -> int:
    with crowd.floor.store.read() as session:
        counted = select(func.count()).select_from(RollupCall).where(RollupCall.experiment_id != 0)
        return session.scalar(counted) or 0


def _bare(crowd: Crowd) -> float:
    """Ask the facts for what each arm sums to."""
    with crowd.floor.store.read() as session:
        began = time.perf_counter()
        session.execute(
            select(Assignment.arm, func.count(), func.sum(Outcome.value))
            .outerjoin(Outcome, Outcome.assignment_id == Assignment.id)
            .group_by(Assignment.arm)
        ).all()
        return time.perf_counter() - began


def _timed(crowd: Crowd, read: Any) -> float:
    store: Store = crowd.floor.store
    with store.read() as session:
        experiment = experiment_named(session, crowd.key)
        began = time.perf_counter()
        read(session, experiment)
        return time.perf_counter() - began


def _results(session: Any, experiment: Any) -> object:
    """Read what the API tells of a test: the look that was made, and the watch that was kept."""
    return answers.results(session, experiment.key, today=TODAY, now=MONDAY)


def _watch(session: Any, experiment: Any) -> object:
    return reading.watch(session, experiment, today=TODAY)


def _look(session: Any, experiment: Any) -> object:
    return reading.read(session, experiment, [], today=TODAY, final=True)
