"""Which of several arms is best, and what choosing each would lose."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from stats.bayes.beliefs import Beta, Normal
from stats.bayes.quadrature import nodes
from stats.checks import require_share

__all__ = ["ArmBelief", "Better", "judge_arms", "require_direction"]

Belief: TypeAlias = Beta | Normal
Better: TypeAlias = Literal["higher", "lower"]
"""Which way is good for a metric."""


@dataclass(frozen=True, slots=True)
class ArmBelief:
    """What is believed of one arm among several.

    Attributes:
        mean: Expected value, on the scale of the metric; nan when unknown.
        low: Lower end of its credible interval, equal-tailed, at 1 - alpha; nan when unknown.
        high: Upper end of it.
        probability_best: Chance that no arm is better, in [0, 1]; over all arms they sum to 1; nan in every arm when
            one is unknown.
        expected_loss: By how much the best arm is expected to be better than this one, >= 0, on the scale of the
            metric; nan likewise.
    """

    mean: float
    low: float
    high: float
    probability_best: float
    expected_loss: float


def judge_arms(beliefs: Sequence[Belief], *, alpha: float = 0.05, better: Better = "higher") -> tuple[ArmBelief, ...]:
    """Say of each arm how likely it is the best, and the expected loss of choosing it.

    With the densities f and distribution functions F of independent beliefs, arm i is best with chance
    integral f_i prod_(j != i) F_j, and its loss is E(max_j - x_i) = integral F_i (1 - prod_(j != i) F_j) (Scott 2010,
    Applied Stochastic Models in Business and Industry 26:639; Stucchio 2015, Bayesian A/B Testing at VWO).
    By Gauss-Legendre sums on pieces fitted to every arm.

    Args:
        beliefs: One an arm, in any order, all of one kind.
        alpha: 1 - credibility of the intervals, in (0, 1).
        better: Which way is good for this metric.

    Returns:
        One an arm, in their order.

    Raises:
        ValueError: When `alpha` is not in (0, 1), `better` is neither word or the beliefs are of two kinds.
    """
    require_share("alpha", alpha)
    require_direction(better)
    if len({type(belief) for belief in beliefs}) > 1:
        raise ValueError("beliefs are Beta and Normal, must be of one kind")
    chances, losses = _chances_and_losses(beliefs, better)
    return tuple(
        ArmBelief(belief.mean, belief.quantile(alpha / 2), belief.quantile(1 - alpha / 2), chance, loss)
        for belief, chance, loss in zip(beliefs, chances, losses, strict=True)
    )


def require_direction(better: str) -> None:
    """Refuse a word that is no direction.

    Raises:
        ValueError: When it is neither "higher" nor "lower".
    """
    if better not in {"higher", "lower"}:
        raise ValueError(f"better is {better!r}, must be 'higher' or 'lower'")


def _chances_and_losses(beliefs: Sequence[Belief], better: Better) -> tuple[list[float], list[float]]:
    if not all(belief.known for belief in beliefs) or not beliefs:
        return [math.nan] * len(beliefs), [math.nan] * len(beliefs)
    x, weight = nodes(*(belief.edges() for belief in beliefs))
    below = np.array([belief.below(belief.value(x)) for belief in beliefs])
    worse = below if better == "higher" else 1 - below
    others = [np.prod(np.delete(worse, place, axis=0), axis=0) for place in range(len(beliefs))]
    slope = beliefs[0].slope(x)
    chances = [
        min(float(weight @ (belief.density(x) * rest)), 1.0) for belief, rest in zip(beliefs, others, strict=True)
    ]
    losses = [max(float(weight @ (slope * own * (1 - rest))), 0.0) for own, rest in zip(worse, others, strict=True)]
    return chances, losses
