"""Health watched every day for a month: how often do sound data raise any finding, all checks together?"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from experiments.calendar import day_number
from experiments.check.counting.tables import MEASURES
from experiments.check.cube import Cells
from experiments.check.data import ExperimentData
from experiments.check.examining.daily import daily
from experiments.check.health.findings import Finding, State
from experiments.check.health.floor import Staffed
from experiments.check.metrics import MetricSpec
from tests.calibrate.registered import a_plan, data_of, proportion
from tests.calibrate.rows import Row, Task, counted, generator, scaled

DAYS, ALLOWED = 30, 0.05
DAILY, AGENTS = 300, 24
ARMS = ("control", "challenger 1")
REGIONS, CHANNELS = ("hangzhou", "ningbo", "wenzhou", "jinhua"), (0.8, 0.2)
RUNS: Mapping[str, int] = {"call": 500, "customer": 150, "agent": 1000, "agent_shift": 250}
RATES = {"invited": 0.6, "deviation": 0.01, "accepted": 0.2, "handled_seconds_n": 0.97, "satisfaction_n": 0.3}
ACCEPTED = proportion("accepted", "higher")
RATING = MetricSpec("satisfaction", "mean", "satisfaction", "reported", "higher", 0, {"en": "Rating"})

_FIRST = date(2026, 11, 2)
_CALLS = MEASURES.index("calls")


@dataclass(frozen=True, slots=True)
class Day:
    """What had been dealt by the end of a day: the calls, the units where calls are none, and the days worked."""

    data: ExperimentData
    staffed: Mapping[str, list[Staffed]]
    today: int


def seen(day: Day) -> list[Finding]:
    """Ask the product, as a page does when it is opened."""
    return daily(day.data, day.data.arms(day.today), ACCEPTED, day.staffed, day.today)


def alarms(unit: str, effort: float) -> list[Row]:
    """Give how often anything at all is found, and which check found it."""
    random, runs = generator("health", unit), scaled(RUNS[unit], effort)
    warned: Counter[str] = Counter()
    anything = broken = 0
    for _ in range(runs):
        found = [f for day in MONTHS[unit](random) for f in seen(day) if f.state in {State.WARNING, State.BROKEN}]
        warned.update({f.check for f in found})
        anything += bool(found)
        broken += any(f.state is State.BROKEN for f in found)
    part = f"Health watched daily for {DAYS} days, sound data, all checks together"
    note = ", ".join(f"{check} {n}" for check, n in warned.most_common())
    return [
        counted(part, f"dealt by {unit}, anything found", anything, runs, most=ALLOWED, note=note),
        counted(part, f"dealt by {unit}, data called broken", broken, runs, most=0.01),
    ]


def month_of_calls(random: np.random.Generator) -> Iterator[Day]:
    """Deal calls by a fair coin; agents are unequal, and sit in regions."""
    data, loads = _registered("call"), _loads(random)
    cells = [(arm, agent, channel) for arm in ARMS for agent in range(AGENTS) for channel in range(len(CHANNELS))]
    share = np.array([loads[agent] * CHANNELS[channel] / len(ARMS) for _, agent, channel in cells])
    sums = np.zeros((len(cells), len(MEASURES)), dtype=np.int64)
    for today in _days():
        dealt = random.multinomial(DAILY, share / share.sum())
        sums += _facts(dealt, random)
        days = {**data.days, today: _by_arm([arm for arm, *_ in cells], dealt)}
        data = replace(data, calls=_calls_of(cells, sums, today), days=days)
        yield Day(data, {}, today)


def month_of_customers(random: np.random.Generator) -> Iterator[Day]:
    """Deal customers by a fair coin as they come; a third of the calls are of those who have called before."""
    known: list[tuple[str, str]] = []
    sums = np.zeros((0, len(MEASURES)), dtype=np.int64)
    data = _registered("customer")
    for today in _days():
        back = random.integers(0, len(known), DAILY // 18) if known else np.zeros(0, dtype=np.int64)
        known += [(ARMS[arm], f"{today}-{i}") for i, arm in enumerate(random.integers(0, 2, DAILY // 8))]
        dealt = np.bincount(back, minlength=len(known))
        dealt[len(sums) :] += 1
        grown = np.zeros((len(known), len(MEASURES)), dtype=np.int64)
        grown[: len(sums)] = sums
        sums = grown + _facts(dealt, random)
        yield Day(_grown(data, known, sums, dealt, today), {}, today)
        data = replace(data, days={**data.days, today: _by_arm([arm for arm, _ in known], dealt)})


def month_of_agents(random: np.random.Generator) -> Iterator[Day]:
    """Deal half of the agents to each arm; five days in seven each takes calls by her own load."""
    arms = random.permutation([*ARMS] * (AGENTS // 2)).tolist()
    units, loads, data = [(arm, f"agent-{i}") for i, arm in enumerate(arms)], _loads(random), _registered("agent")
    sums, worked = np.zeros((AGENTS, len(MEASURES)), dtype=np.int64), np.zeros(AGENTS, dtype=np.int64)
    for today in _days():
        here = random.random(AGENTS) < 5 / 7
        dealt = random.poisson(DAILY * loads) * here
        worked += dealt > 0
        sums += _facts(dealt, random)
        data = _grown(data, units, sums, dealt, today)
        yield Day(data, _staffed(arms, worked, sums), today)


def month_of_shifts(random: np.random.Generator) -> Iterator[Day]:
    """Deal every half-day of every agent by a fair coin."""
    agents, loads, data = AGENTS // 2, _loads(random), _registered("agent_shift")
    units: list[tuple[str, str]] = []
    sums = np.zeros((0, len(MEASURES)), dtype=np.int64)
    for number, today in enumerate(_days()):
        when = (_FIRST + timedelta(days=number)).isoformat()
        names = [f"agent-{agent}|{when}|{half}" for agent in range(agents) for half in ("am", "pm")]
        units += [(ARMS[arm], name) for arm, name in zip(random.integers(0, 2, len(names)), names, strict=True)]
        dealt = np.concatenate(
            [np.zeros(len(sums), dtype=np.int64), 1 + random.poisson(DAILY * np.repeat(loads[:agents], 2) / 2)]
        )
        sums = np.concatenate([sums, np.zeros((len(names), len(MEASURES)), dtype=np.int64)]) + _facts(dealt, random)
        data = _grown(data, units, sums, dealt, today)
        yield Day(data, _staffed([arm for arm, _ in units], np.ones(len(units), dtype=np.int64), sums), today)


MONTHS: Mapping[str, Callable[[np.random.Generator], Iterator[Day]]] = {
    "call": month_of_calls,
    "customer": month_of_customers,
    "agent": month_of_agents,
    "agent_shift": month_of_shifts,
}


def _registered(unit: str) -> ExperimentData:
    return data_of(a_plan(unit=unit), {"accepted": ACCEPTED, "satisfaction": RATING})


def _days() -> Iterator[int]:
    return (day_number(_FIRST + timedelta(days=number)) for number in range(DAYS))


def _loads(random: np.random.Generator) -> NDArray[np.float64]:
    loads = random.lognormal(0, 0.7, AGENTS)
    return np.asarray(loads / loads.sum())


def _facts(dealt: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Draw what happened in the calls of each cell; no arm does anything."""
    facts = np.zeros((len(dealt), len(MEASURES)), dtype=np.int64)
    facts[:, _CALLS] = dealt
    for name, rate in RATES.items():
        facts[:, MEASURES.index(name)] = random.binomial(dealt, rate)
    early, invited = MEASURES.index("deviation"), MEASURES.index("invited")
    facts[:, early] = np.minimum(facts[:, early], facts[:, invited])
    return facts


