"""Bonferroni's intervals: each at its part of alpha, and never narrower than Dunnett's."""

import math

import pytest

from stats.estimates import Estimate, compare_estimates
from stats.families.dunnett import dunnett, dunnett_alpha
from stats.families.simultaneous import bonferroni_intervals, sidak_alpha

CONTROL = Estimate(0.2, 0.0004, 400)
CHALLENGERS = (Estimate(0.25, 0.0006, 300), Estimate(0.19, 0.0002, 800))
LARGE = (math.inf, math.inf)


def test_each_interval_is_one_at_its_part_of_alpha() -> None:
    found = bonferroni_intervals(CONTROL, CHALLENGERS, alpha=0.1, degrees_of_freedom=(12, 30))
    alone = compare_estimates(CONTROL, CHALLENGERS[0], degrees_of_freedom=12, alpha=0.05, method="welch")
    assert (found[0].low, found[0].high) == (alone.low, alone.high)
    assert found[0].p_value == 2 * alone.p_value
    assert found[0].critical_value == pytest.approx(2.178813, abs=1e-6)  # t tables: 12 degrees, 0.025


def test_dunnett_is_sharper() -> None:
    wide = bonferroni_intervals(CONTROL, CHALLENGERS, degrees_of_freedom=LARGE)
    sharp = dunnett(CONTROL, CHALLENGERS)
    assert all(a.low < b.low and a.high > b.high for a, b in zip(wide, sharp, strict=True))


def test_an_unknown_challenger_stays_unknown_and_counts() -> None:
    found = bonferroni_intervals(CONTROL, [*CHALLENGERS, Estimate(math.nan, math.nan, 1)], degrees_of_freedom=[9] * 3)
    assert found[0].p_value > bonferroni_intervals(CONTROL, CHALLENGERS, degrees_of_freedom=[9] * 2)[0].p_value
    assert math.isnan(found[2].p_value)


def test_arms_without_spread_are_unknown() -> None:
    nothing = Estimate(0.0, 0.0, 40)
    assert math.isnan(bonferroni_intervals(nothing, [nothing], degrees_of_freedom=[math.inf])[0].critical_value)


def test_degrees_of_freedom_are_one_a_challenger() -> None:
    with pytest.raises(ValueError, match=r"degrees_of_freedom has length 1, must be 2"):
        bonferroni_intervals(CONTROL, CHALLENGERS, degrees_of_freedom=[5])


@pytest.mark.parametrize("number", [1, 2, 4])
def test_sidaks_alpha_lies_between_bonferronis_and_dunnetts(number: int) -> None:
    assert 0.05 / number <= sidak_alpha(number) <= dunnett_alpha([0.5**0.5] * number) + 1e-12


def test_independent_comparisons_at_sidaks_alpha_keep_alpha_exactly() -> None:
    assert 1 - (1 - sidak_alpha(3, alpha=0.1)) ** 3 == pytest.approx(0.1, rel=1e-14)
