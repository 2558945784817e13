"""Balanced deals: scores by hand, all deals of eight units, and lists that dictate too much."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.clusters.balance import choose_deals, imbalances
from stats.clusters.deals import review_deals, rows_of_deals

HALVES = [[0 if unit in chosen else 1 for unit in range(8)] for chosen in itertools.combinations(range(8), 4)]
RATES = [[0.10], [0.12], [0.14], [0.16], [0.18], [0.20], [0.22], [0.24]]


def test_the_score_is_the_squared_difference_of_means_in_standard_deviations() -> None:
    spread = np.std([rate for (rate,) in RATES], ddof=1)
    first_half, paired = [0, 0, 0, 0, 1, 1, 1, 1], [0, 1, 1, 0, 0, 1, 1, 0]
    assert imbalances([first_half, paired], RATES, (1, 1)) == pytest.approx([(0.08 / spread) ** 2, 0])


def test_several_arms_are_each_held_against_the_control() -> None:
    # means 1.5, 3.5, 5.5 of 1..6, whose variance is 3.5: (4 + 16) / 3.5
    assert imbalances([[0, 0, 1, 1, 2, 2]], [[v] for v in range(1, 7)], (1, 1, 1)) == pytest.approx([20 / 3.5])


def test_shares_of_units_are_held_against_the_promised() -> None:
    # 3 of 8 where a half is promised: 0.125 short, in standard deviations of 0.5, in both arms
    assert imbalances([[0, 0, 0, 1, 1, 1, 1, 1]], [[7.0]] * 8, (50, 50)) == pytest.approx([2 * 0.25**2])
    assert imbalances([[0, 0, 0, 0, 0, 0, 1, 1]], [[7.0]] * 8, (3, 1)) == pytest.approx([0])


def test_importance_multiplies_and_the_unknown_stands_at_the_mean() -> None:
    half = [0, 0, 0, 0, 1, 1, 1, 1]
    twice = imbalances([half], [[rate, 0] for (rate,) in RATES], (1, 1), importance=(2, 5))
    assert twice == pytest.approx(2 * imbalances([half], RATES, (1, 1)))
    assert imbalances([[0, 0, 1, 1, 0, 1]], [[1], [3], [1], [3], [math.nan], [math.nan]], (1, 1)) == pytest.approx([0])


def test_an_arm_of_one_unit_is_refused() -> None:
    found = choose_deals([[0, 1, 1, 1], [0, 0, 0, 0]], [[1.0]] * 4, (1, 1))
    assert (found.kept, found.refused) == ((), 2)
    assert math.isnan(found.limit)


def test_the_best_of_all_deals_are_kept_and_none_twice() -> None:
    scores = imbalances(HALVES, RATES, (1, 1))
    found = choose_deals(HALVES + HALVES[:10], RATES, (1, 1), share=0.2)
    assert (len(found.kept), found.candidates, found.repeated) == (14, 80, 10)
    assert sorted(found.scores) == pytest.approx(sorted(scores)[:14])
    assert found.limit == max(found.scores) < found.typical == np.median(scores)


@pytest.mark.parametrize(("share", "keep", "kept"), [(1, 1000, 70), (1, 9, 9), (0.001, 1000, 1), (0.5, 1000, 35)])
def test_no_more_is_kept_than_asked(share: float, keep: int, kept: int) -> None:
    assert len(choose_deals(HALVES, RATES, (1, 1), share=share, keep=keep).kept) == kept


def test_a_free_list_treats_units_and_pairs_alike() -> None:
    found = review_deals(HALVES)
    assert (found.deals, found.distinct, found.too_tight) == (70, 70, False)
    assert (found.least_together, found.most_together) == pytest.approx((3 / 7, 3 / 7))
    assert found.arm_shares == found.least_shares == found.most_shares == (0.5, 0.5)


def test_a_tight_list_is_told_by_its_pairs() -> None:
    found = review_deals([[0, 0, 1, 1, 1], [1, 1, 0, 0, 1], [0, 0, 1, 1, 1]])
    assert (found.together, found.fixed, found.distinct) == (((0, 1), (2, 3)), (4,), 2)
    assert found.apart == ((0, 2), (0, 3), (1, 2), (1, 3))
    assert found.too_tight


def test_two_extreme_agents_are_driven_apart_by_a_narrow_list() -> None:
    rates = [[0.1], [0.1], [0.1], [0.1], [0.1], [0.1], [0.9], [0.9]]
    narrow = choose_deals(HALVES, rates, (1, 1), share=0.5)
    assert review_deals([HALVES[row] for row in narrow.kept]).apart == ((6, 7),)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0, 1, 2]], [[1], [2], [3]], (1, 1)), "number of weights is 2, must be >= 3"),
        (([[0, 1]], [[1], [2]], (1, 0)), r"weights\[1\] is 0, must be > 0"),
        (([[0, 1]], [[1], [2], [3]], (1, 1)), "must be 2 units x covariates"),
        (([[0, 1]], [[1], [2]], (1, 1), (1, 2)), "number of importance is 2, must be >= 1 and <= 1"),
        (([[0, -1]], [[1], [2]], (1, 1)), "deals is -1, must be >= 0"),
        (([[0, 1], [1]], [[1], [2]], (1, 1)), "rows of equal length"),
        (([], [[1], [2]], (1, 1)), "must be deals x units"),
    ],
)
def test_what_is_refused_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        imbalances(*arguments)


def test_a_share_beyond_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"share is 1\.5, must be > 0 and <= 1"):
        choose_deals(HALVES, RATES, (1, 1), share=1.5)


deals = st.lists(st.lists(st.integers(0, 1), min_size=8, max_size=8), min_size=1, max_size=12)
tables = st.lists(st.lists(st.integers(-99, 99), min_size=2, max_size=2), min_size=8, max_size=8)


@settings(max_examples=40, deadline=None)
@given(deals, tables, st.permutations(range(8)))
def test_names_of_arms_and_units_and_measures_change_no_score(rows: Any, table: Any, order: Any) -> None:
    once = imbalances(rows, table, (1, 1))
    swapped = 1 - rows_of_deals(rows)[:, order]
    assert imbalances(swapped, 3.0 * np.array(table)[order] + 7, (2, 2)) == pytest.approx(once, abs=1e-9)