def _calls_of(cells: list[tuple[str, int, int]], sums: NDArray[np.int64], today: int) -> Cells:
    there = np.flatnonzero(sums[:, _CALLS])
    kept = [cells[place] for place in there]
    keys = {
        "arm": [arm for arm, *_ in kept],
        "agent_id": [f"agent-{agent}" for _, agent, _ in kept],
        "region": [REGIONS[agent % len(REGIONS)] for _, agent, _ in kept],
        "channel": [str(channel) for *_, channel in kept],
    }
    return Cells((today,), keys, np.zeros(len(kept), dtype=np.int64), sums[there].copy())


def _grown(
    data: ExperimentData, units: list[tuple[str, str]], sums: NDArray[np.int64], dealt: NDArray[np.int64], today: int
) -> ExperimentData:
    """Give the data with another day; what calls are told apart by does not matter where units are dealt."""
    there = np.flatnonzero(sums[:, _CALLS])
    arms, names = ([units[place][which] for place in there] for which in (0, 1))
    bands = np.zeros(len(there), dtype=np.int64)
    cells = Cells((today,), {"arm": arms, "unit_hash": names, "unit": names}, bands, sums[there].copy())
    totals = np.array([sums[[arm == key for arm, _ in units]].sum(axis=0) for key in ARMS])
    calls = Cells((today,), {"arm": ARMS, "agent_id": ["-", "-"]}, np.zeros(2, dtype=np.int64), totals)
    days = {**data.days, today: _by_arm([arm for arm, _ in units], dealt)}
    return replace(data, calls=calls, units=cells, days=days)


def _by_arm(arms: list[str], dealt: NDArray[np.int64]) -> dict[str, int]:
    return {key: int(dealt[[arm == key for arm in arms]].sum()) for key in ARMS}


def _staffed(arms: list[str], worked: NDArray[np.int64], sums: NDArray[np.int64]) -> dict[str, list[Staffed]]:
    calls, won = sums[:, _CALLS].tolist(), sums[:, MEASURES.index("accepted")].tolist()
    found: dict[str, list[Staffed]] = {key: [] for key in ARMS}
    for arm, days, n, y in zip(arms, worked.tolist(), calls, won, strict=True):
        if days:
            found[arm].append(Staffed(days, n, y))
    return found


TASKS: tuple[Task, ...] = tuple(Task(f"health by {unit}", partial(alarms, unit)) for unit in MONTHS)
