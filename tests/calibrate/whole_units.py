"""The whole verdict where agents or their shifts are dealt, by registered balanced deals: A/A tests to their end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.check.analysis.arms import PERMUTED_CLUSTERS, ArmData
from experiments.check.data import ExperimentData
from experiments.check.metrics import Totals
from experiments.plan import deals
from experiments.plan.deals import Deals
from experiments.plan.designs import PlannedMetric
from tests.calibrate.registered import a_plan, arm_of_units, data_of
from tests.calibrate.rows import Row, Task, generator, scaled
from tests.calibrate.verdicts import end_of
from tests.calibrate.whole import HALVES, PART, SPECS, found, rates_of, unequal_calls

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

AGENTS, ICC = (12, 20, 40), 0.1
WAYS: Mapping[str, Mapping[str, Any]] = {
    "each call one vote": {},
    "their own past taken off": {"adjust": True},
    "each agent one vote": {"weighting": "unit"},
}
RUNS, SHIFT_RUNS = 2000, 500
WORLDS = 20
"""Centres, each with its own list of deals; their months are shared out evenly."""

EVEN = (5000, 5000)
_MONDAY, _WORKDAYS = date(2026, 11, 2), 5


@dataclass(frozen=True, slots=True)
class Centre:
    """Who is dealt: names, calls, and rates without any arm's doing; their past; and the deals registered for them."""

    root: str
    names: tuple[str, ...]
    calls: Ints
    rates: Floats
    past: Mapping[str, Totals]
    registered: Deals

    def month(self, weights: tuple[int, ...], random: np.random.Generator) -> "Month":
        """Draw one of the deals, as the start of a test does."""
        drawn = int(random.choice(self.registered.kept))
        return Month(self, drawn, deals.dealt(self.root, [drawn], self.names, weights)[0])


