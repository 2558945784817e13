"""The whole set on one rate: what it finds, when it seems to have begun, and that it is quiet where nothing happens."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.control.baseline import baseline_of
from stats.control.days import DayCount
from stats.control.rules import Rule
from stats.control.watching import CUSUM, RateChart, watch_rate
from tests.stats.control.days import drawn, mirrored


def watched(past: list[DayCount], later: list[DayCount], *, days: float = 3650.0) -> RateChart:
    """Watch as `act` does."""
    return watch_rate(later, baseline_of(past), sizes=[d.n for d in past], days=days)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(15)


def test_a_drop_is_found_and_dated(random: np.random.Generator) -> None:
    chart = watched(drawn(random, 300, [0.12] * 56), drawn(random, 300, [0.12] * 30 + [0.08] * 30))
    dropped = next(a for a in chart.alarms if a.rule == CUSUM)
    assert dropped.direction == "down"
    assert 30 < dropped.found < 42
    assert abs(dropped.first - 30) <= 5
    assert dropped.size > 1


def test_one_day_on_which_something_broke_is_found_that_day(random: np.random.Generator) -> None:
    later = drawn(random, 300, [0.12] * 20)
    later[9] = DayCount(later[9].weekday, 300, 2)
    broken = [a for a in watched(drawn(random, 300, [0.12] * 56), later).alarms if a.rule == Rule.BEYOND]
    assert [(a.direction, a.first, a.found) for a in broken] == [("down", 9, 9)]


def test_what_goes_on_is_told_once(random: np.random.Generator) -> None:
    chart = watched(drawn(random, 300, [0.12] * 56), drawn(random, 300, [0.05] * 60))
    kinds = [(a.rule, a.direction) for a in chart.alarms]
    assert len(kinds) == len(set(kinds))


def test_rare_events_are_watched_by_sums_alone(random: np.random.Generator) -> None:
    past = drawn(random, 200, [0.004] * 56)
    assert watched(past, []).rules is None
    tripled = watched(past, drawn(random, 200, [0.02] * 60))
    assert {(str(a.rule), a.direction) for a in tripled.alarms} == {(CUSUM, "up")}
    assert tripled.rise.odds_ratio > 1.25  # so small a change could not be found within weeks
    assert watched(drawn(random, 900, [0.2] * 56), []).rise.odds_ratio == 1.25


@given(st.integers(0, 10**6))
@settings(max_examples=12, deadline=None)
def test_mirrored_rates_swap_sides(seed: int) -> None:
    draw = np.random.default_rng(seed)
    past, later = drawn(draw, 150, [0.3] * 56), drawn(draw, 150, [0.3] * 20 + [0.4] * 20)
    one, other = watched(past, later), watched(mirrored(past), mirrored(later))
    swapped = {"up": "down", "down": "up"}
    assert [(a.rule, swapped[a.direction], a.found) for a in other.alarms] == [
        (a.rule, a.direction, a.found) for a in one.alarms
    ]


def test_a_constant_rate_alarms_no_more_often_than_promised(random: np.random.Generator) -> None:
    charts = [watched(drawn(random, 200, [0.15] * 56), drawn(random, 200, [0.15] * 100), days=1000) for _ in range(60)]
    # promised: at most a tenth of charts in 100 days
    assert sum(bool(chart.alarms) for chart in charts) <= 12


def test_what_is_out_of_bounds_is_refused(random: np.random.Generator) -> None:
    baseline = baseline_of(drawn(random, 200, [0.15] * 56))
    with pytest.raises(ValueError, match="odds_ratio is 1"):
        watch_rate([], baseline, sizes=[200], odds_ratios=[1], days=1000)
    with pytest.raises(ValueError, match="calls of all days is 0"):
        watch_rate([], baseline, sizes=[], days=1000)
