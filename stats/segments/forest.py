"""The effect in each segment, with intervals that hold for all segments at once: what a forest plot draws."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stats.checks import require_share
from stats.comparison import Comparison
from stats.families.adjusting import holm
from stats.tails import normal_quantile, t_quantile

__all__ = ["ForestRow", "forest"]


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One segment of the forest.

    Attributes:
        comparison: As found within the segment, with the interval it has by itself.
        low: Lower end of the interval that holds together with those of the other segments; nan when unknown.
        high: Upper end of it.
        adjusted_p: By Holm for all segments, in (0, 1]; nan when unknown.
    """

    comparison: Comparison
    low: float
    high: float
    adjusted_p: float


def forest(
    comparisons: Sequence[Comparison], *, alpha: float = 0.05, method: Literal["max-z", "bonferroni"] = "max-z"
) -> tuple[ForestRow, ...]:
    """Adjust the segments' intervals and p-values for their number.

    "max-z" reaches as far as the largest of so many *independent* |z| (Šidák 1967, JASA 62:626): exact where no unit is
    in two segments. "bonferroni" (Dunn 1961, JASA 56:52) holds where segments overlap, as those of two moderators do.
    Each interval keeps its own shape: its two halves are stretched by the ratio of the quantiles, which is exact for
    normal and t intervals and close for score intervals. p is Holm's, which is valid for both and may reject where the
    simultaneous interval still touches 0: it spends what the clear segments leave over, and an interval cannot.

    Args:
        comparisons: One a segment that was declared; a segment of which nothing is known counts all the same.
        alpha: Chance that any of the intervals is wrong, in (0, 1).
        method: How the intervals are made simultaneous.

    Returns:
        One row a segment, in their order.

    Raises:
        ValueError: When `alpha` is not in (0, 1) or `method` is neither word.
    """
    require_share("alpha", alpha)
    if method not in {"max-z", "bonferroni"}:
        raise ValueError(f"method is {method!r}, must be 'max-z' or 'bonferroni'")
    number = max(len(comparisons), 1)
    each = alpha / number if method == "bonferroni" else -math.expm1(math.log1p(-alpha) / number)
    adjusted = holm([comparison.p_value for comparison in comparisons])
    return tuple(_row(comparison, p, each) for comparison, p in zip(comparisons, adjusted, strict=True))


def _row(comparison: Comparison, adjusted_p: float, alpha: float) -> ForestRow:
    stretch = _quantile(comparison, alpha) / _quantile(comparison, 1 - comparison.confidence)
    below, above = comparison.difference - comparison.low, comparison.high - comparison.difference
    low, high = comparison.difference - stretch * below, comparison.difference + stretch * above
    return ForestRow(comparison, low, high, adjusted_p)


def _quantile(comparison: Comparison, alpha: float) -> float:
    df = comparison.degrees_of_freedom
    return normal_quantile(alpha / 2) if df is None else t_quantile(alpha / 2, df)
