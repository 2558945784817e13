"""The randomisation test: deal the arms again and see how often chance alone does as well.

For few units, where the t distribution is a hope. What is dealt again is the unit, with all its calls. Was it dealt by
a free coin, `permutation_test` deals freely; was the deal drawn from a registered list, `randomisation_test` deals by
exactly that list, for only then is its p what it says.
"""

import itertools
import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require, require_each, require_share
from stats.clusters.deals import Deals, rows_of_deals
from stats.clusters.studentised import absolute_t, as_extreme, columns, shifted
from stats.clusters.within import Blocks
from stats.moments import Pairs

__all__ = ["RandomisationTest", "permutation_test", "randomisation_test"]

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]

_CELLS = 2_000_000  # of one block of re-dealt labels: bounds memory, changes no result


@dataclass(frozen=True, slots=True)
class RandomisationTest:
    """A challenger against the control, judged by the deals that could have been.

    Attributes:
        difference: Challenger minus control, on the scale of numerator per denominator; with blocks, within them
            as `stats.clusters.switchback` does. nan below two units in an arm.
        low: Lower end of the interval of the difference at `confidence`; -inf when the list is too short or too narrow
            to say; nan with `difference`, and when no unit differs from its arm's ratio.
        high: Upper end of it; inf when the list cannot say; nan with `low`.
        p_value: Two-sided, at least 1 / `deals`; nan with `difference`.
        confidence: Share in (0, 1): 1 - alpha.
        deals: Deals in the list, the observed one among them.
        control_n: Units in the control.
        challenger_n: Units in the challenger.
    """

    difference: float
    low: float
    high: float
    p_value: float
    confidence: float
    deals: int
    control_n: int
    challenger_n: int


