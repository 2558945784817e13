"""How many units a difference of means or ratios needs, and what a number of units can answer.

By the noncentral t distribution with the degrees of freedom of Welch's test, which is the one that will be made; with
equal arms they are the n0 + n1 - 2 of Student's, and of R's `pwr.t.test` (Cohen 1988, Statistical Power Analysis, 2nd
ed., section 2.2). With equal spread in all arms and unequal numbers Welch's are fewer than Student's: the price of not
assuming in the analysis what is assumed in the plan. From some hundred units on t and normal agree, and `test="normal"`
gives the textbook's formula. A ratio is planned as a mean, with `sd_of` the history of its units.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from stats.checks import require, require_each, require_share
from stats.moments import Moments
from stats.sizing.noncentrality import noncentrality_for, power_at, require_errors, smallest_size
from stats.sizing.outcomes import Mean
from stats.sizing.weights import require_factors, shared_out, smallest_ratio

__all__ = ["Test", "non_inferiority_units", "power_of", "sd_of", "smallest_effect", "units_per_arm"]

Test: TypeAlias = Literal["t", "normal"]
"""By which distribution: "t" knows that the spread is estimated, "normal" takes it for known."""

_LEAST = 2  # units in an arm: of one, no spread is known


def sd_of(history: Moments) -> float:
    """Return the standard deviation a unit by which to plan a mean or a ratio; nan below two units.

    Of a mean (every denominator 1) it is the sample's; of a ratio that of the linearised y - ratio x over the mean of
    x (the delta method, as `Moments.variance`), so that the ratio of n units has the standard error sd / root of n. The
    history must be as long as the test will be: in twice the time a unit's totals, and their spread, are others.

    Args:
        history: Sums over the units of a period as long as the test.
    """
    return math.sqrt(history.variance * history.units)


def units_per_arm(
    sd: float,
    effect: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    weights: Sequence[float] = (1, 1),
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
    test: Test = "t",
) -> tuple[int, ...]:
    """Return the units each arm needs, so that every challenger has the power; at least 2.

    Args:
        sd: Standard deviation of a unit, the same in all arms, in the metric's unit, > 0.
        effect: Difference worth finding, in the metric's unit, of either sign, not 0.
        alpha: Two-sided, of the family (or, with one comparison, what Dunnett leaves to each), in (0, 1).
        power: Chance of finding the effect, in (alpha / comparisons / 2, 1).
        weights: Of the arms, control first, on any scale, each > 0.
        comparisons: Tests that share alpha (Bonferroni), >= 1.
        design_effect: Variance over that of `sd`: below 1 for what a covariate explains (1 - R squared), > 0.
        inflation: For looking early (`looking.spending.inflation_factor`), >= 1.
        test: "t", or "normal" for the textbook's ((z_alpha + z_power) sd / effect)^2 (1 + 1 / ratio).

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_errors(alpha, power, comparisons)
    ratio, shared = smallest_ratio("weights", weights), alpha / comparisons
    pair = _Pair(Mean(sd), effect, design_effect, inflation, test)
    normal = (noncentrality_for(power, alpha=shared) / pair.noncentrality(1, ratio)) ** 2
    control = smallest_size(lambda n: pair.power(n, n * ratio, shared) - power, max(normal, _LEAST, _LEAST / ratio))
    arms = shared_out(control, weights)
    while pair.power(arms[0], min(arms[1:]), shared) < power:  # a lone call more in one arm can cost degrees of freedom
        arms = shared_out(arms[0] + 1, weights)
    return arms


