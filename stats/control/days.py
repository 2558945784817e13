"""What comes in: a day's calls and successes, and which day of the week it was."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require

__all__ = ["DayCount", "logit", "require_days", "share_of"]


@dataclass(frozen=True, slots=True)
class DayCount:
    """One day's calls.

    Attributes:
        weekday: 0 is Monday, 6 Sunday.
        n: Calls, >= 0.
        successes: Of them, 0 <= successes <= n.

    Raises:
        ValueError: When `weekday` is not in 0 to 6, or the counts are no counts.
    """

    weekday: int
    n: int
    successes: int

    def __post_init__(self) -> None:
        require("weekday", self.weekday, at_least=0, at_most=6)
        require("n", self.n, at_least=0)
        require("successes", self.successes, at_least=0, at_most=self.n)

    @property
    def rate(self) -> float:
        """Give the share of successes; nan without calls."""
        return self.successes / self.n if self.n else math.nan


def require_days(days: Sequence[DayCount], least: int) -> None:
    """Refuse too few days with calls.

    Raises:
        ValueError: "days with calls is 3, must be >= 14".
    """
    require("days with calls", sum(day.n > 0 for day in days), at_least=least)


def logit(share: float) -> float:
    """Give the log odds of a share in (0, 1)."""
    return math.log(share / (1 - share))


def share_of(log_odds: float) -> float:
    """Give the share that has these log odds."""
    return 1 / (1 + math.exp(-log_odds))
