"""Health: how often do sound data raise a finding, in families, under daily watching, and by trends of nothing?"""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from stats.moments import Counts, Moments
from stats.soundness.balance import (
    Balance,
    adjust_balance,
    balance_of_levels,
    balance_of_moments,
    balance_of_values,
)
from stats.soundness.excess import seen_in_two_arms, unmatched_reports
from stats.soundness.periods import PeriodCounts, effects_of_counts
from stats.soundness.plausibility import plausibility
from stats.soundness.splits import check_splits
from stats.soundness.trend import trend
from tests.calibrate.rows import Row, Task, counted, generator, scaled

ALPHA = 0.05
WEIGHTS = ((1.0, 1.0), (4.0, 3.0, 3.0))
DAYS, AGENTS = 40, 20
FEW = 40
"""Units under which numbers are compared by dealing the arms again."""


def watched_groups(weights: tuple[float, ...], effort: float) -> list[Row]:
    """Give how often any agent's sound split is called off: on any day, at the last, and without a family."""
    runs, random = scaled(300, effort), generator("groups", weights)
    shares, daily = np.array(weights) / sum(weights), random.integers(5, 40, AGENTS)
    alarms = np.zeros(3, dtype=int)
    for _ in range(runs):
        paths = np.stack([random.multinomial(n, shares, DAYS) for n in daily]).cumsum(axis=1)
        last = check_splits(paths[:, -1].tolist(), weights, alpha=ALPHA)
        alarms += any_day(paths, weights), any(g.off for g in last), any(g.p_value <= ALPHA for g in last)
    ever, once, bare = alarms.tolist()
    part, name = f"Sample ratio by agent, {AGENTS} agents, false alarms at 5 %", ":".join(f"{w:g}" for w in weights)
    return [
        counted(part, f"{name}, watched for {DAYS} days", ever, runs, most=ALPHA),
        counted(part, f"{name}, one look", once, runs, most=0.06),
        counted(part, f"{name}, one look, no family", bare, runs),
    ]


def any_day(paths: NDArray[np.int64], weights: tuple[float, ...]) -> bool:
    """Say whether any agent is called off on any day."""
    looks = (paths[:, day].tolist() for day in range(paths.shape[1]))
    return any(any(group.off for group in check_splits(look, weights, alpha=ALPHA, watched=True)) for look in looks)


def small_groups(effort: float) -> list[Row]:
    """Give how often any of many groups of few units is called off at one look."""
    runs, random = scaled(1000, effort), generator("small groups")
    firsts = random.binomial(8, 0.3, size=(runs, 30)).tolist()
    off = sum(any(g.off for g in check_splits([[k, 8 - k] for k in first], [3, 7], alpha=ALPHA)) for first in firsts)
    return [
        counted("Sample ratio, 30 groups of 8 units, false alarms at 5 %", "exact, one look", off, runs, most=ALPHA)
    ]


def balance(units: int, effort: float) -> list[Row]:
    """Give how often any of six attributes is called unbalanced in a fair deal, and how often without a family."""
    runs, random = scaled(400 if units < FEW else 1500, effort), generator("balance", units)
    alarms = np.zeros(2, dtype=int)
    for _ in range(runs):
        numbers = [random.lognormal(1, 0.8, units), random.normal(0, 1, units), random.exponential(1, units)]
        levels = [random.integers(0, k, units) for k in (2, 3, 4)]
        found = adjust_balance([*map(_numbers, numbers), *map(_levels, levels)])
        alarms += min(f.adjusted_p for f in found) <= ALPHA, min(f.p_value for f in found) <= ALPHA
    part, (family, bare) = "Covariate balance, six attributes, false alarms at 5 %", alarms.tolist()
    return [
        counted(part, f"{units} units, Holm", family, runs, most=ALPHA if units < FEW else 0.06),
        counted(part, f"{units} units, no family", bare, runs),
    ]


def _numbers(values: NDArray[np.float64]) -> Balance:
    half = len(values) // 2
    arms = values[:half].tolist(), values[half:].tolist()
    if len(values) < FEW:
        return balance_of_values(*arms)
    return balance_of_moments(*(Moments.of((value, 1.0) for value in arm) for arm in arms))


def _levels(values: NDArray[np.int64]) -> Balance:
    half, levels = len(values) // 2, int(values.max()) + 1
    return balance_of_levels([np.bincount(arm, minlength=levels).tolist() for arm in (values[:half], values[half:])])


