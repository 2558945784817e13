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
    # Traffic is stored in its canonical form, which tells the standard without reading every revision.
    stored, says = type_coerce(TrafficRevision.traffic, String), f'%"standard_id":{standard}'
    another = select(func.coalesce(func.max(TrafficRevision.number), 0)).where(
        TrafficRevision.scenario_id == scenario.id, stored.not_like(f"{says}}}%"), stored.not_like(f"{says},%")
    )
    begun = session.scalars(
        select(TrafficRevision)
        .where(TrafficRevision.scenario_id == scenario.id, TrafficRevision.number > another.scalar_subquery())
        .order_by(TrafficRevision.number)
        .limit(1)
    ).one()
    by = rollouts.who_let_out(session, scenario.id, standard) or begun.made_by
    return LiveStandard(scenario, standard, begun.made_at, by)


def live_standards(session: Session) -> list[LiveStandard]:
    """Give every scenario's standard in force, a catalogue after the other."""
    leaves = [scenario for scenario in every_scenario(session) if scenario.metric_set is not None]
    return [live for scenario in leaves if (live := live_standard(session, scenario)) is not None]
