"""The regression behind the adjustment: ratios less theta times the scores, as linear forms of the units' totals.

With unit g of arm a, m_a units, outcome totals y_g over x_g, X_a = sum x_g, and scores c_g that have mean 0 over all
units (s_g = c_g less the arm's mean):

- theta minimises the linearised variance of the adjusted difference, the sum over arms of
  1 / (m_a (m_a - 1)) sum_g (m_a (y_g - R_a x_g) / X_a - theta s_g)^2. Of equal arms that is the analysis of covariance;
  of unequal ones it is the regression that Lin (2013, Annals of Applied Statistics 7:295) calls tyranny of the
  minority: as efficient in large samples as his interacted one, at the cost of one slope and not two.
- Everything is linear in y: R_a and theta are W'y, the fitted totals U W'y, the adjusted difference q'y. Under the
  working model of independent calls, var y = diag(x), the residuals r = y - U W'y = M y have the variances
  (M diag(x) M')_gg. Hence V = sum_g q_g^2 k_g r_g^2, k_g = x_g / (M diag(x) M')_gg, is unbiased there, and without
  scores it is exactly the CR2 of `stats.clusters.cr2` (Bell & McCaffrey 2002, Survey Methodology 28:169). Its degrees
  of freedom are Satterthwaite's from the same model: with G = P diag(x) P', P_g = q_g k_g^(1/2) M_g, they are
  tr(G)^2 / tr(G^2). As M is the identity less a product of few columns, no matrix of units by units is formed.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.moments import Pairs

__all__ = ["AdjustedRatios", "adjust"]

_Floats: TypeAlias = NDArray[np.float64]

_ROUNDING = 1e-10  # of a unit's total: residuals below it are 0, and so is what is left of the unit's variance


@dataclass(frozen=True, slots=True)
class AdjustedRatios:
    """Two adjusted ratios and how sure they are.

    Attributes:
        control: Adjusted numerator per denominator.
        challenger: The same of the challenger.
        control_variance: Sampling variance; 0 when the units' past explains every one of them.
        challenger_variance: The same of the challenger.
        covariance: Of the two, which share their slope.
        degrees_of_freedom: Of the variance of their difference; nan when no variance is left.
    """

    control: float
    challenger: float
    control_variance: float
    challenger_variance: float
    covariance: float
    degrees_of_freedom: float

    @property
    def variance(self) -> float:
        """Sampling variance of challenger minus control."""
        return max(self.control_variance + self.challenger_variance - 2 * self.covariance, 0.0)


def adjust(control: Pairs, challenger: Pairs, scores: _Floats) -> AdjustedRatios:
    """Return the ratios less what the scores explain; two units an arm at least, denominators > 0.

    Args:
        control: One (numerator total, denominator total) a unit.
        challenger: The same.
        scores: One row a unit, the control's first; every column has mean 0 over all units.
    """
    y, x = np.asarray([*control, *challenger], dtype=np.float64).T
    arms = np.repeat(np.eye(2), [len(control), len(challenger)], axis=0)  # a row a unit: which arm is it in?
    weights, fitting = _forms(x, arms, scores)
    means = arms.T @ scores / arms.sum(axis=0)[:, None]
    rates = weights[:, :2] - weights[:, 2:] @ means.T  # a column an arm: its adjusted ratio is this column times y
    residuals = y - fitting @ (weights.T @ y)
    residuals[np.abs(residuals) <= _ROUNDING * np.abs(y)] = 0.0
    correction = _correction(x, weights, fitting)
    covariance = rates.T @ (rates * (correction * residuals**2)[:, None])
    difference = rates[:, 1] - rates[:, 0]
    df = _satterthwaite(x, weights, fitting, difference * np.sqrt(correction))
    control_rate, challenger_rate = (rates.T @ y).tolist()
    (control_variance, shared), (_, challenger_variance) = covariance.tolist()
    return AdjustedRatios(control_rate, challenger_rate, control_variance, challenger_variance, shared, df)


def _forms(x: _Floats, arms: _Floats, scores: _Floats) -> tuple[_Floats, _Floats]:
    """Return W and U of the derivation above: what gives (R_0, R_1, theta) from y, and the fitted totals from these."""
    units, totals = arms.sum(axis=0), x @ arms
    size = arms @ (totals / units)  # the mean denominator of the unit's arm
    own = scores - arms @ (arms.T @ scores / units[:, None])
    vote = arms @ (1 / (units * (units - 1)))
    ratios = arms / totals
    gram = own.T @ (own * vote[:, None])
    moved = arms @ (arms.T @ (own * x[:, None]) / totals[:, None])  # what a call more in R takes from each slope
    slopes = ((own - moved) * (vote / size)[:, None]) @ np.linalg.pinv(gram, hermitian=True)
    return np.hstack([ratios, slopes]), np.hstack([arms * x[:, None], own * size[:, None]])


def _correction(x: _Floats, weights: _Floats, fitting: _Floats) -> _Floats:
    """Return k: what makes each squared residual unbiased; 0 for a unit that the fit always meets."""
    inner = weights.T @ (weights * x[:, None])
    left = x - 2 * x * np.sum(fitting * weights, axis=1) + np.sum(fitting @ inner * fitting, axis=1)
    return np.asarray(np.divide(x, left, out=np.zeros_like(x), where=left > _ROUNDING * x))


def _satterthwaite(x: _Floats, weights: _Floats, fitting: _Floats, forms: _Floats) -> float:
    """Return tr(G)^2 / tr(G^2), where G is a diagonal plus L S L' with few columns."""
    columns = weights.shape[1]
    inner = weights.T @ (weights * x[:, None])
    spread = np.hstack([fitting, weights * x[:, None]]) * forms[:, None]
    core = np.block([[inner, -np.eye(columns)], [-np.eye(columns), np.zeros((columns, columns))]])
    diagonal = forms**2 * x
    trace = diagonal.sum() + np.sum(spread @ core * spread)
    low_rank = core @ (spread.T @ spread)
    mixed = np.sum(spread @ core * spread * diagonal[:, None])
    squared = np.sum(diagonal**2) + 2 * mixed + np.trace(low_rank @ low_rank)
    return float(trace**2 / squared) if squared > 0 else math.nan
