"""Adjust p-values for the size of the family that was declared.

A member whose p is unknown (nan) stays nan and still counts: the family is what was declared, not what came back.
"""

import math
from collections.abc import Sequence

from stats.checks import require

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust so that rejecting at alpha keeps the chance of any false finding at alpha (Holm 1979, SJS 6:65).

    Args:
        p_values: One a member, in any order.

    Returns:
        Adjusted p-values in the same order, in [0, 1] or nan.

    Raises:
        ValueError: When a p-value is outside [0, 1].
    """
    order = _known_ascending(p_values)
    adjusted = [math.nan] * len(p_values)
    worst = 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min((len(p_values) - rank) * p_values[place], 1.0))
        adjusted[place] = worst
    return tuple(adjusted)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust so that rejecting at q keeps the expected share of false findings at q (1995, JRSS B 57:289).

    Args:
        p_values: One a member, in any order.

    Returns:
        Adjusted p-values in the same order, in [0, 1] or nan.

    Raises:
        ValueError: When a p-value is outside [0, 1].
    """
    order = _known_ascending(p_values)
    adjusted = [math.nan] * len(p_values)
    least = 1.0
    for rank, place in reversed(list(enumerate(order, start=1))):
        least = min(least, len(p_values) * p_values[place] / rank)
        adjusted[place] = least
    return tuple(adjusted)


def _known_ascending(p_values: Sequence[float]) -> list[int]:
    known = [place for place, p in enumerate(p_values) if not math.isnan(p)]
    for place in known:
        require(f"p_values[{place}]", p_values[place], at_least=0, at_most=1)
    return sorted(known, key=lambda place: p_values[place])
