"""Everything shown together: R's multivariate normal, the single plans, and bounds that hold whatever the data do."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from stats.sizing.joint import Guardrail, Primary, calls_for_all, power_of_all
from stats.sizing.outcomes import Mean, Share
from stats.sizing.proportions import calls_per_arm, non_inferiority_calls
from tests.stats.sizing.oracle import SIZES

PRIMARY = Primary(Share(0.1), 0.02)
GUARDS = (Guardrail(Share(0.05), 0.015), Guardrail(Mean(110), 12))


@pytest.mark.parametrize("case", SIZES["joint"], ids=str)
def test_the_joint_chance_is_that_of_mvtnorm(case: dict[str, Any]) -> None:
    # with 200 calls an arm and sd 1, the difference's standard error is 0.1
    effect, *margins = (0.1 * (surplus + 1.9599639845400545) for surplus in case["surpluses"])
    guards = [Guardrail(Mean(1), margin) for margin in margins]
    found = power_of_all(Primary(Mean(1), effect), guards, (200, 200), correlation=case["correlation"])
    assert found.power == pytest.approx(case["power"], abs=1e-7)


def test_a_primary_alone_is_planned_as_ever() -> None:
    assert calls_for_all(PRIMARY, [], weights=(2, 1)).calls == calls_per_arm(0.1, 0.02, weights=(2, 1))


def test_a_guardrail_that_decides_alone_is_planned_as_ever() -> None:
    found = calls_for_all(Primary(Share(0.1), 0.2), [Guardrail(Share(0.05), 0.015)], weights=(3, 1))
    assert found.calls == non_inferiority_calls(0.05, 0.015, weights=(3, 1))


def test_two_independent_tests_of_eighty_percent_succeed_together_in_sixty_four_of_a_hundred() -> None:
    calls = calls_per_arm(0.1, 0.02)
    twin = Guardrail(Mean(1), (2 * 7.8488797 / calls[0]) ** 0.5)
    assert power_of_all(PRIMARY, [twin], calls).power == pytest.approx(0.64, abs=1e-3)


@given(st.sampled_from([None, 0.0, 0.2, 0.7, 0.98]), st.floats(0.5, 0.95), st.integers(1, 4), st.integers(1, 3))
def test_planned_calls_have_the_joint_power(
    correlation: float | None, power: float, weight: int, comparisons: int
) -> None:
    found = calls_for_all(
        PRIMARY, GUARDS, power=power, weights=(weight, 1, 1), comparisons=comparisons, correlation=correlation
    )
    assert power - 1e-4 <= found.power <= min(found.primary, *found.guardrails)
    assert found.at_least <= found.power + 1e-12


@given(st.floats(0, 0.95), st.floats(0.001, 0.04))
def test_the_more_alike_the_tests_the_fewer_calls(correlation: float, more: float) -> None:
    calls = (3000, 3000)
    loose, tight = (
        power_of_all(PRIMARY, GUARDS, calls, correlation=r).power for r in (correlation, correlation + more)
    )
    assert power_of_all(PRIMARY, GUARDS, calls, correlation=None).power <= loose <= tight + 1e-9


def test_a_wider_margin_a_smaller_design_effect_and_fewer_looks_need_fewer_calls() -> None:
    base = calls_for_all(PRIMARY, GUARDS).calls[0]
    assert calls_for_all(PRIMARY, [Guardrail(Share(0.05), 0.02), GUARDS[1]]).calls[0] < base
    assert calls_for_all(PRIMARY, [Guardrail(Share(0.05), 0.015, design_effect=2.0), GUARDS[1]]).calls[0] > base
    assert calls_for_all(Primary(Share(0.1), 0.02, inflation=1.2), GUARDS).calls[0] > base


@pytest.mark.parametrize(
    ("correlation", "message"),
    [(-0.1, "correlation is -0.1, must be >= 0 and < 1"), (1.0, "correlation is 1.0, must be >= 0 and < 1")],
)
def test_a_wrong_correlation_is_refused(correlation: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calls_for_all(PRIMARY, GUARDS, correlation=correlation)


@pytest.mark.parametrize(
    ("margin", "better", "message"),
    [
        (0, "higher", "margin is 0, must be > 0"),
        (1.5, "higher", "margin is 1.5, must be > 0 and < 1"),
        (0.1, "up", "better is 'up', must be 'higher' or 'lower'"),
    ],
)
def test_a_wrong_guardrail_is_refused(margin: float, better: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Guardrail(Share(0.05), margin, better)  # type: ignore[arg-type]
