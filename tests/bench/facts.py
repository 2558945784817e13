"""Calls and what was told of them by the million, drawn in columns.

They come as they would from desktops: ids and moments in order, a call's facts close together; sales come ten days
later, by a nightly file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.calendar import day_number
from experiments.do.assignments import Floor
from experiments.plan.designs import Experiment, experiment_named
from experiments.plan.rules import ArmPlan
from experiments.plan.traffic import newest
from experiments.store import Store
from migrations.run import upgrade
from tests.builders import MONDAY, NEW_BENEFIT, a_floor, a_running_experiment, standard_value

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""A table's rows by column, as text and whole numbers that either database reads."""

Numbers: TypeAlias = NDArray[np.int64]

FACTS_A_CALL = 5
"""The call itself, and about four facts that are told of it."""

AGENTS, TEAMS, REGIONS, CHANNELS = 500, 25, 12, 3
LATE_DAYS = 10
_START = int(np.datetime64(MONDAY.replace(tzinfo=None), "us").astype(np.int64))
_DAY, _MINUTE = 86_400_000_000, 60_000_000
_VERSION_7 = 7 << 76

TOLD: Mapping[str, tuple[float, int]] = {
    "exposed": (0.6, 1),
    "resolved": (0.9, 2),
    "invited": (0.75, 3),
    "accepted": (0.4, 4),
    "declined": (0.3, 4),
    "handled": (0.95, 5),
    "complaint": (0.002, 5),
    "cancelled": (0.02, 3 * 24 * 60),
}
"""How often each fact is told of a call, and how many minutes after it."""

SOLD = 0.08


@dataclass(frozen=True, slots=True)
class Drawn:
    """A day of one scenario: its calls, and the facts that were told on it."""

    calls: Columns
    facts: Columns


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who calls where: a scenario with its test, and agents enough."""

    floor: Floor
    key: str
    agents: int = AGENTS
    calls_before: int = 0

    def days(self, first: int, days: int, calls: int) -> Iterator[Drawn]:
        """Draw days (numbered from Monday) of so many calls each."""
        with self.floor.store.read() as session:
            experiment = experiment_named(session, self.key)
            revision = newest(session, experiment.scenario_id)
            assert revision is not None
            revision_id = revision.id
        sold: dict[int, Columns] = {}
        for day in range(first, first + days):
            random = np.random.default_rng([day, experiment.id])
            numbers = np.arange(calls) + (day * calls + self.calls_before)
            at = _START + day * _DAY + np.sort(random.integers(0, 8 * 60 * _MINUTE, calls))
            drawn = _calls(experiment, revision_id, numbers, at, day, self.agents, random)
            told, sold[day + LATE_DAYS] = _told(drawn, numbers, at, random)
            yield Drawn(drawn, _joined(told, sold.pop(day, None)))


def a_crowd(url: str, tests: Mapping[str, str], agents: int = AGENTS) -> list[Crowd]:
    """Open a centre on an empty database, with a test by some unit in each of these scenarios."""
    upgrade(url)
    floor = a_floor(Store(url))
    crowds = []
    for number, (scenario, unit) in enumerate(tests.items()):
        control = ArmPlan("control", 5000, standard_value(floor, "benefit", scenario))
        arms = (control, ArmPlan("quicker", 5000, NEW_BENEFIT))
        key = a_running_experiment(floor, key=f"bench_{scenario}", scenario=scenario, unit=unit, arms=arms)
        crowds.append(Crowd(floor, key, agents, number * 10**9))
    return crowds


def _calls(
    experiment: Experiment,
    revision_id: int,
    numbers: Numbers,
    at: Numbers,
    day: int,
    agents: int,
    random: Any,
) -> Columns:
    count = len(numbers)
    agent = numbers % agents
    # Each agent has calls of both arms on every day, so that as many cells are filled by few calls as by many.
    arm = numbers // agents % 2
    inside = random.random(count) < 0.8
    eligible = inside | (random.random(count) < 0.5)
    date = MONDAY.date() + timedelta(days=day)
    names = [f"agent-{each}" for each in agent.tolist()]
    customers = _hashes(random.integers(0, 3 * count, count))
    by_customer = experiment.unit == "customer"
    return {
        "id": _ids(0, numbers),
        "call_id": [f"call-{number}" for number in numbers.tolist()],
        "scenario_id": [experiment.scenario_id] * count,
        "origin": ["live"] * count,
        "at": _moments(at),
        "day": [day_number(date)] * count,
        "agent_id": names,
        "agent_shift": [f"{name}|{date.isoformat()}|am" for name in names],
        "team": [f"team-{each}" for each in (agent % TEAMS).tolist()],
        "region": [f"region-{each}" for each in (agent % REGIONS).tolist()],
        "channel": [f"channel-{each}" for each in ((agent + day) % CHANNELS).tolist()],
        "locale": ["zh-CN"] * count,
        "customer_hash": customers,
        "reason": np.where(inside, "split", np.where(eligible, "standard", "not_eligible")).tolist(),
        "reason_detail": [None] * count,
        "eligible": eligible.astype(int).tolist(),
        "invite": eligible.astype(int).tolist(),
        "experiment_id": _where(inside, [experiment.id] * count),
        "arm": np.where(inside, np.array([each.key for each in experiment.arms])[arm], "").tolist(),
        "unit_kind": [experiment.unit] * count,
        "unit_hash": customers if by_customer else [None] * count,
        "slice_bucket": [0] * count,
        "arm_bucket": [0] * count,
        "facts": ["{}"] * count,
        "script_version_id": np.where(
            inside, np.array([each.version_id for each in experiment.arms])[arm], experiment.control_version_id
        ).tolist(),
        "revision_id": [revision_id] * count,
        "traffic_revision": [1] * count,
    }


def _told(calls: Columns, numbers: Numbers, at: Numbers, random: Any) -> tuple[Columns, Columns]:
    """Draw what is told on the day itself, a call's facts together; and what is sold, told ten days later."""
    kinds = list(TOLD)
    whether = random.random((len(numbers), len(kinds))) < np.array([share for share, _ in TOLD.values()])
    place, kind = np.nonzero(whether)
    late = np.array([minutes for _, minutes in TOLD.values()]) * _MINUTE
    ids = numbers[place] * 16 + kind
    handled = random.integers(30, 900, len(place))
    seconds = _where(np.isin(kind, [kinds.index("handled"), kinds.index("declined")]), handled.tolist())
    back = _where(kind == kinds.index("cancelled"), ["accepted"] * len(place))
    named = np.array(kinds)[kind].tolist()
    told = _facts(calls, place, ids, "desk", named, at[place] + late[kind], seconds, back)
    sold = np.flatnonzero(random.random(len(numbers)) < SOLD)
    value = random.integers(10_000, 200_000, len(sold)).tolist()
    when, nothing = at[sold] + LATE_DAYS * _DAY, [None] * len(sold)
    kinds = ["converted"] * len(sold)
    return told, _facts(calls, sold, numbers[sold] * 16 + 15, "nightly", kinds, when, value, nothing)


