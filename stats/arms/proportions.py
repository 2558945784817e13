"""Compare two proportions of independent calls.

One family of answers, so that a page never contradicts itself: a test, its inversion for the interval of the
difference, and its inversion for the lift. Hence p < alpha, "the interval excludes 0" and "the lift's interval excludes
0" are one statement: by the score test in large cells, and in small ones by the same statistic with its exact
distribution (`choosing` has the rule, `inversion` the intervals).
"""

import math
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias, get_args

from stats.arms.choosing import Inverted, choose_method, equality_p
from stats.arms.inversion import inverted_interval
from stats.arms.scales import DIFFERENCE, RATIO
from stats.checks import require_share
from stats.comparison import Comparison
from stats.estimates import Estimate, compare_estimates
from stats.moments import Counts

__all__ = ["Method", "compare_proportions"]

Method: TypeAlias = Literal["barnard", "score", "wald"]
"""A family of answers that agree with each other: p-value, interval of the difference, interval of the lift."""


def compare_proportions(
    control: Counts, challenger: Counts, *, alpha: float = 0.05, method: Method | None = None
) -> Comparison:
    """Compare the success rates of two arms whose calls are independent.

    The methods are "barnard" (exact and unconditional: Barnard 1947; its intervals are Agresti & Min's, 2001), "score"
    (the normal tail with the N - 1 correction: Campbell 2007, Statistics in Medicine 26:3661; its intervals are
    Miettinen & Nurminen's, 1985) and "wald" (unpooled standard error, Fieller's interval for the lift; for large
    samples only). The lift is withheld without a success in the control. An arm without calls gives nan, not an
    exception.

    Args:
        control: Calls and successes of the control.
        challenger: Calls and successes of the challenger.
        alpha: 1 - confidence, in (0, 1).
        method: The method by name; None lets `choose_method` pick.

    Raises:
        ValueError: When `alpha` is not in (0, 1), or `method` is unknown.
    """
    require_share("alpha", alpha)
    if method is not None and method not in get_args(Method):
        raise ValueError(f"method is {method!r}, must be one of {', '.join(get_args(Method))}")
    if method == "wald" or not (control.n and challenger.n):
        return _wald(control, challenger, alpha, method or "score")
    return _inverted(control, challenger, alpha, method or choose_method(control, challenger))


def _inverted(control: Counts, challenger: Counts, alpha: float, method: Inverted) -> Comparison:
    """Answer by a test and its inversions."""
    p_value = equality_p(control, challenger, method)
    asked = partial(inverted_interval, control=control, challenger=challenger, alpha=alpha, method=method)
    difference = asked(DIFFERENCE, p_value=p_value)
    lift = asked(RATIO, p_value=p_value) if control.successes else None
    return replace(
        _wald(control, challenger, alpha, method),
        low=difference.low,
        high=difference.high,
        p_value=p_value,
        relative=challenger.rate / control.rate - 1 if lift else None,
        relative_low=lift.low - 1 if lift else None,
        relative_high=lift.high - 1 if lift else None,
    )


def _wald(control: Counts, challenger: Counts, alpha: float, method: Method) -> Comparison:
    """Answer by the unpooled standard error; nan when an arm has no calls."""
    a, b = _estimate(control), _estimate(challenger)
    found = compare_estimates(a, b, degrees_of_freedom=math.inf, alpha=alpha, method=method)
    return replace(found, degrees_of_freedom=None)


def _estimate(counts: Counts) -> Estimate:
    variance = counts.rate * (1 - counts.rate) / counts.n if counts.n else math.nan
    return Estimate(counts.rate, variance, counts.n)
