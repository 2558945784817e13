"""What an experiment's effect most likely is, in the light of the others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.pooling.meta import Effect, Pooled
from stats.tails import t_quantile

__all__ = ["Shrunk", "shrink"]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """One experiment's effect drawn towards the mean of all; nan when the mean or its heterogeneity is unknown.

    Attributes:
        value: The effect, between its own measurement and the pooled mean.
        standard_error: Of `value` about the true effect, with that of the pooled mean.
        low: Lower end of its interval, at the confidence of the pooled result; t with its degrees of freedom.
        high: Upper end of it.
        weight: Share in [0, 1] of its own measurement in `value`: tau squared over tau squared and its variance.
    """

    value: float
    standard_error: float
    low: float
    high: float
    weight: float


def shrink(effects: Sequence[Effect], pooled: Pooled) -> tuple[Shrunk, ...]:
    """Draw every effect towards the pooled mean, the more so the less it is known: empirical Bayes, or BLUP.

    Robinson (1991, Statistical Science 6:15); the standard error counts the mean's own as Kackar & Harville (1984, JASA
    79:853) do, not that of tau squared. It is what becomes of a winner when the next experiment is run: a selected
    effect needs no further correction, since it was drawn from the same distribution as the rest (Dawid 1994, in
    Multivariate Analysis and its Applications, IMS Lecture Notes 24:211; Efron 2011, JASA 106:1602), as far as true
    effects are normal about one mean.

    Args:
        effects: One an experiment; those of `pooled` or new ones of the same kind. An unknown one becomes the mean.
        pooled: What `pool` made of the experiments.

    Returns:
        One an effect, in their order.
    """
    t = t_quantile((1 - pooled.confidence) / 2, pooled.degrees_of_freedom) if pooled.degrees_of_freedom else math.nan
    return tuple(_drawn(effect, pooled, t) for effect in effects)


def _drawn(effect: Effect, pooled: Pooled, t: float) -> Shrunk:
    tau_squared = pooled.tau_squared
    weight = tau_squared / (tau_squared + effect.variance) if effect.known else 0 * tau_squared
    value = pooled.mean + (weight * (effect.value - pooled.mean) if effect.known else 0.0)
    error = math.sqrt((1 - weight) * tau_squared + ((1 - weight) * pooled.standard_error) ** 2)
    return Shrunk(
        value=value if not math.isnan(tau_squared) else math.nan,
        standard_error=error,
        low=value - t * error,
        high=value + t * error,
        weight=weight,
    )
