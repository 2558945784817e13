"""A day made ready aside and put in place in short transactions: how SQLite builds, where writers wait for a turn."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import TypeAlias

from sqlalchemy import Column, ColumnElement, Executable, Insert, MetaData, Table, delete, func, insert, select
from sqlalchemy.orm import Session

from experiments.check.counting import sums
from experiments.check.counting.sums import ROLLUPS, Rollup, Sums, Task
from experiments.check.counting.tables import RollupCall, RollupDay, RollupSource, RollupUnit
from experiments.check.counting.told import of_each_call
from experiments.check.counting.windows import Windows
from experiments.do import days
from experiments.staging import Staging
from experiments.store import table_of

MOST_ROWS = 5_000
"""Rows of a rollup that one transaction brings: some 30 ms in which nobody else writes."""

SETTINGS = ("PRAGMA cache_size = -65536", "PRAGMA temp_store = MEMORY", "PRAGMA temp.cache_size = -65536")
"""The pages that are read, and what is made of them, stay in memory: 64 MB of each at the most."""

TABLES = MetaData()

Bounds: TypeAlias = tuple[str | None, str | None]


def _aside(name: str, columns: Sequence[ColumnElement[object]]) -> Table:
    return Table(name, TABLES, *(Column(c.name, c.type) for c in columns), prefixes=["TEMPORARY"])


_TOLD = _aside("told", list(of_each_call(Windows(0, 0), "sqlite").selected_columns))
_READY = {rollup: _aside(f"{rollup.__tablename__}_ready", list(table_of(rollup).columns)) for rollup in ROLLUPS}


def build(lent: Staging, task: Task) -> list[int]:
    """Build a day and be done with its marks; give later days that have to be built again because of it.

    Where it has very many rows, calls are brought by agent and units by unit, a part at a time: who reads meanwhile
    sees some as they were before.
    """
    with lent.prepare() as session:
        _make_ready(session, task)
        again = _displaced(session, task) if sums.may_displace(session, task) else []
        transactions = _transactions(session, task)
    for statements in transactions:
        with lent.place() as session:
            days.mark(session, [(task.scenario_id, day) for day in again])
            for statement in statements:
                session.execute(statement)
    return again


def _displaced(session: Session, task: Task) -> list[int]:
    ready, real = (sums.firsts(session, units, task) for units in (_READY[RollupUnit], table_of(RollupUnit)))
    return sums.displaced(session, ready - real, task)


def _make_ready(session: Session, task: Task) -> None:
    for table in TABLES.sorted_tables:
        session.execute(delete(table))
    for statement in _filling(task.windows, inbound=task.inbound):
        session.execute(statement, {"scenario": task.scenario_id, "day": task.day})


@lru_cache(maxsize=64)
def _filling(windows: Windows, *, inbound: bool) -> tuple[Insert, ...]:
    """Write the statements that make a day ready: writing them costs more than running them."""
    return (
        _into(_TOLD, of_each_call(windows, "sqlite")),
        _into(_READY[RollupCall], sums.by_call(_TOLD, inbound=inbound)),
        _into(_READY[RollupUnit], sums.by_unit(_TOLD, inbound=inbound)),
        _into(_READY[RollupDay], sums.by_day(_READY[RollupCall])),
        _into(_READY[RollupSource], sums.by_source(_TOLD)),
    )


def _into(table: Table, asked: Sums) -> Insert:
    return insert(table).from_select([column.name for column in asked.selected_columns], asked)


def _transactions(session: Session, task: Task) -> list[list[Executable]]:
    """Give the statements that put a day in place and are done with its marks, by transaction."""
    parts = [
        _replacing(rollup, task, name, bounds)
        for rollup, name in ((RollupCall, "agent_id"), (RollupUnit, "unit_hash"))
        for bounds in _bounds(session, _READY[rollup].c[name])
    ]
    rest = [*_replacing(RollupDay, task), *_replacing(RollupSource, task), *sums.done_with(task)]
    return [*parts, rest] if len(parts) > _KINDS_OF_PARTS else [[*chain(*parts), *rest]]


_KINDS_OF_PARTS = 2


def _bounds(session: Session, label: ColumnElement[str]) -> list[Bounds]:
    """Cut what is ready into parts: from one label on (None: from the first) to before another."""
    numbered = select(label.label("label"), func.row_number().over(order_by=label).label("place")).subquery()
    cuts = select(numbered.c.label).distinct().where(numbered.c.place % MOST_ROWS == 0).order_by(numbered.c.label)
    return list(pairwise((None, *session.scalars(cuts), None)))


def _replacing(rollup: Rollup, task: Task, name: str = "", bounds: Bounds = (None, None)) -> list[Executable]:
    """Delete a day, or the part of it whose labels are within bounds, and bring what is ready instead."""
    real, ready = table_of(rollup), _READY[rollup]
    within = select(*ready.columns).where(*_within(ready, name, bounds))
    return [
        delete(real).where(*sums.of_the_day(rollup, task), *_within(real, name, bounds)),
        insert(real).from_select([column.name for column in ready.columns], within),
    ]


def _within(table: Table, name: str, bounds: Bounds) -> list[ColumnElement[bool]]:
    low, high = bounds
    return [*([] if low is None else [table.c[name] >= low]), *([] if high is None else [table.c[name] < high])]
