"""How many calls a plan needs, and how many days, from numbers alone: rates and volumes are handed in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.looking.spending import inflation_factor
from stats.sizing.proportions import calls_per_arm

ASSUMED_ICC = 0.02
"""How alike the calls of one agent are, until the centre's own history says so: the field's usual size."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What a design asks of the floor.

    `total` is eligible calls at the last look, None when no number of calls would do with so few clusters; `days`
    is None when that is so, or when the scenario has no volume yet.
    """

    base_rate: float
    effect: float
    total: int | None
    daily_calls: float
    days: int | None


def size(
    base_rate: float,
    effect: float,
    *,
    alpha: float,
    power: float,
    weights: Sequence[int],
    looks: Sequence[float],
    daily_calls: float,
    clusters: int | None = None,
) -> Sizing:
    """Size a plan on its primary metric.

    Args:
        base_rate: the primary metric's share per eligible call today.
        effect: the smallest difference worth having, as a share.
        alpha: two-sided, for the whole family of challengers and looks.
        power: to find `effect`.
        weights: of the arms, control first.
        looks: fractions of the planned calls at which the plan looks.
        daily_calls: eligible calls a day that the test takes.
        clusters: how many agents, teams or shifts there are to randomise; None when calls are randomised.

    Raises:
        ValueError: a number is out of its bounds.
    """
    challengers = len(weights) - 1
    independent = sum(
        calls_per_arm(
            base_rate,
            effect,
            alpha=alpha,
            power=power,
            weights=weights,
            comparisons=challengers,
            inflation=inflation_factor(looks, alpha / challengers, power),
        )
    )
    total = independent if clusters is None else clustered(independent, clusters)
    days = None if total is None or daily_calls <= 0 else math.ceil(total / daily_calls)
    return Sizing(base_rate, effect, total, daily_calls, days)


def clustered(independent: int, clusters: int, icc: float = ASSUMED_ICC) -> int | None:
    """Give the calls that say as much as so many independent ones; None when no number of calls does.

    With m = total / clusters calls each, the design effect is 1 + (m - 1) ICC (Kish 1965, Survey Sampling, 5.4);
    total = independent x that is solved for the total.
    """
    left = 1 - independent * icc / clusters if clusters else 0.0
    return math.ceil(independent * (1 - icc) / left) if left > 0 else None
