"""What health asks of a test besides its cube: staffed days, first calls, days and uses, reports and their records."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from experiments.check.health.floor import Staffed
from experiments.check.metrics import REPORTED, MetricSpec
from experiments.check.rollup import RollupCall, RollupUnit
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.plan.designs import Experiment
from experiments.store import seconds_between
from stats.moments import Counts
from stats.soundness.periods import PeriodCounts
from stats.soundness.uses import middle_of_bin, use_bin

_DAY_SECONDS = 86_400
_PART = 2_000  # rows that are objects at one time, as in `cube`


def staffed(session: Session, experiment: Experiment, spec: MetricSpec) -> dict[str, list[Staffed]]:
    """Give each dealt unit's days of work, calls and results, by arm: a row of the rollup is a unit's day."""
    rows = session.execute(
        select(RollupUnit.arm, func.count(), func.sum(RollupUnit.calls), func.sum(getattr(RollupUnit, spec.numerator)))
        .where(RollupUnit.experiment_id == experiment.id)
        .group_by(RollupUnit.arm, RollupUnit.unit_hash)
        .order_by(RollupUnit.arm, RollupUnit.unit_hash)
    )
    found: dict[str, list[Staffed]] = {arm.key: [] for arm in experiment.arms}
    for arm, days, calls, results in rows:
        found.setdefault(arm, []).append(Staffed(days, int(calls), int(results)))
    return found


def first_calls(session: Session, experiment: Experiment) -> dict[str, dict[str, dict[str, int]]]:
    """Count each unit once, by what its first call tells (region, channel, agent, day), its level, and the arm."""
    place = func.row_number().over(partition_by=Assignment.unit_hash, order_by=(Assignment.at, Assignment.id))
    told: dict[str, InstrumentedAttribute[Any]] = {
        "region": Assignment.region,
        "channel": Assignment.channel,
        "agent": Assignment.agent_id,
        "day": Assignment.day,
    }
    first = (
        select(Assignment.arm, *(column.label(name) for name, column in told.items()), place.label("place"))
        .where(Assignment.experiment_id == experiment.id, Assignment.eligible)
        .subquery()
    )
    rows = session.execute(
        select(first.c.arm, *(first.c[name] for name in told), func.count())
        .where(first.c.place == 1)
        .group_by(first.c.arm, *(first.c[name] for name in told))
    )
    found: dict[str, dict[str, dict[str, int]]] = {name: defaultdict(lambda: defaultdict(int)) for name in told}
    for arm, *levels, units in rows:
        for name, level in zip(told, levels, strict=True):
            found[name][str(level)][arm] += units
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
    numbers = [np.zeros((1 + 2 * len(experiment.arms), 0), dtype=np.int64)]
    for part in found.partitions(_PART):
        agents, *columns = zip(*part, strict=True)
        names.extend(agents)
        numbers.append(np.array(columns, dtype=np.int64))
    days, *sums = np.concatenate(numbers, axis=1)
    another = [before != name for before, name in pairwise((None, *names))]
    return AgentDays(
        np.cumsum(another, dtype=np.int64) - 1,
        days,
        np.column_stack(sums).reshape(len(names), len(experiment.arms), 2),
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
    told = exists().where(Outcome.assignment_id == Assignment.id)
    unit = Assignment.unit_hash if experiment.unit != "call" else literal("")
    rows = session.execute(
        select(Assignment.arm, unit, func.count(), func.sum(case((told, 1), else_=0)))
        .where(Assignment.experiment_id == experiment.id, Assignment.eligible, Assignment.day <= until)
        .group_by(Assignment.arm, unit)
        .order_by(Assignment.arm, unit)
    )
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for arm, _, calls, known in rows:
        found[arm].append((calls, int(known)))
    return found


def self_reports(
    session: Session, experiment: Experiment, until: int, windows: Mapping[str, int]
) -> dict[str, dict[str, Counts]]:
    """Count each agent's reports and those without a record, by report (see `health.reports`).

    Args:
        session: to read the facts with.
        experiment: whose calls.
        until: the last day of assignment (YYYYMMDD) old enough for its records.
        windows: days within which a record counts, by fact (`joined`, `converted`).
    """
    call = _facts_of_calls(experiment, until, windows)
    lacking = {
        "accepted": and_(call.c.accepted == 1, call.c.taken_back == 1, call.c.converted == 0),
        "appointed": and_(call.c.appointed == 1, call.c.fulfilled == 0),
        "spoken": and_(call.c.spoken == 1, call.c.on_screen == 0),
    }
    sums = [
        func.sum(case((each, 1), else_=0)) for kind, lacks in lacking.items() for each in (call.c[kind] == 1, lacks)
    ]
    records = [func.sum(call.c[name]) for name in ("fulfilled", "on_screen")]
    rows = session.execute(select(call.c.agent_id, *sums, *records).group_by(call.c.agent_id)).all()
    known = {"accepted": True, "appointed": any(row[7] for row in rows), "spoken": any(row[8] for row in rows)}
    return {
        kind: {row[0]: Counts(int(row[1 + 2 * place]), int(row[2 + 2 * place])) for row in rows if row[1 + 2 * place]}
        for place, kind in enumerate(lacking)
        if known[kind]
    }


def _facts_of_calls(experiment: Experiment, until: int, windows: Mapping[str, int]) -> Any:
    lag = seconds_between(Assignment.at, Outcome.at)
    within = {fact: lag <= windows.get(fact, 30) * _DAY_SECONDS for fact in ("joined", "converted")}
    back = or_(Outcome.type == "corrected", and_(Outcome.type == "cancelled", within["joined"]))
    flags: dict[str, ColumnElement[bool]] = {
        name: Outcome.type == name for name in ("accepted", "appointed", "fulfilled", "spoken")
    }
    flags |= {
        "taken_back": and_(Outcome.taken_back == "accepted", back),
        "converted": and_(Outcome.type == "converted", within["converted"]),
        "on_screen": Outcome.type.in_(("displayed", "exposed")),
    }
    return (
        select(
            Assignment.agent_id,
            *(func.max(case((condition, 1), else_=0)).label(name) for name, condition in flags.items()),
        )
        .join(Outcome, Outcome.assignment_id == Assignment.id)
        .where(Assignment.experiment_id == experiment.id, Assignment.day <= until)
        .group_by(Assignment.id, Assignment.agent_id)
        .subquery()
    )


def _counted(experiment: Experiment, spec: MetricSpec) -> list[ColumnElement[int]]:
    """Sum calls and successes of every arm, in columns of their own."""
    if spec.denominator == REPORTED:
        raise ValueError(f"denominator is {spec.denominator!r}, must be a fact of calls")
    over = RollupCall.calls if spec.denominator in ("calls", "eligible") else getattr(RollupCall, spec.denominator)
    return [
        func.sum(case((RollupCall.arm == arm.key, column), else_=0))
        for arm in experiment.arms
        for column in (over, getattr(RollupCall, spec.numerator))
    ]


def _period(at: float, sums: Sequence[int]) -> PeriodCounts:
    control_n, control_y, n, y = sums
    return PeriodCounts(at, Counts(control_n, min(control_y, control_n)), Counts(n, min(y, n)))
