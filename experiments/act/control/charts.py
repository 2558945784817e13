"""Charts of a live standard: each key rate, everywhere and by region, held against the standard's own first weeks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.act.control.rates import (
    EVERYWHERE,
    KeyRate,
    daily_totals,
    day_counts,
    every_day,
    key_rates,
    regions_heard,
)
from experiments.act.live import LiveStandard
from experiments.calendar import SiteCalendar, as_date, days_before
from experiments.check.metrics import Totals
from stats.control.baseline import Baseline, baseline_of
from stats.control.days import DayCount
from stats.control.watching import RateChart, watch_rate

FIRST_DAYS = 28
"""The standard's first weeks, which all is held against at first: four of each weekday."""
LATER_DAYS = 56
"""Before each later stretch: what was usual just then, since seasons and callers change and nobody may be to blame."""
STRETCH_DAYS = 91
LEAST_DAYS = 14
LEAST_EVENTS = 10
"""Successes, and failures, in the baseline under which a rate is too little known to be held against."""
DAYS_PER_FALSE_SIGNAL = 730.0
"""What a scenario's charts together are designed for: one false signal in two years."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a baseline, and those that are watched (YYYYMMDD)."""

    baseline: tuple[int, ...]
    watched: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ControlChart:
    """One key rate of one live standard.

    Attributes:
        scenario: Key of the scenario.
        version_id: The script version.
        region: '' over all of them.
        rate: The metric, and whether it is the primary one or a guardrail.
        window: The days.
        counts: Of the watched days, in their order.
        baseline: What the days are held against.
        chart: What was found of them, a place for each watched day.
    """

    scenario: str
    version_id: int
    region: str
    rate: KeyRate
    window: Window
    counts: tuple[DayCount, ...]
    baseline: Baseline
    chart: RateChart


def charts_of(
    session: Session, live: LiveStandard, *, calendar: SiteCalendar, today: int, region: str | None = None
) -> tuple[ControlChart, ...]:
    """Chart the key rates of a live standard.

    A day counts when it is over and the metric's window has closed for it. Nothing is charted before the baseline's
    weeks are over, nor where these had too few calls.

    Args:
        session: to read the rollup with.
        live: what is watched.
        calendar: of the site.
        today: the site-local day, YYYYMMDD.
        region: only this one, '' for all regions together; None for that and every region by itself.
    """
    rates, windows = _windows(session, live, calendar, today)
    if not windows:
        return ()
    since = _since(windows)
    there = _places(session, live, since)
    totals = daily_totals(session, live.scenario, live.version_id, rates, since=since, regions=region != EVERYWHERE)
    asked = [(rate, place) for rate in rates for place in (there if region is None else [region])]
    days = DAYS_PER_FALSE_SIGNAL * len(there) * len(windows)
    found = [
        _chart(live, rate, place, windows[rate.spec.key], totals[place], days)
        for rate, place in asked
        if rate.spec.key in windows and place in totals
    ]
    return tuple(chart for chart in found if chart is not None)


def regions_of(session: Session, live: LiveStandard, *, calendar: SiteCalendar, today: int) -> list[str]:
    """Name the regions that are charted by themselves: none where there is only one, or nothing is charted yet."""
    _, windows = _windows(session, live, calendar, today)
    return [place for place in _places(session, live, _since(windows)) if place != EVERYWHERE] if windows else []


def _windows(
    session: Session, live: LiveStandard, calendar: SiteCalendar, today: int
) -> tuple[list[KeyRate], dict[str, Window]]:
    """Give the key rates, and the days of those that have any to watch, by metric."""
    rates, first = key_rates(session, live.scenario), live.first_day(calendar)
    windows = {rate.spec.key: window_of(first, days_before(today, rate.spec.window_days + 1)) for rate in rates}
    return rates, {key: window for key, window in windows.items() if window is not None}


def _since(windows: Mapping[str, Window]) -> int:
    return min(window.baseline[0] for window in windows.values())


def window_of(first: int, last: int) -> Window | None:
    """Choose the days of the baseline and of the watch.

    A standard is held against its own first four weeks. Once it has been in force for more than two stretches of
    thirteen weeks, the watch begins anew with every stretch, against the eight weeks before the one that is watched in
    full: what was learned of a season is kept for at least a quarter and at most two.

    Args:
        first: the first whole day of the standard.
        last: the last day that counts.

    Returns:
        None while the first weeks are not over.
    """
    age = (as_date(last) - as_date(first)).days + 1
    if age <= FIRST_DAYS:
        return None
    stretches = age // STRETCH_DAYS
    if stretches < 2:
        start, days = days_before(first, -FIRST_DAYS), FIRST_DAYS
    else:
        start, days = days_before(first, -STRETCH_DAYS * (stretches - 1)), LATER_DAYS
    past = every_day(days_before(start, days), days_before(start, 1))
    return Window(tuple(past), tuple(every_day(start, last)))


def _places(session: Session, live: LiveStandard, since: int) -> list[str]:
    """Name what is charted: everywhere, and each region where there are several."""
    regions = regions_heard(session, live.scenario, live.version_id, since=since)
    return [EVERYWHERE, *(regions if len(regions) > 1 else [])]


def _chart(
    live: LiveStandard, rate: KeyRate, region: str, window: Window, totals: Mapping[int, Totals], days: float
) -> ControlChart | None:
    past = day_counts(rate.spec, totals, window.baseline)
    if not _enough(past):
        return None
    counts = day_counts(rate.spec, totals, window.watched)
    baseline = baseline_of(past, least_days=LEAST_DAYS)
    chart = watch_rate(counts, baseline, sizes=[day.n for day in past], days=days)
    return ControlChart(live.scenario.key, live.version_id, region, rate, window, tuple(counts), baseline, chart)


def _enough(past: Sequence[DayCount]) -> bool:
    events, calls = sum(day.successes for day in past), sum(day.n for day in past)
    return sum(day.n > 0 for day in past) >= LEAST_DAYS and min(events, calls - events) >= LEAST_EVENTS
