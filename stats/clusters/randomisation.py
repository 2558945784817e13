"""The randomisation test: deal the arms again and see how often chance alone does as well.

For few units, where the t distribution is a hope. What is dealt again is the unit, with all its calls.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require, require_each
from stats.moments import Pairs

__all__ = ["permutation_test"]

_Floats: TypeAlias = NDArray[np.float64]

_CELLS = 2_000_000  # of one block of re-dealt labels: bounds memory, changes no result


def permutation_test(control: Pairs, challenger: Pairs, *, draws: int = 4999, seed: int = 0) -> float:
    """Return the two-sided p-value of "the labels mean nothing", by dealing the units' labels again.

    The statistic is the difference of ratios over its standard error, as in `compare_ratios`, and not the bare
    difference, because only so is the test right when the arms differ in spread (Janssen 1997, Statistics & Probability
    Letters 36:9; Chung & Romano 2013, Annals of Statistics 41:484). All deals are enumerated when there are no more of
    them than `draws`; otherwise the observed deal counts as one of the draws, so that p is never 0 (Phipson & Smyth
    2010). A deal whose statistic is undefined counts against the challenger.

    Args:
        control: One (numerator total, denominator total) a unit.
        challenger: The same.
        draws: Random deals, >= 1.
        seed: The same seed deals the same.

    Returns:
        p in (0, 1]; nan below two units in an arm or when an arm's denominators sum to 0.

    Raises:
        ValueError: When `draws` is under 1, a total is not finite or a denominator is negative.
    """
    require("draws", draws, at_least=1)
    require_each("numerators", (y for y, _ in [*control, *challenger]))
    require_each("denominators", (x for _, x in [*control, *challenger]), at_least=0)
    first = len(control)
    if min(first, len(challenger)) < 2 or not all(sum(x for _, x in arm) for arm in (control, challenger)):
        return math.nan
    sums = _sums([*control, *challenger])
    units = len(sums)
    observed = _statistic(_labels([range(first)], units), sums)[0]
    exhaustive = math.comb(units, first) <= draws
    deals = _every_deal(units, first) if exhaustive else _random_deals(units, first, draws, seed)
    extreme = sum(_as_extreme(_statistic(labels, sums), observed) for labels in deals)
    return extreme / math.comb(units, first) if exhaustive else (extreme + 1) / (draws + 1)


def _sums(pairs: Pairs) -> _Floats:
    """Return per unit 1, d, x, dd, dx, xx, with d the numerator less its share at the common ratio.

    Taking the common ratio off first leaves every statistic as it is and the squares free of cancellation.
    """
    y, x = np.asarray(pairs, dtype=np.float64).T
    d = y - y.sum() / x.sum() * x
    d[np.abs(d) <= 1e-12 * np.abs(y).max()] = 0.0
    return np.column_stack([np.ones_like(x), d, x, d * d, d * x, x * x])


def _statistic(labels: _Floats, sums: _Floats) -> _Floats:
    """Return the absolute studentised difference of each deal (a row of labels, 1 for control)."""
    control = labels @ sums
    control_ratio, control_variance = _ratio(control)
    challenger_ratio, challenger_variance = _ratio(sums.sum(axis=0) - control)
    difference = np.abs(challenger_ratio - control_ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = difference / np.sqrt(control_variance + challenger_variance)
    return np.where(difference == 0, 0.0, t)


def _ratio(sums: _Floats) -> tuple[_Floats, _Floats]:
    """Return ratio and linearised variance of each row of sums, as `Moments` does."""
    n, d, x, dd, dx, xx = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = d / x
        residual = dd - 2 * ratio * dx + ratio**2 * xx
        residual[residual <= 1e-12 * dd] = 0.0  # rounding, which would break the ties between mirrored deals
        return ratio, n / (n - 1) * residual / x**2


def _as_extreme(statistic: _Floats, observed: float) -> int:
    return int(np.count_nonzero(~(statistic < observed * (1 - 1e-9))))


def _labels(chosen: Sequence[Sequence[int]], units: int) -> _Floats:
    labels = np.zeros((len(chosen), units))
    labels[np.arange(len(chosen))[:, None], np.asarray(chosen)] = 1.0
    return labels


def _every_deal(units: int, first: int) -> Iterator[_Floats]:
    deals = itertools.combinations(range(units), first)
    while block := list(itertools.islice(deals, max(_CELLS // units, 1))):
        yield _labels(block, units)


def _random_deals(units: int, first: int, draws: int, seed: int) -> Iterator[_Floats]:
    random = np.random.default_rng(seed)
    dealt = _labels([range(first)], units)
    rows = max(_CELLS // units, 1)
    for start in range(0, draws, rows):
        yield random.permuted(np.repeat(dealt, min(rows, draws - start), axis=0), axis=1)
