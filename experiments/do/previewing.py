"""What a call would be served in every scenario, or was where it is assigned already; nothing is written.

One question to the database, and one to the spool, tell which scenarios a call is assigned in. While the database is
away not all of them may be known, and the choice speaks, which gives the same arm as long as traffic and facts do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from experiments.do import waiting
from experiments.do.assignments import Answer, Floor, answer_of, record_of
from experiments.do.journal import Origin, Record, standing_of
from experiments.do.serving import Call, choose
from experiments.do.snapshot import Snapshot
from experiments.store import AWAY


@dataclass(frozen=True, slots=True)
class Preview:
    """What one scenario serves the call; `assigned` says whether that is written down."""

    answer: Answer
    assigned: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What a call is assigned already, by scenario id; `whole` says that there are no others."""

    records: Mapping[int, Record]
    whole: bool


def assigned_already(floor: Floor, snapshot: Snapshot, call: Call) -> Known:
    """Find the call's assignments."""
    keys = [(call.call_id, served.scenario_id) for served in snapshot.scenarios.values()]
    spooled = floor.spool.answers(keys) if floor.spool is not None else {}
    records = {scenario: waiting.call_read(body) for (_, scenario), body in spooled.items()}
    if floor.journal.away:
        return Known(records, whole=False)
    try:
        kept = standing_of(floor.store, [call.call_id])
    except AWAY:
        return Known(records, whole=False)
    return Known({scenario: record for (_, scenario), record in kept.items()} | records, whole=True)


def preview(floor: Floor, snapshot: Snapshot, call: Call, known: Known) -> list[Preview]:
    """Say what every scenario that takes calls would serve a call.

    Args:
        floor: the site.
        snapshot: what is in force.
        call: its scenario does not matter.
        known: its assignments, as `assigned_already` gives them.
    """
    return [preview_one(floor, snapshot, call._replace(scenario=key), known) for key in snapshot.scenarios]


def preview_one(floor: Floor, snapshot: Snapshot, call: Call, known: Known) -> Preview:
    """Say what a call's own scenario would serve it.

    Raises:
        Unknown: the scenario takes no calls.
    """
    record = known.records.get(snapshot.scenario(call.scenario).scenario_id)
    written = record is not None
    if record is None:
        record = record_of(floor, snapshot, call, choose(snapshot, call, floor.calendar), Origin.LIVE)
    return Preview(answer_of(floor.store, snapshot, call, record), written)