@dataclass(frozen=True, slots=True)
class Month:
    """A centre, and the deal that was drawn."""

    centre: Centre
    drawn: int
    arms: Ints

    def data(self, unit: str, **changes: Any) -> ExperimentData:
        """Register the plan that was dealt so, with a look at half of its calls."""
        primary = PlannedMetric(metric="accepted", role="primary", margin=None, watch=False)
        plan = a_plan(
            unit=unit,
            looks=list(HALVES),
            metrics=[primary],
            salt=self.centre.root,
            deals=self.centre.registered,
            deal=self.drawn,
            planned_calls=int(self.centre.calls.sum()),
            **changes,
        )
        return data_of(plan, SPECS, self.centre.past)

    def agents_looks(self, random: np.random.Generator, effect: float = 0.0) -> Iterator[list[ArmData]]:
        """Draw half of each agent's calls for each look."""
        calls, rates = self.centre.calls, np.clip(self.centre.rates + effect * (self.arms == 1), 0, 1)
        halves = (calls // 2, calls - calls // 2)
        n, x = np.zeros_like(calls), np.zeros_like(calls)
        for half in halves:
            n, x = n + half, x + random.binomial(half, rates)
            yield self.did(n, x)

    def shifts_looks(self, random: np.random.Generator) -> Iterator[list[ArmData]]:
        """Draw the shifts of the first half of the days, then those of all."""
        x = random.binomial(self.centre.calls, self.centre.rates)
        days = np.array([name.split("|")[1] for name in self.centre.names])
        first = days <= np.unique(days)[len(np.unique(days)) // 2 - 1]
        yield self.did(np.where(first, self.centre.calls, 0), x)
        yield self.did(self.centre.calls, x)

    def did(self, n: Ints, x: Ints) -> list[ArmData]:
        """Give what each arm did; who had no call yet is not there."""
        rows = list(zip(self.centre.names, self.arms.tolist(), n.tolist(), x.tolist(), strict=True))
        return [
            arm_of_units(
                place,
                {name: {"calls": calls, "accepted": yes} for name, arm, calls, yes in rows if arm == place and calls},
            )
            for place in (0, 1)
        ]


def centre_of_agents(root: str, calls: Ints, icc: float, random: np.random.Generator, *, mean: float = 0.2) -> Centre:
    """Draw agents who stay what they are, and register deals that balance them on last month's rate and calls."""
    names = tuple(f"agent-{agent}" for agent in range(len(calls)))
    calls, rates = random.permutation(calls), rates_of(len(calls), icc, random, mean)
    before = random.binomial(calls, rates)
    past = {
        name: {"calls": n, "accepted": x} for name, n, x in zip(names, calls.tolist(), before.tolist(), strict=True)
    }
    known = {name: {"baseline": p["accepted"] / p["calls"], "calls": p["calls"]} for name, p in past.items()}
    return Centre(root, names, calls, rates, past, _registered(root, known))


def centre_of_shifts(root: str, agents: int, shifts: int, random: np.random.Generator) -> Centre:
    """Draw agents who differ, weekdays and half-days that differ, and shifts that have good and bad hours."""
    days = [_MONDAY + timedelta(days=7 * (n // _WORKDAYS) + n % _WORKDAYS) for n in range(shifts // 2)]
    halves = [(day, half) for day in days for half in ("am", "pm")]
    names = tuple(f"agent-{agent}|{day.isoformat()}|{half}" for agent in range(agents) for day, half in halves)
    of_agent = np.repeat(random.beta(0.2 * 9, 0.8 * 9, agents), shifts)
    of_block = np.tile(random.normal(0, 0.04, 2 * _WORKDAYS)[np.arange(shifts) % (2 * _WORKDAYS)], agents)
    rates = np.clip(of_agent + of_block + random.normal(0, 0.04, len(names)), 0.01, 0.99)
    calls = 1 + random.poisson(np.repeat(random.lognormal(2.7, 0.8, agents), shifts))
    known = {
        name: {"baseline": float(rate), f"block:{day.isoweekday()}{half}": 1.0}
        for name, rate, (day, half) in zip(names, of_agent, halves * agents, strict=True)
    }
    return Centre(root, names, calls, rates, {}, _registered(root, known))


def _registered(root: str, known: Mapping[str, Mapping[str, float]]) -> Deals:
    registered = deals.register(root, known, EVEN)
    assert registered is not None
    return registered


def of_agents(agents: int, way: str, effort: float) -> list[Row]:
    """Give what is found where nothing is, agents being as unequal as 3 and 886 results."""
    random, runs = generator("whole agents", agents, way), scaled(RUNS, effort)
    calls = unequal_calls(agents)
    centres = [centre_of_agents(f"centre {world}", calls, ICC, random) for world in range(min(WORLDS, runs))]
    ends = []
    for run in range(runs):
        month = centres[run % len(centres)].month(EVEN, random)
        ends.append(end_of(month.data("agent", **WAYS[way]), month.agents_looks(random)))
    looks = "one look" if agents < 40 else "2 looks"
    return found(f"{agents} agents dealt by a registered list, {way}, {looks}", ends, part=PART)


def of_shifts(agents: int, shifts: int, effort: float) -> list[Row]:
    """Give what is found where nothing is, shifts being dealt."""
    random, runs = generator("whole shifts", agents), scaled(SHIFT_RUNS, effort)
    centres = [centre_of_shifts(f"centre {world}", agents, shifts, random) for world in range(min(WORLDS, runs))]
    ends = []
    for run in range(runs):
        month = centres[run % len(centres)].month(EVEN, random)
        ends.append(end_of(month.data("agent_shift"), month.shifts_looks(random)))
    exact = agents * shifts < PERMUTED_CLUSTERS
    what = f"{shifts} shifts of {agents} agents dealt, {'by a registered list' if exact else 'CR2 within'}, 2 looks"
    return found(what, ends, least=-np.inf if exact else 0.03, most=0.05 if exact else 0.06)


TASKS: tuple[Task, ...] = (
    *(Task(f"whole, {agents} agents, {way}", partial(of_agents, agents, way)) for agents in AGENTS for way in WAYS),
    *(
        Task(f"whole, {agents} agents' shifts", partial(of_shifts, agents, shifts))
        for agents, shifts in ((6, 20), (20, 20))
    ),
)
