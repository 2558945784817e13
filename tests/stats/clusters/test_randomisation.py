"""Deals again: exact by enumeration, right by simulation, the same with the same seed."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.arms.ratios import compare_ratios
from stats.clusters.randomisation import permutation_test
from stats.moments import Moments

CONTROL = [(3.0, 30.0), (8.0, 51.0), (5.0, 44.0), (2.0, 25.0)]
CHALLENGER = [(9.0, 40.0), (7.0, 35.0), (12.0, 60.0), (6.0, 30.0), (9.0, 41.0)]
units = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 20)), min_size=2, max_size=5)


def _t(control: list[tuple[float, float]], challenger: list[tuple[float, float]]) -> float:
    found = compare_ratios(Moments.of(control), Moments.of(challenger))
    return abs(found.difference / found.standard_error)


def test_few_units_are_enumerated_with_the_statistic_of_the_t_test() -> None:
    everyone = CONTROL + CHALLENGER
    deals = [
        _t([everyone[i] for i in dealt], [everyone[i] for i in range(9) if i not in dealt])
        for dealt in itertools.combinations(range(9), 4)
    ]
    expected = np.mean([t >= _t(CONTROL, CHALLENGER) - 1e-9 for t in deals])
    assert permutation_test(CONTROL, CHALLENGER) == pytest.approx(expected)


def test_random_deals_come_near_the_enumeration() -> None:
    exact = permutation_test(CONTROL, CHALLENGER)
    assert permutation_test(CONTROL, CHALLENGER, draws=125) == pytest.approx(exact, abs=0.05)


def test_the_same_seed_deals_the_same() -> None:
    a, b = CONTROL * 2 + CHALLENGER, CONTROL + CHALLENGER * 2
    once, again = ([permutation_test(a, b, draws=999, seed=seed) for seed in range(4)] for _ in range(2))
    assert once == again
    assert len(set(once)) > 1


def test_p_is_never_zero() -> None:
    assert (
        permutation_test([(1.0 + i / 99, 100.0) for i in range(30)], [(50.0 + i, 100.0) for i in range(30)]) == 1 / 5000
    )


def test_units_that_are_all_alike_cannot_tell() -> None:
    assert permutation_test([(0.1, 1.0)] * 4, [(0.3, 3.0)] * 4) == 1


@pytest.mark.parametrize("arm", [[], [(1.0, 2.0)], [(0.0, 0.0)] * 3])
def test_too_few_units_are_unknown(arm: list[tuple[float, float]]) -> None:
    assert math.isnan(permutation_test(arm, CHALLENGER))


def test_draws_must_be_positive() -> None:
    with pytest.raises(ValueError, match="draws is 0, must be >= 1"):
        permutation_test(CONTROL, CHALLENGER, draws=0)


@settings(max_examples=40, deadline=None)
@given(units, units)
def test_swapping_arms_changes_no_p(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    there = permutation_test(a, b)
    assert there == permutation_test(b, a)
    assert 0 < there <= 1


def test_false_alarms_stay_at_alpha_when_agents_differ() -> None:
    random = np.random.default_rng(2)
    alarms = 0
    for seed in range(400):
        calls = random.integers(20, 300, 14).astype(float)
        sales = random.binomial(calls.astype(int), random.beta(2, 18, 14)).astype(float)
        pairs = list(zip(sales.tolist(), calls.tolist(), strict=True))
        alarms += permutation_test(pairs[:5], pairs[5:], draws=199, seed=seed) <= 0.05
    assert alarms / 400 < 0.08
