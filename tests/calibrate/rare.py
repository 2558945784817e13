"""Rare events watched exactly: false alarms enumerated, and how soon a doubled complaint rate is found."""

import math
from functools import cache, partial

import numpy as np

from stats.looking.rare import Events, EventWatch, event_p_value, watch_events
from tests.calibrate.rows import Row, Task, counted, generator, median_of, scaled

ALPHA = 0.025
EVENTS = 300
DAYS, DAILY, RATE = 60, 300, 0.002
"""As in `watching`: days watched, calls a day in each arm, and the complaints of the control."""

SHARES = (0.5, 0.2, 0.8)
RATIOS = (1.0, 2.0, 3.0)


@cache
def p_of(control: int, challenger: int, share: float) -> float:
    """Ask the product once."""
    return event_p_value([Events(control, challenger, share)])


@cache
def watch_of(control: int, challenger: int) -> EventWatch:
    """Ask the product once for its interval, at even shares."""
    return watch_events([Events(control, challenger, 0.5)], alpha=ALPHA)


def bars(share: float, events: int) -> list[int]:
    """Give, for each number of events, the challenger's from which on it alarms."""
    least, found = 0, []
    for n in range(1, events + 1):
        least = max(least - 1, 0)
        while least <= n and p_of(n - least, least, share) > ALPHA:
            least += 1
        found.append(least)
    return found


def alarmed(share: float, ratio: float, events: int) -> float:
    """Return the chance of an alarm in so many events, looked at after each one, by recursion over the challenger's."""
    q = share * ratio / (share * ratio + 1 - share)
    running, total = np.ones(1), 0.0
    for bar in bars(share, events):
        running = np.convolve(running, [1 - q, q])
        total += float(running[bar:].sum())
        running[bar:] = 0
    return total


def enumerated(share: float, effort: float) -> list[Row]:
    """Give the exact chance of a false alarm."""
    events = scaled(EVENTS, effort)
    chance = alarmed(share, 1.0, events)
    part, what = "Rare events, a look after each one, false alarms", f"{events} events, {100 * share:g} % of the calls"
    return [Row(part, what, chance, chance, chance, most=ALPHA, exact=True)]


def days_to_alarm(ratio: float, runs: int, random: np.random.Generator) -> list[float]:
    """Give the day of each experiment's first alarm; inf when never."""
    daily = random.binomial(DAILY, (RATE, ratio * RATE), size=(runs, DAYS, 2))
    return [
        next((float(day) for day, events in enumerate(path, 1) if p_of(*events, 0.5) <= ALPHA), math.inf)
        for path in daily.cumsum(axis=1).tolist()
    ]


def complaints(ratio: float, effort: float) -> list[Row]:
    """Give the alarms of a daily watch, and their delay when there is something to find."""
    days = days_to_alarm(ratio, scaled(5000, effort), generator("complaints", ratio))
    found = sum(day < math.inf for day in days)
    part = f"Complaints at 0.2 %, watched exactly every day for {DAYS} days of {2 * DAILY} calls"
    if ratio == 1:
        return [counted(part, "no harm, falsely harmed", found, len(days), most=ALPHA)]
    return [
        counted(part, f"{ratio:g} times as many, found", found, len(days)),
        median_of(part, f"{ratio:g} times as many, days until half are found", days, "days"),
    ]


def interval(ratio: float, effort: float) -> list[Row]:
    """Give how often the interval of the ratio is ever wrong, looked at after every event."""
    runs, events = scaled(2000, effort), scaled(100, effort)
    arms = generator("ratio", ratio).binomial(1, ratio / (1 + ratio), (runs, events)).cumsum(axis=1)
    below = above = 0
    for path in arms.tolist():
        seen = [watch_of(n - challenger, challenger) for n, challenger in enumerate(path, 1)]
        below += any(each.high < ratio for each in seen)
        above += any(each.low > ratio for each in seen)
    part = f"Rate ratio of rare events, looked at {events} times, interval ever wrong"
    return [
        counted(part, f"a ratio of {ratio:g}, too low", below, runs, most=ALPHA),
        counted(part, f"a ratio of {ratio:g}, too high", above, runs, most=ALPHA),
    ]


TASKS: tuple[Task, ...] = (
    *(Task(f"rare {share}", partial(enumerated, share)) for share in SHARES),
    *(Task(f"complaints {ratio}", partial(complaints, ratio)) for ratio in RATIOS),
    *(Task(f"ratio of complaints {ratio}", partial(interval, ratio)) for ratio in (1.0, 2.0)),
)
