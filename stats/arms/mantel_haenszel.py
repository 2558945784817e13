"""Mantel and Haenszel's test and odds ratio over strata, and whether one odds ratio fits them all.

The named parts behind `stats.arms.stratified`, for who wants them by name: one page shows one number. Strata with one
arm empty, or in which every call went one way, say nothing about an odds ratio and drop out of all three.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stats.arms.strata import Strata, Tables, tables
from stats.checks import require_share
from stats.tails import chi_square_p, normal_quantile

__all__ = ["CommonOddsRatio", "Homogeneity", "MantelHaenszel", "breslow_day", "cmh_test", "common_odds_ratio"]


@dataclass(frozen=True, slots=True)
class MantelHaenszel:
    """The test of Cochran, Mantel and Haenszel: is the odds ratio 1 in every stratum?

    Attributes:
        chi_square: With one degree of freedom; nan when no stratum is informative.
        p_value: In (0, 1]; nan with `chi_square`.
        excess: Successes of the challenger beyond those expected without an effect.
        corrected: Whether the excess was brought half a success nearer to zero first.
    """

    chi_square: float
    p_value: float
    excess: float
    corrected: bool


@dataclass(frozen=True, slots=True)
class CommonOddsRatio:
    """Odds of success with the challenger per odds with the control, the same in every stratum.

    Attributes:
        ratio: > 0; 0 or inf when only one arm's successes, or failures, can be compared; nan when nothing can.
        low: Lower end of the interval; nan when `ratio` is 0, inf or nan.
        high: Upper end of it.
        log_standard_error: Of the logarithm of `ratio`; nan likewise.
        confidence: Share in (0, 1): 1 - alpha.
    """

    ratio: float
    low: float
    high: float
    log_standard_error: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """Breslow and Day's test: does one odds ratio fit every stratum?

    Attributes:
        breslow_day: Chi-square without correction; nan when there is no common odds ratio.
        tarone: With Tarone's correction, which makes it a chi-square indeed.
        degrees_of_freedom: Informative strata less one.
        p_value: Of `tarone`, in (0, 1]; nan below two informative strata.
    """

    breslow_day: float
    tarone: float
    degrees_of_freedom: int
    p_value: float


def cmh_test(strata: Strata, *, correction: bool) -> MantelHaenszel:
    """Test that within strata the arms do not differ, the totals of each stratum given.

    Without correction it is the test of `compare_stratified`, the most powerful against a common odds ratio, and as
    good in many small strata as in few large ones. The correction brings p near that of the exact conditional test,
    and therefore above what a test of fixed arms needs (Cochran 1954, Biometrics 10:417; Mantel & Haenszel 1959, JNCI
    22:719). Of an excess under half a success the correction leaves nothing, and p is 1 (R then corrects nothing).

    Args:
        strata: One (control, challenger) a stratum.
        correction: Whether to take half a success off the excess, at most all of it.
    """
    t = tables(strata)
    excess, variance = t.excess, t.null_variance
    distance = max(abs(excess) - 0.5, 0.0) if correction else abs(excess)
    chi_square = distance**2 / variance if variance else math.nan
    return MantelHaenszel(chi_square, chi_square_p(chi_square, 1), excess, correction)


def common_odds_ratio(strata: Strata, *, alpha: float = 0.05) -> CommonOddsRatio:
    """Estimate one odds ratio for all strata (Mantel & Haenszel 1959) with the interval of Robins, Breslow & Greenland.

    Both are right for few large strata and for many small ones (Robins, Breslow & Greenland 1986, Biometrics 42:311).

    Args:
        strata: One (control, challenger) a stratum.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    t = tables(strata)
    r, s = _concordant(t)
    R, S = float(r.sum()), float(s.sum())
    if not (R and S):
        ratio = math.inf if R else 0.0 if S else math.nan
        return CommonOddsRatio(ratio, math.nan, math.nan, math.nan, 1 - alpha)
    P = (t.x1 + t.n0 - t.x0) / t.n
    variance = np.sum(P * r) / R**2 + np.sum(P * s + (1 - P) * r) / (R * S) + np.sum((1 - P) * s) / S**2
    error = math.sqrt(float(variance) / 2)
    reach = math.exp(normal_quantile(alpha / 2) * error)
    return CommonOddsRatio(R / S, R / S / reach, R / S * reach, error, 1 - alpha)


def breslow_day(strata: Strata) -> Homogeneity:
    """Test that the odds ratio is the same in all strata, which must be large.

    It is a chi-square when most strata expect five calls or more in each of their cells (Breslow & Day 1980,
    Statistical Methods in Cancer Research I, IARC, p. 142); with a handful of calls a stratum it says nothing. The
    common odds ratio is Mantel and Haenszel's, for which Tarone's correction is made (1985, Biometrika 72:91).

    Args:
        strata: One (control, challenger) a stratum.
    """
    t = _informative(tables(strata))
    r, s = _concordant(t)
    R, S = float(r.sum()), float(s.sum())
    df = max(len(t.n) - 1, 0)
    if not (R and S):
        return Homogeneity(math.nan, math.nan, df, math.nan)
    expected = _expected_successes(t, R / S)
    variance = 1 / (1 / expected + 1 / (t.x - expected) + 1 / (t.n1 - expected) + 1 / (t.n0 - t.x + expected))
    off = t.x1 - expected
    plain = float(np.sum(off**2 / variance))
    tarone = max(plain - float(off.sum()) ** 2 / float(variance.sum()), 0.0)
    return Homogeneity(plain, tarone, df, chi_square_p(tarone, df))


def _concordant(t: Tables) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each stratum's products of cells for the challenger and against it, per call of the stratum."""
    return t.x1 * (t.n0 - t.x0) / t.n, t.x0 * (t.n1 - t.x1) / t.n


def _informative(t: Tables) -> Tables:
    mixed = (t.x > 0) & (t.x < t.n)
    return Tables(t.n0[mixed], t.x0[mixed], t.n1[mixed], t.x1[mixed])


def _expected_successes(t: Tables, ratio: float) -> NDArray[np.float64]:
    """Return the challenger's successes at this odds ratio and these totals: the root of a quadratic.

    At the ratio 1 it is no quadratic any more; in the form used where b > 0 that does not matter. b is negative only
    below 1, where the other form adds two positive numbers.
    """
    a, b, c = 1 - ratio, t.n0 - t.x + ratio * (t.n1 + t.x), ratio * t.n1 * t.x
    root = np.sqrt(b * b + 4 * a * c)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b > 0, 2 * c / (b + root), (root - b) / (2 * a))
