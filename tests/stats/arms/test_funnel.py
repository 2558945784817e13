"""Funnels: R's log ratios and clustered regression, laws of the decomposition, and A/A simulation."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.arms.clustered_funnel import compare_clustered_funnels
from stats.arms.funnel import Funnel, compare_funnels
from stats.arms.intervals import wilson
from stats.arms.proportions import compare_proportions
from stats.arms.ratios import compare_ratios
from stats.moments import Counts, Moments

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "funnel.json").read_text())
lengths = st.integers(1, 4)


def falling(steps: int, most: int = 400) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, most), min_size=steps + 1, max_size=steps + 1).map(lambda n: sorted(n, reverse=True))


funnels = lengths.flatmap(lambda steps: st.tuples(falling(steps), falling(steps)))
units = lengths.flatmap(lambda k: st.tuples(*[st.lists(falling(k, 60), min_size=2, max_size=6)] * 2))


def values(funnel: Funnel) -> list[float]:
    return [step.part.value if step.part else math.nan for step in funnel.steps]


def errors(funnel: Funnel) -> list[float]:
    return [step.part.standard_error if step.part else math.nan for step in funnel.steps]


def test_parts_are_the_log_ratios_of_metafor() -> None:
    found = compare_funnels(GOLDEN["control"], GOLDEN["challenger"])
    assert values(found) == pytest.approx(GOLDEN["values"])
    assert errors(found) == pytest.approx(GOLDEN["standard_errors"])
    assert [step.adjusted_p for step in found.steps] == pytest.approx(GOLDEN["adjusted"])
    assert found.moved == (1,)


def test_the_total_is_the_log_ratio_of_metafor() -> None:
    total = compare_funnels(GOLDEN["control"], GOLDEN["challenger"]).total
    assert total is not None
    assert (total.value, total.standard_error) == pytest.approx((GOLDEN["total"], GOLDEN["total_standard_error"]))
    assert (total.high - total.low) / 2 == pytest.approx(1.959964 * total.standard_error)


def test_parts_of_units_are_those_of_a_clustered_poisson_regression() -> None:
    found = compare_clustered_funnels(GOLDEN["control_units"], GOLDEN["challenger_units"])
    expected = GOLDEN["clustered"]
    assert [*values(found), found.total and found.total.value] == pytest.approx([of["value"] for of in expected])
    assert [*errors(found), found.total and found.total.standard_error] == pytest.approx(
        [of["standard_error"] for of in expected]
    )


@settings(max_examples=20)
@given(funnels)
def test_the_parts_sum_to_the_total_and_so_do_their_variances(arms: tuple[list[int], list[int]]) -> None:
    found = compare_funnels(*arms)
    assert (found.total is None) == any(step.part is None for step in found.steps)
    if found.total:
        assert sum(values(found)) == pytest.approx(found.total.value, abs=1e-12)
        assert sum(error**2 for error in errors(found)) == pytest.approx(found.total.standard_error**2)


@settings(max_examples=50)
@given(units)
def test_the_parts_of_units_sum_to_the_total(arms: tuple[list[list[int]], list[list[int]]]) -> None:
    found = compare_clustered_funnels(*arms)
    if found.total:
        assert sum(values(found)) == pytest.approx(found.total.value, abs=1e-12)
        assert found.total.standard_error <= sum(errors(found)) + 1e-12  # however the steps hang together


def test_the_total_is_the_lift_of_the_last_step() -> None:
    found = compare_funnels([1000, 500, 100], [1000, 600, 150])
    assert found.total is not None
    assert math.expm1(found.total.value) == pytest.approx(found.steps[-1].effect.relative)


def test_effects_are_over_all_assigned() -> None:
    found = compare_funnels([1000, 500, 100], [900, 600, 150])
    assert found.steps[0].effect == compare_proportions(Counts(1000, 500), Counts(900, 600))
    assert found.steps[1].effect == compare_proportions(Counts(1000, 100), Counts(900, 150))


def test_rates_name_their_denominators() -> None:
    arm = compare_funnels([1000, 500, 100], [900, 600, 150]).control
    assert [(rate.reached, rate.out_of) for rate in arm.of_previous] == [(500, 1000), (100, 500)]
    assert [(rate.reached, rate.out_of) for rate in arm.of_assigned] == [(500, 1000), (100, 1000)]
    ends = wilson(Counts(500, 100))
    assert (arm.of_previous[1].low, arm.of_previous[1].high) == (ends.low, ends.high)


def test_only_the_step_that_moved_is_said_to_have_moved() -> None:
    # twice as many are asked, and then as many of them accept: the second step's effect over all is not its own
    found = compare_funnels([10_000, 2000, 400, 380], [10_000, 4000, 800, 760])
    assert found.moved == (0,)
    assert found.steps[2].effect.p_value < 1e-20


@pytest.mark.parametrize(
    ("control", "parts"),
    [
        ([100, 40, 0], [True, False]),  # nobody at the last step
        ([100, 0, 0], [False, False]),  # nobody after the first: what follows is unknown
        ([0, 0, 0], [False, False]),  # no calls at all
    ],
)
def test_zero_cells_are_withheld_and_no_error(control: list[int], parts: list[bool]) -> None:
    found = compare_funnels(control, [100, 50, 9])
    assert [step.part is not None for step in found.steps] == parts
    assert found.total is None
    assert math.isnan(found.steps[1].adjusted_p)


def test_a_zero_cell_still_has_its_effect() -> None:
    found = compare_funnels([40, 20, 0], [40, 21, 6])
    assert found.steps[1].effect.p_value == pytest.approx(0.011, abs=0.001)


def test_a_step_that_loses_nobody_is_not_certainty() -> None:
    part = compare_funnels([100, 100, 30], [100, 100, 40]).steps[0].part
    assert part is not None
    assert (part.value, part.standard_error) == (0, 0)
    assert all(math.isnan(value) for value in (part.low, part.high, part.p_value))


def test_units_alike_are_not_certainty() -> None:
    part = compare_clustered_funnels([[30, 10], [60, 20]], [[30, 10], [30, 10]]).steps[0].part
    assert part is not None
    assert math.isnan(part.p_value)


@pytest.mark.parametrize("few", [[], [[10, 3, 1]]])
def test_too_few_units_are_unknown_and_no_error(few: list[list[int]]) -> None:
    found = compare_clustered_funnels(few, [[10, 4, 2], [20, 9, 3]])
    assert all(math.isnan(step.effect.p_value) and math.isnan(step.adjusted_p) for step in found.steps)
    assert found.moved == ()
    assert compare_clustered_funnels([], []).steps == ()


def test_effects_of_units_are_clustered() -> None:
    a, b = GOLDEN["control_units"], GOLDEN["challenger_units"]
    found = compare_clustered_funnels(a, b)
    expected = compare_ratios(Moments.of((u[2], u[0]) for u in a), Moments.of((u[2], u[0]) for u in b))
    assert found.steps[1].effect == expected


def test_rates_of_alike_units_are_less_sure_and_stay_shares() -> None:
    found = compare_clustered_funnels([[100, 0], [100, 30], [100, 2], [100, 1]], [[100, 10]] * 3)
    rate, alone = found.control.of_assigned[0], wilson(Counts(400, 33))
    assert 0 < rate.low < alone.low < rate.rate < alone.high < rate.high < 1
    assert math.isnan(found.challenger.of_assigned[0].low)  # without spread nothing is known of the error


@settings(max_examples=10)
@given(funnels)
def test_swapping_arms_flips_the_sign(arms: tuple[list[int], list[int]]) -> None:
    there, back = compare_funnels(*arms), compare_funnels(*reversed(arms))
    assert values(there) == pytest.approx([-value for value in values(back)], nan_ok=True)
    assert there.moved == back.moved


@pytest.mark.parametrize(
    ("control", "challenger", "message"),
    [
        ([10], [10], "number of steps of control is 0, must be >= 1"),
        ([10, 5], [10, 5, 2], "number of steps of challenger is 2, must be >= 1 and <= 1"),
        ([10, 11], [10, 5], r"control\[1\] is 11, must be >= 0 and <= 10"),
        ([10, 5], [10, -1], r"challenger\[1\] is -1, must be >= 0 and <= 10"),
    ],
)
def test_what_is_no_funnel_is_refused(control: list[int], challenger: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare_funnels(control, challenger)


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ([[10, 5], [10, 11]], r"control\[1\]\[1\] is 11, must be >= 0 and <= 10"),
        ([[10, 5], [10, 5, 1]], r"number of steps of control\[1\] is 2"),
        ([[10], [10]], r"number of steps of control\[0\] is 0"),
    ],
)
def test_a_unit_that_is_no_funnel_is_refused(control: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare_clustered_funnels(control, control)


@pytest.mark.parametrize("compare", [compare_funnels, compare_clustered_funnels])
def test_alpha_must_be_a_share(compare: Any) -> None:
    with pytest.raises(ValueError, match=r"alpha is 1, must be > 0 and < 1"):
        compare([], [], alpha=1)


def test_units_alike_in_truth_are_said_to_have_moved_one_time_in_twenty() -> None:
    random = np.random.default_rng(4)
    moved = total = 0
    for _ in range(400):
        calls = random.integers(50, 150, 80)
        asked = random.binomial(calls, random.beta(12, 8, 80))
        accepted = random.binomial(asked, random.beta(4, 16, 80))
        counts = np.column_stack((calls, asked, accepted)).tolist()
        found = compare_clustered_funnels(counts[:40], counts[40:])
        moved += bool(found.moved)
        total += found.total is not None and found.total.p_value < 0.05
    assert moved / 400 < 0.085
    assert total / 400 == pytest.approx(0.05, abs=0.033)


def test_the_coverage_of_each_part_is_as_stated() -> None:
    random = np.random.default_rng(9)
    rates = np.array([[0.7, 0.3, 0.5], [0.75, 0.3, 0.4]])
    truth = np.log(rates[1] / rates[0])
    covered = np.zeros(3)
    for _ in range(400):
        arms = []
        for q in rates:
            arm = [600]
            for share in q:
                arm.append(int(random.binomial(arm[-1], share)))
            arms.append(arm)
        parts = [step.part for step in compare_funnels(*arms).steps]
        covered += [part is not None and part.low <= t <= part.high for part, t in zip(parts, truth, strict=True)]
    assert covered / 400 == pytest.approx(np.full(3, 0.95), abs=0.035)


def test_units_of_one_call_are_independent_calls() -> None:
    random = np.random.default_rng(2)
    arms = [[[1, a, a & b] for a, b in random.integers(0, 2, (300, 2)).tolist()] for _ in range(2)]
    single = compare_clustered_funnels(*arms)
    pooled = compare_funnels(*[[sum(step) for step in zip(*arm, strict=True)] for arm in arms])
    assert values(single) == pytest.approx(values(pooled))
    for mine, theirs in pairwise([errors(single), errors(pooled)]):
        assert mine == pytest.approx(theirs, rel=0.01)  # m / (m - 1)
