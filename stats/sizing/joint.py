"""How many calls it takes until everything that must be shown is shown: the primary better, no guardrail worse.

A challenger ships only if all tests succeed, and every one of them is another chance to fail: with 80 % each, two
independent ones succeed in 64 of 100 experiments. No alpha is paid for that (Berger 1982, Technometrics 24:295), but
power is. Each test is planned by the normal formula of its kind; together they are multivariate normal (Sozu, Sugimoto,
Hamasaki & Evans 2015, Sample Size Determination in Clinical Trials with Multiple Endpoints, chapters 2 and 3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from stats.checks import require, require_share
from stats.sizing.noncentrality import require_errors, smallest_size
from stats.sizing.outcomes import Outcome, Share, worst_difference
from stats.sizing.weights import require_factors, shared_out, smallest_ratio
from stats.tails import normal_quantile

__all__ = ["Guardrail", "JointSize", "Primary", "calls_for_all", "power_of_all"]


@dataclass(frozen=True, slots=True)
class Primary:
    """What must be shown to be better.

    Attributes:
        outcome: What is measured on a call.
        effect: Difference worth finding, challenger minus control, not 0.
        design_effect: Variance over that of independent calls, > 0.
        inflation: For looking early (`looking.spending.inflation_factor`), >= 1.

    Raises:
        ValueError: When a value is out of its bounds.
    """

    outcome: Outcome
    effect: float
    design_effect: float = 1.0
    inflation: float = 1.0

    def __post_init__(self) -> None:
        self.outcome.require_effect(self.effect)
        require_factors(self.design_effect, self.inflation)
        if self.effect == 0:
            raise ValueError("effect is 0, must be another number: no sample finds nothing")

    def surplus(self, control: float, ratio: float, critical: float) -> float:
        """Return by how many standard errors the statistic is expected beyond its critical value."""
        distance = abs(self.effect) * math.sqrt(control / (self.design_effect * self.inflation))
        null = critical * self.outcome.null_spread(self.effect, ratio)
        return (distance - null) / self.outcome.spread(self.effect, ratio)


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What must be shown not to be worse, and is planned as if it were in truth equal.

    Attributes:
        outcome: What is measured on a call.
        margin: Harm that would be tolerated, on the outcome's scale, > 0.
        better: Which way is good for this metric: the margin lies on the other side.
        design_effect: Variance over that of independent calls, > 0.

    Raises:
        ValueError: When a value is out of its bounds.
    """

    outcome: Outcome
    margin: float
    better: Literal["higher", "lower"] = "higher"
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        require("margin", self.margin, above=0)
        worst_difference(self.margin, self.better)  # refuses a wrong word
        if isinstance(self.outcome, Share):
            require_share("margin", self.margin)
        require_factors(self.design_effect, 1.0)

    def surplus(self, control: float, ratio: float, critical: float) -> float:
        """Return by how many standard errors the statistic is expected beyond its critical value."""
        null = critical * self.outcome.null_spread(0.0, ratio, worst_difference(self.margin, self.better))
        return (self.margin * math.sqrt(control / self.design_effect) - null) / self.outcome.spread(0.0, ratio)


@dataclass(frozen=True, slots=True)
class JointSize:
    """How many calls, and what they can show.

    Attributes:
        calls: Of the arms, control first.
        power: Chance that all tests of the smallest challenger succeed together, a share.
        primary: Chance of the primary's test alone.
        guardrails: Chance of each guardrail's test alone, in their order.
        at_least: What the joint chance cannot fall below, whatever the correlation: 1 less the chances to fail.
    """

    calls: tuple[int, ...]
    power: float
    primary: float
    guardrails: tuple[float, ...]
    at_least: float


