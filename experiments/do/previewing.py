"""What a call would be served in every scenario, or was where it is assigned already; nothing is written.

One question to the database tells which scenarios a call is assigned in; while it is away that is not known, and the
choice speaks, which by arithmetic gives the same arm.
"""

from dataclasses import dataclass

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


def assigned_already(floor: Floor, call: Call) -> dict[int, Record]:
    """Give the call's assignments by scenario id."""
    try:
        return {scenario: record for (_, scenario), record in standing_of(floor.store, [call.call_id]).items()}
    except AWAY:
        return {}


def preview(floor: Floor, snapshot: Snapshot, call: Call, known: dict[int, Record]) -> list[Preview]:
    """Say what every scenario that takes calls would serve a call.

    Args:
        floor: the site.
        snapshot: what is in force.
        call: its scenario does not matter.
        known: its assignments, as `assigned_already` gives them.
    """
    return [_of(floor, snapshot, call._replace(scenario=key), known) for key in snapshot.scenarios]


def _of(floor: Floor, snapshot: Snapshot, call: Call, known: dict[int, Record]) -> Preview:
    record = known.get(snapshot.scenario(call.scenario).scenario_id)
    written = record is not None
    if record is None:
        record = record_of(floor, snapshot, call, choose(snapshot, call, floor.calendar), Origin.LIVE)
    return Preview(answer_of(floor.store, snapshot, call, record), written)
