"""Answering a call: choose from the snapshot, write it down durably, say the words of what was written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from experiments.calendar import SiteCalendar
from experiments.do.journal import Assignment, Origin, Record
from experiments.do.keeper import Journal
from experiments.do.pseudonyms import Pseudonyms
from experiments.do.serving import Call, Choice, choose, decide, week_bucket
from experiments.do.snapshot import Snapshot, serve_revision
from experiments.do.spool import Spool
from experiments.do.words import ServedScript, serve_script
from experiments.plan.designs import Experiment
from experiments.plan.scenarios import Scenario, parts_of
from experiments.plan.scripts import version_by_id
from experiments.plan.traffic import TrafficRevision
from experiments.store import Store, canonical, new_id


@dataclass(frozen=True, slots=True)
class Floor:
    """What one site answers calls with: its database, its calendar and its key for hashing people.

    `spool` stands in for the database while it is away; without one nothing is answered then.
    """

    store: Store
    calendar: SiteCalendar
    pseudonyms: Pseudonyms
    spool: Spool | None = None
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "journal", Journal(self.store, self.spool))

    def close(self) -> None:
        """Close the site's database and spool, once nobody of this process waits for either any more."""
        self.journal.close()
        if self.spool is not None:
            self.spool.close()
        self.store.dispose()


class Answer(NamedTuple):
    """What the desktop is told. `steps` are (element, text) in spoken order."""

    assignment_id: UUID
    call_id: str
    scenario: str
    experiment: str | None
    arm: str | None
    reason: str
    reason_detail: str | None
    invite: bool
    script: str
    version: int
    locale: str
    steps: tuple[tuple[str, str], ...]
    agent_shift: str
    traffic_revision: int
    assigned_at: datetime


def assign(floor: Floor, snapshot: Snapshot, calls: Sequence[Call], *, origin: Origin = Origin.LIVE) -> list[Answer]:
    """Assign a script to each call, durably, and say its words.

    Args:
        floor: the site that answers.
        snapshot: what is in force.
        calls: each with its own moment; a live call's is now.
        origin: how the calls came to us.

    Raises:
        Unknown: a call's scenario takes no calls.
    """
    choices = [choose(snapshot, call, floor.calendar) for call in calls]
    records = [record_of(floor, snapshot, call, choice, origin) for call, choice in zip(calls, choices, strict=True)]
    rows = floor.journal.append(records)
    return [answer_of(floor.store, snapshot, call, row) for call, row in zip(calls, rows, strict=True)]


def record_of(floor: Floor, snapshot: Snapshot, call: Call, choice: Choice, origin: Origin) -> Record:
    """Write down a choice with everything needed to make it again, and nobody's raw id but the call's and agent's."""
    hashed = floor.pseudonyms.of
    customer = hashed("customer", call.customer_id) if call.customer_id is not None else None
    unit = customer if choice.unit_kind == "customer" else None
    if choice.unit_kind not in (None, "call", "customer") and choice.unit is not None:
        unit = hashed(choice.unit_kind, choice.unit)
    # In the order of the table's columns; by name it takes as long as choosing does.
    return Record(
        new_id(call.at),
        call.call_id,
        snapshot.scenario(call.scenario).scenario_id,
        origin.value,
        call.at,
        floor.calendar.day(call.at),
        call.agent_id,
        floor.calendar.shift(call.agent_id, call.at),
        call.team or "",
        call.region or "",
        call.channel or "",
        call.locale,
        customer,
        choice.reason.value,
        choice.reason_detail,
        choice.eligible,
        choice.invites,
        choice.experiment_id,
        choice.arm or "",
        choice.unit_kind,
        unit,
        choice.slice_bucket,
        choice.arm_bucket,
        canonical(choice.facts) if choice.facts else "{}",
        choice.version_id,
        choice.revision_id,
        choice.revision,
    )


def rederive(session: Session, row: Assignment, revisions: dict[int, Any]) -> Choice:
    """Make a stored assignment's choice again, from its record and its traffic revision alone.

    Args:
        session: to read the revision.
        row: the stored assignment.
        revisions: revisions made ready already, by id; filled as they are met.
    """
    if row.revision_id not in revisions:
        revisions[row.revision_id] = serve_revision(session, session.get_one(TrafficRevision, row.revision_id))
    served = revisions[row.revision_id]
    incoming = served.layer.incoming
    return decide(
        served,
        row.facts,
        unit_kind=row.unit_kind,
        unit=None,
        slice_bucket=row.slice_bucket,
        arm_bucket=row.arm_bucket,
        week=None if incoming is None else week_bucket(incoming, row.agent_shift),
    )


def answer_of(store: Store, snapshot: Snapshot, call: Call, row: Record) -> Answer:
    """Say in words what a record says of a call."""
    served = snapshot.scenario(call.scenario)
    words = served.scripts.get(row.script_version_id) or _words_of_old(store, row)
    # In the order of the fields, as a record is.
    return Answer(
        row.id,
        row.call_id,
        call.scenario,
        _experiment_key(store, snapshot, call, row),
        row.arm or None,
        row.reason,
        row.reason_detail,
        row.invite,
        words.key,
        words.version,
        row.locale,
        words.steps(row.locale, inviting=row.eligible),
        row.agent_shift,
        row.traffic_revision,
        row.at,
    )


def _words_of_old(store: Store, row: Record) -> ServedScript:
    """Read the words of a version that today's traffic no longer serves: the call was assigned before."""
    with store.read() as session:
        version = version_by_id(session, row.script_version_id)
        catalogue = session.get_one(Scenario, row.scenario_id).catalogue
        return serve_script(version.script.key, version.number, version.lines, parts_of(session, catalogue))


def _experiment_key(store: Store, snapshot: Snapshot, call: Call, row: Record) -> str | None:
    if row.experiment_id is None:
        return None
    for each in snapshot.scenario(call.scenario).traffic.slices:
        if each.experiment_id == row.experiment_id:
            return each.key
    with store.read() as session:
        return session.get_one(Experiment, row.experiment_id).key
