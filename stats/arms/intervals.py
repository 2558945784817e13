"""Intervals in closed form: of one rate, and of the difference of two. Never: the ones that a page decides by.

`stats.arms.proportions` picks the interval that agrees with its p-value. These are for what has no second arm (the
steps of a funnel), for reference, and for readers who know a method by name.
"""

import math
from dataclasses import dataclass

from scipy import special

from stats.checks import require_share
from stats.moments import Counts
from stats.tails import normal_quantile

__all__ = ["Interval", "clopper_pearson", "newcombe", "wald", "wilson"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Two ends, equal-tailed; both nan when an arm has no calls.

    Attributes:
        low: Lower end, on the scale of what is estimated.
        high: Upper end of it.
    """

    low: float
    high: float


_UNKNOWN = Interval(math.nan, math.nan)


def wilson(counts: Counts, *, alpha: float = 0.05) -> Interval:
    """Return Wilson's score interval of one rate (1927, JASA 22:209), without continuity correction.

    It covers about 1 - alpha on average over rates, and has no need of a large number of calls.

    Args:
        counts: Independent calls and their successes.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    if not counts.n:
        return _UNKNOWN
    z, n, p = normal_quantile(alpha / 2), counts.n, counts.rate
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(
        0.0 if counts.successes == 0 else centre - half,
        1.0 if counts.successes == n else centre + half,
    )


def clopper_pearson(counts: Counts, *, alpha: float = 0.05) -> Interval:
    """Return the exact interval of one rate (Clopper & Pearson 1934, Biometrika 26:404).

    Each end is missed with a chance of at most alpha / 2, whatever the rate; mostly of much less.

    Args:
        counts: Independent calls and their successes.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    x, n = counts.successes, counts.n
    if not n:
        return _UNKNOWN
    return Interval(
        float(special.betaincinv(x, n - x + 1, alpha / 2)) if x > 0 else 0.0,
        float(special.betainccinv(x + 1, n - x, alpha / 2)) if x < n else 1.0,
    )


def newcombe(control: Counts, challenger: Counts, *, alpha: float = 0.05) -> Interval:
    """Return Newcombe's interval of the difference, from two Wilson intervals (1998, Statistics in Medicine 17:873).

    Method 10 there, without continuity correction. It belongs to no test, so that it may include 0 where p is below
    alpha, or exclude it where p is not.

    Args:
        control: Independent calls of the control.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    a, b = wilson(control, alpha=alpha), wilson(challenger, alpha=alpha)
    difference = challenger.rate - control.rate
    return Interval(
        difference - math.hypot(challenger.rate - b.low, a.high - control.rate),
        difference + math.hypot(b.high - challenger.rate, control.rate - a.low),
    )


def wald(control: Counts, challenger: Counts, *, alpha: float = 0.05) -> Interval:
    """Return the textbook interval of the difference: the normal quantile times the unpooled standard error.

    For large samples only: without a success in either arm its width is 0, and with few it covers far too little
    (Agresti & Caffo 2000, American Statistician 54:280). It may reach beyond -1 and 1.

    Args:
        control: Independent calls of the control.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    difference = challenger.rate - control.rate
    half = normal_quantile(alpha / 2) * math.sqrt(_variance(control) + _variance(challenger))
    return Interval(difference - half, difference + half)


def _variance(counts: Counts) -> float:
    return counts.rate * (1 - counts.rate) / counts.n if counts.n else math.nan
