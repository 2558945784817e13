"""The winner's curse undone: the cut normal distribution by SciPy, a simulation, and limits."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import optimize, stats as scipy_stats

from stats.pooling.meta import Effect
from stats.pooling.winners import correct_winner

CUT = 1.959963984540054


def tail(mu: float, z: float) -> float:
    """Chance that a selected statistic is above z."""
    normal = scipy_stats.norm(mu, 1)
    return float(normal.sf(z) / (normal.sf(CUT) + normal.cdf(-CUT)))


@pytest.mark.parametrize("z", [1.97, 2.2, 2.8, 3.5, 5.0])
def test_the_interval_inverts_the_cut_normal(z: float) -> None:
    found = correct_winner(Effect(z, 1.0))
    shares = [tail(mu, z) for mu in (found.low, found.median_unbiased, found.high)]
    assert shares == pytest.approx([0.025, 0.5, 0.975], abs=1e-9)


@pytest.mark.parametrize("z", [2.0, 2.5, 3.0, 4.0])
def test_the_most_likely_effect_has_the_highest_conditional_likelihood(z: float) -> None:
    def against(mu: float) -> float:
        normal = scipy_stats.norm(mu, 1)
        return float(np.log(normal.sf(CUT) + normal.cdf(-CUT)) - normal.logpdf(z))

    expected = optimize.minimize_scalar(against, bounds=(-1, z), method="bounded", options={"xatol": 1e-10}).x
    assert correct_winner(Effect(z, 1.0)).most_likely == pytest.approx(expected, abs=1e-6)


@given(st.floats(CUT + 0.001, 30), st.floats(0.001, 100))
def test_a_winner_is_drawn_to_zero_and_never_past_it(z: float, error: float) -> None:
    found = correct_winner(Effect(z * error, error**2))
    assert 0 < found.most_likely <= found.measured
    assert -1e-6 <= found.median_unbiased / error <= z + 1e-6
    assert found.low < found.median_unbiased < found.high


def test_a_clear_effect_needs_no_correction() -> None:
    found = correct_winner(Effect(9.0, 1.0))
    corrected = (found.most_likely, found.median_unbiased, found.low, found.high)
    assert corrected == pytest.approx((9, 9, 9 - CUT, 9 + CUT), abs=1e-6)


def test_harm_is_corrected_as_gain_is() -> None:
    gain, harm = correct_winner(Effect(2.4, 1.0)), correct_winner(Effect(-2.4, 1.0))
    assert (harm.most_likely, harm.low, harm.high) == (-gain.most_likely, -gain.high, -gain.low)


@pytest.mark.parametrize("effect", [Effect(1.9, 1.0), Effect(math.nan, 1.0), Effect(2.0, math.nan), Effect(2.0, 0.0)])
def test_what_was_not_selected_is_not_corrected(effect: Effect) -> None:
    found = correct_winner(effect)
    assert all(math.isnan(value) for value in (found.most_likely, found.median_unbiased, found.low, found.high))


def test_the_conditional_interval_covers_and_the_median_halves() -> None:
    random = np.random.default_rng(7)
    drawn = random.normal(1.5, 1, 6000)
    found = [correct_winner(Effect(float(z), 1.0)) for z in drawn[np.abs(drawn) > CUT]]
    assert np.mean([one.low <= 1.5 <= one.high for one in found]) == pytest.approx(0.95, abs=0.02)
    assert np.mean([one.median_unbiased > 1.5 for one in found]) == pytest.approx(0.5, abs=0.04)
    assert np.mean([one.measured > 1.5 for one in found]) > 0.95


def test_a_threshold_is_a_share() -> None:
    with pytest.raises(ValueError, match="selected_at is 2, must be > 0 and < 1"):
        correct_winner(Effect(3.0, 1.0), selected_at=2)
