"""Deals again: exact by enumeration, right by simulation, the same with the same seed."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from stats.arms.ratios import compare_ratios
from stats.clusters.randomisation import permutation_test, randomisation_test
from stats.clusters.switchback import Shift, compare_shifts
from stats.moments import Moments, Pairs

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
@example([(0, 1)] * 4 + [(1, 6)], [(0, 1)] * 3 + [(0, 2), (1, 5)])  # equal ratios, of which rounding leaves something
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


HALF = np.array([[0 if unit in dealt else 1 for unit in range(9)] for dealt in itertools.combinations(range(9), 4)])
"""Every deal of nine units, the first one that of CONTROL and CHALLENGER."""


def test_the_list_of_all_deals_is_the_permutation_test() -> None:
    found = randomisation_test(CONTROL + CHALLENGER, HALF, 0)
    assert found.p_value == pytest.approx(permutation_test(CONTROL, CHALLENGER))
    assert found.difference == pytest.approx(43 / 206 - 18 / 150)
    assert (found.deals, found.control_n, found.challenger_n) == (126, 4, 5)


def test_only_the_listed_deals_count() -> None:
    few = HALF[[40, 3, 77, 0, 125, 61]]
    everyone = np.array(CONTROL + CHALLENGER)
    t = [_t(everyone[row == 0].tolist(), everyone[row == 1].tolist()) for row in few]
    found = randomisation_test(CONTROL + CHALLENGER, few, 3)
    assert found.p_value == pytest.approx(np.mean([each >= t[3] - 1e-9 for each in t]))


@pytest.mark.parametrize("alpha", [0.02, 0.05, 0.2, 0.5])
def test_over_all_deals_that_could_have_been_the_list_errs_no_more_than_alpha(alpha: float) -> None:
    random = np.random.default_rng(8)
    deals = random.permuted(np.tile([0] * 4 + [1] * 6, (120, 1)), axis=1)
    units = list(zip(random.integers(0, 40, 10).tolist(), random.integers(3, 886, 10).tolist(), strict=True))
    found = [randomisation_test(units, deals, observed).p_value for observed in range(120)]
    assert alpha / 2 < np.mean(np.array(found) <= alpha + 1e-9) <= alpha


def test_the_interval_ends_where_the_test_of_the_shifted_calls_turns() -> None:
    found = randomisation_test(CONTROL + CHALLENGER, HALF, 0)

    def p(shift: float) -> float:
        return permutation_test(CONTROL, [(y - shift * x, x) for y, x in CHALLENGER])

    assert p(found.low - 1e-7) <= 0.05 < p(found.low + 1e-7)
    assert p(found.high + 1e-7) <= 0.05 < p(found.high - 1e-7)


def test_each_unit_one_vote_compares_the_means_of_their_ratios() -> None:
    ratios = [(y / x, 1.0) for y, x in CONTROL + CHALLENGER]
    found = randomisation_test(CONTROL + CHALLENGER, HALF, 0, weighting="units")
    assert found == randomisation_test(ratios, HALF, 0)
    assert found.difference == pytest.approx(np.mean([r for r, _ in ratios[4:]]) - np.mean([r for r, _ in ratios[:4]]))


def test_within_blocks_the_difference_is_the_regressions() -> None:
    units = [(3.0, 30.0), (20.0, 51.0), (5.0, 44.0), (9.0, 25.0), (9.0, 40.0), (19.0, 35.0), (12.0, 60.0), (26.0, 65.0)]
    blocks, agents, deal = [0, 1] * 4, [*"aabbccdd"], np.array([0, 1, 1, 0, 0, 0, 1, 1])
    shifts = [Shift(agents[i], i, blocks[i], int(deal[i]), *units[i]) for i in range(8)]
    found = randomisation_test(units, np.stack([deal, 1 - deal]), 0, within=[blocks, agents])
    assert found.difference == pytest.approx(compare_shifts(shifts).difference)


def test_what_a_block_adds_to_every_call_changes_nothing() -> None:
    blocks = [0, 1, 0, 1, 0, 1, 0, 1, 1]
    moved = [(y + 3 * b * x, x) for (y, x), b in zip(CONTROL + CHALLENGER, blocks, strict=True)]
    once, found = (randomisation_test(units, HALF, 0, within=[blocks]) for units in (CONTROL + CHALLENGER, moved))
    assert (found.p_value, found.difference, found.low) == pytest.approx((once.p_value, once.difference, once.low))


def test_a_third_arm_moves_but_does_not_disturb() -> None:
    random = np.random.default_rng(6)
    deals = random.integers(0, 3, (400, 18))
    calls = random.integers(20, 90, 18)
    sales = random.binomial(calls, 0.2)
    boosted = np.where(deals[7] == 2, sales + 3 * calls, sales)
    once, found = (
        randomisation_test(list(zip(y.tolist(), calls.tolist(), strict=True)), deals, 7) for y in (sales, boosted)
    )
    assert (found.p_value, found.low, found.high) == pytest.approx((once.p_value, once.low, once.high))


def test_a_short_list_has_no_interval_and_no_small_p() -> None:
    found = randomisation_test(
        [(1.0 + i, 100.0) for i in range(4)] + [(60.0 + i, 100.0) for i in range(5)], HALF[:12], 0
    )
    assert (found.p_value, found.low, found.high) == (1 / 12, -math.inf, math.inf)


def test_units_without_calls_have_no_vote() -> None:
    wider = np.column_stack([HALF, 1 - HALF[:, :1]])
    for weighting in ("calls", "units"):
        found = randomisation_test([*CONTROL, *CHALLENGER, (0, 0)], wider, 0, weighting=weighting)
        assert found == randomisation_test(CONTROL + CHALLENGER, HALF, 0, weighting=weighting)


@pytest.mark.parametrize(
    ("units", "deals"),
    [
        # one unit in an arm; two units, one of them without calls
        ([(1, 5), (2, 5), (3, 5)], [[0, 1, 1], [1, 0, 1]]),
        ([(1, 5), (0, 0), (3, 5), (2, 5)], [[0, 0, 1, 1]]),
    ],
)
def test_an_arm_that_is_too_small_is_unknown(units: Pairs, deals: list[list[int]]) -> None:
    found = randomisation_test(units, deals, 0)
    assert all(math.isnan(value) for value in (found.p_value, found.difference, found.low))


def test_arms_that_coincide_with_blocks_tell_nothing() -> None:
    found = randomisation_test(CONTROL + CHALLENGER, HALF[:9], 0, within=[[0] * 4 + [1] * 5])
    assert math.isnan(found.difference)
    assert math.isnan(found.low)
    assert found.p_value == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"observed": 126}, "observed is 126, must be >= 0 and < 126"),
        ({"challenger": 0}, "challenger is 0, must be another arm than control"),
        ({"weighting": "days"}, "weighting is 'days', must be 'calls' or 'units'"),
        ({"within": [[1, 2]]}, r"number of within\[0\] is 2, must be >= 9 and <= 9"),
        ({"units": CONTROL}, "number of units is 4, must be >= 9 and <= 9"),
        ({"alpha": 1}, "alpha is 1, must be > 0 and < 1"),
    ],
)
def test_what_is_refused_is_named(arguments: dict[str, Any], message: str) -> None:
    asked: dict[str, Any] = {"units": CONTROL + CHALLENGER, "deals": HALF, "observed": 0}
    with pytest.raises(ValueError, match=message):
        randomisation_test(**(asked | arguments))


lists = st.lists(st.lists(st.integers(0, 1), min_size=7, max_size=7), min_size=1, max_size=40)
pairs = st.lists(st.tuples(st.integers(-9, 30), st.integers(1, 30)), min_size=7, max_size=7)


@settings(max_examples=60, deadline=None)
@given(pairs, lists, st.permutations(range(7)))
def test_swapped_arms_flip_the_sign_and_names_of_units_mean_nothing(units: Any, rows: Any, order: Any) -> None:
    there = randomisation_test(units, rows, 0, alpha=0.3)
    swapped = 1 - np.array(rows)[:, order]
    back = randomisation_test([units[at] for at in order], swapped, 0, alpha=0.3)
    assert there.p_value == pytest.approx(back.p_value, nan_ok=True)
    assert (there.difference, there.low, there.high) == pytest.approx(
        (-back.difference, -back.high, -back.low), nan_ok=True, abs=1e-6
    )


@settings(max_examples=60, deadline=None)
@given(pairs, lists)
@example(  # everybody's own ratio is 0 or 1 in all deals but one: 0 is accepted, and nothing beside it
    [(0, 1), (1, 1), (0, 1), (0, 1), (0, 4), (1, 1), (1, 2)],
    [[0, 1, 0, 0, 0, 0, 1], *[[0] * 7] * 2, *[[0, 0, 0, 0, 0, 1, 1]] * 7],
)
def test_p_is_no_less_than_one_deal_and_agrees_with_the_interval(units: Any, rows: Any) -> None:
    found = randomisation_test(units, rows, 0, alpha=0.3)
    if not math.isnan(found.low):
        assert found.p_value >= 1 / len(rows)
        assert found.low <= found.difference <= found.high
        assert found.p_value <= 0.3 or found.low <= 1e-9 <= found.high + 2e-9
