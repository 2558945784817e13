"""Watch a rare harm event by event, exactly: complaints at 0.2 %, where no standard error is to be had for weeks.

Calls are dealt one by one, the challenger's share of them known. Then the next call to have an event is the
challenger's with chance q = share * ratio / (share * ratio + 1 - share), whatever the rates, `ratio` being challenger's
rate per control's; without harm, with chance `share` exactly. So the arms of the events, in their order, are coin
throws (the conditional test of Przyborowski & Wilenski 1940, Biometrika 31:313, made sequential), watched by
Wald's probability ratio (1945, Annals of Mathematical Statistics 16:117) of a harmful ratio against none, eight tenths
of it; a tenth each is put on the root of that ratio and on its square, so that lesser harm is found too, and gross harm
sooner. Such a mixture is a martingale without harm (Robbins 1970, Annals of Mathematical Statistics 41:1397).

Its bar is not 1 / alpha but the least that is proven: the chance that the mixture M ever reaches m is the chance that
it has done so by now, enumerated, plus at most E[M now; not yet reached] / m for all that may come (Ville 1939),
whatever the shares will be. So it may be looked at after any event, for ever.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from stats.checks import require, require_share

__all__ = ["EventWatch", "Events", "event_p_value", "watch_events"]

_Floats: TypeAlias = NDArray[np.float64]
_Places: TypeAlias = NDArray[np.int64]
_Numbers: TypeAlias = _Floats | _Places

_POWERS = (0.5, 1.0, 2.0)
_WEIGHTS = np.array([0.1, 0.8, 0.1])
"""Of the harmful ratio's powers in the mixture."""

_ENUMERATED = 2000
"""Events that are enumerated, all of them in the first period; what comes later is bounded by Ville's inequality."""

_AT_ONCE, _NEGLIGIBLE = 250, 0.01
"""After so many events each it is asked whether to enumerate more could lower p by more than this part of it."""

_LEAST_LOG_RATIO, _MOST_LOG_RATIO = -12.0, 12.0
"""Between them a rate ratio is looked for: 1 : 160,000 is never, among rare events."""

_GUESSES = 6
"""So often an end is guessed from the factor; then the interval that holds it is halved."""

_PRECISE = 1e-4
"""To so much, as a logarithm, an end is found."""


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a period in which calls were dealt with the same chances.

    Attributes:
        control: Calls of the control that had the event.
        challenger: Calls of the challenger that had it.
        challenger_share: Chance, in (0, 1), with which a call dealt to either of the two was the challenger's: its
            weight by both weights, as promised, not as it fell out.

    Raises:
        ValueError: When a number is out of its bounds.
    """

    control: int
    challenger: int
    challenger_share: float

    def __post_init__(self) -> None:
        require("control", self.control, at_least=0)
        require("challenger", self.challenger, at_least=0)
        require_share("challenger_share", self.challenger_share)

    @property
    def n(self) -> int:
        """Events of both arms."""
        return self.control + self.challenger


@dataclass(frozen=True, slots=True)
class EventWatch:
    """What the events say now, whenever now is.

    Attributes:
        alarm: Whether `p_value` is at most alpha. An alarm once raised stays: what comes later cannot take it back.
        p_value: One-sided, of no harm, in (0, 1], 1 without events: the chance that it is ever at most alpha, without
            harm, is at most alpha. The least one seen so far may be kept.
        ratio: Challenger's rate per control's, most likely; nan without events, inf when the control has none.
        low: Lower end of the interval of the ratio, above 1 exactly on alarm; 0 when nothing is known.
        high: Upper end of it; inf when nothing is known. Each end is wrong ever with chance alpha at most.
        confidence: Of the interval, at all times at once: 1 - 2 alpha.
        events: Of both arms, in all periods.
    """

    alarm: bool
    p_value: float
    ratio: float
    low: float
    high: float
    confidence: float
    events: int


def watch_events(periods: Sequence[Events], *, harmful_ratio: float = 2.0, alpha: float = 0.025) -> EventWatch:
    """Watch for a rate that is higher in the challenger.

    Assumes that calls were dealt independently, one by one; with dealt agents, events cluster and this is not valid. A
    period's events may be given as sums, for at a constant share their order does not matter. Looking less often than
    after each event, as once a day, only lowers the chance of a false alarm. What is rare is never assumed.

    Args:
        periods: In order of time, a new one whenever the share changed, which must not have been in view of the events.
            Those at the first share are enumerated exactly; others are bounded, which raises the bar by some 10 %.
        harmful_ratio: The ratio that is to be found fastest, > 1. Larger ones are found sooner still, lesser ones late;
            one below about its fourth root is never found.
        alpha: Chance of a false alarm, ever, in (0, 0.5).

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("alpha", alpha, above=0, below=0.5)
    return _watched(tuple(periods), harmful_ratio, alpha)


