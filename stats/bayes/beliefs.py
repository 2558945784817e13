"""What is believed of a rate (beta) or of a mean or effect (normal), and what turns data into it.

A belief is laid out along a coordinate on which its density is smooth and dies out at both ends: the value itself for a
normal, the log-odds for a beta, whose density at 0 and 1 may be infinite.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stats.checks import require
from stats.moments import Counts

__all__ = ["JEFFREYS", "UNIFORM", "Beta", "Normal", "beta_posterior", "normal_posterior"]

_Floats: TypeAlias = NDArray[np.float64]

_CORE = np.arange(-10.0, 11.0)  # standard deviations around the middle that a belief is laid out in
_TAIL = 4 * np.arange(1.0, 13.0)  # and then, in a beta's exponential tails, times by which they fall by e


@dataclass(frozen=True, slots=True)
class Beta:
    """A rate, a share in (0, 1), believed to be Beta(a, b).

    Attributes:
        a: Successes, with those that the prior is worth, > 0.
        b: Failures likewise, > 0.

    Raises:
        ValueError: When `a` or `b` is not > 0.
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        require("a", self.a, above=0)
        require("b", self.b, above=0)

    @property
    def known(self) -> bool:
        """Whether anything is believed: always, with a proper prior."""
        return True

    @property
    def mean(self) -> float:
        """Expected rate, a share."""
        return self.a / (self.a + self.b)

    @property
    def sd(self) -> float:
        """Standard deviation of the rate."""
        return math.sqrt(self.mean * (1 - self.mean) / (self.a + self.b + 1))

    def quantile(self, below: float) -> float:
        """Return the rate that leaves `below` beneath it."""
        return float(special.betaincinv(self.a, self.b, below))

    def below(self, values: _Floats) -> _Floats:
        """Return the chance that the rate is below each value."""
        return np.asarray(special.betainc(self.a, self.b, np.clip(values, 0.0, 1.0)))

    def edges(self) -> _Floats:
        """Return log-odds that cut it into pieces on each of which its density is nearly a polynomial."""
        spread = math.sqrt(special.polygamma(1, self.a) + special.polygamma(1, self.b))
        width = min(spread, 1.5)
        return np.concatenate(
            (-_TAIL[::-1] / self.a - 10 * width, _CORE * width, _TAIL / self.b + 10 * width)
        ) + math.log(self.a / self.b)

    def density(self, x: _Floats) -> _Floats:
        """Return the density of the log-odds."""
        log = self.a * special.log_expit(x) + self.b * special.log_expit(-x)
        return np.asarray(np.exp(log - special.betaln(self.a, self.b)))

    def value(self, x: _Floats) -> _Floats:
        """Return the rate at these log-odds."""
        return np.asarray(special.expit(x))

    def coordinate(self, values: _Floats) -> _Floats:
        """Return the log-odds of these rates; infinite outside (0, 1)."""
        return np.asarray(special.logit(np.clip(values, 0.0, 1.0)))

    def slope(self, x: _Floats) -> _Floats:
        """Return how fast the rate grows with the log-odds."""
        return np.asarray(special.expit(x) * special.expit(-x))


@dataclass(frozen=True, slots=True)
class Normal:
    """A mean or an effect, believed to be normal.

    Attributes:
        mean: Expected value, on the scale of the metric.
        sd: Standard deviation of the belief, > 0; nan when nothing is known of the error.

    Raises:
        ValueError: When `sd` is not > 0.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not math.isnan(self.sd):
            require("sd", self.sd, above=0)

    @property
    def known(self) -> bool:
        """Whether anything is believed."""
        return not math.isnan(self.mean + self.sd)

    @property
    def expected_gain(self) -> float:
        """What is expected of taking it where positive, else 0: E max(0, X), the normal loss integral.

        Raiffa & Schlaifer (1961), Applied Statistical Decision Theory, section 5.4.
        """
        z = self.mean / self.sd
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        return self.sd * max(density + z * float(special.ndtr(z)), 0.0)

    def quantile(self, below: float) -> float:
        """Return the value that leaves `below` beneath it."""
        return self.mean + self.sd * float(special.ndtri(below))

    def below(self, values: _Floats) -> _Floats:
        """Return the chance that it is below each value."""
        return np.asarray(special.ndtr((values - self.mean) / self.sd))

    def edges(self) -> _Floats:
        """Return values that cut it into pieces on each of which its density is nearly a polynomial."""
        return self.mean + self.sd * _CORE

    def density(self, x: _Floats) -> _Floats:
        """Return the density."""
        return np.asarray(np.exp(-(((x - self.mean) / self.sd) ** 2) / 2) / (self.sd * math.sqrt(2 * math.pi)))

    def value(self, x: _Floats) -> _Floats:
        """Return the value, which is its own coordinate."""
        return x

    def slope(self, x: _Floats) -> _Floats:
        """Return 1: the value is its own coordinate."""
        return np.ones_like(x)


JEFFREYS = Beta(0.5, 0.5)
"""Worth one call; its intervals cover about as they say (Brown, Cai & DasGupta 2001, Statistical Science 16:101)."""

UNIFORM = Beta(1.0, 1.0)
"""Worth two calls, every rate as likely as any other."""


def beta_posterior(counts: Counts, prior: Beta = JEFFREYS) -> Beta:
    """Return what is believed of an arm's rate after its calls, which must be independent given the rate.

    Args:
        counts: Calls and successes; none leave the prior.
        prior: What was believed before, worth a + b calls.
    """
    return Beta(prior.a + counts.successes, prior.b + counts.n - counts.successes)


def normal_posterior(value: float, variance: float, prior: Normal | None = None) -> Normal:
    """Return what is believed of a mean or an effect that was estimated with a normal error of known variance.

    Args:
        value: The estimate; nan when there is none.
        variance: Its sampling variance; nan or 0 when unknown: no spread is not certainty.
        prior: What was believed before, as `Normal(pooled.mean, sqrt(pooled.predictive_variance))` of an effect after
            other experiments; None for a flat prior, where belief and confidence agree.

    Raises:
        ValueError: When the variance is negative or infinite.
    """
    if not math.isnan(variance):
        require("variance", variance, at_least=0)
    if math.isnan(value) or not variance > 0:
        return prior or Normal(value, math.nan)
    if prior is None:
        return Normal(value, math.sqrt(variance))
    weight = prior.sd**2 / (prior.sd**2 + variance)
    return Normal(prior.mean + weight * (value - prior.mean), math.sqrt(weight * variance))
