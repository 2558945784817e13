"""Look early, as planned: boundaries that spend alpha over the looks, and what a plan of looks costs and finds.

Conventions: alpha is spent per tail (two-sided 0.05 with five even O'Brien-Fleming-type looks: 4.877, 3.357, 2.680,
2.290, 2.031), no look stops for futility, and power counts stops in the right direction only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from scipy import optimize, special

from stats.checks import require, require_share
from stats.looking.brownian import FARTHEST, Paths
from stats.looking.spending_functions import Spending, spent
from stats.tails import normal_quantile

__all__ = [
    "Boundary",
    "OperatingCharacteristics",
    "Sides",
    "drift_for_power",
    "inflation_factor",
    "operating_characteristics",
    "paths_before",
    "spending_boundaries",
]

Sides: TypeAlias = Literal[1, 2]

_LOWEST = 12.0
"""Standard errors below 0 to which paths are followed where nothing stops them: beyond lie 2e-33 of them."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where to stop at one look.

    Attributes:
        fraction: Information at the look, a share in (0, 1] of what is planned.
        z: Stop when the look's z reaches this, upwards, or on either side of 0 when two-sided; inf when there is
            nothing to spend yet.
        nominal_alpha: The p that z stands for, of as many sides: stop when the look's p is at most this.
        cumulative_alpha: Chance, without an effect, of having stopped by now.
        sides: 2 stops on both sides, 1 upwards only.
    """

    fraction: float
    z: float
    nominal_alpha: float
    cumulative_alpha: float
    sides: Sides = 2

    @property
    def low(self) -> float:
        """The z at or below which the look stops; -inf when one-sided."""
        return -self.z if self.sides == 2 else -math.inf


@dataclass(frozen=True, slots=True)
class OperatingCharacteristics:
    """What a plan of looks does under one effect.

    Attributes:
        drift: The effect, as the z expected at all of the information.
        upper: Chance of stopping above at each look.
        lower: Chance of stopping below at each look; zeros when one-sided.
        power: Chance of ever stopping in the right direction: the drift's, or upwards when one-sided or without drift.
        expected_fraction: Information at the end, on average, a share of what is planned: times the largest sample, the
            expected sample.
    """

    drift: float
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    power: float
    expected_fraction: float


def spending_boundaries(
    fractions: Sequence[float], *, alpha: float = 0.05, spending: Spending = "obrien-fleming", sides: Sides = 2
) -> tuple[Boundary, ...]:
    """Return the boundary of each look; each tail spends its part of alpha (Lan & DeMets 1983, Biometrika 70:659).

    Boundaries of looks already made do not depend on looks still to come: append the fractions as they occur. A look at
    1 spends all that is left.

    Args:
        fractions: Information at each look, increasing, in (0, 1], at least 0.001 apart.
        alpha: Of all sides together, in (0, 1): half of it on each of two.
        spending: "obrien-fleming" is strict early, "pocock" nearly even; or a `HwangShihDeCani`.
        sides: 2 stops on both sides, 1 upwards only.

    Raises:
        ValueError: When an argument is out of its bounds or `spending` is unknown.
    """
    require_share("alpha", alpha)
    _require_looks(fractions, sides)
    tail = [spent(spending, fraction, alpha / sides) for fraction in fractions]
    boundaries = []
    paths = Paths.at_start()
    for fraction, before, now in zip(fractions, [0.0, *tail], tail, strict=False):
        z = _boundary(paths, fraction, now - before)
        boundaries.append(Boundary(fraction, z, sides * float(special.ndtr(-z)), sides * now, sides))
        paths = paths.between(fraction, max(boundaries[-1].low, -_LOWEST), z)
    return tuple(boundaries)


def operating_characteristics(boundaries: Sequence[Boundary], drift: float) -> OperatingCharacteristics:
    """Return the chances of stopping at each look, the power and the expected information, under an effect.

    Jennison & Turnbull (2000), chapter 19. A test that no look has stopped ends at the last one.

    Args:
        boundaries: Of every look, in order.
        drift: The effect, as the z expected at all of the planned information: effect per standard error there.

    Raises:
        ValueError: When there is no look or `drift` is not finite.
    """
    require("the number of boundaries", len(boundaries), at_least=1)
    require("drift", drift)
    paths = paths_before(boundaries, abs(drift))
    upper = _stopping_above(boundaries, paths, drift)
    lower = [each.below(look.fraction, look.low, drift) for each, look in zip(paths, boundaries, strict=True)]
    stopped = sum(look.fraction * (a + b) for look, a, b in zip(boundaries, upper, lower, strict=True))
    return OperatingCharacteristics(
        drift=drift,
        upper=tuple(upper),
        lower=tuple(lower),
        power=sum(lower if drift < 0 and boundaries[0].sides == 2 else upper),
        expected_fraction=stopped + boundaries[-1].fraction * (1 - sum(upper) - sum(lower)),
    )


def drift_for_power(boundaries: Sequence[Boundary], power: float) -> float:
    """Return the drift that the plan finds with this chance, on its own side.

    Its square is in proportion to the information, hence the sample, that is needed at fraction 1.

    Args:
        boundaries: Of every look, in order.
        power: Chance of ever stopping above, more than without an effect and less than 1.

    Raises:
        ValueError: When there is no look or `power` is out of its bounds.
    """
    require("the number of boundaries", len(boundaries), at_least=1)
    require("power", power, above=boundaries[-1].cumulative_alpha / boundaries[-1].sides, below=1)
    paths = paths_before(boundaries)
    high = 1.0
    while sum(_stopping_above(boundaries, paths, high)) < power:
        high *= 2
    return float(
        optimize.brentq(lambda drift: sum(_stopping_above(boundaries, paths, drift)) - power, 0, high, xtol=1e-12)
    )


def inflation_factor(
    fractions: Sequence[float],
    alpha: float = 0.05,
    power: float = 0.8,
    spending: Spending = "obrien-fleming",
    sides: Sides = 2,
) -> float:
    """Return how much larger the largest sample must be than that of a single look, for the same power; >= 1.

    Args:
        fractions: As `spending_boundaries`; the last one is the planned end.
        alpha: As `spending_boundaries`.
        power: Chance of stopping for the effect planned for, on its own side, in (alpha, 1).
        spending: As `spending_boundaries`.
        sides: As `spending_boundaries`.

    Raises:
        ValueError: When an argument is out of its bounds or `spending` is unknown.
    """
    require("power", power, above=alpha, below=1)
    boundaries = spending_boundaries(fractions, alpha=alpha, spending=spending, sides=sides)
    fixed = normal_quantile(alpha / sides) + normal_quantile(1 - power)
    return max((drift_for_power(boundaries, power) / fixed) ** 2, 1.0)


def paths_before(looks: Sequence[Boundary], farthest_drift: float = 0.0) -> list[Paths]:
    """Return the paths still running before each look, in order, as far down as any drift of this size takes them."""
    paths = [Paths.at_start()]
    for look in looks[:-1]:
        paths.append(paths[-1].between(look.fraction, max(look.low, -_LOWEST - farthest_drift), look.z))
    return paths


def _stopping_above(looks: Sequence[Boundary], paths: Sequence[Paths], drift: float) -> list[float]:
    return [each.above(look.fraction, look.z, drift) for each, look in zip(paths, looks, strict=True)]


def _boundary(paths: Paths, fraction: float, spend: float) -> float:
    """Find the z above which the running paths have exactly the mass to spend."""
    if spend <= 1e-300:
        return math.inf
    goal = math.log(spend)
    return float(optimize.brentq(lambda z: math.log(max(paths.above(fraction, z), 1e-320)) - goal, -FARTHEST, FARTHEST))


def _require_looks(fractions: Sequence[float], sides: int) -> None:
    if sides not in {1, 2}:
        raise ValueError(f"sides is {sides}, must be 1 or 2")
    require("the number of fractions", len(fractions), at_least=1)
    for place, (before, now) in enumerate(pairwise([0.0, *fractions])):
        require(f"fractions[{place}]", now, at_least=before + 0.001 - 1e-12, at_most=1)
