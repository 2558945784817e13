"""What health asks of a test besides its cube: first calls, days and uses, reports and their records."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from experiments.check.counting.tables import RollupCall, RollupUnit
from experiments.check.metrics import REPORTED, MetricSpec
from experiments.do.discrepancies import Discrepancy, Kind
from experiments.do.serving import Reason
from experiments.plan.designs import Experiment
from stats.moments import Counts
from stats.soundness.periods import PeriodCounts
from stats.soundness.uses import middle_of_bin, use_bin

OF_NO_TRAFFIC = (Kind.UNKNOWN_REVISION, Kind.NOT_IN_FORCE)
"""What is found where a desktop names traffic that there was not, or not then."""

_DAY_SECONDS = 86_400
_PART = 2_000  # rows that are objects at one time, as in `cube`


def first_calls(session: Session, experiment: Experiment) -> dict[str, dict[str, dict[str, int]]]:
    """Count each customer once, by what the first call tells (region, channel, agent, day), its level, and the arm."""
    told = {
        "region": RollupCall.region,
        "channel": RollupCall.channel,
        "agent": RollupCall.agent_id,
        "day": RollupCall.day,
    }
    found: dict[str, dict[str, dict[str, int]]] = {name: defaultdict(dict) for name in told}
    for name, level in told.items():
        rows = session.execute(
            select(level, RollupCall.arm, func.sum(RollupCall.firsts))
            .where(*_of(RollupCall, experiment), RollupCall.firsts > 0)
            .group_by(level, RollupCall.arm)
        )
        for label, arm, units in rows:
            found[name][str(label)][arm] = int(units)
    return found


@dataclass(frozen=True, slots=True)
class AgentDays:
    """What agents did from day to day, in the order of agents and of their days.

    `agents` numbers them; `sums` has of each of their days the calls and the successes in every arm, control first.
    """

    agents: NDArray[np.int64]
    days: NDArray[np.int64]
    sums: NDArray[np.int64]


def agent_days(session: Session, experiment: Experiment, spec: MetricSpec, until: int) -> AgentDays:
    """Read what every agent did on every day up to one (YYYYMMDD): once for all challengers.

    Where whole units are dealt nobody asks by agent, and all agents are taken for one.
    """
    table = RollupCall.__table__
    agent = table.c.agent_id if experiment.unit == "call" else literal("")
    found = session.execute(
        select(agent, table.c.day, *_counted(experiment, spec))
        .where(
            table.c.scenario_id == experiment.scenario_id,
            table.c.experiment_id == experiment.id,
            table.c.day <= until,
        )
        .group_by(agent, table.c.day)
        .order_by(agent, table.c.day)
    )
    names: list[str] = []
    numbers = [np.zeros((1 + 2 * len(experiment.dealt), 0), dtype=np.int64)]
    for part in found.partitions(_PART):
        agents, *columns = zip(*part, strict=True)
        names.extend(agents)
        numbers.append(np.array(columns, dtype=np.int64))
    days, *sums = np.concatenate(numbers, axis=1)
    another = [before != name for before, name in pairwise((None, *names))]
    return AgentDays(
        np.cumsum(another, dtype=np.int64) - 1,
        days,
        np.column_stack(sums).reshape(len(names), len(experiment.dealt), 2),
    )


def by_day(did: AgentDays, place: int) -> list[PeriodCounts]:
    """Give the control's and a challenger's calls and successes by day, numbered from the first day of the test."""
    known, days = np.unique(did.days, return_inverse=True)
    sums = _summed(did, place, days, len(known))
    return [_period(number, each) for number, each in enumerate(sums, start=1)]


def by_use(did: AgentDays, place: int) -> list[PeriodCounts]:
    """Give both arms' calls and successes by how often the agent had used the challenger before the day.

    Within an agent's day both arms are as old, so each day falls into the bin of the use it begins with.
    """
    uses = did.sums[:, place, 0]
    before = np.cumsum(uses) - uses
    first = np.flatnonzero(np.diff(did.agents, prepend=-1))
    known, days = np.unique(before - before[first][did.agents], return_inverse=True)
    bins, places = np.unique([use_bin(int(used) + 1) for used in known], return_inverse=True)
    sums = _summed(did, place, places[days], len(bins))
    return [_period(middle_of_bin(int(bin_)), each) for bin_, each in zip(bins, sums, strict=True)]


def _summed(did: AgentDays, place: int, periods: NDArray[np.int64], count: int) -> list[list[int]]:
    """Sum calls and successes of the control and of the challenger over the days of each period."""
    sums = np.zeros((count, 2, 2), dtype=np.int64)
    np.add.at(sums, periods, did.sums[:, [0, place]])
    return [[int(each) for each in row.ravel()] for row in sums]


def silent(session: Session, experiment: Experiment, until: int) -> dict[str, list[tuple[int, int]]]:
    """Give each arm's units with their calls and how many of them anything at all was told of."""
    table, unit = (RollupCall, literal("")) if experiment.unit == "call" else (RollupUnit, RollupUnit.unit_hash)
    rows = session.execute(
        select(table.arm, unit, func.sum(table.calls), func.sum(table.told))
        .where(*_of(table, experiment), table.day <= until)
        .group_by(table.arm, unit)
        .order_by(table.arm, unit)
    )
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for arm, _, calls, known in rows:
        found[arm].append((int(calls), int(known)))
    return found


