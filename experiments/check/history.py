"""What the rollup knows: totals of scenarios, arms and units. Pages and plans read here, never the facts."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import Session

from experiments.calendar import as_date
from experiments.check.counting.tables import MEASURES, RollupCall, RollupDay, RollupSource
from experiments.check.metrics import NOTHING, MetricSpec, Totals
from experiments.do.days import DirtyDay
from experiments.do.journal import Origin
from experiments.plan.amendments import Amendment
from experiments.plan.designs import Experiment
from experiments.plan.scenarios import Metric, Scenario, metric_set_of, metrics_of


@cache
def _sums(table: type[RollupCall | RollupDay]) -> tuple[ColumnElement[int], ...]:
    """Write the sum of every measure, once: to write them takes as long as to ask for them."""
    return tuple(func.coalesce(func.sum(getattr(table, name)), 0).label(name) for name in MEASURES)


def _once(table: type[RollupCall | RollupDay]) -> ColumnElement[bool]:
    return table.origin != Origin.REPLAYED


@dataclass(frozen=True, slots=True)
class ScenarioHistory:
    """A scenario's calls over a span of days: all of them, and those that were let in to be invited."""

    all: Totals
    eligible: Totals
    days: int
    first_day: int | None
    last_day: int | None

    @property
    def daily_eligible(self) -> float:
        """Give eligible calls a day; 0 without any."""
        return self.eligible["calls"] / self.days if self.days else 0.0


def spec_of(metric: Metric) -> MetricSpec:
    """See a catalogue's metric as analysis does."""
    better: Literal["higher", "lower"] = "higher" if metric.better == "higher" else "lower"
    return MetricSpec(
        metric.key, metric.kind, metric.numerator, metric.denominator, better, metric.window_days, metric.name
    )


def specs_of(session: Session, experiment: Experiment) -> dict[str, MetricSpec]:
    """Give the planned metrics of an experiment, in the plan's order."""
    known = metrics_of(session, experiment.scenario.catalogue)
    return {planned.metric: spec_of(known[planned.metric]) for planned in experiment.metrics}


def steps_of(session: Session, experiment: Experiment) -> dict[str, int]:
    """Give the facts that calls of an arm can differ at, in the funnel's order, each with the days of its window.

    A fact's window is that of the metric which counts it the longest; an arm's calls are eligible from the start.
    """
    scenario = experiment.scenario
    facts = [step["fact"] for step in metric_set_of(session, scenario).steps]
    windows: dict[str, int] = {}
    for metric in metrics_of(session, scenario.catalogue).values():
        windows[metric.numerator] = max(windows.get(metric.numerator, 0), metric.window_days)
    return {fact: windows.get(fact, 0) for fact in facts if fact not in ("calls", "eligible")}


def scenario_history(
    session: Session, scenario_ids: Sequence[int], *, since: int | None = None, until: int | None = None
) -> ScenarioHistory:
    """Sum scenarios over a span of site-local days (YYYYMMDD, both ends included).

    Replayed calls are left out: they are past calls sent through a test once more, and were counted when they came.
    """
    where: list[ColumnElement[bool]] = [RollupDay.scenario_id.in_(scenario_ids), _once(RollupDay)]
    where += [RollupDay.day >= since] if since else []
    where += [RollupDay.day <= until] if until else []
    days, first, last = session.execute(
        select(func.count(RollupDay.day.distinct()), func.min(RollupDay.day), func.max(RollupDay.day)).where(*where)
    ).one()
    everyone = _totals(session, select(*_sums(RollupDay)).where(*where))
    eligible = _totals(session, select(*_sums(RollupDay)).where(*where, RollupDay.eligible))
    return ScenarioHistory(everyone, eligible, days, first, last)


def calls_by_scenario(session: Session, *, eligible_only: bool = False) -> dict[int, Totals]:
    """Sum every scenario's calls, or only those that were let in to be invited; replayed calls are left out."""
    query = select(RollupDay.scenario_id, *_sums(RollupDay)).where(_once(RollupDay)).group_by(RollupDay.scenario_id)
    if eligible_only:
        query = query.where(RollupDay.eligible)
    return {row.scenario_id: {m: int(getattr(row, m)) for m in MEASURES} for row in session.execute(query)}


def calls_by_experiment(session: Session) -> dict[int, int]:
    """Count every experiment's eligible assigned calls in the arms still dealt, which reach `awaited_calls`."""
    query = _eligible_calls()
    return {experiment_id: int(calls) for experiment_id, calls in session.execute(query)}


def calls_between(session: Session, *, since: int, until: int) -> dict[int, int]:
    """Count the same of some days alone (YYYYMMDD, both ends included)."""
    query = _eligible_calls().where(RollupDay.day >= since, RollupDay.day <= until)
    return {experiment_id: int(calls) for experiment_id, calls in session.execute(query)}


