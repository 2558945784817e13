"""Adjust p-values for the size of the family that was declared.

A member whose p is unknown (nan) stays nan and still counts: the family is what was declared, not what came back.
"""

import math
from collections.abc import Sequence

from stats.checks import require

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "bonferroni", "hochberg", "holm"]


def bonferroni(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust each by the number of members, whatever their dependence (Dunn 1961, JASA 56:52).

    It is the one whose intervals go with it: each at alpha over the number of members (`families.simultaneous`).

    Args:
        p_values: One a member (a challenger, not an arm), in any order.

    Returns:
        Adjusted p-values in the same order, in [0, 1] or nan.

    Raises:
        ValueError: When a p-value is outside [0, 1].
    """
    known = set(_known_ascending(p_values))
    return tuple(min(len(p_values) * p, 1.0) if place in known else math.nan for place, p in enumerate(p_values))


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


def hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust as Holm does, but from the largest down, which finds more (Hochberg 1988, Biometrika 75:800).

    Keeps the chance of any false finding at alpha when the members are independent or positively dependent, as
    challengers against one control are (Sarkar 1998, Annals of Statistics 26:494); Holm asks for nothing. A member
    that did not come back counts as 1.

    Args:
        p_values: One a member, in any order.

    Returns:
        Adjusted p-values in the same order, in [0, 1] or nan.

    Raises:
        ValueError: When a p-value is outside [0, 1].
    """
    return _from_the_largest(p_values, [len(p_values) - place for place in range(len(p_values))])


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust so that rejecting at q keeps the expected share of false findings at q (1995, JRSS B 57:289).

    Assumes independent or positively dependent members (Benjamini & Yekutieli 2001, Annals of Statistics 29:1165).

    Args:
        p_values: One a member, in any order.

    Returns:
        Adjusted p-values in the same order, in [0, 1] or nan.

    Raises:
        ValueError: When a p-value is outside [0, 1].
    """
    size = len(p_values)
    return _from_the_largest(p_values, [size / rank for rank in range(1, size + 1)])


def benjamini_yekutieli(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust as `benjamini_hochberg`, whatever the dependence (2001, Annals of Statistics 29:1165, theorem 1.3).

    It costs the factor 1 + 1/2 + ... + 1/m, 2.9 for ten members.

    Args:
        p_values: One a member, in any order.

    Returns:
        Adjusted p-values in the same order, in [0, 1] or nan.

    Raises:
        ValueError: When a p-value is outside [0, 1].
    """
    size = len(p_values)
    price = sum(1 / rank for rank in range(1, size + 1))
    return _from_the_largest(p_values, [size * price / rank for rank in range(1, size + 1)])


def _from_the_largest(p_values: Sequence[float], factors: Sequence[float]) -> tuple[float, ...]:
    """Multiply the ordered p-values by their factors, and let none exceed one that stands above it."""
    order = _known_ascending(p_values)
    adjusted = [math.nan] * len(p_values)
    least = 1.0
    for place, factor in reversed(list(zip(order, factors, strict=False))):  # the unknown stand last, as if 1
        least = min(least, factor * p_values[place])
        adjusted[place] = least
    return tuple(adjusted)


def _known_ascending(p_values: Sequence[float]) -> list[int]:
    known = [place for place, p in enumerate(p_values) if not math.isnan(p)]
    for place in known:
        require(f"p_values[{place}]", p_values[place], at_least=0, at_most=1)
    return sorted(known, key=lambda place: p_values[place])
