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
from scipy import sparse

from stats.checks import require
from stats.comparison import Comparison
from stats.tails import t_quantile, two_sided_p

__all__ = ["Blocks", "compare_within"]

_Floats: TypeAlias = NDArray[np.float64]

_ROUNDING = 1e-10  # of the outcomes, and of a unit's share of its own fit; what is nearer to nothing is nothing
_NO_SPREAD = 1e-9  # of the largest total: the difference is known no better, and what is smaller is no spread


class Blocks:
    """The levels of one or more factors, to be taken off totals of units.

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
        units = len(x)
        for place, labels in enumerate(within):
            require(f"number of within[{place}]", len(labels), at_least=units, at_most=units)
        codes = _codes(within, units)
        levels = int(codes.max(initial=-1)) + 1
        self.x = x
        self._members = sparse.csr_array(
            (np.ones(codes.size), codes.ravel(), np.arange(units + 1) * codes.shape[1]), shape=(units, levels)
        )
        moments = (self._members.T @ sparse.diags_array(x) @ self._members).toarray()
        self._inverse = np.linalg.pinv(moments, rcond=1e-12, hermitian=True)
        self.own = x * self._inverse[codes[:, :, None], codes[:, None, :]].sum(axis=(1, 2))

    def residuals(self, totals: _Floats) -> _Floats:
        """Return the units' totals less what their blocks' levels expect of them."""
        found = totals - self.x * (self._members @ (self._inverse @ (self._members.T @ totals)))
        found[np.abs(found) <= _ROUNDING * np.abs(totals).max(initial=0.0)] = 0.0
        return np.asarray(found, dtype=np.float64)

    def overlap(self, weights: _Floats, kind: _Floats, spread: float) -> float:
        """Return sum_gh w_g w_h H_gh^2 with H the hat matrix of the blocks and of one more, orthogonal column.

        Args:
            weights: One a unit.
            kind: The further column T~.
            spread: Its sum of x T~^2.
        """
        wide = sparse.hstack([self._members, sparse.csr_array(kind[:, None])], format="csr")
        middle = (wide.T @ sparse.diags_array(weights * self.x) @ wide).toarray()
        upper = self._inverse @ middle[:-1]
        product = np.vstack([upper, middle[-1:] / spread])
        return float(np.sum(product * product.T))


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


def _codes(within: Sequence[Sequence[Hashable]], units: int) -> NDArray[np.int64]:
    """Number the levels of all factors through; units x factors."""
    columns, start = [], 0
    for labels in within or ([0] * units,):
        numbers = {label: start + number for number, label in enumerate(dict.fromkeys(labels))}
        columns.append([numbers[label] for label in labels])
        start += len(numbers)
    return np.array(columns, dtype=np.int64).T.reshape(units, len(columns))
