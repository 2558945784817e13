"""The rollup: facts summed by day, a cache that is deleted and built again and never patched.

One reading of a day's facts tells what was told of each of its calls; everything else is summed from that. Whoever
writes facts meanwhile does not wait for the counting.
"""

from bisect import insort
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.check.counting import aside, at_once
from experiments.check.counting.tasks import Task
from experiments.check.counting.windows import windows_of
from experiments.do import recording
from experiments.do.days import DirtyDay
from experiments.do.journal import Assignment
from experiments.plan.scenarios import Scenario
from experiments.staging import Staging, alone, staging
from experiments.store import Store, table_of

_BUILDERS = {"sqlite": aside, "postgresql": at_once}

_BACKLOG = 8
"""Up to so many days are built one after the other, which leaves the rest of the machine to whoever is on the phone."""


@dataclass(frozen=True, slots=True)
class RollupReport:
    """What one run did."""

    days: int
    attached: int


def rebuild_dirty(store: Store) -> RollupReport:
    """Build every dirty day again; nobody else builds meanwhile.

    Marks that arrive while a day is built are not seen by it and stay for the next run. A scenario's days are built in
    their order: what comes earlier decides which call of a customer's is the first.
    """
    with alone(store, "rollup"):
        dirty = _dirty(store)
        hands = _BUILDERS[store.engine.dialect.name].HANDS if sum(map(len, dirty.values())) > _BACKLOG else 1
        most_first = sorted(dirty, key=lambda scenario_id: -len(dirty[scenario_id]))
        with ThreadPoolExecutor(hands) as pool:
            reports = list(pool.map(lambda scenario_id: _built(store, scenario_id, dirty[scenario_id]), most_first))
    return RollupReport(sum(each.days for each in reports), sum(each.attached for each in reports))


def mark_all(session: Session) -> None:
    """Mark every day there is, so that the next run builds the whole rollup again."""
    every = select(Assignment.scenario_id, Assignment.day).distinct()
    session.execute(table_of(DirtyDay).insert().from_select(["scenario_id", "day"], every))


def _dirty(store: Store) -> dict[int, list[int]]:
    """Give the days to build by scenario, in their order."""
    found: dict[int, list[int]] = {}
    with store.read() as session:
        marked = select(DirtyDay.scenario_id, DirtyDay.day).distinct().order_by(DirtyDay.scenario_id, DirtyDay.day)
        for scenario_id, day in session.execute(marked):
            found.setdefault(scenario_id, []).append(day)
    return found


def _built(store: Store, scenario_id: int, dirty: Sequence[int]) -> RollupReport:
    builder, waiting = _BUILDERS[store.engine.dialect.name], list(dirty)
    built = attached = 0
    with store.read() as session:
        scenario = session.get_one(Scenario, scenario_id)
        inbound, windows = scenario.direction == "inbound", windows_of(session, scenario.catalogue)
    with staging(store, settings=builder.SETTINGS, tables=builder.TABLES) as lent:
        while waiting:
            day = waiting.pop(0)
            marks, found = _attached(store, lent, scenario_id, day)
            for again in builder.build(lent, Task(scenario_id, day, windows, inbound, marks, frozenset(waiting))):
                insort(waiting, again)
            built, attached = built + 1, attached + found
    return RollupReport(built, attached)


def _attached(store: Store, lent: Staging, scenario_id: int, day: int) -> tuple[Sequence[int], int]:
    """Give facts that came before their call to the calls of a day; give the day's marks, and how many facts.

    The marks are seen before: what they stand for is there when waiting facts are asked for.
    """
    total, found = 0, 1
    while found:
        with lent.prepare() as session:
            marked = DirtyDay.scenario_id == scenario_id, DirtyDay.day == day
            marks = session.scalars(select(DirtyDay.id).where(*marked)).all()
        with store.write() as session:
            found = recording.attach_waiting(session, scenario_id, day)
        total += found
    return marks, total
