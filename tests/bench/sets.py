"""How fast whole batches go through without a server: assignments, outcomes and the rollup of what they dirtied."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from experiments.check import rollup
from experiments.do import assignments, recording
from experiments.do.assignments import Floor
from experiments.do.serving import Call
from experiments.do.snapshot import Snapshot
from tests.builders import MONDAY, a_call, outcome, snapshot_of


def sets(floor: Floor, calls: int = 20_000) -> None:
    """Time whole batches without a server: assignments, outcomes and the rollup of what they dirtied."""
    snapshot = snapshot_of(floor)
    dealt = [a_call(10_000 + i, at=MONDAY + timedelta(days=i % 10)) for i in range(calls)]
    took(f"assign {calls} calls, 500 a transaction", calls, lambda: in_batches(floor, snapshot, dealt))
    kinds = ("resolved", "invited", "accepted")
    facts = [outcome(call.call_id, kind, 60 * 24 * 11) for call in dealt for kind in kinds]
    took(f"record {len(facts)} outcomes, 500 a transaction", len(facts), lambda: told_in_batches(floor, facts))
    took("roll the dirty days up", calls, lambda: rollup.rebuild_dirty(floor.store))


def in_batches(floor: Floor, snapshot: Snapshot, calls: list[Call]) -> None:
    for start in range(0, len(calls), 500):
        assignments.assign(floor, snapshot, calls[start : start + 500])


def told_in_batches(floor: Floor, facts: list[dict[str, object]]) -> None:
    for start in range(0, len(facts), 500):
        with floor.store.write() as session:
            recording.record(
                session, "bench", facts[start : start + 500], pseudonyms=floor.pseudonyms, now=datetime.now(UTC)
            )


def took(what: str, rows: int, work: Callable[[], object]) -> None:
    """Time a piece of work and print it."""
    began = time.perf_counter()
    work()
    passed = time.perf_counter() - began
    print(f"{what}: {passed:.2f} s, {rows / passed:.0f} a second")
