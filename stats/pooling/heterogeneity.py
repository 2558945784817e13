"""How much true effects differ between experiments: tau squared, from effects y and their sampling variances v.

All of these speak arrays with two effects or more and variances > 0; `pooling.meta` sees to that.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

__all__ = ["dersimonian_laird", "generalised_q", "reml", "tau_squared_interval", "typical_variance"]

_Floats: TypeAlias = NDArray[np.float64]


def generalised_q(y: _Floats, v: _Floats, tau_squared: float) -> float:
    """Return the weighted sum of squares about the weighted mean, chi-square with k - 1 at the true tau squared."""
    w = 1 / (v + tau_squared)
    return float(w @ (y - w @ y / w.sum()) ** 2)


def typical_variance(v: _Floats) -> float:
    """Return the "typical" sampling variance of Higgins & Thompson (2002, Statistics in Medicine 21:1539), eq. 9."""
    w = 1 / v
    return float((len(w) - 1) * w.sum() / (w.sum() ** 2 - w @ w)) if len(w) > 1 else math.nan


def dersimonian_laird(y: _Floats, v: _Floats) -> float:
    """Return the tau squared at which Q is its mean, at least 0 (1986, Controlled Clinical Trials 7:177)."""
    w = 1 / v
    return max((generalised_q(y, v, 0.0) - (len(y) - 1)) / float(w.sum() - w @ w / w.sum()), 0.0)


def reml(y: _Floats, v: _Floats) -> float:
    """Return where the restricted likelihood is highest, at least 0 (Viechtbauer 2005, JEBS 30:261)."""
    most = float(4 * len(y) * np.ptp(y) ** 2 + v.max())  # there it falls
    grid = np.concatenate(([0.0], np.geomspace(v.min() * 1e-4, most, 200)))
    slopes = np.array([_restricted_slope(y, v, tau_squared) for tau_squared in grid])
    turns = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    peaks = [_root(partial(_restricted_slope, y, v), float(grid[place]), float(grid[place + 1])) for place in turns]
    peaks += [0.0] if slopes[0] <= 0 else []
    return max(peaks, key=lambda tau_squared: _restricted_likelihood(y, v, tau_squared))


def _restricted_likelihood(y: _Floats, v: _Floats, tau_squared: float) -> float:
    """Return it in logarithms, less a constant."""
    w = 1 / (v + tau_squared)
    return float(np.log(w).sum() - np.log(w.sum()) - generalised_q(y, v, tau_squared)) / 2


def _restricted_slope(y: _Floats, v: _Floats, tau_squared: float) -> float:
    """Return its derivative by tau squared."""
    w = 1 / (v + tau_squared)
    residual = w * (y - w @ y / w.sum())
    return float(residual @ residual - w.sum() + w @ w / w.sum()) / 2


def tau_squared_interval(y: _Floats, v: _Floats, alpha: float) -> tuple[float, float]:
    """Return the tau squared at which Q is as large, and as small, as chance lets it be; nan below two effects.

    The Q-profile (Viechtbauer 2007, Statistics in Medicine 26:37), two-sided with alpha.
    """
    df = len(y) - 1
    if df < 1:
        return math.nan, math.nan
    ends = (float(special.chdtri(df, tail)) for tail in (alpha / 2, 1 - alpha / 2))
    low, high = (_where_q_falls_to(bound, y, v) for bound in ends)
    return low, high


def _where_q_falls_to(bound: float, y: _Floats, v: _Floats) -> float:
    if generalised_q(y, v, 0.0) <= bound:
        return 0.0
    most = float(((y - y.mean()) ** 2).sum()) / bound  # Q is below the plain sum of squares over tau squared
    return _root(lambda tau_squared: generalised_q(y, v, tau_squared) - bound, 0.0, most)


def _root(of: Callable[[float], float], low: float, high: float) -> float:
    return float(optimize.brentq(of, low, high, xtol=1e-300, rtol=1e-14))
