"""Where variables can be tested: the leaf scenarios, what their standard scripts say, and how many calls they take."""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.check.counting.tables import RollupDay
from experiments.do.journal import Origin
from experiments.plan import traffic
from experiments.plan.scenarios import Metric, MetricSet, Part, Scenario, every_scenario, metrics_of, parts_of
from experiments.plan.scripts import Lines, ScriptVersion, lines_of

DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Place:
    """A leaf scenario.

    Attributes:
        scenario: Its key.
        name: `{locale: text}`.
        catalogue: Whose.
        metric: Key of the primary metric that plans start from here.
        variables: Keys of the elements in its standard script that a test may vary, as they are spoken.
        calls: Eligible calls on record, those of replays left out.
        days: Days on record that had any.
        standard_calls: How many of these calls heard the standard in force.
        rate: The metric's share of those; nan without any, and 0 where the standard does not invite.
    """

    scenario: str
    name: Mapping[str, str]
    catalogue: str
    metric: str
    variables: tuple[str, ...]
    calls: int
    days: int
    standard_calls: int
    rate: float

    @property
    def daily_calls(self) -> float:
        """Give eligible calls a day; 0 without any."""
        return self.calls / self.days if self.days else 0.0

    @property
    def yearly_calls(self) -> float:
        """Give eligible calls a year, at the pace of the days on record."""
        return DAYS_A_YEAR * self.daily_calls


def every_place(session: Session) -> list[Place]:
    """Give every leaf scenario that has a standard script, a catalogue after the other."""
    standards = _standards(session)
    sets = {(each.catalogue, each.key): each for each in session.scalars(select(MetricSet))}
    leaves = [s for s in every_scenario(session) if s.metric_set is not None and s.id in standards]
    catalogues = {scenario.catalogue for scenario in leaves}
    parts = {key: parts_of(session, key) for key in catalogues}
    metrics = {
        s.id: metrics_of(session, s.catalogue)[sets[s.catalogue, s.metric_set or ""].primary_metric] for s in leaves
    }
    heard = _heard(session, {metric.numerator for metric in metrics.values()})
    return [
        _place(scenario, metrics[scenario.id], standards[scenario.id], parts[scenario.catalogue], heard[scenario.id])
        for scenario in leaves
    ]


def testable(lines: Lines, parts: Mapping[str, Part]) -> tuple[str, ...]:
    """Name the elements of a script that a test may vary: not locked, and heard, since what they need is there."""
    present = {line.element for line in lines}
    known = [parts[line.element] for line in lines if line.element in parts]
    return tuple(part.key for part in known if not part.locked and (part.needs is None or part.needs in present))


@dataclass(slots=True)
class _Heard:
    """What a scenario's eligible calls heard: days with any, and sums by script version."""

    days: int = 0
    versions: dict[int, dict[str, int]] = field(default_factory=dict)


def _place(
    scenario: Scenario, metric: Metric, standard: ScriptVersion, parts: Mapping[str, Part], heard: _Heard
) -> Place:
    served = heard.versions.get(standard.id, {"calls": 0})
    return Place(
        scenario=scenario.key,
        name=scenario.name,
        catalogue=scenario.catalogue,
        metric=metric.key,
        variables=testable(lines_of(standard.lines), parts),
        calls=sum(sums["calls"] for sums in heard.versions.values()),
        days=heard.days,
        standard_calls=served["calls"],
        rate=served[metric.numerator] / served["calls"] if served["calls"] else math.nan,
    )


def _standards(session: Session) -> dict[int, ScriptVersion]:
    """Give the standard script in force of every scenario that has one, by the scenario's id."""
    wanted = {scenario: revision.value.standard_id for scenario, revision in traffic.newest_each(session).items()}
    versions = session.scalars(select(ScriptVersion).where(ScriptVersion.id.in_(set(wanted.values()))))
    known = {version.id: version for version in versions}
    return {scenario: known[version] for scenario, version in wanted.items()}


def _heard(session: Session, facts: Collection[str]) -> dict[int, _Heard]:
    """Sum eligible calls by scenario and script version, and count the days that had any; replayed are left out."""
    names = ["calls", *sorted(set(facts) - {"calls"})]
    where = (RollupDay.eligible, RollupDay.origin != Origin.REPLAYED)
    heard: dict[int, _Heard] = defaultdict(_Heard)
    days = select(RollupDay.scenario_id, func.count(RollupDay.day.distinct())).where(*where)
    for scenario, counted in session.execute(days.group_by(RollupDay.scenario_id)):
        heard[scenario].days = counted
    key = (RollupDay.scenario_id, RollupDay.script_version_id)
    sums = select(*key, *(func.sum(getattr(RollupDay, name)) for name in names)).where(*where).group_by(*key)
    for scenario, version, *totals in session.execute(sums):
        heard[scenario].versions[version] = dict(zip(names, map(int, totals), strict=True))
    return heard
