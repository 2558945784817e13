"""Planned looks: what the boundaries spend without an effect, and what the planned size finds of the planned one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from experiments.plan.sizing import Goal, size_calls
from stats.arms.proportions import compare_proportions
from stats.looking.spending import spending_boundaries
from stats.moments import Counts
from tests.calibrate.rows import Row, Task, counted, generator, scaled

_Floats: TypeAlias = NDArray[np.float64]
_Flags: TypeAlias = NDArray[np.bool_]

ALPHA, POWER = 0.05, 0.8
RUNS = 50_000
_STEP = 0.001  # no look but the last is at the whole of the plan, as in experiments.check.looks
_UNSURE = 50.0  # in small cells the exact test decides: it is asked wherever the score's p is within this factor


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan as the product sizes it."""

    base: float
    effect: float
    looks: tuple[float, ...]
    weights: tuple[int, ...] = (5000, 5000)

    @property
    def name(self) -> str:
        arms = " : ".join(str(weight // 100) for weight in self.weights)
        looks = f"{len(self.looks)} look{'s' if len(self.looks) > 1 else ''}"
        return f"{100 * self.base:g} % {100 * self.effect:+g}, {arms}, {looks}"

    @property
    def family(self) -> float:
        """What each challenger may spend."""
        return ALPHA / (len(self.weights) - 1)

    @property
    def total(self) -> int:
        """The calls that the product plans."""
        goal = Goal(self.base, self.effect, self.family, POWER, self.weights, self.looks)
        planned = size_calls(goal, daily_calls=1.0)
        assert planned.total is not None
        return planned.total


def even(looks: int) -> tuple[float, ...]:
    """Give evenly spaced looks."""
    return tuple((n + 1) / looks for n in range(looks))


PLANS: tuple[Planned, ...] = (
    *(Planned(0.1, 0.02, even(looks)) for looks in (1, 2, 5, 30)),
    *(Planned(0.02, 0.01, even(looks)) for looks in (2, 5, 30)),
    *(Planned(0.4, -0.05, even(looks)) for looks in (5, 30)),
    Planned(0.1, 0.02, even(5), (8000, 2000)),
    Planned(0.1, 0.02, even(5), (4000, 3000, 3000)),
)


def sides(plan: Planned, rates: Sequence[float], runs: int, random: np.random.Generator) -> NDArray[np.int8]:
    """Run experiments to their first boundary.

    Returns:
        A row an experiment, a column a challenger: +1 or -1 where it stopped, by its side, and 0 where it did not.
    """
    planned = plan.total
    ends = [ceil(fraction * planned) for fraction in plan.looks]
    fractions = [*(min(end / planned, 1 - _STEP) for end in ends[:-1]), 1.0]
    found = np.zeros((runs, len(rates) - 1), dtype=np.int8)
    n, x, before = np.zeros((runs, len(rates))), np.zeros((runs, len(rates))), 0
    shares = np.array(plan.weights) / sum(plan.weights)
    for end, boundary in zip(ends, spending_boundaries(fractions, alpha=plan.family), strict=True):
        dealt = random.multinomial(end - before, shares, size=runs)
        n, x, before = n + dealt, x + random.binomial(dealt, rates), end
        for place in range(1, len(rates)):
            difference = x[:, place] / n[:, place] - x[:, 0] / n[:, 0]
            stop = decided(n[:, [0, place]], x[:, [0, place]], boundary.nominal_alpha) & (found[:, place - 1] == 0)
            found[stop, place - 1] = np.sign(difference[stop])
    return found


def decided(n: _Floats, x: _Floats, threshold: float) -> _Flags:
    """Say which comparisons have p at most the threshold, as `compare_proportions` does; columns are the two arms."""
    p = score_p(n, x)
    stop = p <= threshold
    unsure = (smallest_expected(n, x) < 5) & (p <= _UNSURE * threshold) & (threshold > 1e-9)
    stop[unsure] = [exact_p(*counts) <= threshold for counts in np.hstack((n, x))[unsure].astype(int).tolist()]
    return np.asarray(stop & ((smallest_expected(n, x) >= 5) | (threshold > 1e-9)))


def exact_p(control_n: int, challenger_n: int, control_x: int, challenger_x: int) -> float:
    """Ask the product itself."""
    return compare_proportions(Counts(control_n, control_x), Counts(challenger_n, challenger_x)).p_value


def score_p(n: _Floats, x: _Floats) -> _Floats:
    """Return the score test's two-sided p of many pairs of arms at once (`stats.arms.score.pooled_z`)."""
    both, rate = n.sum(axis=1), x.sum(axis=1) / n.sum(axis=1)
    variance = rate * (1 - rate) * (1 / n).sum(axis=1) * both / (both - 1)
    difference = x[:, 1] / n[:, 1] - x[:, 0] / n[:, 0]
    z = np.divide(difference, np.sqrt(variance), out=np.zeros_like(difference), where=variance > 0)
    return np.asarray(2 * special.ndtr(-np.abs(z)))


def smallest_expected(n: _Floats, x: _Floats) -> _Floats:
    """Return the expected count by which the product chooses between the exact and the score test."""
    rate = x.sum(axis=1) / n.sum(axis=1)
    return np.asarray(n.min(axis=1) * np.minimum(rate, 1 - rate))


def measure(plan: Planned, effort: float) -> list[Row]:
    """Give false positives without the effect, and power with it in the first challenger."""
    runs, others = scaled(RUNS, effort), len(plan.weights) - 1
    null = sides(plan, [plan.base] * (others + 1), runs, generator("null", plan.name))
    rates = [plan.base, plan.base + plan.effect, *[plan.base] * (others - 1)]
    real = sides(plan, rates, runs, generator("real", plan.name))
    found = int((real[:, 0] == np.sign(plan.effect)).sum())
    note = f"{plan.total} calls planned"
    return [
        counted("Planned looks, false positives", plan.name, int(null.any(axis=1).sum()), runs, most=ALPHA, note=note),
        counted("Planned looks, power at the planned size", plan.name, found, runs, least=POWER, note=note),
    ]


TASKS: tuple[Task, ...] = tuple(Task(f"looks {plan.name}", partial(measure, plan)) for plan in PLANS)
