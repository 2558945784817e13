"""Control after rollout: how often the whole set of rules alarms falsely in a year, and how soon it finds a drop."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from stats.control.baseline import baseline_of
from stats.control.cusum import designed_cusum
from stats.control.days import DayCount
from stats.control.rules import Rule, RunRules, run_rules
from stats.control.watching import RateChart, watch_rate
from tests.calibrate.rows import Row, Task, counted, generator, median_of, scaled

BASELINES, YEAR = (28, 56), 365
DAYS = 3650.0
"""The promise: a chart on which nothing happens alarms once in ten years, so in less than a tenth of the years."""
ODDS = 1.25


@dataclass(frozen=True, slots=True)
class Floor:
    """A floor that is simulated: calls a day, rate, spread of days, and how much Saturdays multiply the odds."""

    name: str
    calls: int
    rate: float
    spread: float = 1.0
    saturday: float = 1.0

    def days(self, random: np.random.Generator, many: int, *, moved: float = 1.0) -> list[DayCount]:
        """Draw days in a row, their odds multiplied by `moved`."""
        weekday = np.arange(many) % 7
        odds = self.rate / (1 - self.rate) * moved * np.where(weekday == 5, self.saturday, 1.0)
        n, p = np.maximum(random.poisson(self.calls, many), 1), odds / (1 + odds)
        alike = (self.spread**2 - 1) / max(self.calls - 1, 1)
        if alike > 0:
            p = random.beta(p * (1 / alike - 1), (1 - p) * (1 / alike - 1))
        x = random.binomial(n, p)
        return [DayCount(*day) for day in zip(weekday.tolist(), n.tolist(), x.tolist(), strict=True)]


FLOORS = (
    Floor("60 calls a day, 10 %", 60, 0.1),
    Floor("300 calls a day, 12 %", 300, 0.12),
    Floor("300 calls a day, 12 %, Saturdays at twice the odds", 300, 0.12, saturday=2.0),
    Floor("1,500 calls a day, 12 %, days 1.6 times as unlike as coins", 1500, 0.12, spread=1.6),
    Floor("300 calls a day, 0.5 % (complaints)", 300, 0.005),
)


def watched(
    floor: Floor, random: np.random.Generator, *, days: int, moved: float = 1.0, baseline: int = BASELINES[0]
) -> RateChart:
    """Take a baseline and watch the days after it, as `act` does."""
    past = floor.days(random, baseline)
    later = floor.days(random, days, moved=moved)
    return watch_rate(later, baseline_of(past), sizes=[d.n for d in past], days=DAYS)


def false_alarms(floor: Floor, baseline: int, effort: float) -> list[Row]:
    """Give how many years without any change have a signal."""
    runs, random = scaled(250, effort), generator("control", floor.name, baseline)
    alarmed = sum(bool(watched(floor, random, days=YEAR, baseline=baseline).alarms) for _ in range(runs))
    part = f"Control after rollout, a false signal in a year (one chart, promised one in {DAYS / YEAR:g} years)"
    return [counted(part, f"{floor.name}; baseline of {baseline} days", alarmed, runs, most=YEAR / DAYS)]


def delays(floor: Floor, effort: float) -> list[Row]:
    """Give the days until a drop of the odds by a quarter is found."""
    runs, random = scaled(120, effort), generator("control, a drop", floor.name)

    def delay() -> float:
        found = [a.found + 1 for a in watched(floor, random, days=YEAR, moved=0.75).alarms if a.direction == "down"]
        return min(found, default=math.inf)

    part = "Control after rollout, days until a drop of the odds by a quarter is found"
    return [median_of(part, floor.name, [delay() for _ in range(runs)], "days")]


def untuned(effort: float) -> list[Row]:
    """Give how often rules as they were published alarm within a year where nothing happens."""
    runs, random = scaled(1500, effort), generator("control, untuned")
    part = "Run rules as published, a false alarm in a year of normal days"
    sets = {
        "Nelson 1 and 2": RunRules(),
        "Nelson 1, 2, 5 and 6": RunRules(rules=frozenset(Rule)),
    }
    paths = random.standard_normal((runs, YEAR))
    return [
        counted(part, name, sum(bool(run_rules(path, rules)) for path in paths.tolist()), runs)
        for name, rules in sets.items()
    ]


def known(effort: float) -> list[Row]:
    """Give how often a sum alarms before its mean run length when the baseline is known: about 1 - 1/e of them do."""
    runs, random, days = scaled(2000, effort), generator("control, known"), 200.0
    past = Floor("", 100, 0.1).days(random, 2000)
    sure = baseline_of(past, weekdays=False)
    design = designed_cusum([100], sure, 1 / ODDS, days=days, cautious=False)
    x = random.binomial(100, sure.rate, (runs, int(days)))
    weights = (x * math.log(1 / ODDS) - 100 * math.log1p(sure.rate * (1 / ODDS - 1))) / sure.spread**2
    sums, ever = np.zeros(runs), np.zeros(runs, dtype=bool)
    for day in range(int(days)):
        sums = np.maximum(0, sums + weights[:, day])
        ever |= sums > design.threshold
    part = "Cumulative sum, alarms before its designed run length of 200 days, the baseline known"
    return [counted(part, "100 calls a day, 10 %", int(ever.sum()), runs, most=1 - math.exp(-1) + 0.03)]


TASKS: tuple[Task, ...] = (
    *(Task(f"false signals, {f.name}, {days}", partial(false_alarms, f, days)) for f in FLOORS for days in BASELINES),
    *(Task(f"delay, {floor.name}", partial(delays, floor)) for floor in FLOORS),
    Task("run rules as published", untuned),
    Task("a sum with a known baseline", known),
)
