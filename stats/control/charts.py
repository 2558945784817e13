"""The p-chart: each day's rate with limits for its own number of calls, plain or widened by how much days differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require
from stats.control.baseline import Baseline
from stats.control.days import DayCount

__all__ = ["Point", "p_chart"]


@dataclass(frozen=True, slots=True)
class Point:
    """One day on the chart.

    Attributes:
        rate: Seen, in [0, 1]; nan without calls.
        centre: Expected of its weekday, in (0, 1).
        low, high: Limits for its number of calls, in [0, 1]; nan without calls.
        z: Distance from the centre in standard deviations of days; nan without calls.
    """

    rate: float
    centre: float
    low: float
    high: float
    z: float


def p_chart(
    days: Sequence[DayCount], baseline: Baseline, *, limit: float = 3.0, spread: float | None = None
) -> tuple[Point, ...]:
    """Hold days against a baseline.

    Shewhart's chart of proportions, its limits widened by the spread of days beyond the binomial one (Laney 2002,
    Quality Engineering 14:531): with a thousand calls a day no call centre's days are as alike as coins.

    Args:
        days: Any days, of the baseline or after it.
        baseline: What is expected.
        limit: Standard deviations from the centre to the limits, > 0.
        spread: Of days, in binomial standard deviations, > 0; 1 is the plain p-chart; None takes the baseline's.

    Raises:
        ValueError: When `limit` or `spread` is not above 0.
    """
    wide = baseline.spread if spread is None else spread
    require("limit", limit, above=0)
    require("spread", wide, above=0)
    return tuple(_point(day, baseline, limit, wide) for day in days)


def _point(day: DayCount, baseline: Baseline, limit: float, spread: float) -> Point:
    centre = baseline.expected(day.weekday)
    if not day.n:
        return Point(math.nan, centre, math.nan, math.nan, math.nan)
    reach = limit * spread * math.sqrt(centre * (1 - centre) / day.n)
    z = baseline.z(day, spread=spread)
    return Point(day.rate, centre, max(0.0, centre - reach), min(1.0, centre + reach), z)
