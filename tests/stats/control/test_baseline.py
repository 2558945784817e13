"""The baseline: what was usual, by weekday and with its spread, whatever fell out of the window."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.control.baseline import Baseline, baseline_of, laney_spread
from stats.control.charts import p_chart
from stats.control.days import DayCount, logit, share_of
from stats.control.weekdays import NO_OFFSETS, weekday_offsets
from tests.stats.control.days import drawn, floors, mirrored


def test_spread_is_the_mean_moving_range_over_its_constant() -> None:
    # Laney (2002), by hand: ranges 1, 3, 2 have mean 2, and d2 of two is 1.128379
    assert laney_spread([0, 1, -2, 0]) == pytest.approx(2 / 1.1283791671)


def test_limits_are_the_textbooks_when_days_are_as_unlike_as_coins() -> None:
    # Montgomery (2009), Introduction to Statistical Quality Control, 6th ed., section 7.2.1, frozen orange juice:
    # 30 samples of 50 cans, 347 leak: centre 0.2313, limits 0.0524 and 0.4102
    flat = Baseline(347 / 1500, NO_OFFSETS, 1.0, 0.0, 30, ())
    point = p_chart([DayCount(0, 50, 12)], flat)[0]
    assert (point.centre, point.low, point.high) == pytest.approx((0.2313, 0.0524, 0.4102), abs=1e-4)


def test_limits_widen_with_the_spread_of_days_and_narrow_with_calls() -> None:
    flat = Baseline(0.2, NO_OFFSETS, 1.5, 0.01, 56, ())
    few, many = p_chart([DayCount(0, 100, 20), DayCount(1, 400, 80)], flat)
    assert few.high - few.centre == pytest.approx(3 * 1.5 * math.sqrt(0.2 * 0.8 / 100))
    assert few.high - few.centre == pytest.approx(2 * (many.high - many.centre))
    plain = p_chart([DayCount(0, 100, 20)], flat, spread=1.0)[0]
    assert plain.high - plain.centre == pytest.approx((few.high - few.centre) / 1.5)


def test_a_day_without_calls_has_no_rate_and_no_limits() -> None:
    point = p_chart([DayCount(0, 0, 0)], Baseline(0.2, NO_OFFSETS, 1.0, 0.01, 56, ()))[0]
    assert all(math.isnan(value) for value in (point.rate, point.low, point.high, point.z))


def test_weekdays_that_differ_are_found_and_those_that_are_alike_are_not_made_up() -> None:
    random, places = np.random.default_rng(3), np.arange(70) % 7
    saturdays = [share_of(logit(0.1) + (0.7 if place == 5 else 0)) for place in places]
    found = weekday_offsets(drawn(random, 2000, saturdays))
    assert found[5] - found[0] == pytest.approx(0.7, abs=0.12)
    apart = [max(map(abs, weekday_offsets(drawn(random, 300, [0.1] * 70)))) for _ in range(40)]
    assert np.median(apart) < 0.05


def test_weekdays_need_their_weeks_and_a_closed_sunday_is_no_reason_against() -> None:
    random, places = np.random.default_rng(4), np.arange(35) % 7
    days = drawn(random, 2000, [0.3 if place == 2 else 0.1 for place in places])
    assert weekday_offsets(days[:21]) == NO_OFFSETS
    closed = [DayCount(d.weekday, 0, 0) if d.weekday == 6 else d for d in days]
    found = weekday_offsets(closed)
    assert found[6] == 0
    assert found[2] > 1


def test_a_spoilt_day_is_left_out_and_moves_nothing() -> None:
    random = np.random.default_rng(5)
    days = drawn(random, 500, [0.2] * 56)
    clean = baseline_of(days)
    spoilt = baseline_of([*days[:20], DayCount(days[20].weekday, 500, 0), *days[21:]])
    assert spoilt.left_out == (20,)
    assert spoilt.rate == pytest.approx(clean.rate, abs=0.003)
    assert spoilt.spread == pytest.approx(clean.spread, abs=0.15)


def test_days_that_are_more_unlike_than_coins_are_told_by_the_spread() -> None:
    random = np.random.default_rng(6)
    rates = random.beta(0.2 * 400, 0.8 * 400, 300)  # days of 400 calls: variance (1 + 399 / 401) times the binomial one
    assert baseline_of(drawn(random, 400, rates.tolist())).spread == pytest.approx(math.sqrt(1.995), rel=0.12)


def test_the_error_is_what_rates_of_windows_differ_by() -> None:
    random = np.random.default_rng(7)
    found = [baseline_of(drawn(random, 200, [0.15] * 56)) for _ in range(200)]
    apart = float(np.std([logit(each.rate) for each in found]))
    assert np.mean([each.error for each in found]) == pytest.approx(apart, rel=0.15)


def test_sound_windows_keep_their_days() -> None:
    random = np.random.default_rng(8)
    losing = sum(bool(baseline_of(drawn(random, 300, [0.2] * 56)).left_out) for _ in range(300))
    assert losing <= 30  # 5 % of windows lose any; the spread is estimated, which makes it a little more


@given(floors())
@settings(max_examples=60)
def test_failures_for_successes_mirror_the_baseline(days: list[DayCount]) -> None:
    one, other = baseline_of(days), baseline_of(mirrored(days))
    assert other.rate == pytest.approx(1 - one.rate, abs=1e-9)
    assert other.spread == pytest.approx(one.spread, rel=1e-6)
    assert other.offsets == pytest.approx([-each for each in one.offsets], abs=1e-7)
    assert other.left_out == one.left_out


@given(floors())
@settings(max_examples=60)
def test_limits_enclose_the_centre_and_stay_rates(days: list[DayCount]) -> None:
    baseline = baseline_of(days)
    assert baseline.spread >= 1
    for point in p_chart(days, baseline):
        assert 0 <= point.low <= point.centre <= point.high <= 1


@given(st.permutations(range(7)))
@settings(max_examples=20)
def test_offsets_belong_to_weekdays_and_not_to_places(order: list[int]) -> None:
    days = drawn(np.random.default_rng(9), 500, [0.1 + 0.02 * (place % 7) for place in range(42)])
    renamed = [DayCount(order[day.weekday], day.n, day.successes) for day in days]
    assert [weekday_offsets(renamed)[order[at]] for at in range(7)] == pytest.approx(list(weekday_offsets(days)))


def test_what_cannot_be_a_baseline_is_refused() -> None:
    with pytest.raises(ValueError, match="days with calls is 3, must be >= 14"):
        baseline_of([DayCount(0, 10, 2)] * 3)
    with pytest.raises(ValueError, match="successes is 11"):
        DayCount(0, 10, 11)
    with pytest.raises(ValueError, match="weekday is 7"):
        DayCount(7, 10, 1)
    with pytest.raises(ValueError, match="limit is 0"):
        p_chart([], Baseline(0.2, NO_OFFSETS, 1.0, 0.01, 56, ()), limit=0)
    with pytest.raises(ValueError, match="number of days is 1"):
        laney_spread([1.0])
