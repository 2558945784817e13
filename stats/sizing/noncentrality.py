"""How many standard errors away an effect must lie for a test to find it, and how often it does.

Power counts only the effect's own side: to find harm where there is benefit is not to have found it.
"""

import math
from collections.abc import Callable

from scipy import optimize, special

from stats.checks import require, require_share
from stats.tails import normal_quantile, t_quantile

__all__ = ["noncentrality_for", "power_at", "require_errors", "smallest_size"]

_NOISELESS = 1e4  # standard errors: the effect's own noise is nothing beside the spread's, and nctdtr fails at 1e5


def power_at(noncentrality: float, *, alpha: float = 0.05, degrees_of_freedom: float = math.inf) -> float:
    """Return the chance that a two-sided test at `alpha` finds the effect on its own side.

    The statistic is noncentral t: the effect in standard errors plus noise, over an estimated standard error (Johnson,
    Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2, chapter 31); normal without limit of the degrees.

    Args:
        noncentrality: Effect per standard error, >= 0.
        alpha: Two-sided, in (0, 1).
        degrees_of_freedom: Of the t distribution; inf for a z test.

    Returns:
        A share in [alpha / 2, 1]; nan when the degrees of freedom are not > 0, for then there is no test.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("noncentrality", noncentrality, at_least=0)
    require_share("alpha", alpha)
    if not degrees_of_freedom > 0:
        return math.nan
    if math.isinf(degrees_of_freedom):
        return float(special.ndtr(noncentrality - normal_quantile(alpha / 2)))
    critical = t_quantile(alpha / 2, degrees_of_freedom)
    if noncentrality > _NOISELESS:
        return float(special.chdtr(degrees_of_freedom, degrees_of_freedom * (noncentrality / critical) ** 2))
    return float(special.nctdtr(degrees_of_freedom, -noncentrality, -critical))


def noncentrality_for(power: float, *, alpha: float = 0.05, degrees_of_freedom: float = math.inf) -> float:
    """Return the effect per standard error that a test finds with this power: 2.80 for 80 % by a z test at 5 %.

    Args:
        power: Chance of finding the effect on its own side, in (alpha / 2, 1).
        alpha: Two-sided, in (0, 1).
        degrees_of_freedom: As `power_at`.

    Returns:
        In standard errors, > 0; nan when the degrees of freedom are not > 0.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_errors(alpha, power)
    if not degrees_of_freedom > 0:
        return math.nan
    start = normal_quantile(alpha / 2) + normal_quantile(1 - power)
    if math.isinf(degrees_of_freedom):
        return start

    def surplus(noncentrality: float) -> float:
        return power_at(noncentrality, alpha=alpha, degrees_of_freedom=degrees_of_freedom) - power

    most = 2 * start
    while surplus(most) < 0:
        most *= 2
    return float(optimize.brentq(surplus, 0.0, most, xtol=1e-12))


def smallest_size(surplus: Callable[[float], float], least: float) -> float:
    """Return the smallest size, from `least` on, at which an increasing surplus of power is not below 0.

    Args:
        surplus: Power less the power wanted, by size; must reach 0 somewhere.
        least: The smallest size that may be asked, > 0.
    """
    if surplus(least) >= 0:
        return least
    most = 2 * least
    while surplus(most) < 0:
        most *= 2
    return float(optimize.brentq(surplus, most / 2, most, rtol=1e-12))


def require_errors(alpha: float, power: float, comparisons: int = 1) -> None:
    """Refuse errors that no plan may make: a power that guessing has already, or no test to share alpha.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_share("alpha", alpha)
    require("comparisons", comparisons, at_least=1)
    require("power", power, above=alpha / comparisons / 2, below=1)
