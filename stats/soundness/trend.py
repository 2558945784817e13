"""Does the effect fade or grow: with the days (novelty), or with how often an agent has used the words (learning)?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require_share
from stats.soundness.periods import PeriodEffect
from stats.tails import t_quantile, two_sided_p

__all__ = ["Trend", "trend"]

_Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """How the effect moves with the logarithm of time.

    Attributes:
        slope: Change of the effect when the time is e-fold; times 0.69 when it doubles. nan below three periods.
        standard_error: Of the slope.
        low: Lower end of its interval.
        high: Upper end of it.
        p_value: Of "no trend", two-sided, in (0, 1].
        overall: Inverse-variance mean of the effect over all periods.
        direction: "fading": towards zero from the overall effect's side, or through it. "growing": away from it. None
            when unknown or exactly flat. It is what was seen; `p_value` says whether chance would do.
        early: Inverse-variance mean of the earlier half of the periods.
        late: The same of the later half; of an odd number the middle one is in neither.
        late_minus_early: Their difference.
        late_minus_early_error: Its standard error, with the same unrest as the slope's.
        unrest: How much more the periods scatter about the line than their variances say, as a variance ratio, at
            least 1: every standard error has its root in it.
        periods: Periods that could be used.
        confidence: Share in (0, 1).
    """

    slope: float
    standard_error: float
    low: float
    high: float
    p_value: float
    overall: float
    direction: Literal["fading", "growing"] | None
    early: float
    late: float
    late_minus_early: float
    late_minus_early_error: float
    unrest: float
    periods: int
    confidence: float


def trend(effects: Sequence[PeriodEffect], *, alpha: float = 0.05) -> Trend:
    """Regress the periods' effects on log(at), weighted by their inverse variances.

    Novelty wears off and skill comes quickly at first and then slowly, hence the logarithm. The periods must be
    independent given the effect. Days and agents scatter more than calls do: when the residuals do, every standard
    error is widened by the root of the ratio (Birge 1932, Physical Review 40:207), never narrowed, and the t
    distribution has the residuals' degrees of freedom. The same agents in all periods are no harm: what they share is
    in the intercept.

    Args:
        effects: In any order.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    known = sorted((each for each in effects if _usable(each)), key=lambda each: each.at)
    at, effect, variance = np.array([(e.at, e.difference, e.variance) for e in known]).reshape(-1, 3).T
    overall, _ = _mean(effect, variance)
    if len(set(at.tolist())) < 3:
        return _unknown(overall, len(known), alpha)
    slope, error, unrest = _line(np.log(at), effect, variance)
    half = t_quantile(alpha / 2, len(known) - 2) * error
    (early, early_variance), (late, late_variance) = _halves(effect, variance)
    return Trend(
        slope=slope,
        standard_error=error,
        low=slope - half,
        high=slope + half,
        p_value=two_sided_p(slope / error, len(known) - 2),
        overall=overall,
        direction=_direction(slope, overall),
        early=early,
        late=late,
        late_minus_early=late - early,
        late_minus_early_error=math.sqrt((early_variance + late_variance) * unrest),
        unrest=unrest,
        periods=len(known),
        confidence=1 - alpha,
    )


def _usable(each: PeriodEffect) -> bool:
    return math.isfinite(each.difference) and 0 < each.variance < math.inf


def _line(log_at: _Floats, effect: _Floats, variance: _Floats) -> tuple[float, float, float]:
    """Return slope, its standard error, and the unrest about the line."""
    weight = 1 / variance
    t = log_at - np.average(log_at, weights=weight)
    information = np.sum(weight * t**2)
    slope = np.sum(weight * t * effect) / information
    residual = effect - np.average(effect, weights=weight) - slope * t
    unrest = max(float(np.sum(weight * residual**2)) / (len(effect) - 2), 1.0)
    return float(slope), math.sqrt(unrest / float(information)), unrest


def _mean(effect: _Floats, variance: _Floats) -> tuple[float, float]:
    """Return the inverse-variance mean and its variance."""
    if not len(effect):
        return math.nan, math.nan
    information = float(np.sum(1 / variance))
    return float(np.sum(effect / variance)) / information, 1 / information


def _halves(effect: _Floats, variance: _Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    half = len(effect) // 2
    return _mean(effect[:half], variance[:half]), _mean(effect[-half:], variance[-half:])


def _direction(slope: float, overall: float) -> Literal["fading", "growing"] | None:
    if not slope * overall:
        return None
    return "growing" if slope * overall > 0 else "fading"


def _unknown(overall: float, periods: int, alpha: float) -> Trend:
    return Trend(
        slope=math.nan,
        standard_error=math.nan,
        low=math.nan,
        high=math.nan,
        p_value=math.nan,
        overall=overall,
        direction=None,
        early=math.nan,
        late=math.nan,
        late_minus_early=math.nan,
        late_minus_early_error=math.nan,
        unrest=math.nan,
        periods=periods,
        confidence=1 - alpha,
    )
