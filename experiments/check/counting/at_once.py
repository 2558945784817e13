"""A day built by one statement, in a transaction that nobody waits for: how PostgreSQL builds."""

from functools import lru_cache

from sqlalchemy import Insert, MetaData, delete, insert, select

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

HANDS = 2
"""Scenarios built at the same time, when there is a backlog."""

SETTINGS = (
    # A day is found by its indexes, whatever the planner believes of tables that have just grown.
    "SET enable_seqscan = off",
    "SET enable_sort = off",
    "SET jit = off",
    "SET work_mem = '64MB'",
    # The rollup is a cache: a day that is lost in a power cut is lost together with the removal of its marks.
    "SET synchronous_commit = off",
)

TABLES = MetaData()
"""None: nothing is made ready aside."""


def build(lent: Staging, task: Task) -> list[int]:
    """Build a day and be done with its marks; give later days that have to be built again because of it."""
    units = table_of(RollupUnit)
    with lent.place() as session:
        before = firsts(session, units, task) if may_displace(session, task) else None
        connection = session.connection()
        for statement in (*_EMPTYING, _filling(task.windows, inbound=task.inbound)):
            connection.execute(statement, task.about)
        new = set() if before is None else firsts(session, units, task) - before
        again = displaced(session, new, task)
        days.mark(session, [(task.scenario_id, day) for day in again])
        for marks in done_with(task):
            session.execute(marks)
    return again


_EMPTYING = tuple(delete(table_of(rollup)).where(*of_the_day(rollup)) for rollup in ROLLUPS)


@lru_cache(maxsize=64)
def _filling(windows: Windows, *, inbound: bool) -> Insert:
    """Write the statement that fills all rollups from one reading of the facts: writing it costs much."""
    told = of_each_call(windows, "postgresql").cte("told")
    measures = measures_of_call(told, measures_of_kinds(told.c.kinds), inbound=inbound)
    calls = sums.by_call(told, measures).cte("calls")
    more = (
        _into(RollupCall, select(calls)).cte("by_call"),
        _into(RollupUnit, sums.by_unit(told, measures)).cte("by_unit"),
        _into(RollupDay, sums.by_day(calls)).cte("by_day"),
        _into(RollupAgent, sums.by_agent(calls)).cte("by_agent"),
        _into(RollupTarget, sums.by_target(told, told, measures)).cte("by_target"),
    )
    return _into(RollupSource, sums.by_source(told)).add_cte(*more)


def _into(rollup: Rollup, asked: Sums) -> Insert:
    return insert(table_of(rollup)).from_select([column.name for column in asked.selected_columns], asked)
