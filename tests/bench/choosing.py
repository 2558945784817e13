"""How fast a call is chosen for beside GrowthBook's SDK in one process, and what a large centre's snapshot costs.

Times are of this process's CPU, so that what else the machine does hardly touches them. Whoever is compared is asked
about the same calls in turns; tracking is off, and what does not depend on a call is made before the clock runs.
"""

import gc
import json
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from growthbook import Experiment, GrowthBook

from experiments.do.assignments import Floor, record_of
from experiments.do.journal import Origin
from experiments.do.serving import Call, choose
from experiments.do.snapshot import Snapshot, as_json, compile_snapshot, from_json
from experiments.plan.bucketing import BUCKETS, Range
from experiments.plan.traffic import Slice
from experiments.store import Store
from migrations.run import upgrade
from tests.bench import centre
from tests.builders import SCENARIO, a_call, a_floor, a_running_experiment, snapshot_of
from tests.postgres import Databases, temporary_server

CALLS = 5000
SCENARIOS, EXPERIMENTS = 2000, 500

CHOOSE, THEIRS = "a call chosen for", "GrowthBook's"

Ask = Callable[[Sequence[Any]], Sequence[Any]]
"""Chooses for many calls; gives their arms."""
Asked = tuple[Ask, Sequence[Any]]


def choosing(alternations: int) -> None:
    """Print every figure of choosing."""
    with tempfile.TemporaryDirectory() as folder:
        beside_growthbook(a_centre(f"sqlite:///{Path(folder) / 'small.db'}"), alternations)
        a_large_centre("SQLite", a_centre(f"sqlite:///{Path(folder) / 'large.db'}"), alternations)
    with temporary_server() as admin, Databases(admin).new() as address:
        a_large_centre("PostgreSQL", a_centre(address.render_as_string(hide_password=False)), alternations)


def a_centre(url: str) -> Floor:
    """Open a centre on an empty database."""
    upgrade(url)
    return a_floor(Store(url))


# Beside GrowthBook's SDK ---------------------------------------------------------------------------------------------


def beside_growthbook(floor: Floor, alternations: int) -> None:
    """Print the time of a choice: a running half-and-half test by call, with a condition on one attribute.

    Raises:
        RuntimeError: an arm is not the same, so that it would not be the same work.
    """
    a_running_experiment(floor, audience={"caller_relation": {"$in": ["self", "spouse"]}})
    calls = [a_call(number, call_id=str(uuid4()), customer_id=None) for number in range(CALLS)]
    asked = ways(floor, snapshot_of(floor), calls)
    check(asked)
    taken = in_turns(asked, alternations)
    for name, times in taken.items():
        ratios = [time / ours for time, ours in zip(times, taken[CHOOSE], strict=True)]
        beside = f", {statistics.median(ratios):.1f} times ours ({min(ratios):.1f} to {max(ratios):.1f})"
        print(f"{name}: {statistics.median(times):.2f} µs{beside if name.startswith(THEIRS) else ''}")


def ways(floor: Floor, snapshot: Snapshot, calls: Sequence[Call]) -> dict[str, Asked]:
    """Give every way to have calls chosen for, and what each is handed."""
    attributes = [{"id": call.call_id, **call.attributes} for call in calls]
    return {
        CHOOSE: (lambda those: [choose(snapshot, call, floor.calendar).arm for call in those], calls),
        "the call put together and chosen for": (
            lambda those: [choose(snapshot, Call(*fields), floor.calendar).arm for fields in those],
            [tuple(call) for call in calls],
        ),
        "chosen for and written down, but not stored": (
            lambda those: [_written_down(floor, snapshot, call) for call in those],
            calls,
        ),
        **{f"{THEIRS} {name}": (ask, attributes) for name, ask in rivals(snapshot).items()},
    }


def _written_down(floor: Floor, snapshot: Snapshot, call: Call) -> str:
    return record_of(floor, snapshot, call, choose(snapshot, call, floor.calendar), Origin.LIVE).arm


def check(asked: Mapping[str, Asked]) -> None:
    """See that every way gives every call the same arm.

    Raises:
        RuntimeError: it does not.
    """
    if len({tuple(ask(those)) for ask, those in asked.values()}) != 1:
        raise RuntimeError("Not every way gives every call the same arm.")


