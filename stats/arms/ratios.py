"""Compare two ratios from the sums over many units, each of which counts as one observation.

The unit decides the variance: twenty agents are twenty observations, however many calls they take. Few units, or
very unequal ones, need more than their sums: see `stats.clusters.cr2`.
"""

from stats.comparison import Comparison
from stats.estimates import Estimate, compare_estimates, welch_degrees_of_freedom
from stats.moments import Moments

__all__ = ["compare_ratios"]


def compare_ratios(control: Moments, challenger: Moments, *, alpha: float = 0.05) -> Comparison:
    """Compare total numerator per total denominator of two arms, clustered by unit.

    Each arm's variance is linearised (`Moments.variance`); the t distribution has Welch's degrees of freedom (Welch
    1947, Biometrika 34:28). Below two units in an arm, or when no unit differs from its arm's ratio, nothing is known
    of the error: nan, not an exception.

    Args:
        control: Sums over the control's units.
        challenger: Sums over the challenger's units.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    a, b = (Estimate(arm.ratio, arm.variance, arm.units) for arm in (control, challenger))
    return compare_estimates(a, b, degrees_of_freedom=welch_degrees_of_freedom(a, b), alpha=alpha, method="cluster-t")
