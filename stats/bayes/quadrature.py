"""Integrate along a line that was cut where something happens."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["nodes"]

_Floats: TypeAlias = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def nodes(*edges: _Floats) -> tuple[_Floats, _Floats]:
    """Return points and their weights: Gauss-Legendre with 12 points between any two neighbouring edges.

    Args:
        edges: Where to cut, a list for each thing that happens; infinite ones are passed over.
    """
    cuts = np.unique(np.concatenate(edges))
    cuts = cuts[np.isfinite(cuts)]
    half = np.diff(cuts)[:, np.newaxis] / 2
    points = cuts[:-1, np.newaxis] + half * (_NODES + 1)
    return points.ravel(), (half * _WEIGHTS).ravel()
