"""Plans from numbers alone: calls, whole agents, shifts, and what stands in their way."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from experiments.plan.sizing import Floor, Goal, Hindrance, Sizing, compare_designs, size_calls, size_units
from stats.looking.spending import inflation_factor
from stats.sizing.proportions import calls_per_arm

LOOKS = (0.5, 1.0)
GOAL = Goal(0.1, 0.02, 0.05, 0.8, (5000, 5000), LOOKS)
FLOOR = Floor(daily_calls=2000, agents=300, daily_shifts=100, agent_icc=0.02, shift_icc=0.03, cv=0.5, shift_cv=0.3)


def calls(goal: Goal = GOAL) -> int:
    return size_calls(goal, daily_calls=500).total or 0


def of_units(units: int, icc: float, cv: float = 0.0, looks: tuple[float, ...] = LOOKS) -> int | None:
    return size_units(replace(GOAL, looks=looks), units, daily_calls=500, icc=icc, cv=cv).total


def test_calls_are_those_of_the_formula_with_the_looks() -> None:
    assert calls() == sum(calls_per_arm(0.1, 0.02, inflation=inflation_factor(LOOKS)))


def test_days_are_those_it_takes_and_without_volume_unknown() -> None:
    plan = size_calls(GOAL, daily_calls=500)
    assert plan == Sizing(0.1, 0.02, calls(), 500, math.ceil(calls() / 500))
    assert size_calls(GOAL, daily_calls=0).days is None


def test_each_challenger_spends_its_own_alpha() -> None:
    goal = replace(GOAL, weights=(1, 1, 1), alpha=0.025)
    each = calls_per_arm(0.1, 0.02, alpha=0.025, weights=(1, 1, 1), inflation=inflation_factor(LOOKS, 0.025))
    assert calls(goal) == sum(each)


@pytest.mark.parametrize(
    ("clusters", "icc"),
    [
        (0, 0.02),  # nobody to deal
        (7, 0.001),  # three in an arm: their deals cannot reach 5 %
        (100, 0.02),  # too alike
    ],
)
def test_no_number_of_calls_makes_up_for_too_few_clusters(clusters: int, icc: float) -> None:
    assert of_units(clusters, icc) is None


def test_whole_agents_need_more_calls_the_more_alike_and_unequal_they_are() -> None:
    plain, alike, unequal = (of_units(400, icc, cv) for icc, cv in [(0.01, 0), (0.02, 0), (0.01, 0.8)])
    assert calls() < (plain or 0) < min(alike or 0, unequal or 0)


def test_few_agents_are_looked_at_once() -> None:
    often = of_units(39, 0.002, looks=(0.2, 0.4, 0.6, 0.8, 1.0))
    assert often == of_units(39, 0.002, looks=(1.0,))


def test_three_designs_stand_side_by_side() -> None:
    call, agent, shift = compare_designs(GOAL, FLOOR)
    assert (call.unit, agent.unit, shift.unit) == ("call", "agent", "agent_shift")
    assert (call.total or 0) < (shift.total or 0) < (agent.total or 0)
    assert call.smallest_effect < shift.smallest_effect < agent.smallest_effect
    assert agent.units == FLOOR.agents


def test_calls_within_agents_save_what_agents_have_in_common() -> None:
    assert compare_designs(GOAL, FLOOR)[0].design_effect == pytest.approx(0.98)


def test_every_agent_speaks_every_script_in_the_switchback() -> None:
    shift = compare_designs(replace(GOAL, effect=0.2), FLOOR)[2]
    assert (shift.units, shift.days) == (600, 6)


@pytest.mark.parametrize(
    ("floor", "hindrances"),
    [
        # no calls, or no agent
        (replace(FLOOR, daily_calls=0), [Hindrance.NO_VOLUME] * 3),
        (replace(FLOOR, agents=0), [Hindrance.NO_VOLUME] * 3),
        # six agents: the other two ways still work
        (replace(FLOOR, agents=6, daily_shifts=100), [None, Hindrance.TOO_FEW_UNITS, None]),
        # sixty, too alike to be dealt whole
        (replace(FLOOR, agents=60), [None, Hindrance.TOO_ALIKE, None]),
        # a trickle of calls
        (replace(FLOOR, daily_calls=200), [Hindrance.TOO_SLOW] * 3),
        # enough of everything
        (FLOOR, [None, None, None]),
    ],
)
def test_a_design_says_what_stands_in_its_way(floor: Floor, hindrances: list[Hindrance | None]) -> None:
    assert [design.hindrance for design in compare_designs(GOAL, floor)] == hindrances


def test_a_longer_window_finds_less() -> None:
    short, long = (compare_designs(GOAL, FLOOR, window=days) for days in (14, 56))
    assert all(a.smallest_effect > b.smallest_effect for a, b in zip(short, long, strict=True))


@settings(max_examples=30)
@given(st.floats(50, 5000), st.integers(8, 400), st.floats(0, 0.1), st.floats(0, 0.1), st.floats(0, 1.5))
def test_a_design_that_ends_within_the_window_finds_the_effect_there(
    daily: float, agents: int, agent_icc: float, more: float, cv: float
) -> None:
    floor = Floor(daily, agents, max(agents / 2, 10), agent_icc, agent_icc + more, cv)
    for design in compare_designs(GOAL, floor):
        if design.hindrance is None:
            assert design.smallest_effect <= GOAL.effect * 1.03
