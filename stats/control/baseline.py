"""Phase I: what a rate was while all was well, by weekday, with how much days differ, from a window of days."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import special

from stats.checks import require, require_share
from stats.control.days import DayCount, logit, require_days, share_of
from stats.control.weekdays import weekday_offsets

__all__ = ["Baseline", "baseline_of", "laney_spread"]

_MOVING_RANGE = 2 / math.sqrt(math.pi)
"""The mean distance of two independent standard normal numbers, 1.128."""
_EFFICIENCY = 0.605
"""What a spread from moving ranges knows, against one from squares (Roes, Does & Schurink 1993, JQT 25:188)."""
_ROUNDS = 10
_ONE_IN_TEN = 0.1


@dataclass(frozen=True, slots=True)
class Baseline:
    """What later days are held against.

    Attributes:
        rate: Of a day of average kind, in (0, 1).
        offsets: Of the weekdays from Monday on, in log odds; all 0 without adjustment.
        spread: Standard deviation of days in units of the binomial one (Laney's sigma z), >= 1.
        error: Standard error of the rate's log odds.
        days: With calls, that were kept.
        left_out: Places of the days that were left out as outliers, in the order given.
    """

    rate: float
    offsets: tuple[float, ...]
    spread: float
    error: float
    days: int
    left_out: tuple[int, ...]

    def expected(self, weekday: int, *, moved: float = 0.0) -> float:
        """Give the rate of a kind of day, with the odds moved by so much (log odds)."""
        return share_of(logit(self.rate) + self.offsets[weekday] + moved)

    @property
    def widest(self) -> float:
        """Give what the spread hardly exceeds: nine in ten baselines have it below."""
        freedom = _EFFICIENCY * self.days
        return self.spread * math.sqrt(freedom / (2 * float(special.gammaincinv(freedom / 2, _ONE_IN_TEN))))

    @property
    def furthest(self) -> float:
        """Give how far the true log odds hardly lie on one side: in nine of ten baselines they do not."""
        return -float(special.ndtri(_ONE_IN_TEN)) * self.error

    def z(self, day: DayCount, *, spread: float | None = None) -> float:
        """Give how far a day lies from what is expected, in standard deviations of days; nan without calls."""
        if not day.n:
            return math.nan
        centre = self.expected(day.weekday)
        sigma = math.sqrt(centre * (1 - centre) / day.n) * (self.spread if spread is None else spread)
        return (day.rate - centre) / sigma


def laney_spread(z: Sequence[float]) -> float:
    """Give the standard deviation of days that are standardised by the binomial one, from their moving ranges.

    Laney (2002, Quality Engineering 14:531): the mean distance of neighbouring days over 1.128, so that a level which
    shifts within the window is no spread. As estimated: it may be below 1.

    Args:
        z: Days in their order, at least 2.

    Raises:
        ValueError: When there are fewer than 2.
    """
    require("number of days", len(z), at_least=2)
    return float(np.mean(np.abs(np.diff(np.asarray(z, dtype=np.float64))))) / _MOVING_RANGE


def baseline_of(
    days: Sequence[DayCount], *, weekdays: bool = True, least_weeks: int = 4, least_days: int = 14, alpha: float = 0.05
) -> Baseline:
    """Estimate the baseline, leaving out the days that belong to something else.

    A day further out than the most extreme of so many sound ones would be (Bonferroni, `alpha` for the whole window) is
    left out and all is estimated again, until nothing more falls out or a quarter of the days are gone. Spread below 1
    is chance, or would be no reason to alarm earlier than independent calls allow: it counts as 1.

    Args:
        days: In their order; days without calls are passed over.
        weekdays: Whether to adjust for them (see `weekday_offsets`).
        least_weeks: Days of each kind under which weekdays are not adjusted for.
        least_days: With calls, that there must be, >= 2.
        alpha: Chance, in (0, 1), of leaving any day of a sound window out.

    Raises:
        ValueError: When there are fewer days with calls than `least_days`, or an argument is out of its bounds.
    """
    require("least_days", least_days, at_least=2)
    require_share("alpha", alpha)
    require_days(days, least_days)
    there = [place for place, day in enumerate(days) if day.n]
    kept, reach = there, -float(special.ndtri(alpha / 2 / len(there)))
    for _ in range(_ROUNDS):
        found = _fitted([days[place] for place in kept], weekdays=weekdays, least_weeks=least_weeks)
        inside = [place for place in there if abs(found.z(days[place])) <= reach]
        if inside == kept or 4 * len(inside) < 3 * len(there):
            break
        kept = inside
    out = tuple(place for place in there if place not in kept)
    return Baseline(found.rate, found.offsets, found.spread, found.error, len(kept), out)


def _fitted(days: Sequence[DayCount], *, weekdays: bool, least_weeks: int) -> Baseline:
    x, n = sum(day.successes for day in days), sum(day.n for day in days)
    flat = (x + 0.5) / (n + 1)
    spread = max(1.0, _within_weekdays(days) if weekdays else _spread(days, (0.0,) * 7, flat))
    offsets = weekday_offsets(days, spread=spread, least_weeks=least_weeks) if weekdays else (0.0,) * 7
    rate = _centre(days, offsets, flat)
    spread = max(1.0, _spread(days, offsets, rate))
    expected = [share_of(logit(rate) + offsets[day.weekday]) for day in days]
    known = sum(day.n * p * (1 - p) for day, p in zip(days, expected, strict=True))
    return Baseline(rate, offsets, spread, spread / math.sqrt(known), len(days), ())


def _within_weekdays(days: Sequence[DayCount]) -> float:
    """Estimate the spread of days around their own weekday's rate, from neighbours of the same kind."""
    ranges = []
    for weekday in range(7):
        alike = [day for day in days if day.weekday == weekday]
        rate = (sum(day.successes for day in alike) + 0.5) / (sum(day.n for day in alike) + 1)
        z = [(day.rate - rate) / math.sqrt(rate * (1 - rate) / day.n) for day in alike]
        ranges += [abs(later - earlier) for earlier, later in pairwise(z)]
    return float(np.mean(ranges)) / _MOVING_RANGE if ranges else 1.0


def _spread(days: Sequence[DayCount], offsets: Sequence[float], rate: float) -> float:
    plain = Baseline(rate, tuple(offsets), 1.0, 0.0, len(days), ())
    return laney_spread([plain.z(day) for day in days])


def _centre(days: Sequence[DayCount], offsets: Sequence[float], start: float) -> float:
    """Find the rate at which as many successes are expected as were seen (half of one added to each side)."""
    odds, seen, total = logit(start), sum(d.successes for d in days) + 0.5, sum(d.n for d in days) + 1
    n, moved = (np.array([d.n for d in days], float), np.array([offsets[d.weekday] for d in days]))
    for _ in range(50):
        p = special.expit(odds + moved)
        scale = total / n.sum()
        step = (seen - scale * float(n @ p)) / (scale * float(n @ (p * (1 - p))))
        odds += min(max(step, -1.0), 1.0)
        if abs(step) < 1e-12:
            break
    return share_of(odds)
