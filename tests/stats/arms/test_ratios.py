"""Ratios clustered by unit: scipy's Welch test, Fieller's law, and A/A simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats as scipy_stats

from stats.arms.ratios import compare_ratios
from stats.moments import Moments

arms = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 80)), min_size=2, max_size=9).map(Moments.of)


def test_units_of_equal_size_give_welchs_t_test() -> None:
    a, b = [3, 8, 5, 6, 9, 4], [7, 12, 9, 15, 8]
    oracle = scipy_stats.ttest_ind(b, a, equal_var=False)
    found = compare_ratios(Moments.of((y, 1) for y in a), Moments.of((y, 1) for y in b))
    bounds = oracle.confidence_interval(0.95)
    assert (found.p_value, found.degrees_of_freedom) == pytest.approx((oracle.pvalue, oracle.df))
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))


def test_scaling_every_units_size_changes_no_p() -> None:
    a, b = [(3, 30), (8, 51), (5, 44)], [(9, 40), (7, 35), (12, 60), (4, 30)]
    once = compare_ratios(Moments.of(a), Moments.of(b))
    tenfold = compare_ratios(Moments.of((y, 10 * x) for y, x in a), Moments.of((y, 10 * x) for y, x in b))
    assert tenfold.p_value == pytest.approx(once.p_value)
    assert tenfold.relative == pytest.approx(once.relative)


@pytest.mark.parametrize("few", [[], [(3, 10)], [(0, 0), (0, 0)]])
def test_too_few_units_are_unknown_and_no_error(few: list[tuple[int, int]]) -> None:
    found = compare_ratios(Moments.of(few), Moments.of([(3, 10), (4, 10)]))
    assert math.isnan(found.p_value)
    assert math.isnan(found.low)
    assert found.relative is None


def test_units_without_spread_are_not_certainty() -> None:
    found = compare_ratios(Moments.of([(1, 10), (1, 10)]), Moments.of([(2, 10), (2, 10)]))
    assert (found.difference, found.standard_error) == (0.1, 0)
    assert all(math.isnan(value) for value in (found.p_value, found.low, found.high))


@pytest.mark.parametrize("value", [0, 3])
def test_means_that_never_vary_are_unknown_and_no_error(value: int) -> None:
    found = compare_ratios(Moments.of([(value, 1)] * 30), Moments.of([(value, 1)] * 40))
    assert found.difference == 0
    assert all(math.isnan(end) for end in (found.p_value, found.low, found.high))


def test_one_arm_without_spread_leaves_the_other_to_say_how_sure_it_is() -> None:
    found = compare_ratios(Moments.of([(2, 1)] * 9), Moments.of([(1, 1), (2, 1), (4, 1), (2, 1)]))
    oracle = scipy_stats.ttest_1samp([1, 2, 4, 2], 2)
    assert (found.p_value, found.degrees_of_freedom) == pytest.approx((oracle.pvalue, 3))


def test_lift_is_withheld_when_the_controls_interval_reaches_zero() -> None:
    found = compare_ratios(Moments.of([(0, 10), (3, 10), (0, 10)]), Moments.of([(3, 10), (4, 10), (2, 10)]))
    assert found.relative is None


def test_lift_is_withheld_below_zero() -> None:
    found = compare_ratios(Moments.of([(-9, 10), (-8, 10), (-9, 10)]), Moments.of([(3, 10), (4, 10), (2, 10)]))
    assert found.relative is None


@given(arms, arms)
def test_swapping_arms_flips_the_sign(control: Moments, challenger: Moments) -> None:
    there, back = compare_ratios(control, challenger), compare_ratios(challenger, control)
    assert there.p_value == pytest.approx(back.p_value, nan_ok=True)
    assert (there.difference, there.low, there.high) == pytest.approx(
        (-back.difference, -back.high, -back.low), nan_ok=True, abs=1e-12
    )


@given(arms, arms)
def test_p_interval_and_lift_tell_one_story(control: Moments, challenger: Moments) -> None:
    found = compare_ratios(control, challenger)
    if math.isnan(found.p_value) or abs(found.p_value - 0.05) < 1e-9:
        return
    assert 0 < found.p_value <= 1
    assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)
    if found.relative_low is not None and found.relative_high is not None:
        assert (found.p_value < 0.05) == (not found.relative_low <= 0 <= found.relative_high)


def test_twenty_agents_alike_in_truth_raise_a_false_alarm_one_time_in_twenty() -> None:
    random = np.random.default_rng(11)
    alarms = 0
    for _ in range(3000):
        calls = random.integers(150, 251, 20)
        sales = random.binomial(calls, random.beta(0.1 * 49, 0.9 * 49, 20))  # ICC 0.02
        pairs = list(zip(sales.tolist(), calls.tolist(), strict=True))
        alarms += compare_ratios(Moments.of(pairs[:10]), Moments.of(pairs[10:])).p_value < 0.05
    assert alarms / 3000 == pytest.approx(0.05, abs=0.012)
