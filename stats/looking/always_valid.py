"""Watch an effect at any time, for as long as one likes, without spending the right to be believed."""

import math

from scipy import special

from stats.checks import require, require_share
from stats.tails import t_quantile

__all__ = ["confidence_sequence"]


def confidence_sequence(
    difference: float,
    standard_error: float,
    n: int,
    *,
    alpha: float = 0.05,
    planned_n: int,
    degrees_of_freedom: float = math.inf,
) -> tuple[float, float]:
    """Return an interval that holds the true difference at all times at once, with chance 1 - alpha.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024, Annals of Statistics
    52:2613), theorem 2.2, with the mixture's variance chosen so that the interval is narrowest at `planned_n` (their
    appendix on the choice of rho, exactly, by Lambert's W). Asymptotic: begin to read it when each arm has some ten
    successes.

    For one side only, harm, the chance of a false alarm is at most alpha / 2 over Phi(root(2 log(1 / alpha))), 2.518 %
    for alpha 0.05: at the end of the interval the mixture over effects of one sign alone, a martingale of its own, is
    at least twice that Phi over alpha (Robbins 1970, Annals of Mathematical Statistics 41:1397, the half-normal
    mixture). The one-sided sequence of Waudby-Smith et al. (their appendix) is therefore not narrower, but a trifle
    wider.

    Args:
        difference: Now, challenger minus control.
        standard_error: Of the difference, now.
        n: Observations so far, both arms together (calls; units when clustered).
        alpha: Chance that the interval is ever wrong, in (0, 1).
        planned_n: Observations planned, counted as `n` is: where the watch should be sharpest.
        degrees_of_freedom: Of the standard error. With few clusters it is itself uncertain, and the width is taken at
            the same tail of the t distribution instead of the normal's: a calibrated choice, not a theorem.

    Returns:
        (low, high); nan when the standard error is nan or 0, since no spread is not certainty.

    Raises:
        ValueError: When `alpha` is not in (0, 1), `n` < 0 or `planned_n` < 1.
    """
    require_share("alpha", alpha)
    require("n", n, at_least=0)
    require("planned_n", planned_n, at_least=1)
    if n == 0 or math.isnan(difference) or not 0 < standard_error < math.inf:
        return math.nan, math.nan
    mixed = n * _mixture_variance(alpha) / planned_n
    width = math.sqrt(2 * (mixed + 1) / mixed * math.log(math.sqrt(mixed + 1) / alpha))
    half = standard_error * (width if math.isinf(degrees_of_freedom) else _as_t(width, degrees_of_freedom))
    return difference - half, difference + half


def _as_t(width: float, degrees_of_freedom: float) -> float:
    """Return the t quantile that leaves as much above it as this z does."""
    return t_quantile(float(special.ndtr(-width)), degrees_of_freedom)


def _mixture_variance(alpha: float) -> float:
    """Return the rho squared that makes the interval narrowest after one observation's worth of information."""
    return -float(special.lambertw(-(alpha**2) / math.e, k=-1).real) - 1
