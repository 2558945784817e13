"""Overrunning: the cases in which the answer is known, and the ones in which the methods part."""

import math

import pytest

from stats.looking.overrun import infer_with_overrun
from stats.looking.spending import Boundary, spending_boundaries
from stats.looking.stopping import infer_at_stop

LOOKS = spending_boundaries((0.25, 0.5, 0.75, 1.0), spending="pocock")


def test_deletion_is_the_analysis_of_a_plan_without_the_look_that_stopped() -> None:
    found = infer_with_overrun(LOOKS[:3], 0.03, 0.01, final_difference=0.024, final_standard_error=0.0094)
    late = Boundary(0.75 * (0.01 / 0.0094) ** 2, 0, 0, 0)
    assert found.deletion == infer_at_stop([*LOOKS[:2], late], 0.024, 0.0094)
    assert found.at_stop == infer_at_stop(LOOKS[:3], 0.03, 0.01)


def test_after_a_stop_at_the_first_look_both_are_the_ordinary_analysis_of_all_data() -> None:
    found = infer_with_overrun(LOOKS[:1], 0.06, 0.01, final_difference=0.018, final_standard_error=0.0093)
    ordinary = infer_at_stop(spending_boundaries([1]), 0.018, 0.0093)
    for other in (found.deletion, found.combined):
        assert (other.p_value, other.estimate, other.low) == pytest.approx(
            (ordinary.p_value, ordinary.estimate, ordinary.low), abs=1e-9
        )


def test_an_overrun_of_next_to_nothing_changes_next_to_nothing_in_the_combination() -> None:
    found = infer_with_overrun(LOOKS[:3], 0.03, 0.01, final_difference=0.03, final_standard_error=0.01 * (1 - 1e-9))
    assert found.combined.p_value == pytest.approx(found.at_stop.p_value, rel=1e-3)


def test_swapping_the_arms_turns_the_overrun_round() -> None:
    found = infer_with_overrun(LOOKS[:2], 0.03, 0.01, final_difference=0.02, final_standard_error=0.0093)
    turned = infer_with_overrun(LOOKS[:2], -0.03, 0.01, final_difference=-0.02, final_standard_error=0.0093)
    assert found.combined.p_value == pytest.approx(turned.combined.p_value)
    assert (found.combined.low, found.deletion.low) == pytest.approx((-turned.combined.high, -turned.deletion.high))


@pytest.mark.parametrize(
    ("final", "agree"),
    [
        (0.0290, True),  # the overrun goes on as before
        (0.0223, False),  # it takes back just so much that deletion still holds
        (0.0150, True),  # it takes back all of it: neither holds
    ],
)
def test_the_methods_part_when_the_overrun_takes_back_some_of_the_effect(final: float, agree: bool) -> None:
    found = infer_with_overrun(LOOKS[:3], 0.026, 0.01, final_difference=final, final_standard_error=0.0093)
    assert found.agree is agree


def test_information_that_has_not_grown_leaves_the_combination_unknown() -> None:
    found = infer_with_overrun(LOOKS[:2], 0.03, 0.01, final_difference=0.03, final_standard_error=0.0101)
    assert math.isnan(found.combined.p_value)
    assert (found.deletion.p_value > 0, found.agree) == (True, None)


@pytest.mark.parametrize(
    "numbers", [(math.nan, 0.01, 0.02, 0.009), (0.03, 0.0, 0.02, 0.009), (0.03, 0.01, math.nan, 1)]
)
def test_an_unknown_effect_stays_unknown(numbers: tuple[float, float, float, float]) -> None:
    found = infer_with_overrun(LOOKS[:2], *numbers[:2], final_difference=numbers[2], final_standard_error=numbers[3])
    assert math.isnan(found.deletion.p_value)
    assert found.agree is None
