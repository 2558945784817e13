"""How fast facts are rolled up: everything from nothing and a new day, beside one bare GROUP BY over the same rows.

The bare statement joins calls and facts and groups them by the keys of the rollup with a count and a sum, and keeps
nothing. Ours tells kinds, windows and what was taken back apart, counts some forty measures, and writes them down.
Each is measured in a process of its own, whose memory is nobody else's.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete, func, select

from experiments.check import rollup
from experiments.check.counting.sums import ROLLUPS
from experiments.check.counting.tables import RollupCall
from experiments.do.days import DirtyDay
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.store import Store, table_of
from tests.bench.disk import probe
from tests.bench.facts import FACTS_A_CALL, Crowd, a_crowd
from tests.bench.loading import load
from tests.bench.resources import Taken, watched
from tests.postgres import Databases, temporary_server

Done = TypeVar("Done")

A_DAY = 100_000
"""Facts of all scenarios together on one day."""

BY_CALL = dict.fromkeys(("policy_change", "policy_enquiry", "policy_download", "surrender"), "call")
BY_CUSTOMER = dict.fromkeys(("policy_change", "policy_enquiry"), "customer")


@dataclass(frozen=True, slots=True)
class Turn:
    """What it took, and for how many seconds the turn to write was held at the most (0 where there is none)."""

    taken: Taken
    longest: float = 0.0


def rolling_up(facts: int, alternations: int) -> None:
    """Print every figure of the rollup, on both databases.

    Args:
        facts: to roll up from nothing; a tenth of them once more in tests by customer.
        alternations: with the bare statement.
    """
    for tests, several in ((BY_CALL, facts), (BY_CUSTOMER, facts // 10)):
        with tempfile.TemporaryDirectory() as folder:
            print(f"SQLite, {probe(Path(folder))}")
            _told("SQLite", f"sqlite:///{Path(folder) / 'scriptbench.db'}", tests, several, alternations)
        with temporary_server(durable=True) as admin, Databases(admin).new() as address:
            url = address.render_as_string(hide_password=False)
            _told("PostgreSQL", url, tests, several, alternations)


def _told(name: str, url: str, tests: Mapping[str, str], facts: int, alternations: int) -> None:
    crowds, (unit,) = a_crowd(url, tests), set(tests.values())
    days, calls = max(facts // A_DAY, 1), A_DAY // FACTS_A_CALL // len(crowds)
    began = time.perf_counter()
    loaded = load(crowds, 0, days, calls)
    head = f"{name}, tests by {unit}, {loaded} facts of {days} days"
    print(f"{head}: put there in {time.perf_counter() - began:.0f} s")
    turns = [(in_a_process(bare, url, unit), in_a_process(from_nothing, url)) for _ in range(alternations)]
    theirs, ours = ([turn.taken for turn in each] for each in zip(*turns, strict=True))
    seconds = statistics.median(each.seconds for each in ours)
    print(
        f"{head}: from nothing {seconds:.1f} s ({loaded / seconds:.0f} facts a second; {ours[-1].memory}), one bare "
        f"GROUP BY {statistics.median(each.seconds for each in theirs):.1f} s ({theirs[-1].memory}); "
        f"{statistics.median(a.seconds / b.seconds for a, b in zip(theirs, ours, strict=True)):.2f} of the bare "
        f"statement's facts a second, "
        f"{statistics.median(a.cpu / b.cpu for a, b in zip(theirs, ours, strict=True)):.2f} by the processors' time"
    )
    _a_new_day(head, url, crowds, days, calls)
    crowds[0].floor.store.dispose()


def _a_new_day(head: str, url: str, crowds: Sequence[Crowd], day: int, calls: int) -> None:
    loaded = load(crowds, day, 1, calls)
    turn = in_a_process(the_rest, url)
    waited = f"; nobody waited longer than {1000 * turn.longest:.0f} ms to write" if turn.longest else ""
    print(f"{head}: a new day's {loaded} in {turn.taken.seconds:.1f} s{waited}")


def in_a_process(work: Callable[..., Done], *given: Any) -> Done:
    """Do a piece of work in a process that has done nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def bare(url: str, unit: str) -> Turn:
    """Group calls and their facts by what the rollup groups by; where it sums by unit too, that is grouped as well."""
    keys = [column.name for column in table_of(RollupCall).primary_key]
    return _grouped(url, [keys] if unit == "call" else [keys, ["experiment_id", "day", "arm", "unit_hash"]])


def _grouped(url: str, groupings: Sequence[Sequence[str]]) -> Turn:
    store = Store(url)
    with watched(store.engine.url) as taken, store.read() as session:
        for names in groupings:
            grouped = [getattr(Assignment, name) for name in names]
            query = select(*grouped, func.count().label("n"), func.sum(Outcome.value).label("value"))
            joined = query.outerjoin(Outcome, Outcome.assignment_id == Assignment.id).group_by(*grouped).subquery()
            session.execute(select(func.count(), func.sum(joined.c.n), func.sum(joined.c.value))).one()
    store.dispose()
    return Turn(taken)


def from_nothing(url: str) -> Turn:
    """Delete the rollup, and build it again."""
    store = Store(url)
    with store.write() as session:
        for each in (*ROLLUPS, DirtyDay):
            session.execute(delete(each))
        rollup.mark_all(session)
    store.dispose()
    return the_rest(url)


def the_rest(url: str) -> Turn:
    """Build what waits to be built."""
    store = Store(url)
    with watched(store.engine.url) as taken, _turns_timed(store) as turns:
        rollup.rebuild_dirty(store)
    store.dispose()
    return Turn(taken, max(turns, default=0.0))


@contextmanager
def _turns_timed(store: Store) -> Iterator[list[float]]:
    """Time how long the turn to write is held, where writers wait for one."""
    times: list[float] = []
    if store.engine.dialect.name == "sqlite":
        store.turn = _Timed(store.turn, times)
    yield times


class _Timed:
    """A turn that tells how long it was held."""

    def __init__(self, turn: Any, times: list[float]) -> None:
        self._turn, self._times, self._began = turn, times, 0.0

    def __enter__(self) -> None:
        self._turn.__enter__()
        self._began = time.perf_counter()

    def __exit__(self, *error: Any) -> None:
        self._times.append(time.perf_counter() - self._began)
        self._turn.__exit__(*error)
