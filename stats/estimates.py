"""What one arm comes to, with its sampling variance; and two arms compared by a t distribution."""

import math
from dataclasses import dataclass

from stats.checks import require_share
from stats.comparison import Comparison
from stats.tails import t_quantile, two_sided_p

__all__ = ["Estimate", "Lift", "compare_estimates", "delta_lift", "fieller_lift", "welch_degrees_of_freedom"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One arm's rate.

    Attributes:
        rate: On the scale of the metric; nan when the arm has no denominator.
        variance: Sampling variance of `rate`; nan when unknown, which it is below two units.
        units: Number of units that were randomised.
    """

    rate: float
    variance: float
    units: int


@dataclass(frozen=True, slots=True)
class Lift:
    """The challenger's rate per control's rate, less one: 0.05 is five per cent more.

    Attributes:
        relative: What was seen.
        low: Lower end of its interval.
        high: Upper end of it.
    """

    relative: float
    low: float
    high: float


def compare_estimates(
    control: Estimate, challenger: Estimate, *, degrees_of_freedom: float, alpha: float, method: str
) -> Comparison:
    """Compare two independent arms by Student's t, each with its own variance.

    Without spread in both arms, or without degrees of freedom, nothing is known of the error: nan, not an exception.

    Args:
        control: The control's rate.
        challenger: The challenger's rate.
        degrees_of_freedom: Of the t distribution, > 0; nan when unknown.
        alpha: 1 - confidence, in (0, 1).
        method: The slug by which the comparison names itself.

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    difference = challenger.rate - control.rate
    standard_error = math.sqrt(control.variance + challenger.variance)
    df = degrees_of_freedom if standard_error > 0 else math.nan
    t = t_quantile(alpha / 2, df)
    lift = _fieller(control, challenger, t)
    return Comparison(
        control=control.rate,
        challenger=challenger.rate,
        difference=difference,
        low=difference - t * standard_error,
        high=difference + t * standard_error,
        p_value=two_sided_p(difference / standard_error, df) if standard_error > 0 else math.nan,
        standard_error=standard_error,
        confidence=1 - alpha,
        relative=lift.relative if lift else None,
        relative_low=lift.low if lift else None,
        relative_high=lift.high if lift else None,
        method=method,
        degrees_of_freedom=df,
        control_n=control.units,
        challenger_n=challenger.units,
    )


def welch_degrees_of_freedom(control: Estimate, challenger: Estimate) -> float:
    """Return Welch's degrees of freedom (1947, Biometrika 34:28), from the variances seen; nan without any variance."""
    a, b = control.variance, challenger.variance
    if not a + b > 0:
        return math.nan
    share = a / (a + b)
    return 1 / (share**2 / (control.units - 1) + (1 - share) ** 2 / (challenger.units - 1))


def fieller_lift(
    control: Estimate, challenger: Estimate, *, degrees_of_freedom: float = math.inf, alpha: float = 0.05
) -> Lift | None:
    """Return the lift with Fieller's interval (1954, JRSS B 16:175), which agrees with the difference about zero.

    The arms must be independent. None when the control's interval reaches zero, or lies below it, or is not known: a
    share of nothing is nothing.

    Args:
        control: The control's rate.
        challenger: The challenger's rate.
        degrees_of_freedom: Of the t distribution, > 0; inf for the normal, nan when unknown.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    return _fieller(control, challenger, t_quantile(alpha / 2, degrees_of_freedom))


def delta_lift(
    control: Estimate, challenger: Estimate, *, degrees_of_freedom: float = math.inf, alpha: float = 0.05
) -> Lift | None:
    """Return the lift with the symmetric interval of the delta method, for those who ask for it.

    Its variance is (variance of the challenger + ratio squared * variance of the control) / control squared (Deng,
    Knoblich & Lu 2018, KDD '18:233, section 2.2). It is close to Fieller's when the control is many standard errors
    from zero; nearer to zero it misses the long upper side, and may contradict the difference. Withheld as Fieller's.

    Args:
        control: The control's rate.
        challenger: The challenger's rate, from independent units.
        degrees_of_freedom: Of the t distribution, > 0; inf for the normal, nan when unknown.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    t = t_quantile(alpha / 2, degrees_of_freedom)
    if not _clear_of_zero(control, t):
        return None
    ratio = challenger.rate / control.rate
    half = t * math.sqrt(challenger.variance + ratio**2 * control.variance) / control.rate
    return Lift(ratio - 1, ratio - 1 - half, ratio - 1 + half)


def _clear_of_zero(control: Estimate, t: float) -> bool:
    return control.rate > 0 and control.rate**2 - t**2 * control.variance > 0


def _fieller(control: Estimate, challenger: Estimate, t: float) -> Lift | None:
    if not _clear_of_zero(control, t):
        return None
    base, top = control.rate, challenger.rate
    floor = base**2 - t**2 * control.variance
    half = math.sqrt(max((base * top) ** 2 - floor * (top**2 - t**2 * challenger.variance), 0.0))
    return Lift(top / base - 1, (base * top - half) / floor - 1, (base * top + half) / floor - 1)
