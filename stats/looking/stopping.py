"""What a planned test says once it has stopped: p, estimate and interval that know that it could have stopped before.

An effect read as if only one look had been planned is too large where an early look has stopped. Here outcomes are put
in order by stage (Fairbanks & Madsen 1982, Biometrika 69:69; Tsiatis, Rosner & Mehta 1984, Biometrics 40:797; Jennison
& Turnbull 2000, sections 8.4 and 8.5): above all are stops above, the earlier the higher; below all are stops below; at
one look the higher z is higher. Looks that were planned after the stop play no part.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from scipy import optimize

from stats.checks import require, require_share
from stats.looking.spending import Boundary, paths_before

__all__ = ["Outcome", "StoppedInference", "infer_at_stop", "interval_of", "order_outcome"]

Tail: TypeAlias = Callable[[float], float]
"""From a drift to the chance of an outcome as high as the one seen, or as low."""


@dataclass(frozen=True, slots=True)
class StoppedInference:
    """What is known of the effect at the end.

    Attributes:
        p_value: Of no effect, with as many sides as the plan, in (0, 1]; at most the alpha spent by then exactly when
            the boundary was reached.
        estimate: Median-unbiased: as often too high as too low; on the scale of the difference.
        low: Lower end of the equal-tailed interval at `confidence`.
        high: Upper end of it.
        confidence: Share in (0, 1): 1 - alpha.
        stage: The look at which the test ended, 1 for the first.
    """

    p_value: float
    estimate: float
    low: float
    high: float
    confidence: float
    stage: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a test has ended, and how it stands in the order of outcomes.

    Attributes:
        higher: From a drift to the chance of an outcome at least as high.
        lower: From a drift to the chance of an outcome at most as high.
        near: A drift near which to look for others: the naive one.
        scale: The effect that is one unit of drift.
        sides: Of the plan.
        stage: The look, 1 for the first.
    """

    higher: Tail
    lower: Tail
    near: float
    scale: float
    sides: int
    stage: int


def infer_at_stop(
    boundaries: Sequence[Boundary], difference: float, standard_error: float, *, alpha: float = 0.05
) -> StoppedInference:
    """Return p, median-unbiased estimate and equal-tailed interval at the end of a test with planned looks.

    Right whether the last look reached its boundary or not, and when the test was ended before its plan for reasons
    that do not depend on the effect. Assumes a normal difference whose information, one over the squared standard
    error, grew over the looks in proportion to their fractions.

    Args:
        boundaries: Of the looks that were made, in order, the last one being where the test ended.
        difference: At that look, challenger minus control.
        standard_error: Of the difference, at that look.
        alpha: 1 - confidence of the interval, in (0, 1).

    Returns:
        nan in every number when the difference is nan or the standard error is nan or 0.

    Raises:
        ValueError: When there is no look or `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    require("the number of boundaries", len(boundaries), at_least=1)
    if math.isnan(difference) or not 0 < standard_error < math.inf:
        return unknown(alpha, len(boundaries))
    return interval_of(order_outcome(boundaries, difference, standard_error), alpha)


def unknown(alpha: float, stage: int) -> StoppedInference:
    """Return the answer when nothing is known of the effect."""
    return StoppedInference(math.nan, math.nan, math.nan, math.nan, 1 - alpha, stage)


def order_outcome(boundaries: Sequence[Boundary], difference: float, standard_error: float) -> Outcome:
    """Place the end of a test in the stage-wise order; arguments as `infer_at_stop`, all known."""
    z, last = difference / standard_error, boundaries[-1]
    root = last.fraction**0.5
    paths = paths_before(boundaries, 2 * abs(z / root))
    earlier = list(zip(paths[:-1], boundaries[:-1], strict=True))

    def higher(drift: float) -> float:
        stopped = sum(each.above(look.fraction, look.z, drift) for each, look in earlier)
        return stopped + paths[-1].above(last.fraction, z, drift)

    def lower(drift: float) -> float:
        stopped = sum(each.below(look.fraction, look.low, drift) for each, look in earlier)
        return stopped + paths[-1].below(last.fraction, z, drift)

    return Outcome(higher, lower, z / root, standard_error * root, last.sides, len(boundaries))


def interval_of(outcome: Outcome, alpha: float) -> StoppedInference:
    """Read p, estimate and interval off the two tails of an outcome."""
    high, low = outcome.higher(0.0), outcome.lower(0.0)
    p = high if outcome.sides == 1 else 2 * min(high, low)
    return StoppedInference(
        p_value=min(max(p, 5e-324), 1.0),
        estimate=outcome.scale * _drift_at(outcome.higher, 0.5, outcome.near, rising=True),
        low=outcome.scale * _drift_at(outcome.higher, alpha / 2, outcome.near, rising=True),
        high=outcome.scale * _drift_at(outcome.lower, alpha / 2, outcome.near, rising=False),
        confidence=1 - alpha,
        stage=outcome.stage,
    )


def _drift_at(tail: Tail, goal: float, near: float, *, rising: bool) -> float:
    """Find the drift under which the tail has this chance; tails are monotone in the drift."""
    sign = 1 if rising else -1

    def excess(drift: float) -> float:
        return sign * (math.log(max(tail(drift), 1e-320)) - math.log(goal))

    low, high, step = near, near, 1.0
    while excess(low) > 0:
        low, step = low - step, 2 * step
    step = 1.0
    while excess(high) < 0:
        high, step = high + step, 2 * step
    return float(optimize.brentq(excess, low, high, xtol=1e-12)) if low < high else near
