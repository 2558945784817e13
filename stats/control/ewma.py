"""The exponentially weighted mean of a rate: a line that people can read, with limits for each day's weight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize, special

from stats.checks import require
from stats.control.baseline import Baseline
from stats.control.days import DayCount

__all__ = ["Smoothed", "ewma", "ewma_limit", "ewma_run_length"]


@dataclass(frozen=True, slots=True)
class Smoothed:
    """The weighted mean on one day.

    Attributes:
        mean: Of rates up to this day, in [0, 1].
        centre: Expected of the same mean, in (0, 1).
        low, high: Limits, in [0, 1].
    """

    mean: float
    centre: float
    low: float
    high: float

    @property
    def direction(self) -> str:
        """Give the side on which it lies beyond its limits; '' within."""
        return "up" if self.mean > self.high else "down" if self.mean < self.low else ""


def ewma(
    days: Sequence[DayCount],
    baseline: Baseline,
    *,
    share: float = 0.2,
    limit: float = 2.962,
    spread: float | None = None,
) -> tuple[Smoothed, ...]:
    """Smooth days against a baseline.

    Roberts (1959, Technometrics 1:239). The limits are of this very mean: they grow from the first day on and follow
    each day's number of calls, since its variance is carried along as it is itself. 0.2 with 2.962 alarms every 500
    days where nothing happens (Lucas & Saccucci 1990, Technometrics 32:1).

    Args:
        days: In their order; a day without calls leaves everything as it was.
        baseline: What is expected, by weekday.
        share: Weight of the newest day, in (0, 1].
        limit: Standard deviations to the limits, > 0.
        spread: Of days in binomial standard deviations, > 0; None takes the baseline's.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("share", share, above=0, at_most=1)
    require("limit", limit, above=0)
    wide = baseline.spread if spread is None else spread
    require("spread", wide, above=0)
    mean = centre = baseline.rate
    variance, smoothed = 0.0, []
    for day in days:
        if day.n:
            p = baseline.expected(day.weekday)
            mean += share * (day.rate - mean)
            centre += share * (p - centre)
            variance = share**2 * wide**2 * p * (1 - p) / day.n + (1 - share) ** 2 * variance
        reach = limit * math.sqrt(variance)
        smoothed.append(Smoothed(mean, centre, max(0.0, centre - reach), min(1.0, centre + reach)))
    return tuple(smoothed)


def ewma_run_length(share: float, limit: float, shift: float = 0.0, *, nodes: int = 81) -> float:
    """Give the mean days until a mean of normal days leaves its limits, which are those of its final variance.

    Crowder (1987, Technometrics 29:401): an integral equation, solved at Gauss and Legendre's nodes.

    Args:
        share: Weight of the newest day, in (0, 1].
        limit: Standard deviations of the mean, > 0.
        shift: Of the level, in standard deviations of days.
        nodes: Of the quadrature.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("share", share, above=0, at_most=1)
    require("limit", limit, above=0)
    edge = limit * math.sqrt(share / (2 - share))
    places, weights = _quadrature(nodes)
    places, weights = places * edge, weights * edge

    def kernel(start: np.ndarray) -> np.ndarray:
        z = (places[None, :] - (1 - share) * start[:, None]) / share - shift
        return weights[None, :] * np.exp(-z * z / 2) / math.sqrt(2 * math.pi) / share

    days = np.linalg.solve(np.eye(nodes) - kernel(places), np.ones(nodes))
    return float(1 + (kernel(np.zeros(1)) @ days)[0])


_quadrature = lru_cache(np.polynomial.legendre.leggauss)
"""Finding the nodes takes longer than what is done with them."""


@lru_cache
def ewma_limit(share: float, days: float) -> float:
    """Find the limit at which the mean of normal days leaves its limits every so many days.

    Args:
        share: Weight of the newest day, in (0, 1].
        days: Mean run length, > 2.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("share", share, above=0, at_most=1)
    require("days", days, above=2)
    widest = max(-float(special.ndtri(1 / days / 4)), 1.0)
    return float(optimize.brentq(lambda limit: math.log(ewma_run_length(share, limit) / days), 0.05, widest))