def self_reports(session: Session, experiment: Experiment, until: int) -> dict[str, dict[str, Counts]]:
    """Count each agent's reports and those without a record, by report (see `health.reports`).

    A centre that never tells the record of a report is not asked for it.

    Args:
        session: to read the rollup with.
        experiment: whose calls.
        until: the last day of assignment (YYYYMMDD) old enough for its records.
    """
    names = [name for columns in _REPORTS.values() for name in columns]
    rows = session.execute(
        select(RollupCall.agent_id, *(func.sum(getattr(RollupCall, name)) for name in names))
        .where(*_of(RollupCall, experiment), RollupCall.day <= until)
        .group_by(RollupCall.agent_id)
    )
    sums = {agent: dict(zip(names, map(int, told), strict=True)) for agent, *told in rows}
    return {
        kind: {agent: Counts(each[reports], each[unborne]) for agent, each in sums.items() if each[reports]}
        for kind, (reports, unborne, record) in _REPORTS.items()
        if kind == "accepted" or any(each[record] for each in sums.values())
    }


def told_otherwise(session: Session, experiment: Experiment) -> int:
    """Count a test's calls of which something else was told than they are assigned."""
    counted = select(func.count(Discrepancy.call_id.distinct())).where(
        Discrepancy.experiment_id == experiment.id, Discrepancy.kind.not_in(OF_NO_TRAFFIC)
    )
    return session.scalar(counted) or 0


def told_of_unknown_traffic(session: Session, experiment: Experiment) -> int:
    """Count the calls of a test's scenario that were told of with a revision that there was not then, since it started.

    Nobody can say whose test they would have been in, so that each running test of the scenario tells of them.
    """
    if experiment.started_at is None:
        return 0
    counted = select(func.count(Discrepancy.call_id.distinct())).where(
        Discrepancy.kind.in_(OF_NO_TRAFFIC),
        Discrepancy.scenario_id == experiment.scenario_id,
        Discrepancy.at >= experiment.started_at,
    )
    return session.scalar(counted) or 0


def served_while_away(session: Session, experiment: Experiment) -> Counts:
    """Count a test's calls, and those that were served while the database was away."""
    away = func.sum(case((RollupCall.reason == Reason.FALLBACK, RollupCall.calls), else_=0))
    calls, fallback = session.execute(
        select(func.sum(RollupCall.calls), away).where(*_of(RollupCall, experiment))
    ).one()
    return Counts(int(calls or 0), int(fallback or 0))


_REPORTS = {
    "accepted": ("accepted_reports", "accepted_unborne", "joined"),
    "appointed": ("appointed", "appointed_unborne", "fulfilled"),
    "spoken": ("spoken", "spoken_unborne", "on_screen"),
}
"""By report: its measure, that of those without a record, and that of the record."""


def _of(table: type[RollupCall | RollupUnit], experiment: Experiment) -> tuple[ColumnElement[bool], ...]:
    """Find a test's rows by the key, which begins with the scenario."""
    return table.scenario_id == experiment.scenario_id, table.experiment_id == experiment.id


def _counted(experiment: Experiment, spec: MetricSpec) -> list[ColumnElement[int]]:
    """Sum calls and successes of every arm, in columns of their own."""
    if spec.denominator == REPORTED:
        raise ValueError(f"denominator is {spec.denominator!r}, must be a fact of calls")
    over = RollupCall.calls if spec.denominator in ("calls", "eligible") else getattr(RollupCall, spec.denominator)
    return [
        func.sum(case((RollupCall.arm == arm.key, column), else_=0))
        for arm in experiment.dealt
        for column in (over, getattr(RollupCall, spec.numerator))
    ]


def _period(at: float, sums: Sequence[int]) -> PeriodCounts:
    control_n, control_y, n, y = sums
    return PeriodCounts(at, Counts(control_n, min(control_y, control_n)), Counts(n, min(y, n)))