def permutation_test(control: Pairs, challenger: Pairs, *, draws: int = 4999, seed: int = 0) -> float:
    """Return the two-sided p-value of "the labels mean nothing", by dealing the units' labels again.

    The statistic is the difference of ratios over its standard error, as in `compare_ratios`, and not the bare
    difference, because only so is the test right when the arms differ in spread (Janssen 1997, Statistics & Probability
    Letters 36:9; Chung & Romano 2013, Annals of Statistics 41:484). All deals are enumerated when there are no more of
    them than `draws`; otherwise the observed deal counts as one of the draws, so that p is never 0 (Phipson & Smyth
    2010, Statistical Applications in Genetics and Molecular Biology 9:39). A deal whose statistic is undefined counts
    against the challenger.

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
    y, x = _totals([*control, *challenger])
    units, first = len(y), len(control)
    if min(first, len(challenger)) < 2 or not all(sum(x for _, x in arm) for arm in (control, challenger)):
        return math.nan
    sums = columns(Blocks((), x).residuals(y), x)
    everyone = sums.sum(axis=0)
    observed = _redealt(_labels([range(first)], units), sums, everyone)[0]
    exhaustive = math.comb(units, first) <= draws
    deals = _every_deal(units, first) if exhaustive else _random_deals(units, first, draws, seed)
    extreme = sum(as_extreme(_redealt(labels, sums, everyone), observed) for labels in deals)
    return extreme / math.comb(units, first) if exhaustive else (extreme + 1) / (draws + 1)


def randomisation_test(
    units: Pairs,
    deals: Deals,
    observed: int,
    *,
    control: int = 0,
    challenger: int = 1,
    weighting: Literal["calls", "units"] = "calls",
    within: Sequence[Sequence[Hashable]] = (),
    alpha: float = 0.05,
) -> RandomisationTest:
    """Compare two arms by exactly the list of deals from which the true one was drawn.

    The statistic is that of `permutation_test`; p is the share of listed deals, the true one among them, that do at
    least as well (Moulton 2004; Li et al. 2016, Statistics in Medicine 35:1565). It assumes only that the true deal was
    drawn from the list, each with the same chance, and is then exact, up to p's steps of 1 / deals, for "no arm does
    anything to any unit". With further arms a deal also moves their units, whose numerators are first put on the
    control's ratio: then "this challenger does nothing" is tested nearly exactly, whatever the others do.

    The interval holds every difference s that the test does not refuse at `alpha` when each unit of the challenger has
    its numerator less s times its denominator: a shift of s per call, the same in all units. It is the hull of what is
    accepted, when that has gaps, and -inf to inf where even an endless shift is not refused, as with fewer than
    1 / alpha deals.

    Args:
        units: One (numerator total, denominator total) a unit, in the order of the columns of `deals`. The numerators
            may have been adjusted by what was known before the deal (CUPED); a unit whose denominator is 0 has no vote.
        deals: The registered list, deals x units, arm indices.
        observed: Row of the true deal.
        control: Arm index of the control.
        challenger: Arm index of the challenger.
        weighting: "calls" compares total numerator per total denominator, "units" the mean of the units' own ratios.
        within: For each factor one label a unit, known before the deal (weekday and half-day of a shift; its agent).
            What the levels' own ratios expect is taken off first, so that arms are compared within them.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1), a total is not finite, a denominator is negative, `weighting` is
            neither word, `observed` is no row, the arms are the same, or lengths do not match.
    """
    require_share("alpha", alpha)
    rows = rows_of_deals(deals)
    require("number of units", len(units), at_least=rows.shape[1], at_most=rows.shape[1])
    require("observed", observed, at_least=0, below=len(rows))
    if control == challenger:
        raise ValueError(f"challenger is {challenger}, must be another arm than control")
    y, x = _weighed(*_totals(units), weighting)
    arms = rows[observed]
    sizes = [int(np.count_nonzero((arms == arm) & (x > 0))) for arm in (control, challenger)]
    if min(sizes) < 2:
        return RandomisationTest(math.nan, math.nan, math.nan, math.nan, 1 - alpha, len(rows), sizes[0], sizes[1])
    blocks = Blocks(within, x)
    d = blocks.residuals(_levelled(y, x, arms, control, challenger))
    g = blocks.residuals(np.where(arms == challenger, x, 0.0))
    in_control, in_challenger = rows == control, rows == challenger
    curve = shifted(in_control, in_challenger, d, g, x)
    difference = float(curve.d[observed] / curve.g[observed]) if curve.g[observed] else math.nan
    below, above = shifted(in_control, in_challenger, d - difference * g, g, x).interval(observed, alpha)
    low, high, p_value = difference + below, difference + above, float(curve.p_values(observed, np.zeros(1))[0])
    if p_value > alpha:
        # What is accepted may have an island at 0 so narrow that the search steps over it: p has been there.
        low, high = min(low, 0.0), max(high, 0.0)
    return RandomisationTest(
        difference=difference,
        low=low,
        high=high,
        p_value=p_value,
        confidence=1 - alpha,
        deals=len(rows),
        control_n=sizes[0],
        challenger_n=sizes[1],
    )


def _totals(units: Pairs) -> tuple[_Floats, _Floats]:
    require_each("numerators", (y for y, _ in units))
    require_each("denominators", (x for _, x in units), at_least=0)
    y, x = np.asarray(units, dtype=np.float64).reshape(-1, 2).T
    return y, x


def _weighed(y: _Floats, x: _Floats, weighting: str) -> tuple[_Floats, _Floats]:
    if weighting not in {"calls", "units"}:
        raise ValueError(f"weighting is {weighting!r}, must be 'calls' or 'units'")
    if weighting == "calls":
        return y, x
    return np.divide(y, x, out=np.zeros_like(y), where=x > 0), (x > 0).astype(np.float64)


def _levelled(y: _Floats, x: _Floats, arms: _Ints, control: int, challenger: int) -> _Floats:
    """Return the numerators, those of arms that are not compared put on the control's ratio."""
    level, found = _ratio(y, x, arms == control), y.copy()
    for other in set(np.unique(arms).tolist()) - {control, challenger}:
        found[arms == other] -= (_ratio(y, x, arms == other) - level) * x[arms == other]
    return found


def _ratio(y: _Floats, x: _Floats, members: NDArray[np.bool_]) -> float:
    total = float(x[members].sum())
    return float(y[members].sum()) / total if total else 0.0


def _redealt(labels: _Floats, sums: _Floats, everyone: _Floats) -> _Floats:
    control = labels @ sums
    return absolute_t(control, everyone - control)


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
