"""One rate watched by the whole set: run rules for what happens at once, cumulative sums for what creeps in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require
from stats.control.baseline import Baseline
from stats.control.charts import Point, p_chart
from stats.control.cusum import Cusum, cusum, designed_cusum, drift
from stats.control.days import DayCount
from stats.control.ewma import Smoothed, ewma, ewma_limit
from stats.control.rules import DAILY, Direction, RunRules, designed_rules, run_rules

__all__ = ["CUSUM", "Alarm", "RateChart", "watch_rate"]

CUSUM = "cusum"
_LEAST_EXPECTED = 5
"""Successes, and failures, expected of a day under which its distance from the centre is not near to normal."""
ODDS_RATIOS = (1.25, 1.5, 2.0, 3.0)
_SHARE = 0.2
_QUIET_DAYS = 14
"""Days without an alarm after which the next is a new one."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that nothing but chance would seldom do.

    Attributes:
        rule: `nelson_1`, `nelson_2` or `cusum`.
        direction: The side.
        first: Place of the day on which it seems to have begun: of the run, or of the sum's last rise from 0.
        found: Place of the day on which it was found.
        size: Standard deviations of the day (rule 1), days in a row (rule 2), the sum over its threshold (`cusum`).
    """

    rule: str
    direction: Direction
    first: int
    found: int
    size: float


@dataclass(frozen=True, slots=True)
class RateChart:
    """A watched rate: everything that a picture needs, a place for each day.

    Attributes:
        points: The p-chart at the limits of rule 1.
        smoothed: The weighted mean, with limits at the same run length.
        rises, drops: The cumulative sums.
        rise, drop: How these are designed.
        rules: Run rules with their constants; None where days are too few in calls for them.
        alarms: In order of the day found.
    """

    points: tuple[Point, ...]
    smoothed: tuple[Smoothed, ...]
    rises: tuple[float, ...]
    drops: tuple[float, ...]
    rise: Cusum
    drop: Cusum
    rules: RunRules | None
    alarms: tuple[Alarm, ...]


def watch_rate(
    later: Sequence[DayCount],
    baseline: Baseline,
    *,
    sizes: Sequence[int],
    days: float,
    odds_ratios: Sequence[float] = ODDS_RATIOS,
    within: float = 28.0,
) -> RateChart:
    """Watch the days after a baseline.

    The set is Nelson's rules 1 and 2 and two one-sided cumulative sums, and all of it together alarms every `days` days
    where nothing happens: each part is allowed an even share of the alarms, and none knows of the others (Bonferroni),
    so that it is a little less. Where fewer than 5 successes or failures are expected of an average day, a day's
    distance from the centre is not near to normal and the sums, which take counts as they are, watch alone. Everything
    allows for the baseline's own error (see `designed_cusum`). An alarm goes on until 14 days are quiet.

    A sum is best for the change that it is designed for, and with few successes no small change can be found in time:
    it looks for the smallest ratio that it finds within so many days on average, else for the largest. The days are
    Wald's approximation (1947, Sequential Analysis): the log of the run length, over what a changed day adds.

    Args:
        later: In their order.
        baseline: What is expected.
        sizes: Calls a day, of days like those to come (the baseline's); at least one above 0.
        days: In-control run length of the whole set, > 2.
        odds_ratios: Of the rises that a sum may look for, > 1, the smallest first; drops are their inverses.
        within: Days, on average, in which the change looked for is to be found.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("number of odds_ratios", len(odds_ratios), at_least=1)
    for ratio in odds_ratios:
        require("odds_ratio", ratio, above=1)
    require("days", days, above=2)
    usual = sum(sizes) / max(sum(n > 0 for n in sizes), 1)
    many = usual * min(baseline.rate, 1 - baseline.rate) >= _LEAST_EXPECTED
    each = days * (4 if many else 2)
    rise = _soonest(sizes, baseline, odds_ratios, each, within)
    drop = _soonest(sizes, baseline, [1 / ratio for ratio in odds_ratios], each, within)
    noise = baseline.furthest * math.sqrt(usual * baseline.rate * (1 - baseline.rate)) / baseline.spread
    rules = designed_rules(each, error=noise) if many else None
    wide = baseline.widest
    points = p_chart(later, baseline, limit=rules.limit if rules else 3.0, spread=wide)
    up, down = (cusum(later, baseline, part.odds_ratio, spread=wide) for part in (rise, drop))
    alarms = [*_of_rules(points, rules), *_of_sum(up, rise, "up"), *_of_sum(down, drop, "down")]
    return RateChart(
        points,
        ewma(later, baseline, share=_SHARE, limit=ewma_limit(_SHARE, each), spread=wide),
        tuple(up),
        tuple(down),
        rise,
        drop,
        rules,
        tuple(sorted(alarms, key=lambda alarm: (alarm.found, alarm.rule, alarm.direction))),
    )


def _soonest(
    sizes: Sequence[int], baseline: Baseline, odds_ratios: Sequence[float], days: float, within: float
) -> Cusum:
    usual = sum(sizes) / max(sum(n > 0 for n in sizes), 1)
    soon = (ratio for ratio in odds_ratios if math.log(days) <= within * drift(usual, baseline, ratio))
    return designed_cusum(sizes, baseline, next(soon, odds_ratios[-1]), days=days)


def _of_rules(points: Sequence[Point], rules: RunRules | None) -> list[Alarm]:
    if rules is None:
        return []
    z = [point.z for point in points]
    met = [
        Alarm(m.rule, m.direction, m.first, m.last, abs(z[m.last]) if m.first == m.last else m.last - m.first + 1)
        for m in run_rules(z, rules)
    ]
    kinds = [(rule, side) for rule in DAILY for side in ("up", "down")]
    return [a for rule, side in kinds for a in _begun([m for m in met if m.rule == rule and m.direction == side])]


def _of_sum(sums: Sequence[float], design: Cusum, direction: Direction) -> list[Alarm]:
    begun, met = 0, []
    for place, value in enumerate(sums):
        if value == 0:
            begun = place + 1
        elif value > design.threshold:
            met.append(Alarm(CUSUM, direction, begun, place, value / design.threshold))
    return _begun(met)


def _begun(met: Sequence[Alarm]) -> list[Alarm]:
    """Keep of one kind of alarm, in order of days, those before which it was quiet."""
    before = [None, *(alarm.found for alarm in met)]
    return [alarm for alarm, last in zip(met, before, strict=False) if last is None or alarm.found - last > _QUIET_DAYS]
