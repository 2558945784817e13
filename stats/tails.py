"""Tail areas and quantiles, taken from the tail itself so that a large effect keeps its digits.

`1 - cdf` loses every digit beyond eight standard errors and then says exactly 0; here the far tail is evaluated
directly, and what underflows a float even so is given as the smallest float, because no data prove p = 0.
"""

import math
import sys

from scipy import special

__all__ = ["bernstein_reach", "chi_square_p", "normal_quantile", "t_quantile", "two_sided_p"]


def bernstein_reach(variance: float, chance: float) -> float:
    """Return how far above its mean a sum of independent throws can be, but for a chance.

    Bernstein's inequality (Boucheron, Lugosi & Massart 2013, Concentration Inequalities, section 2.8).

    Args:
        variance: Of the sum, or a bound of it, >= 0.
        chance: That it is further away, on this side; in (0, 1).
    """
    log_chance = -math.log(chance)
    return log_chance / 3 + math.sqrt((log_chance / 3) ** 2 + 2 * log_chance * variance)


def two_sided_p(statistic: float, degrees_of_freedom: float = math.inf) -> float:
    """Return the two-sided p-value of a z, or of a t with the given degrees of freedom; in (0, 1], or nan."""
    if math.isnan(statistic) or math.isnan(degrees_of_freedom):
        return math.nan
    far = -abs(statistic)
    tail = special.ndtr(far) if math.isinf(degrees_of_freedom) else special.stdtr(degrees_of_freedom, far)
    return max(2 * float(tail), sys.float_info.min)


def chi_square_p(statistic: float, degrees_of_freedom: int) -> float:
    """Return the upper tail of chi-square; in (0, 1], or nan when there are no degrees of freedom."""
    if degrees_of_freedom < 1 or math.isnan(statistic):
        return math.nan
    return max(float(special.chdtrc(degrees_of_freedom, statistic)), sys.float_info.min)


def normal_quantile(upper_tail: float) -> float:
    """Return the z that leaves `upper_tail` above it: 1.96 for 0.025."""
    return -float(special.ndtri(upper_tail))


def t_quantile(upper_tail: float, degrees_of_freedom: float) -> float:
    """Return the t that leaves `upper_tail` above it; nan when the degrees of freedom are."""
    return -float(special.stdtrit(degrees_of_freedom, upper_tail))
