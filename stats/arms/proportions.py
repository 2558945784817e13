"""Compare two proportions of independent calls.

One family of answers, so that a page never contradicts itself: the score test, its inversion for the interval of the
difference (Miettinen & Nurminen 1985), and its inversion for the lift. Hence p < alpha, "the interval excludes 0" and
"the lift's interval excludes 0" are one statement. In small cells the score statistic stays and only its distribution
is made exact (Barnard's test), so that there alone, in a few borderline tables, p and interval may disagree: p decides.
"""

import math

from scipy import optimize

from stats.arms.exact import barnard_p
from stats.arms.score import difference_excess, pooled_z, ratio_excess
from stats.checks import require_share
from stats.comparison import Comparison
from stats.moments import Counts
from stats.tails import normal_quantile, two_sided_p

__all__ = ["compare_proportions", "interval"]


def compare_proportions(control: Counts, challenger: Counts, *, alpha: float = 0.05) -> Comparison:
    """Compare the success rates of two arms whose calls are independent.

    p is Barnard's exact one when an expected count is under 5 (method "barnard"), else the normal tail of the score
    statistic with the N - 1 correction (method "score"; Campbell 2007, Statistics in Medicine 26:3661). An arm without
    calls gives nan, not an exception.

    Args:
        control: Calls and successes of the control.
        challenger: Calls and successes of the challenger.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    known = control.n > 0 and challenger.n > 0
    small = known and _smallest_expected(control, challenger) < 5
    low, high = _difference_interval(control, challenger, alpha) if known else (math.nan, math.nan)
    relative, relative_low, relative_high = _lift(control, challenger, alpha) if known else (None, None, None)
    return Comparison(
        control=control.rate,
        challenger=challenger.rate,
        difference=challenger.rate - control.rate,
        low=low,
        high=high,
        p_value=_p_value(control, challenger, small) if known else math.nan,
        standard_error=math.sqrt(_variance(control) + _variance(challenger)),
        confidence=1 - alpha,
        relative=relative,
        relative_low=relative_low,
        relative_high=relative_high,
        method="barnard" if small else "score",
        degrees_of_freedom=None,
        control_n=control.n,
        challenger_n=challenger.n,
    )


def interval(counts: Counts, alpha: float = 0.05) -> tuple[float, float]:
    """Return Wilson's score interval of one rate (1927, JASA 22:209); nan without calls.

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    if not counts.n:
        return math.nan, math.nan
    z, n, p = normal_quantile(alpha / 2), counts.n, counts.rate
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if counts.successes == 0 else centre - half
    high = 1.0 if counts.successes == n else centre + half
    return low, high


def _smallest_expected(control: Counts, challenger: Counts) -> float:
    both = control + challenger
    return min(control.n, challenger.n) * min(both.rate, 1 - both.rate)


def _p_value(control: Counts, challenger: Counts, small: bool) -> float:
    return barnard_p(control, challenger) if small else two_sided_p(pooled_z(control, challenger))


def _variance(counts: Counts) -> float:
    return counts.rate * (1 - counts.rate) / counts.n if counts.n else math.nan


def _difference_interval(control: Counts, challenger: Counts, alpha: float) -> tuple[float, float]:
    """Invert the score test of every difference: Miettinen & Nurminen (1985), Statistics in Medicine 4:213."""
    z = normal_quantile(alpha / 2)
    observed = challenger.rate - control.rate
    step = 1e-9  # the excess may be exactly 0 at the observed difference, which is not the root wanted

    def end(bound: float) -> float:
        near = observed + math.copysign(step, bound)
        if abs(near) >= 1:
            return bound
        return float(optimize.brentq(lambda d: difference_excess(control, challenger, d, z), near, bound))

    return end(-1.0), end(1.0)


def _lift(control: Counts, challenger: Counts, alpha: float) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return the lift and the inverted score test of every ratio: Miettinen & Nurminen (1985).

    Withheld when the control's own interval reaches zero, which Wilson's does only without a success.
    """
    if interval(control, alpha)[0] <= 0:
        return None, None, None
    z = normal_quantile(alpha / 2)
    observed = challenger.rate / control.rate

    def excess(ratio: float) -> float:
        return ratio_excess(control, challenger, ratio, z)

    far = max(observed, 1 / challenger.n) * 2
    while excess(far) < 0:
        far *= 2
    high = float(optimize.brentq(excess, observed + 1e-9, far))
    low = float(optimize.brentq(excess, 0.0, observed - 1e-9)) if challenger.successes else 0.0
    return observed - 1, low - 1, high - 1
