"""The score statistic of strata with one common difference or ratio: Miettinen & Nurminen (1985), section 4.

As `stats.arms.score`, whose formulas these are, for all strata at once (Statistics in Medicine 4:213). The arms' rates
are averaged with Mantel and Haenszel's weights w = n0 n1 / n, which makes the averages' difference theirs, and the
averages' ratio theirs too. In each stratum the rates under the stated difference or ratio are those of greatest
likelihood, and the variance carries the factor n / (n - 1).

At the difference 0, and at the ratio 1, those rates are both x / n. Then w^2 times the variance is

    (n0 n1 / n)^2 * x (n - x) / n^2 * (1/n0 + 1/n1) * n / (n - 1) = n0 n1 x (n - x) / (n^2 (n - 1)),

the hypergeometric variance, and w times the difference is the challenger's excess of successes over expectation: the
statistic is that of Cochran, Mantel and Haenszel, without correction for continuity.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.arms.strata import Tables

__all__ = ["difference_excess", "ratio_excess", "weighted_rates"]

_Floats: TypeAlias = NDArray[np.float64]


def weighted_rates(t: Tables) -> tuple[float, float]:
    """Return the control's and the challenger's rates, averaged over strata with the weights n0 n1 / n."""
    weights = t.weight
    total = weights.sum()
    return float(np.sum(weights * t.x0 / t.n0) / total), float(np.sum(weights * t.x1 / t.n1) / total)


def difference_excess(t: Tables, difference: float, z: float) -> float:
    """Return the squared distance from the stated difference, less z squared variances: 0 at an interval's end."""
    p0 = _control_rates_given_difference(t, difference)
    p1 = np.clip(p0 + difference, 0.0, 1.0)
    control, challenger = weighted_rates(t)
    return float((challenger - control - difference) ** 2 - z * z * _variance(t, p0, p1, 1.0))


def ratio_excess(t: Tables, ratio: float, z: float) -> float:
    """Return the squared distance from the stated ratio, less z squared variances: 0 at an interval's end."""
    p0 = _control_rates_given_ratio(t, ratio)
    p1 = np.minimum(ratio * p0, 1.0)
    control, challenger = weighted_rates(t)
    return float((challenger - ratio * control) ** 2 - z * z * _variance(t, p0, p1, ratio))


def _variance(t: Tables, p0: _Floats, p1: _Floats, ratio: float) -> float:
    own = ratio**2 * p0 * (1 - p0) / t.n0 + p1 * (1 - p1) / t.n1
    weights = t.weight
    return float(np.sum(weights**2 * own * t.n / (t.n - 1)) / weights.sum() ** 2)


def _control_rates_given_difference(t: Tables, d: float) -> _Floats:
    """Solve the likelihoods' cubics in closed form; exactly at 0, where two of a cubic's roots may coincide."""
    n, x = t.n, t.x
    if d == 0:
        return x / n
    c2 = ((t.n1 + 2 * t.n0) * d - n - x) / (3 * n)
    c1 = ((t.n0 * d - n - 2 * t.x0) * d + x) / (3 * n)
    q = c2 * c2 * c2 - 1.5 * c1 * c2 + t.x0 * d * (1 - d) / (2 * n)
    p = np.copysign(np.sqrt(np.maximum(c2 * c2 - c1, 0.0)), q)
    cosine = np.divide(q, p * p * p, out=np.zeros_like(p), where=p != 0)
    angle = (np.pi + np.arccos(np.clip(cosine, -1.0, 1.0))) / 3
    return np.asarray(np.clip(2 * p * np.cos(angle) - c2, max(0.0, -d), min(1.0, 1 - d)))


def _control_rates_given_ratio(t: Tables, ratio: float) -> _Floats:
    """Solve the likelihoods' quadratics, in the form that keeps its digits."""
    a = t.n * ratio
    b = (t.n1 + t.x0) * ratio + t.x1 + t.n0
    root = np.sqrt(np.maximum(b * b - 4 * a * t.x, 0.0))
    return np.asarray(np.minimum(2 * t.x / (b + root), 1 / ratio if ratio > 1 else 1.0))