def _eligible_calls() -> Select[int, int]:
    of_dropped = exists().where(Amendment.experiment_id == RollupDay.experiment_id, Amendment.arm == RollupDay.arm)
    return (
        select(RollupDay.experiment_id, func.sum(RollupDay.calls))
        .where(RollupDay.experiment_id != 0, RollupDay.eligible, ~of_dropped)
        .group_by(RollupDay.experiment_id)
    )


def marks(session: Session, experiment_ids: Collection[int]) -> dict[int, str]:
    """Give what tells whether an experiment's rollup is another one than before, by its id.

    It is the sum of all that is counted, and how many facts were told of the scenario's calls from the test's first day
    to its last: a correction may leave every sum as it was, but is one fact more. Where a plan takes off what agents
    did before the test, the days before count too.
    """
    rows = session.execute(_marks(), {"tests": list(experiment_ids)})
    return {row[0]: " ".join(map(str, row)) for row in rows}


@cache
def _marks() -> Select[*tuple[Any, ...]]:
    """Write the statement once: that takes as long as to run it."""
    its = and_(RollupDay.scenario_id == Experiment.scenario_id, RollupDay.experiment_id == Experiment.id)
    first, last = func.min(RollupDay.day).label("first"), func.max(RollupDay.day).label("last")
    of_test = Experiment.id, Experiment.scenario_id, Experiment.adjust
    counted = (
        select(*of_test, first, last, func.count().label("rows"), *_sums(RollupDay))
        .join(RollupDay, its)
        .where(Experiment.id.in_(bindparam("tests", expanding=True)))
        .group_by(*of_test)
        .subquery()
    )
    since = case((counted.c.adjust, 0), else_=counted.c.first)
    facts = select(func.sum(RollupSource.facts)).where(
        RollupSource.scenario_id == counted.c.scenario_id, RollupSource.day.between(since, counted.c.last)
    )
    past = select(func.sum(RollupDay.calls)).where(
        RollupDay.scenario_id == counted.c.scenario_id, RollupDay.day < counted.c.first
    )
    return select(counted, facts.scalar_subquery(), case((counted.c.adjust, past.scalar_subquery())))


def arm_totals(session: Session, experiment: Experiment, *, until: int | None = None) -> dict[str, Totals]:
    """Sum an experiment's assigned calls by arm, up to a day of assignment; every planned arm is there."""
    query = select(RollupDay.arm, *_sums(RollupDay)).where(*_of(experiment)).group_by(RollupDay.arm)
    if until is not None:
        query = query.where(RollupDay.day <= until)
    found = {row.arm: {m: int(getattr(row, m)) for m in MEASURES} for row in session.execute(query)}
    return {arm.key: found.get(arm.key, NOTHING) for arm in experiment.arms}


def daily_calls(session: Session, experiment: Experiment) -> dict[int, dict[str, int]]:
    """Count an experiment's assigned calls by day and arm."""
    query = (
        select(RollupDay.day, RollupDay.arm, func.sum(RollupDay.calls))
        .where(*_of(experiment))
        .group_by(RollupDay.day, RollupDay.arm)
        .order_by(RollupDay.day)
    )
    days: dict[int, dict[str, int]] = defaultdict(dict)
    for day, arm, calls in session.execute(query):
        days[day][arm] = int(calls)
    return days


def daily_totals(
    session: Session, experiment: Experiment, measures: Sequence[str], *, until: int
) -> dict[int, dict[str, Totals]]:
    """Sum measures of an experiment's assigned calls by day and arm, in the order of the days up to one (YYYYMMDD)."""
    query = (
        select(RollupDay.day, RollupDay.arm, *(func.sum(getattr(RollupDay, name)) for name in measures))
        .where(*_of(experiment), RollupDay.day <= until)
        .group_by(RollupDay.day, RollupDay.arm)
        .order_by(RollupDay.day)
    )
    days: dict[int, dict[str, Totals]] = defaultdict(dict)
    for day, arm, *sums in session.execute(query):
        days[day][arm] = dict(zip(measures, map(int, sums), strict=True))
    return days


def origins(session: Session, experiment: Experiment) -> set[str]:
    """Say how the calls of an experiment came to us."""
    query = select(RollupDay.origin).where(*_of(experiment)).distinct()
    return set(session.scalars(query))


def last_day(session: Session) -> int | None:
    """Give the newest day (YYYYMMDD) that the rollup has calls of; None before the first."""
    return session.scalar(select(func.max(RollupDay.day)))


def waiting_days(session: Session) -> int:
    """Count the days whose facts changed since the last rollup."""
    pairs = select(DirtyDay.scenario_id, DirtyDay.day).distinct().subquery()
    return session.scalar(select(func.count()).select_from(pairs)) or 0


def leaves_under(session: Session, scenario: Scenario) -> list[int]:
    """Give the ids of a scenario and everything below it."""
    found, level = [scenario.id], [scenario.id]
    while level:
        level = list(session.scalars(select(Scenario.id).where(or_(*(Scenario.parent_id == i for i in level)))))
        found += level
    return found


