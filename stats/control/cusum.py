"""The cumulative sum of log likelihood ratios: the quickest way to see that the odds have changed by a given factor."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import stats as distributions

from stats.checks import require
from stats.control.baseline import Baseline
from stats.control.days import DayCount, logit, share_of
from stats.control.run_length import Steps, mean_run_length, threshold_for

__all__ = ["Cusum", "count_steps", "cusum", "designed_cusum", "drift", "weight"]

_REPRESENTED = 5
"""Kinds of day by their number of calls that stand for all days when a threshold is found."""
_NOTHING = 1e-13


@dataclass(frozen=True, slots=True)
class Cusum:
    """A one-sided sum that is designed.

    Attributes:
        odds_ratio: Of the change looked for: above 1 a rise, below 1 a drop.
        threshold: The sum beyond which it alarms, > 0.
        days: Mean run length where nothing has changed.
        delay: Mean run length from the day on which the odds have changed by `odds_ratio`.
    """

    odds_ratio: float
    threshold: float
    days: float
    delay: float


def weight(n: float, successes: float, p: float, odds_ratio: float, *, spread: float = 1.0) -> float:
    """Give the log likelihood ratio of a day's count: odds changed by the ratio, against unchanged.

    Page (1954, Biometrika 41:100), for odds as Steiner, Cook, Farewell & Treasure (2000, Biostatistics 1:441): of x in
    n it is x log r - n log(1 - p + r p). Where days differ more than binomial ones it is divided by how much more their
    variance is (Wedderburn's quasi-likelihood, 1974, Biometrika 61:439). One call is n = 1.

    Args:
        n: Calls, >= 0.
        successes: Of them.
        p: Expected of the day, in (0, 1).
        odds_ratio: > 0, not 1.
        spread: Standard deviation of days in binomial ones, > 0.
    """
    return (successes * math.log(odds_ratio) - n * math.log1p(p * (odds_ratio - 1))) / spread**2


def cusum(
    days: Sequence[DayCount], baseline: Baseline, odds_ratio: float, *, spread: float | None = None
) -> list[float]:
    """Sum up days against a baseline: max(0, sum + weight), from 0 on; days without calls leave it where it is.

    Args:
        days: In their order.
        baseline: What is expected.
        odds_ratio: Of the change looked for, > 0.
        spread: As of `weight`; None takes the baseline's.

    Raises:
        ValueError: When `odds_ratio` is not above 0.
    """
    require("odds_ratio", odds_ratio, above=0)
    wide = baseline.spread if spread is None else spread
    sums, at = [], 0.0
    for day in days:
        at = max(0.0, at + weight(day.n, day.successes, baseline.expected(day.weekday), odds_ratio, spread=wide))
        sums.append(at)
    return sums


def designed_cusum(
    sizes: Sequence[int], baseline: Baseline, odds_ratio: float, *, days: float, cautious: bool = True
) -> Cusum:
    """Find the threshold for which nothing but a change of the odds alarms more often than every so many days.

    A baseline is an estimate, and a sum adds its error up day after day. Cautious, the run length holds for a rate and
    a spread that lie so far towards the alarm as they do in one of ten baselines (after Gandy & Kvaløy 2013,
    Scandinavian Journal of Statistics 40:647: to be right about the chart at hand, and not on average over all).

    Args:
        sizes: Calls a day, of days like those to come; at least one above 0.
        baseline: What is expected.
        odds_ratio: > 0, not 1.
        days: Mean run length, > 1.
        cautious: Whether to allow for the baseline's error.

    Raises:
        ValueError: When an argument is out of its bounds, or no threshold will do.
    """
    require("odds_ratio", odds_ratio, above=0)
    require("calls of all days", sum(sizes), at_least=1)
    spread = baseline.widest if cautious else baseline.spread
    towards = math.copysign(baseline.furthest if cautious else 0.0, math.log(odds_ratio))
    of_days = [n for n in sizes if n]
    kinds = np.quantile(of_days, (np.arange(_REPRESENTED) + 0.5) / _REPRESENTED, method="nearest")
    return _designed(tuple(int(n) for n in kinds), baseline.rate, odds_ratio, spread, towards, days)


@lru_cache(maxsize=4096)
def _designed(kinds: tuple[int, ...], p: float, odds_ratio: float, spread: float, towards: float, days: float) -> Cusum:
    """Design a sum; remembered, since a baseline stays what it is for months and its chart is looked at daily."""

    def steps(moved: float) -> Steps:
        return Steps.mixed([count_steps(n, p, odds_ratio, spread=spread, moved=moved) for n in kinds]).gathered()

    threshold = threshold_for(steps(towards), days)
    known, after = (mean_run_length(steps(moved), threshold, states=60) for moved in (0.0, math.log(odds_ratio)))
    return Cusum(odds_ratio, threshold, known, after)


def drift(n: float, baseline: Baseline, odds_ratio: float) -> float:
    """Give what a day of n calls adds to the sum on average once the odds have changed by the ratio.

    Args:
        n: Calls, > 0.
        baseline: What was expected before; the spread taken is its widest.
        odds_ratio: > 0.
    """
    changed = share_of(logit(baseline.rate) + math.log(odds_ratio))
    return weight(n, n * changed, baseline.rate, odds_ratio, spread=baseline.widest)


def count_steps(n: int, p: float, odds_ratio: float, *, spread: float = 1.0, moved: float = 0.0) -> Steps:
    """Give what a day of n calls adds to the sum, and how likely each value is when the log odds are moved.

    Counts are binomial, or beta-binomial with the variance that `spread` says (Skellam 1948, JRSS B 10:257).

    Args:
        n: Calls, >= 1.
        p: Expected, in (0, 1).
        odds_ratio: > 0.
        spread: Standard deviation of days in binomial ones, >= 1.
        moved: Difference of the true log odds from those of p.
    """
    true = share_of(logit(p) + moved)
    alike = (spread**2 - 1) / (n - 1) if n > 1 else 0.0
    law: Any = distributions.binom
    shape: tuple[float, ...] = (n, true)
    if alike > 0:
        scale = 1 / min(alike, 0.999) - 1
        law, shape = distributions.betabinom, (n, true * scale, (1 - true) * scale)
    mean, variance = map(float, law.stats(*shape))
    reach = 12 * math.sqrt(variance) + 30
    x = np.arange(max(0, math.floor(mean - reach)), min(n, math.ceil(mean + reach)) + 1)
    chances = np.asarray(law.pmf(x, *shape), dtype=np.float64)
    kept = chances > _NOTHING
    values = (x[kept] * math.log(odds_ratio) - n * math.log1p(p * (odds_ratio - 1))) / spread**2
    return Steps(np.asarray(values, dtype=np.float64), chances[kept] / chances[kept].sum())
