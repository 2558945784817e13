"""The effect in each period of an experiment: by day, or by the agent's n-th use."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require
from stats.moments import Counts

__all__ = ["PeriodCounts", "PeriodEffect", "effects_of_counts"]


@dataclass(frozen=True, slots=True)
class PeriodEffect:
    """The effect in one period.

    Attributes:
        at: When, > 0: the number of the day from the start, or of the use; a bin of uses by its geometric middle.
        difference: Challenger minus control among the calls of the period alone; nan when an arm had none.
        variance: Sampling variance of it; a period in which it is not > 0 and finite is left out.

    Raises:
        ValueError: When `at` is not > 0.
    """

    at: float
    difference: float
    variance: float

    def __post_init__(self) -> None:
        require("at", self.at, above=0)


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """The calls of one period.

    Attributes:
        at: As in `PeriodEffect`.
        control: The control's calls and successes.
        challenger: The same of the challenger.
    """

    at: float
    control: Counts
    challenger: Counts


def effects_of_counts(periods: Sequence[PeriodCounts]) -> tuple[PeriodEffect, ...]:
    """Return each period's difference of proportions, with variances that do not depend on its own luck.

    The spread of a call is taken from all periods of the arm, with a success and a failure added: a period without a
    success is then not taken for a sure one, and weights are not drawn to periods with few successes.
    """
    spreads = [_spread([getattr(period, arm) for period in periods]) for arm in ("control", "challenger")]
    return tuple(
        PeriodEffect(
            period.at,
            period.challenger.rate - period.control.rate,
            spreads[0] / period.control.n + spreads[1] / period.challenger.n
            if period.control.n and period.challenger.n
            else math.nan,
        )
        for period in periods
    )


def _spread(arms: Sequence[Counts]) -> float:
    rate = (sum(arm.successes for arm in arms) + 1) / (sum(arm.n for arm in arms) + 2)
    return rate * (1 - rate)
