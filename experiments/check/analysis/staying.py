"""How soon people who were called hang up: within half a minute the words failed, not the offer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from stats.arms.intervals import wilson
from stats.moments import Counts

LAST_SECOND = 120
"""Whoever is still there then has listened."""
_STEP = 5


@dataclass(frozen=True, slots=True)
class StayPoint:
    """Who has not hung up after so many seconds: a count, its share of the connected calls, and Wilson's interval.

    `low` and `high` are nan without calls, and where whole units were dealt, whose calls are alike.
    """

    second: int
    staying: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class StayCurve:
    """One arm's connected calls, every five seconds up to `LAST_SECOND`."""

    arm: str
    connected: int
    points: tuple[StayPoint, ...]


def stay_curve(arm: str, gone: Mapping[int | None, int], *, independent: bool, alpha: float) -> StayCurve:
    """See an arm's calls by when they were hung up on; a call that ended otherwise was not, so that shares are all.

    Args:
        arm: its key.
        gone: connected calls by the second they were hung up on; None for those which were not by `LAST_SECOND`.
        independent: whether calls were dealt.
        alpha: 1 - confidence of each interval.
    """
    connected = sum(gone.values())
    left = {second: calls for second, calls in gone.items() if second is not None}
    points = []
    for second in range(0, LAST_SECOND + 1, _STEP):
        staying = connected - sum(calls for at, calls in left.items() if at <= second)
        counts = Counts(connected, staying)
        interval = wilson(counts, alpha=alpha)
        ends = (interval.low, interval.high) if independent else (math.nan, math.nan)
        points.append(StayPoint(second, staying, counts.rate, *ends))
    return StayCurve(arm, connected, tuple(points))
