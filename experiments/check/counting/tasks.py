"""A day to build: what is known of it, where its rows lie, and which other days it makes stale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Delete, FromClause, Select, and_, delete, literal, select
from sqlalchemy.orm import Session

from experiments.check.counting.expressions import DAY, SCENARIO
from experiments.check.counting.sums import Rollup
from experiments.check.counting.tables import RollupDay
from experiments.check.counting.windows import Windows
from experiments.do.days import DirtyDay
from experiments.do.journal import days_of_customers
from experiments.plan.designs import Experiment
from experiments.store import table_of

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Task:
    """A scenario's day to build.

    `inbound`: customers call, and an invitation before the request is resolved is a deviation. `marks` are those that
    it was seen to have; `to_come` are days that are built after it.
    """

    scenario_id: int
    day: int
    windows: Windows
    inbound: bool
    marks: Sequence[int]
    to_come: frozenset[int]

    @property
    def about(self) -> dict[str, int]:
        """Give what statements leave open."""
        return {"scenario": self.scenario_id, "day": self.day}


def of_the_day(rollup: Rollup) -> list[ColumnElement[bool]]:
    """Find a day's rows by the key, in which the experiment stands before the day."""
    columns = table_of(rollup).c
    found = [columns.scenario_id == SCENARIO, columns.day == DAY]
    return [*found, columns.experiment_id.in_(_EXPERIMENTS)] if "experiment_id" in columns else found


_EXPERIMENTS: Any = select(Experiment.id).where(Experiment.scenario_id == SCENARIO).union_all(select(literal(0)))


def done_with(task: Task) -> Iterator[Delete]:
    """Remove the marks that were seen; those that came meanwhile stay."""
    for start in range(0, len(task.marks), _AT_ONCE):
        yield delete(DirtyDay).where(DirtyDay.id.in_(task.marks[start : start + _AT_ONCE]))


def may_displace(session: Session, task: Task) -> bool:
    """Say whether the rollup has customers' first calls on later days that are not built after this one anyway."""
    return not task.to_come.issuperset(session.scalars(_LATER_FIRSTS, task.about))


_LATER_FIRSTS = (
    select(RollupDay.day)
    .distinct()
    .where(RollupDay.scenario_id == SCENARIO, RollupDay.experiment_id.in_(_EXPERIMENTS))
    .where(RollupDay.day > DAY, RollupDay.firsts > 0)
)


def firsts(session: Session, units: FromClause, task: Task) -> set[str]:
    """Name the customers whose first call in a test is on the day, by its rows by unit."""
    return set(session.scalars(_firsts(units), task.about))


@lru_cache
def _firsts(units: FromClause) -> Select[str]:
    its = and_(units.c.scenario_id == SCENARIO, units.c.experiment_id.in_(_EXPERIMENTS), units.c.day == DAY)
    return select(units.c.unit_hash).where(its, units.c.firsts > 0)


def displaced(session: Session, new: set[str], task: Task) -> list[int]:
    """Give later days on which a customer's call is not her first any more, since an earlier one came late."""
    again = {day for scenario_id, day in days_of_customers(session, new) if scenario_id == task.scenario_id}
    return sorted(day for day in again - task.to_come if day > task.day)
