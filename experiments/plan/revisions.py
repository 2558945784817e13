"""A scenario's traffic revisions as people read them: each with what it changed of the one before."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, zip_longest

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.plan import traffic
from experiments.plan.scenarios import Scenario
from experiments.plan.scripts import ScriptVersion, lines_of
from experiments.plan.traffic import Traffic, TrafficRevision
from experiments.plan.traffic_changes import Change, Version, Versions, changes_between


@dataclass(frozen=True, slots=True)
class Told:
    """A revision, and what it changed."""

    revision: TrafficRevision
    changes: list[Change]


def told_revisions(session: Session, scenario: Scenario, *, most: int) -> list[Told]:
    """Give the last revisions of a scenario's traffic with what each changed, the newest first.

    Args:
        session: to read with.
        scenario: whose.
        most: how many.
    """
    found = traffic.revisions_of(session, scenario, most=most + 1)
    values = [revision.value for revision in found]
    versions = versions_in(session, values)
    told = zip_longest(found, values, values[1:])
    return [Told(revision, changes_between(old, new, versions)) for revision, new, old in islice(told, most)]


def what_would_change(session: Session, scenario: Scenario, then: Traffic) -> list[Change]:
    """Say what another traffic would change of what is in force.

    Raises:
        Conflict: the scenario has no standard script yet, or sums others.
    """
    now = traffic.in_force(session, scenario).value
    return changes_between(now, then, versions_in(session, [now, then]))


def versions_in(session: Session, several: Iterable[Traffic]) -> Versions:
    """Give every script version that some traffic serves."""
    wanted = {id_ for each in several for id_ in each.version_ids}
    rows = session.execute(
        select(ScriptVersion.id, ScriptVersion.number, ScriptVersion.lines).where(ScriptVersion.id.in_(wanted))
    )
    return {id_: Version(number, lines_of(lines)) for id_, number, lines in rows}
