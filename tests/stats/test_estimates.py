"""Lifts of estimates: Fieller's set written out, the delta method by hand, and when neither is told."""

import math

import pytest
from hypothesis import given, strategies as st

from stats.estimates import Estimate, compare_estimates, delta_lift, fieller_lift
from stats.tails import t_quantile

CONTROL, CHALLENGER = Estimate(0.10, 0.01**2, 20), Estimate(0.12, 0.012**2, 20)


def test_an_end_of_fiellers_interval_is_a_ratio_just_rejected() -> None:
    found = fieller_lift(CONTROL, CHALLENGER, degrees_of_freedom=30)
    assert found is not None
    for ratio in (1 + found.low, 1 + found.high):
        error = math.sqrt(CHALLENGER.variance + ratio**2 * CONTROL.variance)
        assert abs(CHALLENGER.rate - ratio * CONTROL.rate) / error == pytest.approx(t_quantile(0.025, 30))


def test_delta_interval_is_that_of_the_formula() -> None:
    found = delta_lift(CONTROL, CHALLENGER)
    error = math.sqrt((0.012 / 0.1) ** 2 + (0.12 * 0.01 / 0.1**2) ** 2)
    assert found is not None
    assert (found.relative, found.low, found.high) == pytest.approx((0.2, 0.2 - 1.96 * error, 0.2 + 1.96 * error), 1e-4)


def test_both_agree_when_the_control_is_far_from_zero() -> None:
    control, challenger = Estimate(0.10, 1e-8, 999), Estimate(0.12, 1e-8, 999)
    fieller, delta = fieller_lift(control, challenger), delta_lift(control, challenger)
    assert fieller is not None
    assert delta is not None
    assert (fieller.low, fieller.high) == pytest.approx((delta.low, delta.high), abs=1e-5)


@pytest.mark.parametrize(
    "control",
    [
        Estimate(0.019, 0.01**2, 20),  # its interval reaches zero
        Estimate(-0.1, 0.01**2, 20),  # lies below it
        Estimate(0.0, 0.0, 20),  # is zero
        Estimate(0.1, math.nan, 1),  # is not known
        Estimate(math.nan, math.nan, 0),  # nor is the rate
    ],
)
def test_a_share_of_nothing_is_withheld(control: Estimate) -> None:
    assert fieller_lift(control, CHALLENGER) is None
    assert delta_lift(control, CHALLENGER) is None


def test_arms_without_spread_have_a_difference_and_no_error() -> None:
    found = compare_estimates(
        Estimate(0.1, 0.0, 20), Estimate(0.1, 0.0, 20), degrees_of_freedom=38, alpha=0.05, method="welch"
    )
    assert found.difference == 0
    assert all(math.isnan(value) for value in (found.p_value, found.low, found.high))


@given(st.floats(0.01, 0.9), st.floats(0.01, 0.9), st.floats(1e-6, 1e-3), st.floats(1e-6, 1e-3))
def test_fiellers_interval_excludes_zero_exactly_when_p_is_below_alpha(a: float, b: float, u: float, v: float) -> None:
    control, challenger = Estimate(a, u, 40), Estimate(b, v, 40)
    found = compare_estimates(control, challenger, degrees_of_freedom=50, alpha=0.05, method="welch")
    lift = fieller_lift(control, challenger, degrees_of_freedom=50)
    if lift is not None and abs(found.p_value - 0.05) > 1e-9:
        assert (found.p_value < 0.05) == (not lift.low <= 0 <= lift.high)


@pytest.mark.parametrize("alpha", [0, 1])
def test_alpha_must_be_a_share(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha is .*, must be > 0 and < 1"):
        delta_lift(CONTROL, CHALLENGER, alpha=alpha)