def _facts(
    calls: Columns,
    place: Numbers,
    ids: Numbers,
    source: str,
    kinds: Sequence[str],
    at: Numbers,
    values: Sequence[int | None],
    taken_back: Sequence[str | None],
) -> Columns:
    count, places = len(place), place.tolist()
    moments = _moments(at)
    return {
        "id": _ids(1, ids),
        "source": [source] * count,
        "outside_id": [str(each) for each in ids.tolist()],
        "call_id": [calls["call_id"][each] for each in places],
        "customer_hash": [calls["customer_hash"][each] for each in places],
        "scenario_id": [None] * count,
        "type": kinds,
        "at": moments,
        "received_at": moments,
        "value": values,
        "target_channel": [None] * count,
        "taken_back": taken_back,
        "detail": ["{}"] * count,
        "assignment_id": [calls["id"][each] for each in places],
    }


def _ids(table: int, numbers: Numbers) -> list[str]:
    """Make ids in the order of their numbers, as UUIDs of version 7 are in that of time."""
    return [f"{(0x19A << 112) | (table << 100) | _VERSION_7 | each:032x}" for each in numbers.tolist()]


def _hashes(customers: Numbers) -> list[str]:
    """Spread customers' numbers as a keyed hash does: 128 bits, whose order says nothing."""
    spread = customers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return [f"{each:016x}{each ^ 0xC2B2AE3D27D4EB4F:016x}" for each in spread.tolist()]


def _moments(microseconds: Numbers) -> list[str]:
    """Write moments as SQLite keeps them."""
    written = np.datetime_as_string(microseconds.astype("datetime64[us]"), unit="us")
    return [each.replace("T", " ") for each in written.tolist()]


def _where(there: NDArray[np.bool_], values: Sequence[Any]) -> list[Any]:
    return [value if known else None for known, value in zip(there.tolist(), values, strict=True)]


def _joined(told: Columns, more: Columns | None) -> Columns:
    return told if more is None else {name: [*told[name], *more[name]] for name in told}
