"""The sample ratio, watched every day: alarms at a sound split, and how soon a leak in one arm is found."""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import special

from experiments.check.health.findings import State
from experiments.check.health.split import sample_ratio
from tests.calibrate.rows import Row, Task, counted, generator, median_of, scaled

DAYS, DAILY = 60, 600
WEIGHTS = ((5000, 5000), (9000, 1000), (4000, 3000, 3000))
UNITS = 20_000
"""Dealt units within which a leak should be found."""

LOSSES = (0.03, 0.06, 0.08, 0.1)
ENOUGH = 0.95
MUST_FIND = 0.08
"""The leak that has to be found within them; what is smaller cannot be told from luck so soon by any sound rule."""

_LONGEST = 200_000


@cache
def state(counts: tuple[int, ...], weights: tuple[int, ...]) -> State:
    """Ask the product."""
    return sample_ratio(counts, weights).state


def false_alarms(weights: tuple[int, ...], effort: float) -> list[Row]:
    """Give how often a sound split is ever called broken, or made a warning of."""
    runs = scaled(4000, effort)
    random = generator("split", weights)
    dealt = random.multinomial(DAILY, np.array(weights) / sum(weights), size=(runs, DAYS)).cumsum(axis=1)
    seen = [{state(tuple(day), weights) for day in path} for path in dealt.tolist()]
    broken = sum(State.BROKEN in states for states in seen)
    warned = sum(bool({State.BROKEN, State.WARNING} & states) for states in seen)
    part = f"Sample ratio watched daily for {DAYS} days of {DAILY} units, false alarms"
    name = " : ".join(str(weight // 100) for weight in weights)
    return [
        counted(part, f"{name}, broken", broken, runs, most=0.01),
        counted(part, f"{name}, broken or warned", warned, runs, most=0.03),
    ]


def leak(loss: float, effort: float) -> list[Row]:
    """Give how soon it is found that one arm of two loses this share of its units."""
    runs = scaled(1000, effort)
    random = generator("leak", loss)
    dealt = random.binomial(DAILY, 0.5, size=(runs, _LONGEST // DAILY))
    found = np.array(first_broken(dealt.cumsum(axis=1), random.binomial(DAILY - dealt, 1 - loss).cumsum(axis=1)))
    part, name = "Sample ratio, a leak in one arm of two, watched daily", f"{100 * loss:g} % lost"
    note = f"no rule with 1 % false alarms can find more than {100 * best_power(loss):.1f} %"
    least = ENOUGH if loss >= MUST_FIND else -np.inf
    soon = int((found <= UNITS).sum())
    return [
        counted(part, f"{name}, broken within {UNITS:,} units", soon, runs, least=least, note=note),
        median_of(part, f"{name}, units until half are found", list(found), "units"),
    ]


def first_broken(control: NDArray[np.int64], challenger: NDArray[np.int64]) -> list[float]:
    """Give the dealt units at which each experiment is first called broken; inf when never."""
    return [
        next((day * DAILY for day, counts in enumerate(path, 1) if _broken(counts)), np.inf)
        for path in np.stack((control, challenger), axis=2).tolist()
    ]


def _broken(counts: Sequence[int]) -> bool:
    return state((counts[0], counts[1]), (5000, 5000)) is State.BROKEN


def best_power(loss: float, level: float = 0.01) -> float:
    """Return what the most powerful test at the end finds, told in advance which arm leaks (Neyman & Pearson 1933)."""
    kept = 1 - loss
    units = UNITS * (1 + kept) / 2
    share = 1 / (1 + kept)
    distance = (share - 0.5) * np.sqrt(units)
    return float(special.ndtr((distance - 0.5 * special.ndtri(1 - level)) / np.sqrt(share * (1 - share))))


TASKS: tuple[Task, ...] = (
    *(Task(f"split {weights}", partial(false_alarms, weights)) for weights in WEIGHTS),
    *(Task(f"leak {loss}", partial(leak, loss)) for loss in LOSSES),
)
