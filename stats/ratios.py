"""Compare two ratios when whole units (agents, teams, shifts, customers) were randomised.

The unit decides the variance: twenty agents are twenty observations, however many calls they take.
"""

import math

from stats.checks import require_share
from stats.comparison import Comparison
from stats.moments import Moments
from stats.tails import t_quantile, two_sided_p

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
    require_share("alpha", alpha)
    difference = challenger.ratio - control.ratio
    standard_error = math.sqrt(control.variance + challenger.variance)
    df = _welch(control, challenger)
    t = t_quantile(alpha / 2, df)
    relative, relative_low, relative_high = _lift(control, challenger, t)
    return Comparison(
        control=control.ratio,
        challenger=challenger.ratio,
        difference=difference,
        low=difference - t * standard_error,
        high=difference + t * standard_error,
        p_value=two_sided_p(difference / standard_error, df) if standard_error > 0 else math.nan,
        standard_error=standard_error,
        confidence=1 - alpha,
        relative=relative,
        relative_low=relative_low,
        relative_high=relative_high,
        method="cluster-t",
        degrees_of_freedom=df,
        control_n=control.units,
        challenger_n=challenger.units,
    )


def _welch(control: Moments, challenger: Moments) -> float:
    """Return Welch & Satterthwaite's degrees of freedom; nan when there is no variance to have any."""
    a, b = control.variance, challenger.variance
    if not a + b > 0:
        return math.nan
    share = a / (a + b)
    return 1 / (share**2 / (control.units - 1) + (1 - share) ** 2 / (challenger.units - 1))


def _lift(control: Moments, challenger: Moments, t: float) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return the lift with Fieller's interval (1954, JRSS B 16:175), which agrees with the difference about zero.

    Withheld when the control's interval reaches zero, or lies below it: a share of nothing is nothing.
    """
    base, top = control.ratio, challenger.ratio
    floor = base**2 - t**2 * control.variance  # > 0 exactly when base +- t standard errors excludes zero
    if not (base > 0 and floor > 0):
        return None, None, None
    half = math.sqrt(max((base * top) ** 2 - floor * (top**2 - t**2 * challenger.variance), 0.0))
    return top / base - 1, (base * top - half) / floor - 1, (base * top + half) / floor - 1
