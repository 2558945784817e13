"""The split: scipy's chi-square, stray units, and peeking at every unit."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from stats.looking.sample_ratio import check_sample_ratio, sequential_sample_ratio_p


def test_three_arms_are_tested_as_scipy_does() -> None:
    found = check_sample_ratio([5030, 2450, 2520], [50, 25, 25])
    oracle = scipy_stats.chisquare([5030, 2450, 2520], [5000, 2500, 2500])
    assert (found.chi_square, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue))
    assert list(found.expected) == [5000, 2500, 2500]
    assert found.deviation == pytest.approx(0.005)


def test_an_arm_of_weight_zero_costs_no_degree_of_freedom() -> None:
    found = check_sample_ratio([1000, 1120, 0], [0.5, 0.5, 0])
    assert (found.degrees_of_freedom, round(found.p_value, 4)) == (1, 0.0092)


def test_units_in_an_arm_of_weight_zero_are_stray_and_blamed_on_no_other_arm() -> None:
    found = check_sample_ratio([1000, 1000, 300], [50, 50, 0])
    assert (found.stray, found.p_value, found.expected) == (300, 1, (1000, 1000, 0))


def test_a_hopeless_split_is_not_rounded_to_zero() -> None:
    assert 0 < check_sample_ratio([900_000, 100_000], [1, 1]).p_value < 1e-300


@pytest.mark.parametrize(("counts", "weights"), [([0, 0], [1, 1]), ([10, 3], [1, 0])])
def test_nothing_to_test_is_unknown(counts: list[int], weights: list[int]) -> None:
    assert math.isnan(check_sample_ratio(counts, weights).p_value)
    assert math.isnan(sequential_sample_ratio_p(counts, weights))


@pytest.mark.parametrize(
    ("counts", "weights", "message"),
    [
        ([1, 2], [1], "counts has 2 arms, must be the 1 of weights"),
        ([1, -2], [1, 1], r"counts\[1\] is -2, must be >= 0"),
        ([1, 2], [0, 0], "the sum of weights is 0, must be > 0"),
    ],
)
def test_a_wrong_question_is_refused(counts: list[int], weights: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_sample_ratio(counts, weights)


def test_sequential_p_is_the_inverse_bayes_factor_by_multiplying_unit_after_unit() -> None:
    alphas, shares, seen = np.array([6.0, 3.0, 1.0]), np.array([0.6, 0.3, 0.1]), [0, 1, 0, 2, 1, 2, 2, 2, 2, 1]
    odds = 1.0
    for arm in seen:  # Lindon & Malek (2022): the posterior predictive over the promised share, multiplied on
        odds *= alphas[arm] / alphas.sum() / shares[arm]
        alphas[arm] += 1
    counts = [seen.count(arm) for arm in range(3)]
    assert sequential_sample_ratio_p(counts, [60, 30, 10], concentration=10) == pytest.approx(min(1 / odds, 1))


def test_the_least_p_so_far_is_what_ssrm_test_gives() -> None:
    looks = [(30, 10, 8), (55, 22, 17), (65, 42, 20), (80, 57, 20), (480, 307, 180), (1380, 807, 440)]
    ps = [sequential_sample_ratio_p(counts, [5, 3, 2], concentration=50) for counts in looks]
    # the authors' package, ssrm-test 0.1.5: sequential_p_values(differences of these, null, dirichlet_concentration=50)
    published = (0.8577782047, 0.8577782047, 0.8577782047, 0.3177381415, 0.3177381415, 0.0060583909)
    assert np.minimum.accumulate(ps) == pytest.approx(published, abs=1e-9)


def test_a_split_watched_every_fifty_units_alarms_at_most_alpha_of_the_time() -> None:
    random = np.random.default_rng(4)
    alarms = 0
    for _ in range(300):
        first = random.binomial(50, 0.5, 100).cumsum()
        looks = ((int(n), 50 * day - int(n)) for day, n in enumerate(first, start=1))
        alarms += any(sequential_sample_ratio_p(counts, [1, 1], concentration=500) <= 0.05 for counts in looks)
    assert alarms / 300 <= 0.07


def test_a_drifting_split_is_found() -> None:
    assert sequential_sample_ratio_p([10_000, 11_000], [1, 1]) < 1e-6