def rivals(snapshot: Snapshot) -> dict[str, Ask]:
    """Ask GrowthBook the same: cut by the same layer, and without one, which spares it one of two draws."""
    traffic = snapshot.scenario(SCENARIO).traffic
    (test,) = traffic.slices
    layer = {"attribute": "id", "seed": traffic.slice_seed, "hashVersion": 2, "ranges": _shares(test.ranges)}
    return {
        "feature, cut by the layer": _feature(test, filters=[layer]),
        "run(), cut by the layer": _run(test, filters=[layer]),
        "feature, without a layer": _feature(test),
        "run(), without a layer": _run(test),
    }


def _feature(test: Slice, **layer: Any) -> Ask:
    rule = {"key": test.key, "variations": [arm.key for arm in test.arms], **_dealt(test), **layer}
    client = GrowthBook(features={SCENARIO: {"defaultValue": "", "rules": [rule]}})

    def ask(those: Sequence[dict[str, Any]]) -> list[str | None]:
        arms: list[str | None] = []
        for attributes in those:
            client.set_attributes(attributes)
            arms.append(client.get_feature_value(SCENARIO, None))
        return arms

    return ask


def _run(test: Slice, **layer: Any) -> Ask:
    experiment = Experiment(test.key, [arm.key for arm in test.arms], **_dealt(test), **layer)
    client = GrowthBook()

    def ask(those: Sequence[dict[str, Any]]) -> list[str]:
        arms = []
        for attributes in those:
            client.set_attributes(attributes)
            arms.append(client.run(experiment).value)
        return arms

    return ask


def _dealt(test: Slice) -> dict[str, Any]:
    ranges = [_shares(arm.ranges)[0] for arm in test.arms]
    return {"hashAttribute": "id", "hashVersion": 2, "seed": test.seed, "ranges": ranges, "condition": test.condition}


def _shares(ranges: Sequence[Range]) -> list[tuple[float, float]]:
    return [(left / BUCKETS, right / BUCKETS) for left, right in ranges]


def in_turns(asked: Mapping[str, Asked], alternations: int) -> dict[str, list[float]]:
    """Give the microseconds of CPU that each takes for a call, turn by turn."""
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(alternations):
        for name, (ask, those) in asked.items():
            taken[name].append(1e6 * seconds(partial(ask, those)) / len(those))
    return taken


# A large centre ------------------------------------------------------------------------------------------------------


def a_large_centre(
    name: str, floor: Floor, turns: int, *, scenarios: int = SCENARIOS, experiments: int = EXPERIMENTS
) -> None:
    """Print what a snapshot of a large centre costs: to read all of it, one change, and as plain data."""
    with floor.store.write() as session:
        centre.build(session, scenarios, experiments)
    before = snapshot_of(floor)
    print(f"{name}, {scenarios} scenarios of which {experiments} are under test:")
    print(f"  the snapshot takes {megabytes(lambda: snapshot_of(floor)):.0f} MB")
    told("read whole", turns, lambda: snapshot_of(floor))
    _change_one(floor, before)
    told("read again after one change", turns, lambda: _again(floor, before))
    plain = as_json(before)
    text = json.dumps(plain, ensure_ascii=False)
    told("told as plain data", turns, lambda: as_json(before))
    told(f"written as {len(text.encode()) / 1e6:.1f} MB of JSON", turns, lambda: json.dumps(plain, ensure_ascii=False))
    told("made of JSON again", turns, lambda: from_json(json.loads(text)))


def _change_one(floor: Floor, snapshot: Snapshot) -> None:
    one = snapshot.scenario("scenario_00000")
    with floor.store.write() as session:
        centre.append(session, one.scenario_id, one.revision + 1, replace(one.traffic, slices=()))


def _again(floor: Floor, before: Snapshot) -> Snapshot:
    with floor.store.read() as session:
        return compile_snapshot(session, before)


def told(what: str, turns: int, work: Callable[[], object]) -> None:
    """Print the CPU that a piece of work takes of this process, and how long it is until it is done."""
    began = time.perf_counter()
    taken = [1000 * seconds(work) for _ in range(turns)]
    passed = 1000 * (time.perf_counter() - began) / turns
    print(
        f"  {what}: {statistics.median(taken):.1f} ms of CPU ({min(taken):.1f} to {max(taken):.1f}), "
        f"done after {passed:.1f} ms"
    )


def seconds(work: Callable[[], object]) -> float:
    """Give the CPU that a piece of work takes of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def megabytes(make: Callable[[], object]) -> float:
    """Give the memory that a value takes."""
    gc.collect()
    tracemalloc.start()
    made = make()
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return taken / 1e6
