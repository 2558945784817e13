"""Compare two proportions when calls were randomised within strata: agents, each with calls in both arms.

Every agent is compared with himself, so that neither good agents nor busy ones can lean on one arm; and the variance is
that within agents. As in `stats.arms.proportions` there is one family of answers: p is that of Cochran, Mantel and
Haenszel without correction, the intervals of difference and lift invert the same statistic (`stratified_score` has the
proof), and p < alpha, "the interval excludes 0" and "the lift's interval excludes 0" are one statement.

What is estimated: the mean of the agents' own differences, weighted with n0 n1 / n, over *these* agents. Where agents
differ in how the challenger works for them, the error given is that of the mean for the agents who took part, not for
agents who might be hired: for those the spread of the agents' differences would come on top (`stats.segments`).
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize

from stats.arms.brackets import closer
from stats.arms.strata import Strata, Tables, tables
from stats.arms.stratified_score import difference_excess, ratio_excess, weighted_rates
from stats.checks import require_share
from stats.comparison import Comparison
from stats.tails import normal_quantile, two_sided_p

__all__ = ["compare_stratified"]

_STEP = 1e-9  # the excess may be exactly 0 at what was observed, which is not the root wanted


def compare_stratified(strata: Strata, *, alpha: float = 0.05) -> Comparison:
    """Compare the success rates of two arms within strata, by Mantel and Haenszel's difference and its score interval.

    Calls are independent within a stratum and arm; strata may be as many and as small as they please, and as unequal:
    the variance without an effect is exact in each (Miettinen & Nurminen 1985, Statistics in Medicine 4:213; Mantel &
    Haenszel 1959, JNCI 22:719). p is normal when `strata_use(strata).mantel_fleiss` is 5 or more. Far from zero the
    interval is somewhat too wide in strata of a few calls and rare successes: with 2 to 8 calls, at 10 against 14 %, it
    holds the truth in 97 of 100 tests. Strata with one arm empty drop out: `strata_use` counts them.

    `control` and `challenger` are the arms' rates averaged over strata with the weights n0 n1 / n, `difference` is
    Mantel and Haenszel's, and `relative` theirs also: their risk ratio, less 1. `standard_error` is that of Sato (1989,
    Biometrics 45:1323), right for few large strata and for many small ones. Without a stratum to compare: nan.

    Args:
        strata: One (control, challenger) a stratum.
        alpha: 1 - confidence, in (0, 1).

    Returns:
        The comparison, with the method "stratified-score"; its n are the calls in strata that were compared.

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    t = tables(strata)
    known = len(t.n) > 0
    control, challenger = weighted_rates(t) if known else (math.nan, math.nan)
    score = t.excess / math.sqrt(t.null_variance) if t.null_variance else 0.0
    z = normal_quantile(alpha / 2)
    low, high = _difference_interval(t, score, z) if known else (math.nan, math.nan)
    relative, relative_low, relative_high = _lift(t, score, z) if control > 0 else (None, None, None)
    return Comparison(
        control=control,
        challenger=challenger,
        difference=challenger - control,
        low=low,
        high=high,
        p_value=two_sided_p(score) if known else math.nan,
        standard_error=_standard_error(t) if known else math.nan,
        confidence=1 - alpha,
        relative=relative,
        relative_low=relative_low,
        relative_high=relative_high,
        method="stratified-score",
        degrees_of_freedom=None,
        control_n=int(t.n0.sum()),
        challenger_n=int(t.n1.sum()),
    )


def _difference_interval(t: Tables, score: float, z: float) -> tuple[float, float]:
    control, challenger = weighted_rates(t)
    observed, reach = challenger - control, z * _standard_error(t)

    def end(bound: float) -> float:
        near = observed + math.copysign(_STEP, bound)
        if abs(near) >= 1:
            return bound
        expected = observed + math.copysign(reach, bound)
        return _end(lambda d: difference_excess(t, d, z), near, 0.0, bound, expected, score, z)

    return end(-1.0), end(1.0)


def _lift(t: Tables, score: float, z: float) -> tuple[float, float, float]:
    """Return the lift and its interval; the control must have a success, else its interval reaches zero."""
    control, challenger = weighted_rates(t)
    observed, reach = challenger / control, z * _standard_error(t) / control

    def excess(ratio: float) -> float:
        return ratio_excess(t, ratio, z)

    far = max(observed, 1.0) * 2
    while excess(far) < 0:
        far *= 2
    high = _end(excess, observed + _STEP, 1.0, far, observed + reach, score, z)
    low = _end(excess, observed - _STEP, 1.0, 0.0, observed - reach, score, z) if observed > _STEP else 0.0
    return observed - 1, low - 1, high - 1


def _end(
    excess: Callable[[float], float], near: float, null: float, bound: float, expected: float, score: float, z: float
) -> float:
    """Find an end of the interval between what was observed and the bound, on the side of null where p puts it.

    p decides first, so that rounding can never let the interval contradict it.
    """
    if (near - null) * (bound - null) < 0:
        near, bound = (near, null) if abs(score) > z else (null, bound)
    if excess(near) * excess(bound) > 0:  # rounding: the root is at null itself
        return null
    return float(optimize.brentq(excess, *closer(excess, near, bound, expected)))


def _standard_error(t: Tables) -> float:
    """Return Sato's standard error of Mantel and Haenszel's difference (1989), formula 3."""
    control, challenger = weighted_rates(t)
    share0, share1 = t.n0 / t.n, t.n1 / t.n
    tilt = np.sum(t.x0 * share1**2 - t.x1 * share0**2 + share0 * share1 * (t.n0 - t.n1) / 2)
    own = np.sum(t.x1 * (t.n0 - t.x0) / t.n + t.x0 * (t.n1 - t.x1) / t.n) / 2
    return math.sqrt(max((challenger - control) * float(tilt) + float(own), 0.0)) / float(t.weight.sum())
