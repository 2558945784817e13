"""The score of a test as a Brownian motion that looks may stop, by recursive numerical integration.

The score at information t, a share of what is planned, is z times the root of t: a Brownian motion whose drift is the
effect, in units of the z expected at t = 1. Armitage, McPherson & Rowe (1969, JRSS A 132:235); Jennison & Turnbull
(2000, Group Sequential Methods, chapter 19). The paths are integrated once, without drift; any drift enters by its
likelihood ratio, exp(drift * score - drift^2 t / 2), which by sufficiency depends on where a path is alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["FARTHEST", "Paths"]

_Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)

FARTHEST = 40.0
"""Standard errors beyond which a tail area underflows a float: no boundary need lie farther."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the score is, over those paths that no look has stopped.

    Attributes:
        time: Information of the last look, a share of what is planned; 0 before any.
        places: Scores at which the density is known.
        masses: Chance of each place without drift, its quadrature weight included.
        step: Root of the information between the last two looks, which sets how fine the places lie.
    """

    time: float
    places: _Floats
    masses: _Floats
    step: float

    @classmethod
    def at_start(cls) -> "Paths":
        """Stand at score 0 with all of the mass."""
        return cls(0.0, np.zeros(1), np.ones(1), math.inf)

    def above(self, time: float, z: float, drift: float = 0.0) -> float:
        """Return the chance of still running until `time` and being above z there."""
        passed = time - self.time
        reach = (self.places + drift * passed - z * time**0.5) / passed**0.5
        return float(self._under(drift) @ special.ndtr(reach))

    def below(self, time: float, z: float, drift: float = 0.0) -> float:
        """Return the chance of still running until `time` and being below z there."""
        passed = time - self.time
        reach = (z * time**0.5 - self.places - drift * passed) / passed**0.5
        return float(self._under(drift) @ special.ndtr(reach))

    def between(self, time: float, low: float, high: float) -> "Paths":
        """Return the paths still running after a look at `time` that stops at a z of `low` or less, or `high` or more.

        Composite Gauss-Legendre quadrature, its panels as fine as the shorter of the last two steps is wide.
        """
        step = (time - self.time) ** 0.5
        edges = max(low, -FARTHEST) * time**0.5, min(high, FARTHEST) * time**0.5
        places, weights = _panels(*edges, 2 * min(step, self.step))
        moved = (places[:, None] - self.places) / step
        density = np.exp(-(moved**2) / 2) @ self.masses / (step * math.sqrt(2 * math.pi))
        return Paths(time, places, weights * density, step)

    def _under(self, drift: float) -> _Floats:
        """Return the masses as they are with this drift; the exponent is held where the mass underflows before it."""
        return self.masses * np.exp(np.minimum(drift * self.places - drift**2 * self.time / 2, 700.0))


def _panels(low: float, high: float, width: float) -> tuple[_Floats, _Floats]:
    """Return places and weights of 12-point Gauss-Legendre quadrature on equal panels at most `width` wide."""
    edges = np.linspace(low, high, max(math.ceil((high - low) / width), 4) + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (_NODES + 1)).ravel(), (half * _WEIGHTS).ravel()
