"""Shifts within blocks and agents: clubSandwich's numbers, the laws of two arms, and what shifts leave behind."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from stats.clusters.cr2 import compare_clusters
from stats.clusters.switchback import Shift, ShiftColumns, after_burn_in, carry_over, compare_shifts, switching_cost
from stats.comparison import Comparison

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "within.json").read_text())
HOW: dict[str, Any] = {
    "blocks": lambda shifts: compare_shifts(shifts, within_agents=False),
    "agents": compare_shifts,
    "carry": carry_over,
    "cost": lambda shifts: switching_cost(shifts, within_agents=False),
}


def shifts_of(rows: list[list[int]]) -> list[Shift]:
    return [Shift(agent, order, block, arm, y, x) for agent, order, block, arm, x, y in rows]


def sequence(arms: str, agent: str = "a") -> list[Shift]:
    return [Shift(agent, place, 0, int(arm), place % 3, 5) for place, arm in enumerate(arms)]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("case", GOLDEN)
def test_club_sandwich_says_the_same(case: str, how: str) -> None:
    found, expected = HOW[how](shifts_of(GOLDEN[case]["shifts"])), GOLDEN[case][how]
    names = ("difference", "standard_error", "degrees_of_freedom", "p_value", "control")
    assert [getattr(found, name) for name in names] == pytest.approx([expected[name] for name in names], rel=1e-8)


@pytest.mark.parametrize("case", GOLDEN)
def test_the_lift_is_fiellers_with_the_variance_of_the_controls_level(case: str) -> None:
    found, expected = compare_shifts(shifts_of(GOLDEN[case]["shifts"])), GOLDEN[case]["agents"]
    t = (found.high - found.difference) / found.standard_error
    assert found.relative == pytest.approx(expected["difference"] / expected["control"])
    # were the difference nil and uncorrelated, the lift's interval would reach nil where the difference's does
    assert (found.low < 0 < found.high) == (found.relative_low < 0 < found.relative_high)  # type: ignore[operator]
    assert (expected["control"] > t * expected["control_error"]) == (found.relative is not None)


def test_one_block_without_agents_is_cr2_of_two_arms() -> None:
    shifts = shifts_of([[a, 0, 0, a % 2, 10 + 7 * a % 31, a % 7] for a in range(14)])
    arms = [[(s.y, s.x) for s in shifts if s.arm == arm] for arm in (0, 1)]
    oracle, found = compare_clusters(*arms), compare_shifts(shifts, within_agents=False)
    for name in ("control", "challenger", "difference", "low", "high", "p_value", "degrees_of_freedom", "relative"):
        assert getattr(found, name) == pytest.approx(getattr(oracle, name), rel=1e-9)
    assert (found.relative_low, found.relative_high) == pytest.approx((oracle.relative_low, oracle.relative_high))


def numbers(found: Comparison) -> list[float]:
    return [found.difference, found.low, found.high]


tables = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.integers(1, 30), st.integers(0, 9)),
    min_size=6,
    max_size=24,
)


def drawn(table: list[tuple[int, int, int, int, int]]) -> list[Shift]:
    return [Shift(a, place, b, arm, y, x) for place, (a, b, arm, x, y) in enumerate(table)]


@settings(max_examples=40, deadline=None)
@given(tables)
@example([(0, 0, 0, 1, 1)] * 2 + [(0, 0, 1, 1, 0)] + [(0, 1, 0, 1, 1)] * 3)  # no spread, of which rounding leaves some
def test_swapping_arms_flips_the_sign(table: Any) -> None:
    there = compare_shifts(drawn(table))
    back = compare_shifts([dataclasses.replace(s, arm=1 - s.arm) for s in drawn(table)])
    assert numbers(there) == pytest.approx([-v for v in np.array(numbers(back))[[0, 2, 1]]], nan_ok=True, abs=1e-7)
    assert there.p_value == pytest.approx(back.p_value, nan_ok=True, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(tables, st.permutations(range(3)), st.randoms(use_true_random=False))
def test_names_of_agents_and_blocks_and_what_they_add_change_nothing(table: Any, names: Any, random: Any) -> None:
    once = compare_shifts(drawn(table))
    moved = [Shift(names[a], i, -b, arm, y + (3 * a - 2 * b) * x, x) for i, (a, b, arm, x, y) in enumerate(table)]
    found = compare_shifts(random.sample(moved, len(moved)))
    assert numbers(found) == pytest.approx(numbers(once), nan_ok=True, abs=1e-6)


@pytest.mark.parametrize(
    "shifts",
    [
        # nothing; one arm only; each agent in one arm; each block in one arm; no spread left
        [],
        sequence("0000"),
        sequence("000") + sequence("111", "b"),
        [Shift("a", place, place % 2, place % 2, place, 5) for place in range(8)],
        sequence("01"),
    ],
)
def test_what_cannot_be_compared_is_not_a_number(shifts: list[Shift]) -> None:
    found = compare_shifts(shifts)
    assert all(math.isnan(value) for value in (found.p_value, found.low, found.high))
    assert found.relative is None


def test_other_arms_and_shifts_without_calls_are_no_observations() -> None:
    shifts = sequence("01100101")
    more = [*shifts, Shift("a", 90, 0, 2, 4, 5), Shift("a", 91, 0, 1, 0, 0)]
    assert compare_shifts(more) == compare_shifts(shifts)


def test_carry_over_looks_at_the_shift_before_in_the_order_of_the_agent() -> None:
    found = carry_over(sequence("0110010")[::-1] + sequence("1001", "b"))
    assert (found.control_n, found.challenger_n) == (5, 4)


def world(seed: int, left_behind: float = 0.0, cost: float = 0.0) -> list[Shift]:
    random = np.random.default_rng(seed)
    found = []
    for agent in range(12):
        arms, level = random.integers(0, 2, 30), random.normal(0.3, 0.08)
        for day in range(30):
            before = arms[day - 1] if day else arms[day]
            rate = level + 0.03 * (day % 5) + left_behind * before - cost * (before != arms[day])
            x = int(random.integers(10, 60))
            found.append(Shift(agent, day, day % 5, int(arms[day]), int(random.binomial(x, np.clip(rate, 0, 1))), x))
    return found


def test_what_the_challenger_leaves_behind_is_found_by_one_check_and_what_changing_costs_by_the_other() -> None:
    behind, costly = world(1, left_behind=0.08), world(2, cost=0.08)
    assert carry_over(behind).p_value < 1e-4 < switching_cost(behind).p_value
    assert switching_cost(costly).p_value < 1e-4 < carry_over(costly).p_value
    assert abs(carry_over(behind).difference - 0.08) < 0.03


def test_burn_in_leaves_out_the_first_shifts_after_a_change() -> None:
    shifts = sequence("0001101111")
    assert [s.order for s in after_burn_in(shifts, 1)] == [1, 2, 4, 7, 8, 9]
    assert [s.order for s in after_burn_in(shifts, 2)] == [2, 8, 9]
    assert after_burn_in(shifts, 0) == tuple(shifts)


def test_what_is_refused_is_named() -> None:
    with pytest.raises(ValueError, match="challenger is 1, must be another arm than control"):
        compare_shifts(sequence("01"), control=1)
    with pytest.raises(ValueError, match=r"order is 0 in two shifts of agent 'a'"):
        carry_over(sequence("01") + sequence("01"))
    with pytest.raises(ValueError, match="first is -1, must be >= 0"):
        after_burn_in(sequence("01"), -1)
    with pytest.raises(ValueError, match="alpha is 0, must be > 0 and < 1"):
        compare_shifts(sequence("01"), alpha=0)
    with pytest.raises(ValueError, match="x is -1, must be >= 0"):
        Shift("a", 0, 0, 0, 0, -1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": np.array([-1.0])}, "x is -1.0, must be >= 0"),
        ({"y": np.array([np.nan])}, "y is nan, must be finite"),
        ({"x": np.array([np.inf])}, "x is inf, must be finite"),
        ({"arms": np.array([-1])}, "arms is -1, must be >= 0"),
        ({"blocks": []}, "number of blocks is 0, must be >= 1 and <= 1"),
    ],
)
def test_columns_of_shifts_refuse_what_a_shift_refuses(changed: dict[str, object], message: str) -> None:
    columns = {"agents": ["a"], "blocks": ["1am"], "arms": np.array([0]), "y": np.array([1.0]), "x": np.array([2.0])}
    with pytest.raises(ValueError, match=message):
        ShiftColumns(**(columns | changed))  # type: ignore[arg-type]  # what is refused is of the wrong type, too
