"""Several challengers against one control: what each comes to, with all the intervals true at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require, require_share
from stats.estimates import Estimate, compare_estimates
from stats.families.adjusting import bonferroni
from stats.tails import t_quantile

__all__ = ["Simultaneous", "bonferroni_intervals", "sidak_alpha"]


@dataclass(frozen=True, slots=True)
class Simultaneous:
    """One challenger of a family against the control; what could not be computed is nan.

    Attributes:
        difference: Challenger minus control, on the scale of the metric.
        low: Lower end of its interval; with chance 1 - alpha the intervals of the whole family hold at once.
        high: Upper end of it.
        p_value: Two-sided and adjusted for the family, in (0, 1]; at most alpha exactly when the interval excludes 0.
        standard_error: Of the difference.
        critical_value: How many standard errors the interval reaches to each side.
    """

    difference: float
    low: float
    high: float
    p_value: float
    standard_error: float
    critical_value: float


def sidak_alpha(number: int, *, alpha: float = 0.05) -> float:
    """Return the alpha at which each of several comparisons is to be made alone, so that the family keeps `alpha`.

    1 - (1 - alpha)^(1 / number): exact for independent comparisons and, two-sided, conservative for normal ones however
    correlated (Šidák 1967, JASA 62:626). It holds too when each comparison is looked at several times: that none of the
    looks of one is ever beyond its boundary is a convex set symmetric about 0, and such sets are never less likely
    together than if they were independent (Royen 2014, Far East Journal of Theoretical Statistics 48:139).

    Args:
        number: Comparisons in the family, >= 1.
        alpha: Two-sided, of the family, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1) or `number` is under 1.
    """
    require_share("alpha", alpha)
    require("number", number, at_least=1)
    return -math.expm1(math.log1p(-alpha) / number)


def bonferroni_intervals(
    control: Estimate, challengers: Sequence[Estimate], *, alpha: float = 0.05, degrees_of_freedom: Sequence[float]
) -> tuple[Simultaneous, ...]:
    """Compare each challenger at alpha over their number (Dunn 1961, JASA 56:52), whatever their dependence.

    For challengers whose standard errors have degrees of freedom of their own; where they share them,
    `families.dunnett` is sharper. A challenger of which nothing is known counts all the same.

    Args:
        control: The control's rate.
        challengers: Theirs, each independent of the control.
        alpha: Chance that any of the intervals is wrong, in (0, 1).
        degrees_of_freedom: One a challenger, > 0; inf for a normal, nan when unknown.

    Returns:
        One a challenger, in their order.

    Raises:
        ValueError: When `alpha` is not in (0, 1), or there is not one number of degrees of freedom a challenger.
    """
    require_share("alpha", alpha)
    if len(degrees_of_freedom) != len(challengers):
        raise ValueError(f"degrees_of_freedom has length {len(degrees_of_freedom)}, must be {len(challengers)}")
    each = [
        compare_estimates(control, arm, degrees_of_freedom=df, alpha=alpha / len(challengers), method="bonferroni")
        for arm, df in zip(challengers, degrees_of_freedom, strict=True)
    ]
    adjusted = bonferroni([one.p_value for one in each])
    return tuple(
        Simultaneous(
            difference=one.difference,
            low=one.low,
            high=one.high,
            p_value=p,
            standard_error=one.standard_error,
            critical_value=t_quantile(alpha / 2 / len(challengers), one.degrees_of_freedom or math.nan),
        )
        for one, p in zip(each, adjusted, strict=True)
    )
