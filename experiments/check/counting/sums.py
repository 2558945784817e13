"""A day's sums, as questions to what was told of its calls: by call, unit, little, agent, target and who told."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal, select, union_all

from experiments.check.counting.expressions import DAY, SCENARIO
from experiments.check.counting.measures import Measured
from experiments.check.counting.tables import (
    CHECKED,
    MEASURES,
    REPORTED,
    RollupAgent,
    RollupCall,
    RollupDay,
    RollupSource,
    RollupTarget,
    RollupUnit,
)
from experiments.check.counting.told import usual_source
from experiments.do.journal import Origin
from experiments.do.outcomes import Outcome
from experiments.store import table_of

Rollup: TypeAlias = type[RollupCall | RollupUnit | RollupDay | RollupAgent | RollupTarget | RollupSource]

ROLLUPS: tuple[Rollup, ...] = (RollupCall, RollupUnit, RollupDay, RollupAgent, RollupTarget, RollupSource)

Sums: TypeAlias = Select[*tuple[Any, ...]]
"""A question whose columns are those of a rollup, by name and in order."""


def by_call(told: FromClause, measures: Measured) -> Sums:
    """Sum the measures of calls by everything pages ask for."""
    return _summed(RollupCall, told, measures)


def by_unit(told: FromClause, measures: Measured) -> Sums:
    """Sum by randomisation unit, of calls in tests whose unit is not the call."""
    return _summed(RollupUnit, told, measures, more=("unit",)).where(told.c.unit_hash.is_not(None))


def by_day(calls: FromClause) -> Sums:
    """Sum the rows of a day by call once more."""
    return _summed(RollupDay, calls, {name: calls.c[name] for name in (*MEASURES, *CHECKED)})


def by_agent(calls: FromClause) -> Sums:
    """Sum the rows of a day by call once more, by who took them and where."""
    eligible = func.sum(case((calls.c.eligible, calls.c.calls), else_=0))
    summed = {name: eligible if name == "eligible" else func.sum(calls.c[name]) for name in REPORTED}
    keys = [calls.c[column.name] for column in table_of(RollupAgent).primary_key]
    return (
        select(*keys, *(_typed(RollupAgent, name, each) for name, each in summed.items()))
        .where(calls.c.origin != Origin.REPLAYED)
        .group_by(*keys)
    )


def by_target(told: FromClause, source: FromClause, measures: Measured) -> Sums:
    """Sum by the channel that was recommended: the caller who accepted one was recommended it, and each counts once.

    Args:
        told: what was told of calls; facts are asked once more only of those that name a channel.
        source: what to select from: `told`, and what `measures` are read of.
        measures: of a row of `told`.
    """
    named = (
        select(
            told.c.assignment_id,
            Outcome.target_channel.label("target"),
            func.max(case((Outcome.type == "accepted", 1), else_=0)).label("succeeded"),
        )
        .join_from(told, Outcome, Outcome.assignment_id == told.c.assignment_id)
        .where(told.c.targets > 0, Outcome.target_channel.is_not(None), Outcome.type.in_(("invited", "accepted")))
        .group_by(told.c.assignment_id, Outcome.target_channel)
        .subquery("named")
    )
    keys = [(named if c.name == "target" else told).c[c.name] for c in table_of(RollupTarget).primary_key]
    return (
        select(
            *keys,
            _typed(RollupTarget, "recommended", func.count()),
            _typed(RollupTarget, "succeeded", func.sum(named.c.succeeded * measures["accepted"])),
        )
        .select_from(source.join(named, named.c.assignment_id == told.c.assignment_id))
        .where(told.c.origin != Origin.REPLAYED)
        .group_by(*keys)
    )


def by_source(told: FromClause) -> Sums:
    """Count facts by who told them; where others than the usual source told of a call, they are asked once more."""
    usual = (
        select(
            usual_source().label("source"),
            func.sum(told.c.facts).label("facts"),
            func.max(told.c.newest_at).label("newest_at"),
            func.max(told.c.newest_received_at).label("newest_received_at"),
        )
        .where(told.c.by_usual == 1)
        .having(func.count() > 0)
    )
    # Not grouped by itself: SQLite would then read all facts there are in the order of their sources.
    each = (
        select(Outcome.source, literal(1), Outcome.at, Outcome.received_at)
        .join_from(told, Outcome, Outcome.assignment_id == told.c.assignment_id)
        .where(told.c.facts > 0, told.c.by_usual == 0)
    )
    facts = union_all(usual, each).subquery("told_by")
    return select(
        SCENARIO.label("scenario_id"),
        DAY.label("day"),
        facts.c.source,
        _typed(RollupSource, "facts", func.sum(facts.c.facts)),
        func.max(facts.c.newest_at).label("newest_at"),
        func.max(facts.c.newest_received_at).label("newest_received_at"),
    ).group_by(facts.c.source)


def _summed(rollup: Rollup, source: FromClause, measures: Measured, more: Sequence[str] = ()) -> Sums:
    """Sum by the keys of a rollup, those that tell most rows apart first, which makes sorting cheap."""
    keys = [*(column.name for column in table_of(rollup).primary_key), *more]
    # the keys begin with the scenario, the experiment and the day, which hardly tell the rows of a day apart
    grouped = [source.c[key] for key in (*keys[3:], *keys[:3])]
    sums = (_typed(rollup, name, func.sum(measures[name])) for name in (*MEASURES, *CHECKED))
    return select(*(source.c[key] for key in keys), *sums).group_by(*grouped)


def _typed(rollup: Rollup, name: str, summed: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give a sum the type of its column: PostgreSQL makes it a wider one."""
    return summed.cast(table_of(rollup).c[name].type).label(name)