@lru_cache(maxsize=1024)
def _watched(periods: tuple[Events, ...], harmful_ratio: float, alpha: float) -> EventWatch:
    # Kept, since a page is read many times before the next complaint comes.
    p = event_p_value(periods, harmful_ratio=harmful_ratio)
    swapped = [Events(each.challenger, each.control, 1 - each.challenger_share) for each in periods]
    low = _lower_end(periods, harmful_ratio, alpha, alarm=p <= alpha)
    least = _lower_end(swapped, harmful_ratio, alpha, alarm=_p_value(swapped, 1.0, harmful_ratio) <= alpha)
    return EventWatch(
        alarm=p <= alpha,
        p_value=p,
        ratio=_likeliest(periods),
        low=low,
        high=1 / least if least else math.inf,
        confidence=1 - 2 * alpha,
        events=sum(each.n for each in periods),
    )


def event_p_value(periods: Sequence[Events], *, harmful_ratio: float = 2.0) -> float:
    """Return the always-valid p of no harm alone, as `watch_events` does, without its interval; in (0, 1].

    Raises:
        ValueError: When `harmful_ratio` is not > 1.
    """
    require("harmful_ratio", harmful_ratio, above=1)
    return _p_value(periods, 1.0, harmful_ratio)


def _challenger_chance(share: float, ratio: float) -> float:
    """Return the chance that an event is the challenger's."""
    return share * ratio / (share * ratio + 1 - share)


def _log_ratios(challenger: _Numbers, control: _Numbers, share: float, ratio: float, harmful: float) -> _Floats:
    """Return the log probability ratio of so many events for "this ratio times a harmful one" against "this ratio".

    Returns:
        A row for each harmful ratio of the mixture, a column for each pair of counts.
    """
    here = _challenger_chance(share, ratio)
    there = np.array([_challenger_chance(share, ratio * harmful**power) for power in _POWERS])[:, None]
    log_ratios = challenger * np.log(there / here) + control * (np.log1p(-there) - math.log1p(-here))
    return np.asarray(log_ratios)


def _mixed(log_ratios: _Floats) -> _Floats:
    """Return the log of the mixture of each column."""
    most = log_ratios.max(axis=0)
    return np.asarray(most + np.log(_WEIGHTS @ np.exp(log_ratios - most)))


def _p_value(periods: Sequence[Events], ratio: float, harmful: float) -> float:
    """Return the always-valid p of "the rate ratio is at most this"."""
    bar = _bar(periods, ratio, harmful)
    if bar <= 0:
        return 1.0
    share, first = next(groupby((each for each in periods if each.n), lambda each: each.challenger_share))
    p = _ever_reached(bar, min(sum(each.n for each in first), _ENUMERATED), share, ratio, harmful)
    return min(max(p, sys.float_info.min), 1.0)


def _bar(periods: Sequence[Events], ratio: float, harmful: float) -> float:
    """Return the log of the mixture now; its negative bounds the log of p (Ville 1939), and costs next to nothing."""
    total = np.zeros((len(_POWERS), 1))
    for each in periods:
        counts = np.array([each.challenger], dtype=float), np.array([each.control], dtype=float)
        total += _log_ratios(*counts, each.challenger_share, ratio, harmful)
    return float(_mixed(total)[0])


