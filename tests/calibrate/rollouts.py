"""Rollouts that watch themselves: how often a harmless one is taken back, and how soon a harmful one.

Agents differ, some take ten times the calls of others, and a rate may fall for everybody while the new script reaches
more and more of them. Looked at after every working day, by the product's own steps, holdback and weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from experiments.act.realised import SHARPEST
from experiments.act.steps import RolloutPlan
from experiments.plan.bucketing import BUCKETS
from stats.looking.clustered import watch_clusters
from tests.calibrate.rows import Row, Task, counted, generator, scaled

ALPHA = 0.05
WEEKS, WORKDAYS = 8, 5
RATE, ICC = 0.9, 0.02
"""Of the guardrail `resolved`, and how alike the calls of one agent are."""

HARMLESS, HARMFUL = 1000, 100


@dataclass(frozen=True, slots=True)
class Case:
    """A centre and what its rollout does: `harm` is what the new script takes off the rate, `fall` what time does."""

    agents: int
    holdback: float = RolloutPlan().holdback / BUCKETS
    harm: float = 0.0
    fall: float = 0.0

    def __str__(self) -> str:
        """Name the row."""
        falls = f", falling {100 * self.fall:g} points meanwhile" if self.fall else ""
        harms = f", {100 * self.harm:g} points off {100 * RATE:g} %" if self.harm else ""
        return f"{self.agents} agents, {100 * self.holdback:g} % held back{harms}{falls}"


CASES = (Case(120), Case(120, fall=0.1), Case(40, 0.1), Case(40, 0.1, fall=0.1), Case(400))
HARMS = (Case(120, 0.1, harm=0.08), Case(200, harm=0.08))


def shares() -> list[float]:
    """Give the share of each day, by the product's usual steps; the last lasts to the end."""
    steps = RolloutPlan().steps
    days = [step.share / BUCKETS for step in steps for _ in range(step.days)]
    return [*days, *[1.0] * (WEEKS * WORKDAYS)][: WEEKS * WORKDAYS]


def taken_back(case: Case, random: np.random.Generator) -> float:
    """Give the working day on which a rollout is called harmful; inf when never."""
    busy = random.lognormal(math.log(10), 0.7, case.agents)
    rates = random.beta(RATE * (1 - ICC) / ICC, (1 - RATE) * (1 - ICC) / ICC, case.agents)
    sums = np.zeros((2, WEEKS, case.agents, 2))
    for day, share in enumerate(shares()):
        week = day // WORKDAYS
        if day % WORKDAYS == 0:
            drawn = random.random(case.agents)
        held, new = drawn < case.holdback, (drawn - case.holdback) / (1 - case.holdback) < share
        calls = random.poisson(busy)
        rate = rates - case.fall * day / (WEEKS * WORKDAYS) - np.where(held, 0.0, case.harm)
        told = np.column_stack((random.binomial(calls, np.clip(rate, 0, 1)), calls)).astype(float)
        sums[0, week] += told * held[:, None]
        sums[1, week] += told * (new & ~held)[:, None] / share
        if _harmed(sums[0], sums[1]):
            return day + 1
    return math.inf


def _harmed(held: NDArray[np.float64], new: NDArray[np.float64]) -> bool:
    sides = [[(y, x) for y, x in side.reshape(-1, 2).tolist() if x] for side in (held, new)]
    if not all(sides):
        return False
    _, _, high = watch_clusters(sides[0], sides[1], alpha=ALPHA, planned_units=SHARPEST)
    return high < 0


def harmless(case: Case, effort: float) -> list[Row]:
    """Give how often a rollout without harm is taken back."""
    days = _days(case, scaled(HARMLESS, effort))
    part = f"Rollouts watched daily for {WEEKS} weeks against the holdback, falsely taken back"
    return [counted(part, str(case), sum(day < math.inf for day in days), len(days), most=ALPHA / 2)]


def harmful(case: Case, effort: float) -> list[Row]:
    """Give how many harmful rollouts are taken back: every one."""
    days = _days(case, scaled(HARMFUL, effort))
    found = sum(day < math.inf for day in days) / len(days)
    part = f"Harmful rollouts watched daily for {WEEKS} weeks, taken back"
    note = f"of {len(days)}, on working day {np.median(days):.0f} (median), {max(days):.0f} at the latest"
    return [Row(part, str(case), found, found, found, least=1.0, most=math.inf, exact=True, note=note)]


def _days(case: Case, runs: int) -> Sequence[float]:
    return [taken_back(case, generator("rollout", str(case), run)) for run in range(runs)]


TASKS: tuple[Task, ...] = (
    *(Task(f"rollout {case}", partial(harmless, case)) for case in CASES),
    *(Task(f"harmful rollout {case}", partial(harmful, case)) for case in HARMS),
)
