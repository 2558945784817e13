"""How many calls a question needs, and what a number of calls can answer.

Two proportions by the pooled normal formula (Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions,
3rd ed., chapter 4, unequal arms, without continuity correction), which belongs to the score test that will be made.
The control stands first; each challenger is compared with it.
"""

import math
from collections.abc import Sequence

from scipy import optimize, special

from stats.checks import require, require_each, require_share
from stats.tails import normal_quantile

__all__ = ["calls_per_arm", "non_inferiority_calls", "power_of", "smallest_effect"]


def calls_per_arm(
    base: float,
    effect: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    weights: Sequence[int] = (1, 1),
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
) -> tuple[int, ...]:
    """Return the calls each arm needs, so that every challenger has the power.

    Args:
        base: The control's rate, a share in (0, 1).
        effect: Difference worth finding, of either sign, not 0; base + effect in (0, 1).
        alpha: Two-sided, of the family, in (0, 1).
        power: Chance of finding the effect, in (0, 1).
        weights: Of the arms, control first, on any scale, each > 0.
        comparisons: Tests that share alpha (Bonferroni), >= 1.
        design_effect: Variance over that of independent calls, as 1 + (calls a unit - 1) * ICC, > 0.
        inflation: For looking early (`sequential.inflation_factor`), >= 1.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    _require_effect(base, effect)
    _require_errors(alpha, power, comparisons)
    _require_factors(design_effect, inflation)
    z_alpha, z_power = normal_quantile(alpha / comparisons / 2), normal_quantile(1 - power)
    ratio = _smallest_ratio("weights", weights)
    null, alternative = _spreads(base, effect, ratio)
    control = ((z_alpha * null + z_power * alternative) / effect) ** 2
    return _shared_out(control * design_effect * inflation, weights)


def power_of(
    base: float,
    effect: float,
    calls: Sequence[int],
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
    _require_errors(alpha, 0.5, comparisons)
    _require_factors(design_effect, inflation)
    null, alternative = _spreads(base, effect, _smallest_ratio("calls", calls))
    distance = abs(effect) * math.sqrt(calls[0] / (design_effect * inflation))
    return float(special.ndtr((distance - normal_quantile(alpha / comparisons / 2) * null) / alternative))


def smallest_effect(
    base: float,
    calls: Sequence[int],
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
    _require_errors(alpha, power, comparisons)

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
    alpha: float = 0.05,
    power: float = 0.8,
    weights: Sequence[int] = (1, 1),
    comparisons: int = 1,
    design_effect: float = 1.0,
    inflation: float = 1.0,
) -> tuple[int, ...]:
    """Return the calls each arm needs to show that a guardrail is not worse by the margin, if it is in truth equal.

    One-sided at alpha / 2, as `comparison.non_inferior` (Blackwelder 1982, Controlled Clinical Trials 3:345).

    Args:
        base: The control's rate, a share in (0, 1).
        margin: Harm that would be tolerated, a share in (0, 1).
        alpha: As `calls_per_arm`.
        power: As `calls_per_arm`.
        weights: As `calls_per_arm`.
        comparisons: As `calls_per_arm`.
        design_effect: As `calls_per_arm`.
        inflation: As `calls_per_arm`.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_share("base", base)
    require_share("margin", margin)
    _require_errors(alpha, power, comparisons)
    _require_factors(design_effect, inflation)
    quantiles = normal_quantile(alpha / comparisons / 2) + normal_quantile(1 - power)
    _, spread = _spreads(base, 0.0, _smallest_ratio("weights", weights))
    return _shared_out((quantiles * spread / margin) ** 2 * design_effect * inflation, weights)


def _spreads(base: float, effect: float, ratio: float) -> tuple[float, float]:
    """Return the standard error times the root of the control's calls, without the effect and with it.

    `ratio` is challenger calls per control call.
    """
    other = base + effect
    common = (base + ratio * other) / (1 + ratio)
    null = math.sqrt(common * (1 - common) * (1 + 1 / ratio))
    return null, math.sqrt(base * (1 - base) + other * (1 - other) / ratio)


def _smallest_ratio(name: str, arms: Sequence[int]) -> float:
    require(f"the number of {name}", len(arms), at_least=2)
    require_each(name, arms, above=0)
    return min(arms[1:]) / arms[0]


def _shared_out(control_calls: float, weights: Sequence[int]) -> tuple[int, ...]:
    """Scale the arms by their weights, each rounded up; a hair is taken off first so that 100.0000001 stays 100."""
    return tuple(math.ceil(control_calls * weight / weights[0] * (1 - 1e-12)) for weight in weights)


def _require_effect(base: float, effect: float) -> None:
    require_share("base", base)
    require("base + effect", base + effect, above=0, below=1)
    if effect == 0:
        raise ValueError("effect is 0, must be another number: no sample finds nothing")


def _require_errors(alpha: float, power: float, comparisons: int) -> None:
    require_share("alpha", alpha)
    require_share("power", power)
    require("comparisons", comparisons, at_least=1)


def _require_factors(design_effect: float, inflation: float) -> None:
    require("design_effect", design_effect, above=0)
    require("inflation", inflation, at_least=1)
