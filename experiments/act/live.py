"""The standard in force of a scenario, and since when it has been: what is watched, and reviewed again."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.calendar import SiteCalendar, days_before
from experiments.plan.scenarios import Scenario, every_scenario
from experiments.plan.traffic import TrafficRevision

_PART = 50


@dataclass(frozen=True, slots=True)
class LiveStandard:
    """What a scenario says now.

    Attributes:
        scenario: Which.
        version_id: The script version.
        since: The moment from which on it has been the standard without a break, UTC.
        by: Who made it so.
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
    revisions = (
        select(TrafficRevision)
        .where(TrafficRevision.scenario_id == scenario.id)
        .order_by(TrafficRevision.number.desc())
        .execution_options(yield_per=_PART)
    )
    found: LiveStandard | None = None
    with closing(session.scalars(revisions)) as newest_first:
        for revision in newest_first:
            standard = revision.value.standard_id
            if found is not None and standard != found.version_id:
                break
            found = LiveStandard(scenario, standard, revision.made_at, revision.made_by)
    return found


def live_standards(session: Session) -> list[LiveStandard]:
    """Give every scenario's standard in force, a catalogue after the other."""
    leaves = [scenario for scenario in every_scenario(session) if scenario.metric_set is not None]
    return [live for scenario in leaves if (live := live_standard(session, scenario)) is not None]
