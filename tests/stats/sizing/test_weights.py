"""Arms in proportion."""

import pytest
from hypothesis import given, strategies as st

from stats.sizing.weights import divided, shared_out


@given(st.integers(0, 500), st.lists(st.integers(1, 100), min_size=2, max_size=6))
def test_divided_units_add_up_and_none_is_off_by_one(units: int, weights: list[int]) -> None:
    found = divided(units, weights)
    assert sum(found) == units
    assert all(abs(n - units * weight / sum(weights)) < 1 for n, weight in zip(found, weights, strict=True))


def test_twenty_agents_divide_in_thirds() -> None:
    assert divided(20, (1, 1, 1)) == (7, 7, 6)


def test_rounding_noise_costs_no_call() -> None:
    assert shared_out(100.00000000001, (1, 2)) == (100, 200)


def test_a_single_arm_is_refused() -> None:
    with pytest.raises(ValueError, match="the number of weights is 1, must be >= 2"):
        divided(20, [1])
