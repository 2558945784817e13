"""Invert a test: the interval is every value that the data do not reject.

Hence "p < alpha" and "the interval excludes no difference" are one statement. Of the score test these are Miettinen &
Nurminen's intervals (1985, Statistics in Medicine 4:213). Of the exact test they are Agresti & Min's (2001, Biometrics
57:963, of a difference; 2002, Biostatistics 3:379, of an odds ratio): of one two-sided test, which is shorter than two
one-sided ones, and at its ends less equal-tailed.
"""

import math
from collections.abc import Callable

from scipy import optimize

from stats.arms.brackets import closer
from stats.arms.choosing import Inverted
from stats.arms.exact import exact_p
from stats.arms.intervals import Interval
from stats.arms.scales import Scale
from stats.moments import Counts
from stats.tails import normal_quantile

__all__ = ["exact_interval", "inverted_interval", "score_interval"]

_BESIDE = 1e-9  # the excess may be exactly 0 at the value seen, which is not the root wanted
_RATES = 60  # of each arm, tried at each value
_FINE = 1e-4  # of the interval's half width: to so much an exact end is found
_STEP = 0.05  # of the same: how far it is from one value tried to the next
_STEPS_OUTSIDE = 6  # so many steps outside the score interval's end the search begins


def inverted_interval(
    scale: Scale, control: Counts, challenger: Counts, *, alpha: float, method: Inverted, p_value: float
) -> Interval:
    """Return the interval that agrees with the p-value of "no difference" by the method; both arms must have calls.

    Args:
        scale: Difference, ratio or odds ratio.
        control: Independent calls of the control.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).
        method: The test.
        p_value: What it says of "no difference".
    """
    if method == "barnard":
        return exact_interval(scale, control, challenger, alpha=alpha, p_value=p_value)
    return score_interval(scale, control, challenger, alpha=alpha)


def score_interval(scale: Scale, control: Counts, challenger: Counts, *, alpha: float) -> Interval:
    """Return the ends of what the score test does not reject at `alpha`; both arms must have calls.

    Args:
        scale: Difference, ratio or odds ratio.
        control: Independent calls of the control.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).
    """
    z = normal_quantile(alpha / 2)

    def excess(place: float) -> float:
        return scale.excess(control, challenger, _value(scale, place), z)

    seen = _place(scale, scale.observed(control, challenger))
    below, above = scale.limited(control, challenger)
    reach = z * scale.spread(control, challenger)
    low = _root(excess, seen, -1.0, reach, bounded=not scale.multiplies) if below else -math.inf
    high = _root(excess, seen, 1.0, reach, bounded=not scale.multiplies) if above else math.inf
    return Interval(_value(scale, low), _value(scale, high))


def exact_interval(scale: Scale, control: Counts, challenger: Counts, *, alpha: float, p_value: float) -> Interval:
    """Return the ends of what the exact test does not reject at `alpha`; both arms must have calls.

    Values not rejected may lie beyond a gap of values that are: the gap belongs to the interval. What can be missed is
    an island narrower than a fortieth of the width, or beyond "no difference" when that is rejected. An end is rounded
    outwards, by up to a ten-thousandth of the half width.

    Args:
        scale: Difference, ratio or odds ratio.
        control: Independent calls of the control.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).
        p_value: Of "no difference", by the same test: decides on which side of the end that value lies.
    """

    def accepted(place: float) -> bool:
        p = p_value if place == 0 else exact_p(scale, control, challenger, _value(scale, place), rates=_RATES)
        return p >= alpha

    near = score_interval(scale, control, challenger, alpha=alpha)
    low, high, seen = (_place(scale, v) for v in (near.low, near.high, scale.observed(control, challenger)))
    half = min((high - low) / 2, 1.0)
    bound = math.inf if scale.multiplies else 1.0
    if p_value >= alpha:
        low = _end(accepted, low, min(seen, 0.0), -bound, half)
        high = _end(accepted, high, max(seen, 0.0), bound, half)
    else:  # "no difference" is rejected, and no search goes past it
        low = _end(accepted, low, seen, 0.0 if seen > 0 else -bound, half)
        high = _end(accepted, high, seen, 0.0 if seen < 0 else bound, half)
    return Interval(_value(scale, low), _value(scale, high))


def _place(scale: Scale, value: float) -> float:
    """Return where a value lies on the axis that is searched: its logarithm when it multiplies."""
    if not scale.multiplies:
        return value
    return math.log(value) if value > 0 else -math.inf


def _value(scale: Scale, place: float) -> float:
    return math.exp(place) if scale.multiplies else place


def _root(excess: Callable[[float], float], seen: float, side: float, reach: float, *, bounded: bool) -> float:
    """Find where the excess turns positive on one side of the place seen, which may be infinitely far on the other.

    It is expected at `reach` from there.
    """
    near = seen + side * _BESIDE
    if bounded:
        return _solved(excess, near, side, seen + side * reach) if abs(near) < 1 else side
    if math.isinf(near):
        near = _walk(lambda place: excess(place) < 0, 0.0, -side)
    return _solved(excess, near, _walk(lambda place: excess(place) >= 0, near + side, side), seen + side * reach)


def _solved(excess: Callable[[float], float], near: float, bound: float, expected: float) -> float:
    return float(optimize.brentq(excess, *closer(excess, near, bound, expected)))


def _walk(reached: Callable[[float], bool], place: float, step: float) -> float:
    """Go on in steps that double until it is reached."""
    while not reached(place):
        place, step = place + step, 2 * step
    return place


def _end(accepted: Callable[[float], bool], near: float, within: float, beyond: float, half: float) -> float:
    """Find the last accepted place between `within`, which is, and `beyond`, from outside the end expected inwards."""
    if math.isinf(near):
        return near
    step = math.copysign(_STEP * half, beyond - within)
    found = _between(near + _STEPS_OUTSIDE * step, within, beyond)
    held = accepted(found)
    while found != (beyond if held else within):
        last, found = found, _between(found + (step if held else -step), within, beyond)
        if accepted(found) is not held:
            return _bisect(accepted, *((last, found) if held else (found, last)), _FINE * half)
        step *= 2 if held else 1  # inwards in even steps, so as not to miss an island of accepted values
    return found


def _between(place: float, one: float, other: float) -> float:
    return min(max(place, min(one, other)), max(one, other))


def _bisect(accepted: Callable[[float], bool], inside: float, outside: float, fine: float) -> float:
    while abs(outside - inside) > fine:
        middle = (inside + outside) / 2
        if accepted(middle):
            inside = middle
        else:
            outside = middle
    return outside or inside  # rounded outwards, but never onto "no difference" when that is rejected
