"""The standard in force of a scenario, and since when it has been: what is watched, and reviewed again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from experiments.act import rollouts
from experiments.calendar import SiteCalendar, days_before
from experiments.plan import traffic
from experiments.plan.scenarios import Scenario, every_scenario
from experiments.plan.traffic import TrafficRevision


@dataclass(frozen=True, slots=True)
class LiveStandard:
    """What a scenario says now.

    Attributes:
        scenario: Which.
        version_id: The script version.
        since: The moment from which on it has been the standard without a break, UTC.
        by: Who made it so: of what went out in steps, who let it go out.
    """

    scenario: Scenario
    version_id: int
    since: datetime
    by: str

    def first_day(self, calendar: SiteCalendar) -> int:
        """Give the first whole site-local day on which it was heard, YYYYMMDD."""
        return days_before(calendar.day(self.since), -1)


def live_standard(session: Session, scenario: Scenario) -> LiveStandard | None:
    """Give a scenario's standard in force; None where it has none, or sums others."""
    newest = traffic.newest(session, scenario.id)
    if newest is None:
        return None
    standard = newest.value.standard_id
    return _live(session, scenario, standard, rollouts.who_let_out(session, scenario.id, standard))


def live_standards(session: Session) -> list[LiveStandard]:
    """Give every scenario's standard in force, a catalogue after the other."""
    in_force, let_out = traffic.newest_each(session), rollouts.let_out(session)
    leaves = [s for s in every_scenario(session) if s.metric_set is not None and s.id in in_force]
    standards = [(scenario, in_force[scenario.id].value.standard_id) for scenario in leaves]
    return [_live(session, s, standard, let_out.get((s.id, standard))) for s, standard in standards]


def _live(session: Session, scenario: Scenario, standard: int, let_out_by: str | None) -> LiveStandard:
    # Traffic is stored in its canonical form, which tells the standard without reading every revision.
    stored, says = type_coerce(TrafficRevision.traffic, String), f'%"standard_id":{standard}'
    another = select(func.coalesce(func.max(TrafficRevision.number), 0)).where(
        TrafficRevision.scenario_id == scenario.id, stored.not_like(f"{says}}}%"), stored.not_like(f"{says},%")
    )
    begun = session.execute(
        select(TrafficRevision.made_at, TrafficRevision.made_by)
        .where(TrafficRevision.scenario_id == scenario.id, TrafficRevision.number > another.scalar_subquery())
        .order_by(TrafficRevision.number)
        .limit(1)
    ).one()
    return LiveStandard(scenario, standard, begun.made_at, let_out_by or begun.made_by)
