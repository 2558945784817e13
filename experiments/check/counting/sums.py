"""A day's sums, as questions to what was told of its calls: by call, by unit, by little, and by who told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Delete, FromClause, Select, and_, delete, func, literal, select, union_all
from sqlalchemy.orm import Session

from experiments.check.counting.measures import measures_of_call
from experiments.check.counting.tables import CHECKED, MEASURES, RollupCall, RollupDay, RollupSource, RollupUnit
from experiments.check.counting.told import usual_source
from experiments.check.counting.windows import Windows
from experiments.do.days import DirtyDay
from experiments.do.journal import days_of_customers
from experiments.do.outcomes import Outcome
from experiments.plan.designs import Experiment
from experiments.store import table_of

_AT_ONCE = 1000

Rollup: TypeAlias = type[RollupCall | RollupUnit | RollupDay | RollupSource]

ROLLUPS: tuple[Rollup, ...] = (RollupCall, RollupUnit, RollupDay, RollupSource)

Sums: TypeAlias = Select[*tuple[Any, ...]]
"""A question whose columns are those of a rollup, by name and in order."""


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


def by_call(told: FromClause, *, inbound: bool) -> Sums:
    """Sum by everything pages ask for."""
    return _summed(RollupCall, told, measures_of_call(told, inbound=inbound))


def by_unit(told: FromClause, *, inbound: bool) -> Sums:
    """Sum by randomisation unit, of calls in tests whose unit is not the call."""
    its = told.c.unit_hash.is_not(None)
    return _summed(RollupUnit, told, measures_of_call(told, inbound=inbound), its, more=("unit",))


def by_day(calls: FromClause) -> Sums:
    """Sum the rows of a day by call once more."""
    return _summed(RollupDay, calls, {name: calls.c[name] for name in (*MEASURES, *CHECKED)})


def by_source(told: FromClause) -> Sums:
    """Count facts by who told them; where others than the usual source told of a call, they are asked once more."""
    names = ("scenario_id", "day", "facts", "newest_at", "newest_received_at")
    usual = select(*(told.c[name] for name in names), usual_source().label("source")).where(told.c.by_usual == 1)
    each = (
        select(told.c.scenario_id, told.c.day, literal(1), Outcome.at, Outcome.received_at, Outcome.source)
        .join_from(told, Outcome, Outcome.assignment_id == told.c.assignment_id)
        .where(told.c.facts > 0, told.c.by_usual == 0)
    )
    facts = union_all(usual, each).subquery("told_by")
    keys = [facts.c.scenario_id, facts.c.day, facts.c.source]
    return select(
        *keys,
        _typed(RollupSource, "facts", func.sum(facts.c.facts)),
        func.max(facts.c.newest_at).label("newest_at"),
        func.max(facts.c.newest_received_at).label("newest_received_at"),
    ).group_by(*keys)


def _summed(
    rollup: Rollup,
    source: FromClause,
    measures: dict[str, ColumnElement[int]],
    *where: ColumnElement[bool],
    more: Sequence[str] = (),
) -> Sums:
    """Sum by the keys of a rollup, those that tell most rows apart first, which makes sorting cheap."""
    keys = [*(column.name for column in table_of(rollup).primary_key), *more]
    # the keys begin with the scenario, the experiment and the day, which hardly tell the rows of a day apart
    grouped = [source.c[key] for key in (*keys[3:], *keys[:3])]
    sums = (_typed(rollup, name, func.sum(measures[name])) for name in (*MEASURES, *CHECKED))
    return select(*(source.c[key] for key in keys), *sums).where(*where).group_by(*grouped)


def _typed(rollup: Rollup, name: str, summed: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give a sum the type of its column: PostgreSQL makes it a wider one."""
    return summed.cast(table_of(rollup).c[name].type).label(name)


def of_the_day(rollup: Rollup, task: Task) -> list[ColumnElement[bool]]:
    """Find a day's rows by the key, in which the experiment stands before the day."""
    columns = table_of(rollup).c
    found = [columns.scenario_id == task.scenario_id, columns.day == task.day]
    return [*found, columns.experiment_id.in_(_experiments(task))] if "experiment_id" in columns else found


def done_with(task: Task) -> Iterator[Delete]:
    """Remove the marks that were seen; those that came meanwhile stay."""
    for start in range(0, len(task.marks), _AT_ONCE):
        yield delete(DirtyDay).where(DirtyDay.id.in_(task.marks[start : start + _AT_ONCE]))


def may_displace(session: Session, task: Task) -> bool:
    """Say whether the rollup has customers' first calls on later days that are not built after this one anyway."""
    counted = table_of(RollupDay).c
    its = and_(counted.scenario_id == task.scenario_id, counted.experiment_id.in_(_experiments(task)))
    later = select(counted.day).distinct().where(its, counted.day > task.day, counted.firsts > 0)
    return not task.to_come.issuperset(session.scalars(later))


def firsts(session: Session, units: FromClause, task: Task) -> set[str]:
    """Name the customers whose first call in a test is on the day, by its rows by unit."""
    its = and_(units.c.scenario_id == task.scenario_id, units.c.experiment_id.in_(_experiments(task)))
    return set(session.scalars(select(units.c.unit_hash).where(its, units.c.day == task.day, units.c.firsts > 0)))


def displaced(session: Session, new: set[str], task: Task) -> list[int]:
    """Give later days on which a customer's call is not her first any more, since an earlier one came late."""
    again = {day for scenario_id, day in days_of_customers(session, new) if scenario_id == task.scenario_id}
    return sorted(day for day in again - task.to_come if day > task.day)


def _experiments(task: Task) -> Any:
    return select(Experiment.id).where(Experiment.scenario_id == task.scenario_id).union_all(select(literal(0)))