def calls_for_all(
    primary: Primary,
    guardrails: Sequence[Guardrail],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    weights: Sequence[float] = (1, 1),
    comparisons: int = 1,
    correlation: float | None = 0.0,
) -> JointSize:
    """Return the calls each arm needs, so that everything is shown together with the power, for every challenger.

    Args:
        primary: What must be better; its test is two-sided at alpha / comparisons.
        guardrails: What must not be worse, each one-sided at alpha / 2; none is the plan of the primary alone.
        alpha: Two-sided, in (0, 1).
        power: Chance that all are shown, in (alpha / comparisons / 2, 1).
        weights: Of the arms, control first, on any scale, each > 0.
        comparisons: Challengers that share the primary's alpha (Bonferroni), >= 1.
        correlation: Of any two of the statistics, each counted so that more is better, a share in [0, 1); None when it
            is unknown and may be negative: then Boole's inequality alone is relied upon.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_errors(alpha, power, comparisons)
    _require_correlation(correlation)
    ratio = smallest_ratio("weights", weights)

    def surplus(control: float) -> float:
        surpluses = _surpluses(primary, guardrails, control, ratio, alpha, comparisons)
        return (_at_least(surpluses) if correlation is None else _together(surpluses, correlation)) - power

    calls = shared_out(smallest_size(surplus, 1.0), weights)
    return power_of_all(primary, guardrails, calls, alpha=alpha, comparisons=comparisons, correlation=correlation)


def power_of_all(
    primary: Primary,
    guardrails: Sequence[Guardrail],
    calls: Sequence[int],
    *,
    alpha: float = 0.05,
    comparisons: int = 1,
    correlation: float | None = 0.0,
) -> JointSize:
    """Return what these calls can show together.

    Args:
        primary: As `calls_for_all`.
        guardrails: As `calls_for_all`.
        calls: Of the arms, control first, each > 0.
        alpha: As `calls_for_all`.
        comparisons: As `calls_for_all`.
        correlation: As `calls_for_all`; with None `power` is the lower bound itself.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_share("alpha", alpha)
    require("comparisons", comparisons, at_least=1)
    _require_correlation(correlation)
    ratio = smallest_ratio("calls", calls)
    surpluses = _surpluses(primary, guardrails, calls[0], ratio, alpha, comparisons)
    first, *others = (float(special.ndtr(surplus)) for surplus in surpluses)
    bound = _at_least(surpluses)
    together = bound if correlation is None else _together(surpluses, correlation)
    return JointSize(tuple(calls), together, first, tuple(others), bound)


def _surpluses(
    primary: Primary, guardrails: Sequence[Guardrail], control: float, ratio: float, alpha: float, comparisons: int
) -> list[float]:
    first = primary.surplus(control, ratio, normal_quantile(alpha / comparisons / 2))
    return [first, *(guard.surplus(control, ratio, normal_quantile(alpha / 2)) for guard in guardrails)]


def _at_least(surpluses: Sequence[float]) -> float:
    """Return Boole's (Bonferroni's) lower bound."""
    return max(1 - float(special.ndtr(-np.array(surpluses)).sum()), 0.0)


def _together(surpluses: Sequence[float], correlation: float) -> float:
    """Return the chance that equally correlated normals all lie below their surpluses.

    Given what they have in common, they are independent (Dunnett & Sobel 1955, Biometrika 42:258): one integral, by
    Gauss-Legendre over +-9 standard deviations in panels as fine as the integrand is steep.
    """
    if correlation == 0:
        return float(special.ndtr(surpluses).prod())
    own = math.sqrt(1 - correlation)
    nodes, weights = _PANEL
    edges = np.linspace(-_REACH, _REACH, math.ceil(2 * _REACH / max(own, 0.01)) + 1)
    half = np.diff(edges)[:, None] / 2
    common, mass = (edges[:-1, None] + half * (nodes + 1)).ravel(), (half * weights).ravel()
    density = np.exp(-(common**2) / 2) / math.sqrt(2 * math.pi)
    each = special.ndtr((np.array(surpluses)[:, None] - math.sqrt(correlation) * common) / own)
    return min(float((each.prod(axis=0) * density) @ mass), 1.0)


def _require_correlation(correlation: float | None) -> None:
    if correlation is not None:
        require("correlation", correlation, at_least=0, below=1)


_REACH = 9.0
_PANEL = np.polynomial.legendre.leggauss(12)
