"""Look early, as planned: boundaries that spend alpha over the looks (Lan & DeMets 1983, Biometrika 70:659).

The chance of stopping at each look is found by recursive numerical integration (Armitage, McPherson & Rowe 1969, JRSS A
132:235; Jennison & Turnbull 2000, chapter 19), so that looks may fall at any share of the information.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from stats.checks import require, require_share
from stats.tails import normal_quantile

__all__ = ["Boundary", "Spending", "inflation_factor", "spending_boundaries"]

Spending: TypeAlias = Literal["obrien-fleming", "pocock"]
_Floats: TypeAlias = NDArray[np.float64]

_FARTHEST = 40.0  # standard errors: beyond, a tail area underflows a float


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where to stop at one look.

    Attributes:
        fraction: Information at the look, a share in (0, 1] of what is planned.
        z: Stop when the absolute z of the look reaches this; inf when there is nothing to spend yet.
        nominal_alpha: The two-sided p that z stands for: stop when the look's p is at most this.
        cumulative_alpha: Chance, without an effect, of having stopped by now.
    """

    fraction: float
    z: float
    nominal_alpha: float
    cumulative_alpha: float


def spending_boundaries(
    fractions: Sequence[float], *, alpha: float = 0.05, spending: Spending = "obrien-fleming"
) -> tuple[Boundary, ...]:
    """Return the symmetric two-sided boundary of each look; each side spends half.

    Boundaries of looks already made do not depend on looks still to come: append the fractions as they occur. A look at
    1 spends all that is left.

    Args:
        fractions: Information at each look, increasing, in (0, 1], at least 0.001 apart.
        alpha: Two-sided, in (0, 1).
        spending: "obrien-fleming" is strict early, "pocock" nearly even.

    Raises:
        ValueError: When an argument is out of its bounds or `spending` is unknown.
    """
    require_share("alpha", alpha)
    _require_looks(fractions)
    spent = [2 * _spending_function(spending)(fraction, alpha / 2) for fraction in fractions]
    boundaries = []
    paths = _Paths.at_start()
    for fraction, before, now in zip(fractions, [0.0, *spent], spent, strict=False):
        z = _boundary(paths, fraction, (now - before) / 2)
        boundaries.append(Boundary(fraction, z, 2 * float(special.ndtr(-z)), now))
        paths = paths.between(fraction, z)
    return tuple(boundaries)


def inflation_factor(
    fractions: Sequence[float], alpha: float = 0.05, power: float = 0.8, spending: Spending = "obrien-fleming"
) -> float:
    """Return how much larger the largest sample must be than that of a single look, for the same power; >= 1.

    Args:
        fractions: As `spending_boundaries`; the last one is the planned end.
        alpha: Two-sided, in (0, 1).
        power: Chance of stopping for the effect planned for, on its own side, in (alpha, 1).
        spending: As `spending_boundaries`.

    Raises:
        ValueError: When an argument is out of its bounds or `spending` is unknown.
    """
    require("power", power, above=alpha, below=1)
    boundaries = spending_boundaries(fractions, alpha=alpha, spending=spending)
    fixed = normal_quantile(alpha / 2) + normal_quantile(1 - power)
    drift = float(optimize.brentq(lambda drift: _power(boundaries, drift) - power, fixed / 2, 8 * fixed))
    return max((drift / fixed) ** 2, 1.0)


@dataclass(frozen=True, slots=True)
class _Paths:
    """Where the score process is, over those paths that no look has stopped.

    The score at information t is z times the root of t: a Brownian motion with the effect as its drift.
    """

    time: float
    places: _Floats
    masses: _Floats
    step: float

    @classmethod
    def at_start(cls) -> "_Paths":
        return cls(0.0, np.zeros(1), np.ones(1), math.inf)

    def above(self, time: float, z: float, drift: float = 0.0) -> float:
        """Return the chance of still running until `time` and being above z there."""
        passed = time - self.time
        return float(self.masses @ special.ndtr((self.places + drift * passed - z * time**0.5) / passed**0.5))

    def between(self, time: float, z: float, drift: float = 0.0) -> "_Paths":
        """Return the paths still running after a look at `time` that stops beyond z on either side.

        Composite Gauss-Legendre quadrature, its panels as fine as the shorter of the last two steps is wide.
        """
        step = (time - self.time) ** 0.5
        edge = min(z, _FARTHEST) * time**0.5
        places, weights = _panels(-edge, edge, 2 * min(step, self.step))
        moved = (places[:, None] - self.places - drift * step**2) / step
        density = np.exp(-(moved**2) / 2) @ self.masses / (step * math.sqrt(2 * math.pi))
        return _Paths(time, places, weights * density, step)


def _panels(low: float, high: float, width: float) -> tuple[_Floats, _Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(low, high, max(math.ceil((high - low) / width), 4) + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (nodes + 1)).ravel(), (half * weights).ravel()


def _boundary(paths: _Paths, fraction: float, spend: float) -> float:
    """Find the z above which the running paths have exactly the mass to spend."""
    if spend <= 1e-300:
        return math.inf
    goal = math.log(spend)
    return float(optimize.brentq(lambda z: math.log(max(paths.above(fraction, z), 1e-320)) - goal, 0.0, _FARTHEST))


def _power(boundaries: Sequence[Boundary], drift: float) -> float:
    """Return the chance of ever stopping above, with this drift."""
    paths, stopped = _Paths.at_start(), 0.0
    for look in boundaries:
        stopped += paths.above(look.fraction, look.z, drift)
        paths = paths.between(look.fraction, look.z, drift)
    return stopped


def _spending_function(spending: Spending) -> Callable[[float, float], float]:
    """Return the function that says how much of one side's alpha is spent by a fraction of the information."""
    functions: dict[str, Callable[[float, float], float]] = {
        "obrien-fleming": lambda fraction, side: 2 * float(special.ndtr(-normal_quantile(side / 2) / fraction**0.5)),
        "pocock": lambda fraction, side: side * math.log1p((math.e - 1) * fraction),
    }
    if spending not in functions:
        raise ValueError(f"spending is {spending!r}, must be one of {', '.join(functions)}")
    return functions[spending]


def _require_looks(fractions: Sequence[float]) -> None:
    require("the number of fractions", len(fractions), at_least=1)
    for place, (before, now) in enumerate(pairwise([0.0, *fractions])):
        require(f"fractions[{place}]", now, at_least=before + 0.001 - 1e-12, at_most=1)
