"""Arms in proportion to their weights, control first."""

import math
from collections.abc import Sequence

from stats.checks import require, require_each

__all__ = ["divided", "require_factors", "shared_out", "smallest_ratio"]


def smallest_ratio(name: str, arms: Sequence[float]) -> float:
    """Return the smallest challenger per control: the comparison that decides how much is needed.

    Args:
        name: How the caller's argument is called, for the message.
        arms: Weights or sizes, control first, on any scale, each > 0.

    Raises:
        ValueError: When there are fewer than two arms or one is not > 0.
    """
    require(f"the number of {name}", len(arms), at_least=2)
    require_each(name, arms, above=0)
    return min(arms[1:]) / arms[0]


def shared_out(control: float, weights: Sequence[float]) -> tuple[int, ...]:
    """Return the size of every arm when the control has so many, each rounded up.

    A hair is taken off first so that 100.0000001 stays 100.
    """
    return tuple(math.ceil(control * weight / weights[0] * (1 - 1e-12)) for weight in weights)


def divided(units: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Divide whole units among the arms by the largest remainders (Hamilton's method); they add up to `units`.

    Args:
        units: How many there are, >= 0.
        weights: Of the arms, control first, on any scale, each > 0.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("units", units, at_least=0)
    smallest_ratio("weights", weights)
    exact = [units * weight / sum(weights) for weight in weights]
    whole = [math.floor(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda arm: whole[arm] - exact[arm])
    for arm in by_remainder[: units - sum(whole)]:
        whole[arm] += 1
    return tuple(whole)


def require_factors(design_effect: float, inflation: float) -> None:
    """Refuse a design effect that is not > 0 or an inflation below 1.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("design_effect", design_effect, above=0)
    require("inflation", inflation, at_least=1)
