"""Sums add up, exactly, and refuse what cannot be."""

import math
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, strategies as st

from stats.moments import Counts, Moments

pairs = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=12)


def test_counts_of_two_days_add_up() -> None:
    assert Counts(10, 3) + Counts(5, 0) == Counts(15, 3)


def test_rate_is_unknown_without_trials() -> None:
    assert math.isnan(Counts(0, 0).rate)


@pytest.mark.parametrize(("n", "successes"), [(-1, 0), (5, 6), (5, -1)])
def test_counts_refuse_more_successes_than_trials(n: int, successes: int) -> None:
    with pytest.raises(ValueError, match="must be >= 0"):
        Counts(n, successes)


def test_a_refusal_names_the_parameter_its_value_and_its_bound() -> None:
    with pytest.raises(ValueError, match="successes is 6, must be >= 0 and <= 5"):
        Counts(5, 6)


def test_moments_refuse_a_sum_that_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="xy is nan, must be finite"):
        Moments(1, 1, 1, 1, 1, math.nan)


@given(pairs, pairs)
def test_adding_disjoint_units_is_summing_them_together(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    assert Moments.of(some) + Moments.of(others) == Moments.of(some + others)


@given(pairs, pairs, pairs)
def test_adding_is_associative(a: list[tuple[int, int]], b: list[tuple[int, int]], c: list[tuple[int, int]]) -> None:
    one, two, three = Moments.of(a), Moments.of(b), Moments.of(c)
    assert (one + two) + three == one + (two + three)


def test_a_ratio_and_its_variance_are_unknown_without_denominator_or_second_unit() -> None:
    assert math.isnan(Moments.of([(1, 0), (2, 0)]).ratio)
    assert math.isnan(Moments.of([(1, 0), (2, 0)]).variance)
    assert math.isnan(Moments.of([(1, 5)]).variance)


def test_variance_of_single_calls_is_that_of_their_mean() -> None:
    values = [3, 1, 4, 1, 5, 9, 2, 6]
    expected = np.var(values, ddof=1) / len(values)
    assert Moments.of((value, 1) for value in values).variance == pytest.approx(expected, rel=1e-14)


def test_variance_of_a_ratio_is_the_cluster_robust_one_of_statsmodels() -> None:
    sm = import_module("statsmodels.api")
    random = np.random.default_rng(3)
    calls = random.integers(20, 200, 25)
    sales = random.binomial(calls, random.beta(4, 36, 25))
    clusters = np.repeat(np.arange(25), calls)
    y = np.concatenate([np.arange(n) < s for n, s in zip(calls, sales, strict=True)]).astype(float)
    fit = sm.OLS(y, np.ones(len(y))).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}, use_t=False
    )
    moments = Moments.of(zip(sales.tolist(), calls.tolist(), strict=True))
    assert moments.variance == pytest.approx(fit.bse[0] ** 2 * 25 / 24, rel=1e-9)


def test_variance_of_large_integers_loses_nothing_to_cancellation() -> None:
    far = 10**9
    moments = Moments.of([(far, 1), (far + 1, 1), (far + 2, 1)])
    assert moments.variance == pytest.approx(1 / 3, rel=1e-14)
