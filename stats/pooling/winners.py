"""The winner's curse: what an effect was worth that is looked at because it was significant.

Given that |Z| exceeded c, the statistic of an experiment follows a normal distribution about the true mu = effect /
standard error, cut off between -c and c, with the density phi(z - mu) / (Phi(mu - c) + Phi(-mu - c)). Everything here
is that distribution turned round.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import optimize, special

from stats.checks import require_share
from stats.pooling.meta import Effect
from stats.tails import normal_quantile

__all__ = ["Corrected", "correct_winner"]

_FAR = 40.0


@dataclass(frozen=True, slots=True)
class Corrected:
    """A significant effect, with its selection taken into account; nan when it was not significant or is unknown.

    Attributes:
        measured: The effect as it was measured.
        most_likely: The conditional maximum-likelihood estimate, between 0 and `measured`.
        median_unbiased: The effect for which a significant measurement would be larger in one case of two.
        low: Lower end of the conditional interval, equal-tailed, at 1 - alpha.
        high: Upper end of it.
    """

    measured: float
    most_likely: float
    median_unbiased: float
    low: float
    high: float


def correct_winner(effect: Effect, *, selected_at: float = 0.05, alpha: float = 0.05) -> Corrected:
    """Correct a significant effect for having been selected by its significance.

    The maximum-likelihood estimate is that of Zhong & Prentice (2008, Biostatistics 9:621) and of Ghosh, Zou & Wright
    (2008, American Journal of Human Genetics 82:1064); the median and the interval invert the conditional distribution,
    whose likelihood ratio is monotone (Fithian, Sun & Taylor 2014, arXiv:1410.2597). Needs no other experiment; where
    there are some, `shrink` knows more. Assumes a normal effect and one look at the end.

    Args:
        effect: The winner's.
        selected_at: The two-sided alpha that it passed, in (0, 1).
        alpha: 1 - confidence of the interval, in (0, 1).

    Raises:
        ValueError: When `selected_at` or `alpha` is not in (0, 1).
    """
    require_share("selected_at", selected_at)
    require_share("alpha", alpha)
    cut, error = normal_quantile(selected_at / 2), math.sqrt(effect.variance)
    if not effect.known or abs(effect.value) <= cut * error:
        return Corrected(effect.value, math.nan, math.nan, math.nan, math.nan)
    z, unit = abs(effect.value) / error, math.copysign(error, effect.value)
    middle, first, last = (_with_tail(tail, z, cut) * unit for tail in (0.5, alpha / 2, 1 - alpha / 2))
    return Corrected(
        measured=effect.value,
        most_likely=_root(partial(_slope, z, cut), 0.0, z) * unit,
        median_unbiased=middle,
        low=min(first, last),
        high=max(first, last),
    )


def _with_tail(tail: float, z: float, cut: float) -> float:
    """Return the mu at which a selected Z is above z with chance `tail`; it grows with mu."""
    return _root(lambda mu: _log_above(mu, z, cut) - math.log(tail), -_FAR, z + _FAR)


def _log_above(mu: float, z: float, cut: float) -> float:
    return float(special.log_ndtr(mu - z)) - _log_selected(mu, cut)


def _slope(z: float, cut: float, mu: float) -> float:
    """Return the derivative of the conditional log-likelihood."""
    log_density = -((np.array([mu - cut, mu + cut])) ** 2) / 2 - math.log(2 * math.pi) / 2
    beyond, before = np.exp(log_density - _log_selected(mu, cut))
    return z - mu - float(beyond - before)


def _log_selected(mu: float, cut: float) -> float:
    return float(np.logaddexp(special.log_ndtr(mu - cut), special.log_ndtr(-mu - cut)))


def _root(of: Callable[[float], float], low: float, high: float) -> float:
    return float(optimize.brentq(of, low, high, xtol=1e-12, rtol=1e-12))
