"""How many agents, teams or customers it takes when they are randomised with all their calls, and what they can show.

The variance of an arm's mean, by k units of m calls on average and with v the variance of one call, is
v / k (between + within / m): a `Spread`, by what the units are. More calls shrink the second term alone, so that with
too few units no number of calls is enough. Tests are by t with units less arms degrees of freedom; with stratification,
less the strata.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require, require_each, require_share
from stats.sizing.noncentrality import noncentrality_for, power_at, require_errors, smallest_size
from stats.sizing.outcomes import Outcome
from stats.sizing.spreads import Spread
from stats.sizing.weights import shared_out, smallest_ratio

__all__ = ["calls_per_unit", "fewest_units", "power_of", "smallest_effect", "units_per_arm"]


def fewest_units(alpha: float = 0.05) -> int:
    """Return the units an arm must have for a randomisation test to be able to reach alpha at all: 4 at 5 %.

    Of C(2k, k) deals the observed one and its mirror image are the most extreme (Hayes & Moulton 2017, Cluster
    Randomised Trials, 2nd ed., section 10.2). It is no recommendation, but the edge below which nothing can be found.

    Args:
        alpha: Two-sided, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    units = 1
    while 2 / math.comb(2 * units, units) > alpha:
        units += 1
    return units


def units_per_arm(
    outcome: Outcome,
    effect: float,
    spread: Spread,
    calls: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    weights: Sequence[float] = (1, 1),
    comparisons: int = 1,
    inflation: float = 1.0,
) -> tuple[int, ...]:
    """Return the units each arm needs when the calls of a unit are given, so that every challenger has the power.

    Never fewer than `fewest_units` in an arm. It serves customers with few calls as it does agents with many.

    Args:
        outcome: What is measured on a call.
        effect: Difference worth finding, challenger minus control, not 0, on the outcome's scale.
        spread: What the units do to the variance.
        calls: Calls per unit, on average over the units that have any, >= 1.
        alpha: Two-sided, of the family, in (0, 1).
        power: Chance of finding the effect, in (alpha / comparisons / 2, 1).
        weights: Of the arms, control first, on any scale, each > 0.
        comparisons: Tests that share alpha (Bonferroni), >= 1.
        inflation: For looking early (`looking.spending.inflation_factor`), >= 1.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_errors(alpha, power, comparisons)
    ratio, shared = smallest_ratio("weights", weights), alpha / comparisons
    plan = _Plan(outcome, effect, spread, shared, inflation)
    require("calls", calls, at_least=1)
    few = fewest_units(shared)
    least = max(few * max(1, 1 / ratio), (spread.strata + 2) / (1 + ratio))
    control = smallest_size(lambda units: plan.power(units, units * ratio, calls) - power, least)
    return shared_out(control, weights)


def calls_per_unit(
    outcome: Outcome,
    effect: float,
    spread: Spread,
    units: Sequence[int],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    comparisons: int = 1,
    inflation: float = 1.0,
) -> int | None:
    """Return the calls each unit needs on average when the units are given; None when no number of calls does.

    Solves effect = noncentrality x standard error for m; there is none when the part that stays is too large alone
    (Hemming, Girling, Sitch, Marsh & Lilford 2011, BMC Medical Research Methodology 11:102), or when an arm has fewer
    than `fewest_units`.

    Args:
        outcome: As `units_per_arm`.
        effect: As `units_per_arm`.
        spread: As `units_per_arm`.
        units: Of the arms, control first, each > 0.
        alpha: As `units_per_arm`.
        power: As `units_per_arm`.
        comparisons: As `units_per_arm`.
        inflation: As `units_per_arm`.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_errors(alpha, power, comparisons)
    control, challenger = _pair(units)
    plan = _Plan(outcome, effect, spread, alpha / comparisons, inflation)
    df = spread.degrees_of_freedom(control + challenger)
    if min(control, challenger) < fewest_units(alpha / comparisons) or not df > 0:
        return None
    needed = noncentrality_for(power, alpha=alpha / comparisons, degrees_of_freedom=df)
    left = (effect / needed) ** 2 / plan.variance(control, challenger) - spread.between
    return max(math.ceil(spread.within / left * (1 - 1e-12)), 1) if left > 0 else None


def power_of(
    outcome: Outcome,
    effect: float,
    spread: Spread,
    units: Sequence[float],
    calls: float,
    *,
    alpha: float = 0.05,
    comparisons: int = 1,
    inflation: float = 1.0,
) -> float:
    """Return the chance that the smallest challenger's test finds the effect, on the effect's own side.

    Args:
        outcome: As `units_per_arm`.
        effect: As `units_per_arm`.
        spread: As `units_per_arm`.
        units: Of the arms, control first, each > 0.
        calls: As `units_per_arm`.
        alpha: As `units_per_arm`.
        comparisons: As `units_per_arm`.
        inflation: As `units_per_arm`.

    Returns:
        A share; nan when the units leave no degree of freedom, for then there is no test.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("comparisons", comparisons, at_least=1)
    require("calls", calls, at_least=1)
    control, challenger = _pair(units)
    return _Plan(outcome, effect, spread, alpha / comparisons, inflation).power(control, challenger, calls)


def smallest_effect(
    outcome: Outcome,
    spread: Spread,
    units: Sequence[float],
    calls: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    comparisons: int = 1,
    inflation: float = 1.0,
) -> float:
    """Return the smallest rise that these units and calls can find with the power, on the outcome's scale.

    Args:
        outcome: As `units_per_arm`.
        spread: As `units_per_arm`.
        units: Of the arms, control first, each > 0.
        calls: As `units_per_arm`.
        alpha: As `units_per_arm`.
        power: As `units_per_arm`.
        comparisons: As `units_per_arm`.
        inflation: As `units_per_arm`.

    Returns:
        nan when no share can rise so far, or the units leave no degree of freedom.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_errors(alpha, power, comparisons)
    require("calls", calls, at_least=1)
    require("inflation", inflation, at_least=1)
    control, challenger = _pair(units)
    df = spread.degrees_of_freedom(control + challenger)
    needed = noncentrality_for(power, alpha=alpha / comparisons, degrees_of_freedom=df)
    factor = spread.per_unit(calls) * inflation
    return outcome.smallest_rise(needed, factor / control, factor / challenger)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One challenger beside the control."""

    outcome: Outcome
    effect: float
    spread: Spread
    alpha: float
    inflation: float

    def __post_init__(self) -> None:
        self.outcome.require_effect(self.effect)
        if self.effect == 0:
            raise ValueError("effect is 0, must be another number: no sample finds nothing")
        require("inflation", self.inflation, at_least=1)

    def variance(self, control: float, challenger: float) -> float:
        """Return the variance of the difference, per `Spread.per_unit`."""
        return self.outcome.spread(self.effect, challenger / control) ** 2 / control * self.inflation

    def power(self, control: float, challenger: float, calls: float) -> float:
        variance = self.variance(control, challenger) * self.spread.per_unit(calls)
        return power_at(
            abs(self.effect) / math.sqrt(variance),
            alpha=self.alpha,
            degrees_of_freedom=self.spread.degrees_of_freedom(control + challenger),
        )


def _pair(units: Sequence[float]) -> tuple[float, float]:
    """Return the control's units and the smallest challenger's."""
    smallest_ratio("units", units)
    require_each("units", units, above=0)
    return units[0], min(units[1:])
