"""Every event three times, shuffled and from several sides at once: what is read at the end is the same to the bit."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from experiments import people
from experiments.check import history, looks, rollup
from experiments.do import recording
from experiments.do.assignments import Floor, assign
from experiments.do.serving import Call
from experiments.plan.designs import experiment_named
from experiments.store import canonical
from tests.builders import MONDAY, SCENARIO, a_call, rolled_up, snapshot_of
from tests.check.conftest import BY_CUSTOMER, Fresh

CALLS = [
    a_call(
        number,
        scenario=(SCENARIO, BY_CUSTOMER)[number % 2],
        customer_id=f"customer-{number % 200}",
        at=MONDAY + timedelta(days=number % 7, seconds=number),
    )
    for number in range(600)
]
LATER = MONDAY + timedelta(days=60)
BATCH = 40


def facts_of(call: Call, luck: random.Random) -> list[dict[str, Any]]:
    """Say what came of a call, and what was taken back of that."""
    kinds = ["resolved", "invited", "handled", "accepted" if luck.random() < 0.5 else "declined"]
    kinds += [kind for kind in ("converted", "cancelled", "complaint") if luck.random() < 0.2]
    return [
        {
            "id": f"{call.call_id}/{kind}",
            "call_id": call.call_id,
            "type": kind,
            "at": (call.at + timedelta(days=3 * (kind == "cancelled"), minutes=3 + place)).isoformat(),
            "value": luck.randrange(600) if kind in ("handled", "converted", "declined") else None,
            "detail": {"of": luck.choice(["accepted", "converted"])},
        }
        for place, kind in enumerate(kinds)
    ]


def works(floor: Floor, calls: Sequence[Call], facts: Sequence[dict[str, Any]]) -> list[Callable[[], object]]:
    """Cut events into pieces of work, each done by whoever comes."""
    snapshot = snapshot_of(floor)

    def dealing(part: Sequence[Call]) -> Callable[[], object]:
        return lambda: assign(floor, snapshot, part)

    def telling(part: Sequence[dict[str, Any]]) -> Callable[[], object]:
        return lambda: recording.deliver(floor.store, "desk", part, pseudonyms=floor.pseudonyms, now=MONDAY)

    return [
        *(dealing(calls[start : start + BATCH]) for start in range(0, len(calls), BATCH)),
        *(telling(facts[start : start + BATCH]) for start in range(0, len(facts), BATCH)),
    ]


def read(floor: Floor) -> list[str]:
    """Roll up until nothing waits, and take both tests' final looks: every count, rate and p-value there is."""
    while _waits(floor):
        rolled_up(floor)
    made = []
    with floor.store.write() as session:
        for key in ("change_benefit", "by_customer"):
            experiment, today = experiment_named(session, key), floor.calendar.day(LATER)
            jobs = people.system("jobs")
            look = looks.make_look(session, experiment, today=today, final=True, actor=jobs, now=LATER)
            made.append(canonical(look.content))
    return made


def _waits(floor: Floor) -> bool:
    with floor.store.read() as session:
        return history.waiting_days(session) > 0


def test_every_event_three_times_shuffled_and_at_once_reads_as_once_in_order(fresh: Fresh) -> None:
    luck = random.Random(4)
    facts = [fact for call in CALLS for fact in facts_of(call, luck)]
    with fresh() as floor:
        for work in works(floor, CALLS, facts):
            work()
        once = read(floor)
    with fresh() as floor:
        pieces = [
            *works(floor, luck.sample(CALLS * 3, 3 * len(CALLS)), luck.sample(facts * 3, 3 * len(facts))),
            *[lambda: rollup.rebuild_dirty(floor.store)] * 3,
        ]
        luck.shuffle(pieces)
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(piece) for piece in pieces]:
                done.result()
        thrice = read(floor)
    assert thrice == once
    assert all('"converted"' in look or '"accepted"' in look for look in once)
