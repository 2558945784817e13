"""The mixture test: by quadrature, the published formula, the confidence sequence, and a walk watched."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import integrate, stats as scipy_stats

from stats.looking.always_valid import confidence_sequence
from stats.looking.mixture import mixing_variance, watch_difference


@pytest.mark.parametrize(("difference", "error", "mixing"), [(0.7, 0.26, 0.16), (-0.02, 0.006, 0.0001), (3.1, 1, 9.6)])
def test_p_is_one_over_the_likelihood_ratio_mixed_by_quadrature(difference: float, error: float, mixing: float) -> None:
    def mixed(effect: float) -> float:
        density = scipy_stats.norm.pdf(difference, effect, error) * scipy_stats.norm.pdf(effect, 0, mixing**0.5)
        return float(density)

    reach = 12 * mixing**0.5
    ratio = integrate.quad(mixed, -reach, reach, points=[difference])[0] / scipy_stats.norm.pdf(difference, 0, error)
    assert watch_difference(difference, error, mixing_variance=mixing).p_value == pytest.approx(1 / ratio, rel=1e-7)


def test_p_is_the_published_formula_of_two_streams() -> None:
    n, sigma, tau, d = 50, 1.3, 0.4, 0.7  # Johari et al. (2022), equation 7, tau a standard deviation
    ratio = math.sqrt(2 * sigma**2 / (2 * sigma**2 + n * tau**2)) * math.exp(
        n**2 * tau**2 * d**2 / (4 * sigma**2 * (2 * sigma**2 + n * tau**2))
    )
    found = watch_difference(d, sigma * math.sqrt(2 / n), mixing_variance=tau**2)
    assert found.p_value == pytest.approx(1 / ratio)


def test_sharpest_at_the_planned_error_it_is_the_confidence_sequence() -> None:
    mixing = mixing_variance(0.01)
    for n in (100, 400, 2500):  # of 400 planned, the error falling as the root of n
        error = 0.01 * math.sqrt(400 / n)
        found = watch_difference(0.03, error, mixing_variance=mixing)
        assert (found.low, found.high) == pytest.approx(confidence_sequence(0.03, error, n, planned_n=400))


def test_the_documented_mixing_variance_is_the_best_and_forgiving() -> None:
    best = mixing_variance(1.0)
    assert best == pytest.approx(8.21, abs=0.005)
    widths = [watch_difference(0, 1, mixing_variance=best * factor).high for factor in (0.25, 0.9, 1, 1.1, 4)]
    assert min(widths) == widths[2]
    assert (widths[0] / widths[2], widths[4] / widths[2]) == pytest.approx((1.071, 1.031), abs=0.001)


@given(st.floats(-50, 50), st.floats(0.01, 10), st.floats(0.001, 100))
def test_p_is_at_most_alpha_exactly_when_the_interval_leaves_zero(z: float, error: float, mixing: float) -> None:
    found = watch_difference(z * error, error, mixing_variance=mixing, alpha=0.05)
    assert (found.p_value <= 0.05) == (found.low >= 0 or found.high <= 0) or found.p_value == pytest.approx(0.05)
    assert 0 < found.p_value <= 1


def test_a_walk_watched_at_every_step_alarms_at_most_alpha_of_the_time() -> None:
    n = np.arange(1, 2001)
    z = np.random.default_rng(2).standard_normal((1500, 2000)).cumsum(axis=1) / np.sqrt(n)
    mixing = mixing_variance(500**-0.5)
    reach = [watch_difference(0, k**-0.5, mixing_variance=mixing).high * k**0.5 for k in n.tolist()]
    assert (np.abs(z) >= reach).any(axis=1).mean() <= 0.05


@pytest.mark.parametrize(("difference", "error"), [(math.nan, 1.0), (1.0, 0.0), (1.0, math.nan)])
def test_no_spread_is_not_known(difference: float, error: float) -> None:
    assert math.isnan(watch_difference(difference, error, mixing_variance=1).p_value)


def test_arguments_have_bounds() -> None:
    with pytest.raises(ValueError, match="mixing_variance is 0, must be > 0"):
        watch_difference(0, 1, mixing_variance=0)
    with pytest.raises(ValueError, match="planned_standard_error is 0, must be > 0"):
        mixing_variance(0)
