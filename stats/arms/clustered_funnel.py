"""The funnel when whole units (agents, teams, shifts) were dealt to arms: calls alike within a unit, at every step.

A good agent is good at several steps, so that neither the calls of a step nor the steps of an arm are independent. The
errors here come from the units' totals, and the steps may be as correlated as they please.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.arms.funnel import ArmFunnel, Funnel, StepRate, compare_arms, require_nested
from stats.arms.log_ratios import LogRate
from stats.arms.ratios import compare_ratios
from stats.checks import require_share
from stats.moments import Moments
from stats.tails import t_quantile

__all__ = ["UnitFunnels", "compare_clustered_funnels"]

_Floats: TypeAlias = NDArray[np.float64]

UnitFunnels: TypeAlias = Sequence[Sequence[float]]
"""One funnel a unit: its calls assigned, then those of them that reached each step."""


def compare_clustered_funnels(control: UnitFunnels, challenger: UnitFunnels, *, alpha: float = 0.05) -> Funnel:
    """Compare two funnels of units that were dealt whole to an arm.

    Linearised as in `Moments.variance` (Cochran 1977, Sampling Techniques, 3rd ed., chapter 6; Binder 1983,
    International Statistical Review 51:279): the unit g adds u_g = c_g,i / C_i - c_g,i-1 / C_i-1 to the logarithm of a
    step rate, C being the arm's totals, and the variance is m / (m - 1) sum u_g^2 over its m units. The u of the steps
    sum to that of the total, whose variance therefore holds the covariances of the steps. Parts and total have a t
    distribution with Welch's degrees of freedom, the effects are those of `compare_ratios`, and the intervals of the
    rates are Wilson's with as many calls as would give the linearised variance (Korn & Graubard 1998, Survey
    Methodology 24:193), and t for z. Below 40 units, and the more so when they are unequal, all of these reject
    somewhat too often: the effects are then decided by `stats.clusters`.

    Not for calls dealt within agents, whose arms share the agents: see `compare_funnels`, which is right for these
    agents, and `compare_stratified` for the effect of one step.

    Args:
        control: One funnel a unit of the control.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).

    Returns:
        As `compare_funnels`; what takes two units is nan below them, and without units there are no steps.

    Raises:
        ValueError: When `alpha` is not in (0, 1), a unit's funnel has no step or another number of them than the
            first, or a count is negative or more than the count before it.
    """
    require_share("alpha", alpha)
    length = len(next(iter([*control, *challenger]), (0,)))
    for name, arm in (("control", control), ("challenger", challenger)):
        for place, unit in enumerate(arm):
            require_nested(f"{name}[{place}]", unit, steps=length - 1)
    a, b = (np.asarray(arm, dtype=np.float64).reshape(-1, length) for arm in (control, challenger))
    effects = [compare_ratios(_moments(a, step, 0), _moments(b, step, 0), alpha=alpha) for step in range(1, length)]
    return compare_arms(_arm(a, alpha), _arm(b, alpha), effects, alpha)


def _arm(units: _Floats, alpha: float) -> ArmFunnel:
    places = range(units.shape[1])
    return ArmFunnel(
        of_previous=tuple(_rate(units, step, before, alpha) for before, step in pairwise(places)),
        of_assigned=tuple(_rate(units, step, 0, alpha) for step in places[1:]),
        logs=tuple(_log_rate(units, step, before) for before, step in pairwise(places)),
        last_log=_log_rate(units, places[-1], 0),
    )


def _moments(units: _Floats, step: int, before: int) -> Moments:
    return Moments.of(zip(units[:, step].tolist(), units[:, before].tolist(), strict=True))


def _log_rate(units: _Floats, step: int, before: int) -> LogRate:
    reached, out_of = units[:, step].sum(), units[:, before].sum()
    m = len(units)
    if not reached:
        return LogRate(math.nan, math.nan)
    value = math.log(reached / out_of)
    if m < 2:
        return LogRate(value, math.nan, math.nan)
    own, expected = units[:, step] * out_of, units[:, before] * reached  # whole numbers: their difference is exact
    off = (own - expected) / (reached * out_of)
    return LogRate(value, float(m / (m - 1) * np.sum(off**2)), m - 1)


def _rate(units: _Floats, step: int, before: int, alpha: float) -> StepRate:
    sums = _moments(units, step, before)
    p, variance = sums.ratio, sums.variance
    if not (variance > 0 and 0 < p < 1):
        return StepRate(sums.y, sums.x, p, math.nan, math.nan)
    share = t_quantile(alpha / 2, sums.units - 1) ** 2 * variance / (p * (1 - p))  # z^2 / n of Wilson's formula
    centre = (p + share / 2) / (1 + share)
    half = math.sqrt(share * p * (1 - p) + share**2 / 4) / (1 + share)
    return StepRate(sums.y, sums.x, p, centre - half, centre + half)
