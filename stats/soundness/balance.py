"""Were the arms alike before anything happened? Each attribute compared, and the family of attributes adjusted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from stats.arms.ratios import compare_ratios
from stats.checks import require, require_each
from stats.clusters.randomisation import permutation_test
from stats.families.adjusting import holm
from stats.moments import Moments
from stats.tails import chi_square_p

__all__ = ["Balance", "adjust_balance", "balance_of_levels", "balance_of_moments", "balance_of_values"]

_FEWEST_EXPECTED = 5  # Cochran (1954, Biometrics 10:417): below it chi-square is not to be trusted


@dataclass(frozen=True, slots=True)
class Balance:
    """How alike the arms are on one attribute that was fixed before the dealing.

    Attributes:
        largest: Largest standardised difference, in standard deviations of the attribute and without sign (of a
            category: of its indicator, over all pairs of arms); 0.1 is the customary line (Austin 2009, Statistics in
            Medicine 28:3083). Of few units it is often above that by chance. inf when an arm has all
            of a level and another none of it; nan when a number has no spread, or an arm no unit.
        p_value: Of "dealt by chance", in (0, 1]; nan when nothing can differ.
        adjusted_p: `p_value` for the size of the family, once one was declared by `adjust_balance`; nan before.
        method: "chi-square", "permutation" (margins fixed, or the arms dealt again), or "t" (Welch's).
    """

    largest: float
    p_value: float
    adjusted_p: float
    method: Literal["chi-square", "permutation", "t"]


def balance_of_levels(counts: Sequence[Sequence[int]], *, draws: int = 9999, seed: int = 0) -> Balance:
    """Compare a categorical attribute (site, shift, product), by Pearson's chi-square (1900).

    When a cell expects fewer than 5 units, its distribution is simulated over tables with the same margins, which is
    the randomisation test of dealing units to arms of fixed sizes (Patefield 1981, Applied Statistics 30:91).

    Args:
        counts: One row an arm, one column a level: units.
        draws: Tables of a simulation, >= 1.
        seed: The same seed draws the same.

    Raises:
        ValueError: When a count is negative, arms have not the same levels, or `draws` is under 1.
    """
    require("draws", draws, at_least=1)
    table = _table(counts)
    largest = _largest_of_levels(table)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return Balance(largest, math.nan, math.nan, "chi-square")
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(np.sum((table - expected) ** 2 / expected))
    if expected.min() >= _FEWEST_EXPECTED:
        free = (table.shape[0] - 1) * (table.shape[1] - 1)
        return Balance(largest, chi_square_p(statistic, free), math.nan, "chi-square")
    alike = scipy_stats.random_table(table.sum(axis=1), table.sum(axis=0)).rvs(draws, random_state=seed)
    statistics = np.sum((alike - expected) ** 2 / expected, axis=(1, 2))
    extreme = int(np.count_nonzero(statistics >= statistic * (1 - 1e-9)))
    return Balance(largest, (extreme + 1) / (draws + 1), math.nan, "permutation")


def balance_of_moments(control: Moments, challenger: Moments) -> Balance:
    """Compare a numeric attribute (tenure, calls last month) from sums over units, by Welch's t.

    For forty units or more an arm; of fewer hand their values to `balance_of_values`.

    Args:
        control: Sums over the control's units, the attribute as y and 1 as x; or y per x of a ratio.
        challenger: The same of the challenger.
    """
    found = compare_ratios(control, challenger)
    deviation = math.sqrt((control.variance * control.units + challenger.variance * challenger.units) / 2)
    return Balance(abs(found.difference) / deviation if deviation else math.nan, found.p_value, math.nan, "t")


def balance_of_values(control: Sequence[float], challenger: Sequence[float], *, seed: int = 0) -> Balance:
    """Compare a numeric attribute of few units, by dealing the arms again: exact, whatever its distribution.

    Args:
        control: One value a unit.
        challenger: The same of the challenger.
        seed: The same seed deals the same.

    Raises:
        ValueError: When a value is not finite.
    """
    a, b = ([(value, 1.0) for value in arm] for arm in (control, challenger))
    p_value = permutation_test(a, b, seed=seed)
    return replace(balance_of_moments(Moments.of(a), Moments.of(b)), p_value=p_value, method="permutation")


def adjust_balance(found: Sequence[Balance]) -> tuple[Balance, ...]:
    """Declare these attributes one family: with Holm's adjusted p (1979, SJS 6:65) one false alarm in it is alpha."""
    adjusted = holm([each.p_value for each in found])
    return tuple(replace(each, adjusted_p=p) for each, p in zip(found, adjusted, strict=True))


def _table(counts: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    for arm, levels in enumerate(counts):
        require_each(f"counts[{arm}]", levels, at_least=0)
        if len(levels) != len(counts[0]):
            raise ValueError(f"counts[{arm}] has {len(levels)} levels, must be the {len(counts[0])} of the first arm")
    return np.asarray(counts, dtype=np.int64).reshape(len(counts), len(counts[0]) if counts else 0)


def _largest_of_levels(table: NDArray[np.int64]) -> float:
    """Return the largest difference of two arms' shares of a level, over the indicator's mean standard deviation."""
    arms = table[table.sum(axis=1) > 0]
    if len(arms) < 2:
        return math.nan
    share = arms / arms.sum(axis=1, keepdims=True)
    distance = np.abs(share[:, None] - share[None])
    spread = share * (1 - share)
    deviation = np.sqrt((spread[:, None] + spread[None]) / 2)
    if np.any((deviation == 0) & (distance > 0)):
        return math.inf
    return float(np.max(np.divide(distance, deviation, out=np.zeros_like(distance), where=deviation > 0)))