def two_arms(effort: float) -> list[Row]:
    """Enumerate how often units in two arms are a finding when their true share is just what is tolerated."""
    del effort  # nothing is simulated
    sizes = []
    for n in (50, 200, 1000):
        for tolerated in (0.002, 0.01, 0.05):
            found = [seen_in_two_arms(Counts(n, x), tolerated=tolerated).p_value <= ALPHA for x in range(n + 1)]
            sizes.append(float(scipy_stats.binom.pmf(np.arange(n + 1), n, tolerated)[found].sum()))
    part, what = "Units in two arms, false alarms at 5 %", "50 to 1000 units, 0.2 to 5 % tolerated"
    return [Row(part, what, float(np.mean(sizes)), min(sizes), max(sizes), most=ALPHA, exact=True)]


def reports(effort: float) -> list[Row]:
    """Give how often anybody is called of agents who are alike, and of those who differ by nature."""
    runs, random = scaled(600, effort), generator("reports")
    part = "Reports without a record, 30 agents, anybody called falsely at 5 %"
    called = np.zeros(3, dtype=int)
    for _ in range(runs):
        n = random.integers(5, 200, 30)
        alike, unlike = random.binomial(n, 0.04), random.binomial(n, random.beta(4, 96, 30))
        for place, (unmatched, odds) in enumerate(((alike, 1.0), (unlike, 1.0), (unlike, 3.0))):
            agents = [Counts(*each) for each in zip(n.tolist(), unmatched.tolist(), strict=True)]
            called[place] += min(a.adjusted_p for a in unmatched_reports(agents, tolerated_odds=odds)) <= ALPHA
    alike_called, unlike_called, tolerated = called.tolist()
    return [
        counted(part, "agents alike at 4 %", alike_called, runs, most=ALPHA),
        counted(part, "agents from 1 to 9 %", unlike_called, runs),
        counted(part, "agents from 1 to 9 %, three times the odds tolerated", tolerated, runs, most=ALPHA),
    ]


def no_trend(periods: int, restless: bool, effort: float) -> list[Row]:
    """Give how often an effect that is the same every day is said to have a trend."""
    runs, random = scaled(3000, effort), generator("trend", periods, restless)
    false = 0
    for _ in range(runs):
        calls = random.integers(20, 150, (2, periods))
        day = random.normal(0, 0.05, periods) if restless else np.zeros(periods)
        won = random.binomial(calls, np.stack([np.full(periods, 0.15), np.clip(0.19 + day, 0.01, 0.99)]))
        both = [
            [Counts(*each) for each in zip(*arm, strict=True)] for arm in zip(calls.tolist(), won.tolist(), strict=True)
        ]
        days = [PeriodCounts(at, a, b) for at, (a, b) in enumerate(zip(*both, strict=True), 1)]
        false += trend(effects_of_counts(days)).p_value <= ALPHA
    name = f"{periods} days, {'the effect differs by day' if restless else 'the same effect every day'}"
    return [counted("Novelty and learning, false trends at 5 %", name, false, runs, most=0.06)]


def splendid(effort: float) -> list[Row]:
    """Give how often a sound effect is thought a fault (by Markov at most the prior odds), and how often a fault is."""
    runs, random = scaled(20_000, effort), generator("splendid")
    part = "Effects too good to be true, thought a fault"
    rows = []
    for name, factor, most in (("sound", 1, 0.02 / 0.98), ("faults ten times as wide", 10, np.inf)):
        effects = random.normal(0, 0.02 * factor, runs) + random.normal(0, 0.01, runs)
        called = sum(plausibility(effect, 0.01, plausible_sd=0.02).odds_of_fault > 1 for effect in effects.tolist())
        rows.append(counted(part, name, called, runs, most=most))
    return rows


TASKS: tuple[Task, ...] = (
    *(Task(f"groups {weights}", partial(watched_groups, weights)) for weights in WEIGHTS),
    Task("small groups", small_groups),
    *(Task(f"balance {units}", partial(balance, units)) for units in (16, 60, 400)),
    Task("two arms", two_arms),
    Task("reports", reports),
    *(Task(f"no trend {n} {restless}", partial(no_trend, n, restless)) for n in (7, 30) for restless in (False, True)),
    Task("splendid", splendid),
)
