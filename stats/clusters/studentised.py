"""The statistic of the randomisation tests: for many deals at once, a difference of ratios over its standard error.

For the units of an arm with numerators d and denominators x the ratio is R = sum d / sum x and its variance linearised,
n / (n - 1) sum (d - R x)^2 / (sum x)^2, as in `stats.moments`. If each unit of the challenger had its numerator less a
shift s times its denominator, d would be d - s g: the difference is then linear in s, the variance quadratic, and their
coefficients are had once for all shifts.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shifted", "absolute_t", "as_extreme", "columns", "shifted"]

_Floats: TypeAlias = NDArray[np.float64]
_Bools: TypeAlias = NDArray[np.bool_]

_ROUNDING = 1e-12  # of what was subtracted from each other; what is smaller is nothing, or mirrored deals would not tie

_NO_DISTANCE = 1e-9  # standard errors: what is left of a difference of 0 by rounding


def columns(d: _Floats, x: _Floats) -> _Floats:
    """Return per unit what `absolute_t` sums: 1 (0 of a unit that has nothing), d, x, dd, dx, xx."""
    return np.column_stack([(d != 0) | (x != 0), d, x, d * d, d * x, x * x]).astype(np.float64)


def absolute_t(control: _Floats, challenger: _Floats) -> _Floats:
    """Return the absolute studentised difference of each deal from its arms' sums of `columns`, deals x 6."""
    control_ratio, control_variance = _ratio(control)
    challenger_ratio, challenger_variance = _ratio(challenger)
    return _over(np.abs(challenger_ratio - control_ratio), control_variance + challenger_variance)


def as_extreme(statistics: _Floats, observed: float) -> int:
    """Count the deals that do at least as well as the observed, by chance; an undefined one does."""
    return int(np.count_nonzero(~(statistics < observed * (1 - 1e-9))))


def _ratio(sums: _Floats) -> tuple[_Floats, _Floats]:
    n, d, x, dd, dx, xx = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = d / x
        residual = dd - 2 * ratio * dx + ratio**2 * xx
        residual[residual <= _ROUNDING * dd] = 0.0
        return ratio, n / (n - 1) * residual / x**2


def _over(difference: _Floats, variance: _Floats) -> _Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = difference / np.sqrt(variance)
    return np.where((difference == 0) | (t < _NO_DISTANCE), 0.0, t)


@dataclass(frozen=True, slots=True)
class Shifted:
    """The statistic of each deal as a function of the shift s, (d - s g)^2 / (dd - 2 s dg + s^2 gg).

    Attributes:
        d: Difference of ratios of each deal without shift.
        g: How much of a shift the difference of each deal takes up; 1 for the observed one, without blocks.
        dd: Variance of `d`.
        dg: Covariance of `d` and `g`.
        gg: Variance of `g`.
    """

    d: _Floats
    g: _Floats
    dd: _Floats
    dg: _Floats
    gg: _Floats

    def p_values(self, observed: int, shifts: _Floats) -> _Floats:
        """Return for each shift the share of deals at least as extreme as the observed."""
        t = self._absolute_t(shifts[:, None])
        extreme = ~(t < t[:, [observed]] * (1 - 1e-9))
        return np.asarray(extreme.mean(axis=1), dtype=np.float64)

    def _absolute_t(self, s: _Floats) -> _Floats:
        difference = np.abs(self.d - s * self.g)
        difference[difference <= _ROUNDING * (np.abs(self.d) + np.abs(s * self.g))] = 0.0
        variance = self.dd - 2 * s * self.dg + s**2 * self.gg
        variance[variance <= _ROUNDING * (self.dd + s**2 * self.gg)] = 0.0
        return _over(difference, variance)

    def interval(self, observed: int, alpha: float) -> tuple[float, float]:
        """Return the outermost shifts, from 0 on, that the test at `alpha` does not refuse; infinite when none is.

        nan when the observed deal shows no spread.
        """
        step = math.sqrt(self.dd[observed]) / 8
        if not 0 < step < math.inf:
            return math.nan, math.nan
        return -self._reach(observed, alpha, -step), self._reach(observed, alpha, step)

    def _reach(self, observed: int, alpha: float, step: float) -> float:
        """Return how far shifts are accepted in one direction: doubling first, then in thirty-second parts."""
        tried = np.concatenate(([0.0], step * 2.0 ** np.arange(48)))
        for _ in range(7):
            accepted = np.flatnonzero(self.p_values(observed, tried[1:]) > alpha)
            last = int(accepted[-1]) + 1 if len(accepted) else 0
            if last + 1 == len(tried):
                return math.inf
            tried = np.linspace(tried[last], tried[last + 1], 33)
        return abs(float(tried[0]))


def shifted(control: _Bools, challenger: _Bools, d: _Floats, g: _Floats, x: _Floats) -> Shifted:
    """Return the coefficients of every deal.

    Args:
        control: Deals x units, who is in the control.
        challenger: The same of the challenger.
        d: Residual numerators of the units.
        g: What a shift of 1 takes from each of them, as it is dealt in truth.
        x: Denominators.
    """
    rows = np.column_stack([(d != 0) | (x != 0), x, d, g, d * d, d * g, g * g, d * x, g * x, x * x]).astype(np.float64)
    d0, g0, dd0, dg0, gg0 = _coefficients(control.astype(np.float64) @ rows)
    d1, g1, dd1, dg1, gg1 = _coefficients(challenger.astype(np.float64) @ rows)
    return Shifted(d1 - d0, g1 - g0, dd0 + dd1, dg0 + dg1, gg0 + gg1)


def _coefficients(sums: _Floats) -> tuple[_Floats, _Floats, _Floats, _Floats, _Floats]:
    n, x, d, g, dd, dg, gg, dx, gx, xx = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        rd, rg = d / x, g / x
        scale = n / (n - 1) / x**2
        v_dd = dd - 2 * rd * dx + rd**2 * xx
        v_gg = gg - 2 * rg * gx + rg**2 * xx
        v_dg = dg - rd * gx - rg * dx + rd * rg * xx
        v_dd[v_dd <= _ROUNDING * dd] = 0.0
        v_gg[v_gg <= _ROUNDING * gg] = 0.0
        v_dg[(v_dd == 0) | (v_gg == 0)] = 0.0
        return rd, rg, scale * v_dd, scale * v_dg, scale * v_gg
