"""Compare two arms when few whole units (agents, teams, shifts) were randomised, as unequal as they come.

CR2 is the cluster-robust variance of Bell & McCaffrey (2002, Survey Methodology 28:169) with the Satterthwaite degrees
of freedom of Pustejovsky & Tipton (2018, Journal of Business & Economic Statistics 36:672), for the regression of a
call's outcome on its arm, by ordinary least squares under the working model of independent calls. With one mean an arm
no row of a call is needed. For the unit g of an arm, with x_g calls and outcomes summing to y_g; with X calls and the
mean R = sum y_g / X in the arm, and the unit's share w_g = x_g / X:

- The hat matrix of g is 11'/X. Its adjustment, the symmetric (I - 11'/X)^(-1/2), sends the vector of ones to
  (1 - w_g)^(-1/2) times itself, so that of the residuals only their sum y_g - R x_g is needed:
  V = X^-2 sum_g (y_g - R x_g)^2 / (1 - w_g).
- V is a sum of squares of the linear forms p_g'e, p_g = X^-1 (1 - w_g)^(-1/2) (1_g - w_g 1). Under the working model
  p_g'p_g = w_g / X and p_g'p_h = -(u_g u_h)^(1/2) / X with u_g = w_g^2 / (1 - w_g), so that V has the mean 1 / X (it is
  unbiased there) and the variance 2 S / X^2 with S = sum_g w_g^2 + (sum_g u_g)^2 - sum_g u_g^2, both in units of the
  variance of a call.
- The arms share no call: their variances add, and 2 mean^2 / variance of the sum gives
  df = (1/X_0 + 1/X_1)^2 / (S_0/X_0^2 + S_1/X_1^2).

Equal units give m - 1 for an arm of m. The degrees of freedom come from the sizes alone, not from the outcomes.

Which of the comparisons of clustered arms applies: `compare_clusters` as long as the units' own totals are at hand. Its
1 / (1 - w_g) does not add over units, so that for thousands of units, of which only additive sums are kept,
`compare_ratios` of `stats.arms.ratios` stands in: without the 1 / (1 - w_g), hence false alarms where one unit carries
much of an arm (some 10 in 100 for 20 agents of 3 to 886 calls), and the same answer when no unit does. With fewer than
40 units `stats.clusters.randomisation` decides. Blocks and agents that change arm are for `stats.clusters.switchback`.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require_each
from stats.comparison import Comparison
from stats.estimates import Estimate, compare_estimates, welch_degrees_of_freedom
from stats.moments import Pairs

__all__ = ["compare_clusters", "estimate_clusters", "weigh_units_equally"]

_Floats: TypeAlias = NDArray[np.float64]

_ROUNDING = 1e-12  # of a product of two sums; what is smaller is no spread


def compare_clusters(control: Pairs, challenger: Pairs, *, alpha: float = 0.05) -> Comparison:
    """Compare total numerator per total denominator (each call one vote), by CR2 and Satterthwaite.

    Assumes that units are independent and were randomised whole; within them calls may be as alike as they please. In
    simulations of 12 to 40 agents, with 3 to 886 calls each and intraclass correlations of 0.02 to 0.2, it raises a
    false alarm at alpha 0.05 in 4 to 7 of 100 experiments, which is why below 40 units a randomisation test decides.
    Below two units in an arm, or when no unit differs from its arm's ratio, nothing is known of the error: nan, not an
    exception. Units without calls have no rows: leave them out.

    Args:
        control: One (numerator total, denominator total) a unit of the control; denominators > 0.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).

    Returns:
        The comparison, with the method "cr2", on the scale of numerator per denominator.

    Raises:
        ValueError: When `alpha` is not in (0, 1), a numerator is not finite or a denominator is not > 0.
    """
    a, b = _arrays(control), _arrays(challenger)
    return compare_estimates(
        _estimate(*a), _estimate(*b), degrees_of_freedom=_satterthwaite(a[1], b[1]), alpha=alpha, method="cr2"
    )


def weigh_units_equally(control: Pairs, challenger: Pairs, *, alpha: float = 0.05) -> Comparison:
    """Compare the averages of the units' own ratios (each unit one vote), by Welch's t (1947, Biometrika 34:28).

    It answers for the average agent, `compare_clusters` for the average call; where busy units differ from quiet ones
    these are two questions (Kahan et al. 2023, International Journal of Epidemiology 52:107).

    Args:
        control: One (numerator total, denominator total) a unit of the control; denominators > 0.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).

    Returns:
        The comparison, with the method "welch", on the scale of numerator per denominator; nan as there.

    Raises:
        ValueError: As `compare_clusters`.
    """
    a, b = (_estimate(y / x, np.ones_like(x)) for y, x in (_arrays(control), _arrays(challenger)))
    return compare_estimates(a, b, degrees_of_freedom=welch_degrees_of_freedom(a, b), alpha=alpha, method="welch")


def estimate_clusters(units: Pairs) -> Estimate:
    """Return one arm's total numerator per total denominator with its CR2 variance, as `compare_clusters` uses it.

    Args:
        units: One (numerator total, denominator total) a unit of the arm; denominators > 0.

    Raises:
        ValueError: When a numerator is not finite or a denominator is not > 0.
    """
    return _estimate(*_arrays(units))


def _arrays(pairs: Pairs) -> tuple[_Floats, _Floats]:
    require_each("numerators", (y for y, _ in pairs))
    require_each("denominators", (x for _, x in pairs), above=0)
    y, x = np.asarray(pairs, dtype=np.float64).reshape(-1, 2).T
    return y, x


def _estimate(y: _Floats, x: _Floats) -> Estimate:
    """Return an arm's ratio and its CR2 variance; of equal denominators that is the variance of a mean."""
    units, total = len(x), float(x.sum())
    ratio = float(y.sum()) / total if units else math.nan
    if units < 2 or not _shared(x):
        return Estimate(ratio, math.nan, units)
    own, expected = y * total, y.sum() * x  # whole numbers when totals are: their difference is then exact
    residual = np.where(np.abs(own - expected) <= _ROUNDING * np.abs(own), 0.0, own - expected) / total
    return Estimate(ratio, float(np.sum(residual**2 * total / (total - x))) / total**2, units)


def _satterthwaite(control: _Floats, challenger: _Floats) -> float:
    """Return the degrees of freedom that the units' sizes leave; nan below two units in an arm."""
    if min(len(control), len(challenger)) < 2 or not (_shared(control) and _shared(challenger)):
        return math.nan
    spread = sum(_form(x) / x.sum() ** 2 for x in (control, challenger))
    return float((1 / control.sum() + 1 / challenger.sum()) ** 2 / spread)


def _shared(x: _Floats) -> bool:
    """Return whether no unit is so large that the others vanish beside it in floating point."""
    return bool(np.all(x < x.sum()))


def _form(x: _Floats) -> float:
    """Return S of the derivation above: half the variance of an arm's V, in units of its squared mean."""
    share = x / x.sum()
    u = share * x / (x.sum() - x)
    return float(np.sum(share**2) + np.sum(u) ** 2 - np.sum(u**2))
