"""Outcomes that are missing: the comparison of the shares known, and the bounds of what is not."""

import math

import pytest
from hypothesis import given, settings, strategies as st

from stats.arms.proportions import compare_proportions
from stats.moments import Counts
from stats.soundness.missing import Followed, differential_missingness

arms = st.tuples(*[st.integers(0, 20)] * 3).map(lambda t: Followed(sum(t), Counts(t[0] + t[1], t[0])))


def test_the_shares_known_are_compared_as_any_proportions() -> None:
    found = differential_missingness(Followed(500, Counts(480, 90)), Followed(510, Counts(440, 95)))
    assert found.known == compare_proportions(Counts(500, 480), Counts(510, 440))
    assert found.known.p_value < 0.001


def test_the_bounds_let_every_unknown_outcome_speak_for_one_side() -> None:
    found = differential_missingness(Followed(100, Counts(90, 30)), Followed(100, Counts(80, 40)))
    assert (found.lowest, found.highest) == pytest.approx((0.4 - 0.4, 0.6 - 0.3))


@settings(max_examples=30)
@given(arms, arms)
def test_the_effect_among_all_lies_in_the_bounds(a: Followed, b: Followed) -> None:
    found = differential_missingness(a, b)
    if a.units and b.units:
        unknown = a.units - a.known.n + b.units - b.known.n
        assert -1 <= found.lowest <= found.highest <= 1
        assert (found.lowest == pytest.approx(found.highest)) == (unknown == 0)


def test_no_units_are_unknown_and_no_error() -> None:
    found = differential_missingness(Followed(0, Counts(0, 0)), Followed(10, Counts(9, 3)))
    assert all(math.isnan(value) for value in (found.lowest, found.highest, found.known.p_value))


def test_more_known_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="units is 5, must be >= 6"):
        Followed(5, Counts(6, 1))
