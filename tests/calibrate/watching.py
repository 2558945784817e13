"""What is watched without a plan of looks: the confidence sequence after every 100 calls, and guardrails every day.

Complaints and whatever else is rare are watched event by event, which `rare` counts out exactly.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.check.analysis.arms import FEW_CLUSTERS, ArmData
from experiments.check.data import ExperimentData
from experiments.check.metrics import MetricSpec, Totals
from experiments.check.verdict import Guard, harms
from experiments.check.watching import LEAST_EXPECTED, watched
from experiments.plan.designs import PlannedMetric
from stats.clusters.cr2 import compare_clusters
from stats.looking.always_valid import confidence_sequence
from tests.calibrate.registered import a_plan, arm_of_calls, arm_of_units, data_of, proportion
from tests.calibrate.rows import Row, Task, counted, generator, scaled

Counted: TypeAlias = NDArray[np.int64]

ALPHA = 0.05
EVERY, PLANNED = 100, 20_000
SEQUENCES = ((0.02, 1), (0.1, 1), (0.1, 4), (0.5, 1), (0.9, 1))
DAYS, DAILY = 60, 300
"""A guardrail's watch: so many days, so many calls a day in each arm."""

MONTH, ICC = 30, 0.05
"""Of dealt agents: the days, and how alike the calls of one agent are."""


def alarms(rate: float, ratio: int, runs: int, random: np.random.Generator) -> tuple[int, int]:
    """Watch A/A tests up to twice their planned calls; count those ever called worse, and ever called better.

    The sequence is the difference plus and minus the standard error times a factor of n alone, so that the factor is
    asked of the product once a look.
    """
    n, x = np.zeros((runs, 2)), np.zeros((runs, 2))
    worse, better = np.zeros(runs, dtype=bool), np.zeros(runs, dtype=bool)
    for end in range(EVERY, 2 * PLANNED + 1, EVERY):
        dealt = random.binomial(EVERY, 1 / (1 + ratio), size=runs)
        calls = np.column_stack((EVERY - dealt, dealt))
        n, x = n + calls, x + random.binomial(calls, rate)
        share = x / np.maximum(n, 1)
        error = np.sqrt((share * (1 - share) / np.maximum(n, 1)).sum(axis=1))
        _, factor = confidence_sequence(0.0, 1.0, end, alpha=ALPHA, planned_n=PLANNED)
        common = x.sum(axis=1) / n.sum(axis=1)
        begun = n.min(axis=1) * np.minimum(common, 1 - common) >= LEAST_EXPECTED
        difference = share[:, 1] - share[:, 0]
        worse |= begun & (difference + factor * error < 0)
        better |= begun & (difference - factor * error > 0)
    return int(worse.sum()), int(better.sum())


def sequence(rate: float, ratio: int, effort: float) -> list[Row]:
    """Give the false alarms on each side."""
    runs = scaled(10_000, effort)
    worse, better = alarms(rate, ratio, runs, generator("sequence", rate, ratio))
    part, name = "Always-valid, a look after every 100 calls, false alarms", f"{100 * rate:g} %, {ratio} : 1"
    return [
        counted(part, f"{name}, below", worse, runs, most=ALPHA / 2),
        counted(part, f"{name}, above", better, runs, most=ALPHA / 2),
    ]


@dataclass(frozen=True, slots=True)
class Watched:
    """A guardrail, its rate, its margin in the catalogues, and whether it is so rare that it is only watched."""

    spec: MetricSpec
    rate: float
    margin: float
    rare: bool = False

    def planned(self) -> PlannedMetric:
        """Give it as plans do."""
        return PlannedMetric(metric=self.spec.key, role="guardrail", margin=self.margin, watch=self.rare)

    def data(self, unit: str) -> ExperimentData:
        """Give the data of a test whose units are these."""
        return data_of(a_plan(unit=unit, planned_calls=2 * DAYS * DAILY), {self.spec.key: self.spec})


COMPLAINT = Watched(proportion("complaint", "lower"), 0.002, 0.002, rare=True)
EARLY = Watched(proportion("early_refusal", "lower"), 0.05, 0.01)
GUARDS = (EARLY, Watched(proportion("resolved", "higher"), 0.9, 0.02))


def harmed(guard: Watched, arms: Sequence[ArmData]) -> bool:
    """Ask what the watching page says of the guardrail, by the product's own way."""
    data = guard.data("call" if arms[0].units is None else "agent")
    return watched(data, guard.planned(), arms, 1).guard is Guard.HARMED


def of_calls(guard: Watched, n: int, control: int, challenger: int) -> bool:
    """Ask about two arms of n independent calls."""
    successes = (control, challenger)
    return harmed(guard, [arm_of_calls(place, {}, _totals(guard, n, each)) for place, each in enumerate(successes)])


