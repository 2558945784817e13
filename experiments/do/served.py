"""Calls that desktops served by themselves: each is derived again on the revision it was served by, and assigned so.

The first row of a call in a scenario is its answer, as ever. What was told is compared with it: a disagreement is kept
and changes nothing, since a fair draw counts as it fell, whatever was read out.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from experiments.do.assignments import Floor, record_of
from experiments.do.attribution import CLOCK_SKEW
from experiments.do.discrepancies import Found, Kind
from experiments.do.journal import Origin, Record
from experiments.do.locally import ServedReport, is_local
from experiments.do.notes import Notes
from experiments.do.recording import Receipt
from experiments.do.serving import Call, choose
from experiments.do.snapshot import ServedScenario, Snapshot, serve_revision
from experiments.do.telling import Teller
from experiments.errors import Unavailable
from experiments.plan.traffic import TrafficRevision
from experiments.store import AWAY, Store, canonical, new_id

OFFLINE = timedelta(days=7)
"""So long a desktop may go on by the payload that it has; what it serves by an older one is a finding."""

_Key = tuple[str, int]
"""A scenario and the number of one of its revisions."""


@dataclass(frozen=True, slots=True)
class _Revision:
    """A revision ready to choose from, and when another took its place, which nobody knows of one in force."""

    served: ServedScenario
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    """A report beside the assignment that we derive for its call."""

    report: ServedReport
    revision: _Revision
    record: Record


def tell(floor: Floor, snapshot: Snapshot, teller: Teller, rows: Sequence[Any]) -> Receipt:
    """Keep a batch of facts, and assign the calls in it that desktops served by themselves; say what became of it.

    Args:
        floor: the site.
        snapshot: what is in force.
        teller: whose batch it is.
        rows: plain JSON values, each judged by itself.

    Raises:
        Unavailable: the database is away, and so is what some of the calls were served by; or nothing takes the facts.
            All of the batch is to be sent again: what was kept of it is a duplicate then. It is not said row by row,
            since who is told that a row was rejected puts it aside for good.
        OperationalError, InterfaceError, OSError: the database is away and there is no spool.
    """
    put_off = take(floor, snapshot, teller, rows)
    receipt = floor.journal.tell(teller, rows)
    if put_off:
        raise Unavailable(
            "The database is away, and by which traffic %(n)s of the calls were served is known only there. "
            "Everything else is kept: send all of it again.",
            n=put_off,
        )
    return receipt


def take(floor: Floor, snapshot: Snapshot, teller: Teller, rows: Sequence[Any]) -> int:
    """Assign the calls of a batch that desktops served by themselves, durably; the facts are kept by whoever asks.

    Args:
        floor: the site.
        snapshot: what is in force.
        teller: whose batch it is.
        rows: plain JSON values; what cannot be read as such a report is passed over.

    Returns:
        How many calls were put off, to be told again: the database is away and they were served by earlier traffic.

    Raises:
        OperationalError, InterfaceError, OSError: the database is away and there is no spool.
    """
    reports = [report for report in map(_read, rows) if report is not None and report.scenario in teller.scenarios]
    if not reports:
        return 0
    revisions, whole = _revisions(floor, snapshot, teller, {_key(report) for report in reports})
    judged = [
        _judged(floor, report, revisions[_key(report)], teller) for report in reports if _key(report) in revisions
    ]
    of_others = [report for report in reports if _key(report) not in revisions]
    if judged:
        floor.journal.take([(each.record, partial(_found, teller, each)) for each in judged])
    if whole:
        floor.journal.note(Notes([_unknown(floor, teller, report) for report in of_others], []))
    return 0 if whole else len(of_others)


def _read(raw: Any) -> ServedReport | None:
    if not is_local(raw):
        return None
    try:
        return ServedReport.model_validate(raw)
    except ValidationError:
        return None  # whoever keeps the facts says why


def _key(report: ServedReport) -> _Key:
    return report.scenario, report.traffic_revision


def _revisions(
    floor: Floor, snapshot: Snapshot, teller: Teller, wanted: Set[_Key]
) -> tuple[dict[_Key, _Revision], bool]:
    """Give the revisions that there are, those in force without asking and earlier ones from the database.

    Also say whether there are no others: while the database is away nobody knows.
    """
    now = {(key, served.revision): _Revision(served) for key, served in snapshot.scenarios.items()}
    known = {key: now[key] for key in wanted if key in now}
    earlier = sorted(wanted - known.keys())
    if not earlier or floor.journal.away:
        return known, not earlier
    try:
        return known | _earlier(floor.store, teller, earlier), True
    except AWAY as fault:
        if floor.spool is None:
            raise
        floor.journal.lose(fault)
        return known, False


def _earlier(store: Store, teller: Teller, wanted: Iterable[_Key]) -> dict[_Key, _Revision]:
    found: dict[_Key, _Revision] = {}
    with store.read() as session:
        for scenario, number in wanted:
            of_scenario = select(TrafficRevision).where(TrafficRevision.scenario_id == teller.scenarios[scenario])
            revision, next_one = (
                session.scalar(of_scenario.where(TrafficRevision.number == each)) for each in (number, number + 1)
            )
            if revision is not None:
                until = None if next_one is None else next_one.made_at
                found[scenario, number] = _Revision(serve_revision(session, revision), until)
    return found


def _judged(floor: Floor, report: ServedReport, revision: _Revision, teller: Teller) -> _Judged:
    call = Call(
        report.call_id,
        report.scenario,
        report.agent_id,
        report.customer_id,
        report.team,
        report.region,
        report.channel,
        report.locale,
        report.attributes,
        min(report.at.astimezone(UTC), teller.now),  # a desktop's clock may be ahead
    )
    served = revision.served
    of_then = Snapshot(served.revision_id, {report.scenario: served}, {})
    choice = choose(of_then, call, floor.calendar)
    return _Judged(report, revision, record_of(floor, of_then, call, choice, Origin.LIVE))


def _differs(each: _Judged, standing: Record) -> Kind | None:
    """Say in what a report differs from what we derive, and from what stands for its call."""
    told = each.report
    tests = {owner.key: owner.experiment_id for owner in each.revision.served.traffic.slices}
    if told.experiment is not None and told.experiment not in tests:
        return Kind.UNKNOWN_EXPERIMENT
    dealt = (tests.get(told.experiment or ""), told.arm or "")
    if dealt != (each.record.experiment_id, each.record.arm):
        return Kind.ANOTHER_ARM
    return None if dealt == (standing.experiment_id, standing.arm) else Kind.ASSIGNED_OTHERWISE


def _unknown(floor: Floor, teller: Teller, report: ServedReport) -> Found:
    day = floor.calendar.day(min(report.at.astimezone(UTC), teller.now))
    return _written(teller, report, Kind.UNKNOWN_REVISION, experiment_id=None, day=day, ours={})


def _out_of_time(each: _Judged) -> bool:
    """Say whether a call was served by a revision before it was in force, or long after; a clock may be behind ours."""
    at, until = each.record.at, each.revision.until
    return at < each.revision.served.since - CLOCK_SKEW or (until is not None and until + OFFLINE < at)


def _found(teller: Teller, each: _Judged, standing: Record) -> list[Found]:
    """Write down what there is to find in a report, if anything."""
    traffic = each.revision.served.traffic
    named = {owner.key: owner.experiment_id for owner in traffic.slices}.get(each.report.experiment or "")
    written = partial(
        _written, teller, each.report, experiment_id=each.record.experiment_id or named, day=each.record.day
    )
    found = []
    if (kind := _differs(each, standing)) is not None:
        row = standing if kind is Kind.ASSIGNED_OTHERWISE else each.record
        keys = {owner.experiment_id: owner.key for owner in traffic.slices}
        ours = {
            "experiment": keys.get(row.experiment_id or 0),
            "arm": row.arm or None,
            "traffic_revision": row.traffic_revision,
            "assignment_id": str(standing.id),
        }
        found.append(written(kind, ours=ours))
    if _out_of_time(each):
        since, until = each.revision.served.since, each.revision.until
        in_force = {"since": since.isoformat(), "until": until and until.isoformat()}
        found.append(written(Kind.NOT_IN_FORCE, ours=in_force | {"assignment_id": str(standing.id)}))
    return found


def _written(
    teller: Teller, report: ServedReport, kind: Kind, *, experiment_id: int | None, day: int, ours: Mapping[str, Any]
) -> Found:
    told = {"experiment": report.experiment, "arm": report.arm, "traffic_revision": report.traffic_revision}
    return Found(
        new_id(teller.now),
        kind.value,
        teller.source,
        report.id,
        report.call_id,
        teller.scenarios[report.scenario],
        experiment_id,
        day,
        report.at.astimezone(UTC),
        teller.now,
        canonical(told),
        canonical(ours),
    )
