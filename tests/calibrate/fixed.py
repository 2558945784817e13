"""One planned reading of two proportions: its true size and its interval's true coverage, over every outcome.

Nothing is drawn here. Every table that can occur is handed to `compare_proportions` and weighted with its probability,
so that the figures have no error of simulation.
"""

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

COVERAGE = "Interval of the difference at 95 %, by the method picked for the table, coverage"

SMALL: tuple[Calls, ...] = ((20, 20), (40, 40), (100, 100), (30, 90))
LARGE: tuple[tuple[Calls, float], ...] = (
    ((400, 400), 0.01),
    ((400, 400), 0.1),
    ((2000, 2000), 0.002),
    ((2000, 2000), 0.05),
    ((3600, 400), 0.1),
)
COVERED: tuple[Calls, ...] = ((10, 10), (20, 20), (10, 40), (40, 40), (30, 90), (60, 60), (100, 100))
SELDOM: tuple[tuple[Calls, float, float], ...] = (
    ((400, 400), 0.005, 0.005),
    ((400, 400), 0.005, 0.02),
    ((400, 400), 0.01, 0.1),
    ((2000, 2000), 0.002, 0.004),
    ((900, 100), 0.01, 0.03),
)
"""Calls, and the rates of control and challenger at which coverage is enumerated over the counts that can matter."""
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


@dataclass(frozen=True, slots=True)
class Missed:
    """The chance that the truth lies below the interval's low end, and above its high end."""

    low: _Floats
    high: _Floats


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


def misses(calls: Calls, seen: Tables, rates: Sequence[float] = RATES) -> Missed:
    """Return the chance that the truth lies outside, for each control rate (rows) and challenger rate (columns)."""
    a = [np.asarray(binom.pmf(seen.control, calls[0], rate)) for rate in rates]
    b = [np.asarray(binom.pmf(seen.challenger, calls[1], rate)) for rate in rates]
    truth = [[q - p for q in rates] for p in rates]
    places = range(len(rates))
    return Missed(
        np.array([[a[i] @ (truth[i][j] < seen.low) @ b[j] for j in places] for i in places]),
        np.array([[a[i] @ (seen.high < truth[i][j]) @ b[j] for j in places] for i in places]),
    )


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
    """Give the least and the mean coverage of the interval of the difference, and how unequal its tails can be."""
    del effort
    missed = misses(calls, every_table(calls))
    held = 1 - missed.low - missed.high
    name = f"{calls[0]} : {calls[1]} calls"
    mean, tail = float(held.mean()), float(np.maximum(missed.low, missed.high).max())
    return [
        _worst(f"{name}, at the worst rates", held, least=0.93),
        Row(COVERAGE, f"{name}, on average", mean, mean, mean, least=0.945, exact=True),
        # Told: the inverted test is two-sided, and at extreme rates nearly all its error is at one end.
        Row(COVERAGE, f"{name}, missed at one end, at the worst rates", tail, tail, tail, exact=True),
    ]


def seldom(calls: Calls, rates: tuple[float, float], effort: float) -> list[Row]:
    """Give the coverage of many calls with few successes at one pair of rates."""
    del effort
    windows = [[int(x) for x in range(*_likely(n, rate))] for n, rate in zip(calls, rates, strict=True)]
    missed = misses(calls, tables(calls, *windows), rates)
    held = 1 - float(missed.low[0, 1] + missed.high[0, 1])
    name = f"{calls[0]} : {calls[1]} calls at {100 * rates[0]:g} % and {100 * rates[1]:g} %"
    return [Row(COVERAGE, name, held, held, held, least=0.93, exact=True)]


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
    *(Task(f"coverage {calls} {p} {q}", partial(seldom, calls, (p, q))) for calls, p, q in SELDOM),
)
