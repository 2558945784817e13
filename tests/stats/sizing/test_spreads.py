"""What whole units do to the variance: the formulas against the covariance matrix of every call, written out."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from stats.sizing.spreads import Spread, spread_of_agents, spread_of_shifts, spread_of_units


def covariance(agents: NDArray[Any], shifts: NDArray[Any], shift_icc: float, agent_icc: float) -> NDArray[np.float64]:
    """Give the correlation of every two calls, by whose they are and in which shift."""
    agent, shift = (np.equal.outer(of, of).astype(np.float64) for of in (agents, shifts))
    return np.asarray(agent_icc * agent + (shift_icc - agent_icc) * shift + (1 - shift_icc) * np.eye(len(agents)))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=8), st.floats(0, 1))
def test_unequal_units_have_the_design_effect_of_their_calls_written_out(sizes: list[int], icc: float) -> None:
    unit = np.repeat(np.arange(len(sizes)), sizes)
    exact = covariance(unit, unit, icc, icc).sum() / len(unit)
    mean, sd = float(np.mean(sizes)), float(np.std(sizes))
    found = spread_of_units(icc, cv=sd / mean).design_effect(mean)
    assert found == pytest.approx(exact)


def test_the_design_effect_of_equal_units_is_kish() -> None:
    assert spread_of_units(0.05).design_effect(21) == pytest.approx(1 + 20 * 0.05)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.floats(0, 0.5), st.floats(0, 0.5))
def test_shifts_within_agents_have_the_variance_of_the_difference_written_out(
    agents: int, pairs: int, calls: int, agent_icc: float, more: float
) -> None:
    shifts = agents * 2 * pairs
    shift = np.repeat(np.arange(shifts), calls)
    arm = np.where(shift % 2, 1.0, -1.0) / (shifts / 2 * calls)
    exact = arm @ covariance(shift // (2 * pairs), shift, agent_icc + more, agent_icc) @ arm
    spread = spread_of_shifts(agent_icc + more, agent_icc, agents=agents)
    assert 2 * spread.per_unit(calls) / (shifts / 2) == pytest.approx(exact)


def test_the_design_effect_of_shifts_is_that_of_the_cluster_crossover() -> None:
    # Giraudeau et al. 2008: 1 + (m - 1) rho - m eta
    assert spread_of_shifts(0.06, 0.04, agents=20).design_effect(25) == pytest.approx(1 + 24 * 0.06 - 25 * 0.04)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.floats(0, 0.5), st.floats(0, 0.5))
def test_whole_agents_of_several_shifts_have_the_variance_of_their_calls_written_out(
    agents: int, shifts: int, calls: int, agent_icc: float, more: float
) -> None:
    shift = np.repeat(np.arange(agents * shifts), calls)
    exact = covariance(shift // shifts, shift, agent_icc + more, agent_icc).sum() / len(shift)
    spread = spread_of_agents(agent_icc + more, agent_icc, calls)
    assert spread.design_effect(shifts * calls) == pytest.approx(exact)


def test_each_agent_costs_the_switchback_a_degree_of_freedom() -> None:
    assert spread_of_shifts(0.1, 0.05, agents=20).degrees_of_freedom(200) == 179
    assert spread_of_units(0.1).degrees_of_freedom(20) == 18


def test_without_agents_in_common_shifts_are_units() -> None:
    assert spread_of_shifts(0.1, 0.0, agents=1, cv=0.5) == spread_of_units(0.1, cv=0.5)


def test_calls_of_one_shift_are_at_least_as_alike_as_those_of_one_agent() -> None:
    with pytest.raises(ValueError, match=r"shift_icc is 0.04, must be >= 0.05 and <= 1"):
        spread_of_shifts(0.04, 0.05, agents=20)


def test_a_negative_spread_is_refused() -> None:
    with pytest.raises(ValueError, match="between is -1, must be >= 0"):
        Spread(-1, 0)
