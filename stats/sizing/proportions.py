"""How many calls a question needs, and what a number of calls can answer.

Two proportions by the pooled normal formula (Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions,
3rd ed., chapter 4, unequal arms, without continuity correction), which belongs to the score test that will be made.
The control stands first; each challenger is compared with it.
"""

import math
from collections.abc import Sequence
from typing import Literal

from scipy import optimize, special

from stats.checks import require, require_share
from stats.sizing.noncentrality import require_errors
from stats.sizing.outcomes import Share, worst_difference
from stats.sizing.weights import require_factors, shared_out, smallest_ratio
from stats.tails import normal_quantile

__all__ = ["calls_per_arm", "non_inferiority_calls", "power_of", "smallest_effect"]


def calls_per_arm(
    base: float,
    effect: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    weights: Sequence[float] = (1, 1),
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
) -> tuple[int, ...]:
    """Return the calls each arm needs, so that every challenger has the power.

    Args:
        base: The control's rate, a share in (0, 1).
        effect: Difference worth finding, of either sign, not 0; base + effect in (0, 1).
        alpha: Two-sided, of the family, in (0, 1).
        power: Chance of finding the effect, in (alpha / comparisons / 2, 1).
        weights: Of the arms, control first, on any scale, each > 0.
        comparisons: Tests that share alpha (Bonferroni), >= 1.
        design_effect: Variance over that of independent calls, as 1 + (calls a unit - 1) * ICC, > 0.
        inflation: For looking early (`looking.spending.inflation_factor`), >= 1.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    _require_effect(base, effect)
    require_errors(alpha, power, comparisons)
    require_factors(design_effect, inflation)
    z_alpha, z_power = normal_quantile(alpha / comparisons / 2), normal_quantile(1 - power)
    share, ratio = Share(base), smallest_ratio("weights", weights)
    distance = z_alpha * share.null_spread(effect, ratio) + z_power * share.spread(effect, ratio)
    control = (distance / effect) ** 2
    return shared_out(control * design_effect * inflation, weights)


def power_of(
    base: float,
    effect: float,
    calls: Sequence[float],
    *,
    alpha: float = 0.05,
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
) -> float:
    """Return the chance that the smallest challenger's test finds the effect, on the effect's own side.

    Args:
        base: As `calls_per_arm`.
        effect: As `calls_per_arm`.
        calls: Of the arms, control first, each > 0.
        alpha: As `calls_per_arm`.
        comparisons: As `calls_per_arm`.
        design_effect: As `calls_per_arm`.
        inflation: As `calls_per_arm`.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    _require_effect(base, effect)
    require_share("alpha", alpha)
    require("comparisons", comparisons, at_least=1)
    require_factors(design_effect, inflation)
    share, ratio = Share(base), smallest_ratio("calls", calls)
    distance = abs(effect) * math.sqrt(calls[0] / (design_effect * inflation))
    critical = normal_quantile(alpha / comparisons / 2) * share.null_spread(effect, ratio)
    return float(special.ndtr((distance - critical) / share.spread(effect, ratio)))


def smallest_effect(
    base: float,
    calls: Sequence[float],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
) -> float:
    """Return the smallest rise these calls can find with the power; nan when none up to the whole share can be.

    Args:
        base: As `calls_per_arm`.
        calls: Of the arms, control first, each > 0.
        alpha: As `calls_per_arm`.
        power: As `calls_per_arm`.
        comparisons: As `calls_per_arm`.
        design_effect: As `calls_per_arm`.
        inflation: As `calls_per_arm`.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_share("base", base)
    require_errors(alpha, power, comparisons)

    def shortfall(effect: float) -> float:
        found = power_of(
            base, effect, calls, alpha=alpha, comparisons=comparisons, design_effect=design_effect, inflation=inflation
        )
        return found - power

    least, most = (1 - base) * 1e-9, (1 - base) * (1 - 1e-9)
    if shortfall(least) >= 0:
        return least
    return float(optimize.brentq(shortfall, least, most)) if shortfall(most) > 0 else math.nan


def non_inferiority_calls(
    base: float,
    margin: float,
    *,
    better: Literal["higher", "lower"] = "higher",
    alpha: float = 0.05,
    power: float = 0.8,
    weights: Sequence[float] = (1, 1),
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
) -> tuple[int, ...]:
    """Return the calls each arm needs to show that a guardrail is not worse by the margin, if it is in truth equal.

    One-sided at alpha / 2, as `comparison.non_inferior`, by the end of a score interval (Farrington & Manning 1990,
    Statistics in Medicine 9:1447). The simpler plan by the true rates' variance alone (Blackwelder 1982, Controlled
    Clinical Trials 3:345) has 72 % power, not 80, at a rate of 2 %, a margin of 1 point and arms of four to one.

    Args:
        base: The control's rate, a share in (0, 1).
        margin: Harm that would be tolerated, a share in (0, 1).
        better: Which way is good for this metric: the margin lies on the other side.
        alpha: As `calls_per_arm`.
        power: As `calls_per_arm`.
        weights: As `calls_per_arm`.
        comparisons: As `calls_per_arm`.
        design_effect: As `calls_per_arm`.
        inflation: As `calls_per_arm`.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_share("margin", margin)
    require_errors(alpha, power, comparisons)
    require_factors(design_effect, inflation)
    share, ratio = Share(base), smallest_ratio("weights", weights)
    null = share.null_spread(0.0, ratio, worst_difference(margin, better))
    distance = normal_quantile(alpha / comparisons / 2) * null + normal_quantile(1 - power) * share.spread(0.0, ratio)
    return shared_out((distance / margin) ** 2 * design_effect * inflation, weights)


def _require_effect(base: float, effect: float) -> None:
    Share(base).require_effect(effect)
    if effect == 0:
        raise ValueError("effect is 0, must be another number: no sample finds nothing")
