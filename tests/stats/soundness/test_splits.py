"""Many small splits: scipy's exact tests, families, days watched."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from stats.looking.sample_ratio import check_sample_ratio, sequential_sample_ratio_p
from stats.soundness.splits import check_splits


def test_large_groups_are_tested_by_chi_square_and_adjusted_by_holm() -> None:
    groups = [[500, 560], [300, 301], [1000, 1200]]
    plain = [check_sample_ratio(group, [1, 1]).p_value for group in groups]
    found = check_splits(groups, [1, 1])
    assert [each.p_value for each in found] == plain
    assert [each.adjusted_p for each in found] == pytest.approx([2 * plain[0], plain[1], 3 * plain[2]])
    assert [each.off for each in found] == [False, False, True]


@pytest.mark.parametrize(("group", "share"), [([0, 8], 0.5), ([3, 6], 0.2), ([40, 3], 0.98)])
def test_two_arms_with_few_units_are_exact(group: list[int], share: float) -> None:
    found = check_splits([group], [share, 1 - share])[0]
    assert found.p_value == pytest.approx(scipy_stats.binomtest(group[0], sum(group), share).pvalue)


def test_three_arms_with_few_units_are_enumerated() -> None:
    shares = [0.5, 0.3, 0.2]
    chance = scipy_stats.multinomial(9, shares)
    every = [chance.pmf([a, b, 9 - a - b]) for a in range(10) for b in range(10 - a)]
    seen = chance.pmf([2, 2, 5])
    assert check_splits([[2, 2, 5]], shares)[0].p_value == pytest.approx(
        sum(p for p in every if p <= seen * (1 + 1e-9))
    )


def test_many_arms_with_few_units_are_simulated_alike_each_time() -> None:
    once, again = (check_splits([[4, 0, 4, 0, 4, 0, 4, 1]], [1] * 8)[0].p_value for _ in range(2))
    assert once == again
    assert 0.02 < once < 0.1  # chi-square, whose small relative it is, says 0.06


def test_units_in_an_arm_of_weight_zero_are_a_finding_of_their_own() -> None:
    found = check_splits([[50, 50, 3], [20, 20, 0]], [1, 1, 0])
    assert [each.ratio.stray for each in found] == [3, 0]
    assert [each.p_value for each in found] == [1, 1]


@pytest.mark.parametrize(("least", "off"), [(0.001, True), (0.01, False)])
def test_a_deviation_that_harms_no_reading_is_no_finding(least: float, off: bool) -> None:
    found = check_splits([[500_000, 508_000]], [1, 1], least_deviation=least)[0]
    assert found.adjusted_p < 1e-10
    assert found.off is off


def test_a_group_without_units_is_unknown_and_counts() -> None:
    found = check_splits([[100, 140], [0, 0]], [1, 1])
    assert found[1].off is None
    assert math.isnan(found[1].adjusted_p)
    assert found[0].adjusted_p == pytest.approx(2 * found[0].p_value)


def test_watched_groups_have_always_valid_p_values() -> None:
    found = check_splits([[100, 140], [50, 51]], [1, 1], watched=True)
    assert found[0].p_value == sequential_sample_ratio_p([100, 140], [1, 1], concentration=100)


def test_benjamini_and_hochberg_find_more() -> None:
    groups = [[40, 75], [41, 76], [42, 77], [50, 50]]
    holm, bh = (
        sum(bool(each.off) for each in check_splits(groups, [1, 1], alpha=0.004, family=family))
        for family in ("holm", "bh")
    )
    assert (holm, bh) == (0, 3)


def test_agents_who_are_watched_for_weeks_raise_few_false_alarms() -> None:
    random, alarms = np.random.default_rng(5), 0
    for _ in range(100):
        paths = random.multinomial(20, [0.5, 0.5], size=(10, 15)).cumsum(axis=1)
        looks = ([agent[day].tolist() for agent in paths] for day in range(15))
        alarms += any(any(each.off for each in check_splits(look, [1, 1], alpha=0.05, watched=True)) for look in looks)
    assert alarms <= 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0}, "alpha is 0, must be > 0 and < 1"),
        ({"least_deviation": 2}, "least_deviation is 2, must be >= 0 and <= 1"),
        ({"family": "none"}, "family is 'none', must be 'holm' or 'bh'"),
    ],
)
def test_what_is_refused_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_splits([[1, 2]], [1, 1], **arguments)
