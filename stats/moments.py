"""What crosses the border to this package: sums that add up.

A sufficient statistic is a monoid: the sums of two days of calls, or of two disjoint sets of agents, are added to give
the sums of both. Integers stay integers, so that sums are exact in any order.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from stats.checks import require

__all__ = ["Counts", "Moments", "Pairs"]

Pairs: TypeAlias = Sequence[tuple[float, float]]
"""One (numerator total, denominator total) a unit: where units are few, their sums do not tell enough."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Independent trials and how many of them succeeded.

    Attributes:
        n: Trials (calls).
        successes: Trials that succeeded, 0 to n.

    Raises:
        ValueError: When not 0 <= successes <= n.
    """

    n: int
    successes: int

    def __post_init__(self) -> None:
        require("n", self.n, at_least=0)
        require("successes", self.successes, at_least=0, at_most=self.n)

    def __add__(self, other: "Counts") -> "Counts":
        """Pool the trials of two disjoint sets of calls."""
        return Counts(self.n + other.n, self.successes + other.successes)

    @property
    def rate(self) -> float:
        """Successes per trial, a share in [0, 1]; nan without trials."""
        return self.successes / self.n if self.n else math.nan


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over randomisation units of each unit's numerator total y and denominator total x.

    For a conversion rate by agent, y is an agent's conversions and x the agent's calls. Totals are formed per unit over
    all its days *before* they are squared, so that moments add only across disjoint units.

    Attributes:
        units: Number of units.
        y: Sum of the numerators.
        x: Sum of the denominators.
        yy: Sum of the squared numerators.
        xx: Sum of the squared denominators.
        xy: Sum of the products.

    Raises:
        ValueError: When a sum is not finite, or `units`, `yy` or `xx` is negative.
    """

    units: int
    y: float
    x: float
    yy: float
    xx: float
    xy: float

    def __post_init__(self) -> None:
        require("units", self.units, at_least=0)
        require("yy", self.yy, at_least=0)
        require("xx", self.xx, at_least=0)
        for name in ("y", "x", "xy"):
            require(name, getattr(self, name))

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> "Moments":
        """Sum (y, x) over units, one pair a unit."""
        totals = list(pairs)
        return cls(
            units=len(totals),
            y=sum(y for y, _ in totals),
            x=sum(x for _, x in totals),
            yy=sum(y * y for y, _ in totals),
            xx=sum(x * x for _, x in totals),
            xy=sum(x * y for y, x in totals),
        )

    def __add__(self, other: "Moments") -> "Moments":
        """Sum over the units of both, which must be disjoint."""
        return Moments(
            self.units + other.units,
            self.y + other.y,
            self.x + other.x,
            self.yy + other.yy,
            self.xx + other.xx,
            self.xy + other.xy,
        )

    @property
    def ratio(self) -> float:
        """Total numerator per total denominator; nan when the denominator is 0."""
        return self.y / self.x if self.x else math.nan

    @property
    def variance(self) -> float:
        """Sampling variance of `ratio`, linearised (the delta method); nan below two units or without denominator.

        Cochran, Sampling Techniques (3rd ed. 1977), chapter 6, from the residuals y - ratio * x of the units and with
        n / (n - 1) for few of them. The residual sum of squares is brought over the denominator x squared before it is
        divided, which is exact when the sums are integers.
        """
        if self.units < 2 or not self.x:
            return math.nan
        residual = self.yy * self.x**2 - 2 * self.y * self.x * self.xy + self.y**2 * self.xx
        return self.units / (self.units - 1) * max(residual, 0) / self.x**4
