"""Compare means or ratios after the fact within strata: agents, tenure, region, known before any call was dealt.

Each stratum's arms are brought to the same mix of strata, which takes from the error what strata differ among each
other (Holt & Smith 1979, JRSS A 142:33; Miratrix, Sekhon & Yu 2013, JRSS B 75:369). It costs next to nothing where they
do not differ. A stratum must be known before assignment: what the script may have changed is no stratum.
"""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.comparison import Comparison
from stats.estimates import Estimate, compare_estimates
from stats.moments import Moments

__all__ = ["compare_post_stratified", "merge_small_strata"]

_Floats: TypeAlias = NDArray[np.float64]
_Stratum: TypeAlias = tuple[Moments, Moments]

_ROUNDING = 1e-12  # of a sum of squares; what is smaller is no spread


def compare_post_stratified(strata: Sequence[_Stratum], *, alpha: float = 0.05) -> Comparison:
    """Compare total numerator per total denominator of two arms, each weighted to the units of both in every stratum.

    An arm's rate is sum_k W_k y_k / sum_k W_k x_k, with the stratum's share of all units W_k and the arm's means per
    unit y_k and x_k there: the combined ratio estimator (Cochran 1977, Sampling Techniques, 3rd ed., section 6.11).
    With denominators of 1 it is the post-stratified mean, and the difference sum_k W_k (mean_1k - mean_0k) that of
    Miratrix, Sekhon & Yu. The variance is Neyman's given how many units of each stratum fell to each arm,
    sum_k W_k^2 s_k^2 / n_k, of residuals y - rate * x about their stratum's mean; the t distribution has Welch's and
    Satterthwaite's degrees of freedom over all cells. One stratum is `compare_ratios`.

    Assumes independent units, dealt with the same split in every stratum. The error is that for *these* strata: where
    agents are the strata and differ in how the challenger works for them, it does not reach to agents not seen. A cell
    of under two units, or without a denominator, has no known error, and its stratum is merged, not dropped, by
    `merge_small_strata`: the answer stays about everybody. When even all strata together have no such two cells: nan.

    Args:
        strata: One (control, challenger) a stratum: sums over disjoint units.
        alpha: 1 - confidence, in (0, 1).

    Returns:
        The comparison, with the method "post-stratified"; its n are units.

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    merged = merge_small_strata(strata)
    weights = np.array([a.units + b.units for a, b in merged], dtype=np.float64)
    (control, control_cells), (challenger, challenger_cells) = (
        _standardised([stratum[arm] for stratum in merged], weights) for arm in (0, 1)
    )
    spread = control_cells + challenger_cells
    df = (control.variance + challenger.variance) ** 2 / spread if spread > 0 else math.nan
    return compare_estimates(control, challenger, degrees_of_freedom=df, alpha=alpha, method="post-stratified")


def merge_small_strata(strata: Sequence[_Stratum]) -> tuple[_Stratum, ...]:
    """Return the strata with those merged that have an arm of under two units or without a denominator.

    They become one stratum; if even that has such an arm, it joins the smallest of the others. Merged strata are
    compared without regard to what distinguishes them, which under a common split is less precise and not biased.
    """
    whole = [stratum for stratum in strata if _is_known(stratum)]
    small = [stratum for stratum in strata if not _is_known(stratum)]
    if not small:
        return tuple(whole)
    rest = _joined(small)
    if _is_known(rest) or not whole:
        return (*whole, rest)
    whole.sort(key=lambda stratum: stratum[0].units + stratum[1].units)
    return (_joined([whole[0], rest]), *whole[1:])


def _is_known(stratum: _Stratum) -> bool:
    return all(arm.units >= 2 and arm.x > 0 for arm in stratum)


def _joined(strata: Sequence[_Stratum]) -> _Stratum:
    control, challenger = strata[0]
    for a, b in strata[1:]:
        control, challenger = control + a, challenger + b
    return control, challenger


def _standardised(cells: Sequence[Moments], weights: _Floats) -> tuple[Estimate, float]:
    """Return an arm's rate, and the sum over its cells of squared variance per degree of freedom."""
    units = sum(cell.units for cell in cells)
    if not cells or any(cell.units < 2 or cell.x <= 0 for cell in cells):
        return Estimate(_plain(cells), math.nan, units), math.nan
    n, y, x, yy, xx, xy = np.array([_sums(cell) for cell in cells], dtype=np.float64).T
    base = float(np.sum(weights * x / n))
    rate = float(np.sum(weights * y / n)) / base
    own = n * yy - y * y  # exact when totals are whole numbers
    residual = own - 2 * rate * (n * xy - x * y) + rate**2 * (n * xx - x * x)
    residual[residual <= _ROUNDING * own] = 0.0
    variance = weights**2 * residual / (n * n * (n - 1)) / base**2
    return Estimate(rate, float(variance.sum()), units), float(np.sum(variance**2 / (n - 1)))


def _sums(cell: Moments) -> tuple[float, ...]:
    return cell.units, cell.y, cell.x, cell.yy, cell.xx, cell.xy


def _plain(cells: Sequence[Moments]) -> float:
    """Return the rate without strata, where no error can be given; nan without a denominator."""
    x = sum(cell.x for cell in cells)
    return sum(cell.y for cell in cells) / x if x else math.nan