def _of(experiment: Experiment) -> tuple[ColumnElement[bool], ...]:
    """Find an experiment's days by the key, which begins with the scenario."""
    return RollupDay.scenario_id == experiment.scenario_id, RollupDay.experiment_id == experiment.id


def _totals(session: Session, query: Select[*tuple[Any, ...]]) -> Totals:
    row = session.execute(query).mappings().one()
    return {name: int(row[name]) for name in MEASURES}


@dataclass(frozen=True, slots=True)
class AgentPast:
    """What an agent did in a scenario before a day: eligible calls by measure, the first day ever seen, the region."""

    agent_id: str
    totals: Totals
    first_day: int
    region: str

    def tenure(self, day: int) -> int:
        """Count the days from the agent's first call in our records, in whatever scenario, to a day."""
        return (as_date(day) - as_date(self.first_day)).days


def first_days(session: Session) -> dict[str, int]:
    """Give the day (YYYYMMDD) of every agent's first call in our records, in whatever scenario."""
    days = select(RollupCall.agent_id, func.min(RollupCall.day)).where(_once(RollupCall)).group_by(RollupCall.agent_id)
    return dict(list(session.execute(days)))


def agent_pasts(session: Session, scenario_id: int, *, before: int) -> dict[str, AgentPast]:
    """Give every agent's past in a scenario, up to but not including a site-local day; replayed calls are left out."""
    seen = first_days(session)
    rows = session.execute(
        select(RollupCall.agent_id, RollupCall.region, *_sums(RollupCall))
        .where(RollupCall.scenario_id == scenario_id, RollupCall.eligible, RollupCall.day < before, _once(RollupCall))
        .group_by(RollupCall.agent_id, RollupCall.region)
        .order_by(RollupCall.agent_id, func.sum(RollupCall.calls))
    )
    pasts: dict[str, AgentPast] = {}
    for row in rows:
        here = {name: int(getattr(row, name)) for name in MEASURES}
        earlier = pasts.get(row.agent_id)
        totals = {name: here[name] + earlier.totals[name] for name in MEASURES} if earlier else here
        # the regions come by their calls, the busiest last: it is the agent's own
        pasts[row.agent_id] = AgentPast(row.agent_id, totals, seen[row.agent_id], row.region)
    return pasts


@dataclass(frozen=True, slots=True)
class Workload:
    """Who took a scenario's eligible calls: a row (successes, calls) for every agent, and for every agent's day."""

    agents: NDArray[np.int64]
    agent_days: NDArray[np.int64]
    days: int

    @property
    def daily_calls(self) -> float:
        """Give eligible calls a day; 0 without any."""
        return float(self.agents[:, 1].sum()) / self.days if self.days else 0.0


def workload(session: Session, scenario_id: int, numerator: str) -> Workload:
    """Give who took a scenario's eligible calls, and what each made of them; replayed calls are left out."""
    rows = session.execute(
        select(
            RollupCall.agent_id, RollupCall.day, func.sum(getattr(RollupCall, numerator)), func.sum(RollupCall.calls)
        )
        .where(RollupCall.scenario_id == scenario_id, RollupCall.eligible, _once(RollupCall))
        .group_by(RollupCall.agent_id, RollupCall.day)
        .order_by(RollupCall.agent_id, RollupCall.day)
    ).all()
    names, days, successes, calls = zip(*rows, strict=True) if rows else ((), (), (), ())
    agent_days = np.array([successes, calls], dtype=np.int64).T
    first = [place for place, (before, name) in enumerate(pairwise((None, *names))) if before != name]
    agents = np.add.reduceat(agent_days, first) if first else agent_days
    return Workload(agents, agent_days, len(set(days)))


def teams_of_agents(session: Session, scenario_id: int) -> dict[str, str]:
    """Give the team in which each agent took the most calls of the last day with calls of the scenario in a team."""
    rows = session.execute(
        select(RollupCall.agent_id, RollupCall.team)
        .where(RollupCall.scenario_id == scenario_id, RollupCall.team != "")
        .group_by(RollupCall.agent_id, RollupCall.day, RollupCall.team)
        .order_by(RollupCall.agent_id, RollupCall.day, func.sum(RollupCall.calls), RollupCall.team)
    )
    return dict(list(rows))


def cluster_count(session: Session, experiment: Experiment) -> int:
    """Count the agents, teams or agents' days that the scenario's calls came through: what there is to randomise.

    Of an agent's day the halves are not known apart, and its two shifts are counted as one.
    """
    keys = {"agent": ("agent_id",), "team": ("team",), "agent_shift": ("agent_id", "day")}[experiment.unit]
    units = select(*(getattr(RollupCall, key) for key in keys)).distinct()
    there = units.where(RollupCall.scenario_id == experiment.scenario_id).subquery()
    return session.scalar(select(func.count()).select_from(there)) or 0
