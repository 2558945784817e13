"""One challenger and the control: how likely is it better, by how much, and what would either choice lose?"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from stats.bayes.beliefs import Beta, Normal
from stats.bayes.best import Better, judge_arms, require_direction
from stats.bayes.quadrature import nodes
from stats.checks import require_share
from stats.tails import normal_quantile

__all__ = ["PairBelief", "compare_means", "compare_rates", "judge_effect"]

_Floats: TypeAlias = NDArray[np.float64]
_Map: TypeAlias = Callable[[_Floats], _Floats]

_WIDEST = 200.0  # of a log ratio: beyond it, both rates are zero to any digit
_NEAR = 0.1  # of a belief's spread: so near its quantiles lie to a normal's, mostly


@dataclass(frozen=True, slots=True)
class PairBelief:
    """What is believed of a challenger against the control; what could not be computed is nan.

    Attributes:
        probability_better: Chance that the challenger is better, in [0, 1].
        difference: Expected difference, challenger minus control, on the scale of the metric.
        low: Lower end of its credible interval, equal-tailed, at 1 - alpha.
        high: Upper end of it.
        relative: Median of the lift, difference per control; None when it is withheld, for a control that may be 0.
        relative_low: Lower end of its credible interval; None with `relative`.
        relative_high: Upper end of it.
        loss_of_shipping: What choosing the challenger is expected to lose against the better one, >= 0, on the scale
            of the metric.
        loss_of_keeping: What choosing the control is expected to lose.
    """

    probability_better: float
    difference: float
    low: float
    high: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    loss_of_shipping: float
    loss_of_keeping: float


def compare_rates(control: Beta, challenger: Beta, *, alpha: float = 0.05, better: Better = "higher") -> PairBelief:
    """Compare two rates with independent beta beliefs, by quadrature.

    The chance that the challenger is better has a closed form only for whole numbers (Miller 2014, "Formulas for
    Bayesian A/B testing"); here any will do. The interval's ends solve P(difference < d) = alpha / 2 and 1 - alpha / 2
    with P = integral of the control's density times the challenger's distribution function (Nurminen & Mutanen 1987,
    Scandinavian Journal of Statistics 14:67). The lift is withheld when its expectation is infinite, which is when the
    control's `a` is at most 1: it has no success.

    Args:
        control: Belief of the control's rate.
        challenger: Belief of the challenger's.
        alpha: 1 - credibility, in (0, 1).
        better: Which way is good for this metric.

    Raises:
        ValueError: When `alpha` is not in (0, 1) or `better` is neither word.
    """
    keep, ship = judge_arms((control, challenger), alpha=alpha, better=better)
    low, high = (_difference(control, challenger, tail) for tail in (alpha / 2, 1 - alpha / 2))
    lift: tuple[float, ...] | tuple[None, None, None] = (None, None, None)
    if control.a > 1:
        lift = tuple(_lift(control, challenger, tail) for tail in (0.5, alpha / 2, 1 - alpha / 2))
    return PairBelief(
        probability_better=ship.probability_best,
        difference=challenger.mean - control.mean,
        low=low,
        high=high,
        relative=lift[0],
        relative_low=lift[1],
        relative_high=lift[2],
        loss_of_shipping=ship.expected_loss,
        loss_of_keeping=keep.expected_loss,
    )


def compare_means(control: Normal, challenger: Normal, *, alpha: float = 0.05, better: Better = "higher") -> PairBelief:
    """Compare two means with independent normal beliefs, by closed form.

    The lift's distribution is P(challenger < (1 + lift) control), a normal tail as long as the control is surely
    positive; it is withheld when the control's credible interval reaches zero, or lies below it.

    Args:
        control: Belief of the control's mean.
        challenger: Belief of the challenger's.
        alpha: 1 - credibility, in (0, 1).
        better: Which way is good for this metric.

    Raises:
        ValueError: As `compare_rates`.
    """
    require_share("alpha", alpha)
    effect = Normal(challenger.mean - control.mean, math.hypot(control.sd, challenger.sd))
    judged = judge_effect(effect, alpha=alpha, better=better)
    if not (effect.known and control.quantile(alpha / 2) > 0):
        return judged
    low, high = (_normal_lift(control, challenger, normal_quantile(tail)) for tail in (1 - alpha / 2, alpha / 2))
    return replace(judged, relative=challenger.mean / control.mean - 1, relative_low=low, relative_high=high)


def judge_effect(effect: Normal, *, alpha: float = 0.05, better: Better = "higher") -> PairBelief:
    """Say how likely an effect is good, and what shipping and keeping would lose, by closed form.

    For a difference that was estimated as such (clustered, stratified, adjusted), or whose prior is a pooled effect of
    other experiments. The lift is withheld: the control is not known here.

    Args:
        effect: Belief of challenger minus control.
        alpha: 1 - credibility, in (0, 1).
        better: Which way is good for this metric.

    Raises:
        ValueError: As `compare_rates`.
    """
    require_share("alpha", alpha)
    require_direction(better)
    gain = effect if better == "higher" else Normal(-effect.mean, effect.sd)
    return PairBelief(
        probability_better=float(special.ndtr(gain.mean / gain.sd)),
        difference=effect.mean,
        low=effect.quantile(alpha / 2),
        high=effect.quantile(1 - alpha / 2),
        relative=None,
        relative_low=None,
        relative_high=None,
        loss_of_shipping=Normal(-gain.mean, gain.sd).expected_gain,
        loss_of_keeping=gain.expected_gain,
    )


def _normal_lift(control: Normal, challenger: Normal, z: float) -> float:
    """Return the lift at the quantile z of its belief: Fieller's equation (1954, JRSS B 16:175)."""
    base, top = control.mean, challenger.mean
    floor = base**2 - (z * control.sd) ** 2
    root = math.sqrt(max((base * top) ** 2 - floor * (top**2 - (z * challenger.sd) ** 2), 0.0))
    return (base * top + math.copysign(root, z)) / floor - 1


def _difference(control: Beta, challenger: Beta, tail: float) -> float:
    """Return the difference of rates that leaves `tail` below it."""

    def excess(d: float) -> float:
        return _below(control, challenger, lambda p: p + d, lambda p: p - d) - tail

    expected = challenger.mean - control.mean - normal_quantile(tail) * math.hypot(control.sd, challenger.sd)
    return _root(excess, -1.0, 1.0, expected, math.hypot(control.sd, challenger.sd))


def _lift(control: Beta, challenger: Beta, tail: float) -> float:
    """Return the lift that leaves `tail` below it, found on the scale of the logarithm of the ratio."""

    def excess(log_ratio: float) -> float:
        ratio = math.exp(log_ratio)
        return _below(control, challenger, lambda p: p * ratio, lambda p: p / ratio) - tail

    spread = math.hypot(control.sd / control.mean, challenger.sd / challenger.mean)
    expected = math.log(challenger.mean / control.mean) - normal_quantile(tail) * spread
    return math.expm1(_root(excess, -_WIDEST, _WIDEST, expected, spread))


def _below(control: Beta, challenger: Beta, limit: _Map, inverse: _Map) -> float:
    """Return the chance that the challenger's rate is below `limit` of the control's."""
    steps = control.coordinate(inverse(challenger.value(challenger.edges())))
    x, weight = nodes(control.edges(), steps)
    return float(weight @ (control.density(x) * challenger.below(limit(control.value(x)))))


def _root(of: Callable[[float], float], low: float, high: float, expected: float, spread: float) -> float:
    """Find where a rising function is 0, mostly within a part of the spread of where it is expected."""
    for place in (expected - _NEAR * spread, expected + _NEAR * spread):
        if low < place < high:
            low, high = (place, high) if of(place) < 0 else (low, place)
    return float(optimize.brentq(of, low, high, xtol=1e-12, rtol=1e-12))