def of_agents(guard: Watched, n: Sequence[int], successes: Sequence[int]) -> bool:
    """Ask about agents, the first half of them dealt to the control."""
    did = {f"agent-{i}": _totals(guard, *each) for i, each in enumerate(zip(n, successes, strict=True))}
    names, half = list(did), len(did) // 2
    arms = [{name: did[name] for name in mine} for mine in (names[:half], names[half:])]
    return harmed(guard, [arm_of_units(place, arm) for place, arm in enumerate(arms)])


def first_alarms(guard: Watched, rate: float, runs: int, random: np.random.Generator) -> list[float]:
    """Give the day on which each experiment's guardrail is first called harmed; inf when never."""
    daily = random.binomial(DAILY, (guard.rate, rate), size=(runs, DAYS, 2))
    asked = cache(partial(of_calls, guard))
    return [_first_alarm(asked, path) for path in daily.cumsum(axis=1).tolist()]


def _first_alarm(asked: Callable[[int, int, int], bool], path: Sequence[tuple[int, int]]) -> float:
    alarms = (day for day, (control, challenger) in enumerate(path, 1) if asked(day * DAILY, control, challenger))
    return next(alarms, math.inf)


def _totals(guard: Watched, n: int, successes: int) -> Totals:
    return {"calls": n, guard.spec.key: successes}


def false_harm(guard: Watched, effort: float) -> list[Row]:
    """Give how often an equal arm is called harmful, calls dealt."""
    runs = scaled(1000, effort)
    days = first_alarms(guard, guard.rate, runs, generator("guard", guard.spec.key, guard.rate))
    part = f"Guardrails watched daily for {DAYS} days of {2 * DAILY} calls, falsely harmed"
    return [_falsely(part, f"{guard.spec.key} at {100 * guard.rate:g} %", days)]


def false_harm_of_agents(agents: int, effort: float) -> list[Row]:
    """Give how often an equal arm is called harmful, agents dealt: unequal in calls, and alike within."""
    runs, random = scaled(2000, effort), generator("guarded agents", agents)
    days = [_first_of_agents(*_agents_month(agents, random)) for _ in range(runs)]
    part = f"Guardrails watched daily for {MONTH} days, agents dealt, falsely harmed"
    return [_falsely(part, f"{agents} agents, {EARLY.spec.key} at {100 * EARLY.rate:g} %, ICC {ICC:g}", days)]


def _agents_month(agents: int, random: np.random.Generator) -> tuple[Counted, Counted]:
    """Draw each day's running totals (rows) of each agent: calls and successes."""
    busy = random.lognormal(np.log(10), 1.0, agents)
    shares = random.beta(EARLY.rate * (1 - ICC) / ICC, (1 - EARLY.rate) * (1 - ICC) / ICC, agents)
    calls = random.poisson(busy, size=(MONTH, agents))
    return calls.cumsum(axis=0), random.binomial(calls, shares).cumsum(axis=0)


def _first_of_agents(calls: Counted, successes: Counted) -> float:
    days = enumerate(zip(calls.tolist(), successes.tolist(), strict=True), 1)
    return next((day for day, (n, x) in days if alarmed_by_agents(EARLY, n, x)), math.inf)


def alarmed_by_agents(guard: Watched, n: Sequence[int], successes: Sequence[int]) -> bool:
    """Answer as `of_agents`, without the deals dealt again for a p that a watch does not read."""
    pairs, half = (
        [(x, calls) for calls, x in zip(n, successes, strict=True) if calls],
        np.count_nonzero(n[: len(n) // 2]),
    )
    found = compare_clusters(pairs[:half], pairs[half:], alpha=ALPHA)
    low, high = confidence_sequence(
        found.difference,
        found.standard_error,
        found.control_n + found.challenger_n,
        alpha=ALPHA,
        planned_n=FEW_CLUSTERS,
        degrees_of_freedom=found.degrees_of_freedom or math.inf,
    )
    return harms(guard.spec, low, high, none=0.0)


def _falsely(part: str, what: str, days: Sequence[float]) -> Row:
    first = [day for day in days if day < math.inf]
    note = f"first alarm on day {np.median(first):.0f} (median)" if first else ""
    return counted(part, what, len(first), len(days), most=ALPHA / 2, note=note)


TASKS: tuple[Task, ...] = (
    *(Task(f"sequence {rate} {ratio}", partial(sequence, rate, ratio)) for rate, ratio in SEQUENCES),
    *(Task(f"guardrail {guard.spec.key} {guard.rate}", partial(false_harm, guard)) for guard in GUARDS),
    *(Task(f"guardrail {agents} agents", partial(false_harm_of_agents, agents)) for agents in (12, 20, 40)),
)
