"""A day made ready aside and put in place in short transactions: how SQLite builds, where writers wait for a turn."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    Executable,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Session

from experiments.check.counting import sums
from experiments.check.counting.measures import measures_of_call, measures_of_kinds
from experiments.check.counting.sums import ROLLUPS, Rollup, Sums
from experiments.check.counting.tables import (
    RollupAgent,
    RollupCall,
    RollupDay,
    RollupSource,
    RollupTarget,
    RollupUnit,
)
from experiments.check.counting.tasks import Task, displaced, done_with, firsts, may_displace, of_the_day
from experiments.check.counting.told import of_each_call
from experiments.check.counting.windows import Windows
from experiments.do import days
from experiments.staging import Staging
from experiments.store import table_of

MOST_ROWS = 5_000
"""Rows of a rollup that one transaction brings: some 30 ms in which nobody else writes."""

HANDS = 1
"""Scenarios built at the same time: threads of one process wait for each other's memory in SQLite, and gain nothing."""

SETTINGS = (
    # 64 MB of the pages that are read stay in memory, and as much of what is made of them; what is more goes to disk.
    "PRAGMA cache_size = -65536",
    "PRAGMA temp.cache_size = -65536",
    # The rollup is a cache: a day that is lost in a power cut is lost together with the removal of its marks.
    "PRAGMA synchronous = NORMAL",
)

TABLES = MetaData()

Bounds: TypeAlias = tuple[str | None, str | None]
Step: TypeAlias = tuple[Executable, dict[str, Any]]
"""A statement and what it leaves open."""


def _aside(name: str, columns: Iterable[ColumnElement[object]]) -> Table:
    return Table(name, TABLES, *(Column(c.name, c.type) for c in columns), prefixes=["TEMPORARY"])


_TOLD = _aside("told", of_each_call(Windows(0, 0), "sqlite").selected_columns)
_READY = {rollup: _aside(f"{rollup.__tablename__}_ready", table_of(rollup).columns) for rollup in ROLLUPS}
_SAID = select(_TOLD.c.kinds).distinct().subquery("said")
_DECIDED = measures_of_kinds(_SAID.c.kinds)
_WORDS = Table(
    "words",
    TABLES,
    Column("kinds", String, primary_key=True),
    *(Column(name, Integer) for name in _DECIDED),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
"""What each set of kinds decides: there are a few dozen of them a day, which are not judged again for every call."""


def build(lent: Staging, task: Task) -> list[int]:
    """Build a day and be done with its marks; give later days that have to be built again because of it.

    Where it has very many rows, calls are brought by agent and units by unit, a part at a time: who reads meanwhile
    sees some as they were before.
    """
    with lent.prepare() as session:
        _execute(session, [(each, task.about) for each in (*_EMPTYING, *_filling(task.windows, inbound=task.inbound))])
        again = _displaced(session, task) if may_displace(session, task) else []
        transactions = _transactions(session, task)
    for steps in transactions:
        with lent.place() as session:
            days.mark(session, [(task.scenario_id, day) for day in again])
            _execute(session, steps)
    return again


def _execute(session: Session, steps: Iterable[Step]) -> None:
    connection = session.connection()
    for statement, about in steps:
        connection.execute(statement, about)


def _displaced(session: Session, task: Task) -> list[int]:
    ready, real = (firsts(session, units, task) for units in (_READY[RollupUnit], table_of(RollupUnit)))
    return displaced(session, ready - real, task)


_EMPTYING = tuple(delete(table) for table in TABLES.sorted_tables)


@lru_cache(maxsize=64)
def _filling(windows: Windows, *, inbound: bool) -> tuple[Insert, ...]:
    """Write the statements that make a day ready: writing them costs more than running them."""
    known = select(_SAID.c.kinds, *(column.label(name) for name, column in _DECIDED.items()))
    measures = measures_of_call(_TOLD, {name: _WORDS.c[name] for name in _DECIDED}, inbound=inbound)
    with_words = _TOLD.join(_WORDS, _WORDS.c.kinds == _TOLD.c.kinds)
    return (
        _into(_TOLD, of_each_call(windows, "sqlite")),
        _into(_WORDS, known),
        _into(_READY[RollupCall], sums.by_call(_TOLD, measures).select_from(with_words)),
        _into(_READY[RollupUnit], sums.by_unit(_TOLD, measures).select_from(with_words)),
        _into(_READY[RollupDay], sums.by_day(_READY[RollupCall])),
        _into(_READY[RollupAgent], sums.by_agent(_READY[RollupCall])),
        _into(_READY[RollupTarget], sums.by_target(_TOLD, with_words, measures)),
        _into(_READY[RollupSource], sums.by_source(_TOLD)),
    )


def _into(table: Table, asked: Sums) -> Insert:
    return insert(table).from_select([column.name for column in asked.selected_columns], asked)


def _transactions(session: Session, task: Task) -> list[list[Step]]:
    """Give the steps that put a day in place and are done with its marks, by transaction."""
    parts = [
        _replacing(rollup, task, name, bounds)
        for rollup, name in ((RollupCall, "agent_id"), (RollupUnit, "unit_hash"))
        for bounds in _bounds(session, rollup, name)
    ]
    marks: list[Step] = [(statement, {}) for statement in done_with(task)]
    rest = [step for rollup in _SMALL for step in _replacing(rollup, task)] + marks
    return [*parts, rest] if len(parts) > _KINDS_OF_PARTS else [[*chain(*parts), *rest]]


_KINDS_OF_PARTS = 2

_SMALL = (RollupDay, RollupAgent, RollupTarget, RollupSource)
"""Rollups of few rows a day, which are brought whole."""


def _bounds(session: Session, rollup: Rollup, name: str) -> list[Bounds]:
    """Cut what is ready into parts: from one label on (None: from the first) to before another."""
    label = _READY[rollup].c[name]
    if (session.scalar(select(func.count()).select_from(_READY[rollup])) or 0) <= MOST_ROWS:
        return [(None, None)]
    numbered = select(label.label("label"), func.row_number().over(order_by=label).label("place")).subquery()
    cuts = select(numbered.c.label).distinct().where(numbered.c.place % MOST_ROWS == 0).order_by(numbered.c.label)
    return list(pairwise((None, *session.scalars(cuts), None)))


def _replacing(rollup: Rollup, task: Task, name: str = "", bounds: Bounds = (None, None)) -> list[Step]:
    """Delete a day, or the part of it whose labels are within bounds, and bring what is ready instead."""
    low, high = bounds
    about = {**task.about, "low": low, "high": high}
    return [(step, about) for step in _replacement(rollup, name, from_low=low is not None, to_high=high is not None)]


@lru_cache
def _replacement(rollup: Rollup, name: str, *, from_low: bool, to_high: bool) -> tuple[Delete, Insert]:
    real, ready = table_of(rollup), _READY[rollup]

    def within(table: Table) -> list[ColumnElement[bool]]:
        above = [table.c[name] >= bindparam("low", type_=String())] if from_low else []
        return above + ([table.c[name] < bindparam("high", type_=String())] if to_high else [])

    brought = select(*ready.columns).where(*within(ready))
    return delete(real).where(*of_the_day(rollup), *within(real)), _into(real, brought)
