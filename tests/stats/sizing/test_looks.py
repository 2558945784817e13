"""What looks cost and save: rpact's inflation and average sample numbers."""

import math

import pytest

from stats.sizing.looks import plan_looks
from tests.stats.sizing.oracle import SIZES


@pytest.mark.parametrize("case", SIZES["looks"], ids=str)
def test_largest_and_expected_samples_are_those_of_rpact(case: dict[str, float]) -> None:
    found = plan_looks(
        (1e6, 1e6),
        case["fractions"],  # type: ignore[arg-type]
        alpha=case["alpha"],
        power=case["power"],
        spending=case["spending"],  # type: ignore[arg-type]
    )
    assert found.inflation == pytest.approx(case["inflation"], abs=2e-5)
    assert found.expected_with_effect / 2e6 == pytest.approx(case["with_effect"], abs=2e-5)
    assert found.expected_without / 2e6 == pytest.approx(case["without"], abs=2e-5)


def test_a_single_look_costs_and_saves_nothing() -> None:
    found = plan_looks((200, 100), [1.0])
    assert (found.calls, found.at_looks) == ((200, 100), (300,))
    assert (found.inflation, found.expected_with_effect, found.expected_without) == pytest.approx((1, 300, 300))


def test_the_effect_is_found_by_the_last_look_with_the_power() -> None:
    found = plan_looks((500, 500), [0.25, 0.5, 1.0], power=0.9, comparisons=2, spending="pocock")
    assert list(found.found_by) == sorted(found.found_by)
    assert found.found_by[-1] == pytest.approx(0.9, abs=1e-9)
    assert found.at_looks == tuple(math.ceil(sum(found.calls) * fraction) for fraction in (0.25, 0.5, 1.0))


def test_a_plan_needs_a_challenger() -> None:
    with pytest.raises(ValueError, match="the number of single_look is 1, must be >= 2"):
        plan_looks([100], [1.0])
