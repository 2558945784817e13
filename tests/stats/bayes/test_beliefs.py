"""Beliefs: their posteriors by the textbook, their densities by SciPy, and what is not known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import integrate, stats as scipy_stats

from stats.bayes.beliefs import JEFFREYS, UNIFORM, Beta, Normal, beta_posterior, normal_posterior
from stats.bayes.quadrature import nodes
from stats.moments import Counts

shapes = st.floats(0.3, 1e6)


def test_a_rate_after_its_calls_counts_them_with_the_prior() -> None:
    assert beta_posterior(Counts(40, 6)) == Beta(6.5, 34.5)
    assert beta_posterior(Counts(40, 6), UNIFORM) == Beta(7, 35)
    assert beta_posterior(Counts(0, 0)) == JEFFREYS


def test_jeffreys_interval_is_that_of_brown_cai_and_dasgupta() -> None:
    belief = beta_posterior(Counts(10, 3))  # their table 5: 0.093 to 0.606
    assert (belief.quantile(0.025), belief.quantile(0.975)) == pytest.approx((0.093, 0.606), abs=5e-4)


@settings(max_examples=20)
@given(shapes, shapes)
def test_a_beta_is_laid_out_whole(a: float, b: float) -> None:
    belief = Beta(a, b)
    x, weight = nodes(belief.edges())
    assert weight @ belief.density(x) == pytest.approx(1, rel=1e-8)
    assert weight @ (belief.density(x) * belief.value(x)) == pytest.approx(belief.mean, rel=1e-8)


@settings(max_examples=20)
@given(shapes, shapes, st.floats(0.001, 0.999))
def test_a_quantile_leaves_its_share_below(a: float, b: float, share: float) -> None:
    belief = Beta(a, b)
    assert belief.below(np.array([belief.quantile(share)]))[0] == pytest.approx(share, rel=1e-6)


def test_a_normal_belief_weighs_prior_and_data_by_their_precision() -> None:
    found = normal_posterior(2.0, 1.0, Normal(0.0, 2.0))  # Gelman et al., Bayesian Data Analysis, section 2.5
    assert (found.mean, found.sd) == pytest.approx((1.6, math.sqrt(0.8)))


def test_a_flat_prior_leaves_the_data() -> None:
    assert normal_posterior(2.0, 0.25) == Normal(2.0, 0.5)


@pytest.mark.parametrize(("value", "variance"), [(math.nan, 0.2), (1.0, math.nan), (1.0, 0.0)])
def test_what_is_not_known_leaves_the_prior(value: float, variance: float) -> None:
    assert normal_posterior(value, variance, Normal(0.0, 2.0)) == Normal(0.0, 2.0)
    assert not normal_posterior(value, variance).known


@pytest.mark.parametrize("mean", [-30.0, -2.0, 0.0, 0.3, 5.0])
def test_the_expected_gain_is_the_integral_of_what_is_positive(mean: float) -> None:
    density = scipy_stats.norm(mean, 1.5).pdf
    expected, _ = integrate.quad(lambda x: x * density(x), 0, mean + 60, points=[max(mean, 0)], epsabs=1e-14)
    assert Normal(mean, 1.5).expected_gain == pytest.approx(expected, rel=1e-9, abs=1e-13)


def test_the_unit_normal_loss_is_raiffas_and_schlaifers() -> None:
    assert Normal(-1.0, 1.0).expected_gain == pytest.approx(0.08332, abs=5e-6)  # their table II: L(1.0)
    assert Normal(-2.5, 1.0).expected_gain == pytest.approx(0.002004, abs=5e-7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda: Beta(0, 1), "a is 0, must be > 0"),
        (lambda: Normal(1, -1), "sd is -1, must be > 0"),
        (lambda: normal_posterior(1, -0.5), "variance is -0.5, must be >= 0"),
    ],
)
def test_a_bad_argument_is_named(arguments: type, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        arguments()
