"""Sizes of means and ratios: R's pwr and rpact, the round trip, and Welch's test itself simulated."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats as scipy_stats

from stats.moments import Moments
from stats.sizing.means import non_inferiority_units, power_of, sd_of, smallest_effect, units_per_arm
from tests.stats.sizing.oracle import SIZES


@pytest.mark.parametrize("case", SIZES["students"], ids=str)
def test_power_with_equal_arms_is_that_of_pwr(case: dict[str, float]) -> None:
    assert power_of(1, case["d"], [case["n"]] * 2, alpha=case["alpha"]) == pytest.approx(case["power"], abs=1e-10)


@pytest.mark.parametrize("case", SIZES["needed"], ids=str)
def test_sizes_with_equal_arms_are_those_of_pwr(case: dict[str, float]) -> None:
    assert units_per_arm(1, case["d"], power=case["power"]) == (math.ceil(case["n"]),) * 2


@pytest.mark.parametrize("case", SIZES["welch"], ids=str)
def test_power_with_unequal_arms_is_r_noncentral_t_at_welch_degrees(case: dict[str, list[float]]) -> None:
    assert power_of(1, case["d"], case["units"]) == pytest.approx(case["power"], abs=1e-10)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", SIZES["means"], ids=str)
def test_sizes_are_those_of_rpact(case: dict[str, float]) -> None:
    found = units_per_arm(
        case["sd"], case["effect"], weights=[1, case["ratio"]], test="normal" if case["normal"] else "t"
    )
    assert found == (math.ceil(case["control"]), math.ceil(case["challenger"]))


@pytest.mark.parametrize("case", SIZES["margins"], ids=str)
def test_non_inferiority_sizes_are_those_of_rpact(case: dict[str, float]) -> None:
    assert non_inferiority_units(case["sd"], case["margin"], power=0.9) == (math.ceil(case["n"]),) * 2


@given(
    st.floats(0.05, 4),
    st.lists(st.integers(1, 9), min_size=2, max_size=4),
    st.floats(0.3, 0.99),
    st.integers(1, 4),
    st.sampled_from(["t", "normal"]),
)
def test_planned_units_have_the_power_and_find_the_effect(
    effect: float, weights: list[int], power: float, comparisons: int, test: str
) -> None:
    units = units_per_arm(1, effect, power=power, weights=weights, comparisons=comparisons, test=test)  # type: ignore[arg-type]
    assert power_of(1, effect, units, comparisons=comparisons, test=test) >= power - 1e-9  # type: ignore[arg-type]
    found = smallest_effect(1, units, power=power, comparisons=comparisons, test=test)  # type: ignore[arg-type]
    assert found <= effect * (1 + 1e-9)


@given(st.floats(0.1, 2), st.integers(3, 300), st.floats(0.01, 0.2))
def test_power_rises_with_effect_units_and_alpha_and_falls_with_spread(effect: float, n: int, alpha: float) -> None:
    power = power_of(1, effect, (n, n), alpha=alpha)
    assert power_of(1, 1.1 * effect, (n, n), alpha=alpha) >= power
    assert power_of(1, effect, (n + 1, n + 1), alpha=alpha) >= power
    assert power_of(1, effect, (n, n), alpha=1.1 * alpha) >= power >= power_of(1.1, effect, (n, n), alpha=alpha)


@given(st.floats(0.2, 3), st.floats(0.05, 0.97))
def test_a_variance_explained_and_looks_are_paid_in_units(effect: float, factor: float) -> None:
    plain = units_per_arm(1, effect / 10, test="normal")[0]
    assert units_per_arm(1, effect / 10, design_effect=factor, test="normal")[0] == pytest.approx(
        factor * plain, abs=1.01
    )
    assert units_per_arm(1, effect / 10, inflation=1 + factor, test="normal")[0] == pytest.approx(
        (1 + factor) * plain, abs=2.01
    )


def test_a_fall_needs_what_a_rise_needs() -> None:
    assert units_per_arm(110, -30, weights=(2, 1)) == units_per_arm(110, 30, weights=(2, 1))


def test_the_planned_power_is_met_by_welch_test_with_few_unequal_units() -> None:
    units = units_per_arm(1, 1.2, weights=[4, 1])
    random = np.random.default_rng(3)
    control, challenger = (random.standard_normal((40_000, n)) for n in units)
    found = scipy_stats.ttest_ind(challenger + 1.2, control, axis=1, equal_var=False)
    assert np.mean((found.pvalue < 0.05) & (found.statistic > 0)) == pytest.approx(power_of(1, 1.2, units), abs=0.015)


def test_the_spread_of_a_mean_is_the_sample_standard_deviation() -> None:
    values = [3.0, 5.0, 4.0, 9.0]
    assert sd_of(Moments.of([(value, 1) for value in values])) == pytest.approx(np.std(values, ddof=1))


def test_the_spread_of_a_ratio_gives_its_standard_error() -> None:
    history = Moments.of([(2, 10), (5, 12), (1, 8), (4, 15)])
    assert sd_of(history) / 4**0.5 == pytest.approx(history.variance**0.5)


def test_one_unit_has_no_spread() -> None:
    assert math.isnan(sd_of(Moments.of([(2, 10)])))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sd": 0}, "sd is 0, must be > 0"),
        ({"effect": 0}, "effect is 0, must be another number"),
        ({"power": 0.02}, "power is 0.02, must be > 0.025 and < 1"),
        ({"test": "z"}, "test is 'z', must be 't' or 'normal'"),
        ({"weights": (1,)}, "the number of weights is 1, must be >= 2"),
        ({"inflation": 0.5}, "inflation is 0.5, must be >= 1"),
    ],
)
def test_a_wrong_plan_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        units_per_arm(**({"sd": 1.0, "effect": 0.5} | wrong))  # type: ignore[arg-type]


def test_an_arm_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"units\[1\] is 1, must be >= 2"):
        power_of(1, 0.5, (20, 1))
