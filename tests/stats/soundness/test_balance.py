"""Arms before anything happened: R's chi-square, scipy's t, exactness of the dealt-again p."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats as scipy_stats

from stats.moments import Moments
from stats.soundness.balance import Balance, adjust_balance, balance_of_levels, balance_of_moments, balance_of_values

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "soundness.json").read_text())
tables = st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=3)


def test_large_cells_are_tested_as_r_does() -> None:
    found = balance_of_levels(GOLDEN["table"]["counts"])
    assert found.p_value == pytest.approx(GOLDEN["table"]["p"])
    assert found.method == "chi-square"


def test_the_largest_standardised_difference_is_that_of_the_worst_level() -> None:
    a, b = np.array([120, 80, 41]) / 241, np.array([98, 95, 60]) / 253
    by_hand = np.abs(a - b) / np.sqrt((a * (1 - a) + b * (1 - b)) / 2)
    assert balance_of_levels(GOLDEN["table"]["counts"]).largest == pytest.approx(by_hand.max())


def test_small_cells_are_dealt_again_with_fixed_margins() -> None:
    table = np.array([[5, 1, 3], [1, 4, 4]])
    levels = np.repeat([0, 1, 2], table.sum(axis=0))
    statistics = [
        np.sum((np.bincount(levels[list(dealt)], minlength=3) - table.sum(axis=0) / 2) ** 2 / table.sum(axis=0))
        for dealt in itertools.combinations(range(18), 9)
    ]
    observed = np.sum((table[0] - table.sum(axis=0) / 2) ** 2 / table.sum(axis=0))
    found = balance_of_levels(table.tolist())
    assert found.method == "permutation"
    assert found.p_value == pytest.approx(np.mean(np.array(statistics) >= observed - 1e-9), abs=0.015)


@pytest.mark.parametrize(
    ("counts", "largest"),
    [
        # nothing at all
        ([], math.nan),
        # one arm only has units
        ([[3, 4], [0, 0]], math.nan),
        # one level only
        ([[5, 0], [7, 0]], 0),
    ],
)
def test_what_cannot_differ_is_unknown(counts: list[list[int]], largest: float) -> None:
    found = balance_of_levels(counts)
    assert math.isnan(found.p_value)
    assert found.largest == pytest.approx(largest, nan_ok=True)


def test_a_level_that_belongs_to_one_arm_is_as_different_as_can_be() -> None:
    found = balance_of_levels([[30, 0], [0, 30]])
    assert found.largest == math.inf
    assert found.p_value < 1e-12


@settings(max_examples=30)
@given(tables)
def test_the_order_of_the_levels_changes_nothing(counts: list[list[int]]) -> None:
    once, again = balance_of_levels(counts, draws=99), balance_of_levels([row[::-1] for row in counts], draws=99)
    assert once.largest == pytest.approx(again.largest, nan_ok=True)
    if once.method == "chi-square":
        assert once.p_value == pytest.approx(again.p_value, nan_ok=True)


def test_numbers_are_tested_by_welch_and_measured_in_deviations() -> None:
    random = np.random.default_rng(1)
    a, b = random.normal(3, 1, 50).tolist(), random.normal(3.4, 2, 60).tolist()
    found = balance_of_moments(*(Moments.of((value, 1) for value in arm) for arm in (a, b)))
    cohen = abs(np.mean(b) - np.mean(a)) / math.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / 2)
    assert (found.p_value, found.largest) == pytest.approx(
        (scipy_stats.ttest_ind(a, b, equal_var=False).pvalue, cohen), rel=1e-9
    )


def test_few_units_are_dealt_again() -> None:
    a, b = [1.0, 2.0, 4.0, 7.0], [3.0, 9.0, 12.0, 30.0, 8.0]
    exact = scipy_stats.permutation_test(
        (a, b), lambda x, y: abs(scipy_stats.ttest_ind(x, y, equal_var=False).statistic), alternative="greater"
    )
    found = balance_of_values(a, b)
    assert found.p_value == pytest.approx(exact.pvalue)
    assert found.method == "permutation"


def test_two_units_an_arm_are_needed_and_some_spread() -> None:
    assert math.isnan(balance_of_values([1.0], [2.0, 3.0]).p_value)
    assert math.isnan(balance_of_values([2.0] * 4, [2.0] * 4).largest)


def test_a_declared_family_is_adjusted_by_holm() -> None:
    family = [Balance(0.1, p, math.nan, "t") for p in (0.04, 0.01, math.nan, 0.6)]
    assert [each.adjusted_p for each in adjust_balance(family)] == pytest.approx(
        [0.12, 0.04, math.nan, 1.0], nan_ok=True
    )
    assert adjust_balance([]) == ()


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([[1, 2], [3]], r"counts\[1\] has 1 levels, must be the 2 of the first arm"),
        ([[1, -2], [3, 3]], r"counts\[0\]\[1\] is -2, must be >= 0"),
    ],
)
def test_what_is_no_table_is_refused(counts: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        balance_of_levels(counts)
