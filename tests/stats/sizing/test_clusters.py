"""Sizes of whole units: published calculators, R's noncentral t, the round trip, and the edge where nothing helps."""

import math

import pytest
from hypothesis import assume, given, strategies as st

from stats.sizing.clusters import calls_per_unit, fewest_units, power_of, smallest_effect, units_per_arm
from stats.sizing.outcomes import Mean, Share
from stats.sizing.spreads import spread_of_units
from tests.stats.sizing.oracle import SIZES


def test_units_are_those_of_the_calculator_of_the_nih() -> None:
    # reference values of the tests of R's clusterPower 0.7: the NIH's Research Methods Resources, group-randomised
    assert units_per_arm(Mean(1), 0.4804988, spread_of_units(0.05), 150) == (5, 5)
    assert power_of(Share(0.1), 0.1, spread_of_units(0.05), (12, 12), 150) == pytest.approx(0.8, abs=0.005)


def test_calls_a_unit_are_those_of_pass() -> None:
    # the same tests: PASS 11
    assert calls_per_unit(Mean(1), 0.4804988, spread_of_units(0.05), (5, 5)) == 150


@pytest.mark.parametrize("case", SIZES["clusters"], ids=str)
def test_power_is_that_of_a_t_test_of_the_units_means(case: dict[str, float]) -> None:
    spread = spread_of_units(case["icc"], cv=case["cv"])
    found = power_of(Mean(case["sd"]), case["effect"], spread, [case["units"]] * 2, case["calls"])
    assert found == pytest.approx(case["power"], abs=1e-10)


def test_a_fixed_number_of_units_is_enough_when_it_exceeds_calls_times_icc() -> None:
    # Hemming et al. 2011: k > n ICC in each arm; of independent calls n = 15.7 / 0.2^2 = 393, and t costs a unit more
    assert calls_per_unit(Mean(1), 0.2, spread_of_units(0.02), (8, 8)) is None
    assert calls_per_unit(Mean(1), 0.2, spread_of_units(0.02), (9, 9)) == 4720


@pytest.mark.parametrize(
    ("alpha", "units"),
    [
        (0.05, 4),  # 2 of 70 deals; of three units a side, 2 of 20
        (0.1, 3),  # 2 of 20
        (0.025, 5),  # 2 of 252
        (0.001, 7),  # 2 of 3432
    ],
)
def test_the_fewest_units_are_those_whose_deals_can_reach_alpha(alpha: float, units: int) -> None:
    assert fewest_units(alpha) == units


def test_no_arm_is_planned_below_what_a_randomisation_test_needs() -> None:
    assert units_per_arm(Share(0.1), 0.6, spread_of_units(0.01), 500, weights=(3, 1)) == (12, 4)
    assert calls_per_unit(Share(0.1), 0.6, spread_of_units(0.01), (12, 3)) is None


def test_customers_of_one_call_each_are_independent_calls() -> None:
    units = units_per_arm(Mean(1), 0.1, spread_of_units(0.3), 1)
    assert units == (1571, 1571)  # 2 (1.96 + 0.84)^2 / 0.1^2 = 1569.8, and t


OUTCOMES = st.sampled_from([(Share(0.1), 0.03), (Share(0.4), -0.05), (Mean(110.0), 25.0)])


@given(OUTCOMES, st.floats(0, 0.3), st.floats(0, 2), st.integers(1, 900), st.integers(1, 3), st.integers(1, 3))
def test_planned_units_have_the_power_and_find_the_effect(
    planned: tuple[Share | Mean, float], icc: float, cv: float, calls: int, weight: int, comparisons: int
) -> None:
    outcome, effect = planned
    spread = spread_of_units(icc, cv=cv)
    units = units_per_arm(outcome, effect, spread, calls, weights=(weight, 1, 1), comparisons=comparisons)
    assert power_of(outcome, effect, spread, units, calls, comparisons=comparisons) >= 0.8 - 1e-9
    if effect > 0:
        assert smallest_effect(outcome, spread, units, calls, comparisons=comparisons) <= effect * (1 + 1e-9)


@given(OUTCOMES, st.floats(0, 0.1), st.floats(0, 1.5), st.integers(4, 60), st.integers(4, 60))
def test_planned_calls_are_just_enough_or_no_number_is(
    planned: tuple[Share | Mean, float], icc: float, cv: float, control: int, challenger: int
) -> None:
    outcome, effect = planned
    spread = spread_of_units(icc, cv=cv)
    calls = calls_per_unit(outcome, effect, spread, (control, challenger))
    if calls is None:
        assert power_of(outcome, effect, spread, (control, challenger), 1e12) < 0.8 + 1e-6
        return
    assert power_of(outcome, effect, spread, (control, challenger), calls) >= 0.8 - 1e-9
    assume(calls > 1)
    assert power_of(outcome, effect, spread, (control, challenger), calls - 1) < 0.8 + 1e-9


@given(st.floats(0.001, 0.3), st.floats(0, 1.5), st.integers(4, 60), st.integers(1, 500))
def test_power_rises_with_units_and_calls_and_falls_with_icc_and_inequality(
    icc: float, cv: float, units: int, calls: int
) -> None:
    def power(icc: float, cv: float, units: int, calls: int) -> float:
        return power_of(Share(0.2), 0.05, spread_of_units(icc, cv=cv), (units, units), calls)

    here = power(icc, cv, units, calls)
    assert power(icc, cv, units + 1, calls) >= here <= power(icc, cv, units, calls + 1) + 1e-12
    assert power(icc * 1.1, cv, units, calls) <= here + 1e-12 >= power(icc, cv + 0.1, units, calls)


def test_what_no_share_can_reach_is_not_known() -> None:
    assert math.isnan(smallest_effect(Share(0.9), spread_of_units(0.1), (4, 4), 20))


def test_one_unit_an_arm_makes_no_test() -> None:
    assert math.isnan(power_of(Share(0.2), 0.1, spread_of_units(0.1), (1, 1), 500))
    assert math.isnan(smallest_effect(Mean(1), spread_of_units(0.1), (1, 1), 500))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"effect": 0.0}, "effect is 0, must be another number"),
        ({"effect": 0.9}, r"base \+ effect is 1.1, must be > 0 and < 1"),
        ({"calls": 0.5}, "calls is 0.5, must be >= 1"),
        ({"alpha": 1.0}, "alpha is 1.0, must be > 0 and < 1"),
    ],
)
def test_a_wrong_plan_is_refused(wrong: dict[str, float], message: str) -> None:
    plan = {"outcome": Share(0.2), "effect": 0.05, "spread": spread_of_units(0.1), "calls": 50}
    with pytest.raises(ValueError, match=message):
        units_per_arm(**(plan | wrong))  # type: ignore[arg-type]
