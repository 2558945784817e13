"""One planned reading of two proportions: its true size and its interval's true coverage, over every outcome.

Nothing is drawn here. Every table that can occur is handed to `compare_proportions` and weighted with its probability,
so that the figures have no error of simulation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from stats.arms.proportions import compare_proportions
from stats.moments import Counts
from tests.calibrate.rows import Row, Task

_Floats: TypeAlias = NDArray[np.float64]
Calls: TypeAlias = tuple[int, int]

ALPHA = 0.05
SCORE_EXPECTED = 10
"""The stated domain of the asymptotic test: in truth so many successes and failures in the smaller arm."""
COVERED_EXPECTED = 1
"""The stated domain of the interval: in truth so many successes and failures in each arm."""

COVERAGE = "Interval of the difference, Miettinen-Nurminen at 95 %, coverage"

SMALL: tuple[Calls, ...] = ((20, 20), (40, 40), (100, 100), (30, 90))
LARGE: tuple[tuple[Calls, float], ...] = (
    ((400, 400), 0.01),
    ((400, 400), 0.1),
    ((2000, 2000), 0.002),
    ((2000, 2000), 0.05),
    ((3600, 400), 0.1),
)
COVERED: tuple[Calls, ...] = ((10, 10), (20, 20), (40, 40), (10, 40), (100, 100), (30, 90))
RATES = (0.005, 0.01, *(n / 50 for n in range(1, 50)), 0.99, 0.995)


@dataclass(frozen=True, slots=True)
class Tables:
    """What the product says of every table of these successes: rows are the control's, columns the challenger's."""

    control: _Floats
    challenger: _Floats
    rejected: _Floats
    exact: _Floats
    low: _Floats
    high: _Floats


@dataclass(frozen=True, slots=True)
class Size:
    """The chance of p <= alpha without an effect: by either method, and with the exact one deciding."""

    rate: float
    either: float
    exact: float


def tables(calls: Calls, control: Sequence[int], challenger: Sequence[int]) -> Tables:
    """Ask the product about each table."""
    told = [
        [compare_proportions(Counts(calls[0], x), Counts(calls[1], y), alpha=ALPHA) for y in challenger]
        for x in control
    ]
    of = partial(np.array, dtype=np.float64)
    return Tables(
        of(control),
        of(challenger),
        of([[c.p_value <= ALPHA for c in line] for line in told]),
        of([[c.method == "barnard" for c in line] for line in told]),
        of([[c.low for c in line] for line in told]),
        of([[c.high for c in line] for line in told]),
    )


@cache
def every_table(calls: Calls) -> Tables:
    """Ask about all that can occur."""
    return tables(calls, range(calls[0] + 1), range(calls[1] + 1))


def size_of(calls: Calls, rate: float, seen: Tables) -> Size:
    """Weigh the tables with their probability when both arms have this rate."""
    a, b = binom.pmf(seen.control, calls[0], rate), binom.pmf(seen.challenger, calls[1], rate)
    return Size(rate, float(a @ seen.rejected @ b), float(a @ (seen.rejected * seen.exact) @ b))


def coverage(calls: Calls, seen: Tables, rates: Sequence[float] = RATES) -> _Floats:
    """Return the chance that the interval holds the truth, for each control rate (rows) and challenger rate."""
    a = [np.asarray(binom.pmf(seen.control, calls[0], rate)) for rate in rates]
    b = [np.asarray(binom.pmf(seen.challenger, calls[1], rate)) for rate in rates]

    def held(i: int, j: int) -> float:
        truth = rates[j] - rates[i]
        return float(a[i] @ ((seen.low <= truth) & (truth <= seen.high)) @ b[j])

    return np.array([[held(i, j) for j in range(len(rates))] for i in range(len(rates))])


def small_sizes(calls: Calls, effort: float) -> list[Row]:
    """Give the sizes of few calls, over a grid of rates."""
    del effort  # enumerated, not simulated
    seen = every_table(calls)
    sizes = [size_of(calls, rate, seen) for rate in RATES if rate <= 0.5]
    asymptotic = [s for s in sizes if min(calls) * s.rate >= SCORE_EXPECTED]
    between = [s for s in sizes if min(calls) * s.rate < SCORE_EXPECTED]
    name = f"{calls[0]} : {calls[1]} calls"
    rows = [_sizes(f"{name}, exact test's share", sizes, [s.exact for s in sizes], 0.0, ALPHA)]
    rows += [_sizes(f"{name}, below the domain", between, [s.either for s in between], 0.0, 0.06)]
    if asymptotic:
        rows += [_sizes(f"{name}, in the domain", asymptotic, [s.either for s in asymptotic], 0.03, 0.06)]
    return rows


def large_size(calls: Calls, rate: float, effort: float) -> list[Row]:
    """Give the size of many calls at one rate, over the counts that are likely enough to matter."""
    del effort
    windows = [[int(x) for x in range(*_likely(n, rate))] for n in calls]
    size = size_of(calls, rate, tables(calls, *windows))
    asymptotic = min(calls) * rate >= SCORE_EXPECTED
    name = f"{calls[0]} : {calls[1]} calls at {100 * rate:g} %"
    where = "in the domain" if asymptotic else "below the domain"
    return [_sizes(f"{name}, {where}", [size], [size.either], 0.03 if asymptotic else 0.0, 0.06)]


def coverages(calls: Calls, effort: float) -> list[Row]:
    """Give the least and the mean coverage of the interval of the difference."""
    del effort
    held = coverage(calls, every_table(calls))
    name = f"{calls[0]} : {calls[1]} calls"
    inside = np.minimum.outer(*(n * np.minimum(RATES, 1 - np.array(RATES)) for n in calls)) >= COVERED_EXPECTED
    mean = float(held.mean())
    return [
        _worst(f"{name}, at the worst rates of the domain", np.where(inside, held, 1.0), least=0.93),
        # Reported: where an arm expects less than one success or failure, a score interval has corners below 93 %.
        _worst(f"{name}, at the worst rates of the whole grid", held, least=-math.inf),
        Row(COVERAGE, f"{name}, on average", mean, mean, mean, least=0.945, exact=True),
    ]


def _worst(what: str, held: _Floats, *, least: float) -> Row:
    i, j = np.unravel_index(int(held.argmin()), held.shape)
    worst = float(held[i, j])
    note = f"at {100 * RATES[i]:g} % and {100 * RATES[j]:g} %; {int((held < 0.93).sum())} points under 93 %"
    return Row(COVERAGE, what, worst, worst, worst, least=least, exact=True, note=note)


def _sizes(what: str, sizes: Sequence[Size], values: Sequence[float], least: float, most: float) -> Row:
    worst = sizes[int(np.argmax(values))].rate
    return Row(
        "One reading of two proportions, false positives at 5 %",
        what,
        float(np.mean(values)),
        min(values),
        max(values),
        least,
        most,
        exact=True,
        note=f"most at {100 * worst:g} %",
    )


def _likely(n: int, rate: float) -> tuple[int, int]:
    """Return the range of counts that leaves less than 1e-5 outside on each side."""
    return int(binom.ppf(1e-5, n, rate)), int(binom.isf(1e-5, n, rate)) + 1


TASKS: tuple[Task, ...] = (
    *(Task(f"size {calls}", partial(small_sizes, calls)) for calls in SMALL),
    *(Task(f"size {calls} {rate}", partial(large_size, calls, rate)) for calls, rate in LARGE),
    *(Task(f"coverage {calls}", partial(coverages, calls)) for calls in COVERED),
)
