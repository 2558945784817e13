"""Compare two kinds of units within blocks (weekdays and half-days, agents), by CR2 and Satterthwaite.

The regression of a call's outcome on the unit's kind T and on one level for each block of each factor, by ordinary
least squares over calls; the unit is the cluster. All calls of a unit have the same regressors, so that totals suffice,
as in `stats.clusters.cr2`. With T~ the kind less its fit on the blocks (weighted by calls), S = sum x T~^2, h_g the
unit's share of its own fit (x_g times the diagonal of the hat matrix) and r_g = y_g - x_g fit_g:

- difference = sum T~ y / S (Frisch & Waugh 1933, Econometrica 1:387); blocks weigh as their calls of both kinds;
- CR2 variance = sum (T~ r)^2 / (1 - h) / S^2 (Bell & McCaffrey 2002, Survey Methodology 28:169): the adjustment
  (I - h/x 11')^(-1/2) sends ones to (1 - h)^(-1/2) times themselves; a unit that alone decides a fit (h = 1) has no
  residual and adds nothing;
- with c = x^(1/2) T~ / (1 - h)^(1/2), the forms of the variance have the inner products c_g c_h (I - H)_gh under
  independent calls, H being the hat matrix of the units' weighted means, hence (Pustejovsky & Tipton 2018, Journal of
  Business & Economic Statistics 36:672) df = (sum c^2 (1 - h))^2 / (sum c^4 (1 - 2h) + sum_gh c_g^2 c_h^2 H_gh^2).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require
from stats.comparison import Comparison
from stats.tails import t_quantile, two_sided_p

__all__ = ["Blocks", "compare_within"]

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]

_ROUNDING = 1e-10  # of the outcomes, and of a unit's share of its own fit; what is nearer to nothing is nothing
_NO_LEVEL = 1e-12  # of the largest level's denominators: a level that adds less to the others is made of them
_NO_SPREAD = 1e-9  # of the largest total: the difference is known no better, and what is smaller is no spread


class Blocks:
    """The levels of one or more factors, to be taken off totals of units.

    The fit is taken apart so that its cost grows with the units, and not with the cube of the levels: the factor of
    most levels (the agents) is absorbed, for the means of its levels need no equations; what the few levels of the
    others (half-days) add to that are columns orthogonal to it and to each other, under the weights x. The hat matrix
    is then that of the absorbed means and of these columns, one beside the other:
    H_gh = (x_g x_h)^(1/2) (1 / X_l where both are of the level l, which has X_l in all, + sum_j b_gj b_hj).

    Attributes:
        x: Denominators of the units, the weights of the fit.
        own: Share of each unit in its own fit, its diagonal of the hat matrix, 0 to 1.
    """

    def __init__(self, within: Sequence[Sequence[Hashable]], x: _Floats) -> None:
        """Prepare the fit; without factors, that of one common ratio.

        Args:
            within: For each factor, one label a unit.
            x: Denominators of the units, >= 0.

        Raises:
            ValueError: When a factor has not one label a unit.
        """
        for place, labels in enumerate(within):
            require(f"number of within[{place}]", len(labels), at_least=len(x), at_most=len(x))
        *others, self._absorbed = sorted(map(_codes, within or ([0] * len(x),)), key=_levels)
        self.x = x
        totals = self._summed(x)
        self._inverse = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
        self._columns = self._orthogonal(others, totals)
        self.own = x * (self._inverse[self._absorbed] + np.sum(self._columns**2, axis=1))

    def residuals(self, totals: _Floats) -> _Floats:
        """Return the units' totals less what their blocks' levels expect of them."""
        found = totals - self.x * self._means(totals)
        found = found - self.x * (self._columns @ (self._columns.T @ found))
        found[np.abs(found) <= _ROUNDING * np.abs(totals).max(initial=0.0)] = 0.0
        return np.asarray(found, dtype=np.float64)

    def overlap(self, weights: _Floats, kind: _Floats, spread: float) -> float:
        """Return sum_gh w_g w_h H_gh^2 with H the hat matrix of the blocks and of one more, orthogonal column.

        Args:
            weights: One a unit.
            kind: The further column T~.
            spread: Its sum of x T~^2.
        """
        columns = np.column_stack([self._columns, kind / math.sqrt(spread)])
        weighed = (weights * self.x)[:, None] * columns
        alone = self._inverse * self._summed(weights * self.x)
        mixed = sum(float(np.sum(self._inverse * self._summed(column) ** 2)) for column in weighed.T)
        return float(np.sum(alone**2)) + 2 * mixed + float(np.sum((columns.T @ weighed) ** 2))

    def _orthogonal(self, others: Sequence[_Ints], totals: _Floats) -> _Floats:
        """Return the columns that the other factors' levels add to the absorbed one, units x columns."""
        columns = np.hstack([np.empty((len(self.x), 0)), *(np.eye(_levels(codes))[codes] for codes in others)])
        largest = float(np.concatenate([totals, self.x @ columns]).max(initial=0.0))
        for place in range(columns.shape[1]):
            columns[:, place] -= self._means(self.x * columns[:, place])
        values, vectors = np.linalg.eigh((self.x * columns.T) @ columns)
        kept = values > _NO_LEVEL * largest
        return np.asarray(columns @ (vectors[:, kept] / np.sqrt(values[kept])), dtype=np.float64)

    def _summed(self, values: _Floats) -> _Floats:
        """Return the sum of one number a unit over each level of the absorbed factor."""
        return np.bincount(self._absorbed, weights=values).astype(np.float64)

    def _means(self, totals: _Floats) -> _Floats:
        """Return for each unit what its level of the absorbed factor has per denominator."""
        return np.asarray((self._inverse * self._summed(totals))[self._absorbed], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Difference and control's level, with the CR2 variances of both."""

    control: float
    difference: float
    variance: float
    control_variance: float
    covariance: float
    degrees_of_freedom: float


def compare_within(
    y: _Floats,
    x: _Floats,
    kind: NDArray[np.bool_],
    within: Sequence[Sequence[Hashable]],
    *,
    alpha: float,
    method: str,
) -> Comparison:
    """Compare the units of one kind with the others, within blocks.

    Where blocks leave nothing to compare, or no unit differs from its fit, nothing is known: nan, not an exception.

    Args:
        y: Numerators of the units.
        x: Denominators of the units, > 0.
        kind: Which units are the challenger's.
        within: For each factor, one label a unit.
        alpha: 1 - confidence, in (0, 1).
        method: The slug by which the comparison names itself.

    Returns:
        The comparison per call. The control's rate is what the fit expects of all these calls under the control, the
        challenger's that plus the difference; the lift has Fieller's interval (1954, JRSS B 16:175).

    Raises:
        ValueError: When a factor has not one label a unit.
    """
    fit = _fit(y, x, kind.astype(np.float64), Blocks(within, x))
    error = math.sqrt(fit.variance)
    df = fit.degrees_of_freedom if error > 0 else math.nan
    t = t_quantile(alpha / 2, df)
    relative, relative_low, relative_high = _lift(fit, t)
    return Comparison(
        control=fit.control,
        challenger=fit.control + fit.difference,
        difference=fit.difference,
        low=fit.difference - t * error,
        high=fit.difference + t * error,
        p_value=two_sided_p(fit.difference / error, df) if error > 0 else math.nan,
        standard_error=error,
        confidence=1 - alpha,
        relative=relative,
        relative_low=relative_low,
        relative_high=relative_high,
        method=method,
        degrees_of_freedom=df,
        control_n=int(np.count_nonzero(~kind)),
        challenger_n=int(np.count_nonzero(kind)),
    )


def _fit(y: _Floats, x: _Floats, kind: _Floats, blocks: Blocks) -> _Fit:
    unlike = np.divide(blocks.residuals(kind * x), x, out=np.zeros_like(x), where=x > 0)
    spread = float(np.sum(x * unlike**2))
    if not spread > _ROUNDING * float(x.sum()):
        return _Fit(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
    difference = float(np.sum(unlike * y)) / spread
    own = blocks.own + x * unlike**2 / spread
    free = own < 1 - _ROUNDING
    left = np.where(free, 1 - own, 1.0)
    residual = np.where(free, blocks.residuals(y - difference * kind * x), 0.0)
    residual[np.abs(residual) <= _NO_SPREAD * np.abs(y).max(initial=0.0)] = 0.0
    challengers = float(np.sum(kind * x)) / float(x.sum())
    change = unlike / spread
    level = 1 / float(x.sum()) - challengers * change
    squares = residual**2 / left
    return _Fit(
        control=float(y.sum()) / float(x.sum()) - challengers * difference,
        difference=difference,
        variance=float(np.sum(change**2 * squares)),
        control_variance=float(np.sum(level**2 * squares)),
        covariance=float(np.sum(level * change * squares)),
        degrees_of_freedom=_satterthwaite(np.where(free, x * unlike**2 / left, 0.0), own, unlike, spread, blocks),
    )


def _satterthwaite(squared: _Floats, own: _Floats, unlike: _Floats, spread: float, blocks: Blocks) -> float:
    """Return the degrees of freedom from the squares c^2 of the derivation above."""
    mean = float(np.sum(squared * (1 - own)))
    half_variance = float(np.sum(squared**2 * (1 - 2 * own))) + blocks.overlap(squared, unlike, spread)
    return mean**2 / half_variance if half_variance > 0 else math.nan


def _lift(fit: _Fit, t: float) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return difference per control; withheld when the control's interval reaches zero or lies below it."""
    floor = fit.control**2 - t**2 * fit.control_variance
    if not (fit.control > 0 and floor > 0):
        return None, None, None
    middle = fit.difference * fit.control - t**2 * fit.covariance
    half = math.sqrt(max(middle**2 - floor * (fit.difference**2 - t**2 * fit.variance), 0.0))
    return fit.difference / fit.control, (middle - half) / floor, (middle + half) / floor


def _codes(labels: Sequence[Hashable]) -> _Ints:
    """Number the levels of a factor through, as they come."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return np.array([numbers[label] for label in labels], dtype=np.int64)


def _levels(codes: _Ints) -> int:
    return int(codes.max(initial=-1)) + 1
