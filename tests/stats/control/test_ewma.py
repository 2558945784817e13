"""The weighted mean: run lengths of Lucas and Saccucci's table, and limits that follow each day's calls."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.control.baseline import Baseline, baseline_of
from stats.control.days import DayCount
from stats.control.ewma import ewma, ewma_limit, ewma_run_length
from stats.control.weekdays import NO_OFFSETS
from tests.stats.control.days import drawn, floors, mirrored

SHIFTS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4)
TABLE = {
    # Lucas & Saccucci (1990), Technometrics 32:1, as Montgomery (2009), 6th ed., table 9.11, prints it
    (0.40, 3.054): (500, 224, 71.2, 28.4, 14.3, 5.9, 3.5, 2.5, 2.0, 1.4),
    (0.25, 2.998): (500, 170, 48.2, 20.1, 11.1, 5.5, 3.6, 2.7, 2.3, 1.7),
    (0.20, 2.962): (500, 150, 41.8, 18.2, 10.5, 5.5, 3.7, 2.9, 2.4, 1.9),
    (0.10, 2.814): (500, 106, 31.3, 15.9, 10.3, 6.1, 4.4, 3.4, 2.9, 2.2),
    (0.05, 2.615): (500, 84.1, 28.8, 16.4, 11.4, 7.1, 5.2, 4.2, 3.5, 2.7),
}


@pytest.mark.parametrize(("share", "limit"), TABLE)
def test_run_lengths_are_the_tables(share: float, limit: float) -> None:
    found = [ewma_run_length(share, limit, shift) for shift in SHIFTS]
    assert found == pytest.approx(TABLE[share, limit], rel=0.006, abs=0.06)
    assert ewma_limit(share, 500) == pytest.approx(limit, abs=1e-3)


@given(st.floats(0.05, 1), st.floats(50, 20_000))
@settings(max_examples=40)
def test_the_limit_has_the_run_length_that_was_asked_for(share: float, days: float) -> None:
    assert ewma_run_length(share, ewma_limit(share, days)) == pytest.approx(days, rel=1e-3)


def test_limits_grow_from_the_first_day_to_the_final_ones() -> None:
    flat = Baseline(0.2, NO_OFFSETS, 1.0, 0.01, 56, ())
    reach = [day.high - day.centre for day in ewma([DayCount(0, 100, 20)] * 60, flat, share=0.2, limit=3.0)]
    one = math.sqrt(0.2 * 0.8 / 100)
    assert reach[0] == pytest.approx(3 * one * 0.2)
    assert reach[-1] == pytest.approx(3 * one * math.sqrt(0.2 / 1.8), rel=1e-6)
    assert reach == sorted(reach)


def test_of_unequal_days_the_variance_is_what_is_simulated() -> None:
    random, sizes = np.random.default_rng(13), [50, 400, 20, 300, 80, 200, 10]
    flat = Baseline(0.3, NO_OFFSETS, 1.0, 0.01, 56, ())
    ends = []
    for _ in range(3000):
        days = [DayCount(0, n, int(random.binomial(n, 0.3))) for n in sizes]
        ends.append(ewma(days, flat, share=0.3, limit=1.0)[-1])
    assert np.std([end.mean for end in ends]) == pytest.approx(ends[0].high - ends[0].centre, rel=0.04)


def test_weekdays_move_the_centre_and_raise_no_alarm() -> None:
    random = np.random.default_rng(14)
    rates = [0.3 if place % 7 == 5 else 0.1 for place in range(84)]
    days = drawn(random, 500, rates)
    smoothed = ewma(days[56:], baseline_of(days[:56]), limit=3.5)
    assert not any(day.direction for day in smoothed)
    assert max(day.centre for day in smoothed) - min(day.centre for day in smoothed) > 0.02


@given(floors())
@settings(max_examples=40)
def test_mirrored_days_swap_sides_and_limits_enclose_the_centre(days: list[DayCount]) -> None:
    one = ewma(days, baseline_of(days))
    other = ewma(mirrored(days), baseline_of(mirrored(days)))
    for a, b in zip(one, other, strict=True):
        assert 0 <= a.low <= a.centre <= a.high <= 1
        assert (b.mean, b.low) == pytest.approx((1 - a.mean, 1 - a.high), abs=1e-7)


def test_a_day_without_calls_leaves_everything_as_it_was() -> None:
    flat = Baseline(0.2, NO_OFFSETS, 1.0, 0.01, 56, ())
    before, after = ewma([DayCount(0, 100, 30), DayCount(1, 0, 0)], flat)
    assert before == after


def test_what_is_out_of_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="share is 0"):
        ewma_run_length(0, 3)
    with pytest.raises(ValueError, match="days is 2"):
        ewma_limit(0.2, 2)