def power_of(
    sd: float,
    effect: float,
    units: Sequence[float],
    *,
    alpha: float = 0.05,
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
    test: Test = "t",
) -> float:
    """Return the chance that the smallest challenger's test finds the effect, on the effect's own side.

    Args:
        sd: As `units_per_arm`.
        effect: As `units_per_arm`.
        units: Of the arms, control first, each >= 2.
        alpha: As `units_per_arm`.
        comparisons: As `units_per_arm`.
        design_effect: As `units_per_arm`.
        inflation: As `units_per_arm`.
        test: As `units_per_arm`.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_share("alpha", alpha)
    require("comparisons", comparisons, at_least=1)
    _require_units(units)
    pair = _Pair(Mean(sd), effect, design_effect, inflation, test)
    return pair.power(units[0], min(units[1:]), alpha / comparisons)


def smallest_effect(
    sd: float,
    units: Sequence[float],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
    test: Test = "t",
) -> float:
    """Return the smallest effect these units can find with the power, in the metric's unit.

    Args:
        sd: As `units_per_arm`.
        units: Of the arms, control first, each >= 2.
        alpha: As `units_per_arm`.
        power: As `units_per_arm`.
        comparisons: As `units_per_arm`.
        design_effect: As `units_per_arm`.
        inflation: As `units_per_arm`.
        test: As `units_per_arm`.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_errors(alpha, power, comparisons)
    _require_units(units)
    one = _Pair(Mean(sd), 1.0, design_effect, inflation, test)
    control, challenger = units[0], min(units[1:])
    needed = noncentrality_for(
        power, alpha=alpha / comparisons, degrees_of_freedom=one.degrees_of_freedom(control, challenger)
    )
    return needed / one.noncentrality(control, challenger)


def non_inferiority_units(
    sd: float,
    margin: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    weights: Sequence[float] = (1, 1),
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
    test: Test = "t",
) -> tuple[int, ...]:
    """Return the units each arm needs to show that a guardrail is not worse by the margin, if it is in truth equal.

    One-sided at alpha / 2, as `comparison.non_inferior`. The bound lies as far from "no difference" as an effect of the
    margin's size would, and a mean's spread does not depend on its effect: so many units as find that effect (Julious
    2004, Statistics in Medicine 23:1921, section 5).

    Args:
        sd: As `units_per_arm`.
        margin: Harm that would be tolerated, in the metric's unit, > 0.
        alpha: As `units_per_arm`.
        power: As `units_per_arm`.
        weights: As `units_per_arm`.
        comparisons: As `units_per_arm`.
        design_effect: As `units_per_arm`.
        inflation: As `units_per_arm`.
        test: As `units_per_arm`.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("margin", margin, above=0)
    return units_per_arm(
        sd,
        margin,
        alpha=alpha,
        power=power,
        weights=weights,
        comparisons=comparisons,
        design_effect=design_effect,
        inflation=inflation,
        test=test,
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """One challenger beside the control."""

    mean: Mean
    effect: float
    design_effect: float
    inflation: float
    test: Test

    def __post_init__(self) -> None:
        require("effect", self.effect)
        if self.effect == 0:
            raise ValueError("effect is 0, must be another number: no sample finds nothing")
        require_factors(self.design_effect, self.inflation)
        if self.test not in ("t", "normal"):
            raise ValueError(f"test is {self.test!r}, must be 't' or 'normal'")

    def noncentrality(self, control: float, challenger: float) -> float:
        spread = self.mean.spread(self.effect, challenger / control)
        return abs(self.effect) / spread * math.sqrt(control / (self.design_effect * self.inflation))

    def degrees_of_freedom(self, control: float, challenger: float) -> float:
        """Return Welch's at equal spread."""
        if self.test == "normal":
            return math.inf
        own = 1 / (control**2 * (control - 1)) + 1 / (challenger**2 * (challenger - 1))
        return (1 / control + 1 / challenger) ** 2 / own

    def power(self, control: float, challenger: float, alpha: float) -> float:
        return power_at(
            self.noncentrality(control, challenger),
            alpha=alpha,
            degrees_of_freedom=self.degrees_of_freedom(control, challenger),
        )


def _require_units(units: Sequence[float]) -> None:
    smallest_ratio("units", units)
    require_each("units", units, at_least=_LEAST)
