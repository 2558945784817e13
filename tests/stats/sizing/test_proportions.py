"""Sample sizes: R's documented examples, statsmodels, the round trip, and the tests themselves simulated."""

import math
from importlib import import_module
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, strategies as st

from stats.arms.proportions import compare_proportions
from stats.comparison import non_inferior
from stats.moments import Counts
from stats.sizing.proportions import calls_per_arm, non_inferiority_calls, power_of, smallest_effect
from tests.stats.sizing.oracle import SIZES


def test_sizes_are_those_of_the_help_page_of_r_power_prop_test() -> None:
    assert power_of(0.50, 0.25, [50, 50]) == pytest.approx(0.740, abs=5e-4)
    assert calls_per_arm(0.50, 0.25, power=0.9) == (77, 77)  # n = 76.7


def test_ten_percent_raised_by_two_points_needs_3841_calls_an_arm() -> None:
    assert calls_per_arm(0.10, 0.02) == (3841, 3841)


@pytest.mark.parametrize("case", SIZES["rates"], ids=str)
def test_sizes_are_those_of_rpact(case: dict[str, float]) -> None:
    found = calls_per_arm(case["base"], case["effect"], weights=[1, case["ratio"]])
    assert found == (math.ceil(case["control"]), math.ceil(case["challenger"]))


@pytest.mark.parametrize("case", SIZES["harms"], ids=str)
def test_non_inferiority_sizes_are_those_of_rpact(case: dict[str, float]) -> None:
    better: Literal["higher", "lower"] = "higher" if case["harm"] < 0 else "lower"
    found = non_inferiority_calls(case["base"], abs(case["harm"]), weights=[1, case["ratio"]], better=better)
    assert found == (math.ceil(case["control"]), math.ceil(case["challenger"]))


@pytest.mark.parametrize("ratio", [1, 2, 5])
def test_unequal_arms_are_those_of_statsmodels(ratio: int) -> None:
    oracle = import_module("statsmodels.stats.proportion")
    challenger = oracle.samplesize_proportions_2indep_onetail(
        0.02, 0.1, 0.8, ratio=ratio, alpha=0.025, alternative="larger"
    )
    found = calls_per_arm(0.1, 0.02, weights=[ratio, 1])
    assert found == (math.ceil(challenger * ratio), math.ceil(challenger))
    power = oracle.power_proportions_2indep(
        0.02, 0.1, found[1], ratio=found[0] / found[1], alpha=0.05, return_results=False
    )
    assert power_of(0.1, 0.02, found) == pytest.approx(power, abs=5e-6)  # statsmodels adds the chance of the wrong side


def test_the_smallest_challenger_decides_and_weights_are_kept() -> None:
    pair = calls_per_arm(0.1, 0.02, weights=[2, 1])
    assert calls_per_arm(0.1, 0.02, weights=[2, 3, 1]) == pytest.approx((pair[0], 1.5 * pair[0], pair[1]), abs=1)


def test_bonferroni_design_effect_and_looks_each_cost_calls() -> None:
    plain = calls_per_arm(0.1, 0.02)[0]
    assert calls_per_arm(0.1, 0.02, comparisons=2) == calls_per_arm(0.1, 0.02, alpha=0.025)
    assert calls_per_arm(0.1, 0.02, design_effect=2.0, inflation=1.5)[0] == pytest.approx(3 * plain, abs=3)


@given(st.floats(0.02, 0.6), st.floats(0.01, 0.3), st.integers(1, 5), st.integers(1, 4))
def test_planned_calls_have_the_planned_power(base: float, effect: float, weight: int, comparisons: int) -> None:
    calls = calls_per_arm(base, effect, weights=[weight, 1, 2], comparisons=comparisons, design_effect=1.7)
    assert power_of(base, effect, calls, comparisons=comparisons, design_effect=1.7) >= 0.8 - 0.03 * (min(calls) < 50)
    found = smallest_effect(base, calls, comparisons=comparisons, design_effect=1.7)
    assert found <= effect * (1.03 if min(calls) < 50 else 1.001)


def test_too_few_calls_can_find_nothing() -> None:
    assert math.isnan(smallest_effect(0.9, [10, 10]))


def test_a_fall_is_planned_as_a_rise_of_the_opposite() -> None:
    assert calls_per_arm(0.3, -0.05) == calls_per_arm(0.7, 0.05)


def test_the_planned_power_is_met_by_the_test_that_is_made() -> None:
    calls = calls_per_arm(0.2, 0.05, weights=[2, 1])
    a, b = np.random.default_rng(5).binomial(calls, (0.2, 0.25), (1500, 2)).T.tolist()
    found = [
        compare_proportions(Counts(calls[0], x), Counts(calls[1], y)).p_value < 0.05 for x, y in zip(a, b, strict=True)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


def test_the_planned_guardrail_is_cleared_by_the_test_that_is_made() -> None:
    calls = non_inferiority_calls(0.05, 0.015, weights=[1, 1], better="lower")
    a, b = np.random.default_rng(6).binomial(calls, 0.05, (1500, 2)).T.tolist()
    found = [
        non_inferior(compare_proportions(Counts(calls[0], x), Counts(calls[1], y)), 0.015, "lower")
        for x, y in zip(a, b, strict=True)
    ]
    assert np.mean(np.array(found, dtype=float)) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("base", "effect", "message"),
    [
        (0.0, 0.1, "base is 0.0, must be > 0 and < 1"),
        (0.5, 0.0, "effect is 0, must be another number"),
        (0.9, 0.2, r"base \+ effect is 1.1, must be > 0 and < 1"),
    ],
)
def test_a_wrong_plan_is_refused(base: float, effect: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calls_per_arm(base, effect)


def test_a_guardrail_is_better_one_way_or_the_other() -> None:
    with pytest.raises(ValueError, match="better is 'both', must be 'higher' or 'lower'"):
        non_inferiority_calls(0.05, 0.01, better="both")  # type: ignore[arg-type]


def test_every_arm_must_have_a_weight() -> None:
    with pytest.raises(ValueError, match=r"weights\[1\] is 0, must be > 0"):
        calls_per_arm(0.1, 0.02, weights=[1, 0])
