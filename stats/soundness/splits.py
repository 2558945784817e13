"""The promised split, group by group (region, agent, day): many small tests that are to raise one false alarm."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stats.checks import require
from stats.families.adjusting import benjamini_hochberg, holm
from stats.looking.sample_ratio import SampleRatio, check_sample_ratio, sequential_sample_ratio_p

__all__ = ["GroupSplit", "check_splits"]

_Floats: TypeAlias = NDArray[np.float64]

_FEWEST_EXPECTED = 5
_MOST_SPLITS = 200_000  # that are enumerated; more are simulated
_DRAWS = 99_999


@dataclass(frozen=True, slots=True)
class GroupSplit:
    """The split within one group.

    Attributes:
        ratio: The group's counts against the promise; its `stray` units, in arms of weight 0, are a finding of their
            own and enter no test.
        p_value: Of the promise: exact where few units are expected; always valid when watched. In (0, 1] or nan.
        adjusted_p: `p_value` for the number of groups, in (0, 1] or nan.
        off: Whether `adjusted_p` is at most alpha and the deviation at least the practical minimum; None when unknown.
    """

    ratio: SampleRatio
    p_value: float
    adjusted_p: float
    off: bool | None


def check_splits(
    groups: Sequence[Sequence[int]],
    weights: Sequence[float],
    *,
    alpha: float = 0.01,
    least_deviation: float = 0.01,
    family: Literal["holm", "bh"] = "holm",
    watched: bool = False,
    concentration: float = 100,
) -> tuple[GroupSplit, ...]:
    """Test the same promised split in every group.

    Unwatched, p is Pearson's chi-square, and where an arm expects fewer than 5 units the exact multinomial one, which
    sums splits no likelier than the one seen (of many arms simulated, always with the same draws, and then at least
    1e-5). Watched, it is the always-valid one of `sequential_sample_ratio_p`; then an alarm anywhere in the family, at
    whatever looks, has a chance of at most alpha with Holm, because it needs one p at or below alpha over the number of
    groups. So the family must not grow: days yet to come are handed in without units and count. With many groups "bh"
    finds more and lets a share alpha of its findings be false; it is meant for a single look.

    Args:
        groups: One a group: units found in each arm.
        weights: What each arm was promised, on any scale.
        alpha: Of the family, > 0.
        least_deviation: Distance of a share from its promise below which no reading is harmed, in [0, 1].
        family: "holm": any false alarm at alpha; "bh": the expected share of false ones.
        watched: Whether it is asked again and again while units arrive.
        concentration: As in `sequential_sample_ratio_p`, used when watched.

    Raises:
        ValueError: As `check_sample_ratio`; or when an argument is outside its bounds.
    """
    require("alpha", alpha, above=0, below=1)
    require("least_deviation", least_deviation, at_least=0, at_most=1)
    if family not in {"holm", "bh"}:
        raise ValueError(f"family is {family!r}, must be 'holm' or 'bh'")
    ratios = [check_sample_ratio(counts, weights) for counts in groups]
    if watched:
        p_values = [sequential_sample_ratio_p(counts, weights, concentration=concentration) for counts in groups]
    else:
        p_values = [_p_value(ratio, counts) for ratio, counts in zip(ratios, groups, strict=True)]
    adjusted = (holm if family == "holm" else benjamini_hochberg)(p_values)
    return tuple(
        GroupSplit(ratio, p, q, None if math.isnan(q) else q <= alpha and ratio.deviation >= least_deviation)
        for ratio, p, q in zip(ratios, p_values, adjusted, strict=True)
    )


def _p_value(ratio: SampleRatio, counts: Sequence[int]) -> float:
    """Return Pearson's p, or where cells are small the exact one: the chance of all splits no likelier."""
    live = [(count, expected) for count, expected in zip(counts, ratio.expected, strict=True) if expected > 0]
    if math.isnan(ratio.p_value) or min(expected for _, expected in live) >= _FEWEST_EXPECTED:
        return ratio.p_value
    seen, expected = np.array(live).T
    total = int(seen.sum())
    if math.comb(total + len(live) - 1, len(live) - 1) > _MOST_SPLITS:
        dealt = np.random.default_rng(0).multinomial(total, expected / total, size=_DRAWS)
        unlikelier = _no_likelier(_log_chance(dealt, expected), seen, expected)
        return (int(np.count_nonzero(unlikelier)) + 1) / (_DRAWS + 1)
    chance = _log_chance(_every_split(total, len(live)), expected)
    return min(float(np.exp(chance[_no_likelier(chance, seen, expected)]).sum()), 1.0)


def _every_split(total: int, arms: int) -> _Floats:
    """Return every way to put so many units into the arms, one a row: bars among stars."""
    bars = np.array(list(itertools.combinations(range(total + arms - 1), arms - 1)))
    ends = np.full((len(bars), 1), total + arms - 1)
    return np.diff(np.hstack([np.full_like(ends, -1), bars, ends]), axis=1) - 1.0


def _log_chance(splits: NDArray[np.generic], expected: _Floats) -> _Floats:
    """Return the logarithm of the multinomial chance of each row."""
    counts = np.asarray(splits, dtype=np.float64)
    total = expected.sum()
    terms = special.xlogy(counts, expected / total) - special.gammaln(counts + 1)
    return np.asarray(special.gammaln(total + 1) + terms.sum(axis=-1))


def _no_likelier(chance: _Floats, seen: _Floats, expected: _Floats) -> NDArray[np.bool_]:
    return np.asarray(chance <= _log_chance(seen, expected) + 1e-7)