def _ever_reached(bar: float, events: int, share: float, ratio: float, harmful: float) -> float:
    """Bound the chance that the log of the mixture ever reaches the bar, which is above 0.

    Enumerates the first events exactly by how many of them are the challenger's; those paths that reach the bar are
    taken out. They are all paths from a least number on, for the mixture rises with it. From one event to the next that
    number stays or rises by one, so a path reaches it only where it stays, and from one below.
    """
    chance = _challenger_chance(share, ratio)
    running, reached, to_come, step = np.ones(1), 0.0, 1.0, np.array([1 - chance, chance])
    for first in range(1, events + 1, _AT_ONCE):
        numbers = np.arange(first, min(first + _AT_ONCE, events + 1))
        for least in _least_reaching(bar, numbers, len(running), share, ratio, harmful).tolist():
            running = np.convolve(running, step)
            if least < len(running):
                reached += running.item(least)
                running = running[:least]
        to_come = _to_come(bar, running, int(numbers[-1]), share, ratio, harmful)
        if to_come <= _NEGLIGIBLE * reached:
            break
    return reached + to_come


def _to_come(bar: float, running: _Floats, events: int, share: float, ratio: float, harmful: float) -> float:
    """Bound the chance of reaching the bar after so many events, by what the mixture is now (Ville 1939).

    `running` is the chance of each number of the challenger's, from 0 on, by a path that has not reached it.
    """
    at = np.arange(float(len(running)))
    now = _mixed(_log_ratios(at, events - at, share, ratio, harmful))
    return float(running @ np.exp(np.minimum(now, bar) - bar))


def _least_reaching(bar: float, events: _Places, before: int, share: float, ratio: float, harmful: float) -> _Places:
    """Return, for each number of events, the least of the challenger's with which the mixture is at the bar.

    By bisection from the least for one event fewer, `before`, on; one more than there are events when none will do.
    What is a rounding error below the bar is at it.
    """
    low, high = np.full_like(events, before), np.arange(before + 1, before + 1 + len(events))
    while (low < high).any():
        middle = (low + high) // 2
        there = _mixed(_log_ratios(middle, events - middle, share, ratio, harmful)) >= bar - 1e-9
        low, high = np.where(there | (low >= high), low, middle + 1), np.where(there, middle, high)
    return np.maximum.accumulate(high)


def _lower_end(periods: Sequence[Events], harmful: float, alpha: float, *, alarm: bool) -> float:
    """Return the largest ratio that is rejected as too small; 0 when none is.

    p is Ville's bound, which costs next to nothing, times a factor that hardly changes with the ratio. So the ratio is
    looked for at which the bound times the factor last enumerated is alpha, until it stays; as p is a step of many
    steps, it is held between what is rejected and what is not, and to the side of 1 that the alarm is on.
    """
    low, high = (0.0, _MOST_LOG_RATIO) if alarm else (_LEAST_LOG_RATIO, 0.0)
    if not alarm and _p_value(periods, math.exp(low), harmful) > alpha:
        return 0.0
    before, factor, guesses = math.inf, 0.0, 0
    while high - low > _PRECISE:
        end = (low + high) / 2
        if guesses < _GUESSES:
            end = _where_bounded(periods, harmful, math.log(alpha) - factor, low, high)
            guesses += 1
        p = _p_value(periods, math.exp(end), harmful)
        low, high = (end, high) if p <= alpha else (low, end)
        if abs(end - before) <= _PRECISE:
            return math.exp(end)
        before, factor = end, math.log(p) + _bar(periods, math.exp(end), harmful)
    return math.exp(low)


def _where_bounded(periods: Sequence[Events], harmful: float, log_bound: float, low: float, high: float) -> float:
    """Return the log ratio at which Ville's bound, which rises with it, is this; the middle where it never is."""

    def excess(log_ratio: float) -> float:
        return -_bar(periods, math.exp(log_ratio), harmful) - log_bound

    if excess(low) < 0 < excess(high):
        return float(optimize.brentq(excess, low, high, xtol=_PRECISE / 10))
    return (low + high) / 2


def _likeliest(periods: Sequence[Events]) -> float:
    """Return the rate ratio under which the challenger's events are as many as expected."""
    control, challenger = sum(each.control for each in periods), sum(each.challenger for each in periods)
    if not control or not challenger:
        return math.nan if not control + challenger else (math.inf if challenger else 0.0)

    def excess(log_ratio: float) -> float:
        expected = (each.n * _challenger_chance(each.challenger_share, math.exp(log_ratio)) for each in periods)
        return sum(expected) - challenger

    return math.exp(optimize.brentq(excess, -40, 40, xtol=1e-12))
