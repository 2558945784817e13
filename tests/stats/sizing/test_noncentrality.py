"""How far away an effect must lie: tables of z and t, and the round trip."""

import math

import pytest
from hypothesis import given, strategies as st

from stats.sizing.noncentrality import noncentrality_for, power_at


def test_eighty_percent_by_a_z_test_needs_two_point_eight_standard_errors() -> None:
    assert noncentrality_for(0.8) == pytest.approx(1.959964 + 0.841621, abs=1e-6)


@given(st.floats(0.03, 0.999), st.floats(1, 1e7), st.sampled_from([0.05, 0.01, 1e-6]))
def test_power_and_noncentrality_undo_each_other(power: float, df: float, alpha: float) -> None:
    distance = noncentrality_for(power, alpha=alpha, degrees_of_freedom=df)
    assert power_at(distance, alpha=alpha, degrees_of_freedom=df) == pytest.approx(power, abs=1e-7)


@given(st.floats(0, 8), st.floats(1, 500))
def test_every_degree_of_freedom_helps(distance: float, df: float) -> None:
    assert power_at(distance, degrees_of_freedom=df) <= power_at(distance, degrees_of_freedom=df + 1) + 1e-9
    assert power_at(distance, degrees_of_freedom=df) <= power_at(distance) + 1e-9


def test_without_degrees_of_freedom_there_is_no_test() -> None:
    assert math.isnan(power_at(3, degrees_of_freedom=0))
    assert math.isnan(noncentrality_for(0.8, degrees_of_freedom=math.nan))
