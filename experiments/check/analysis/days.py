"""The effect from day to day, where a test may end: which way it goes, and how far single days lie apart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from experiments.check.metrics import NOTHING, MetricSpec, Totals, denominator_of
from stats.moments import Counts
from stats.pooling.meta import Effect, Pooled, pool
from stats.soundness.periods import PeriodCounts, PeriodEffect, effects_of_counts
from stats.soundness.trend import Trend, trend
from stats.tails import normal_quantile

LEAST_DAYS = 7
"""Fewer days than a week say too little of how days differ."""


@dataclass(frozen=True, slots=True)
class DayEffect:
    """The effect among the calls of one day of assignment.

    Attributes:
        day: YYYYMMDD.
        control: The control's calls and successes.
        challenger: The same of the challenger.
        difference: Challenger minus control, a share; nan when an arm had no call.
        low: Lower end of its interval; nan likewise, and where whole units were dealt, whose calls are alike.
        high: Upper end of it.
    """

    day: int
    control: Counts
    challenger: Counts
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DaysReading:
    """The days of one challenger up to `until` (YYYYMMDD): each day's effect, the trend, and the range.

    `spread` sees days as drawn from one population of days: its prediction interval is the range in which the true
    effect of another day lies. It says nothing of that below `LEAST_DAYS`, and where whole units were dealt: what an
    agent brings is the same on all her days, so that days tell less than their calls seem to.
    """

    challenger: str
    until: int
    days: tuple[DayEffect, ...]
    trend: Trend
    spread: Pooled


def read_days(
    spec: MetricSpec,
    totals: Mapping[int, Mapping[str, Totals]],
    keys: Sequence[str],
    *,
    until: int,
    independent: bool,
    alpha: float,
) -> list[DaysReading]:
    """Read the days of every challenger; nothing where the metric is no share of calls.

    Args:
        spec: the primary metric.
        totals: what the calls of each day (YYYYMMDD) came to, by arm.
        keys: the arms' keys, control first.
        until: the last day of assignment that counts.
        independent: whether calls were dealt, so that a day's interval can be told from its calls.
        alpha: 1 - confidence of each interval.
    """
    if spec.kind != "proportion":
        return []
    days = sorted(totals)
    return [
        _read(
            challenger,
            until,
            days,
            [_period(spec, at, totals[day], keys[0], challenger) for at, day in enumerate(days, start=1)],
            independent=independent,
            alpha=alpha,
        )
        for challenger in keys[1:]
    ]


def _period(spec: MetricSpec, at: int, arms: Mapping[str, Totals], *keys: str) -> PeriodCounts:
    counts = []
    for key in keys:
        totals = arms.get(key, NOTHING)
        calls = denominator_of(spec, totals)
        counts.append(Counts(calls, min(totals[spec.numerator], calls)))
    return PeriodCounts(at, *counts)


def _read(
    challenger: str,
    until: int,
    days: Sequence[int],
    periods: Sequence[PeriodCounts],
    *,
    independent: bool,
    alpha: float,
) -> DaysReading:
    effects = effects_of_counts(periods)
    z = normal_quantile(alpha / 2) if independent else math.nan
    return DaysReading(
        challenger=challenger,
        until=until,
        days=tuple(_day(*each, z) for each in zip(days, periods, effects, strict=True)),
        trend=trend(effects, alpha=alpha),
        spread=_spread(effects, independent=independent, alpha=alpha),
    )


def _spread(effects: Sequence[PeriodEffect], *, independent: bool, alpha: float) -> Pooled:
    found = pool([Effect(each.difference, each.variance) for each in effects], alpha=alpha)
    if independent and found.experiments >= LEAST_DAYS:
        return found
    known = found if independent else replace(found, low=math.nan, high=math.nan)
    return replace(known, prediction_low=math.nan, prediction_high=math.nan)


def _day(day: int, period: PeriodCounts, effect: PeriodEffect, z: float) -> DayEffect:
    half = z * math.sqrt(effect.variance) if effect.variance >= 0 else math.nan
    ends = effect.difference - half, effect.difference + half
    return DayEffect(day, period.control, period.challenger, effect.difference, *ends)
