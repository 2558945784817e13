"""What is watched without a plan of looks: the confidence sequence after every 100 calls, and guardrails every day."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.check import looks
from experiments.check.analysis import ArmData
from experiments.check.metrics import MetricSpec, Totals
from experiments.check.verdict import Guard
from experiments.plan.designs import Experiment, PlannedMetric
from stats.looking.always_valid import confidence_sequence
from tests.calibrate.rows import Row, Task, counted, generator, median_of, scaled

Counted: TypeAlias = NDArray[np.int64]

ALPHA = 0.05
EVERY, PLANNED = 100, 20_000
LEAST_SUCCESSES = 10
"""The stated domain of the confidence sequence: its watch begins when each arm has so many successes and failures."""

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
        begun = np.minimum(x, n - x).min(axis=1) >= LEAST_SUCCESSES
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
    """A guardrail, its rate, and its margin in the catalogues."""

    spec: MetricSpec
    rate: float
    margin: float


def proportion(key: str, better: str) -> MetricSpec:
    """Give a share of eligible calls."""
    return MetricSpec(key, "proportion", key, "eligible", "lower" if better == "lower" else "higher", 0, {"en": key})


COMPLAINT = Watched(proportion("complaint", "lower"), 0.002, 0.002)
EARLY = Watched(proportion("early_refusal", "lower"), 0.05, 0.01)
GUARDS = (
    COMPLAINT,
    Watched(proportion("complaint", "lower"), 0.0005, 0.002),
    EARLY,
    Watched(proportion("resolved", "higher"), 0.9, 0.02),
)


def harmed(guard: Watched, control: ArmData, challenger: ArmData) -> bool:
    """Ask what the watching page says of the guardrail, by the product's own way."""
    planned = PlannedMetric(metric=guard.spec.key, role="guardrail", margin=guard.margin, watch=True)
    unit = "call" if control.units is None else "agent"
    experiment = Experiment(unit=unit, alpha=ALPHA, planned_calls=2 * DAYS * DAILY)
    return looks.watched(planned, guard.spec, control, challenger, experiment).guard is Guard.HARMED


def of_calls(guard: Watched, n: int, control: int, challenger: int) -> bool:
    """Ask about two arms of n independent calls."""
    arms = [ArmData("", _totals(guard, n, successes), None) for successes in (control, challenger)]
    return harmed(guard, arms[0], arms[1])


def of_agents(guard: Watched, n: Sequence[int], successes: Sequence[int]) -> bool:
    """Ask about agents, the first half of them dealt to the control."""
    units = [_totals(guard, *each) for each in zip(n, successes, strict=True)]
    half = len(units) // 2
    arms = [
        ArmData("", _totals(guard, sum(n[mine]), sum(successes[mine])), units[mine])
        for mine in (slice(half), slice(half, None))
    ]
    return harmed(guard, arms[0], arms[1])


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


def false_harm(guard: Watched, runs: int, effort: float) -> list[Row]:
    """Give how often an equal arm is called harmful, calls dealt."""
    runs = scaled(runs, effort)
    days = first_alarms(guard, guard.rate, runs, generator("guard", guard.spec.key, guard.rate))
    part = f"Guardrails watched daily for {DAYS} days of {2 * DAILY} calls, falsely harmed"
    return [_falsely(part, f"{guard.spec.key} at {100 * guard.rate:g} %", days)]


def false_harm_of_agents(agents: int, effort: float) -> list[Row]:
    """Give how often an equal arm is called harmful, agents dealt: unequal in calls, and alike within."""
    runs, random = scaled(600, effort), generator("guarded agents", agents)
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
    return next((day for day, (n, x) in days if of_agents(EARLY, n, x)), math.inf)


def _falsely(part: str, what: str, days: Sequence[float]) -> Row:
    first = [day for day in days if day < math.inf]
    note = f"first alarm on day {np.median(first):.0f} (median)" if first else ""
    return counted(part, what, len(first), len(days), most=ALPHA / 2, note=note)


def delay(effort: float) -> list[Row]:
    """Give how long a doubled complaint rate goes unseen."""
    runs = scaled(2000, effort)
    days = first_alarms(COMPLAINT, 2 * COMPLAINT.rate, runs, generator("doubled"))
    part = "Complaints doubled from 0.2 to 0.4 %, watched daily"
    found = sum(day < math.inf for day in days)
    return [
        counted(part, f"found within {DAYS} days, {2 * DAYS * DAILY} calls", found, runs),
        median_of(part, "days until half are found", days, "days"),
    ]


TASKS: tuple[Task, ...] = (
    *(Task(f"sequence {rate} {ratio}", partial(sequence, rate, ratio)) for rate, ratio in SEQUENCES),
    *(
        Task(
            f"guardrail {guard.spec.key} {guard.rate}", partial(false_harm, guard, 2000 if guard.rate < 0.01 else 1000)
        )
        for guard in GUARDS
    ),
    *(Task(f"guardrail {agents} agents", partial(false_harm_of_agents, agents)) for agents in (12, 20, 40)),
    Task("complaints doubled", delay),
)
